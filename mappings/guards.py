"""When an open invoice is settled, by whom, and whether its state explains itself (decisions 7)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from connectors.ledger.records import Followed, Mark, MoneyEvent
from mappings.money_events import SEEN_KEYS, key_of
from mappings.payments import net


def settled(booking: Followed) -> bool:
    """Tell whether Teamleader has nothing due on an invoice; ``due`` decides (reference 10-U6)."""
    return booking.paid or (booking.due_cents or 0) <= 0


def came_in(events: Sequence[MoneyEvent]) -> int:
    """Return the cents that Twikey's own money events leave standing."""
    return sum(event.amount_cents for event in net(events).active if event.state != "ignored")


def unexplained_failure(booking: Followed, events: Sequence[MoneyEvent]) -> bool:
    """Tell whether the invoice shows a failed payment that no event has told yet.

    Nothing orders the two feeds (Twikey reference 10-37): what one shows, the other tells later.
    """
    last = json.loads(booking.last_payment) if booking.last_payment else {}
    if last.get("action") != "payment_fail":
        return False
    key = key_of({SEEN_KEYS.get(name, name): value for name, value in last.items()})
    told = [event.key for event in events if event.type == "payment_failure"]
    return key not in told if key else not told


def marked(mark: Mark | None, events: Sequence[MoneyEvent]) -> bool:
    """Tell whether our own setting to paid still counts: no money went back since."""
    if mark is None or mark.state != "done":
        return False
    return not any(
        event.state == "applied" and event.occurred_at > mark.at
        for event in events
        if event.type != "payment"
    )


def fell(booking: Followed, events: Sequence[MoneyEvent], *, our_mark: bool) -> bool:
    """Tell whether an invoice that must be paid by all that is known is not (acceptance A43)."""
    whole = booking.prepaid_cents + came_in(events) >= (booking.amount_cents or 0)
    return booking.twikey_state in ("BOOKED", "EXPIRED", "PENDING") and (whole or our_mark)
