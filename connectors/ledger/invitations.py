"""Invitations of bookings: at most one each by itself, ever (decisions 6; reliability P6).

States: ``asked`` (the intent: the call left, or was about to), ``done``, ``refused`` (Twikey said
no, nothing left), ``unknown`` (the answer was lost: never repeated by itself). A booking without a
row was never invited by this job. Deliveries are looked at a limited number of times afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from connectors.ledger.bookings import marks
from connectors.ledger.runs import Journal, text
from connectors.ledger.store import Store

OVER = "('PAID', 'ARCHIVED', 'GONE')"  # Twikey's states in which nobody is invited any more
CREDITED = (  # Twikey would ask more than is due: a person decides (complaint C11)
    "SELECT 1 FROM alerts a WHERE a.booking_id = b.id AND a.settled_at IS NULL"
    " AND a.code IN ('CREDITED', 'PARTLY_CREDITED')"
)
NOTHING_DUE = "(coalesce(b.paid, 0) OR coalesce(b.due_cents, 1) <= 0)"  # in Teamleader
LOOK_FIRST = "('AMOUNT_CHANGED', 'GONE_IN_TWIKEY', 'DELETED_IN_TEAMLEADER')"  # open alerts


class Candidate(NamedTuple):
    """A booking that might be invited, with all that decides about it; instants are UTC text.

    ``draft`` and ``nothing_due`` are what Teamleader showed last; ``alert`` is the code of what a
    person must look at first.
    """

    id: str
    kind: str
    number: str | None
    twikey_id: str
    ct: str | None
    twikey_state: str | None
    silent: bool
    sent_at: str
    has_pdf: bool
    invitation: str | None
    draft: bool
    nothing_due: bool
    alert: str | None


@dataclass(frozen=True, slots=True)
class Watched:
    """A booking whose delivery is to be looked at; ``state`` is that of its invitation, if any.

    ``since`` is when the invitation left, or when Twikey could first have sent its own.
    """

    id: str
    number: str | None
    twikey_id: str
    ct: str | None
    state: str | None
    since: str
    looks: int
    has_pdf: bool


_CANDIDATE = (
    "SELECT b.id, b.kind, b.number, b.twikey_id, coalesce(t.ct, b.ct),"
    " coalesce(t.state, b.twikey_state), coalesce(b.silent, 0), b.sent_at,"
    f" coalesce(d.state = 'attached', 0), i.state, coalesce(b.status = 'draft', 0), {NOTHING_DUE},"
    " CASE WHEN b.payable_cents <> b.amount_cents THEN 'AMOUNT_CHANGED'"
    " WHEN b.twikey_state = 'GONE' THEN 'GONE_IN_TWIKEY' ELSE (SELECT min(a.code)"
    f" FROM alerts a WHERE a.booking_id = b.id AND a.settled_at IS NULL AND a.code IN {LOOK_FIRST})"
    " END FROM bookings b"
    " LEFT JOIN twikey_invoices t ON t.id = b.twikey_id"
    " LEFT JOIN documents d ON d.booking_id = b.id"
    " LEFT JOIN invitations i ON i.booking_id = b.id WHERE b.stage = 'sent'"
)


class Invitations:
    """Who was invited, and what became of it."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    # ---- questions

    def candidates(self, sent_since: str) -> list[Candidate]:
        """Return bookings, open on both sides, that crossed since and were never invited by us."""
        rows = self._store.tuples(
            f"{_CANDIDATE} AND i.state IS NULL AND b.sent_at >= ? AND NOT coalesce(b.silent, 0)"
            f" AND b.kind = 'invoice' AND coalesce(t.state, b.twikey_state, '') NOT IN {OVER}"
            f" AND NOT {NOTHING_DUE} AND NOT EXISTS ({CREDITED}) ORDER BY b.sent_at, b.id",
            (sent_since,),
        )
        return [Candidate(*row) for row in rows]

    def candidate(self, booking_id: str) -> Candidate | None:
        """Return one booking that stands in Twikey, whatever its state."""
        rows = self._store.tuples(f"{_CANDIDATE} AND b.id = ?", (booking_id,))
        return Candidate(*rows[0]) if rows else None

    def silent(self) -> int:
        """Return how many open bookings are never invited by themselves: a silent first load."""
        row = self._store.one(
            "SELECT count(*) FROM bookings b LEFT JOIN invitations i ON i.booking_id = b.id"
            " WHERE b.stage = 'sent' AND b.silent AND i.state IS NULL"
            f" AND coalesce(b.twikey_state, '') NOT IN {OVER} AND NOT {NOTHING_DUE}"
        )
        return int(row[0])

    def of(self, booking_id: str) -> dict[str, Any] | None:
        """Return the invitation of a booking, or None."""
        row = self._store.first("SELECT * FROM invitations WHERE booking_id=?", (booking_id,))
        return dict(row) if row else None

    def counts(self) -> dict[str, int]:
        """Return how many invitations stand at each state."""
        return dict(self._store.tuples("SELECT state, count(*) FROM invitations GROUP BY 1"))

    # ---- facts

    def silence(self) -> int:
        """Let nothing that is undecided now ever be invited by itself (decisions 6)."""
        return self._store.write("UPDATE bookings SET silent=1 WHERE stage='seen'")

    def unsilence(self, run_id: int) -> int:
        """Let what a run has read and not decided be invited, although it was silenced before."""
        return self._store.write(
            "UPDATE bookings SET silent=0 WHERE stage='seen' AND read_run=?", (run_id,)
        )

    def asked(self, booking_id: str, channel: str, by: str, run_id: int, now: datetime) -> None:
        """Commit the intent of an invitation."""
        with self._store.atomic():
            self._store.write(
                "INSERT INTO invitations (booking_id, state, channel, at, by)"
                " VALUES (?, 'asked', ?, ?, ?) ON CONFLICT (booking_id) DO UPDATE SET"
                " state='asked', channel=excluded.channel, at=excluded.at, by=excluded.by,"
                " detail=NULL",
                (booking_id, channel, text(now), by),
            )
            self._store.write("DELETE FROM deliveries WHERE booking_id=?", (booking_id,))
            self._journal.add(
                run_id, now, booking_id, "invitation asked for", channel=channel, by=by
            )

    def not_sent(self, booking_id: str, before: Mapping[str, Any] | None) -> None:
        """Take back an intent that certainly never left; ``before`` is the row it replaced."""
        with self._store.atomic():
            self._store.write("DELETE FROM invitations WHERE booking_id=?", (booking_id,))
            if before is not None:
                self._store.write(
                    "INSERT INTO invitations (booking_id, state, channel, at, by, detail)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    tuple(
                        before[name]
                        for name in ("booking_id", "state", "channel", "at", "by", "detail")
                    ),
                )

    def ended(
        self, booking_id: str, state: str, detail: str | None, run_id: int, now: datetime
    ) -> None:
        """Record the outcome: done, refused or unknown."""
        with self._store.atomic():
            self._store.write(
                "UPDATE invitations SET state=?, detail=? WHERE booking_id=?",
                (state, detail, booking_id),
            )
            self._journal.add(run_id, now, booking_id, f"invitation {state}", detail=detail)

    def found(self, booking_id: str, run_id: int, now: datetime) -> None:
        """Record that an invitation had left already, which this job did not ask for."""
        with self._store.atomic():
            self._store.write(
                "INSERT INTO invitations (booking_id, state, channel, at, by, detail)"
                " VALUES (?, 'done', NULL, ?, 'Twikey', 'it had left already')"
                " ON CONFLICT (booking_id) DO UPDATE SET state=excluded.state, channel=NULL,"
                " at=excluded.at, by=excluded.by, detail=excluded.detail WHERE state='refused'",
                (booking_id, text(now)),
            )
            self._journal.add(run_id, now, booking_id, "invitation found: it had left already")

    def left_open(self, run_id: int, now: datetime) -> None:
        """Turn what a crash left ``asked`` into ``unknown``: it may have left."""
        with self._store.atomic():
            rows = self._store.tuples("SELECT booking_id FROM invitations WHERE state='asked'")
            for (booking_id,) in rows:
                self.ended(booking_id, "unknown", "the run ended before the answer", run_id, now)

    # ---- deliveries

    def watched(
        self, now: datetime, before: str, by_twikey_until: str, since: str, limit: int
    ) -> list[Watched]:
        """Return the next deliveries to look at.

        Invitations that were asked for up to ``before``, and bookings without one that Twikey could
        have invited itself between ``since`` and ``by_twikey_until``; none that is over.
        """
        rows = self._store.tuples(
            "SELECT b.id, b.number, b.twikey_id, coalesce(t.ct, b.ct), i.state,"
            " coalesce(i.at, max(coalesce(d.attached_at, ''), b.sent_at)) AS since,"
            " coalesce(v.looks, 0), coalesce(d.state = 'attached', 0) FROM bookings b"
            " LEFT JOIN twikey_invoices t ON t.id = b.twikey_id"
            " LEFT JOIN documents d ON d.booking_id = b.id"
            " LEFT JOIN invitations i ON i.booking_id = b.id"
            " LEFT JOIN deliveries v ON v.booking_id = b.id"
            " WHERE b.stage = 'sent' AND b.kind = 'invoice' AND b.sent_at >= ?"
            f" AND coalesce(t.state, b.twikey_state, '') NOT IN {OVER} AND NOT {NOTHING_DUE}"
            " AND (v.booking_id IS NULL OR v.next_look_at <= ?)"
            " AND ((i.state IN ('done', 'unknown') AND i.at <= ?)"
            "   OR (i.state IS NULL AND NOT coalesce(b.silent, 0) AND since <= ?))"
            " ORDER BY i.state IS NULL, coalesce(v.looks, 0), b.sent_at LIMIT ?",
            (since, text(now), before, by_twikey_until, limit),
        )
        return [Watched(*row) for row in rows]

    def looked(
        self, booking_id: str, state: str, next_look_at: datetime | None, *, counts: bool = True
    ) -> None:
        """Record what a look at a delivery showed (ok, fail, none) and when to look again.

        ``counts`` is false where it was only put off.
        """
        self._store.write(
            "INSERT INTO deliveries (booking_id, state, looks, next_look_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (booking_id) DO UPDATE SET state=excluded.state,"
            " looks=looks + excluded.looks, next_look_at=excluded.next_look_at",
            (booking_id, state, counts, text(next_look_at) if next_look_at else None),
        )

    def over(self, ids: Sequence[str]) -> list[str]:
        """Return those of some bookings that are paid, credited, archived or closed by now."""
        rows = self._store.tuples(
            "SELECT b.id FROM bookings b LEFT JOIN twikey_invoices t ON t.id = b.twikey_id"
            f" WHERE b.id IN ({marks(len(ids))}) AND (b.stage <> 'sent' OR {NOTHING_DUE}"
            f" OR coalesce(t.state, b.twikey_state, '') IN {OVER})",
            ids,
        )
        return [row[0] for row in rows]
