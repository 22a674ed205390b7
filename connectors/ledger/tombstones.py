"""What was taken back stays away: tombstones, and lifting them (acceptance A22).

A booking at the stage ``undone`` is taken up by nothing: no schedule, no window, no feed. Only a
person lifts its tombstone; then the next import decides about it anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.ledger.bookings import marks
from connectors.ledger.runs import Event, Journal, text
from connectors.ledger.store import Store

SOME = 500


class Tombstones:
    """The bookings that do not come back by themselves."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    # ---- questions

    def earlier(self, run_id: int) -> int:
        """Return how many bookings of an import were taken back before and stay away."""
        row = self._store.one(
            "SELECT count(*) FROM undone WHERE undone_run=? AND state IN ('gone', 'never')"
            " AND lifted_at IS NULL",
            (run_id,),
        )
        return int(row[0])

    def removed_before(self, ids: Sequence[str]) -> set[str]:
        """Return those of some bookings that were removed from Twikey at least once."""
        found: set[str] = set()
        for start in range(0, len(ids), SOME):
            some = ids[start : start + SOME]
            found |= {
                row[0]
                for row in self._store.tuples(
                    "SELECT booking_id FROM undone WHERE state='gone'"
                    f" AND booking_id IN ({marks(len(some))})",
                    some,
                )
            }
        return found

    def lives(self, booking_id: str) -> int:
        """Return how often a booking was removed from Twikey."""
        row = self._store.one(
            "SELECT count(*) FROM undone WHERE state='gone' AND booking_id=?", (booking_id,)
        )
        return int(row[0])

    def named(self, name: str) -> list[dict[str, Any]]:
        """Return what stays away under a name: the number of a run, of a booking, or an id."""
        is_run = name.isascii() and name.isdecimal() and len(name) < 18
        run_id = int(name) if is_run else None
        rows = self._store.rows(
            "SELECT u.booking_id, u.undone_run, u.at, u.by, b.number, b.twikey_number,"
            " u.undone_run = ? AS by_run FROM undone u JOIN bookings b ON b.id = u.booking_id"
            " WHERE b.stage='undone' AND u.lifted_at IS NULL AND u.state IN ('gone', 'never')"
            " AND (u.undone_run=? OR b.number=? OR b.twikey_number=? OR b.id=?)"
            " ORDER BY b.number, b.id",
            (run_id, run_id, name, name, name),
        )
        return [dict(row) for row in rows]

    def newest(self) -> int | None:
        """Return the import that was taken back last, of which something still stays away."""
        row = self._store.first(
            "SELECT undone_run FROM undone WHERE state IN ('gone', 'never') AND lifted_at IS NULL"
            " ORDER BY seq DESC LIMIT 1"
        )
        return int(row["undone_run"]) if row else None

    # ---- facts

    def set_aside(
        self, ids: Sequence[str], undone_run: int, run_id: int, by: str, now: datetime
    ) -> None:
        """Let what an import had read and not sent stay away as well."""
        with self._store.atomic():
            self._store.write_all(
                "INSERT INTO undone (booking_id, twikey_id, undone_run, run_id, by, state, at,"
                " not_before, ended_at) VALUES (?, ?, ?, ?, ?, 'never', ?, ?, ?)",
                [(each, each, undone_run, run_id, by, *[text(now)] * 3) for each in ids],
            )
            for each in ids:
                bury(self._store, each, f"import {undone_run}, {text(now)[:10]}, {by}")
            events: list[Event] = [
                (each, "set aside before it was sent", {"by": by, "of_run": undone_run})
                for each in ids
            ]
            self._journal.add_all(run_id, now, events)

    def lift(self, ids: Sequence[str], by: str, run_id: int, now: datetime) -> None:
        """Let bookings come again: the next import decides about them anew."""
        with self._store.atomic():
            self._store.write_all(
                "UPDATE undone SET lifted_at=?, lifted_by=? WHERE booking_id=?"
                " AND lifted_at IS NULL AND state IN ('gone', 'never')",
                [(text(now), by, each) for each in ids],
            )
            self._store.write_all(
                "UPDATE bookings SET stage='seen', reason=NULL, detail=NULL, read_run=NULL,"
                " decided_run=NULL, detail_run=NULL, source_problem=NULL, source_detail=NULL"
                " WHERE id=? AND stage='undone'",
                [(each,) for each in ids],
            )
            events: list[Event] = [(each, "may be imported again", {"by": by}) for each in ids]
            self._journal.add_all(run_id, now, events)

    def sends_as(self, booking_id: str, twikey_id: str) -> None:
        """Keep the id under which a booking is created, where its own is spent in Twikey."""
        self._store.write("UPDATE bookings SET sent_as=? WHERE id=?", (twikey_id, booking_id))


def bury(store: Store, booking_id: str, detail: str) -> None:
    """Put up the tombstone; what Teamleader deleted stays closed, it cannot come back."""
    store.write(
        "UPDATE bookings SET stage=iif(stage = 'closed', 'closed', 'undone'),"
        " reason=iif(stage = 'closed', reason, 'UNDONE'), detail=?, notices=NULL,"
        " twikey_id=NULL, twikey_state=NULL, url=NULL, adopted=0, sent_at=NULL, sent_run=NULL,"
        " sent_as=NULL, told_due_on=NULL, prepaid_cents=0, tries=0, next_try_at=NULL,"
        " held_at=NULL WHERE id=?",
        (detail, booking_id),
    )
