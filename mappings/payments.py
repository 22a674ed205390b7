"""Guide 5 and 8: which events of Twikey lead to which payments in Teamleader.

A payment event is money that came in; a failure takes back the payment that it names, a refund the
newest of its amount. Whatever the order in which the feed tells, what counts is when it happened.
What is then active and not yet in Teamleader is registered, with a marker that can be recognised;
what is in Teamleader and no longer active is undone (decisions 7; reliability P8, P9;
Twikey reference 3.5; Teamleader reference 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.ledger.records import Followed, Mark, MoneyEvent, Registration, Survivor
from connectors.teamleader.records import Payment

METHODS = {
    "direct_debit": "sdd",
    "recurring_card": "rcc",
    "credit_card": "rcc",
    "payment_link": "paylink",
    "credit_transfer": "transfer",
    "reporting": "transfer",
}
TOLERANCE = timedelta(seconds=1)
CLOCKS = timedelta(minutes=5)  # by which Twikey's clock may lag ours
APART = timedelta(seconds=5)  # between two markers of one booking
FIRST_HOUR, SECONDS = 6, 12 * 3600  # markers lie between 06:00:00 and 17:59:59 UTC
IN_TEAMLEADER = ("accepted", "done")


def method_of(source: str | None) -> str:
    """Return Twikey's name of a payment method: sdd, rcc, paylink, transfer, manual."""
    return METHODS.get(source or "", source or "unknown")


# ---- which payments stand


class Net(NamedTuple):
    """What is left of a booking's events: active payments in order, and who undid which.

    ``undone`` maps a payment to the event that undid it; ``idle`` are failures and refunds that
    change nothing, each with its state and the reason.
    """

    active: list[MoneyEvent]
    undone: dict[str, str]
    idle: list[tuple[str, str, str | None]]


def net(events: Iterable[MoneyEvent]) -> Net:
    """Net the events of one booking, in the order in which they happened (decisions 7).

    Failures come before refunds: they name their payment, a refund only tells an amount.
    """
    ordered = sorted(events, key=_when)
    payments = [event for event in ordered if event.type == "payment"]
    undone: dict[str, str] = {}
    idle: list[tuple[str, str, str | None]] = []
    others = [event for event in ordered if event.type != "payment"]
    for event in sorted(others, key=lambda one: one.type == "refund"):
        before = [p for p in payments if _when(p) < _when(event) and p.event_id not in undone]
        hit, state, why = _undoes(event, before, payments)
        if hit is not None:
            undone[hit.event_id] = event.event_id
        else:
            idle.append((event.event_id, state, why))
    return Net([p for p in payments if p.event_id not in undone], undone, idle)


def _when(event: MoneyEvent) -> tuple[str, int]:
    return event.occurred_at, event.seq


def _undoes(
    event: MoneyEvent, before: Sequence[MoneyEvent], payments: Sequence[MoneyEvent]
) -> tuple[MoneyEvent | None, str, str | None]:
    """Return the payment that a failure or refund undoes, or the state and why it does not."""
    if event.type == "refund":
        return _refunded(event, before)
    if event.type != "payment_failure":
        return None, "ignored", f"an event of the unknown kind {event.type}"
    if event.key is None:
        named = [p for p in before if p.amount_cents == event.amount_cents]
    else:
        named = [p for p in before if p.key == event.key]
    if named:
        return named[-1], "applied", None
    if event.key is not None and any(p.key == event.key for p in payments):
        return None, "ignored", "older than the payment it names, or named once more"
    return None, "ignored", "nothing had been paid by this attempt"


def _refunded(
    event: MoneyEvent, before: Sequence[MoneyEvent]
) -> tuple[MoneyEvent | None, str, str | None]:
    same = [p for p in before if p.amount_cents == event.amount_cents]
    if same:
        return same[-1], "applied", None
    if any(p.amount_cents > event.amount_cents for p in before):
        return None, "held", "only a part was paid back"
    return None, "ignored", "no payment of this amount"


def set_aside(event: MoneyEvent, booking: Followed, mark: Mark | None) -> tuple[str, str] | None:
    """Return state and reason of an event that is never written back, or None.

    ``mark``: we set the invoice to paid in Twikey ourselves.
    """
    if booking.kind == "credit_note":
        return "ignored", "credit notes are never written back"
    if mark is not None and is_echo(event, mark):
        return "ignored", "the echo of our own marking as paid"
    if booking.stage == "closed":
        return "reported", "its invoice was deleted in Teamleader"
    if event.currency != booking.currency:
        return "held", f"it is in {event.currency}, its invoice in {booking.currency}"
    return None


def is_echo(event: MoneyEvent, mark: Mark) -> bool:
    """Tell whether an event is what our own marking as paid caused (Twikey reference 3.4)."""
    if event.type != "payment" or method_of(event.source) != "manual" or mark.echo is not None:
        return False
    early = datetime.fromisoformat(mark.at) - CLOCKS
    return event.amount_cents == mark.cents and datetime.fromisoformat(event.occurred_at) >= early


class Decision(NamedTuple):
    """What is to be done about one booking's money.

    ``marks`` are events whose state needs no call (id, state, note), ``undo`` registered payments
    that no longer stand, ``register`` payments that are not in Teamleader yet, ``drop``
    registrations that were planned and are not wanted any more.
    """

    marks: list[tuple[str, str, str | None]]
    undo: list[str]
    register: list[MoneyEvent]
    drop: list[Registration]


def decide(events: Sequence[MoneyEvent], registrations: Sequence[Registration]) -> Decision:
    """Compare what stands with what was registered; a pure function of both."""
    stands = net(events)
    by_event = {one.event_id: one for one in registrations}
    known = {event.event_id: event for event in events}
    found = Decision([], [], [], [])
    for payment, undoing in stands.undone.items():
        _undo(known[payment], known[undoing], by_event.get(payment), found)
    for event in stands.active:
        _keep(event, by_event.get(event.event_id), found)
    found.marks.extend(mark for mark in stands.idle if known[mark[0]].state in ("new", "applied"))
    return found


def _undo(
    payment: MoneyEvent, undoing: MoneyEvent, registered: Registration | None, found: Decision
) -> None:
    if registered is not None and registered.state == "done":
        found.undo.append(payment.event_id)
        return
    if registered is not None and registered.state not in ("removed", "planned"):
        return
    if registered is not None and registered.state == "planned":
        found.drop.append(registered)
    if payment.state not in ("undone", "ignored"):
        found.marks.append((payment.event_id, "undone", None))
    if undoing.state != "applied":
        found.marks.append((undoing.event_id, "applied", None))


def _keep(event: MoneyEvent, registered: Registration | None, found: Decision) -> None:
    if event.state in ("ignored", "held"):
        return
    if registered is None or registered.state in ("planned", "removed"):
        found.register.append(event)
    elif registered.state == "done" and event.state == "new":
        found.marks.append((event.event_id, "registered", None))


def shares(events: Sequence[MoneyEvent], due_cents: int) -> list[tuple[MoneyEvent, int]]:
    """Give each payment its share of what is due, in order; never more than is due (4.1)."""
    found = []
    for event in events:
        share = min(event.amount_cents, max(due_cents, 0))
        due_cents -= share
        found.append((event, share))
    return found


def left_over(events: Iterable[MoneyEvent], registrations: Iterable[Registration]) -> int:
    """Return the cents that came in and have no place in Teamleader."""
    placed = {r.event_id: r.amount_cents for r in registrations if r.state in IN_TEAMLEADER}
    return sum(
        event.amount_cents - placed.get(event.event_id, 0)
        for event in net(events).active
        if event.state in ("registered", "reported")
    )


# ---- markers, and finding them again


def marker(
    booking_id: str,
    event: MoneyEvent,
    now: datetime,
    zone: ZoneInfo,
    taken: Iterable[str] = (),
) -> datetime:
    """Return the ``paid_at`` of a payment: its value date, at a time of day that marks it as ours.

    The day is the event's in ``zone``, the time a fingerprint of booking and event between 06:00:00
    and 17:59:59 UTC, in whole seconds, never later than ``now`` and apart from those ``taken``
    (reliability P8).
    """
    day = datetime.fromisoformat(event.occurred_at).astimezone(zone).date()
    first = datetime.combine(day, time(FIRST_HOUR), UTC)
    room = min(SECONDS, int((now - first).total_seconds()))
    mark = sha256(f"{booking_id}:{event.event_id}".encode()).digest()
    moment = now.astimezone(UTC).replace(microsecond=0)
    if room > 0:
        moment = first + timedelta(seconds=int.from_bytes(mark[:8]) % room)
    others = [datetime.fromisoformat(one) for one in taken]
    while any(abs(moment - other) < APART for other in others):
        moment -= APART
    return moment


class Wanted(NamedTuple):
    """A payment to be found: cents, and its instant as text."""

    amount_cents: int
    paid_at: str


def take(
    payments: Sequence[Payment], wanted: Sequence[Wanted], zone: ZoneInfo
) -> tuple[list[Payment | None], list[Payment]]:
    """Find each wanted payment, each row taken once; return what was found, and what is left.

    The instant counts, within a second. Should Teamleader keep only the day, a payment at midnight
    of that day with that amount is the one (Teamleader reference 10-U5).
    """
    left = list(payments)
    found: list[Payment | None] = [None] * len(wanted)
    for fits in (_same_instant, _same_day_without_time):
        for place, one in enumerate(wanted):
            if found[place] is not None:
                continue
            hit = next((p for p in left if fits(p, one, zone)), None)
            if hit is not None:
                left.remove(hit)
                found[place] = hit
    return found, left


def _same_instant(payment: Payment, wanted: Wanted, zone: ZoneInfo) -> bool:  # noqa: ARG001
    return (
        payment.amount_cents == wanted.amount_cents
        and abs(_at(payment.paid_at) - _at(wanted.paid_at)) <= TOLERANCE
    )


def _same_day_without_time(payment: Payment, wanted: Wanted, zone: ZoneInfo) -> bool:
    if payment.amount_cents != wanted.amount_cents:
        return False
    there, ours = _at(payment.paid_at), _at(wanted.paid_at)
    return any(
        there.astimezone(one).time() == time() and there.astimezone(one).date() == day
        for one in (UTC, zone)
        for day in (ours.astimezone(zone).date(),)
    )


def same_day(payments: Sequence[Payment], wanted: Wanted, zone: ZoneInfo) -> Payment | None:
    """Return a payment of that amount on that day, whatever its time of day.

    Only for what may have been registered before this ledger knew the booking (reliability P12).
    """
    day = _at(wanted.paid_at).astimezone(zone).date()
    return next(
        (
            payment
            for payment in payments
            if payment.amount_cents == wanted.amount_cents
            and _at(payment.paid_at).astimezone(zone).date() == day
        ),
        None,
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# ---- what must stand again after a removal


def survivors(
    payments: Sequence[Payment],
    due_cents: int,
    undone: Sequence[Registration],
    kept: Sequence[Registration],
    came_in: Mapping[str, int],
    zone: ZoneInfo,
) -> tuple[bool, list[Survivor]]:
    """Tell whether anything of ``undone`` stands, and what must stand after it was removed.

    ``kept`` are our other registrations; with the undone one gone there may be room for more of
    what came in for them (``came_in``: event -> cents). Other people's payments stay as they are.
    """
    hits, left = take(payments, [_wanted(one) for one in undone], zone)
    ours, others = take(left, [_wanted(one) for one in kept], zone)
    room = due_cents + sum(p.amount_cents for p in payments) - sum(p.amount_cents for p in others)
    found = [Survivor(p.amount_cents, p.currency, p.paid_at) for p in others]
    for one, payment in zip(kept, ours, strict=True):
        if payment is None:
            continue
        cents = min(came_in.get(one.event_id, one.amount_cents), room)
        room -= cents
        if cents > 0:
            found.append(Survivor(cents, one.currency, one.paid_at, one.method_id, one.event_id))
    return any(hit is not None for hit in hits), found


def missing(
    payments: Sequence[Payment], wanted: Sequence[Survivor], zone: ZoneInfo
) -> list[Survivor]:
    """Return the survivors that do not stand yet."""
    found, _ = take(payments, [Wanted(s.amount_cents, s.paid_at) for s in wanted], zone)
    return [one for one, hit in zip(wanted, found, strict=True) if hit is None]


def _wanted(one: Registration) -> Wanted:
    return Wanted(one.amount_cents, one.paid_at)


def other_peoples(
    payments: Sequence[Payment], ours: Sequence[Registration], zone: ZoneInfo
) -> list[Payment]:
    """Return the payments in Teamleader that are not ours."""
    _, left = take(payments, [_wanted(one) for one in ours if one.state in IN_TEAMLEADER], zone)
    return left
