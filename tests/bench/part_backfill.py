"""A first import by command line against a bare script that makes the same calls."""

import re
from collections.abc import Mapping

from tests.bench.costs import Cost, interleaved, median_cpu, python, run, spread
from tests.bench.place import DAYS, place
from tests.bench.rows import Row, Say

INVOICES = 10_000
IMPORT = ("-m", "flows.cli", "import", "--days", str(DAYS), "--yes", "--json")
SENT = re.compile(r'"?sent"?:? (\d+)')


def measure(say: Say, *, rounds: int, scale: float) -> list[Row]:
    """Measure the CPU of both, and compare the calls they made."""
    size = int(INVOICES * scale)
    calls: dict[str, int] = {}
    sent: dict[str, str] = {}
    with place(size) as here:

        def once(name: str, *arguments: str) -> Cost:
            cost = run(python(*arguments), here.anew())
            calls[name], found = here.calls(), SENT.search(cost.out)
            sent[name] = found[1] if found else "?"
            say(f"{name}: {cost.cpu:.2f} s CPU, {cost.wall:.1f} s wall, {calls[name]} calls")
            return cost

        costs = interleaved(
            rounds,
            ours=lambda: once("ours", *IMPORT),
            bare=lambda: once("bare requests", "-m", "tests.bench.bare_backfill"),
        )
    ours, bare = median_cpu(costs["ours"]), median_cpu(costs["bare"])
    return [
        Row(
            "backfill", f"import of {size:,} invoices, CPU against bare requests", ours / bare,
            must=3, goal=2, note=f"calls: {_both(calls)}; sent: {_both(sent)}",
        ),
        Row("backfill", "ours", ours, "s CPU", note=spread(costs["ours"])),
        Row("backfill", "bare requests", bare, "s CPU", note=spread(costs["bare"])),
    ]  # fmt: skip


def _both(found: Mapping[str, object]) -> str:
    return " and ".join(str(value) for value in dict.fromkeys(found.values()))
