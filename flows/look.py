"""Teamleader as it is now, asked by ids: one call per hundred bookings (API reference 9.1, 9.4)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.errors import NotFound, RecordUnreadable
from connectors.ledger.records import Followed
from connectors.teamleader.records import InvoiceDetail
from flows.run import Run

PER_CALL = 100


def read_by_ids(run: Run, ids: Sequence[str]) -> dict[str, Followed]:
    """Read invoices anew and keep what they show; return those that could be read, by id.

    An id that does not come back is asked for singly: what Teamleader no longer knows is closed,
    with an alert (API reference 9.4).
    """
    back: list[str] = []
    unreadable: set[str | None] = set()
    for page in run.connection.teamleader.booked_invoices(ids=ids):
        run.ledger.bookings.listed(page, run.id, run.now())
        back += [booking.id for booking in page.bookings]
        for bad in page.unreadable:
            run.notes.append(f"{bad.number or bad.id} cannot be read: {bad.problem}")
            unreadable.add(bad.id)
    for lost in sorted(set(ids) - set(back) - unreadable):
        look_at(run, lost)
    return {
        each: one
        for each, one in run.ledger.follow.bookings(back).items()
        if one.payable_cents is not None
    }


def look_at(run: Run, booking_id: str) -> InvoiceDetail | None:
    """Read one invoice with its payments; None when it is gone or cannot be read."""
    try:
        return run.connection.teamleader.invoice(booking_id)
    except NotFound:
        gone(run, booking_id)
    except RecordUnreadable as unreadable:
        run.notes.append(f"{booking_id}: {unreadable}")
    return None


def gone(run: Run, booking_id: str) -> None:
    """Close a booking that Teamleader no longer knows; a person removes it in Twikey."""
    followed = run.ledger.follow.bookings([booking_id]).get(booking_id)
    if followed is None or followed.stage == "closed":
        return
    with run.ledger.atomic():
        run.ledger.bookings.closed(booking_id, run.id, run.now())
        run.ledger.alerts.alert(
            booking_id,
            "DELETED_IN_TEAMLEADER",
            f"Twikey shows it as {followed.twikey_state or 'sent'}",
            run.id,
            run.now(),
        )
