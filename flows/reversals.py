"""Guide 8: a payment that failed is taken back in Teamleader, and that payment only.

``removePayments`` removes all, other people's too. So what must stand again is written down before,
and put back after, one by one (decisions 7, reliability P9). ``carry_on`` is the one way through,
for a new plan and for one that a crash or a lost answer left: it reads what stands first.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.errors import CallRefused, Halted, NotFound, NotPermitted, OutcomeUnknown
from connectors.ledger.records import DISMISSED, Reversal, Survivor
from connectors.ledger.reversals import ALONE
from connectors.ledger.runs import text
from connectors.teamleader.records import InvoiceDetail, Payment
from flows.look import gone, look_at
from flows.registering import tell_teamleader
from flows.run import Run
from flows.still_standing import tell_failed
from mappings.markers import Wanted, missing, same_day, survivors, take
from mappings.money import euro

BEGUN = ("removing", "restoring")


def go_on(run: Run, *, held: bool = False) -> None:
    """Carry on what earlier runs left, once the wait of each is over; held ones when asked.

    With writing back switched off only what has begun, because other people's payments may be gone.
    """
    write_back = run.connection.settings.payments.write_back
    for reversal in run.ledger.reversals.open():
        begun = reversal.state in BEGUN
        if not begun and not (write_back and (held or reversal.state != "held")):
            continue
        if reversal.not_before <= text(run.now()):
            carry_on(run, reversal)


def undo(run: Run, booking_id: str, event_ids: Sequence[str]) -> None:
    """Take back registered payments of a booking."""
    carry_on(run, run.ledger.reversals.plan(booking_id, event_ids, run.now()))


def carry_on(run: Run, reversal: Reversal) -> None:
    """Bring a reversal as far as it can come in this run."""
    detail = _look(run, reversal)
    if detail is None:
        _without_invoice(run, reversal)
        return
    if reversal.state != "restoring":
        removed = _remove(run, reversal, detail)
        if not removed:
            return
        detail = _look(run, reversal)
        if detail is None:
            return
    _restore(run, reversal, detail)


def _look(run: Run, reversal: Reversal) -> InvoiceDetail | None:
    """Read the invoice with its payments; what is due now is kept, so that the guards see it."""
    detail = look_at(run, reversal.booking_id)
    if detail is not None:
        run.ledger.follow.seen(reversal.booking_id, detail.due_cents or 0, paid=detail.paid)
    return detail


def _without_invoice(run: Run, reversal: Reversal) -> None:
    """Close the plan of an invoice that was deleted in Teamleader; unreadable ones wait."""
    booking = run.ledger.follow.bookings([reversal.booking_id])[reversal.booking_id]
    if booking.stage == "closed":
        run.ledger.reversals.nothing_there(
            reversal, run.id, run.now(), "the invoice was deleted in Teamleader"
        )


# ---- removing


def _remove(run: Run, reversal: Reversal, detail: InvoiceDetail) -> bool:
    """Remove all payments, unless that has happened; tell whether it is so now."""
    ledger = run.ledger
    stands, back = _plan(run, reversal, detail)
    if not stands and reversal.state == "removing":
        ledger.reversals.removed(reversal, run.id, run.now())
        return True
    if stands and not run.connection.settings.payments.write_back:
        return False  # nothing was removed, so there is nothing to be finished
    if not stands:
        with ledger.atomic():
            ledger.reversals.nothing_there(reversal, run.id, run.now(), ALONE)
            _settle_alerts(run, reversal)
            tell_failed(run, reversal.booking_id, detail.payments)
        return False
    reversal.survivors = back
    if _others(back) and run.connection.settings.payments.reversal_with_other_payments == "hold":
        _hold(run, reversal, "REVERSAL_HELD", _listed(back))
        return False
    return _send_removal(run, reversal, detail)


def _plan(run: Run, reversal: Reversal, detail: InvoiceDetail) -> tuple[bool, list[Survivor]]:
    payments, booking = run.ledger.payments, reversal.booking_id
    mine = payments.registrations([booking])[booking]
    undone = [one for one in mine if one.event_id in reversal.event_ids]
    kept = [one for one in mine if one.event_id not in reversal.event_ids and one.state == "done"]
    came_in = {
        event.event_id: event.amount_cents
        for event in payments.of([booking])[booking]
        if not (event.note or "").startswith(DISMISSED)
    }
    return survivors(
        detail.payments, detail.due_cents or 0, undone, kept, came_in, run.connection.zone
    )


def _send_removal(run: Run, reversal: Reversal, detail: InvoiceDetail) -> bool:
    ledger = run.ledger
    ledger.reversals.removing(reversal, run.id, run.now(), run.not_before())
    try:
        run.connection.teamleader.remove_payments(reversal.booking_id)
    except OutcomeUnknown as lost:
        ledger.journal.add(
            run.id, run.now(), reversal.booking_id, "answer lost while removing payments",
            why=str(lost),
        )  # fmt: skip
        return False
    except NotFound:
        gone(run, reversal.booking_id)
        _without_invoice(run, reversal)
        return False
    except (CallRefused, NotPermitted) as refused:
        _hold(run, reversal, "STRICT_MODE", f"Teamleader says {detail.status}; {refused}")
        return False
    except Halted:
        ledger.reversals.set(reversal, "planned", run.now())
        raise
    ledger.reversals.removed(reversal, run.id, run.now())
    return True


# ---- putting back


def _restore(run: Run, reversal: Reversal, detail: InvoiceDetail) -> None:
    """Put back what is missing, then look whether all of it stands."""
    if _ours_is_back(run, reversal, detail.payments):
        reversal.state = "removing"
        run.ledger.reversals.waits(reversal, run.now(), run.not_before())
        return
    zone = run.connection.zone
    lacking = missing(detail.payments, reversal.survivors, zone)
    if run.ledger.alerts.is_open(reversal.booking_id, "NOT_PUT_BACK"):
        lacking, unclear = _put_back_by_hand(run, reversal, detail.payments)
        if unclear:
            return  # the alert stays: nothing is registered that may be there already
    due = detail.due_cents or 0
    for survivor in lacking:
        if survivor.event_id is not None and survivor.amount_cents > due:
            survivor.amount_cents = due  # somebody paid meanwhile; the rest is told as left over
            if due <= 0:
                run.ledger.reversals.no_room(reversal, survivor, run.now())
                continue
        if not _put_back(run, reversal, survivor):
            return
        due -= survivor.amount_cents
    if lacking:
        again = _look(run, reversal)
        if again is None or missing(again.payments, reversal.survivors, zone):
            run.ledger.reversals.waits(reversal, run.now(), run.not_before())
            return
    with run.ledger.atomic():
        run.ledger.reversals.done(reversal, run.id, run.now())
        _settle_alerts(run, reversal)


def _put_back_by_hand(
    run: Run, reversal: Reversal, payments: Sequence[Payment]
) -> tuple[list[Survivor], bool]:
    """Find what a person put back as the alert advises; return what is still wanting.

    Also tell whether one of that amount stands there under another day: that is left to a person.
    """
    zone = run.connection.zone
    wanted = [Wanted(one.amount_cents, one.paid_at) for one in reversal.survivors]
    found, left = take(payments, wanted, zone)
    lacking: list[Survivor] = []
    for survivor, wish, hit in zip(reversal.survivors, wanted, found, strict=True):
        by_hand = None if hit is not None else same_day(left, wish, zone)
        if by_hand is not None:
            left.remove(by_hand)
            run.ledger.reversals.found_again(reversal, survivor, by_hand.paid_at, run.now())
        elif hit is None:
            lacking.append(survivor)
    amounts = {one.amount_cents for one in left}
    return lacking, any(one.amount_cents in amounts for one in lacking)


def _ours_is_back(run: Run, reversal: Reversal, payments: Sequence[Payment]) -> bool:
    """Tell whether what was removed still shows: a 204 that did nothing, or shows later."""
    zone = run.connection.zone
    registered = run.ledger.payments.registrations([reversal.booking_id])[reversal.booking_id]
    undone = [one for one in registered if one.event_id in reversal.event_ids]
    back = [Wanted(one.amount_cents, one.paid_at) for one in reversal.survivors]
    _, strange = take(payments, back, zone)
    found, _ = take(strange, [Wanted(one.amount_cents, one.paid_at) for one in undone], zone)
    return any(hit is not None for hit in found)


def _put_back(run: Run, reversal: Reversal, survivor: Survivor) -> bool:
    """Register one survivor again, with its amount and date; tell whether it was accepted."""
    ledger = run.ledger
    ledger.reversals.putting_back(reversal, survivor, run.now(), run.not_before())
    try:
        tell_teamleader(run, reversal.booking_id, survivor)
    except OutcomeUnknown as lost:
        ledger.journal.add(
            run.id, run.now(), reversal.booking_id, "answer lost while putting a payment back",
            why=str(lost),
        )  # fmt: skip
        return False
    except (CallRefused, NotFound, NotPermitted) as refused:
        detail = f"{_listed([survivor])}; {refused}"
        with ledger.atomic():
            ledger.reversals.set(reversal, "restoring", run.now(), str(refused))
            ledger.alerts.alert(reversal.booking_id, "NOT_PUT_BACK", detail, run.id, run.now())
        return False
    ledger.reversals.put_back(reversal, survivor, run.id, run.now())
    return True


# ---- parts


def _hold(run: Run, reversal: Reversal, code: str, detail: str) -> None:
    with run.ledger.atomic():
        run.ledger.reversals.set(reversal, "held", run.now(), detail)
        run.ledger.alerts.alert(reversal.booking_id, code, detail, run.id, run.now())


def _settle_alerts(run: Run, reversal: Reversal) -> None:
    for code in ("REVERSAL_HELD", "STRICT_MODE", "NOT_PUT_BACK"):
        run.ledger.alerts.settle(reversal.booking_id, code, run.id, run.now())


def _others(found: Sequence[Survivor]) -> bool:
    return any(one.event_id is None for one in found)


def _listed(found: Sequence[Survivor]) -> str:
    return ", ".join(f"{euro(one.amount_cents)} of {one.paid_at[:10]}" for one in found)
