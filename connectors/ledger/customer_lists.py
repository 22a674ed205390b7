"""Which customers are to be read from Teamleader, and what the reading brought."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from connectors.ledger.bookings import marks
from connectors.ledger.customers import ACTIVE_AGAIN, BACK, DEACTIVATED, GONE
from connectors.ledger.links import NAME, STILL_OPEN, is_id
from connectors.ledger.store import Store

OF_OPEN_BOOKINGS = (
    " AND id IN (SELECT told_customer FROM bookings b WHERE b.stage='sent'"
    f" AND b.kind='invoice' AND {STILL_OPEN})"
)


class CustomerLists:
    """The customers of the ledger as a reader asks for them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def shown(self, ids: Sequence[str]) -> set[str]:
        """Return which of these are customers of an invoice that Twikey's feed showed."""
        rows = self._store.tuples(
            "SELECT DISTINCT customer_number FROM twikey_invoices WHERE customer_number IN"
            f" ({marks(len(ids))})",
            ids,
        )
        return {row[0] for row in rows}

    def to_read(self, *, with_open_bookings: bool = False) -> dict[str, list[str]]:
        """Return the customers that can be asked for, by type ('company', 'contact', 'either').

        ``with_open_bookings``: only those of whom an invoice is still open in Twikey. Otherwise
        all, with those that only Twikey's feed has shown, whose type nobody knows.
        """
        which = OF_OPEN_BOOKINGS if with_open_bookings else ""
        rows = self._store.tuples(
            f"SELECT type, id FROM customers WHERE NOT gone{which} ORDER BY type, id"
        )
        wanted: dict[str, list[str]] = {"company": [], "contact": [], "either": []}
        for kind, customer in rows:
            wanted[kind].append(customer)
        if not with_open_bookings:
            strangers = self._store.tuples(
                "SELECT DISTINCT customer_number FROM twikey_invoices WHERE customer_number"
                " NOT IN (SELECT id FROM customers) ORDER BY 1"
            )
            wanted["either"] = [row[0] for row in strangers if is_id(row[0])]
        return wanted

    def news(self, run_id: int) -> list[tuple[str, str]]:
        """Return (customer, what happened) of this run: deactivated, gone, back."""
        what = (DEACTIVATED, ACTIVE_AGAIN, GONE, BACK)
        return self._store.tuples(
            f"SELECT subject, what FROM events WHERE run_id=? AND what IN ({marks(len(what))})"
            " ORDER BY seq",
            (run_id, *what),
        )

    def happened(self, run_id: int) -> dict[str, list[dict[str, Any]]]:
        """Return what a run did with customers: what happened -> id, name and facts of each.

        What never happened has an empty list.
        """
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self._store.rows(
            f"SELECT e.subject, e.what, e.facts, {NAME} AS name FROM events e"
            " JOIN customers c ON c.id = e.subject WHERE e.run_id=? ORDER BY e.seq",
            (run_id,),
        ):
            facts = json.loads(row["facts"] or "{}")
            found[row["what"]].append({"id": row["subject"], "name": row["name"], **facts})
        return found
