"""Payments: what Twikey told, event by event, and what was written of it to Teamleader.

An event is entered once, with the feed's position, in one transaction. A registration is its own
intent: ``sending`` is committed before the call, its outcome after it (decisions 5, 7;
reliability P7, P8).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from connectors.ledger.bookings import marks
from connectors.ledger.records import DISMISSED, IN_PART, REST, MoneyEvent, NewMoney, Registration
from connectors.ledger.runs import Event, Journal, text
from connectors.ledger.store import Store

FEED = "payments"
TOLD = {
    "payment": "paid in Twikey",
    "payment_failure": "payment failed in Twikey",
    "refund": "paid back by Twikey",
}
EVENT = "seq, event_id, booking_id, type, occurred_at, amount_cents, currency, source, key, error, "
EVENT += "state, note"
REGISTRATION = ", ".join(Registration._fields)
OPEN = "('sending', 'accepted', 'unknown')"
SOME = 500  # ids per question, below SQLite's limit


class Payments:
    """The money of the bookings."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    # ---- events: entered once, tied to their booking

    def read(self, events: Sequence[NewMoney], position: int | None, now: datetime) -> int:
        """Enter one page and the position after it, together; return how many are news."""
        with self._store.atomic():
            before = self.newest()
            self._store.write_all(
                f"INSERT OR IGNORE INTO payment_events ({', '.join(NewMoney._fields)}, state)"
                f" VALUES ({marks(len(NewMoney._fields))}, 'new')",
                events,
            )
            if position is not None:
                self._store.write(
                    "INSERT INTO feeds (feed, position, read_at) VALUES (?, ?, ?)"
                    " ON CONFLICT (feed) DO UPDATE SET position=excluded.position,"
                    " read_at=excluded.read_at",
                    (FEED, position, text(now)),
                )
            return self.newest() - before

    def newest(self) -> int:
        """Return the number of the event that was entered last; 0 when there is none."""
        return int(self._store.one("SELECT coalesce(max(seq), 0) FROM payment_events")[0])

    def assign(self, run_id: int, now: datetime) -> None:
        """Tie events to bookings that crossed; what is on its way waits, strangers are ignored.

        A stranger that became a booking later (an import further back, an adoption) counts then.
        Money for an invoice that was taken back is its booking's all the same.
        """
        with self._store.atomic():
            told_of = "e.event_id, e.type, e.amount_cents, e.occurred_at, e.source, e.error, e.seq"
            found = self._store.tuples(
                f"SELECT b.id, {told_of} FROM payment_events e"
                " JOIN bookings b ON b.twikey_id = e.invoice_id"
                " WHERE e.booking_id IS NULL AND b.stage IN ('sent', 'closed')"
                f" UNION SELECT b.id, {told_of} FROM undone u"
                " JOIN payment_events e ON e.invoice_id = u.twikey_id"
                " JOIN bookings b ON b.id = u.booking_id"
                " WHERE e.booking_id IS NULL AND u.state = 'gone' ORDER BY e.seq"
            )
            self._store.write_all(
                "UPDATE payment_events SET booking_id=?, state='new', note=NULL WHERE event_id=?",
                [row[:2] for row in found],
            )
            told: list[Event] = [
                (b, TOLD.get(kind, kind), {
                    "event": event, "cents": cents, "occurred_at": at, "by": source,
                    **({"reason": error} if error else {}),
                })
                for b, event, kind, cents, at, source, error, _ in found
            ]  # fmt: skip
            self._journal.add_all(run_id, now, told)
            on_its_way = (
                "SELECT 1 FROM bookings b WHERE b.id = payment_events.invoice_id"
                " AND b.stage IN ('seen', 'sending', 'held', 'removing')"
            )
            self._store.write(
                "UPDATE payment_events SET state = CASE WHEN EXISTS"
                f" ({on_its_way}) THEN 'waiting' ELSE 'ignored' END, note = CASE WHEN EXISTS"
                f" ({on_its_way}) THEN 'its invoice is on its way' ELSE 'not an invoice of ours'"
                " END WHERE booking_id IS NULL AND state IN ('new', 'waiting')"
            )

    def at_work(self) -> list[str]:
        """Return the bookings about whose money something is to be decided, oldest news first."""
        rows = self._store.tuples(
            "SELECT booking_id, min(seq) FROM payment_events WHERE state='new'"
            " AND booking_id NOT NULL GROUP BY 1 ORDER BY 2"
        )
        return [row[0] for row in rows]

    def of(self, ids: Sequence[str]) -> dict[str, list[MoneyEvent]]:
        """Return the events of bookings, each in the order in which they happened."""
        found: dict[str, list[MoneyEvent]] = {each: [] for each in ids}
        for some in _in_parts(ids):
            for row in self._store.tuples(
                f"SELECT {EVENT} FROM payment_events WHERE booking_id IN ({marks(len(some))})"
                " AND type <> 'rest' ORDER BY occurred_at, seq",
                some,
            ):
                found[row[2]].append(MoneyEvent(*row))
        return found

    def decided(
        self, rows: Iterable[tuple[str, str, str | None]], run_id: int, now: datetime
    ) -> None:
        """Record what became of events: (event id, state, note); notes go into the journey."""
        rows = list(rows)
        with self._store.atomic():
            before = self._notes([row[0] for row in rows])
            self._store.write_all(
                "UPDATE payment_events SET state=?, note=? WHERE event_id=?",
                [(state, note, event) for event, state, note in rows],
            )
            events: list[Event] = [
                (before[event][0], f"payment event {state}", {"event": event, "why": note})
                for event, state, note in rows
                if note and before[event][1] != note
            ]
            self._journal.add_all(run_id, now, events)

    def _notes(self, events: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        rows = self._store.tuples(
            "SELECT event_id, booking_id, note FROM payment_events"
            f" WHERE event_id IN ({marks(len(events))})",
            events,
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def left_over(self) -> list[str]:
        """Return bookings with money that may have no place in Teamleader."""
        rows = self._store.tuples(
            "SELECT DISTINCT booking_id FROM payment_events"
            " WHERE (state = 'reported' OR note = 'in part') AND booking_id NOT NULL"
        )
        return [row[0] for row in rows]

    def reopen(self, booking_id: str, state: str) -> None:
        """Let payments of a booking in one state be decided anew; with ``reported`` rests as well.

        What was held keeps its note: it says that a person may have registered it meanwhile. A
        refund that waits for a person is left so, or that person's word would not find it.
        """
        self._store.write(
            "UPDATE payment_events SET state='new', note=CASE WHEN state='held' THEN note END"
            " WHERE booking_id=? AND type='payment'"
            " AND (state=? OR (?='reported' AND state='registered' AND note=?))",
            (booking_id, state, state, IN_PART),
        )

    def counts(self) -> dict[str, int]:
        """Return how many events stand in each state; strangers are counted as ``unknown``."""
        return dict(
            self._store.tuples(
                "SELECT CASE WHEN booking_id IS NULL AND state='ignored' THEN 'unknown'"
                " ELSE state END AS s, count(*) FROM payment_events WHERE type <> 'rest'"
                " GROUP BY 1"
            )
        )

    def known_money(self, ids: Sequence[str]) -> list[tuple[str, str, str, str | None, str]]:
        """Return (event id, invoice id, type, key, occurred at) of invoices, to spot repetitions.

        Only needed where one payment may be told by both feeds.
        """
        found: list[tuple[str, str, str, str | None, str]] = []
        for some in _in_parts(ids):
            found += self._store.tuples(
                "SELECT event_id, invoice_id, type, key, occurred_at FROM payment_events"
                f" WHERE invoice_id IN ({marks(len(some))})",
                some,
            )
        return found

    # ---- registrations in Teamleader

    def registrations(self, ids: Sequence[str]) -> dict[str, list[Registration]]:
        """Return the registrations of bookings, oldest first."""
        found: dict[str, list[Registration]] = {each: [] for each in ids}
        for some in _in_parts(ids):
            for row in self._store.tuples(
                f"SELECT {REGISTRATION} FROM registrations WHERE booking_id IN ({marks(len(some))})"
                " ORDER BY rowid",
                some,
            ):
                found[row[1]].append(Registration(*row))
        return found

    def open_registrations(self) -> list[Registration]:
        """Return every registration whose outcome is not known, oldest first."""
        rows = self._store.tuples(
            f"SELECT {REGISTRATION} FROM registrations WHERE state IN {OPEN} ORDER BY rowid"
        )
        return [Registration(*row) for row in rows]

    def begin(self, one: Registration, now: datetime) -> None:
        """Commit the intent to register a payment; its marker stays as it was first chosen.

        Unless a person registered it: then that payment's instant takes its place.
        """
        with self._store.atomic():
            if one.event_id != one.payment:
                self._store.write(
                    "INSERT OR IGNORE INTO payment_events (event_id, booking_id, type,"
                    " occurred_at, amount_cents, currency, state) SELECT ?, booking_id, 'rest',"
                    " occurred_at, ?, currency, 'rest' FROM payment_events WHERE event_id=?",
                    (one.event_id, one.amount_cents, one.payment),
                )
            self._store.write(
                f"INSERT INTO registrations ({REGISTRATION}, at) VALUES ({marks(8)}, ?)"
                " ON CONFLICT (event_id) DO UPDATE SET amount_cents=excluded.amount_cents,"
                " paid_at=excluded.paid_at, method_id=excluded.method_id, state=excluded.state,"
                " at=excluded.at, not_before=excluded.not_before",
                (*one, text(now)),
            )

    def ended(
        self, one: Registration, state: str, run_id: int, now: datetime, *, why: str | None = None
    ) -> None:
        """Record the outcome of a registration; once seen there, its event is registered."""
        with self._store.atomic():
            self._store.write(
                "UPDATE registrations SET state=?, at=?, note=? WHERE event_id=?",
                (state, text(now), why, one.event_id),
            )
            if state == "done":
                placed(self._store, one.booking_id, one.payment)
            facts: dict[str, object] = {
                "event": one.event_id, "cents": one.amount_cents, "paid_at": one.paid_at,
            }  # fmt: skip
            if why:
                facts["why"] = why
            self._journal.add_all(run_id, now, [(one.booking_id, SAID[state], facts)])

    def blocked(self) -> set[str]:
        """Return bookings with a write or a removal whose outcome is open: nothing new for them."""
        rows = self._store.tuples(
            f"SELECT booking_id FROM registrations WHERE state IN {OPEN}"
            " UNION SELECT booking_id FROM reversals WHERE state <> 'done'"
        )
        return {row[0] for row in rows}

    def waiting(self, ids: Sequence[str]) -> set[str]:
        """Return those of some bookings whose money waits to be told to Teamleader."""
        found = self.blocked() & set(ids)
        for some in _in_parts(ids):
            rows = self._store.tuples(
                "SELECT booking_id FROM payment_events WHERE state='new'"
                f" AND booking_id IN ({marks(len(some))})",
                some,
            )
            found |= {row[0] for row in rows}
        return found


SAID = {
    "planned": "to be registered in Teamleader",
    "accepted": "payment accepted by Teamleader",
    "done": "payment registered in Teamleader",
    "unknown": "answer lost while registering the payment",
    "removed": "payment no longer in Teamleader",
}


def placed(store: Store, booking_id: str, event_id: str) -> None:
    """Let a payment say how much of it stands in Teamleader: all, a part, or nothing."""
    done = store.tuples(
        "SELECT event_id, amount_cents FROM registrations WHERE booking_id=? AND state='done'",
        (booking_id,),
    )
    cents = sum(row[1] for row in done if row[0].partition(REST)[0] == event_id)
    store.write(
        "UPDATE payment_events SET state=?, note = CASE WHEN note LIKE ? THEN note"
        " WHEN ? BETWEEN 1 AND amount_cents - 1 THEN ? END WHERE event_id=?",
        ("registered" if cents else "reported", f"{DISMISSED}%", cents, IN_PART, event_id),
    )


def _in_parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(ids), SOME):
        yield ids[start : start + SOME]
