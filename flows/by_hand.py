"""What was done because we said so, because we wrote nothing, or by a ledger that is no more.

While writing back is off, or after Teamleader refused a payment, a person registers it there; and
a ledger restored from a copy does not know what it registered since. Then that payment is taken for
ours: the money came once (decisions 7; guide 8). After a restore access is given anew, so what
Twikey told before that is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from connectors.ledger.records import IN_PART, Followed, MoneyEvent, Registration
from connectors.teamleader.records import Payment
from flows.look import look_at
from flows.looks import may_look
from flows.run import Run
from mappings.guards import written
from mappings.markers import other_peoples
from mappings.payments import Wish, method_of

CONNECTED = "the last time that access to Teamleader was given"
OFF_UP_TO = "the newest payment event while writing back was off"
TO_BE_SET = ("MANUAL_RESET", "CREDITED")  # the alerts that advise to set it to paid in Twikey


def leave_out(run: Run, booking: Followed, wishes: Sequence[Wish]) -> list[Wish]:
    """Leave out what a person registered in Teamleader meanwhile: it is done, by that payment.

    Only money that a person (or an older ledger) had reason to register counts, and only a payment
    of exactly its amount, dated on its day or later. Where the invoice cannot be read now, nothing
    is registered.
    """
    off_up_to = int(run.ledger.facts.read(OFF_UP_TO) or 0)
    connected = run.ledger.facts.read(CONNECTED) or ""
    candidates = [wish for wish in wishes if _may_be_there(wish.event, off_up_to, connected)]
    before = run.ledger.payments.registrations([booking.id])[booking.id]
    paid = (booking.payable_cents or 0) - (booking.due_cents or 0)
    if not candidates or paid <= written(before):
        return list(wishes)  # only what we registered stands there
    detail = look_at(run, booking.id) if may_look(run) else None
    if detail is None:
        return []
    left = other_peoples(detail.payments, before, run.connection.zone)
    kept = list(wishes)
    for wish in candidates:
        hit = _matching(run, wish, left)
        if hit is not None:
            left.remove(hit)
            kept.remove(wish)
            _take_for_ours(run, booking, wish, hit)
    return kept


def _may_be_there(event: MoneyEvent, off_up_to: int, connected: str) -> bool:
    refused = event.note is not None and event.note != IN_PART
    earlier = event.seq <= off_up_to or event.occurred_at < connected
    return event.state == "new" and (refused or earlier)


def _matching(run: Run, wish: Wish, payments: Sequence[Payment]) -> Payment | None:
    day = _day(run, wish.event.occurred_at)
    fits = [
        one for one in payments if one.amount_cents == wish.cents and _day(run, one.paid_at) >= day
    ]
    return min(fits, key=lambda one: _day(run, one.paid_at), default=None)


def _day(run: Run, moment: str) -> date:
    return datetime.fromisoformat(moment).astimezone(run.connection.zone).date()


def _take_for_ours(run: Run, booking: Followed, wish: Wish, there: Payment) -> None:
    methods = run.connection.settings.payments.methods
    one = Registration(
        wish.id,
        booking.id,
        wish.cents,
        there.currency,
        there.paid_at,
        methods.get(method_of(wish.event.source)),
        "sending",
        wish.event.occurred_at,
    )
    with run.ledger.atomic():
        run.ledger.payments.begin(one, run.now())
        run.ledger.payments.ended(
            one, "done", run.id, run.now(), why="it stood in Teamleader already"
        )


def set_as_advised(run: Run, event: MoneyEvent) -> bool:
    """Tell whether a payment without a place is that of somebody who set it to paid with reason.

    Teamleader has nothing due at this moment, and the alert that advises it is open: it brought no
    money. One such alert explains one payment. Before access was given anew it was most often this
    program, with a ledger that was lost since.
    """
    alerts = run.ledger.alerts
    told = [code for code in TO_BE_SET if alerts.is_open(event.booking_id, code)]
    earlier = event.occurred_at < (run.ledger.facts.read(CONNECTED) or "")
    if method_of(event.source) != "manual" or not (told or earlier):
        return False
    why = (
        f"set to paid by hand in Twikey, as {told[0]} advises"
        if told
        else "paid in Teamleader before access was given anew"
    )
    with run.ledger.atomic():
        run.ledger.payments.decided([(event.event_id, "ignored", why)], run.id, run.now())
        for code in told:
            alerts.settle(event.booking_id, code, run.id, run.now())
    return True
