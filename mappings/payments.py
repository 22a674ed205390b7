"""Guide 5 and 8: which events of Twikey lead to which payments in Teamleader.

A payment event is money that came in. What stands and is not in Teamleader yet is registered; what
is in Teamleader and no longer stands is undone; what found no room is told, and registered once
there is room for it (decisions 7; reliability P8, P9; Twikey reference 3.5).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.ledger.records import (
    DISMISSED,
    IN_PART,
    REST,
    Followed,
    Mark,
    MoneyEvent,
    Registration,
)
from mappings.markers import IN_TEAMLEADER
from mappings.netting import net

METHODS = {
    "direct_debit": "sdd",
    "recurring_card": "rcc",
    "credit_card": "rcc",
    "payment_link": "paylink",
    "credit_transfer": "transfer",
    "reporting": "transfer",
}
ECHO_OF_INTENT = timedelta(days=1)
CLOCKS = timedelta(minutes=5)  # by which Twikey's clock may lag ours
AHEAD = timedelta(hours=2)  # by which the clock of this host may run ahead of Twikey's
UNSETTLED = ("sending", "accepted", "unknown")
FOREIGN = "it is in "  # how the note of money in another currency begins
DELETED = "its invoice was deleted in Teamleader"


def method_of(source: str | None) -> str:
    """Return Twikey's name of a payment method: sdd, rcc, paylink, transfer, manual."""
    return METHODS.get(source or "", source or "unknown")


# ---- what is never written back


def set_aside(event: MoneyEvent, booking: Followed, mark: Mark | None) -> tuple[str, str] | None:
    """Return state and reason of an event that is never written back, or None.

    ``mark``: we set the invoice to paid in Twikey ourselves.
    """
    if booking.kind == "credit_note":
        return "ignored", "credit notes are never written back"
    if mark is not None and is_echo(event, mark):
        return "ignored", "the echo of our own marking as paid"
    if booking.stage == "closed":
        return "reported", DELETED
    if event.currency != booking.currency:
        return "held", f"{FOREIGN}{event.currency}, its invoice in {booking.currency}"
    return None


def is_set_aside(event: MoneyEvent) -> bool:
    """Tell whether an event waits for a person because of its currency or its deleted invoice."""
    return (event.note or "").startswith((FOREIGN, DELETED))


def held_as(event: MoneyEvent) -> str | None:
    """Return the code of the alert that a held event waits under; None when it is not held."""
    if event.state != "held":
        return None
    if is_set_aside(event):
        return "PAYMENT_HELD"
    return "STRICT_MODE" if event.type == "payment" else "PARTIAL_REFUND"


def is_echo(event: MoneyEvent, mark: Mark) -> bool:
    """Tell whether an event is what our own marking as paid caused (Twikey reference 3.4).

    The first manual payment around that time is ours, whatever Twikey held to be open; later ones,
    and those of up to two hours earlier (the clock of this host may run ahead), by their amount.
    """
    if event.type != "payment" or method_of(event.source) != "manual" or mark.echo is not None:
        return False
    after = datetime.fromisoformat(event.occurred_at) - datetime.fromisoformat(mark.at)
    if mark.state == "intent" and after > ECHO_OF_INTENT:
        return False  # nobody knows whether it ever came there: that is no word for ever
    return abs(after) <= CLOCKS or (after > -AHEAD and event.amount_cents == mark.cents)


# ---- what is to be done


class Wish(NamedTuple):
    """Money that is to be in Teamleader: the cents of an event that are not there yet.

    ``id`` is that of its registration: the event's own, or of the rest of it.
    """

    event: MoneyEvent
    id: str
    cents: int


class Decision(NamedTuple):
    """What is to be done about one booking's money.

    ``marks`` are events whose state needs no call (id, state, note), ``undo`` registrations whose
    payment no longer stands, ``register`` money that is not in Teamleader yet, ``drop``
    registrations that were planned and are not wanted any more.
    """

    marks: list[tuple[str, str, str | None]]
    undo: list[str]
    register: list[Wish]
    drop: list[Registration]


def decide(events: Sequence[MoneyEvent], registrations: Sequence[Registration]) -> Decision:
    """Compare what stands with what was registered; a pure function of both."""
    stands = net(events)
    known = {event.event_id: event for event in events}
    parts: dict[str, list[Registration]] = defaultdict(list)
    for one in registrations:
        parts[one.payment].append(one)
    taken_back: dict[str, list[str]] = defaultdict(list)
    for payment, undoing in stands.undone.items():
        taken_back[undoing].append(payment)
    found = Decision([], [], [], [])
    for undoing, payments in taken_back.items():
        gone = [_undo(known[payment], parts[payment], found) for payment in payments]
        if all(gone) and known[undoing].state != "applied":
            found.marks.append((undoing, "applied", None))
    for event in stands.active:
        _keep(event, parts[event.event_id], found)
    found.marks.extend(mark for mark in stands.idle if known[mark[0]].state in ("new", "applied"))
    return found


def _undo(payment: MoneyEvent, parts: Sequence[Registration], found: Decision) -> bool:
    """Undo a payment as far as that can be done now; tell whether nothing of it is left."""
    if any(one.state in UNSETTLED for one in parts):
        return False
    done = [one.event_id for one in parts if one.state == "done"]
    if done:
        found.undo.extend(done)
        return False
    found.drop.extend(one for one in parts if one.state == "planned")
    if payment.state not in ("undone", "ignored"):
        found.marks.append((payment.event_id, "undone", None))
    return True


def _keep(event: MoneyEvent, parts: Sequence[Registration], found: Decision) -> None:
    """Register what is not in Teamleader yet: all, or the rest of what was registered in part."""
    if event.state in ("ignored", "held", DISMISSED):
        return
    if any(one.state in UNSETTLED for one in parts):
        return
    placed = sum(one.amount_cents for one in parts if one.state == "done")
    rest = event.amount_cents - placed
    if rest > 0 and (not placed or event.state == "new" or event.note == IN_PART):
        found.register.append(Wish(event, _free_id(event, parts), rest))
    elif event.state == "new":
        found.marks.append((event.event_id, "registered", None))


def _free_id(event: MoneyEvent, parts: Sequence[Registration]) -> str:
    """Return the id of a registration that does not stand, or a new one."""
    free = [one.event_id for one in parts if one.state != "done"]
    if free:
        return free[0]
    return f"{event.event_id}{REST}{len(parts)}" if parts else event.event_id


def shares(wishes: Sequence[Wish], due_cents: int) -> list[tuple[Wish, int]]:
    """Give each wish its share of what is due, in order; never more than is due (4.1)."""
    found = []
    for wish in wishes:
        share = min(wish.cents, max(due_cents, 0))
        due_cents -= share
        found.append((wish, share))
    return found


def rest_paid_back(
    events: Sequence[MoneyEvent], registrations: Sequence[Registration]
) -> tuple[MoneyEvent, MoneyEvent] | None:
    """Return a refund of exactly the rest that had no place, and the payment it is of.

    So it was advised; in Teamleader stands what is due, and nothing is to be corrected.
    """
    placed: dict[str, int] = defaultdict(int)
    for one in registrations:
        if one.state in IN_TEAMLEADER:
            placed[one.payment] += one.amount_cents
    rests = [one for one in net(events).active if one.note == IN_PART]
    for refund in (one for one in events if (one.type, one.state) == ("refund", "held")):
        for payment in rests:
            rest = payment.amount_cents - placed[payment.event_id]
            after = payment.occurred_at < refund.occurred_at
            if after and (rest, payment.currency) == (refund.amount_cents, refund.currency):
                return refund, payment
    return None


def left_over(events: Iterable[MoneyEvent], registrations: Iterable[Registration]) -> int:
    """Return the cents that came in, have no place in Teamleader, and nobody dismissed."""
    placed: dict[str, int] = defaultdict(int)
    for one in registrations:
        if one.state in IN_TEAMLEADER:
            placed[one.payment] += one.amount_cents
    return sum(
        event.amount_cents - placed[event.event_id]
        for event in net(events).active
        if event.state in ("registered", "reported")
        and not (event.note or "").startswith(DISMISSED)
    )
