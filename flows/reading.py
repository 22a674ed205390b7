"""How a list of Teamleader is read in a run: from where, and what a missing right means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from connectors.errors import NotPermitted
from flows.run import Run

OVERLAP = timedelta(minutes=10)


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


def move_watermarks(run: Run, resources: tuple[str, ...]) -> None:
    """Move the watermarks of what was read to its end to this run's first moment.

    By the server's clock, and last of all (decisions 5).
    """
    began = run.connection.teamleader.server_date or run.began
    for resource in resources:
        if run.read_whole.get(resource, False):
            run.ledger.watermarks.move(resource, began, run.id)
