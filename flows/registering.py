"""Guide 5: each confirmed payment is registered in Teamleader once, and looked at afterwards.

Per hundred bookings two reads, and one write per payment between them. The intent is committed
before the call, a 204 is believed only when the invoice shows it, and an answer that was lost is
looked up in a later run, never sent again without looking (decisions 5, 7; reliability P8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.errors import (
    CallRefused,
    Halted,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    ServiceUnavailable,
)
from connectors.ledger.records import IN_PART, Followed, MoneyEvent, Registration, Survivor
from connectors.ledger.runs import text
from flows import by_hand
from flows.look import PER_CALL, gone, look_at, read_by_ids
from flows.looks import has_looks, may_look
from flows.lost_registrations import look_for
from flows.run import Run
from mappings.markers import Wanted, marker, other_peoples, same_day
from mappings.money import euro
from mappings.payments import Wish, method_of, shares

LOST_IN_A_ROW = 3
NO_ROOM = "Teamleader has nothing due any more"


# ---- what an earlier run left


# ---- what is to be registered now


@dataclass
class Answers:
    """How Teamleader answered the registrations of one run."""

    accepted: int = 0
    lost_in_a_row: int = 0
    forbidden: NotPermitted | None = None

    def note(self, state: str) -> None:
        """Count one answer."""
        self.accepted += state == "accepted"
        self.lost_in_a_row = self.lost_in_a_row + 1 if state == "unknown" else 0

    @property
    def silent(self) -> bool:
        """Tell whether so many were lost in a row that no more are sent in this run."""
        return self.lost_in_a_row >= LOST_IN_A_ROW


def register(run: Run, wanted: dict[str, list[Wish]]) -> None:
    """Register money, booking id -> its wishes in order; verify by a second look.

    A 403 concerns one invoice (strict mode) as long as another was accepted; when all were
    answered so, the right to register is missing, and the run says so in the end. After three lost
    answers in a row it says that too, and the rest waits. What failed before comes last, so that
    a few that never work keep no other payment, and no guard, from its turn.
    """
    ids, answers = _untried_first(run, wanted), Answers()
    for start in range(0, len(ids), PER_CALL):
        some = _affordable(run, ids[start : start + PER_CALL], wanted)
        fresh = read_by_ids(run, some) if some else {}
        expected: dict[str, int] = {}
        for booking_id in (each for each in some if each in fresh):
            booking = fresh[booking_id]
            if answers.silent:
                break
            if _costs_a_look(booking, wanted[booking_id]) and not may_look(run):
                continue  # its money stays new, and has its turn in a later run
            due = _register_one(run, booking, wanted[booking_id], answers)
            if due is not None:
                expected[booking_id] = due
            run.tell("registering payments in Teamleader", start + len(expected), len(ids))
        _verify(run, expected)
        if answers.silent:
            lost = f"Teamleader left {LOST_IN_A_ROW} payments without an answer"
            run.problems.append(ServiceUnavailable(lost))
            break
    if answers.forbidden is not None and not answers.accepted:
        run.problems.append(answers.forbidden)


def _untried_first(run: Run, ids: Iterable[str]) -> list[str]:
    """Put bookings last whose money was sent before and did not arrive."""
    before = run.ledger.payments.registrations(list(ids))
    return sorted(before, key=lambda each: any(one.state == "planned" for one in before[each]))


def _affordable(run: Run, ids: Sequence[str], wanted: dict[str, list[Wish]]) -> list[str]:
    """Leave out what would need a look of its own when this run has none left."""
    if has_looks(run):
        return list(ids)
    known = run.ledger.follow.bookings(ids)
    return [each for each in ids if not _costs_a_look(known[each], wanted[each])]


def _costs_a_look(booking: Followed, wishes: Sequence[Wish]) -> bool:
    """Tell whether money came before this ledger knew the booking: then it is looked for."""
    return bool(booking.adopted and _early(booking, wishes))


def _early(booking: Followed, wishes: Sequence[Wish]) -> list[Wish]:
    return [wish for wish in wishes if wish.event.occurred_at < (booking.sent_at or "")]


def _register_one(
    run: Run, booking: Followed, wishes: Sequence[Wish], answers: Answers
) -> int | None:
    """Register one booking's money; return what is due then, None where nothing was accepted."""
    if booking.adopted:
        wishes = _not_there_before(run, booking, wishes)
    wishes = by_hand.leave_out(run, booking, wishes)
    room = 0 if booking.paid or booking.status == "draft" else (booking.due_cents or 0)
    before = run.ledger.payments.registrations([booking.id])[booking.id]
    accepted = False
    for wish, share in shares(wishes, room):
        if share == 0:
            _no_room(run, wish.event, NO_ROOM)
            continue
        one = _registration(run, booking, wish, share, before)
        before.append(one)
        state = _send(run, booking, wish.event, one, answers)
        answers.note(state)
        if state != "accepted":
            break
        accepted = True
        room -= share
    return room if accepted else None


def _no_room(run: Run, event: MoneyEvent, why: str) -> None:
    """Leave money, or the rest of it, to be told; the guards reopen it when there is room."""
    if by_hand.set_as_advised(run, event):
        return
    parts = run.ledger.payments.registrations([event.booking_id])[event.booking_id]
    placed = any(one.payment == event.event_id and one.state == "done" for one in parts)
    mark = ("registered", IN_PART) if placed else ("reported", why)
    run.ledger.payments.decided([(event.event_id, *mark)], run.id, run.now())


def _not_there_before(run: Run, booking: Followed, wishes: Sequence[Wish]) -> list[Wish]:
    """Leave out what was registered before this ledger knew the booking (reliability P12)."""
    early = _early(booking, wishes)
    if not early:
        return list(wishes)
    detail = look_at(run, booking.id)
    if detail is None:
        return []
    ours = run.ledger.payments.registrations([booking.id])[booking.id]
    left = other_peoples(detail.payments, ours, run.connection.zone)
    kept = [wish for wish in wishes if wish not in early]
    for wish in early:
        paid_at = marker(booking.id, wish.event, run.now(), run.connection.zone)
        wanted = Wanted(wish.cents, text(paid_at))
        hit = same_day(left, wanted, run.connection.zone)
        if hit is not None:
            left.remove(hit)
            one = _registration(run, booking, wish, wish.cents, [])
            one = one._replace(paid_at=hit.paid_at)
            with run.ledger.atomic():
                run.ledger.payments.begin(one, run.now())
                run.ledger.payments.ended(
                    one, "done", run.id, run.now(), why="was there before this ledger"
                )
        elif detail.paid or (detail.due_cents or 0) <= 0:
            why = "paid in Teamleader before this ledger knew it"
            run.ledger.payments.decided([(wish.event.event_id, "ignored", why)], run.id, run.now())
        else:
            kept.append(wish)
    return sorted(kept, key=lambda wish: (wish.event.occurred_at, wish.event.seq))


def _registration(
    run: Run, booking: Followed, wish: Wish, share: int, before: Sequence[Registration]
) -> Registration:
    """Return the intent for one payment; a marker that was chosen once stays."""
    earlier = next((one for one in before if one.event_id == wish.id), None)
    if earlier is not None:
        paid_at = earlier.paid_at
    else:
        taken = [one.paid_at for one in before]
        zone = run.connection.zone
        paid_at = text(marker(booking.id, wish.event, run.now(), zone, taken, wish.id))
    methods = run.connection.settings.payments.methods
    return Registration(
        wish.id,
        booking.id,
        share,
        booking.currency or wish.event.currency,
        paid_at,
        methods.get(method_of(wish.event.source)),
        "sending",
        text(run.not_before()),
    )


def tell_teamleader(run: Run, booking_id: str, one: Registration | Survivor) -> None:
    """Register one payment with its marker; raises what the call raises."""
    run.connection.teamleader.register_payment(
        booking_id,
        one.amount_cents,
        one.currency,
        datetime.fromisoformat(one.paid_at),
        one.method_id,
    )


def _send(
    run: Run, booking: Followed, event: MoneyEvent, one: Registration, answers: Answers
) -> str:
    """Register one payment under its intent; return accepted, unknown or refused."""
    payments = run.ledger.payments
    payments.begin(one, run.now())
    try:
        tell_teamleader(run, booking.id, one)
    except OutcomeUnknown as lost:
        payments.ended(one, "unknown", run.id, run.now(), why=str(lost))
        return "unknown"
    except (CallRefused, NotFound, NotPermitted) as refused:
        payments.ended(one, "planned", run.id, run.now(), why=str(refused))
        if isinstance(refused, NotFound):
            gone(run, booking.id)
        else:
            _after_refusal(run, booking, event, one, refused)
        if isinstance(refused, NotPermitted):
            answers.forbidden = refused
        return "refused"
    except Halted as halt:
        payments.ended(one, "planned", run.id, run.now(), why=str(halt))
        raise
    payments.ended(one, "accepted", run.id, run.now())
    return "accepted"


def _after_refusal(
    run: Run, booking: Followed, event: MoneyEvent, one: Registration, refused: Exception
) -> None:
    """Look why: paid by somebody meanwhile, room for less, or a clash that a person settles."""
    detail = look_at(run, booking.id)
    if detail is None:
        return
    due = detail.due_cents or 0
    if detail.paid or due <= 0:
        _no_room(run, event, "somebody registered it in Teamleader meanwhile")
    elif due >= one.amount_cents:
        with run.ledger.atomic():
            why = f"Twikey says {booking.twikey_state}, Teamleader {detail.status}; {refused}"
            run.ledger.payments.decided([(event.event_id, "held", why)], run.id, run.now())
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
