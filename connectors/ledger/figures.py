"""Figures for the summary: what runs did to the money, what waits, and when each flow ran last.

Runs are numbered in the order in which they began, so a stretch of time is a stretch of numbers.
"""

from __future__ import annotations

import json
from datetime import datetime

from connectors.ledger.payments import SAID
from connectors.ledger.records import PastRun
from connectors.ledger.runs import NOTED, text
from connectors.ledger.store import Store

Amount = tuple[int, int]  # how many, and cents
LISTED = "id, flow, started_at, ended_at, outcome, message, parameters, counts"


class Figures:
    """The questions of the summary."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # ---- runs

    def newest_run(self) -> int:
        """Return the number of the newest run; 0 when none ever began."""
        return int(self._store.one("SELECT coalesce(max(id), 0) FROM runs")[0])

    def runs(self, after: int, up_to: int) -> list[PastRun]:
        """Return the runs after one up to another, oldest first."""
        return self._past("WHERE id > ? AND id <= ? ORDER BY id", (after, up_to))

    def lately(self, flow: str, count: int = 9) -> list[PastRun]:
        """Return the newest runs of a flow, newest first."""
        return self._past("WHERE flow=? ORDER BY id DESC LIMIT ?", (flow, count))

    def last_done(self, flow: str) -> str | None:
        """Return when a run of a flow last did its work."""
        row = self._store.first(
            "SELECT ended_at FROM runs WHERE flow=? AND outcome IN ('clean', 'held')"
            " ORDER BY id DESC LIMIT 1",
            (flow,),
        )
        return row["ended_at"] if row else None

    def begun(self, since: datetime, until: datetime) -> tuple[int, int] | None:
        """Return the first and last run that began in a stretch of time, or None."""
        row = self._store.one(
            "SELECT min(id), max(id) FROM runs WHERE started_at >= ? AND started_at < ?",
            (text(since), text(until)),
        )
        return (row[0], row[1]) if row[0] is not None else None

    def _past(self, where: str, values: tuple[object, ...]) -> list[PastRun]:
        rows = self._store.tuples(f"SELECT {LISTED} FROM runs {where}", values)
        return [
            PastRun(
                number, flow, began, ended, outcome, message,
                json.loads(parameters or "{}"), json.loads(counts or "{}"),
            )
            for number, flow, began, ended, outcome, message, parameters, counts in rows
        ]  # fmt: skip

    # ---- money

    def sent(self, first: int, last: int) -> dict[str, Amount]:
        """Return what runs sent, by kind (invoice, credit_note); credit notes may be negative."""
        rows = self._store.tuples(
            "SELECT kind, count(*), coalesce(sum(amount_cents), 0) FROM bookings"
            " WHERE sent_run BETWEEN ? AND ? AND stage IN ('sent', 'closed') AND NOT adopted"
            " GROUP BY kind",
            (first, last),
        )
        return {kind: (count, cents) for kind, count, cents in rows}

    def adopted(self, first: int, last: int) -> int:
        """Return how many bookings runs found standing in Twikey already."""
        row = self._store.one(
            "SELECT count(*) FROM bookings WHERE sent_run BETWEEN ? AND ? AND adopted",
            (first, last),
        )
        return int(row[0])

    def collected(self, first: int, last: int) -> Amount:
        """Return the payments that runs heard of from Twikey."""
        row = self._store.one(
            "SELECT count(*), coalesce(sum(json_extract(facts, '$.cents')), 0) FROM events"
            " WHERE run_id BETWEEN ? AND ? AND what='paid in Twikey'",
            (first, last),
        )
        return int(row[0]), int(row[1])

    def reversed(self, first: int, last: int) -> Amount:
        """Return the payments that runs took back in Teamleader."""
        row = self._store.one(
            "SELECT count(*), coalesce(sum(r.amount_cents), 0) FROM events e JOIN registrations r"
            " ON r.event_id = json_extract(e.facts, '$.event')"
            " WHERE e.run_id BETWEEN ? AND ? AND e.what='payment removed in Teamleader'",
            (first, last),
        )
        return int(row[0]), int(row[1])

    def waiting(self) -> Amount:
        """Return the invoices that stand in Twikey and are not paid, with what is open of them."""
        row = self._store.one(
            "SELECT count(*), coalesce(sum(open), 0) FROM (SELECT b.amount_cents"
            " - coalesce(b.prepaid_cents, 0) - coalesce(r.cents, 0) AS open FROM bookings b"
            " LEFT JOIN (SELECT booking_id, sum(amount_cents) AS cents FROM registrations"
            " WHERE state IN ('accepted', 'done') GROUP BY booking_id) r ON r.booking_id = b.id"
            " WHERE b.stage='sent' AND b.kind='invoice' AND NOT coalesce(b.paid, 0)"
            " AND coalesce(b.twikey_state, '') NOT IN ('PAID', 'ARCHIVED', 'GONE')) WHERE open > 0"
        )
        return int(row[0]), int(row[1])

    def sending_since(self) -> dict[str, str]:
        """Return when each booking left whose answer is not known."""
        rows = self._store.tuples(
            "SELECT subject, min(at) FROM intents WHERE state IN ('intent', 'unknown')"
            " GROUP BY subject"
        )
        return dict(rows)

    # ---- what runs left out, and what they have to tell

    def skipped(self, first: int, last: int) -> list[tuple[str, str, str]]:
        """Return (reason, number or id, detail) of what runs left out by rule, and none did since.

        The detail is empty where a reason has none.
        """
        return self._store.tuples(
            "SELECT reason, coalesce(number, id), coalesce(detail, '') FROM bookings"
            " WHERE read_run BETWEEN ? AND ? AND stage IN ('skipped', 'undone')"
            " ORDER BY reason, number, id",
            (first, last),
        )

    def notices(self, first: int, last: int) -> list[tuple[str, str]]:
        """Return (codes with commas between, number or id) of what these runs sent."""
        return self._store.tuples(
            "SELECT notices, coalesce(number, id) FROM bookings"
            " WHERE sent_run BETWEEN ? AND ? AND notices NOT NULL ORDER BY number, id",
            (first, last),
        )

    def noted(self, first: int, last: int) -> list[tuple[str, bool]]:
        """Return (note, whether it asks for a person) of these runs, each note once, in order.

        Of runs that a person started only what asks for one: the rest was on their screen.
        """
        rows = self._store.tuples(
            "SELECT json_extract(e.facts, '$.note'), max(json_extract(e.facts, '$.asks'))"
            " FROM runs r JOIN events e ON e.subject = 'run ' || r.id AND e.what=?"
            " WHERE r.id BETWEEN ? AND ? AND (json_extract(e.facts, '$.asks')"
            " OR NOT coalesce(json_extract(r.parameters, '$.by_hand'), 0))"
            " GROUP BY 1 ORDER BY min(e.seq)",
            (NOTED, first, last),
        )
        return [(str(note), bool(asks)) for note, asks in rows]

    def feed_read_at(self, feed: str) -> str | None:
        """Return when a feed of Twikey was last read."""
        row = self._store.first("SELECT read_at FROM feeds WHERE feed=?", (feed,))
        return row["read_at"] if row else None

    # ---- what one run did with money, from the journey

    def told_in(self, run_id: int, state: str) -> tuple[int, int]:
        """Return how many registrations of a run came to a state, and their cents."""
        return self._added_up(run_id, SAID[state])

    def undone_in(self, run_id: int) -> tuple[int, int]:
        """Return how many payments a run took back, and their cents."""
        row = self._store.one(
            "SELECT count(*), coalesce(sum(r.amount_cents), 0) FROM events e JOIN registrations r"
            " ON r.event_id = json_extract(e.facts, '$.event')"
            " WHERE e.run_id=? AND e.what='payment removed in Teamleader'",
            (run_id,),
        )
        return int(row[0]), int(row[1])

    def put_back_in(self, run_id: int) -> int:
        """Return how many payments a run put back."""
        return self._added_up(run_id, "payment put back in Teamleader")[0]

    def _added_up(self, run_id: int, what: str) -> tuple[int, int]:
        row = self._store.one(
            "SELECT count(*), coalesce(sum(json_extract(facts, '$.cents')), 0) FROM events"
            " WHERE run_id=? AND what=?",
            (run_id, what),
        )
        return int(row[0]), int(row[1])
