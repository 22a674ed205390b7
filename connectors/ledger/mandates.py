"""Mandates and whose they are: the customers they can be linked to, and each link that was asked.

A link sets a value at Twikey, so a lost answer is settled by looking whose the mandate is now, or
by setting the same again (API reference 5.6). Outcomes are those of every write: ``done``,
``refused`` or ``unknown``, and ``superseded`` for one that a later look made pointless.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.ledger.customers import COLUMNS
from connectors.ledger.runs import Journal, text
from connectors.ledger.store import Store


class MandateLinks:
    """The links of mandates to customers."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    def customers(self) -> list[tuple[Any, ...]]:
        """Return all customers by name, in the columns of ``mappings.customer_list.LISTED``."""
        return self._store.tuples(
            f"SELECT {', '.join(COLUMNS)}, known, gone FROM customers ORDER BY"
            " lower(coalesce(company_name, last_name, '')), lower(coalesce(first_name, '')), id"
        )

    def begin(
        self, mandate: str, customer_id: str, run_id: int, now: datetime, not_before: datetime
    ) -> int:
        """Commit the intent to link a mandate; return its number."""
        with self._store.atomic():
            self._store.write(
                "INSERT INTO mandate_links (mandate, customer_id, state, run_id, at, not_before)"
                " VALUES (?, ?, 'intent', ?, ?, ?)",
                (mandate, customer_id, run_id, text(now), text(not_before)),
            )
            return int(self._store.one("SELECT last_insert_rowid()")[0])

    def done(self, link: int, was: str | None, run_id: int, now: datetime) -> None:
        """Record that Twikey took a link; ``was`` is the customer number before."""
        with self._store.atomic():
            self.ended(link, "done", None, now)
            mandate, customer_id = self._store.one(
                "SELECT mandate, customer_id FROM mandate_links WHERE id=?", (link,)
            )
            self._journal.add_all(run_id, now, [
                (customer_id, "mandate linked", {"mandate": mandate, "was": was}),
                (mandate, "linked to a customer", {"customer": customer_id, "was": was}),
            ])  # fmt: skip

    def ended(self, link: int, state: str, answer: str | None, now: datetime) -> None:
        """Record the outcome of a link: done, refused or unknown."""
        self._store.write(
            "UPDATE mandate_links SET state=?, answer=?, ended_at=? WHERE id=?",
            (state, answer, text(now), link),
        )

    def not_sent(self, link: int) -> None:
        """Take back an intent that never left."""
        self._store.write("DELETE FROM mandate_links WHERE id=?", (link,))

    def in_doubt(self, now: datetime) -> dict[str, str]:
        """Return mandate to customer for links without an answer that may still be applied."""
        rows = self._store.tuples(
            "SELECT mandate, customer_id FROM mandate_links"
            " WHERE state IN ('intent', 'unknown') AND not_before > ? ORDER BY id",
            (text(now),),
        )
        return dict(rows)

    def looked_up(self, mandate: str, customer_id: str | None, run_id: int, now: datetime) -> None:
        """Settle what was left open of a mandate by what a look showed of it.

        One that arrived is done; of one that did not, the wait is over or it is about to be set
        again, so it is closed.
        """
        for link, wanted in self._store.tuples(
            "SELECT id, customer_id FROM mandate_links WHERE mandate=?"
            " AND state IN ('intent', 'unknown') ORDER BY id",
            (mandate,),
        ):
            if wanted == customer_id:
                self.done(link, None, run_id, now)
            else:
                self.ended(link, "superseded", "looked up: not applied", now)
