"""Guide 5: what was registered in Teamleader before the ledger was lost is recognised there.

The payment feed is read from its beginning. A payment of ours carries a marker that follows from
its booking and its event, so each is found again; what is not there is registered by the next
follow-up, as long as something is due (reliability P8, P12).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connectors.ledger.records import Followed, MoneyEvent, Registration
from connectors.ledger.runs import text
from connectors.teamleader.records import Payment
from flows.look import look_at
from flows.read_payments import read_payments
from flows.rebuild_saved import Saved
from flows.registering import NO_ROOM
from flows.run import Run
from mappings.markers import other_peoples
from mappings.payments import is_echo, method_of
from mappings.recognised import recognise

BEFORE = "paid in Teamleader before the ledger was rebuilt"
WHY = "found in Teamleader after the loss of the ledger"


def recognise_payments(run: Run, saved: Saved) -> tuple[int, int]:
    """Read all payments and find those that stand in Teamleader: (events, payments found)."""
    rebuilding, payments = run.ledger.rebuilding, run.ledger.payments
    events = read_payments(run)
    payments.assign(run.id, run.now())
    known = rebuilding.sent()
    rebuilding.put_back_events(saved.of("payment_events"), known)
    found = rebuilding.put_back_registrations(saved.of("registrations"))
    plans = [row for row in saved.of("reversals") if row["booking_id"] in known]
    rebuilding.put_back("reversals", plans)
    markers = {row["event_id"]: row["paid_at"] for row in saved.of("registrations")}
    blocked = payments.blocked()
    wanted: dict[str, list[str]] = defaultdict(list)
    for one in rebuilding.unplaced():
        if one.booking_id not in blocked:
            wanted[one.booking_id].append(one.event_id)
    bookings = run.ledger.follow.bookings(list(wanted))
    for done, (each, ids) in enumerate(wanted.items(), start=1):
        found += _recognise(run, bookings[each], set(ids), markers)
        run.tell("recognising payments in Teamleader", done, len(wanted))
    return events, found


def _recognise(run: Run, booking: Followed, ids: set[str], markers: dict[str, str]) -> int:
    """Find the payments of one invoice; one call, and none where nothing was ever paid."""
    if not booking.paid and (booking.due_cents or 0) >= (booking.payable_cents or 0):
        return 0
    detail = look_at(run, booking.id)
    if detail is None:
        return 0
    zone = run.connection.zone
    events = run.ledger.payments.of([booking.id])[booking.id]
    written = run.ledger.payments.registrations([booking.id])[booking.id]
    left = other_peoples(detail.payments, written, zone)
    mark = run.ledger.follow.marks_of([booking.id]).get(booking.id)
    open_ones = [
        event for event in events
        if event.event_id in ids and not (mark and is_echo(event, mark))
    ]  # fmt: skip
    others = [event for event in events if event.event_id not in ids]
    hits = recognise(booking.id, [*open_ones, *_not_payments(others)], left, markers, zone)
    with run.ledger.atomic():
        for event in open_ones:
            if event.event_id in hits:
                _registered(run, event, hits[event.event_id])
        if detail.paid or (detail.due_cents or 0) <= 0:
            _without_place(run, [one for one in open_ones if one.event_id not in hits], events)
    return len(hits)


def _not_payments(events: Sequence[MoneyEvent]) -> list[MoneyEvent]:
    return [event for event in events if event.type != "payment"]


def _registered(run: Run, event: MoneyEvent, payment: Payment) -> None:
    """Enter a payment that stands in Teamleader as one of ours."""
    methods = run.connection.settings.payments.methods
    one = Registration(
        event.event_id, event.booking_id, payment.amount_cents, payment.currency, payment.paid_at,
        methods.get(method_of(event.source)), "sending", text(run.now()),
    )  # fmt: skip
    run.ledger.payments.begin(one, run.now())
    run.ledger.payments.ended(one, "done", run.id, run.now(), why=WHY)


def _without_place(run: Run, left: Sequence[MoneyEvent], events: Sequence[MoneyEvent]) -> None:
    """Say of money that is not in Teamleader, where nothing is due, that it has no place there.

    What was entered in Twikey by hand is most often our own marking as paid: it is no money.
    """
    active = active_ids(events)
    marks = [
        (one.event_id, "ignored", BEFORE)
        if method_of(one.source) == "manual"
        else (one.event_id, "reported", NO_ROOM)
        for one in left
        if one.event_id in active
    ]
    run.ledger.payments.decided(marks, run.id, run.now())


def active_ids(events: Sequence[MoneyEvent]) -> set[str]:
    """Return the ids of the payments that stand."""
    from mappings.netting import net

    return {event.event_id for event in net(events).active}
