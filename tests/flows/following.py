"""How tests of the follow-up run one of its steps alone, and what they look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from connectors.http import Http
from connectors.ledger.store import Store
from flows.run import Run, at_work
from tests.flows.office import Office

T = TypeVar("T")


def follow(office: Office, step: Callable[[Run], T], *, dry_run: bool = False) -> T:
    """Run one step of the follow-up as the flow does: under the lock, in the run book."""
    with (
        office.connection() as connection,
        at_work(
            connection, "follow-up", started_by="a test", parameters={}, dry_run=dry_run
        ) as run,
    ):
        return step(run)


def puts(office: Office, *, applied: bool | None = None) -> list[Any]:
    """Return the calls that could have attached a PDF, the applied ones only if asked."""
    return [
        call
        for call in office.calls("twikey", "/creditor/invoice/")
        if call.method == "PUT" and "pdf" in call.parameters and applied in (None, call.applied)
    ]


def actions(office: Office, *, applied: bool | None = None) -> list[Any]:
    """Return the calls that could have mailed a customer, the applied ones only if asked."""
    return [
        call
        for call in office.calls("twikey", "/creditor/invoice/")
        if call.path.endswith("/action") and applied in (None, call.applied)
    ]


def downloads(office: Office) -> list[Any]:
    """Return the calls that asked Teamleader for a link."""
    return [c for c in office.calls("teamleader") if c.path.endswith(".download")]


def journey(office: Office, booking_id: str) -> list[str]:
    """Return what happened to a booking, in order."""
    with office.ledger() as ledger:
        return [event["what"] for event in ledger.journal.of(booking_id)]


def alerts(office: Office) -> list[tuple[str, str]]:
    """Return the open alerts: (booking, code)."""
    with office.ledger() as ledger:
        return [(row["booking_id"], row["code"]) for row in ledger.alerts.open()]


class Killed(BaseException):
    """The process is gone."""


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do some work and end it at its nth moment: before or after a remote call or a statement.

    Moments are counted from 0; returns False when the work ended before that moment came.
    """
    seen = 0

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            moment()
            answer = real(*arguments, **options)
            moment()
            return answer

        return call

    def moment() -> None:
        nonlocal seen
        seen += 1
        if seen == step + 1:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Http, "send", watched(Http.send))
        patch.setattr(Store, "write", watched(Store.write))
        try:
            work()
        except Killed:
            return True
    return False
