"""A poll that finds nothing new, by command line, against bare requests and sqlite3."""

import time

from tests.bench.costs import Cost, interleaved, median_cpu, median_wall, python, run, spread
from tests.bench.part_backfill import IMPORT
from tests.bench.place import Place, place
from tests.bench.rows import Row, Say

INVOICES = 1_000
POLL = ("-m", "flows.cli", "import")
HEAVY = ("pandas", "numpy", "prefect", "rich", "sqlite_utils", "pydantic")
WHICH = f"""
import sys
from flows.cli import main
main(["import"])
print("LOADED", *(name for name in {HEAVY} if name in sys.modules))
"""


def measure(say: Say, *, rounds: int, scale: float) -> list[Row]:
    """Measure the CPU of both after a first import of ours; bookings are held meanwhile."""
    with place(int(INVOICES * max(scale, 0.2))) as here:
        environment = here.anew()
        run(python(*IMPORT), environment)
        _let_the_overlap_pass(here)

        def ours() -> Cost:
            return run(python(*POLL), environment)

        def bare() -> Cost:
            return run(python("-m", "tests.bench.bare_poll"), environment)

        for program in (ours, bare, ours, bare):  # warm: bytecode, sessions, feed position
            program()
        calls = [_calls_of(here, program) for program in (ours, bare)]
        costs = interleaved(max(rounds, 3) * 3, ours=ours, bare=bare)
        say(f"ours {spread(costs['ours'])}, bare {spread(costs['bare'])}, calls {calls}")
        loaded = run(python("-c", WHICH), environment).out.rpartition("LOADED")[2].split()
    mine, theirs = median_cpu(costs["ours"]), median_cpu(costs["bare"])
    light = [name for name in HEAVY if name not in loaded]
    return [
        Row(
            "idle", "poll with nothing new, CPU against bare requests + sqlite3", mine / theirs,
            must=2, note=f"calls {calls[0]} and {calls[1]}",
        ),
        Row("idle", "ours", mine * 1000, "ms CPU", note=f"{median_wall(costs['ours']):.2f} s wall; "
            f"not loaded: {', '.join(light)}; loaded: {', '.join(loaded) or 'none of them'}"),
        Row("idle", "bare requests + sqlite3", theirs * 1000, "ms CPU"),
    ]  # fmt: skip


def _let_the_overlap_pass(here: Place) -> None:
    """Move the sandbox's clock, so that the books lie well before the watermark's overlap."""
    here.act("clock", advance=0.0)
    time.sleep(0.1)


def _calls_of(here: Place, program: object) -> int:
    assert callable(program)
    before = here.calls()
    program()
    return here.calls() - before
