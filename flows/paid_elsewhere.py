"""Paid in Teamleader and not in Twikey, or the other way round (decisions 7; C4, C5).

What somebody else paid in Teamleader is set to paid in Twikey, so that it is not collected. What is
paid in Twikey and due in Teamleader again gets its place there, or is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.errors import CallRefused, NotFound, OutcomeUnknown
from connectors.ledger.records import Followed, Mark, MoneyEvent, Registration
from connectors.twikey.answers import TwikeyInvoice
from flows.credits import whole
from flows.gone import tell_gone
from flows.look import UNREAD, look_at, tell_unread
from flows.looks import forget_look, is_news, looked, may_look
from flows.odd import ODD, answered, set_aside
from flows.run import Run
from flows.still_standing import stands_still, tell_failed
from mappings.guards import (
    came_in,
    due_again,
    has_room_again,
    is_over,
    marked,
    settled,
    unexplained_failure,
)
from mappings.markers import other_peoples
from mappings.money import euro

NOT_PAID_THERE = ("PAID_ELSEWHERE_IN_PROGRESS", "CREDITED")
ASKS_NOBODY = ("PAID", "ARCHIVED", "GONE")


class Money(NamedTuple):
    """What is known of one booking's money: events, what we registered, and our own mark.

    ``details`` are what the events tell, as JSON text by event id; only where it matters.
    """

    events: Sequence[MoneyEvent]
    registrations: Sequence[Registration]
    mark: Mark | None
    details: dict[str, str]

    @property
    def our_mark(self) -> bool:
        """Tell whether we set it to paid in Twikey and that still counts."""
        return marked(self.mark, self.events)


def compare(run: Run, booking: Followed, money: Money) -> int:
    """Compare both sides of a booking whose money is at rest; return 1 when it was set to paid."""
    if stands_still(run, booking):
        return 0
    if not settled(booking):
        _still_due(run, booking, money)
        return 0
    settle(run, booking.id, "DUE_AGAIN", "ARCHIVED_IN_TWIKEY")
    if booking.twikey_state in ASKS_NOBODY:
        _note_mark_seen(run, booking, money.mark)
        settle(run, booking.id, *NOT_PAID_THERE)
        return 0
    wanted = run.connection.settings.payments.paid_elsewhere
    if not wanted or money.our_mark or _explained(booking, money) or not is_news(run, booking):
        return 0
    if not may_look(run):
        return 0
    return _set_to_paid(run, booking, money) if _paid_by_others(run, booking, money) else 0


def settle(run: Run, subject: str, *codes: str) -> bool:
    """Close the alerts with these codes; return whether any was open."""
    closed = [run.ledger.alerts.settle(subject, code, run.id, run.now()) for code in codes]
    return any(closed)


def gone_in_twikey(run: Run, booking: Followed) -> None:
    """Tell that Twikey no longer has a booking."""
    tell_gone(run, booking.id, f"Twikey no longer knows {booking.twikey_id}")


# ---- due in Teamleader


def _still_due(run: Run, booking: Followed, money: Money) -> None:
    ledger, now = run.ledger, run.now()
    if settle(run, booking.id, *NOT_PAID_THERE):
        forget_look(run, booking.id)
    money = money._replace(mark=_settle_mark(run, booking, money.mark))
    if is_over(money.mark, booking):
        with ledger.atomic():
            ledger.follow.mark_over(booking.id, now)
            settle(run, booking.id, "MANUAL_RESET")
    write_back = run.connection.settings.payments.write_back
    if write_back and has_room_again(booking, money.events, money.registrations):
        with ledger.atomic():
            ledger.payments.reopen(booking.id, "reported")
            settle(run, booking.id, "OVERPAID", "DOUBLE_PAYMENT")
        return  # the next run registers it
    due = f"{euro(booking.due_cents or 0)} is due"
    if due_again(booking, money.events, money.registrations, now, our_mark=money.our_mark):
        ledger.alerts.alert(booking.id, "DUE_AGAIN", due, run.id, now)
    else:
        settle(run, booking.id, "DUE_AGAIN")
    if booking.twikey_state == "ARCHIVED" and not _brought(booking, money):
        ledger.alerts.alert(booking.id, "ARCHIVED_IN_TWIKEY", due, run.id, now)
    else:
        settle(run, booking.id, "ARCHIVED_IN_TWIKEY")


def _settle_mark(run: Run, booking: Followed, mark: Mark | None) -> Mark | None:
    """Find out whether a setting to paid ever came there, when nobody else paid it any more.

    An intent that never left must not pass for the echo of somebody's cash weeks later.
    """
    if mark is None or mark.state != "intent":
        return mark
    wait = timedelta(seconds=run.connection.settings.settle_after_seconds)
    if run.now() < datetime.fromisoformat(mark.at) + wait:
        return mark
    try:
        standing = run.connection.twikey.invoice(booking.twikey_id)
    except ODD as odd:
        set_aside(run, "Twikey", booking.number or booking.id, odd)
        return mark
    answered(run, "Twikey")
    if standing is not None:
        run.ledger.feed.invoices_seen([standing], None, run.now())
        if standing.state == "PAID":
            run.ledger.follow.marked(booking.id, run.id, run.now(), "looked up: it is paid there")
            return mark._replace(state="done")
    run.ledger.follow.not_marked(booking.id)
    return None


def _brought(booking: Followed, money: Money) -> bool:
    """Tell whether Twikey brought it all, and only the writing back is wanting."""
    whole = booking.prepaid_cents + came_in(money.events) >= (booking.amount_cents or 0)
    return whole and any(event.state in ("new", "held") for event in money.events)


# ---- paid in Teamleader


def _note_mark_seen(run: Run, booking: Followed, mark: Mark | None) -> None:
    """Let a setting to paid count whose answer was lost, once Twikey shows it."""
    if booking.twikey_state == "PAID" and mark is not None and mark.state == "intent":
        run.ledger.follow.marked(booking.id, run.id, run.now(), "seen in Twikey")


def _explained(booking: Followed, money: Money) -> bool:
    """Tell whether Twikey's own money explains it, or a failure that is still to be told."""
    whole = booking.prepaid_cents + came_in(money.events) >= (booking.amount_cents or 0)
    return whole or unexplained_failure(booking, money.events, money.details)


def _paid_by_others(run: Run, booking: Followed, money: Money) -> bool:
    """Look at the payments: other people's, or only a credit note that nobody paid (10-U6)."""
    detail = look_at(run, booking.id)
    if detail is None:
        return False
    others = other_peoples(detail.payments, money.registrations, run.connection.zone)
    failed = tell_failed(run, booking.id, detail.payments)
    if not failed and sum(payment.amount_cents for payment in others) > booking.prepaid_cents:
        settle(run, booking.id, "CREDITED")
        return True  # not noted as looked at: what follows may break off, and is tried again
    looked(run, booking.id)
    if failed:
        return False
    run.ledger.alerts.alert(booking.id, "CREDITED", whole(run, booking), run.id, run.now())
    return False


def _set_to_paid(run: Run, booking: Followed, money: Money) -> int:
    """Set an invoice to paid in Twikey unless it is in progress there, asked at this moment."""
    twikey = run.connection.twikey
    try:
        standing = twikey.invoice(booking.twikey_id)
    except ODD as odd:
        looked(run, booking.id)  # the next look comes tomorrow: one word a day is enough
        tell_unread(run, booking.id, f"it is paid in Teamleader and open in Twikey; {odd}")
        set_aside(run, "Twikey", booking.number or booking.id, odd)
        return 0
    settle(run, booking.id, UNREAD)
    answered(run, "Twikey")
    if standing is None:
        gone_in_twikey(run, booking)
        return 0
    run.ledger.feed.invoices_seen([standing], None, run.now())
    owed = standing.state in ("BOOKED", "EXPIRED") and standing.issued_on and standing.due_on
    if not owed:
        looked(run, booking.id)
        if standing.state == "PENDING":
            _in_progress(run, booking)
        return 0
    open_cents = (booking.amount_cents or 0) - booking.prepaid_cents - came_in(money.events)
    return _send_paid(run, booking, standing, open_cents)


def _send_paid(run: Run, booking: Followed, standing: TwikeyInvoice, open_cents: int) -> int:
    ledger = run.ledger
    with ledger.atomic():
        ledger.follow.marking(booking.id, open_cents, run.now())
        op = ledger.intents.begin("set to paid", booking.id, run.id, run.now())
    try:
        answer = run.connection.twikey.update_invoice(
            booking.twikey_id,
            date=standing.issued_on or "",
            duedate=standing.due_on or "",
            state="paid",
        )
    except OutcomeUnknown as lost:
        ledger.intents.finish(op, "unknown", str(lost), run.now())
        forget_look(run, booking.id)
        run.notes.append(f"{booking.number}: {lost}; it is set again by a later run")
        return 0
    except (CallRefused, NotFound) as refused:
        with ledger.atomic():
            ledger.intents.finish(op, "refused", str(refused), run.now())
            ledger.follow.not_marked(booking.id)
        if isinstance(refused, NotFound):
            gone_in_twikey(run, booking)
        else:
            _in_progress(run, booking)
        return 0
    with ledger.atomic():
        ledger.intents.finish(op, "done", None, run.now())
        ledger.follow.marked(booking.id, run.id, run.now(), "paid in Teamleader by somebody else")
        ledger.feed.invoices_seen([answer], None, run.now())
        settle(run, booking.id, "PAID_ELSEWHERE_IN_PROGRESS")
    return 1


def _in_progress(run: Run, booking: Followed) -> None:
    amount = euro((booking.amount_cents or 0) - booking.prepaid_cents)
    detail = f"{amount} of {booking.number}, to be collected around {booking.due_on}"
    run.ledger.alerts.alert(booking.id, "PAID_ELSEWHERE_IN_PROGRESS", detail, run.id, run.now())
