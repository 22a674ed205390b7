"""How a list of Teamleader is read in a run: from where, and what a missing right means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.errors import ClocksDiffer, NotPermitted
from flows.run import Run

OVERLAP = timedelta(minutes=10)
FAR_APART = timedelta(days=1)
AHEAD_AT_MOST = timedelta(hours=1)


def since(run: Run, resource: str) -> datetime:
    """Return the watermark less the overlap; a resource never read starts with the invoices'."""
    watermark = run.ledger.watermarks.read(resource) or run.ledger.watermarks.read("invoices")
    assert watermark is not None  # noqa: S101 - the flows refuse to run without one
    return watermark - OVERLAP


def permitted(run: Run, read: Callable[[], None]) -> bool:
    """Read; a list that the access may not read is reported, and not fatal."""
    try:
        read()
    except NotPermitted as trouble:
        run.problems.append(trouble)
        return False
    return True


def first_moment(run: Run) -> datetime | None:
    """Return this run's first moment by the server's clock, an hour after ours at the latest.

    None, with a problem, where the two clocks are more than a day apart: a watermark that lies
    ahead of the truth would leave out what is booked until then.
    """
    server = run.connection.teamleader.server_date
    if server is None:
        return run.began
    apart = abs(server - run.began)
    if apart > FAR_APART:
        here, there = (f"{one:%Y-%m-%d %H:%M} UTC" for one in (run.began, server))
        run.problems.append(ClocksDiffer(f"This machine's clock says {here}, Teamleader's {there}"))
        return None
    return min(server, run.began + AHEAD_AT_MOST)


def move_watermarks(run: Run, resources: tuple[str, ...]) -> None:
    """Move the watermarks of what was read to its end to this run's first moment.

    By the server's clock, and last of all (decisions 5).
    """
    began = first_moment(run)
    if began is None:
        return
    for resource in resources:
        if run.read_whole.get(resource, False):
            run.ledger.watermarks.move(resource, began, run.id)
