"""The peak of memory of a first import, and how it grows with the books."""

from tests.bench.costs import python, run
from tests.bench.part_backfill import IMPORT
from tests.bench.place import place
from tests.bench.rows import Row, Say

SMALL, LARGE = 10_000, 50_000


def measure(say: Say, *, rounds: int, scale: float) -> list[Row]:
    """Measure at two sizes; one round each, memory hardly varies."""
    del rounds
    peaks = {}
    for size in (int(SMALL * scale), int(LARGE * scale)):
        with place(size) as here:
            cost = run(python(*IMPORT), here.anew())
        peaks[size] = cost.rss_mb
        say(f"{size:,} invoices: {cost.rss_mb:.0f} MB, {cost.cpu:.1f} s CPU, {cost.wall:.0f} s")
    (small, low), (large, high) = peaks.items()
    growth = (high - low) * 1024 / (large - small)
    return [
        Row("memory", f"peak at {large:,} invoices", high, "MB", must=150),
        Row("memory", f"peak at {small:,} invoices", low, "MB"),
        Row("memory", "growth per invoice", growth, "kB"),
    ]
