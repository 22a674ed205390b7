"""What one run did, row by row, to be shown to a person: the plan of a dry run, money, reversals.

Amounts are cents, instants UTC text. Never more than ``MOST`` rows: what is longer is counted in
the reports and stands whole in the exports.
"""

from __future__ import annotations

from typing import Any

from connectors.ledger.store import Store

MOST = 500


class Shown:
    """The rows that pages are made of."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def plan(self, run_id: int, most: int = MOST) -> list[dict[str, Any]]:
        """Return what a dry run decided of each booking; what would be sent comes first."""
        return self._rows(
            "SELECT id, kind, number, twikey_number, issued_on, due_on, amount_cents,"
            " payable_cents, currency, ct AS profile, ct_source AS why_profile, stage, reason,"
            " detail, notices, web_url FROM bookings WHERE read_run=?"
            " ORDER BY CASE stage WHEN 'planned' THEN 0 WHEN 'held' THEN 1 WHEN 'skipped' THEN 2"
            " ELSE 3 END, kind DESC, number, id LIMIT ?",
            (run_id, most),
        )

    def payments_written(self, run_id: int) -> list[dict[str, Any]]:
        """Return the payments that a run saw registered in Teamleader, in that order."""
        return self._rows(
            "SELECT b.number, b.twikey_number, b.web_url, b.url, b.currency,"
            " json_extract(e.facts, '$.cents') AS cents, json_extract(e.facts, '$.paid_at')"
            " AS paid_at, p.source AS method FROM events e JOIN bookings b ON b.id = e.subject"
            " LEFT JOIN payment_events p ON p.event_id = json_extract(e.facts, '$.event')"
            " WHERE e.run_id=? AND e.what='payment registered in Teamleader'"
            " ORDER BY e.seq LIMIT ?",
            (run_id, MOST),
        )

    def reversed(self, run_id: int) -> list[dict[str, Any]]:
        """Return the payments that a run took back in Teamleader, with what the bank said."""
        return self._rows(
            "SELECT b.number, b.twikey_number, b.web_url, b.url, r.currency,"
            " r.amount_cents AS cents, r.paid_at, p.source AS method,"
            " (SELECT f.error FROM payment_events f WHERE f.booking_id = e.subject"
            " AND f.key = p.key AND f.error NOT NULL ORDER BY f.seq DESC LIMIT 1) AS error"
            " FROM events e JOIN bookings b ON b.id = e.subject"
            " JOIN registrations r ON r.event_id = json_extract(e.facts, '$.event')"
            " LEFT JOIN payment_events p ON p.event_id = r.event_id"
            " WHERE e.run_id=? AND e.what='payment removed in Teamleader' ORDER BY e.seq LIMIT ?",
            (run_id, MOST),
        )

    def _rows(self, sql: str, values: tuple[object, ...]) -> list[dict[str, Any]]:
        return [dict(row) for row in self._store.rows(sql, values)]
