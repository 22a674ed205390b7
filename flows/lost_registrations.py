"""Guide 5: a payment whose answer was lost is looked for in Teamleader, never just sent again.

Looked for among the payments of its invoice, and only once its wait is over (decisions 5, 7;
reliability P8).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connectors.ledger.records import Registration
from connectors.ledger.runs import text
from flows.look import look_at
from flows.run import Run
from mappings.markers import Wanted, other_peoples, take
from mappings.payments import DELETED


def settle_registrations(run: Run) -> int:
    """Look up every registration whose outcome is open and whose wait is over; return how many."""
    now = text(run.now())
    by_booking: dict[str, list[Registration]] = defaultdict(list)
    for one in run.ledger.payments.open_registrations():
        by_booking[one.booking_id].append(one)
    settled = 0
    for booking_id, found in by_booking.items():
        if max(one.not_before for one in found) <= now:
            settled += len(found)
            run.tell("looking up payments whose answer was lost", settled, None)
            look_for(run, booking_id, found, "planned")
    return settled


def look_for(run: Run, booking_id: str, found: Sequence[Registration], otherwise: str) -> None:
    """Find registrations among the payments of their invoice; those not there get ``otherwise``."""
    detail = look_at(run, booking_id)
    if detail is None:
        _without_invoice(run, booking_id, found)
        return
    zone, mine = run.connection.zone, run.ledger.payments.registrations([booking_id])[booking_id]
    left = other_peoples(detail.payments, [one for one in mine if one.state == "done"], zone)
    there, _ = take(left, [Wanted(one.amount_cents, one.paid_at) for one in found], zone)
    for one, hit in zip(found, there, strict=True):
        state = "done" if hit is not None else otherwise
        why = "found in Teamleader" if hit is not None else "looked up: not in Teamleader"
        if state == "unknown":
            run.ledger.payments.begin(
                one._replace(state=state, not_before=text(run.not_before())), run.now()
            )
        run.ledger.payments.ended(one, state, run.id, run.now(), why=why)


def _without_invoice(run: Run, booking_id: str, found: Sequence[Registration]) -> None:
    """Close what cannot be looked up any more: its invoice was deleted; unreadable ones wait."""
    if run.ledger.follow.bookings([booking_id])[booking_id].stage != "closed":
        return
    for one in found:
        run.ledger.payments.ended(one, "removed", run.id, run.now(), why=DELETED)
