"""Parts of the product that the command line does not run alone: gather, load, calls, PDFs.

``python -m tests.bench.our_steps WHAT``; the environment tells where the home and the sandbox are.
Prints one line of JSON.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from flows.importing import in_one_go

with in_one_go():  # as the command line does
    from connectors.clock import SystemClock
    from connectors.http import Http
    from connectors.teamleader.client import Teamleader
    from connectors.teamleader.pace import SlidingWindow
    from flows.connection import Connection
    from flows.documents import attach_pdfs
    from flows.gather import Window, gather
    from flows.import_booked import ImportRequest, import_booked
    from flows.run import at_work

DAYS = 60


def gathered(connection: Connection) -> dict[str, Any]:
    """List everything and its customers into the ledger: the extraction alone."""
    window = Window(scheduled=False, issued_from=os.environ["BENCH_SINCE"])
    with at_work(connection, "import", started_by="bench", parameters={}) as run:
        listed = gather(run, window)
    return {"bookings": listed.new}


def loaded(connection: Connection) -> dict[str, Any]:
    """Import everything and tell how long each step took."""
    seconds: dict[str, float] = {}

    def timed(name: str, function: Callable[..., Any], *args: Any) -> Any:
        began = time.perf_counter()
        result = function(*args)
        seconds[name] = time.perf_counter() - began
        return result

    began = time.perf_counter()
    report = import_booked(connection, ImportRequest(days=DAYS, yes=True), steps=timed)
    seconds["all"] = time.perf_counter() - began
    calls = connection.twikey.calls
    return {"sent": report.sent, "seconds": seconds, "twikey_calls": calls}


def called(connection: Connection) -> dict[str, Any]:
    """Make calls to Teamleader as fast as the shared window of a scaled clock allows."""
    count, window = int(os.environ["BENCH_CALLS"]), float(os.environ["BENCH_WINDOW"])
    clock = SystemClock()
    pace = SlidingWindow(connection.vault, clock, seconds=window)
    http = Http("Teamleader", connection.secrets.teamleader_api_url, clock=clock, pace=pace)
    teamleader = Teamleader(http, connection.access)
    at = []
    for _ in range(count):
        teamleader.departments()
        at.append(time.time())
    http.close()
    return {"at": at}


def attached(connection: Connection) -> dict[str, Any]:
    """Attach the PDFs of so many bookings that have none."""
    with at_work(connection, "follow-up", started_by="bench", parameters={}) as run:
        names = [one.id for one in run.ledger.documents.missing()[: int(os.environ["BENCH_PDFS"])]]
        report = attach_pdfs(run, names)
    return {"attached": report.attached}


def main() -> None:
    """Do what is asked."""
    what = {"gather": gathered, "load": loaded, "calls": called, "pdfs": attached}[sys.argv[1]]
    with Connection.from_environment() as connection:
        print(json.dumps(what(connection)))


if __name__ == "__main__":
    main()
