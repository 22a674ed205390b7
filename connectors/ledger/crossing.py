"""How bookings cross to Twikey: an intent before each remote write, its outcome after it.

Outcomes are ``done``, ``refused`` or ``unknown`` (decisions 5). An intent that a crash left behind
is worth as much as an unknown one: both are settled by looking, in a later run, not before
``not_before``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from connectors.ledger.bookings import marks
from connectors.ledger.runs import Event, Journal, text
from connectors.ledger.store import Store


@dataclass(frozen=True, slots=True)
class Crossing:
    """A booking about to be created in Twikey, as decided."""

    id: str
    number: str
    amount_cents: int
    customer_id: str
    ct: str | None
    ct_source: str | None
    notices: str | None
    described: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """A booking decided without a remote write: ``stage`` is held or skipped."""

    id: str
    stage: str
    reason: str
    detail: str | None
    number: str | None = None
    notices: str | None = None
    next_try_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a create said of a booking, to be compared with what stands in Twikey.

    ``sent_as`` is the id that it was sent with, where its own is spent in Twikey.
    """

    booking_id: str
    number: str
    amount_cents: int
    issued_on: str
    customer_id: str
    sent_as: str | None = None


class Crossings:
    """Intents and outcomes."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    # ---- before the write

    def intend(
        self, crossings: Sequence[Crossing], run_id: int, now: datetime, not_before: datetime
    ) -> None:
        """Commit the intent to create these one by one."""
        self._intend(crossings, run_id, now, not_before, None)

    def intend_bulk(
        self, crossings: Sequence[Crossing], run_id: int, now: datetime, not_before: datetime
    ) -> int:
        """Commit the intent to create these in one bulk; return the bulk's number."""
        with self._store.atomic():
            self._store.write(
                "INSERT INTO batches (run_id, state, at, not_before) VALUES (?, 'intent', ?, ?)",
                (run_id, text(now), text(not_before)),
            )
            batch = int(self._store.one("SELECT last_insert_rowid()")[0])
            self._intend(crossings, run_id, now, not_before, batch)
        return batch

    def _intend(
        self,
        crossings: Sequence[Crossing],
        run_id: int,
        now: datetime,
        not_before: datetime,
        batch: int | None,
    ) -> None:
        with self._store.atomic():
            self._store.write_all(
                "UPDATE bookings SET stage='sending', reason=NULL, detail=NULL, notices=?,"
                " twikey_number=?, ct=?, ct_source=?, amount_cents=?, twikey_customer=?,"
                " attempts=attempts + 1, decided_run=?, read_run=?,"
                " told_due_on=coalesce(due_on, issued_on),"
                " told_customer=customer_id,"
                " prepaid_cents=payable_cents - coalesce(due_cents, payable_cents) WHERE id=?",
                [
                    (c.notices, c.number, c.ct, c.ct_source, c.amount_cents,
                     "new" if c.described else "known", run_id, run_id, c.id)
                    for c in crossings
                ],
            )  # fmt: skip
            attempts = self.attempts([c.id for c in crossings])
            at, later = text(now), text(not_before)
            self._store.write_all(
                "INSERT INTO intents (op, kind, subject, batch, state, run_id, at, not_before)"
                " VALUES (?, 'create', ?, ?, 'intent', ?, ?, ?)",
                [
                    (f"create:{c.id}:{attempts[c.id]}", c.id, batch, run_id, at, later)
                    for c in crossings
                ],
            )

    def planned(self, crossings: Sequence[Crossing], run_id: int) -> None:
        """Record what would be created; only ever called on the copy of a dry run."""
        self._store.write_all(
            "UPDATE bookings SET stage='planned', reason=NULL, notices=?, twikey_number=?, ct=?,"
            " ct_source=?, amount_cents=?, twikey_customer=?, decided_run=?, read_run=?,"
            " sent_run=? WHERE id=?",
            [
                (c.notices, c.number, c.ct, c.ct_source, c.amount_cents,
                 "new" if c.described else "known", run_id, run_id, run_id, c.id)
                for c in crossings
            ],
        )  # fmt: skip

    def attempts(self, ids: Sequence[str]) -> dict[str, int]:
        """Return how many creates each booking has seen."""
        rows = self._store.tuples(
            f"SELECT id, attempts FROM bookings WHERE id IN ({marks(len(ids))})", ids
        )
        return dict(rows)

    # ---- after the write

    def sent(
        self,
        rows: Iterable[tuple[str, str, str | None, str | None]],
        run_id: int,
        now: datetime,
        *,
        adopted: bool = False,
        how: str = "created in Twikey",
        new_profile: str | None = None,
    ) -> None:
        """Record bookings that stand in Twikey: (id, Twikey id, url, state).

        Where url or state are None, what the feed may have shown before is taken.
        ``new_profile`` becomes the default profile of customers that came into being with them.
        """
        rows = list(rows)
        at = text(now)
        with self._store.atomic():
            self._store.write_all(
                "UPDATE bookings SET stage='sent', reason=NULL, detail=NULL, next_try_at=NULL,"
                " tries=0, twikey_id=?, adopted=?, sent_at=?, sent_run=?, decided_run=?,"
                " read_run=?, told_customer=coalesce(told_customer, customer_id),"
                " url=coalesce(?, (SELECT url FROM twikey_invoices t WHERE t.id=?), url),"
                " twikey_state=coalesce(?, (SELECT state FROM twikey_invoices t WHERE t.id=?),"
                " twikey_state) WHERE id=?",
                [(t, adopted, at, run_id, run_id, run_id, u, t, s, t, b) for b, t, u, s in rows],
            )
            self._end([b for b, *_ in rows], "done", None, at)
            ids = [b for b, *_ in rows]
            self._customers_known(ids, run_id, adopted=adopted, profile=new_profile)
            events: list[Event] = [
                (b, how, {"twikey_id": t} if t != b else None) for b, t, *_ in rows
            ]
            self._journal.add_all(run_id, now, events)

    def adopted(
        self, rows: Sequence[tuple[str, str, str, int]], run_id: int, now: datetime
    ) -> None:
        """Record bookings found in Twikey: (id, Twikey id, number there, euro cents)."""
        with self._store.atomic():
            self._store.write_all(
                "UPDATE bookings SET twikey_number=?, amount_cents=? WHERE id=?",
                [(number, cents, each) for each, _, number, cents in rows],
            )
            self.sent(
                [(each, twikey_id, None, None) for each, twikey_id, *_ in rows],
                run_id, now, adopted=True, how="adopted",
            )  # fmt: skip

    def _customers_known(
        self, ids: Sequence[str], run_id: int, *, adopted: bool, profile: str | None
    ) -> None:
        """A customer whose invoice stands in Twikey is known there from now on.

        What changed since an earlier run tried to make it, and nobody knew the outcome, follows.
        """
        self._store.write(
            "UPDATE customers SET known=1, known_how=?, profile_to_set=?, changed=changed OR"
            " (? AND EXISTS (SELECT 1 FROM intents i JOIN bookings b ON b.id = i.subject"
            " WHERE b.customer_id = customers.id AND i.kind='create' AND i.run_id <> ?))"
            " WHERE NOT known AND id IN"
            f" (SELECT customer_id FROM bookings WHERE id IN ({marks(len(ids))}))",
            ("seen" if adopted else "created", None if adopted else profile, not adopted, run_id,
             *ids),
        )  # fmt: skip

    def decided(self, verdicts: Iterable[Verdict], run_id: int, now: datetime) -> None:
        """Record bookings that are held or skipped; only news goes into the journey."""
        verdicts = list(verdicts)
        at = text(now)
        with self._store.atomic():
            before = self._reasons([v.id for v in verdicts])
            self._store.write_all(
                "UPDATE bookings SET stage=?, reason=?, detail=?, notices=coalesce(?, notices),"
                " twikey_number=coalesce(?, twikey_number), decided_run=?, read_run=?,"
                " held_at=CASE ? WHEN 'held' THEN coalesce(held_at, ?) END,"
                " tries=tries + (? = 'held'), next_try_at=?"
                " WHERE id=?",
                [
                    (v.stage, v.reason, v.detail, v.notices, v.number, run_id, run_id, v.stage, at,
                     v.stage, text(v.next_try_at) if v.next_try_at else None, v.id)
                    for v in verdicts
                ],
            )  # fmt: skip
            events: list[Event] = [
                (v.id, v.stage, {"reason": v.reason, "detail": v.detail})
                for v in verdicts
                if before.get(v.id) != v.reason
            ]
            self._journal.add_all(run_id, now, events)

    def _reasons(self, ids: Sequence[str]) -> dict[str, str | None]:
        rows = self._store.tuples(
            f"SELECT id, reason FROM bookings WHERE id IN ({marks(len(ids))})", ids
        )
        return dict(rows)

    def refused(self, verdicts: Sequence[Verdict], run_id: int, now: datetime) -> None:
        """Record creates that Twikey refused: nothing stands there, the booking is held."""
        with self._store.atomic():
            self._end([v.id for v in verdicts], "refused", verdicts[0].detail, text(now))
            self.decided(verdicts, run_id, now)

    def unknown(self, ids: Sequence[str], why: str, run_id: int, now: datetime) -> None:
        """Record creates whose answer was lost; they stay ``sending`` until they are settled."""
        with self._store.atomic():
            self._store.write_all(
                "UPDATE intents SET state='unknown', answer=? WHERE subject=? AND kind='create'"
                " AND state='intent'",
                [(why, each) for each in ids],
            )
            self._store.write_all(
                "UPDATE bookings SET reason='UNSETTLED', detail=? WHERE id=?",
                [(why, each) for each in ids],
            )
            events: list[Event] = [(each, "answer lost", {"why": why}) for each in ids]
            self._journal.add_all(run_id, now, events)

    def not_applied(self, ids: Sequence[str], run_id: int, now: datetime, how: str) -> None:
        """Take back intents that certainly came to nothing: the bookings are decided anew.

        By this run where it has read them itself, else by the next scheduled one or a retry.
        """
        with self._store.atomic():
            self._end(ids, "refused", how, text(now))
            self._store.write_all(
                "UPDATE bookings SET stage='seen', reason=NULL, detail=NULL, decided_run=NULL,"
                " detail_run=NULL WHERE id=?",
                [(each,) for each in ids],
            )
            events: list[Event] = [(each, "to be sent again", {"why": how}) for each in ids]
            self._journal.add_all(run_id, now, events)

    def _end(self, ids: Sequence[str], state: str, answer: str | None, at: str) -> None:
        self._store.write_all(
            "UPDATE intents SET state=?, answer=?, ended_at=? WHERE subject=? AND kind='create'"
            " AND state IN ('intent', 'unknown')",
            [(state, answer, at, each) for each in ids],
        )
