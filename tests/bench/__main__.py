"""``python -m tests.bench [NAME...]``: measure, print ratios beside their bounds."""

import argparse
import compileall
import json
import os
import platform
import sys
import time
from importlib import import_module

from tests.bench.costs import ROOT
from tests.bench.rows import Row, table

PARTS = ("backfill", "extraction", "loading", "idle", "memory", "pdfs", "threshold", "limit")


def main() -> int:
    """Run the parts asked for (default: all); 1 when a bound is missed."""
    asked = _arguments()
    for folder in ("connectors", "flows", "mappings", "tests/bench", "tests/sandbox"):
        compileall.compile_dir(str(ROOT / folder), quiet=2)
    rows: list[Row] = []
    rounds, scale = (1, 0.1) if asked.quick else (asked.rounds, 1.0)
    for name in asked.part or PARTS:
        began = time.perf_counter()
        _say(f"{name} ...")
        rows += import_module(f"tests.bench.part_{name}").measure(_say, rounds=rounds, scale=scale)
        _say(f"{name} took {time.perf_counter() - began:.0f} s")
    if asked.json:
        print(json.dumps({"machine": _machine(), "rows": [r.plain() for r in rows]}, indent=2))
    else:
        print(f"\n{table(rows)}\n\n{_machine()}")
    return 1 if any(row.verdict == "MISSED" for row in rows) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, []], help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved runs (default 3)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, one round")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    return parser.parse_args()


def _say(text: str) -> None:
    """Tell on standard error how far it is."""
    print(f"  {text}", file=sys.stderr, flush=True)


def _machine() -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()},"
        f" {os.cpu_count()} cores, load {load}"
    )


if __name__ == "__main__":
    sys.exit(main())
