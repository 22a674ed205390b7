"""Payments of ours that stand in Teamleader, recognised without a ledger (reliability P8, P12).

Each of ours carries an instant that follows from its booking and its event. One that was written on
the very day of its event may carry an earlier one; then the day, the amount and a time of day that
no person types are enough, and for money that still stands the day and the amount alone: better to
know one too many as written than to write one twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from connectors.ledger.records import MoneyEvent
from connectors.teamleader.records import Payment
from mappings.markers import TOLERANCE, marker, without_time
from mappings.netting import net
from mappings.payments import method_of

A_DAY_LATER = datetime.max.replace(tzinfo=UTC)  # than the payment, whichever it is
Fits = Callable[[Payment, MoneyEvent], bool]


def recognise(
    booking_id: str,
    events: Sequence[MoneyEvent],
    payments: Sequence[Payment],
    saved: Mapping[str, str],
    zone: ZoneInfo,
) -> dict[str, Payment]:
    """Return which payment in Teamleader is which event's: event id -> payment, each taken once.

    ``saved`` are markers that are known from elsewhere: event id -> instant as text. What failed or
    went back is looked for too, because its removal may still be to be done. The hour of asking is
    no matter: an instant cut short by it would say nothing but "about now".
    """
    incoming = [event for event in events if event.type == "payment"]
    active = {event.event_id for event in net(events).active}

    def marked(payment: Payment, event: MoneyEvent) -> bool:
        instants = [marker(booking_id, event, A_DAY_LATER, zone)]
        if event.event_id in saved:
            instants.append(datetime.fromisoformat(saved[event.event_id]))
        there = datetime.fromisoformat(payment.paid_at)
        fits = any(abs(there - instant) <= TOLERANCE for instant in instants)
        return fits and payment.amount_cents <= event.amount_cents

    def timed(payment: Payment, event: MoneyEvent) -> bool:
        by_hand = method_of(event.source) == "manual"  # mostly our own marking as paid: no money
        return not by_hand and not without_time(payment, zone) and _same_day(payment, event, zone)

    def dated(payment: Payment, event: MoneyEvent) -> bool:
        stands = event.event_id in active and method_of(event.source) != "manual"
        return stands and _same_day(payment, event, zone)

    found: dict[str, Payment] = {}
    left = list(payments)
    for fits in (marked, timed, dated):
        for event in incoming:
            if event.event_id in found:
                continue
            hit = next((payment for payment in left if fits(payment, event)), None)
            if hit is not None:
                left.remove(hit)
                found[event.event_id] = hit
    return found


def _same_day(payment: Payment, event: MoneyEvent, zone: ZoneInfo) -> bool:
    there, here = datetime.fromisoformat(payment.paid_at), datetime.fromisoformat(event.occurred_at)
    same = there.astimezone(zone).date() == here.astimezone(zone).date()
    return same and payment.amount_cents == event.amount_cents
