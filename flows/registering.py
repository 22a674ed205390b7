"""Guide 5: each confirmed payment is registered in Teamleader once, and looked at afterwards.

Per hundred bookings two reads, and one write per payment between them. The intent is committed
before the call, a 204 is believed only when the invoice shows it, and an answer that was lost is
looked up in a later run, never sent again without looking (decisions 5, 7; reliability P8).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from connectors.errors import CallRefused, Halted, NotFound, OutcomeUnknown, ServiceUnavailable
from connectors.ledger.records import Followed, MoneyEvent, Registration
from connectors.ledger.runs import text
from flows.look import PER_CALL, gone, look_at, read_by_ids
from flows.report import euro
from flows.run import Run
from mappings.payments import Wanted, marker, method_of, same_day, shares, take

LOST_IN_A_ROW = 3
NO_ROOM = "Teamleader has nothing due any more"


# ---- what an earlier run left


def settle_registrations(run: Run) -> int:
    """Look up every registration whose outcome is open and whose wait is over; return how many."""
    now = text(run.now())
    by_booking: dict[str, list[Registration]] = defaultdict(list)
    for one in run.ledger.payments.open_registrations():
        by_booking[one.booking_id].append(one)
    settled = 0
    for booking_id, found in by_booking.items():
        if max(one.not_before for one in found) <= now:
            settled += len(found)
            run.tell("looking up payments whose answer was lost", settled, None)
            look_for(run, booking_id, found, "planned")
    return settled


def look_for(run: Run, booking_id: str, found: Sequence[Registration], otherwise: str) -> None:
    """Find registrations among the payments of their invoice; those not there get ``otherwise``."""
    detail = look_at(run, booking_id)
    if detail is None:
        return
    there, _ = take(
        detail.payments,
        [Wanted(one.amount_cents, one.paid_at) for one in found],
        run.connection.zone,
    )
    for one, hit in zip(found, there, strict=True):
        state = "done" if hit is not None else otherwise
        why = "found in Teamleader" if hit is not None else "looked up: not in Teamleader"
        if state == "unknown":
            run.ledger.payments.begin(
                one._replace(state=state, not_before=text(run.not_before())), run.now()
            )
        run.ledger.payments.ended(one, state, run.id, run.now(), why=why)


# ---- what is to be registered now


def register(run: Run, wanted: dict[str, list[MoneyEvent]]) -> None:
    """Register payments, booking id -> its events in order; verify by a second look."""
    ids = list(wanted)
    lost = 0
    for start in range(0, len(ids), PER_CALL):
        fresh = read_by_ids(run, ids[start : start + PER_CALL])
        expected: dict[str, int] = {}
        for booking_id, booking in fresh.items():
            due, unknown = _register_one(run, booking, wanted[booking_id])
            lost = lost + 1 if unknown else 0
            if due is not None:
                expected[booking_id] = due
            if lost == LOST_IN_A_ROW:
                raise ServiceUnavailable(f"Teamleader left {lost} payments without an answer")
            run.tell("registering payments in Teamleader", start + len(expected), len(ids))
        _verify(run, expected)


def _register_one(
    run: Run, booking: Followed, events: Sequence[MoneyEvent]
) -> tuple[int | None, bool]:
    """Register one booking's payments; return what is due then (None: no write), and a loss."""
    if booking.adopted:
        events = _not_there_before(run, booking, events)
    room = 0 if booking.paid or booking.status == "draft" else (booking.due_cents or 0)
    before = run.ledger.payments.registrations([booking.id])[booking.id]
    accepted = False
    for event, share in shares(events, room):
        if share == 0:
            run.ledger.payments.decided([(event.event_id, "reported", NO_ROOM)], run.id, run.now())
            continue
        one = _registration(run, booking, event, share, before)
        before.append(one)
        state = _send(run, booking, one)
        if state != "accepted":
            return (room if accepted else None), state == "unknown"
        accepted = True
        room -= share
    return (room if accepted else None), False


def _not_there_before(
    run: Run, booking: Followed, events: Sequence[MoneyEvent]
) -> list[MoneyEvent]:
    """Leave out what was registered before this ledger knew the booking (reliability P12)."""
    early = [event for event in events if event.occurred_at < (booking.sent_at or "")]
    if not early:
        return list(events)
    detail = look_at(run, booking.id)
    if detail is None:
        return []
    left, kept = list(detail.payments), [event for event in events if event not in early]
    for event in early:
        paid_at = marker(booking.id, event, run.now(), run.connection.zone)
        wanted = Wanted(event.amount_cents, text(paid_at))
        hit = same_day(left, wanted, run.connection.zone)
        if hit is not None:
            left.remove(hit)
            one = _registration(run, booking, event, event.amount_cents, [])
            one = one._replace(paid_at=hit.paid_at)
            with run.ledger.atomic():
                run.ledger.payments.begin(one, run.now())
                run.ledger.payments.ended(
                    one, "done", run.id, run.now(), why="was there before this ledger"
                )
        elif detail.paid or (detail.due_cents or 0) <= 0:
            why = "paid in Teamleader before this ledger knew it"
            run.ledger.payments.decided([(event.event_id, "ignored", why)], run.id, run.now())
        else:
            kept.append(event)
    return sorted(kept, key=lambda event: (event.occurred_at, event.seq))


def _registration(
    run: Run, booking: Followed, event: MoneyEvent, share: int, before: Sequence[Registration]
) -> Registration:
    """Return the intent for one payment; a marker that was chosen once stays."""
    earlier = next((one for one in before if one.event_id == event.event_id), None)
    if earlier is not None:
        paid_at = earlier.paid_at
    else:
        taken = [one.paid_at for one in before]
        paid_at = text(marker(booking.id, event, run.now(), run.connection.zone, taken))
    methods = run.connection.settings.payments.methods
    return Registration(
        event.event_id,
        booking.id,
        share,
        booking.currency or event.currency,
        paid_at,
        methods.get(method_of(event.source)),
        "sending",
        text(run.not_before()),
    )


def _send(run: Run, booking: Followed, one: Registration) -> str:
    """Register one payment under its intent; return accepted, unknown or refused."""
    payments = run.ledger.payments
    payments.begin(one, run.now())
    try:
        run.connection.teamleader.register_payment(
            booking.id,
            one.amount_cents,
            one.currency,
            datetime.fromisoformat(one.paid_at),
            one.method_id,
        )
    except OutcomeUnknown as lost:
        payments.ended(one, "unknown", run.id, run.now(), why=str(lost))
        return "unknown"
    except NotFound:
        payments.ended(one, "planned", run.id, run.now(), why="the invoice is gone")
        gone(run, booking.id)
        return "refused"
    except CallRefused as refused:
        payments.ended(one, "planned", run.id, run.now(), why=str(refused))
        _after_refusal(run, booking, one, refused)
        return "refused"
    except Halted as halt:
        payments.ended(one, "planned", run.id, run.now(), why=str(halt))
        raise
    payments.ended(one, "accepted", run.id, run.now())
    return "accepted"


def _after_refusal(run: Run, booking: Followed, one: Registration, refused: CallRefused) -> None:
    """Look why: paid by somebody meanwhile, room for less, or a clash that a person settles."""
    detail = look_at(run, booking.id)
    if detail is None:
        return
    due = detail.due_cents or 0
    if detail.paid or due <= 0:
        run.ledger.payments.decided(
            [(one.event_id, "reported", "somebody registered it in Teamleader meanwhile")],
            run.id,
            run.now(),
        )
    elif due >= one.amount_cents:
        with run.ledger.atomic():
            why = f"Twikey says {booking.twikey_state}, Teamleader {detail.status}; {refused}"
            run.ledger.payments.decided([(one.event_id, "held", why)], run.id, run.now())
            run.ledger.alerts.alert(booking.id, "STRICT_MODE", why, run.id, run.now())


def _verify(run: Run, expected: dict[str, int]) -> None:
    """Look once more at what was accepted: one read per hundred, details only on surprise."""
    if not expected:
        return
    fresh = read_by_ids(run, list(expected))
    registrations = run.ledger.payments.registrations(list(expected))
    for booking_id, due in expected.items():
        accepted = [one for one in registrations[booking_id] if one.state == "accepted"]
        now = fresh.get(booking_id)
        if now is None or (now.due_cents or 0) > due:
            look_for(run, booking_id, accepted, "unknown")
            continue
        with run.ledger.atomic():
            for one in accepted:
                run.ledger.payments.ended(one, "done", run.id, run.now())


def partly_paid(run: Run, ids: Sequence[str]) -> list[str]:
    """Return in words which of these bookings are paid in part (complaint C35)."""
    return [
        f"{one.number}: {euro(one.due_cents or 0)} open"
        for one in run.ledger.follow.bookings(ids).values()
        if 0 < (one.due_cents or 0) < (one.payable_cents or 0)
    ]
