"""Invoices that are not in Twikey although nothing keeps them from it (acceptance A30)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.ledger.runs import text
from connectors.ledger.store import Store

# What Teamleader changed after the watermark is news that a schedule should have brought: it counts
# from that change. Anything older was asked for by hand, and counts from when it was first seen.
SINCE = (
    "CASE WHEN b.updated_at >= ? THEN min(b.updated_at, b.first_seen_at) ELSE b.first_seen_at END"
)
OPEN = (
    "b.stage = 'seen' AND b.kind = 'invoice' AND b.paid = 0 AND b.due_cents > 0"
    " AND b.source_problem IS NULL"
)
HERE = "(? = '[]' OR b.department_id IN (SELECT value FROM json_each(?)))"


class Late:
    """The questions of whoever watches that invoices arrive soon after booking."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def waiting(
        self, before: datetime, watermark: datetime | None, departments: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return open invoices that were read and neither sent, held nor skipped, oldest first.

        ``before``: only those booked (or seen, when asked for by hand) before that instant.
        ``departments`` are the ids to import; empty is all. Each row has ``since``, UTC text.
        """
        mark = text(watermark) if watermark else "9999"
        here = json.dumps(list(departments))
        rows = self._store.rows(
            "SELECT b.id AS booking_id, b.number, b.twikey_number, b.invoicee_name,"
            f" b.payable_cents, b.currency, b.web_url, b.url, {SINCE} AS since FROM bookings b"
            f" WHERE {OPEN} AND {HERE} AND {SINCE} < ? ORDER BY since, b.number, b.id",
            (mark, here, here, mark, text(before)),
        )
        return [dict(row) for row in rows]

    def arrived(self, run_id: int, before: datetime) -> list[str]:
        """Return the numbers of invoices that a run sent and that changed last before an instant.

        A booking changes when it is booked, so it is at least as late as that.
        """
        rows = self._store.tuples(
            "SELECT coalesce(number, id) FROM bookings WHERE sent_run=? AND NOT adopted"
            " AND kind='invoice' AND updated_at < ? ORDER BY updated_at, number",
            (run_id, text(before)),
        )
        return [row[0] for row in rows]

    def held_since(self, before: datetime) -> list[str]:
        """Return the numbers of what has been held since before an instant, oldest first.

        What is tried again and held again counts from the first time it was held.
        """
        rows = self._store.tuples(
            "SELECT coalesce(number, id) FROM bookings WHERE stage='held' AND held_at < ?"
            " ORDER BY held_at, number, id",
            (text(before),),
        )
        return [row[0] for row in rows]
