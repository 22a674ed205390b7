"""The PDFs of bookings: which are wanted, when one is tried again, what was attached.

States: ``waiting`` (tried, not there yet), ``sending`` (the intent: a PUT left, or was about to),
``attached`` (final: a PDF is never attached twice), ``refused`` (Twikey does not take it; only a
person asks again). A booking without a row was never tried. Rows are the intent and the outcome of
decisions 5 in one: ``sending`` is committed before the PUT.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.ledger.bookings import marks
from connectors.ledger.runs import Journal, text
from connectors.ledger.store import Store

FOUND = "found at Twikey"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A booking whose PDF is to be attached; dates are those that Twikey was told last."""

    id: str
    kind: str
    number: str | None
    twikey_id: str
    issued_on: str
    due_on: str
    language: str | None
    tries: int
    adopted: bool
    refused: bool
    sha256: str | None
    size: int | None


_WANTED = (
    "SELECT b.id, b.kind, b.number, b.twikey_id, coalesce(t.issued_on, b.issued_on),"
    " coalesce(b.told_due_on, t.due_on, b.due_on, b.issued_on), c.language,"
    " coalesce(d.tries, 0), b.adopted, coalesce(d.state = 'refused', 0), d.sha256, d.size"
    " FROM bookings b"
    " LEFT JOIN documents d ON d.booking_id = b.id"
    " LEFT JOIN customers c ON c.id = b.customer_id"
    " LEFT JOIN twikey_invoices t ON t.id = b.twikey_id WHERE b.stage = 'sent'"
)
_NAMED = "(b.number IN ({0}) OR b.twikey_number IN ({0}) OR b.id IN ({0}) OR b.twikey_id IN ({0}))"


class Documents:
    """The PDFs of what crossed."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    # ---- questions

    def due(self, now: datetime, limit: int) -> list[Wanted]:
        """Return bookings whose PDF was never tried or is to be tried again, latest due first."""
        return self._wanted(
            "AND (d.state IS NULL OR (d.state = 'waiting' AND d.next_try_at <= ?))"
            " ORDER BY b.due_on DESC, b.id LIMIT ?",
            (text(now), limit),
        )

    def missing(self) -> list[Wanted]:
        """Return every booking without a PDF whose turn a person gives now (guide 6)."""
        return self._wanted(
            "AND coalesce(d.state, 'waiting') IN ('waiting', 'refused')"
            " ORDER BY b.due_on DESC, b.id",
            (),
        )

    def named(self, names: Sequence[str]) -> list[Wanted]:
        """Return those of ``missing`` that are called so: number, or id on either side."""
        return self._wanted(
            "AND coalesce(d.state, 'waiting') IN ('waiting', 'refused') AND "
            + _NAMED.format(marks(len(names)))
            + " ORDER BY b.number, b.id",
            tuple(names) * 4,
        )

    def unsettled(self, now: datetime) -> list[Wanted]:
        """Return bookings whose PUT has no known outcome and whose wait W is over."""
        return self._wanted("AND d.state = 'sending' AND d.next_try_at <= ?", (text(now),))

    def _wanted(self, where: str, values: Sequence[object]) -> list[Wanted]:
        rows = self._store.tuples(f"{_WANTED} {where}", values)
        return [Wanted(*row) for row in rows]

    def states(self, names: Sequence[str]) -> dict[str, str]:
        """Return what the sent bookings called so are at: name -> state, ``none`` if never tried.

        A name that no sent booking has is missing from the answer.
        """
        found: dict[str, str] = {}
        for name in names:
            row = self._store.first(
                "SELECT coalesce(d.state, 'none') FROM bookings b LEFT JOIN documents d"
                f" ON d.booking_id = b.id WHERE b.stage='sent' AND {_NAMED.format('?')}",
                (name,) * 4,
            )
            if row is not None:
                found[name] = str(row[0])
        return found

    def counts(self) -> dict[str, int]:
        """Return how many sent bookings are at each state; ``none`` was never tried."""
        rows = self._store.tuples(
            "SELECT coalesce(d.state, 'none'), count(*) FROM bookings b LEFT JOIN documents d"
            " ON d.booking_id = b.id WHERE b.stage = 'sent' GROUP BY 1"
        )
        return dict(rows)

    def listing(self) -> list[dict[str, Any]]:
        """Return what waits for a PDF, with its reason and the next try (UTC text)."""
        rows = self._store.rows(
            "SELECT b.id, b.kind, b.number, b.twikey_number, b.invoicee_name,"
            " coalesce(d.state, 'none') AS state, coalesce(d.tries, 0) AS tries, d.next_try_at,"
            " d.reason, d.detail FROM bookings b LEFT JOIN documents d ON d.booking_id = b.id"
            " WHERE b.stage = 'sent' AND coalesce(d.state, 'none') <> 'attached'"
            " ORDER BY d.tries DESC, b.number, b.id"
        )
        return [dict(row) for row in rows]

    def of(self, booking_id: str) -> dict[str, Any] | None:
        """Return the row of a booking, or None when its PDF was never tried."""
        row = self._store.first("SELECT * FROM documents WHERE booking_id=?", (booking_id,))
        return dict(row) if row else None

    # ---- facts

    def sending(self, wanted: Wanted, sha256: str, size: int, not_before: datetime) -> None:
        """Commit the intent of a PUT; it may be looked up from ``not_before`` on."""
        self._store.write(
            "INSERT INTO documents (booking_id, state, next_try_at, sha256, size)"
            " VALUES (?, 'sending', ?, ?, ?) ON CONFLICT (booking_id) DO UPDATE SET"
            " state='sending', next_try_at=excluded.next_try_at, reason=NULL, detail=NULL,"
            " sha256=excluded.sha256, size=excluded.size WHERE state <> 'attached'",
            (wanted.id, text(not_before), sha256, size),
        )

    def unknown(self, booking_id: str, why: str, run_id: int, now: datetime) -> None:
        """Record a PUT whose answer was lost: it stays ``sending`` until it is looked up."""
        with self._store.atomic():
            self._store.write("UPDATE documents SET detail=? WHERE booking_id=?", (why, booking_id))
            self._journal.add(run_id, now, booking_id, "PDF: answer lost", why=why)

    def attached(
        self,
        booking_id: str,
        sha256: str | None,
        size: int | None,
        run_id: int,
        now: datetime,
        how: str = "attached",
    ) -> None:
        """Record that Twikey has the PDF; final."""
        with self._store.atomic():
            self._store.write(
                "INSERT INTO documents (booking_id, state, sha256, size, attached_at)"
                " VALUES (?, 'attached', ?, ?, ?) ON CONFLICT (booking_id) DO UPDATE SET"
                " state='attached', next_try_at=NULL, reason=NULL, detail=NULL,"
                " sha256=excluded.sha256, size=excluded.size, attached_at=excluded.attached_at",
                (booking_id, sha256, size, text(now)),
            )
            self._journal.add(run_id, now, booking_id, f"PDF {how}", sha256=sha256, size=size)

    def waiting(
        self,
        booking_id: str,
        code: str,
        detail: str,
        next_try: datetime,
        run_id: int,
        now: datetime,
    ) -> None:
        """Record a try that came to nothing, and when the next one is; only news is told."""
        self._set(booking_id, "waiting", code, detail, text(next_try), run_id, now)

    def refused(self, booking_id: str, code: str, detail: str, run_id: int, now: datetime) -> None:
        """Record that Twikey does not take the PDF; a person may ask for another try."""
        self._set(booking_id, "refused", code, detail, None, run_id, now)

    def not_sent(self, booking_id: str, now: datetime) -> None:
        """Take back the intent of a PUT that certainly never left."""
        self._store.write(
            "UPDATE documents SET state='waiting', next_try_at=? WHERE booking_id=?"
            " AND state='sending'",
            (text(now), booking_id),
        )

    def look_later(self, booking_id: str, not_before: datetime) -> None:
        """Put off the look at a PUT without a known outcome."""
        self._store.write(
            "UPDATE documents SET next_try_at=? WHERE booking_id=? AND state='sending'",
            (text(not_before), booking_id),
        )

    def _set(
        self,
        booking_id: str,
        state: str,
        code: str,
        detail: str,
        next_try_at: str | None,
        run_id: int,
        now: datetime,
    ) -> None:
        with self._store.atomic():
            before = self.of(booking_id)
            self._store.write(
                "INSERT INTO documents (booking_id, state, tries, next_try_at, reason, detail)"
                " VALUES (?, ?, 1, ?, ?, ?) ON CONFLICT (booking_id) DO UPDATE SET"
                " state=excluded.state, tries=tries + 1, next_try_at=excluded.next_try_at,"
                " reason=excluded.reason, detail=excluded.detail WHERE state <> 'attached'",
                (booking_id, state, next_try_at, code, detail),
            )
            if before is None or (before["state"], before["reason"]) != (state, code):
                self._journal.add(
                    run_id, now, booking_id, f"PDF {state}", reason=code, detail=detail
                )
