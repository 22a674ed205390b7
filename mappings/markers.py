"""How a payment of ours is marked in Teamleader, and found again among other people's.

Teamleader gives payments no id. So each of ours carries an instant that is its fingerprint, and
whoever removes payments knows which must stand again (reliability P8, P9; Teamleader reference 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from connectors.ledger.records import MoneyEvent, Registration, Survivor
from connectors.teamleader.records import Payment

TOLERANCE = timedelta(seconds=1)
APART = timedelta(seconds=5)  # between two markers of one booking
FIRST_HOUR, SECONDS = 6, 12 * 3600  # markers lie between 06:00:00 and 17:59:59 UTC
IN_TEAMLEADER = ("accepted", "done")


def marker(
    booking_id: str,
    event: MoneyEvent,
    now: datetime,
    zone: ZoneInfo,
    taken: Iterable[str] = (),
    part: str | None = None,
) -> datetime:
    """Return the ``paid_at`` of a payment: its value date, at a time of day that marks it as ours.

    The day is the event's in ``zone``, the time a fingerprint of booking and event (or of a
    ``part`` of it) between 06:00:00 and 17:59:59 UTC, in whole seconds, never later than ``now``
    and apart from those ``taken`` (reliability P8).
    """
    day = _at(event.occurred_at).astimezone(zone).date()
    first = datetime.combine(day, time(FIRST_HOUR), UTC)
    room = min(SECONDS, int((now - first).total_seconds()))
    mark = sha256(f"{booking_id}:{part or event.event_id}".encode()).digest()
    moment = now.astimezone(UTC).replace(microsecond=0)
    if room > 0:
        moment = first + timedelta(seconds=int.from_bytes(mark[:8]) % room)
    others = [_at(one) for one in taken]
    while any(abs(moment - other) < APART for other in others):
        moment -= APART
    return moment


# ---- finding them again


class Wanted(NamedTuple):
    """A payment to be found: cents, and its instant as text."""

    amount_cents: int
    paid_at: str


def take(
    payments: Sequence[Payment], wanted: Sequence[Wanted], zone: ZoneInfo
) -> tuple[list[Payment | None], list[Payment]]:
    """Find each wanted payment, each row taken once; return what was found, and what is left.

    The instant counts, within a second. Should Teamleader keep only the day, a payment of that day
    with that amount is the one; but one payment with a time of day on the invoice shows that times
    are kept, and then a payment at midnight is somebody else's (Teamleader reference 10-U5).
    """
    left = list(payments)
    found: list[Payment | None] = [None] * len(wanted)
    only_days = all(without_time(payment, zone) for payment in payments)
    for fits in (_same_instant, _same_day) if only_days else (_same_instant,):
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


def without_time(payment: Payment, zone: ZoneInfo) -> bool:
    """Tell whether a payment carries a day only: midnight there or here."""
    return any(_at(payment.paid_at).astimezone(one).time() == time() for one in (UTC, zone))


def _same_day(payment: Payment, wanted: Wanted, zone: ZoneInfo) -> bool:
    there, day = _at(payment.paid_at), _at(wanted.paid_at).astimezone(zone).date()
    return payment.amount_cents == wanted.amount_cents and any(
        there.astimezone(one).date() == day and there.astimezone(one).time() == time()
        for one in (UTC, zone)
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


def other_peoples(
    payments: Sequence[Payment], ours: Sequence[Registration], zone: ZoneInfo
) -> list[Payment]:
    """Return the payments in Teamleader that are not ours."""
    _, left = take(payments, [_wanted(one) for one in ours if one.state in IN_TEAMLEADER], zone)
    return left


def _wanted(one: Registration) -> Wanted:
    return Wanted(one.amount_cents, one.paid_at)


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
    room -= sum(p.amount_cents for p in ours if p is not None)
    spare = dict(came_in)
    for one in kept:
        spare[one.payment] = spare.get(one.payment, 0) - one.amount_cents
    found = [Survivor(p.amount_cents, p.currency, p.paid_at) for p in others]
    for one, payment in zip(kept, ours, strict=True):
        if payment is None:
            continue
        more = max(min(spare[one.payment], room), 0)
        spare[one.payment] -= more
        room -= more
        cents = one.amount_cents + more
        found.append(Survivor(cents, one.currency, one.paid_at, one.method_id, one.event_id))
    return any(hit is not None for hit in hits), found


def missing(
    payments: Sequence[Payment], wanted: Sequence[Survivor], zone: ZoneInfo
) -> list[Survivor]:
    """Return the survivors that do not stand yet."""
    found, _ = take(payments, [Wanted(s.amount_cents, s.paid_at) for s in wanted], zone)
    return [one for one, hit in zip(wanted, found, strict=True) if hit is None]
