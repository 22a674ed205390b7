"""When an open invoice is settled, by whom, and whether its state explains itself (decisions 7)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.ledger.records import (
    DISMISSED,
    IN_PART,
    REST_BACK,
    Followed,
    Mark,
    MoneyEvent,
    Registration,
)
from connectors.teamleader.records import Payment
from mappings.money_events import KEYS, SEEN_KEYS
from mappings.netting import net

OWED = ("BOOKED", "EXPIRED", "PENDING")
LAG = timedelta(hours=1)  # by which one feed may lag behind the other before anything is said


def settled(booking: Followed) -> bool:
    """Tell whether Teamleader has nothing due on an invoice; ``due`` decides (reference 10-U6)."""
    return booking.paid or (booking.due_cents or 0) <= 0


def came_in(events: Sequence[MoneyEvent]) -> int:
    """Return the cents that Twikey's own money events leave standing."""
    return sum(event.amount_cents for event in _standing(events))


def asks_what_is_due(booking: Followed, events: Sequence[MoneyEvent]) -> bool:
    """Tell whether Twikey asks to the cent what Teamleader has due, whatever it was made with."""
    asked = (booking.amount_cents or 0) - booking.prepaid_cents - came_in(events)
    return asked == max(booking.due_cents or 0, 0)


def _standing(events: Sequence[MoneyEvent]) -> list[MoneyEvent]:
    return [event for event in net(events).active if event.state != "ignored"]


def written(registrations: Sequence[Registration]) -> int:
    """Return the cents that we registered in Teamleader and did not take back."""
    return sum(one.amount_cents for one in registrations if one.state == "done")


def at_work(events: Sequence[MoneyEvent], *, write_back: bool) -> bool:
    """Tell whether money is still to be written to Teamleader: until then nothing can be said.

    With writing back switched off nothing ever is; but what a person registered by hand may have
    failed since, so a payment that was undone still keeps the guards off.
    """
    news = {event.event_id for event in events if event.state == "new"}
    return bool(news) and (write_back or not news.isdisjoint(net(events).undone.values()))


# ---- a failure that the invoice shows and no event has told


def shown_failure(booking: Followed) -> dict[str, str] | None:
    """Return what the invoice shows of a failed last payment: its names and its date, or None."""
    last = json.loads(booking.last_payment) if booking.last_payment else {}
    if last.get("action") != "payment_fail":
        return None
    named = {SEEN_KEYS.get(name, name): value for name, value in last.items()}
    return {name: str(named[name]) for name in (*KEYS, "date") if named.get(name) not in (None, "")}


def unexplained_failure(
    booking: Followed, events: Sequence[MoneyEvent], details: Mapping[str, str]
) -> bool:
    """Tell whether the invoice shows that money of ours failed, and no event has told it yet.

    Nothing orders the two feeds (Twikey reference 10-37): what one shows, the other tells later.
    Every name that both give of a payment is compared. ``details`` are the events' as JSON text.
    """
    shown = shown_failure(booking)
    if shown is None:
        return False
    alike = [(event, _same(shown, details.get(event.event_id))) for event in _standing(events)]
    if all(same is False for _, same in alike):
        return False  # the attempt of another payment, or of one that never came in
    paid_at = max((payment.occurred_at for payment, same in alike if same), default="")
    failures = [event for event in events if event.type == "payment_failure"]
    return not any(_tells(event, shown, details, paid_at) for event in failures)


def _tells(
    event: MoneyEvent, shown: dict[str, str], details: Mapping[str, str], paid_at: str
) -> bool:
    """Tell whether this is the failure that is shown; one that the payment followed is older."""
    same = _same(shown, details.get(event.event_id))
    if same is None:
        day = _day_before(shown.get("date"))
        return day is None or event.occurred_at[:10] >= day
    return same and event.occurred_at >= paid_at


def _same(shown: Mapping[str, str], details: str | None) -> bool | None:
    """Compare the names of two payments; None when they have no kind of name in common."""
    found = json.loads(details) if details else {}
    both = [name for name in KEYS if name in shown and found.get(name) not in (None, "")]
    return any(shown[name] == str(found[name]) for name in both) if both else None


def _day_before(date: str | None) -> str | None:
    try:
        day = datetime.fromisoformat((date or "").strip()[:10])
    except ValueError:
        return None
    return (day - timedelta(days=1)).date().isoformat()


# ---- money that went back and that nobody took out of Teamleader


def still_registered(
    others: Sequence[Payment],
    events: Sequence[MoneyEvent],
    taken_back: set[str],
    zone: ZoneInfo,
) -> list[Payment]:
    """Return payments that may be money of ours that went back, registered by a person.

    They are dated between such a payment and its failure, and not larger than it. What we took out
    of Teamleader ourselves (``taken_back``) is not looked for, nor what a person explained.
    """
    known = {event.event_id: event for event in events}
    spans = [
        (known[paid], known[undoing])
        for paid, undoing in net(events).undone.items()
        if paid not in taken_back and not (known[paid].note or "").startswith(DISMISSED)
    ]
    return [one for one in others if any(_between(one, *span, zone) for span in spans)]


def _between(one: Payment, paid: MoneyEvent, failed: MoneyEvent, zone: ZoneInfo) -> bool:
    moments = (paid.occurred_at, one.paid_at, failed.occurred_at)
    first, made, last = (datetime.fromisoformat(text).astimezone(zone) for text in moments)
    return one.amount_cents <= paid.amount_cents and first.date() <= made.date() and made < last


# ---- our own setting to paid


def marked(mark: Mark | None, events: Sequence[MoneyEvent]) -> bool:
    """Tell whether our own setting to paid still counts: no money went back since."""
    if mark is None or mark.state != "done":
        return False
    return not any(
        event.state == "applied" and event.occurred_at > mark.at
        for event in events
        if event.type != "payment"
    )


def is_over(mark: Mark | None, booking: Followed) -> bool:
    """Tell whether a mark has served: due in Teamleader again, and owed in Twikey again."""
    if mark is None or mark.state == "intent" or settled(booking):
        return False
    return booking.twikey_state in OWED


def fell(booking: Followed, events: Sequence[MoneyEvent], *, our_mark: bool) -> bool:
    """Tell whether an invoice that must be paid by all that is known is not (acceptance A43)."""
    left = came_in(events) - sum(event.amount_cents for event in events if _by_hand(event))
    whole = booking.prepaid_cents + left >= (booking.amount_cents or 0)
    return booking.twikey_state in OWED and (whole or our_mark)


def agree_it_is_owed(booking: Followed, registrations: Sequence[Registration]) -> bool:
    """Tell whether nothing of what we registered stands in Teamleader: it is owed there too."""
    return not settled(booking) and written(registrations) <= (booking.due_cents or 0)


# ---- due in Teamleader


def has_room_again(
    booking: Followed, events: Sequence[MoneyEvent], registrations: Sequence[Registration]
) -> bool:
    """Tell whether money that had no place in Teamleader has one now: the rival one was removed.

    Not when what we registered already makes the invoice whole: then ours was removed.
    """
    if settled(booking) or booking.status == "draft":
        return False
    waits = any(
        event.type == "payment" and (event.state == "reported" or event.note == IN_PART)
        for event in events
    )
    return waits and written(registrations) < (booking.payable_cents or 0)


def due_again(
    booking: Followed,
    events: Sequence[MoneyEvent],
    registrations: Sequence[Registration],
    now: datetime,
    *,
    our_mark: bool,
) -> bool:
    """Tell whether Teamleader lacks what Twikey has as paid, and nothing is to be written.

    Either we set it to paid, or what we registered does not stand there, or nothing explains that
    Twikey has it as paid, for longer than the feeds may lag. What Twikey never brought does not
    count: a part of somebody else, or an amount that grew after booking.
    """
    if booking.twikey_state != "PAID" or settled(booking):
        return False
    if our_mark:
        return True
    if any(event.type == "payment" and event.state == "held" for event in events):
        return False  # has its own alert
    due, payable = booking.due_cents or 0, booking.payable_cents or 0
    back = sum(event.amount_cents for event in events if _by_hand(event))
    if due > payable - booking.prepaid_cents - written(registrations) + back:
        return True
    grown = max(payable - (booking.amount_cents or 0), 0)
    if due <= grown or not long_seen(booking, now):
        return False
    return not _explained(booking, events, registrations)


def _by_hand(event: MoneyEvent) -> bool:
    """Tell whether a person corrects it in Teamleader: a part of a payment that went back."""
    by_hand = event.type == "refund" and event.state in ("held", DISMISSED)
    return by_hand and event.note != REST_BACK


def _explained(
    booking: Followed, events: Sequence[MoneyEvent], registrations: Sequence[Registration]
) -> bool:
    """Tell whether it is no wonder: the money came for it, or Twikey keeps it paid in a refund.

    What a person said is settled elsewhere did not come for this invoice.
    """
    here = came_in(events) - _settled_elsewhere(events, registrations)
    whole = booking.prepaid_cents + here >= (booking.amount_cents or 0)
    refunds = [event for event in events if event.type == "refund"]
    return whole or any(one.state == "applied" or _by_hand(one) for one in refunds)


def _settled_elsewhere(events: Sequence[MoneyEvent], registrations: Sequence[Registration]) -> int:
    away = [one for one in _standing(events) if (one.note or "").startswith(DISMISSED)]
    ids = {one.event_id for one in away}
    placed = written([one for one in registrations if one.payment in ids])
    return sum(one.amount_cents for one in away) - placed


def long_seen(booking: Followed, now: datetime) -> bool:
    """Tell whether Twikey has shown it so for longer than its feeds may lag."""
    return booking.seen_at is not None and datetime.fromisoformat(booking.seen_at) <= now - LAG
