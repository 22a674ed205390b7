"""Under the real limit, on a scaled clock: no 429, and nearly all that the limit allows."""

import json
import time
from typing import Any

from tests.bench.costs import finish, python, start
from tests.bench.place import Place, place
from tests.bench.rows import Row, Say

LIMIT = 200
WINDOW = 10.0  # seconds instead of 60
CALLS = 800


def measure(say: Say, *, rounds: int, scale: float) -> list[Row]:
    """Measure one and two processes that share one home."""
    del rounds, scale
    rows = []
    for processes in (1, 2):
        with place(50, rate_limit=LIMIT, rate_window_seconds=WINDOW) as here:
            share, refused = _share(here, processes)
        say(f"{processes}: {share:.1f} % of the ideal, {refused} answers 429")
        name = f"{processes} process{'es' if processes > 1 else ''}"
        of_ideal = f"{CALLS:,} calls, {name}: throughput of the ideal"
        rows.append(Row("limit", of_ideal, share, "%", must=97, at_least=True))
        rows.append(Row("limit", f"answers 429, {name}", refused, "", must=0))
    return rows


def _share(here: Place, processes: int) -> tuple[float, int]:
    """Return the throughput in per cent of the ideal, and how many calls were refused.

    Ideal: the first windowful as fast as it really went, every further call the moment that the
    call ``LIMIT`` places before it leaves the window.
    """
    environment = here.anew()
    environment |= {"BENCH_CALLS": str(CALLS // processes), "BENCH_WINDOW": str(WINDOW)}
    here.act("clear_journal")
    command = python("-m", "tests.bench.our_steps", "calls")
    began = time.perf_counter()
    running = [start(command, environment) for _ in range(processes)]
    costs = [finish(each, began) for each in running]
    at = sorted(moment for cost in costs for moment in json.loads(cost.out)["at"])
    burst = at[LIMIT - 1] - at[0]
    ideal = burst + (CALLS / LIMIT - 1) * WINDOW
    calls: list[dict[str, Any]] = here.look("journal?service=teamleader")["calls"]
    refused = sum(call["status"] == 429 for call in calls)
    return 100 * ideal / (at[-1] - at[0]), refused
