"""Both sides as the ledger knows them, for a reconciliation: questions only, nothing is written.

Rows come in the columns of ``mappings.reconcile_frames``, so that they become frames as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.ledger.bookings import marks
from connectors.ledger.store import Store

SOME = 500
KNOWN = """
  SELECT b.id AS ledger_id, b.kind AS ledger_kind, b.number AS ledger_number, b.stage, b.reason,
  b.detail, coalesce(b.twikey_id, b.sent_as) AS twikey_key, coalesce(b.prepaid_cents, 0)
  AS prepaid_cents, coalesce(d.state, 'none') AS pdf, d.reason AS pdf_reason, b.twikey_number,
  b.amount_cents, b.issued_on, b.twikey_state, b.url, b.ct, b.adopted,
  (SELECT group_concat(code, ' ') FROM (SELECT code FROM alerts a WHERE a.booking_id = b.id
   AND a.settled_at IS NULL ORDER BY code)) AS alerts
  FROM bookings b LEFT JOIN documents d ON d.booking_id = b.id
"""
SEEN = """
  SELECT t.id AS twikey_id, t.number AS twikey_number, t.ref, t.amount_cents AS twikey_cents,
  t.issued_on AS twikey_on, t.state AS twikey_state, t.url AS twikey_url, t.ct, 'feed' AS sight,
  t.seen_at
  FROM twikey_invoices t WHERE t.state IS NOT 'GONE'
"""


class Comparison:
    """What a reconciliation asks the ledger."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def bookings(self, since: str, until: str) -> list[dict[str, Any]]:
        """Return the bookings that are dated within two days, both included."""
        return self._rows(f"{KNOWN} WHERE b.issued_on BETWEEN ? AND ?", (since, until))

    def bookings_of(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return bookings by their ids in Teamleader."""
        return self._in_parts(f"{KNOWN} WHERE b.id IN ({{}})", ids)

    def bookings_behind(self, twikey_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return the bookings that have these ids in Twikey."""
        return self._in_parts(f"{KNOWN} WHERE b.twikey_id IN ({{}})", twikey_ids)

    def invoices(self, since: str, until: str) -> list[dict[str, Any]]:
        """Return what Twikey's feed showed with a date within two days, or without any date."""
        where = "AND (t.issued_on BETWEEN ? AND ? OR t.issued_on IS NULL)"
        return self._rows(f"{SEEN} {where}", (since, until))

    def invoices_of(self, twikey_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return what Twikey's feed showed, by ids in Twikey."""
        return self._in_parts(f"{SEEN} AND t.id IN ({{}})", twikey_ids)

    def oldest(self) -> str | None:
        """Return the invoice date from which on imports ever read: asked for, or seen."""
        row = self._store.one(
            "SELECT min(day) FROM (SELECT min(issued_on) AS day FROM bookings UNION ALL"
            " SELECT min(json_extract(parameters, '$.since')) FROM runs WHERE flow='import'"
            " AND outcome IN ('clean', 'held'))"
        )
        return str(row[0]) if row[0] is not None else None

    def first_import(self) -> str | None:
        """Return when the first import began that did its work (UTC text)."""
        row = self._store.one(
            "SELECT min(started_at) FROM runs WHERE flow='import' AND outcome IN ('clean', 'held')"
        )
        return str(row[0]) if row[0] is not None else None

    def _in_parts(self, sql: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), SOME):
            some = ids[start : start + SOME]
            found += self._rows(sql.format(marks(len(some))), some)
        return found

    def _rows(self, sql: str, values: Sequence[object]) -> list[dict[str, Any]]:
        return [dict(row) for row in self._store.rows(sql, values)]
