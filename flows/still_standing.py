"""A payment that went back, and that a person had registered: told, never touched (complaint C7).

Our own payments are found by their instant. What a person registered for one of them is not, so
nothing can tell it for sure from money that somebody else paid: a person decides (decisions 7).
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.ledger.records import Followed
from connectors.teamleader.records import Payment
from flows.look import look_at
from flows.run import Run
from mappings.guards import still_registered
from mappings.markers import other_peoples
from mappings.money import euro

CODE = "REVERSAL_HELD"


def tell_failed(run: Run, booking_id: str, payments: Sequence[Payment]) -> bool:
    """Alert payments in Teamleader that may be money of ours that went back; tell whether any."""
    ledger = run.ledger
    registrations = ledger.payments.registrations([booking_id])[booking_id]
    others = other_peoples(payments, registrations, run.connection.zone)
    taken_back = {one.payment for one in registrations if one.state == "removed"}
    taken_back -= ledger.reversals.not_found(booking_id)
    events = ledger.payments.of([booking_id])[booking_id]
    found = still_registered(others, events, taken_back, run.connection.zone)
    if found:
        detail = ", ".join(f"{euro(one.amount_cents)} of {one.paid_at[:10]}" for one in found)
        ledger.alerts.alert(booking_id, CODE, detail, run.id, run.now())
    return bool(found)


def stands_still(run: Run, booking: Followed) -> bool:
    """Look again where that was told, and settle it when it is gone; tell whether it stands.

    Where the invoice cannot be read nothing is settled.
    """
    if not run.ledger.alerts.is_open(booking.id, CODE):
        return False
    detail = look_at(run, booking.id)
    if detail is None or tell_failed(run, booking.id, detail.payments):
        return True
    run.ledger.alerts.settle(booking.id, CODE, run.id, run.now())
    return False
