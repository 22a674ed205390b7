"""Subscriptions: their payment terms, and of which it was told that they make invoices due at once.

What is read of a subscription (its profile field, its term) is kept in ``customers``; here is what
a summary asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from connectors.ledger.runs import text
from connectors.ledger.store import Store

# As in the index, so that only those rows are read; the plus sign below keeps off another index.
AT_ONCE = "instr(b.notices, 'DUE_AT_ONCE')"


class Subscriptions:
    """The subscriptions of the ledger."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read_since(self, instant: datetime) -> dict[str, tuple[str | None, int | None]]:
        """Return the terms (type, days) of subscriptions that were read since an instant (UTC)."""
        rows = self._store.tuples(
            "SELECT id, term_type, term_days FROM subscriptions WHERE read_at >= ?",
            (text(instant),),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    # ---- due at once: told once per subscription, ever (guide 9, acceptance A45)

    def untold(self) -> list[tuple[str, str, bool]]:
        """Return subscriptions with an invoice that fell due at once, of which nobody was told.

        Each with its first such booking, and whether the ledger has read it.
        """
        rows = self._store.tuples(
            "SELECT b.subscription_id, b.id, s.id NOT NULL, min(coalesce(b.number, b.id))"
            " FROM bookings b"
            " LEFT JOIN subscriptions s ON s.id = b.subscription_id"
            " LEFT JOIN told_due_at_once t ON t.subscription_id = b.subscription_id"
            f" WHERE b.subscription_id NOT NULL AND {AT_ONCE}"
            " AND +b.stage IN ('sent', 'planned') AND t.subscription_id IS NULL"
            " GROUP BY b.subscription_id ORDER BY 4"
        )
        return [(row[0], row[1], bool(row[2])) for row in rows]

    def told(self, found: Iterable[tuple[str, str]], run_id: int, now: datetime) -> None:
        """Record that the summary of a run names these: (subscription, its booking)."""
        self._store.write_all(
            "INSERT OR IGNORE INTO told_due_at_once (subscription_id, run_id, booking_id, at)"
            " VALUES (?, ?, ?, ?)",
            [(each, run_id, booking, text(now)) for each, booking in found],
        )

    def told_in(self, run_id: int) -> list[dict[str, Any]]:
        """Return the subscriptions that the summary of a run names, with one booking of each."""
        rows = self._store.rows(
            "SELECT t.subscription_id, s.title, s.term_type, s.term_days, b.number,"
            " b.invoicee_name, b.issued_on, b.web_url FROM told_due_at_once t"
            " JOIN bookings b ON b.id = t.booking_id"
            " LEFT JOIN subscriptions s ON s.id = t.subscription_id"
            " WHERE t.run_id=? ORDER BY b.number, b.id",
            (run_id,),
        )
        return [dict(row) for row in rows]
