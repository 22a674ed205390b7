"""Run the whole fault matrix and write its table into ``docs/reliability.md``.

With ``--wired`` the same cells run over real sockets, with short time-outs, and nothing is written.
Flows can be named by a part of their name.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from tests.in_memory import use_memory
from tests.reliability.bench import Bench
from tests.reliability.flows import FLOWS
from tests.reliability.matrix import cells, spoil
from tests.reliability.table import DOCUMENT, Ran, table, written


def ran(name: str, *, wired: bool) -> list[Ran]:
    """Run every cell of one flow."""
    flow = next(one for one in FLOWS if one.name == name)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(flow, Path(folder), wired=wired)
        try:
            return [Ran(name, cell, spoil(bench, cell)) for cell in cells(bench)]
        finally:
            bench.close()


def main() -> int:
    """Run, say what does not hold, write the table; 1 when a cell does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("flow", nargs="*", help="a part of the name of a flow (default: all)")
    parser.add_argument("--wired", action="store_true", help="over real sockets")
    asked = parser.parse_args()
    use_memory()
    names = [f.name for f in FLOWS if not asked.flow or any(part in f.name for part in asked.flow)]
    found: list[Ran] = []
    with ProcessPoolExecutor(min(os.cpu_count() or 1, len(names))) as pool:
        for name, some in zip(names, pool.map(partial(ran, wired=asked.wired), names), strict=True):
            wrong = [one for one in some if one.wrong]
            print(f"{name}: {len(some) - len(wrong)} of {len(some)} cells hold", flush=True)
            for one in wrong:
                print(f"  {one.cell}", *one.wrong[:3], sep="\n    ")
            found += some
    if not asked.wired and not asked.flow:
        document = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(written(document, table(found)), encoding="utf-8")
    return 1 if any(one.wrong for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
