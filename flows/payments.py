"""Guide 5 and 8: what Twikey collected, and what bounced, reaches Teamleader to the cent.

Gather both feeds into the ledger, settle what an earlier run left, decide what stands, undo what no
longer does, register what is not there yet. With nothing new that is one call per feed, and none
to Teamleader.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.ledger.records import DISMISSED, REST_BACK, MoneyEvent
from flows.by_hand import OFF_UP_TO
from flows.lost_registrations import settle_registrations
from flows.read_payments import read_payments
from flows.registering import partly_paid, register
from flows.reversals import go_on, undo
from flows.run import Run
from mappings.money import euro
from mappings.payments import (
    Decision,
    decide,
    held_as,
    is_echo,
    is_set_aside,
    left_over,
    rest_paid_back,
    set_aside,
)


@dataclass
class PaymentsReport:
    """What came of the money in one run; cents are of what Teamleader was told in it.

    ``open`` counts events by state over all runs: waiting, held, reported, unknown (strangers).
    """

    write_back: bool = True
    events: int = 0
    registered: int = 0
    registered_cents: int = 0
    undone: int = 0
    undone_cents: int = 0
    put_back: int = 0
    unsettled: int = 0
    open: dict[str, int] = field(default_factory=dict)
    partly: list[str] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def headline(self) -> str:
        """Say in one line what happened."""
        if not self.write_back:
            return f"{self.events} payment events read; writing back is switched off"
        word = "payment" if self.registered == 1 else "payments"
        parts = [f"{self.registered} {word} registered, {euro(self.registered_cents)}"]
        if not self.registered:
            parts = ["no new payments"]
        if self.undone:
            parts.append(f"{self.undone} undone, {euro(self.undone_cents)}")
        if self.put_back:
            parts.append(f"{self.put_back} of others put back")
        if self.unsettled:
            parts.append(f"{self.unsettled} to be looked up")
        return "; ".join(parts)


def write_back(run: Run) -> PaymentsReport:
    """Bring the money of both feeds to Teamleader; raises a ``Halted`` when a service fails."""
    report = PaymentsReport(run.connection.settings.payments.write_back)
    report.events = read_payments(run)
    run.ledger.payments.assign(run.id, run.now())
    settle_registrations(run)
    go_on(run)
    if not report.write_back:
        run.ledger.facts.write(OFF_UP_TO, str(run.ledger.payments.newest()))
    else:
        touched = work(run)
        if run.ledger.facts.read(OFF_UP_TO) and not run.ledger.payments.at_work():
            run.ledger.facts.write(OFF_UP_TO, "")
        report.partly = partly_paid(run, touched)
    _count(run, report)
    return report


def _count(run: Run, report: PaymentsReport) -> None:
    """Add up this run from its journal, so that the report tells what is written."""
    payments = run.ledger.payments
    report.registered, report.registered_cents = run.ledger.figures.told_in(run.id, "done")
    report.undone, report.undone_cents = run.ledger.figures.undone_in(run.id)
    report.put_back = run.ledger.figures.put_back_in(run.id)
    report.unsettled = len(payments.open_registrations()) + len(run.ledger.reversals.open())
    report.open = payments.counts()
    report.alerts = run.ledger.alerts.open()


# ---- gather


# ---- decide and apply


def work(run: Run) -> list[str]:
    """Decide about every booking with news, undo, then register; return whose money was looked at.

    Nothing is done on an invoice while a write or a removal on it is not settled.
    """
    before = _decided(run)
    for booking_id, decision in before:
        if decision.undo:
            undo(run, booking_id, decision.undo)
    after = _decided(run)
    register(run, {booking: found.register for booking, found in after if found.register})
    touched = {booking for booking, _ in (*before, *after)}
    told = {alert["booking_id"] for alert in run.ledger.alerts.open(*ABOUT_MONEY)}
    _tell_left_over(run, sorted(touched | told | set(run.ledger.payments.left_over())))
    return sorted(touched)


def _decided(run: Run) -> list[tuple[str, Decision]]:
    """Return the decisions about bookings with news; what needs no call is recorded at once."""
    payments = run.ledger.payments
    blocked = payments.blocked()
    ids = [each for each in payments.at_work() if each not in blocked]
    _set_aside(run, ids)
    events, registrations = payments.of(ids), payments.registrations(ids)
    found = [(each, decide(events[each], registrations[each])) for each in ids]
    marks = [mark for _, decision in found for mark in decision.marks]
    with run.ledger.atomic():
        for some in _in_parts(marks):
            payments.decided(some, run.id, run.now())
        for one in (one for _, decision in found for one in decision.drop):
            payments.ended(one, "removed", run.id, run.now(), why="undone before it was registered")
        for booking_id, decision in found:
            _tell_part_refunds(run, events[booking_id], decision)
    return found


def _in_parts(
    marks: Sequence[tuple[str, str, str | None]],
) -> Iterator[Sequence[tuple[str, str, str | None]]]:
    for start in range(0, len(marks), 500):
        yield marks[start : start + 500]


def _set_aside(run: Run, ids: Sequence[str]) -> None:
    """Mark what is never written back: credit notes, echoes, other currencies, deleted invoices."""
    payments, follow = run.ledger.payments, run.ledger.follow
    bookings, marks = follow.bookings(ids), follow.marks_of(ids)
    for booking_id, events in payments.of(ids).items():
        mark = marks.get(booking_id)
        for event in events:
            aside = set_aside(event, bookings[booking_id], mark) if event.state == "new" else None
            if aside is None:
                continue
            echo = mark is not None and is_echo(event, mark) and aside[0] == "ignored"
            if mark is not None and echo:
                mark = mark._replace(echo=event.event_id)
            _aside(run, event, *aside, echo=echo)


def _aside(run: Run, event: MoneyEvent, state: str, why: str, *, echo: bool) -> None:
    with run.ledger.atomic():
        run.ledger.payments.decided([(event.event_id, state, why)], run.id, run.now())
        if echo:
            run.ledger.follow.echoed(event.booking_id, event.event_id)
        if state != "ignored":
            told = run.ledger.payments.of([event.booking_id])[event.booking_id]
            alike = [one for one in told if one.state == state and is_set_aside(one)]
            code = "PAYMENT_HELD" if state == "held" else "DELETED_IN_TEAMLEADER"
            detail = _each_in_words(alike)
            run.ledger.alerts.alert(event.booking_id, code, detail, run.id, run.now())


def _tell_part_refunds(run: Run, events: Sequence[MoneyEvent], decision: Decision) -> None:
    """Alert part refunds that wait for a person: the new ones beside those that waited before."""
    news = {event: why for event, state, why in decision.marks if state == "held"}
    if not news:
        return
    now = [
        event._replace(state="held", note=news[event.event_id]) if event.event_id in news else event
        for event in events
    ]
    waiting = [event for event in now if held_as(event) == "PARTIAL_REFUND"]
    detail = _each_in_words(waiting)
    run.ledger.alerts.alert(waiting[0].booking_id, "PARTIAL_REFUND", detail, run.id, run.now())


def _each_in_words(events: Sequence[MoneyEvent]) -> str:
    """Name each event: one alert is open at most per booking and code, so it must tell them all."""
    return "; ".join(f"{euro(e.amount_cents)} of {e.occurred_at[:10]}: {e.note}" for e in events)


HELD = ("STRICT_MODE", "PAYMENT_HELD", "PARTIAL_REFUND")
ABOUT_MONEY = ("OVERPAID", "DOUBLE_PAYMENT", *HELD)


def _tell_left_over(run: Run, ids: Sequence[str]) -> None:
    """Alert what came in without a place in Teamleader, and settle it when that has passed."""
    payments, alerts = run.ledger.payments, run.ledger.alerts
    events, registrations = payments.of(ids), payments.registrations(ids)
    blocked = payments.blocked()
    for each in (each for each in ids if each in events and each not in blocked):
        if pair := rest_paid_back(events[each], registrations[each]):
            states = zip(pair, (DISMISSED, "registered"), strict=True)
            marks = [(event.event_id, state, REST_BACK) for event, state in states]
            payments.decided(marks, run.id, run.now())
            events[each] = payments.of([each])[each]
        rest = left_over(events[each], registrations[each])
        twice = any(one.state == "done" for one in registrations[each]) and any(
            event.state == "reported" for event in events[each]
        )
        code, other = ("DOUBLE_PAYMENT", "OVERPAID") if twice else ("OVERPAID", "DOUBLE_PAYMENT")
        alerts.settle(each, other, run.id, run.now())
        if rest > 0:
            alerts.alert(each, code, _rest_in_words(run, each, rest), run.id, run.now())
        else:
            alerts.settle(each, code, run.id, run.now())
        waiting = {held_as(event) for event in events[each]}
        for held in (code for code in HELD if code not in waiting):
            alerts.settle(each, held, run.id, run.now())


def _rest_in_words(run: Run, booking_id: str, rest: int) -> str:
    credited = run.ledger.follow.credit_notes_of(booking_id)
    because = f"; credited by {', '.join(credited)}" if credited else ""
    return f"{euro(rest)} more than was due{because}"
