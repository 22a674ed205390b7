"""Paid in Teamleader and not in Twikey, or the other way round (decisions 7; C4, C5).

What somebody else paid in Teamleader is set to paid in Twikey, so that it is not collected. What is
paid in Twikey and due in Teamleader again gets its place there, or is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connectors.errors import CallRefused, NotFound, OutcomeUnknown
from connectors.ledger.records import Followed, Mark, MoneyEvent, Registration
from connectors.twikey.answers import TwikeyInvoice
from flows.credits import whole
from flows.look import look_at
from flows.report import euro
from flows.run import Run
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

NOT_PAID_THERE = ("PAID_ELSEWHERE_IN_PROGRESS", "CREDITED")


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
    if not settled(booking):
        _still_due(run, booking, money)
        return 0
    settle(run, booking.id, "DUE_AGAIN", "ARCHIVED_IN_TWIKEY")
    if booking.twikey_state == "PAID":
        settle(run, booking.id, *NOT_PAID_THERE)
        return 0
    if not run.connection.settings.payments.paid_elsewhere:
        return 0
    if booking.twikey_state == "ARCHIVED":
        settle(run, booking.id, *NOT_PAID_THERE)
        return 0
    if money.our_mark or _explained(booking, money) or not _paid_by_others(run, booking, money):
        return 0
    return _set_to_paid(run, booking, money)


def settle(run: Run, subject: str, *codes: str) -> None:
    """Close the alerts with these codes."""
    for code in codes:
        run.ledger.alerts.settle(subject, code, run.id, run.now())


def gone_in_twikey(run: Run, booking: Followed) -> None:
    """Tell that Twikey no longer has a booking; it is not created again (reference 10-20)."""
    why = f"Twikey no longer knows {booking.twikey_id}"
    run.ledger.alerts.alert(booking.id, "GONE_IN_TWIKEY", why, run.id, run.now())


# ---- due in Teamleader


def _still_due(run: Run, booking: Followed, money: Money) -> None:
    ledger, now = run.ledger, run.now()
    settle(run, booking.id, *NOT_PAID_THERE)
    if is_over(money.mark, booking):
        with ledger.atomic():
            ledger.follow.mark_over(booking.id, now)
            settle(run, booking.id, "MANUAL_RESET")
    write_back = run.connection.settings.payments.write_back
    if write_back and has_room_again(booking, money.events, money.registrations):
        ledger.payments.reopen(booking.id, "reported")
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


def _brought(booking: Followed, money: Money) -> bool:
    """Tell whether Twikey brought it all, and only the writing back is wanting."""
    whole = booking.prepaid_cents + came_in(money.events) >= (booking.amount_cents or 0)
    return whole and any(event.state in ("new", "held") for event in money.events)


# ---- paid in Teamleader


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
    if sum(payment.amount_cents for payment in others) > booking.prepaid_cents:
        settle(run, booking.id, "CREDITED")
        return True
    run.ledger.alerts.alert(booking.id, "CREDITED", whole(run, booking), run.id, run.now())
    return False


def _set_to_paid(run: Run, booking: Followed, money: Money) -> int:
    """Set an invoice to paid in Twikey unless it is in progress there, asked at this moment."""
    twikey = run.connection.twikey
    standing = twikey.invoice(booking.twikey_id)
    if standing is None:
        gone_in_twikey(run, booking)
        return 0
    run.ledger.feed.invoices_seen([standing], None, run.now())
    if standing.state == "PENDING":
        _in_progress(run, booking)
        return 0
    if standing.state not in ("BOOKED", "EXPIRED") or not (standing.issued_on and standing.due_on):
        return 0
    open_cents = (booking.amount_cents or 0) - booking.prepaid_cents - came_in(money.events)
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
            gone_in_twikey(run, booking)
        else:
            _in_progress(run, booking)
        return 0
    with ledger.atomic():
        ledger.crossings.finish(op, "done", None, run.now())
        ledger.follow.marked(booking.id, run.id, run.now(), "paid in Teamleader by somebody else")
        ledger.feed.invoices_seen([answer], None, run.now())
        settle(run, booking.id, "PAID_ELSEWHERE_IN_PROGRESS")
    return 1


def _in_progress(run: Run, booking: Followed) -> None:
    amount = euro((booking.amount_cents or 0) - booking.prepaid_cents)
    detail = f"{amount} of {booking.number}, to be collected around {booking.due_on}"
    run.ledger.alerts.alert(booking.id, "PAID_ELSEWHERE_IN_PROGRESS", detail, run.id, run.now())
