"""Teamleader as it is now, asked by ids: one call per hundred bookings (API reference 9.1, 9.4)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.errors import NotFound
from connectors.ledger.records import Followed
from connectors.teamleader.records import InvoiceDetail
from flows.odd import ODD, answered, set_aside
from flows.run import Run
from mappings.guards import OWED, came_in, settled
from mappings.money import euro

PER_CALL = 100
UNREAD = "MONEY_WAITS"


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
            _tell_waiting_money(run, bad.id, bad.problem)
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
        detail = run.connection.teamleader.invoice(booking_id)
    except NotFound:
        gone(run, booking_id)
        return None
    except ODD as odd:
        booking = run.ledger.follow.bookings([booking_id]).get(booking_id)
        name = booking.number if booking is not None else None
        _tell_waiting_money(run, booking_id, str(odd))
        if booking is not None and _to_be_set_to_paid(run, booking):
            tell_unread(run, booking_id, f"it is paid in Teamleader and open in Twikey; {odd}")
        set_aside(run, "Teamleader", name or booking_id, odd)
        return None
    answered(run, "Teamleader")
    if run.ledger.alerts.is_open(booking_id, UNREAD):
        run.ledger.alerts.settle(booking_id, UNREAD, run.id, run.now())
    return detail


def _tell_waiting_money(run: Run, booking_id: str | None, why: str) -> None:
    """Alert an invoice that cannot be read in Teamleader while its money waits for that."""
    if booking_id is None or booking_id not in run.ledger.payments.waiting([booking_id]):
        return
    cents = came_in(run.ledger.payments.of([booking_id])[booking_id])
    said = f"{euro(cents)} came in through Twikey" if cents else "its payment went back in Twikey"
    detail = f"{said}; {why}"
    run.ledger.alerts.alert(booking_id, UNREAD, detail, run.id, run.now())


def settle_unread(run: Run) -> None:
    """Settle what concerned money that waits no more: it went back, say."""
    told = [row["booking_id"] for row in run.ledger.alerts.open(UNREAD)]
    if not told:
        return
    known = run.ledger.follow.bookings(told)
    owed = {each for each, booking in known.items() if _to_be_set_to_paid(run, booking)}
    for each in set(told) - owed - run.ledger.payments.waiting(told):
        run.ledger.alerts.settle(each, UNREAD, run.id, run.now())


def _to_be_set_to_paid(run: Run, booking: Followed) -> bool:
    wanted = run.connection.settings.payments.paid_elsewhere
    return wanted and settled(booking) and booking.twikey_state in OWED


def tell_unread(run: Run, booking_id: str, why: str) -> None:
    """Alert an invoice that is paid on one side and cannot be read on the other."""
    run.ledger.alerts.alert(booking_id, UNREAD, why, run.id, run.now())


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
