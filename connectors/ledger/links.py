"""The one-to-one link between a customer in Teamleader and one in Twikey (guide 4).

Twikey's customer number is Teamleader's id. Somebody may change it in Twikey, and somebody may
delete or merge the customer in Teamleader; both show here, from what the feeds and the lists told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any, NamedTuple

from connectors.ledger.bookings import marks
from connectors.ledger.runs import Journal, text
from connectors.ledger.store import Store

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
"""What Teamleader's ids look like (Teamleader API reference 1.2)."""

RESET = "rename"
OURS = (  # a booking that Teamleader deleted stands in Twikey all the same
    "b.stage IN ('sent', 'closed') AND b.twikey_id NOT NULL AND b.told_customer = c.id"
)
STILL_OPEN = "coalesce(b.twikey_state, '') NOT IN ('PAID', 'ARCHIVED', 'GONE')"
NAME = (
    "coalesce(company_name, trim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), '')"
)
SAME_CODE = "upper(replace(replace(replace(coalesce({0}, ''), '.', ''), ' ', ''), '-', ''))"


class OpenReset(NamedTuple):
    """A reset of a customer number whose outcome was never written down; ``was`` is the other."""

    op: str
    customer_id: str
    was: str
    not_before: str


class Links:
    """Which customer stands under which number, and who took whose place."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    # ---- numbers changed in Twikey

    def shown_otherwise(self, ids: Sequence[str]) -> list[str]:
        """Return those customers whose newest sight in Twikey's feed has another number.

        The newest sight of an invoice that was sent for the customer decides; a number that is an
        id of Teamleader's is no changed number (it may be a merge).
        """
        rows = self._store.tuples(
            "SELECT c.id, t.customer_number FROM customers c JOIN twikey_invoices t ON t.id ="
            " (SELECT t2.id FROM bookings b JOIN twikey_invoices t2 ON t2.id = b.twikey_id"
            f"  WHERE {OURS} AND t2.customer_number NOT NULL"
            "  ORDER BY t2.seen_at DESC, b.sent_at DESC, b.id LIMIT 1)"
            f" WHERE c.id IN ({marks(len(ids))}) AND t.customer_number <> c.id"
            " ORDER BY c.id",
            ids,
        )
        return [each for each, number in rows if not is_id(number)]

    def newest_invoices(self, customer_id: str, most: int = 5) -> list[str]:
        """Return the Twikey ids of invoices sent for a customer, those last seen there first."""
        rows = self._store.tuples(
            "SELECT b.twikey_id FROM bookings b JOIN customers c ON c.id = ?"
            " LEFT JOIN twikey_invoices t ON t.id = b.twikey_id"
            f" WHERE {OURS} AND coalesce(b.twikey_state, '') <> 'GONE'"
            " ORDER BY t.seen_at DESC, b.sent_at DESC, b.id LIMIT ?",
            (customer_id, most),
        )
        return [row[0] for row in rows]

    def other_numbers(self) -> dict[str, list[str]]:
        """Return each number that Twikey shows instead of a Teamleader id, with whose it is."""
        rows = self._store.tuples(
            "SELECT DISTINCT t.customer_number, b.told_customer FROM twikey_invoices t"
            " JOIN bookings b ON b.twikey_id = t.id WHERE b.stage = 'sent'"
            " AND t.customer_number <> b.told_customer ORDER BY 1, 2"
        )
        found: dict[str, list[str]] = {}
        for number, customer in rows:
            found.setdefault(number, []).append(customer)
        return found

    def resetting(
        self, customer_id: str, was: str, run_id: int, now: datetime, not_before: datetime
    ) -> str:
        """Commit the intent to reset a number; ``was`` stays with it, whatever happens next."""
        op = f"{RESET}:{customer_id}:{run_id}:{token_hex(4)}"
        self._store.write(
            "INSERT INTO intents (op, kind, subject, state, run_id, at, not_before, answer)"
            " VALUES (?, ?, ?, 'intent', ?, ?, ?, ?)",
            (op, RESET, customer_id, run_id, text(now), text(not_before), was),
        )
        return op

    def lost(self, op: str) -> None:
        """Keep a reset open whose answer was lost; a later run looks how it ended."""
        self._store.write("UPDATE intents SET state='unknown' WHERE op=?", (op,))

    def open_resets(self) -> list[OpenReset]:
        """Return every reset that an earlier run began and nobody knows the end of."""
        rows = self._store.tuples(
            "SELECT op, subject, coalesce(answer, ''), not_before FROM intents WHERE kind=?"
            " AND state IN ('intent', 'unknown') ORDER BY at, op",
            (RESET,),
        )
        return [OpenReset(*row) for row in rows]

    def has_number_again(self, customer_id: str, was: str, run_id: int, now: datetime) -> None:
        """Record that Twikey has a customer under its own number again (guide 4).

        What was still to be told of it follows now.
        """
        with self._store.atomic():
            self._store.write(
                "UPDATE intents SET state='done', ended_at=? WHERE kind=? AND subject=?"
                " AND state IN ('intent', 'unknown')",
                (text(now), RESET, customer_id),
            )
            self._store.write(
                "UPDATE twikey_invoices SET customer_number=? WHERE customer_number=?",
                (customer_id, was),
            )
            self._store.write("UPDATE customers SET changed=1, known=1 WHERE id=?", (customer_id,))
            self._journal.add(run_id, now, customer_id, "customer number reset", was=was)

    # ---- customers that Teamleader no longer has

    def open_invoices(self, customer_id: str) -> list[str]:
        """Return the numbers of a customer's invoices that are still open in Twikey."""
        rows = self._store.tuples(
            "SELECT coalesce(b.number, b.id) FROM bookings b WHERE b.stage='sent'"
            f" AND b.kind='invoice' AND b.told_customer=? AND {STILL_OPEN}"
            " ORDER BY b.number, b.id",
            (customer_id,),
        )
        return [row[0] for row in rows]

    def successors(self, customer_id: str) -> list[dict[str, Any]]:
        """Return who may have taken a deleted customer's place: id, name and why, best first.

        Its invoices name another customer now; or another has its VAT or enterprise number; or
        another has both its e-mail address and its name.
        """
        gone = self._store.first("SELECT * FROM customers WHERE id=?", (customer_id,))
        if gone is None:
            return []
        found = self._store.tuples(
            f"SELECT id, {NAME}, 'its invoices name it now' FROM customers WHERE NOT gone AND id IN"
            " (SELECT customer_id FROM bookings WHERE told_customer=:me AND customer_id <> :me)"
            f" UNION ALL SELECT id, {NAME}, 'the same VAT or enterprise number' FROM customers"
            " WHERE NOT gone AND id <> :me AND type=:type"
            f" AND ((:vat <> '' AND {SAME_CODE.format('vat_number')} = {SAME_CODE.format(':vat')})"
            f" OR (:enterprise <> '' AND {SAME_CODE.format('enterprise_number')}"
            f" = {SAME_CODE.format(':enterprise')}))"
            f" UNION ALL SELECT id, {NAME}, 'the same name and e-mail address' FROM customers"
            " WHERE NOT gone AND id <> :me AND :email <> '' AND lower(email) = lower(:email)"
            f" AND lower({NAME}) = lower(:name)",
            {
                "me": customer_id, "type": gone["type"], "vat": gone["vat_number"] or "",
                "enterprise": gone["enterprise_number"] or "", "email": gone["email"] or "",
                "name": _name(gone),
            },
        )  # fmt: skip
        first = {row[0]: row for row in reversed(found)}
        return [
            {"id": row[0], "name": row[1], "why": row[2]} for row in found if first[row[0]] is row
        ]

    def propose(self, customer_id: str, alias: str | None) -> None:
        """Keep who probably took a deleted customer's place."""
        self._store.write("UPDATE customers SET alias=? WHERE id=?", (alias, customer_id))

    def name(self, customer_id: str) -> str:
        """Return what a customer is called, or nothing where it was never read."""
        row = self._store.first("SELECT * FROM customers WHERE id=?", (customer_id,))
        return _name(row) if row else ""

    def is_gone(self, customer_id: str) -> bool:
        """Tell whether Teamleader no longer has a customer."""
        row = self._store.first("SELECT gone FROM customers WHERE id=?", (customer_id,))
        return bool(row and row["gone"])


def is_id(number: str) -> bool:
    """Tell whether a customer number looks like an id of Teamleader's."""
    return ID.fullmatch(number.lower()) is not None


def _name(row: Any) -> str:
    parts = (row["first_name"], row["last_name"])
    return str(row["company_name"] or " ".join(part for part in parts if part))
