"""From how many invoices on a bulk is faster than single creates (``BULK_FROM``)."""

import json

from flows.apply import BULK_FROM
from tests.bench.costs import python, run
from tests.bench.place import place
from tests.bench.rows import Row, Say

LATENCIES = (0.0, 20.0, 50.0)
COUNTS = (2, 4, 6, 8, 10, 12, 16, 20)


def measure(say: Say, *, rounds: int, scale: float) -> list[Row]:
    """Find, at each latency, the smallest number from which the bulk wins."""
    del scale
    rows = []
    with place(200) as here:
        for latency in LATENCIES:
            asked = {"BENCH_COUNTS": json.dumps(COUNTS), "BENCH_ROUNDS": str(max(rounds, 3))}
            environment = {**here.anew(latency_ms=latency), **asked}
            cost = run(python("-m", "tests.bench.our_creates"), environment)
            found = json.loads(cost.out.strip().splitlines()[-1])
            say(f"{latency:.0f} ms: " + ", ".join(f"{n}: {s} | {b}" for n, s, b in found))
            wins = next((n for n, single, bulk in found if bulk < single), None)
            note = f"ms at {BULK_FROM}: " + next(
                f"{single} singly, {bulk} in bulk" for n, single, bulk in found if n == BULK_FROM
            )
            if wins is None:
                note += f"; single creates stay faster up to {COUNTS[-1]}"
            what = f"a bulk is faster from, at {latency:.0f} ms (set: {BULK_FROM})"
            rows.append(Row("threshold", what, wins, "invoices", note=note))
    return rows
