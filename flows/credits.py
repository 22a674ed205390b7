"""Guide 11: what was credited after it crossed is told, before Twikey collects it or afterwards.

The collection itself is not touched: Twikey's API changes no amount, and an invoice is not set to
paid for a credit note, which is no payment and which Twikey may net by itself (Twikey API reference
2.9, 2.13). So both documents are told with amounts and dates, at once when the credit note crosses,
and the alert settles by itself when Twikey no longer asks, or no longer has, more than is due.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import NotPermitted
from connectors.ledger.records import Credit, Followed, MoneyEvent
from flows.gather import close_if_deleted
from flows.look import look_at, read_by_ids
from flows.run import Run
from mappings.credits import ENDED, asked_too_much, figures, late, paid_in_part, to_give_back
from mappings.guards import came_in, settled
from mappings.markers import other_peoples
from mappings.money import euro

PARTLY, WHOLE, AFTER = "PARTLY_CREDITED", "CREDITED", "CREDITED_AFTER_PAYMENT"
PART_PAID = "PARTLY_PAID"
CODES = (PARTLY, WHOLE, AFTER)
BECAUSE = {
    "PENDING": "Twikey is collecting it already",
    "BOOKED": "Twikey cannot change an amount",
    "EXPIRED": "Twikey cannot change an amount",
}


# ---- when credit notes cross: before a collection leaves, if there is time (complaint C11)


def tell_new_credits(run: Run) -> list[dict[str, Any]]:
    """Compare the invoices of the credit notes that this run sent; return what is to be told."""
    credits = run.ledger.credits.told_in(run.id)
    known = run.ledger.follow.bookings(list(credits))
    ids = [each for each, notes in credits.items() if late(known[each], notes)]
    if not ids:
        return []
    fresh = read_by_ids(run, ids)
    compare(run, fresh)
    _tell_credited_whole(run, fresh)
    tell_paid_before(run, {each: credits[each] for each in fresh})
    return [row for row in run.ledger.alerts.open(*CODES) if row["booking_id"] in fresh]


def _tell_credited_whole(run: Run, fresh: Mapping[str, Followed]) -> None:
    """Alert invoices of which nothing is due any more although nobody paid (reference 10-U6)."""
    registrations = run.ledger.payments.registrations(list(fresh))
    for each in _quiet(run, fresh):
        booking = fresh[each]
        if not settled(booking) or booking.twikey_state in ENDED:
            continue
        detail = look_at(run, each)
        if detail is None:
            continue
        others = other_peoples(detail.payments, registrations[each], run.connection.zone)
        if sum(payment.amount_cents for payment in others) <= booking.prepaid_cents:
            run.ledger.alerts.alert(each, WHOLE, whole(run, booking), run.id, run.now())


def whole(run: Run, booking: Followed) -> str:
    """Say by what an invoice was credited of which nothing is due any more."""
    notes = run.ledger.credits.of([booking.id]).get(booking.id, [])
    return f"{_documents(booking, notes)}; Twikey shows it as {booking.twikey_state}"


# ---- the sweep of the open bookings


def compare(run: Run, fresh: Mapping[str, Followed]) -> None:
    """Alert invoices of which Twikey asks more than Teamleader has due, whatever lowered it."""
    credits = run.ledger.credits.of(list(fresh))
    events = run.ledger.payments.of(list(fresh))
    for each in _quiet(run, fresh):
        _compare(run, fresh[each], credits.get(each, []), events[each])


def review(run: Run) -> None:
    """Settle what the ledger alone shows to be over: paid, closed, or no longer credited."""
    told = sorted({row["booking_id"] for row in run.ledger.alerts.open(PARTLY, PART_PAID)})
    if not told:
        return
    credits, events = run.ledger.credits.of(told), run.ledger.payments.of(told)
    found = run.ledger.follow.bookings(told)
    for each in told:
        if each in found:
            _compare(run, found[each], credits.get(each, []), events[each])


def _compare(
    run: Run, booking: Followed, notes: Sequence[Credit], events: Sequence[MoneyEvent]
) -> None:
    cents = 0 if settled(booking) else asked_too_much(booking, notes, events)
    if not settled(booking):
        run.ledger.alerts.settle(booking.id, WHOLE, run.id, run.now())
    _compare_payments(run, booking, notes, events)
    if not cents:
        run.ledger.alerts.settle(booking.id, PARTLY, run.id, run.now())
        return
    why = BECAUSE.get(booking.twikey_state or "", f"Twikey shows it as {booking.twikey_state}")
    detail = (
        f"{_documents(booking, late(booking, notes))}: {euro(booking.due_cents or 0)} is due,"
        f" {euro((booking.due_cents or 0) + cents)} is asked, {euro(cents)} too much; {why}"
    )
    run.ledger.alerts.alert(booking.id, PARTLY, detail, run.id, run.now())


def _compare_payments(
    run: Run, booking: Followed, notes: Sequence[Credit], events: Sequence[MoneyEvent]
) -> None:
    cents = 0 if settled(booking) else paid_in_part(booking, notes, events)
    if not cents:
        run.ledger.alerts.settle(booking.id, PART_PAID, run.id, run.now())
        return
    asked = (booking.amount_cents or 0) - booking.prepaid_cents - came_in(events)
    why = BECAUSE.get(booking.twikey_state or "", f"Twikey shows it as {booking.twikey_state}")
    detail = (
        f"{euro(booking.due_cents or 0)} is due, {euro(asked)} is asked,"
        f" {euro(cents)} too much; {why}"
    )
    run.ledger.alerts.alert(booking.id, PART_PAID, detail, run.id, run.now())


def _quiet(run: Run, ids: Mapping[str, object]) -> list[str]:
    """Return the bookings about whose money nothing is open: the others wait for the follow-up."""
    blocked = run.ledger.payments.blocked()
    events = run.ledger.payments.of(list(ids))
    return [
        each
        for each in ids
        if each not in blocked and not any(event.state == "new" for event in events[each])
    ]


# ---- credited after the money came (complaint C9, the other way round)


def tell_credited_after_payment(run: Run) -> None:
    """Look at every paid invoice with a credit note whose figures changed, one call each."""
    told = {row["booking_id"] for row in run.ledger.alerts.open(AFTER)}
    if told:
        _read_again(run, run.ledger.credits.of(list(told)))
    credits = run.ledger.credits.of_paid()
    tell_paid_before(run, credits, always=told)
    for gone in told - set(credits):
        run.ledger.alerts.settle(gone, AFTER, run.id, run.now())


def _read_again(run: Run, credits: Mapping[str, Sequence[Credit]]) -> None:
    """Read told credit notes anew: one may be settled with the customer by now, or deleted."""
    ids = {one.id for notes in credits.values() for one in notes}
    try:
        for page in run.connection.teamleader.credit_notes(ids=sorted(ids)):
            run.ledger.bookings.listed(page, run.id, run.now())
            ids -= {booking.id for booking in page.bookings}
            ids -= {bad.id for bad in page.unreadable if bad.id}
        for lost in sorted(ids):
            close_if_deleted(run, lost, "credit_note")
    except NotPermitted as trouble:
        run.problems.append(trouble)


def tell_paid_before(
    run: Run, credits: Mapping[str, Sequence[Credit]], *, always: set[str] | None = None
) -> None:
    """Tell what came in through Twikey and was credited afterwards.

    An invoice is looked at when its figures changed since the last look, or ``always``.
    """
    ids = _quiet(run, credits)
    bookings, events = run.ledger.follow.bookings(ids), run.ledger.payments.of(ids)
    looks = run.ledger.credits.looks(ids)
    for done, each in enumerate(ids, start=1):
        now = figures(bookings[each], credits[each], events[each])
        before, unpaid = looks.get(each, ("", 0))
        if not any(one.type == "payment" for one in events[each]):
            continue
        if now != before or each in (always or ()):
            _look(run, bookings[each], credits[each], events[each], unpaid)
            run.tell("comparing credited invoices", done, len(ids))


def _look(
    run: Run, booking: Followed, notes: Sequence[Credit], events: Sequence[MoneyEvent], unpaid: int
) -> None:
    detail = look_at(run, booking.id)
    if detail is None:
        return
    back = to_give_back(detail.payable_cents, detail.payments, notes, events)
    open_notes = [one for one in notes if not one.paid]
    if unpaid:  # told before: what was set to paid in Teamleader since then is dealt with
        back = min(back, sum(one.cents for one in open_notes))
    with run.ledger.atomic():
        if back:
            said = f"{euro(back)} of what came in; {_documents(booking, notes)}"
            run.ledger.alerts.alert(booking.id, AFTER, said, run.id, run.now())
            unpaid = len(open_notes) or unpaid
        else:
            run.ledger.alerts.settle(booking.id, AFTER, run.id, run.now())
        run.ledger.credits.looked(booking.id, figures(booking, notes, events), unpaid)


# ---- words


def _documents(booking: Followed, notes: Sequence[Credit]) -> str:
    """Name both documents with amounts and dates."""
    said = ", ".join(f"{one.number} of {euro(one.cents)} ({one.issued_on})" for one in notes)
    invoice = f"{booking.number} of {euro(booking.amount_cents or 0)} ({booking.issued_on}"
    due = f", due {booking.due_on})" if booking.due_on else ")"
    return f"{said or 'a credit note'} on {invoice}{due}"
