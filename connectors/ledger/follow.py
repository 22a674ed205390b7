"""Bookings that crossed, as the guards look at them: both sides' last known state in one row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors.ledger.bookings import marks
from connectors.ledger.records import DISMISSED, Followed, Mark
from connectors.ledger.runs import Journal, text
from connectors.ledger.store import Store

ROW = """
  SELECT b.id, coalesce(b.twikey_id, b.id), b.kind, b.number, b.stage, b.issued_on, b.due_on,
  b.told_due_on, b.status, b.paid, b.payable_cents, b.due_cents, b.amount_cents,
  coalesce(b.prepaid_cents, 0), b.currency, b.twikey_state, t.due_on, t.last_payment, b.adopted,
  b.sent_at, t.seen_at FROM bookings b LEFT JOIN twikey_invoices t ON t.id = b.twikey_id
"""
ENDED = "coalesce(b.twikey_state, '') IN ('PAID', 'ARCHIVED', 'GONE')"
NOTHING_DUE = "(coalesce(b.paid, 0) OR coalesce(b.due_cents, 0) <= 0)"
GIVEN_UP = (  # gone from Twikey, and a person said that this is as it should be
    "(coalesce(b.twikey_state, '') = 'GONE' AND b.id NOT IN (SELECT booking_id FROM alerts"
    " WHERE code='GONE_IN_TWIKEY' AND settled_at IS NULL))"
)
OPEN = (
    "b.stage = 'sent' AND b.kind = 'invoice'"
    f" AND NOT ({ENDED} AND {NOTHING_DUE}) AND NOT {GIVEN_UP}"
)
OURS = (
    "(b.id IN (SELECT booking_id FROM registrations WHERE state='done')"
    " OR b.id IN (SELECT booking_id FROM marked_paid))"
)
NOT_WRITTEN = (  # money that came and that we did not register: no place, off, settled elsewhere
    "b.id IN (SELECT booking_id FROM payment_events WHERE type='payment'"
    f" AND state IN ('new', 'reported', '{DISMISSED}'))"
)
LEFT_OVER = (
    "b.id IN (SELECT booking_id FROM payment_events WHERE state='reported' OR note='in part')"
)
FAILED_STANDS = (
    "b.id IN (SELECT booking_id FROM alerts WHERE code='REVERSAL_HELD' AND settled_at IS NULL)"
)
SOME = 500
TITLE = "title of "  # how the facts are named that hold a title told after an edit
ECHO_WITHIN = timedelta(days=1)


class Follow:
    """The questions of the guards, and what they did."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    def bookings(self, ids: Sequence[str]) -> dict[str, Followed]:
        """Return bookings by id."""
        found: dict[str, Followed] = {}
        for start in range(0, len(ids), SOME):
            some = ids[start : start + SOME]
            for row in self._store.tuples(f"{ROW} WHERE b.id IN ({marks(len(some))})", some):
                found[row[0]] = Followed(*row)
        return found

    def open(self) -> list[str]:
        """Return the ids of bookings that are not closed on both sides, by number.

        Money that found no place in Teamleader keeps its booking open.
        """
        rows = self._store.tuples(
            f"SELECT b.id FROM bookings b WHERE {OPEN}"
            f" OR (b.stage='sent' AND ({LEFT_OVER} OR {FAILED_STANDS}))"
            " ORDER BY b.number"
        )
        return [row[0] for row in rows]

    def closed(self, run_id: int, limit: int) -> list[str]:
        """Return bookings that are closed on both sides with money of ours, longest unread first.

        Not those that this run has read already. Teamleader need not touch an invoice when its
        payment is removed, so nothing tells of it.
        """
        rows = self._store.tuples(
            "SELECT b.id FROM bookings b WHERE b.stage='sent' AND b.kind='invoice'"
            f" AND NOT ({OPEN}) AND {OURS} AND NOT ({LEFT_OVER}) AND coalesce(b.read_run, 0) <> ?"
            " ORDER BY b.read_run, b.number DESC LIMIT ?",
            (run_id, limit),
        )
        return [row[0] for row in rows]

    def edited(self) -> list[Followed]:
        """Return bookings whose due date or amount is no longer what Twikey was told."""
        rows = self._store.tuples(
            f"{ROW} WHERE b.stage='sent' AND b.kind='invoice' AND (b.due_on <>"
            " coalesce(b.told_due_on, t.due_on, b.due_on)"
            f" OR (b.payable_cents <> b.amount_cents AND {OPEN}))"
        )
        return [Followed(*row) for row in rows]

    def fallen(self) -> list[Followed]:
        """Return bookings that are paid by what we did or were told, and not so in Twikey now."""
        rows = self._store.tuples(
            f"{ROW} WHERE b.stage='sent' AND b.kind='invoice' AND b.twikey_state IN ('BOOKED',"
            f" 'EXPIRED', 'PENDING') AND ({OURS} OR {NOT_WRITTEN})"
        )
        return [Followed(*row) for row in rows]

    def seen(self, booking_id: str, due_cents: int, *, paid: bool) -> None:
        """Keep what Teamleader has due on an invoice at this moment."""
        self._store.write(
            "UPDATE bookings SET due_cents=?, paid=? WHERE id=? AND (due_cents, paid) <> (?, ?)",
            (due_cents, paid, booking_id, due_cents, paid),
        )

    def told(self, booking_id: str, due_on: str | None) -> None:
        """Remember the due date that Twikey was told, and so shows by now."""
        with self._store.atomic():
            self._store.write("UPDATE bookings SET told_due_on=? WHERE id=?", (due_on, booking_id))
            self._store.write(
                "UPDATE twikey_invoices SET due_on=? WHERE id ="
                " (SELECT twikey_id FROM bookings WHERE id=?)",
                (due_on, booking_id),
            )

    def renamed(self) -> list[tuple[str, str | None, str | None]]:
        """Return bookings of our own making whose number may differ from the one in their title.

        Rows: (id, the customer's language, the title told last where it was told anew).
        """
        return self._store.tuples(
            "SELECT b.id, c.language, f.value FROM bookings b"
            " LEFT JOIN customers c ON c.id = b.customer_id"
            f" LEFT JOIN facts f ON f.name = '{TITLE}' || b.id"
            " WHERE b.stage='sent' AND b.kind='invoice' AND NOT b.adopted AND b.number NOT NULL"
            " AND (substr(b.twikey_number, -length(b.number)) <> b.number OR f.value NOT NULL)"
        )

    def titled(self, booking_id: str, title: str) -> None:
        """Remember the title that Twikey was told after the creation."""
        self._store.write(
            "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)",
            (f"{TITLE}{booking_id}", title),
        )

    def credit_notes_of(self, booking_id: str) -> list[str]:
        """Return the numbers of an invoice's credit notes, as Twikey knows them."""
        rows = self._store.tuples(
            "SELECT coalesce(twikey_number, number) FROM bookings WHERE related_id=? ORDER BY 1",
            (booking_id,),
        )
        return [row[0] for row in rows if row[0]]

    # ---- our own marking as paid, and the echo of it in Twikey's feeds

    def marking(self, booking_id: str, cents: int, now: datetime) -> None:
        """Commit the intent to set a booking, of which ``cents`` are open, to paid in Twikey."""
        self._store.write(
            "INSERT OR REPLACE INTO marked_paid (booking_id, state, at, cents)"
            " VALUES (?, 'intent', ?, ?)",
            (booking_id, text(now), cents),
        )

    def marked(self, booking_id: str, run_id: int, now: datetime, why: str) -> None:
        """Record that we set a booking to paid in Twikey."""
        with self._store.atomic():
            self._store.write(
                "UPDATE marked_paid SET state='done' WHERE booking_id=?", (booking_id,)
            )
            self._journal.add(run_id, now, booking_id, "set to paid in Twikey", why=why)

    def mark_over(self, booking_id: str, now: datetime) -> None:
        """Let a mark count no more; it is kept for a day, because its echo may still come."""
        with self._store.atomic():
            self._store.write(
                "UPDATE marked_paid SET state='over' WHERE booking_id=?", (booking_id,)
            )
            self._store.write(
                "DELETE FROM marked_paid WHERE booking_id=? AND (echo NOT NULL OR at < ?)",
                (booking_id, text(now - ECHO_WITHIN)),
            )

    def not_marked(self, booking_id: str) -> None:
        """Forget an intent that Twikey refused."""
        self._store.write("DELETE FROM marked_paid WHERE booking_id=?", (booking_id,))

    def marks_of(self, ids: Sequence[str]) -> dict[str, Mark]:
        """Return what we set to paid, by booking."""
        found: dict[str, Mark] = {}
        for start in range(0, len(ids), SOME):
            some = ids[start : start + SOME]
            for row in self._store.tuples(
                "SELECT booking_id, state, at, cents, echo FROM marked_paid"
                f" WHERE booking_id IN ({marks(len(some))})",
                some,
            ):
                found[row[0]] = Mark(*row[1:])
        return found

    def echoed(self, booking_id: str, event_id: str) -> None:
        """Record which event was the echo of our own marking."""
        self._store.write(
            "UPDATE marked_paid SET echo=? WHERE booking_id=?", (event_id, booking_id)
        )

    # ---- failures that only the invoice shows

    def details_of(self, booking_id: str) -> dict[str, str]:
        """Return what the events of a booking's money tell, as JSON text by event id."""
        return dict(
            self._store.tuples(
                "SELECT event_id, coalesce(details, '{}') FROM payment_events WHERE booking_id=?",
                (booking_id,),
            )
        )

    def untold_since(self, booking_id: str, shown: str, run_id: int, now: datetime) -> str:
        """Return when this failure was first missed among the events (UTC text); now if never."""
        what = "failed payment shown, not told yet"
        found = self._store.first(
            "SELECT at FROM events WHERE subject=? AND what=?"
            " AND json_extract(facts, '$.shown') = ? ORDER BY seq LIMIT 1",
            (booking_id, what, shown),
        )
        if found is None:
            self._journal.add(run_id, now, booking_id, what, shown=shown)
        return str(found["at"]) if found else text(now)
