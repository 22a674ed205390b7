"""Guide 8: which payments stand, once failures and refunds took theirs back.

Whatever the order in which the feed tells, what counts is when it happened. A failure takes back
the payment that it names. A refund only tells an amount, so money decides: which of several it was
makes no difference to the cent (decisions 7; Twikey reference 3.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from connectors.ledger.records import DISMISSED, MoneyEvent

Taken = tuple[Sequence[MoneyEvent], str, str | None]  # what is taken back, or the state and why not


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

    Failures come before refunds: they name their payment, a refund only tells an amount. What a
    person dismissed takes nothing back.
    """
    ordered = sorted(events, key=_when)
    payments = [event for event in ordered if event.type == "payment"]
    undone: dict[str, str] = {}
    idle: list[tuple[str, str, str | None]] = []
    others = [e for e in ordered if e.type != "payment" and e.state != DISMISSED]
    for event in sorted(others, key=lambda one: one.type == "refund"):
        before = [p for p in payments if _when(p) < _when(event) and p.event_id not in undone]
        hits, state, why = _undoes(event, before, payments)
        undone.update((hit.event_id, event.event_id) for hit in hits)
        if not hits:
            idle.append((event.event_id, state, why))
    return Net([p for p in payments if p.event_id not in undone], undone, idle)


def _when(event: MoneyEvent) -> tuple[str, int]:
    return event.occurred_at, event.seq


def _undoes(
    event: MoneyEvent, before: Sequence[MoneyEvent], payments: Sequence[MoneyEvent]
) -> Taken:
    if event.type == "refund":
        return _refunded(event, before)
    if event.type != "payment_failure":
        return (), "ignored", f"an event of the unknown kind {event.type}"
    if event.key is None:
        named = [p for p in before if p.amount_cents == event.amount_cents]
    else:
        named = [p for p in before if p.key == event.key]
    if named:
        return named[-1:], "applied", None
    if event.key is not None and any(p.key == event.key for p in payments):
        return (), "ignored", "older than the payment it names, or named once more"
    return (), "ignored", "nothing had been paid by this attempt"


def _refunded(event: MoneyEvent, before: Sequence[MoneyEvent]) -> Taken:
    """Find one payment of the amount, or the last few that add up to it, or all.

    What is not in Teamleader goes back first, so that a double that is paid back leaves the other
    where it is. Anything else is for a person: never nothing while money stands.
    """
    standing = [p for p in before if p.state != "ignored" and p.currency == event.currency]
    standing.sort(key=_how_loose)
    same = [p for p in standing if p.amount_cents == event.amount_cents]
    if same:
        return same[-1:], "applied", None
    for start in range(len(standing)):
        if sum(p.amount_cents for p in standing[start:]) == event.amount_cents:
            return standing[start:], "applied", None
    if not before:
        return (), "ignored", "nothing had been paid before"
    if any(p.amount_cents > event.amount_cents for p in standing):
        return (), "held", "only a part was paid back"
    return (), "held", "the amount is that of no payment, nor of several together"


def _how_loose(event: MoneyEvent) -> int:
    """Rank what stands in Teamleader, what does not, and what went back before (for good)."""
    return {"registered": 0, "undone": 2}.get(event.state, 1)
