"""A first import by command line against a bare script that makes the same calls."""

from tests.bench.costs import Cost, interleaved, median_cpu, python, run, spread
from tests.bench.place import DAYS, Place, place
from tests.bench.rows import Row, Say

INVOICES = 10_000
IMPORT = ("-m", "flows.cli", "import", "--days", str(DAYS), "--yes")


def measure(say: Say, *, rounds: int, scale: float) -> list[Row]:
    """Measure the CPU of both, and compare the calls they made."""
    size = int(INVOICES * scale)
    calls: dict[str, int] = {}
    with place(size) as here:

        def once(name: str, *arguments: str) -> Cost:
            cost = run(python(*arguments), here.anew())
            calls[name] = here.calls()
            say(f"{name}: {cost.cpu:.2f} s CPU, {cost.wall:.1f} s wall, {calls[name]} calls")
            return cost

        costs = interleaved(
            rounds,
            ours=lambda: once("ours", *IMPORT),
            bare=lambda: once("bare requests", "-m", "tests.bench.bare_backfill"),
        )
        difference = _difference(here)
    ours, bare = median_cpu(costs["ours"]), median_cpu(costs["bare"])
    same = "the same calls" if calls["ours"] == calls["bare requests"] else f"calls {calls}"
    return [
        Row(
            "backfill", f"import of {size:,} invoices, CPU against bare requests", ours / bare,
            must=3, goal=2, note=f"{same}: {calls['ours']:,}; {difference}",
        ),
        Row("backfill", "ours", ours, "s CPU", note=spread(costs["ours"])),
        Row("backfill", "bare requests", bare, "s CPU", note=spread(costs["bare"])),
    ]  # fmt: skip


def _difference(here: Place) -> str:
    sent = len(here.look("twikey")["invoices"])
    return f"{sent:,} invoices and credit notes sent"
