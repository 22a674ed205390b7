"""What nobody may overlook: paid elsewhere, edited, deleted, reset (decisions 7; guide 2, 8).

The hourly sweep reads every open booking by ids, ten calls per thousand (API reference 9.4). It
comes after the payments of the same run, and keeps its hands off any booking about whose money
something is still open, so that it is never fooled by our own payments or by a failure that was not
written back yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import CallRefused, NotFound, OutcomeUnknown
from connectors.ledger.records import Followed, MoneyEvent, Registration
from connectors.ledger.runs import text
from connectors.twikey.answers import TwikeyInvoice
from flows.credits import compare, review, tell_credited_after_payment, whole
from flows.look import look_at, read_by_ids
from flows.report import euro
from flows.reversals import go_on
from flows.run import Run
from mappings.guards import came_in, fell, settled, unexplained_failure
from mappings.guards import marked as marked_by_us
from mappings.payments import other_peoples

EVERY = timedelta(hours=1)
LAST = "last sweep"
WHILE_OPEN = ("PAID_ELSEWHERE_IN_PROGRESS", "CREDITED", "DUE_AGAIN")


@dataclass
class SweepReport:
    """What the guards saw: bookings looked at, and what they did."""

    looked_at: int = 0
    set_to_paid: int = 0
    dates_followed: int = 0
    alerts: list[dict[str, Any]] = field(default_factory=list)


def sweep(run: Run, *, always: bool = False) -> SweepReport:
    """Guard the open bookings: once an hour, or ``always`` when a person asks."""
    report = SweepReport(dates_followed=follow_edits(run))
    tell_resets(run)
    review(run)
    if always or _due(run):
        report.looked_at, report.set_to_paid = _look_at_all(run)
        tell_credited_after_payment(run)
        run.ledger.facts.write(LAST, text(run.now()))
    report.alerts = run.ledger.alerts.open()
    return report


def _due(run: Run) -> bool:
    last = run.ledger.facts.read(LAST)
    return last is None or not (timedelta() <= run.now() - datetime.fromisoformat(last) < EVERY)


def _look_at_all(run: Run) -> tuple[int, int]:
    if run.connection.settings.payments.write_back:
        go_on(run, held=True)
    ids = run.ledger.follow.open()
    _settle_closed(run, ids)
    fresh = read_by_ids(run, ids) if ids else {}
    payments, marked = run.ledger.payments, 0
    events, written = payments.of(list(fresh)), payments.registrations(list(fresh))
    marks, blocked = run.ledger.follow.marks_of(list(fresh)), payments.blocked()
    for done, (each, booking) in enumerate(fresh.items(), start=1):
        run.tell("comparing open bookings", done, len(fresh))
        _take_up_clash(run, booking, events[each])
        busy = each in blocked or any(event.state == "new" for event in events[each])
        if not busy and run.connection.settings.payments.paid_elsewhere:
            ours = marked_by_us(marks.get(each), events[each])
            marked += _guard(run, booking, events[each], written[each], our_mark=ours)
    compare(run, fresh)
    return len(fresh), marked


def _settle_closed(run: Run, still_open: Sequence[str]) -> None:
    """Settle what concerned bookings that are closed on both sides by now."""
    followed = set(still_open)
    for alert in run.ledger.alerts.open(*WHILE_OPEN):
        if alert["booking_id"] not in followed:
            _settle(run, alert["booking_id"], alert["code"])


def _take_up_clash(run: Run, booking: Followed, events: Sequence[MoneyEvent]) -> None:
    """Try what Teamleader refused once more, or close it when both sides agree (A07)."""
    if not any(event.state == "held" and event.type == "payment" for event in events):
        return
    if not run.ledger.alerts.is_open(booking.id, "STRICT_MODE"):
        return
    with run.ledger.atomic():
        run.ledger.payments.reopen(booking.id, "held")
        if settled(booking):
            run.ledger.alerts.settle(booking.id, "STRICT_MODE", run.id, run.now())


# ---- paid elsewhere


def _guard(
    run: Run,
    booking: Followed,
    events: Sequence[MoneyEvent],
    written: Sequence[Registration],
    *,
    our_mark: bool,
) -> int:
    """Keep what somebody else paid in Teamleader from being collected; return 1 when set to paid.

    Decisions 7, complaints C4 and C5.
    """
    alerts = run.ledger.alerts
    if not settled(booking):
        _settle(run, booking.id, "PAID_ELSEWHERE_IN_PROGRESS", "CREDITED")
        if our_mark and booking.twikey_state == "PAID":
            due = euro(booking.due_cents or 0)
            alerts.alert(booking.id, "DUE_AGAIN", f"{due} is due", run.id, run.now())
        return 0
    _settle(run, booking.id, "DUE_AGAIN")
    if booking.twikey_state == "PAID":
        _settle(run, booking.id, "PAID_ELSEWHERE_IN_PROGRESS", "CREDITED")
        return 0
    if our_mark or _explained(booking, events):
        return 0
    if not _paid_by_others(run, booking, written):
        return 0
    open_there = (booking.amount_cents or 0) - booking.prepaid_cents - came_in(events)
    return _set_to_paid(run, booking, open_there)


def _explained(booking: Followed, events: Sequence[MoneyEvent]) -> bool:
    """Tell whether Twikey's own money explains it, or a failure that is still to be told."""
    whole = booking.prepaid_cents + came_in(events) >= (booking.amount_cents or 0)
    return whole or unexplained_failure(booking, events)


def _paid_by_others(run: Run, booking: Followed, written: Sequence[Registration]) -> bool:
    """Look at the payments: other people's, or only a credit note that nobody paid (10-U6)."""
    detail = look_at(run, booking.id)
    if detail is None:
        return False
    others = other_peoples(detail.payments, written, run.connection.zone)
    if sum(payment.amount_cents for payment in others) > booking.prepaid_cents:
        _settle(run, booking.id, "CREDITED")
        return True
    run.ledger.alerts.alert(booking.id, "CREDITED", whole(run, booking), run.id, run.now())
    return False


def _set_to_paid(run: Run, booking: Followed, open_cents: int) -> int:
    """Set an invoice to paid in Twikey unless it is in progress there, asked at this moment."""
    twikey = run.connection.twikey
    standing = twikey.invoice(booking.twikey_id)
    if standing is None:
        _gone_in_twikey(run, booking)
        return 0
    run.ledger.feed.invoices_seen([standing], None, run.now())
    if standing.state == "PENDING":
        _in_progress(run, booking)
        return 0
    if standing.state not in ("BOOKED", "EXPIRED") or not (standing.issued_on and standing.due_on):
        return 0
    return _send_paid(run, booking, standing, open_cents)


def _send_paid(run: Run, booking: Followed, standing: TwikeyInvoice, open_cents: int) -> int:
    ledger = run.ledger
    with ledger.atomic():
        ledger.follow.marking(booking.id, open_cents, run.now())
        op = ledger.crossings.begin("set to paid", booking.id, run.id, run.now())
    try:
        answer = run.connection.twikey.update_invoice(
            booking.twikey_id,
            date=standing.issued_on or "",
            duedate=standing.due_on or "",
            state="paid",
        )
    except OutcomeUnknown as lost:
        ledger.crossings.finish(op, "unknown", str(lost), run.now())
        run.notes.append(f"{booking.number}: {lost}; it is set again by a later run")
        return 0
    except (CallRefused, NotFound) as refused:
        with ledger.atomic():
            ledger.crossings.finish(op, "refused", str(refused), run.now())
            ledger.follow.not_marked(booking.id)
        if isinstance(refused, NotFound):
            _gone_in_twikey(run, booking)
        else:
            _in_progress(run, booking)
        return 0
    with ledger.atomic():
        ledger.crossings.finish(op, "done", None, run.now())
        ledger.follow.marked(booking.id, run.id, run.now(), "paid in Teamleader by somebody else")
        ledger.feed.invoices_seen([answer], None, run.now())
        _settle(run, booking.id, "PAID_ELSEWHERE_IN_PROGRESS")
    return 1


def _in_progress(run: Run, booking: Followed) -> None:
    amount = euro((booking.amount_cents or 0) - booking.prepaid_cents)
    detail = f"{amount} of {booking.number}, to be collected around {booking.due_on}"
    run.ledger.alerts.alert(booking.id, "PAID_ELSEWHERE_IN_PROGRESS", detail, run.id, run.now())


def _gone_in_twikey(run: Run, booking: Followed) -> None:
    why = f"Twikey no longer knows {booking.twikey_id}"
    run.ledger.alerts.alert(booking.id, "GONE_IN_TWIKEY", why, run.id, run.now())


def _settle(run: Run, booking_id: str, *codes: str) -> None:
    for code in codes:
        run.ledger.alerts.settle(booking_id, code, run.id, run.now())


# ---- edited after booking (complaint C33)


def follow_edits(run: Run) -> int:
    """Let a changed due date follow to Twikey; a changed amount is told, never sent."""
    alerts, followed = run.ledger.alerts, 0
    edited = run.ledger.follow.edited()
    other_amount = {b.id: b for b in edited if b.payable_cents != b.amount_cents}
    for alert in alerts.open("AMOUNT_CHANGED"):
        if alert["booking_id"] not in other_amount:
            _settle(run, alert["booking_id"], "AMOUNT_CHANGED")
    for booking in other_amount.values():
        there, here = euro(booking.amount_cents or 0), euro(booking.payable_cents or 0)
        detail = f"{there} in Twikey, {here} in Teamleader"
        alerts.alert(booking.id, "AMOUNT_CHANGED", detail, run.id, run.now())
    for booking in edited:
        told = booking.told_due_on or booking.twikey_due_on or booking.due_on
        if booking.due_on and booking.due_on != told:
            followed += _follow_due_date(run, booking, told or "")
    return followed


def _follow_due_date(run: Run, booking: Followed, told: str) -> int:
    ledger = run.ledger
    if booking.twikey_state in ("PAID", "ARCHIVED") or not booking.issued_on:
        ledger.follow.told(booking.id, booking.due_on)
        return 0
    if booking.twikey_state == "PENDING" or ledger.alerts.is_open(booking.id, "GONE_IN_TWIKEY"):
        return 0  # Twikey takes no other date while it collects; it follows afterwards
    op = ledger.crossings.begin("due date", booking.id, run.id, run.now())
    try:
        run.connection.twikey.update_invoice(
            booking.twikey_id, date=booking.issued_on, duedate=booking.due_on or ""
        )
    except OutcomeUnknown as lost:
        ledger.crossings.finish(op, "unknown", str(lost), run.now())
        run.notes.append(f"{booking.number}: {lost}; its due date is sent again by a later run")
        return 0
    except (CallRefused, NotFound) as refused:
        ledger.crossings.finish(op, "refused", str(refused), run.now())
        if isinstance(refused, NotFound):
            _gone_in_twikey(run, booking)
        else:
            why = f"{told} in Twikey, {booking.due_on} in Teamleader; {refused}"
            ledger.alerts.alert(booking.id, "DATE_NOT_TAKEN", why, run.id, run.now())
            ledger.follow.told(booking.id, booking.due_on)
        return 0
    with ledger.atomic():
        ledger.crossings.finish(op, "done", None, run.now())
        ledger.follow.told(booking.id, booking.due_on)
        ledger.journal.add(
            run.id, run.now(), booking.id, "due date changed in Twikey",
            before=told, after=booking.due_on,
        )  # fmt: skip
        _settle(run, booking.id, "DATE_NOT_TAKEN")
    return 1


# ---- reset by hand (acceptance A43)


def tell_resets(run: Run) -> None:
    """Alert invoices that fell from paid in Twikey although no payment failed; write nothing."""
    ledger = run.ledger
    fallen = {booking.id: booking for booking in ledger.follow.fallen()}
    for alert in ledger.alerts.open("MANUAL_RESET"):
        if alert["booking_id"] not in fallen:
            _settle(run, alert["booking_id"], "MANUAL_RESET")
    if not fallen:
        return
    events, marks = ledger.payments.of(list(fallen)), ledger.follow.marks_of(list(fallen))
    blocked = ledger.payments.blocked()
    for each, booking in fallen.items():
        if each in blocked or unexplained_failure(booking, events[each]):
            continue
        if any(event.state == "new" for event in events[each]):
            continue
        if fell(booking, events[each], our_mark=marked_by_us(marks.get(each), events[each])):
            detail = f"Twikey says {booking.twikey_state}, Teamleader {booking.status}"
            ledger.alerts.alert(each, "MANUAL_RESET", detail, run.id, run.now())
        else:
            _settle(run, each, "MANUAL_RESET")
