"""Creates without a known outcome: what an earlier run left, one by one and in bulks.

Settled by looking, in a later run, not before ``not_before`` (decisions 5). Of a bulk that Twikey
accepted the bulk itself is asked first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.ledger.bookings import marks
from connectors.ledger.crossing import Sent
from connectors.ledger.store import Store


@dataclass(frozen=True, slots=True)
class OpenWrite:
    """A create whose outcome is not known, and when it may be looked up (UTC text)."""

    not_before: str
    sent: Sent


class Unsettled:
    """Open creates, and the bulks they left in."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def writes(self) -> list[OpenWrite]:
        """Return every create without a known outcome, oldest first.

        Members of a bulk that Twikey accepted are not among them: the bulk itself is asked first.
        """
        rows = self._store.tuples(
            "SELECT i.not_before, b.id, b.twikey_number, b.amount_cents, b.issued_on,"
            " b.customer_id, b.sent_as FROM intents i JOIN bookings b ON b.id = i.subject"
            " LEFT JOIN batches t ON t.id = i.batch"
            " WHERE i.kind='create' AND i.state IN ('intent', 'unknown')"
            " AND coalesce(t.state, '') <> 'sent' ORDER BY i.at, b.id"
        )
        return [OpenWrite(not_before, Sent(*sent)) for not_before, *sent in rows]

    def unverified(self, before: str) -> tuple[int, list[str], bool] | None:
        """Return the oldest bulk that ended before an instant and was never verified.

        With it the bookings that it reported as created and that no feed has shown since, and
        whether the feed has shown others of it.
        """
        batch = self._store.first(
            "SELECT id FROM batches WHERE state='done' AND at < ? ORDER BY id LIMIT 1", (before,)
        )
        if batch is None:
            return None
        rows = self._store.tuples(
            "SELECT b.id, t.id FROM intents i JOIN bookings b ON b.id = i.subject"
            " LEFT JOIN twikey_invoices t ON t.id = b.twikey_id"
            " WHERE i.batch=? AND i.state='done' AND b.stage='sent' ORDER BY b.id",
            (batch["id"],),
        )
        unseen = [booking for booking, shown in rows if shown is None]
        return int(batch["id"]), unseen, len(unseen) < len(rows)

    def bulks(self) -> list[dict[str, Any]]:
        """Return bulks that Twikey accepted and whose outcome was never read."""
        rows = self._store.rows(
            "SELECT id, twikey_batch, not_before FROM batches WHERE state='sent' ORDER BY id"
        )
        return [dict(row) for row in rows]

    def left_out(self, ids: Sequence[str]) -> set[str]:
        """Return those bookings that were in a bulk whose result said nothing good of them."""
        rows = self._store.tuples(
            "SELECT DISTINCT i.subject FROM intents i JOIN batches t ON t.id = i.batch"
            " WHERE t.state IN ('none', 'done', 'verified') AND t.twikey_batch NOT NULL"
            f" AND i.subject IN ({marks(len(ids))})",
            ids,
        )
        return {row[0] for row in rows}

    def members(self, batch: int) -> list[str]:
        """Return the bookings of a bulk that are still open."""
        rows = self._store.tuples(
            "SELECT subject FROM intents WHERE batch=? AND state IN ('intent', 'unknown')",
            (batch,),
        )
        return [row[0] for row in rows]

    # ---- how a bulk went

    def bulk_accepted(self, batch: int, twikey_batch: str) -> None:
        """Keep Twikey's name of a bulk, so that any later run can ask how it went."""
        self._store.write(
            "UPDATE batches SET twikey_batch=?, state='sent' WHERE id=?", (twikey_batch, batch)
        )

    def bulk_ended(self, batch: int, state: str) -> None:
        """Close a bulk: done, none (nothing imported) or unknown."""
        self._store.write("UPDATE batches SET state=? WHERE id=?", (state, batch))
