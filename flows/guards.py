"""What nobody may overlook: paid elsewhere, edited, deleted, reset (decisions 7; guide 2, 8).

The hourly sweep reads every open booking by ids, ten calls per thousand (API reference 9.4); what
is left of its last call goes to closed ones, in turn. It comes after the payments of the same run,
and keeps its hands off any booking about whose money something is still open, so that it is never
fooled by our own payments or by a failure that was not written back yet.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.ledger.records import Followed, MoneyEvent
from connectors.ledger.runs import text
from flows import credits
from flows.edits import follow_edits
from flows.look import PER_CALL, read_by_ids, settle_unread
from flows.paid_elsewhere import Money, compare, settle
from flows.reversals import go_on
from flows.run import Run
from flows.vanished import look_for_vanished
from mappings.guards import (
    agree_it_is_owed,
    at_work,
    came_in,
    fell,
    long_seen,
    marked,
    settled,
    shown_failure,
    unexplained_failure,
)

EVERY = timedelta(hours=1)
LAST = "last sweep"
UNTOLD_FOR = timedelta(hours=24)
WHILE_OPEN = (
    "PAID_ELSEWHERE_IN_PROGRESS",
    "CREDITED",
    "DUE_AGAIN",
    "ARCHIVED_IN_TWIKEY",
    "FAILURE_NOT_TOLD",
)


@dataclass
class SweepReport:
    """What the guards saw: bookings looked at, and what they did."""

    looked_at: int = 0
    set_to_paid: int = 0
    dates_followed: int = 0
    titles_followed: int = 0
    alerts: list[dict[str, Any]] = field(default_factory=list)


def sweep(run: Run, *, always: bool = False) -> SweepReport:
    """Guard the open bookings: once an hour, or ``always`` when a person asks."""
    report = SweepReport()
    run.ledger.intents.close_repeatable(run.now())
    report.dates_followed, report.titles_followed = follow_edits(run)
    tell_resets(run)
    credits.review(run)
    if always or _due(run):
        report.looked_at, report.set_to_paid = _look_at_all(run)
        credits.tell_credited_after_payment(run)
        run.ledger.facts.write(LAST, text(run.now()))
        look_for_vanished(run)
    _settle_deleted(run)
    settle_unread(run)
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
    room = -len(ids) % PER_CALL or PER_CALL  # a full last call leaves no room: then one more
    ids += run.ledger.follow.closed(run.id, room)
    fresh = read_by_ids(run, ids) if ids else {}
    payments, set_to_paid = run.ledger.payments, 0
    events, written = payments.of(list(fresh)), payments.registrations(list(fresh))
    marks, blocked = run.ledger.follow.marks_of(list(fresh)), payments.blocked()
    for done, (each, booking) in enumerate(fresh.items(), start=1):
        run.tell("comparing open bookings", done, len(fresh))
        _take_up_clash(run, booking, events[each])
        if each in blocked or _at_work(run, events[each]):
            continue
        details = _details(run, booking)
        _tell_untold(run, booking, events[each], details)
        money = Money(events[each], written[each], marks.get(each), details)
        set_to_paid += compare(run, booking, money)
    credits.compare(run, fresh)
    return len(fresh), set_to_paid


def _at_work(run: Run, events: Sequence[MoneyEvent]) -> bool:
    return at_work(events, write_back=run.connection.settings.payments.write_back)


def _details(run: Run, booking: Followed) -> dict[str, str]:
    """Return what the events of a booking tell, where a failure of it is to be explained."""
    return run.ledger.follow.details_of(booking.id) if shown_failure(booking) else {}


# ---- alerts that settle by themselves


def _settle_closed(run: Run, still_open: Sequence[str]) -> None:
    """Settle what concerned bookings that are closed on both sides by now."""
    followed = set(still_open)
    for alert in run.ledger.alerts.open(*WHILE_OPEN):
        if alert["booking_id"] not in followed:
            settle(run, alert["booking_id"], alert["code"])


def _settle_deleted(run: Run) -> None:
    """Settle what concerned bookings that Teamleader no longer has."""
    for booking_id, code in run.ledger.vanished.over():
        settle(run, booking_id, code)


def _take_up_clash(run: Run, booking: Followed, events: Sequence[MoneyEvent]) -> None:
    """Try what Teamleader refused once more, or close it when both sides agree (A07)."""
    if not run.connection.settings.payments.write_back:
        return
    if not any(event.state == "held" and event.type == "payment" for event in events):
        return
    if not run.ledger.alerts.is_open(booking.id, "STRICT_MODE"):
        return
    with run.ledger.atomic():
        run.ledger.payments.reopen(booking.id, "held")
        if settled(booking):
            run.ledger.alerts.settle(booking.id, "STRICT_MODE", run.id, run.now())


# ---- a failure that no event tells


def _tell_untold(
    run: Run, booking: Followed, events: Sequence[MoneyEvent], details: dict[str, str]
) -> None:
    """Alert a failed payment that the invoice has shown for a day and that no event explains."""
    shown = shown_failure(booking)
    if shown is None or not unexplained_failure(booking, events, details):
        settle(run, booking.id, "FAILURE_NOT_TOLD")
        return
    now = run.now()
    name = json.dumps(shown, sort_keys=True)
    since = run.ledger.follow.untold_since(booking.id, name, run.id, now)
    if now - datetime.fromisoformat(since) >= UNTOLD_FOR:
        named = ", ".join(value for key, value in shown.items() if key != "date")
        detail = f"{named or 'a payment'} of {shown.get('date', 'an unknown day')}"
        run.ledger.alerts.alert(booking.id, "FAILURE_NOT_TOLD", detail, run.id, now)


# ---- reset by hand (acceptance A43)


def tell_resets(run: Run) -> None:
    """Alert invoices that fell from paid in Twikey although no payment failed; write nothing."""
    ledger = run.ledger
    fallen = {booking.id: booking for booking in ledger.follow.fallen()}
    for alert in ledger.alerts.open("MANUAL_RESET"):
        if alert["booking_id"] not in fallen:
            settle(run, alert["booking_id"], "MANUAL_RESET")
    if not fallen:
        return
    events, marks = ledger.payments.of(list(fallen)), ledger.follow.marks_of(list(fallen))
    blocked, written = ledger.payments.blocked(), ledger.payments.registrations(list(fallen))
    for each, booking in fallen.items():
        if each in blocked or _at_work(run, events[each]):
            continue
        if unexplained_failure(booking, events[each], _details(run, booking)):
            continue
        ours = marked(marks.get(each), events[each])
        if agree_it_is_owed(booking, written[each]) or not fell(
            booking, events[each], our_mark=ours
        ):
            settle(run, each, "MANUAL_RESET")
        elif long_seen(booking, run.now()) or not came_in(events[each]):
            # by then a failure or refund would have been told
            detail = f"Twikey says {booking.twikey_state}, Teamleader {booking.status}"
            ledger.alerts.alert(each, "MANUAL_RESET", detail, run.id, run.now())
