"""What a credit note means for money that Twikey asks, or has collected (guide 11; decisions 7).

Twikey cannot change the amount of an invoice (Twikey API reference 2.9) and nobody knows whether it
nets a credit note by itself (10-22): what is asked too much, and what came in too much, is told.
Example: of an invoice of 100.00 that is being collected 20.00 is credited. Twikey asks 20.00 too
much; once the 100.00 were registered, 20.00 are to be given back.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.ledger.records import Credit, Followed, MoneyEvent
from connectors.teamleader.records import Payment
from mappings.guards import came_in

ENDED = ("PAID", "ARCHIVED", "GONE")
"""Twikey's states in which an invoice is not collected any more."""


def late(booking: Followed, credits: Sequence[Credit]) -> list[Credit]:
    """Return the credit notes that Twikey was not told of when the invoice crossed.

    One that was there before, and fits into what was sent as paid already, was told (decisions 3).
    Of an adopted invoice nobody knows what was sent: there only what came later counts.
    """
    told, found = booking.prepaid_cents, []
    for credit in sorted(credits, key=lambda one: (one.first_seen_at, one.number)):
        before = credit.first_seen_at <= (booking.sent_at or "")
        if before and (booking.adopted or credit.cents <= told):
            told -= credit.cents
        else:
            found.append(credit)
    return found


def asked_too_much(
    booking: Followed, credits: Sequence[Credit], events: Sequence[MoneyEvent]
) -> int:
    """Return the cents that Twikey still asks and that are credited in Teamleader."""
    if booking.twikey_state in ENDED:
        return 0
    asked = (booking.amount_cents or 0) - booking.prepaid_cents - came_in(events)
    excess = asked - max(booking.due_cents or 0, 0)
    return max(0, min(excess, sum(credit.cents for credit in late(booking, credits))))


def paid_in_part(booking: Followed, credits: Sequence[Credit], events: Sequence[MoneyEvent]) -> int:
    """Return the cents that Twikey still asks although somebody paid them in Teamleader (B8).

    Whatever lowered what is due, and no credit note that is told explains. Of an adopted invoice
    nobody knows what Twikey was told as paid before; a changed amount is told as such (C33).
    """
    changed = booking.payable_cents != booking.amount_cents
    if booking.twikey_state in ENDED or booking.adopted or changed:
        return 0
    asked = (booking.amount_cents or 0) - booking.prepaid_cents - came_in(events)
    excess = asked - max(booking.due_cents or 0, 0)
    return max(0, excess - asked_too_much(booking, credits, events))


def to_give_back(
    payable_cents: int,
    payments: Sequence[Payment],
    credits: Sequence[Credit],
    events: Sequence[MoneyEvent],
) -> int:
    """Return the cents that came in through Twikey, stand in Teamleader, and are credited there.

    What Twikey paid back of a payment counts as given back, whoever corrects Teamleader.
    """
    over = sum(one.amount_cents for one in payments) + sum(one.cents for one in credits)
    back = sum(one.amount_cents for one in events if (one.type, one.state) == ("refund", "held"))
    return max(0, min(over - payable_cents, came_in(events)) - back)


def figures(booking: Followed, credits: Sequence[Credit], events: Sequence[MoneyEvent]) -> str:
    """Write down all that ``to_give_back`` depends on and that the ledger knows, to see a change.

    As long as it is the same, another look at the payments shows nothing new.
    """
    notes = " ".join(f"{one.id}:{one.cents}:{int(one.paid)}" for one in credits)
    money = " ".join(f"{one.event_id}:{one.state}" for one in events)
    return f"{booking.due_cents} {notes} {money}"
