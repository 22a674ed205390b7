"""Imports taken back: what is asked to leave Twikey, what left, and what does not come back.

A row is the intent and the outcome of one removal (decisions 5): ``asked`` is committed before the
call, then ``gone``, ``unknown`` (the answer was lost) or ``back`` (it stands in Twikey after all).
``never`` is what the import had read and not sent. A booking that is gone is at the stage
``undone``: nothing takes it up by itself until its tombstone is lifted (acceptance A22).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

from connectors.ledger.runs import Event, Journal, text
from connectors.ledger.store import Store
from connectors.ledger.tombstones import bury

NETTED = "it had come to nothing before its invoice was removed"


class ImportRun(NamedTuple):
    """A run as ``undo`` names it; ``started_at`` is UTC text."""

    id: int
    flow: str
    name: str
    started_at: str
    started_by: str | None


class Made(NamedTuple):
    """A booking that an import brought to Twikey; ``cents`` are signed.

    ``created`` is how its create ended (done, or open: intent, unknown). ``found`` says that it
    stood in Twikey before; ``credited_by`` names the credit notes that stand there for it, one a
    line.
    """

    id: str
    kind: str
    number: str
    twikey_id: str
    cents: int
    stage: str
    ct: str | None
    created: str
    found: bool
    invitation: str | None
    delivered: bool
    credited_by: str | None


class Removal(NamedTuple):
    """A removal whose outcome is not known, and when it may be looked up (UTC text)."""

    booking_id: str
    twikey_id: str
    not_before: str


# An import made what the last create of a booking under its number belongs to: a later life does
# not count. Whatever a run has found standing, although it meant to create it, is not its own.
MADE = """
  SELECT b.id, b.kind, coalesce(b.twikey_number, b.number, b.id), coalesce(b.twikey_id, b.id),
  coalesce(b.amount_cents, 0), b.stage, coalesce(t.ct, b.ct), {created}, {found}, v.state,
  coalesce(d.state = 'ok', 0),
  (SELECT group_concat(coalesce(c.twikey_number, c.number), char(10)) FROM bookings c
   WHERE c.related_id = b.id AND c.kind = 'credit_note' AND (c.stage IN ('sent', 'sending',
   'removing') OR (c.stage = 'closed' AND c.twikey_id NOT NULL)))
  FROM bookings b LEFT JOIN twikey_invoices t ON t.id = b.twikey_id
  LEFT JOIN invitations v ON v.booking_id = b.id LEFT JOIN deliveries d ON d.booking_id = b.id
"""
CREATED = (
    MADE.format(
        created="i.state",
        found="b.adopted OR EXISTS (SELECT 1 FROM events e WHERE e.subject = b.id"
        " AND e.run_id = i.run_id AND e.what = 'found in Twikey')",
    )
    + " JOIN intents i ON i.op = 'create:' || b.id || ':' || b.attempts"
    " WHERE i.run_id = ? AND i.state IN ('done', 'intent', 'unknown')"
    " AND b.stage IN ('sent', 'sending', 'closed', 'removing')"
)
ADOPTED = (
    MADE.format(created="'done'", found="1")
    + " WHERE b.sent_run = ? AND b.adopted AND b.stage IN ('sent', 'closed')"
)


class Undo:
    """What was taken back of imports."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    # ---- questions

    def run(self, run_id: int) -> ImportRun | None:
        """Return a run of any flow, or None."""
        row = self._store.first("SELECT * FROM runs WHERE id=?", (run_id,))
        if row is None:
            return None
        name = json.loads(row["parameters"] or "{}").get("name", row["flow"])
        return ImportRun(row["id"], row["flow"], str(name), row["started_at"], row["started_by"])

    def imports(self, most: int) -> list[int]:
        """Return the newest imports of which something that they created stands in Twikey."""
        rows = self._store.tuples(
            "SELECT DISTINCT i.run_id FROM intents i JOIN bookings b"
            " ON i.op = 'create:' || b.id || ':' || b.attempts"
            " WHERE i.state='done' AND b.stage IN ('sent', 'removing') AND NOT b.adopted"
            " ORDER BY i.run_id DESC LIMIT ?",
            (most,),
        )
        return [int(row[0]) for row in rows]

    def made_by(self, run_id: int) -> list[Made]:
        """Return what an import brought to Twikey or adopted there, credit notes first."""
        found = {row[0]: Made(*row) for row in self._store.tuples(ADOPTED, (run_id,))}
        found |= {row[0]: Made(*row) for row in self._store.tuples(CREATED, (run_id,))}
        return sorted(found.values(), key=lambda one: (one.kind, one.number, one.id))

    def made(self, booking_id: str) -> Made:
        """Return one invoice that stands in Twikey as far as is known, whoever created it."""
        sql = MADE.format(created="'done'", found="b.adopted") + " WHERE b.id = ?"
        return Made(*self._store.one(sql, (booking_id,)))

    def unsent(self, run_id: int) -> list[tuple[str, str]]:
        """Return (id, number) of what an import had read and never decided about."""
        return self._store.tuples(
            "SELECT id, coalesce(number, id) FROM bookings WHERE stage='seen' AND read_run=?"
            " ORDER BY number, id",
            (run_id,),
        )

    def unsettled(self) -> list[Removal]:
        """Return the removals without a known outcome, oldest first."""
        rows = self._store.tuples(
            "SELECT booking_id, twikey_id, not_before FROM undone"
            " WHERE state IN ('asked', 'unknown') ORDER BY seq"
        )
        return [Removal(*row) for row in rows]

    # ---- removals: the intent, and its outcome

    def asked(
        self, made: Made, undone_run: int, run_id: int, by: str, now: datetime, not_before: datetime
    ) -> None:
        """Commit the intent to delete one; nothing else touches it while that is open."""
        with self._store.atomic():
            self._enter(made, undone_run, run_id, by, now, "asked", not_before)
            self._store.write(
                "UPDATE bookings SET stage='removing' WHERE id=? AND stage='sent'", (made.id,)
            )
            self._journal.add(
                run_id, now, made.id, "to be removed from Twikey", by=by, of_run=undone_run
            )

    def unknown(self, booking_id: str, why: str, run_id: int, now: datetime) -> None:
        """Record a removal whose answer was lost; it is looked up later."""
        with self._store.atomic():
            self._end(booking_id, "unknown", why, None)
            self._journal.add(run_id, now, booking_id, "answer lost while removing it", why=why)

    def back(self, booking_id: str, why: str, run_id: int, now: datetime) -> None:
        """Record that one stands in Twikey after all: it is followed as before."""
        with self._store.atomic():
            self._end(booking_id, "back", why, text(now))
            self._store.write(
                "UPDATE bookings SET stage='sent' WHERE id=? AND stage='removing'", (booking_id,)
            )
            self._journal.add(run_id, now, booking_id, "not removed from Twikey", why=why)

    def gone(
        self, booking_id: str, run_id: int, now: datetime, how: str = "removed from Twikey"
    ) -> None:
        """Record that one left Twikey: it stays away, and its life there is over.

        What belonged to that life ends with it (PDF, deliveries, our marks, alerts, open events).
        An invitation that left stays known, so that nobody is mailed a second time.
        """
        with self._store.atomic():
            row = self._store.one(
                "SELECT undone_run, by FROM undone WHERE booking_id=?"
                " AND state IN ('asked', 'unknown')",
                (booking_id,),
            )
            self._end(booking_id, "gone", None, text(now))
            self._over(booking_id, run_id, now)
            detail = f"import {row['undone_run']}, {text(now)[:10]}, {row['by']}"
            bury(self._store, booking_id, detail)
            self._journal.add(run_id, now, booking_id, how, by=row["by"], of_run=row["undone_run"])

    def vanished(self, made: Made, undone_run: int, run_id: int, by: str, now: datetime) -> None:
        """Record that one had left Twikey already, by somebody else's hand."""
        with self._store.atomic():
            self._enter(made, undone_run, run_id, by, now, "asked", now)
            self.gone(made.id, run_id, now, "was no longer in Twikey")

    def mailed(self, booking_id: str, now: datetime) -> None:
        """Remember that Twikey's profile has mailed an invitation, before it is removed."""
        self._store.write(
            "INSERT OR IGNORE INTO invitations (booking_id, state, channel, at, by, detail)"
            " VALUES (?, 'done', NULL, ?, 'Twikey', 'before it was removed')",
            (booking_id, text(now)),
        )

    # ---- rows

    def _enter(
        self,
        made: Made,
        undone_run: int,
        run_id: int,
        by: str,
        now: datetime,
        state: str,
        not_before: datetime,
    ) -> None:
        self._store.write(
            "INSERT INTO undone (booking_id, twikey_id, undone_run, run_id, by, state, at,"
            " not_before) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (made.id, made.twikey_id, undone_run, run_id, by, state, text(now), text(not_before)),
        )

    def _end(self, booking_id: str, state: str, answer: str | None, ended_at: str | None) -> None:
        self._store.write(
            "UPDATE undone SET state=?, answer=coalesce(?, answer), ended_at=? WHERE booking_id=?"
            " AND state IN ('asked', 'unknown')",
            (state, answer, ended_at, booking_id),
        )

    def _over(self, booking_id: str, run_id: int, now: datetime) -> None:
        """End what belonged to the life of a booking in Twikey."""
        write = self._store.write
        write("DELETE FROM documents WHERE booking_id=?", (booking_id,))
        write("DELETE FROM marked_paid WHERE booking_id=?", (booking_id,))
        write("DELETE FROM deliveries WHERE booking_id=?", (booking_id,))
        write("DELETE FROM invitations WHERE booking_id=? AND state='refused'", (booking_id,))
        write(  # an invitation of this life is not looked for in the next one
            "INSERT INTO deliveries (booking_id, state, looks, next_look_at)"
            " SELECT booking_id, 'none', 0, NULL FROM invitations WHERE booking_id=?",
            (booking_id,),
        )
        write(
            "UPDATE payment_events SET state='ignored', note=? WHERE booking_id=?"
            " AND state IN ('new', 'waiting', 'held')",
            (NETTED, booking_id),
        )
        write(
            "DELETE FROM twikey_invoices WHERE id="
            "(SELECT coalesce(twikey_id, id) FROM bookings WHERE id=?)",
            (booking_id,),
        )
        codes = self._store.tuples(
            "SELECT code FROM alerts WHERE booking_id=? AND settled_at IS NULL", (booking_id,)
        )
        write(
            "UPDATE alerts SET settled_at=? WHERE booking_id=? AND settled_at IS NULL",
            (text(now), booking_id),
        )
        events: list[Event] = [(booking_id, "alert settled", {"code": c[0]}) for c in codes]
        self._journal.add_all(run_id, now, events)
