"""What Twikey's feeds showed: our own position, and the newest sight of every invoice.

Position and items of a page are one transaction (decisions 5): a page that was lost on the way is
asked for again, a page that is kept is never needed twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.ledger.bookings import BEING_MADE, marks
from connectors.ledger.runs import text
from connectors.ledger.store import Store
from connectors.twikey.answers import TwikeyInvoice

INVOICES = "invoices"
GONE = "GONE"  # no state of Twikey's: it has the invoice no more


class Feed:
    """Twikey as its feeds tell it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def position(self, feed: str = INVOICES) -> int:
        """Return the sequence number after which to read on; 0 is the beginning."""
        row = self._store.first("SELECT position FROM feeds WHERE feed=?", (feed,))
        return int(row["position"]) if row else 0

    def rewind(self, feed: str) -> None:
        """Read a feed from its beginning next time; what is known already is known again."""
        self._store.write("UPDATE feeds SET position=0 WHERE feed=?", (feed,))

    def invoices_seen(
        self, invoices: Sequence[TwikeyInvoice], position: int | None, now: datetime
    ) -> None:
        """Keep one page of the invoice feed and the position after it, together.

        The position never moves back; None leaves it where it is.
        """
        at = text(now)
        with self._store.atomic():
            self._store.write_all(
                "INSERT INTO twikey_invoices (id, number, ref, ct, amount_cents, issued_on, due_on,"
                " state, url, customer_number, last_payment, seen_at)"
                f" VALUES ({marks(12)}) ON CONFLICT (id) DO UPDATE SET number=excluded.number,"
                " ref=coalesce(excluded.ref, ref), ct=coalesce(excluded.ct, ct),"
                " amount_cents=excluded.amount_cents, issued_on=excluded.issued_on,"
                " due_on=excluded.due_on, state=excluded.state, url=coalesce(excluded.url, url),"
                " customer_number=coalesce(excluded.customer_number, customer_number),"
                " last_payment=excluded.last_payment, seen_at=excluded.seen_at",
                [
                    (i.id, i.number, i.ref, i.ct, i.amount_cents, i.issued_on, i.due_on, i.state,
                     i.url, i.customer_number,
                     json.dumps(i.last_payment) if i.last_payment else None, at)
                    for i in invoices
                ],
            )  # fmt: skip
            self._store.write_all(
                "UPDATE bookings SET twikey_state=?, url=coalesce(?, url) WHERE twikey_id=?",
                [(i.state, i.url, i.id) for i in invoices],
            )
            self._store.write_all(
                "UPDATE customers SET known=1, known_how='seen' WHERE id=? AND NOT known"
                f" AND NOT {BEING_MADE}",
                [(i.customer_number,) for i in invoices if i.customer_number],
            )
            if position is not None:
                self._store.write(
                    "INSERT INTO feeds (feed, position, read_at) VALUES (?, ?, ?)"
                    " ON CONFLICT (feed) DO UPDATE SET position=max(position, excluded.position),"
                    " read_at=excluded.read_at",
                    (INVOICES, position, at),
                )

    def seen_under(self, number: str) -> list[TwikeyInvoice]:
        """Return the invoices that the feed showed under this number, newest sight first."""
        rows = self._store.rows(
            "SELECT * FROM twikey_invoices WHERE number=? ORDER BY seen_at DESC", (number,)
        )
        return [_invoice(dict(row)) for row in rows]

    def gone(self, booking_id: str) -> bool:
        """Let a booking be shown as gone from Twikey until it shows again; tell if that is news."""
        with self._store.atomic():
            self._store.write(
                "UPDATE twikey_invoices SET state=? WHERE id ="
                " (SELECT coalesce(twikey_id, id) FROM bookings WHERE id=?)",
                (GONE, booking_id),
            )
            changed = self._store.write(
                "UPDATE bookings SET twikey_state=? WHERE id=? AND twikey_state IS NOT ?",
                (GONE, booking_id, GONE),
            )
        return bool(changed)

    def forget(self, twikey_id: str) -> None:
        """Forget an invoice that Twikey no longer has."""
        self._store.write("DELETE FROM twikey_invoices WHERE id=?", (twikey_id,))

    def taken(self, numbers: Sequence[str], ids: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return who holds these numbers or ids, in the columns of ``mappings.frames.TAKEN``."""
        ours = self._store.tuples(
            "SELECT twikey_number, 'ledger', id, department_id, NULL, amount_cents, issued_on,"
            " customer_id, id, stage, stage = 'closed' FROM bookings"
            " WHERE +stage IN ('sending', 'sent', 'removing', 'closed', 'planned')"
            f" AND twikey_number IN ({marks(len(numbers))})",
            numbers,
        )
        theirs = self._store.tuples(
            "SELECT t.number, 'twikey', t.id, NULL, NULL, t.amount_cents, t.issued_on,"
            " t.customer_number, t.ref, t.state, 0 FROM twikey_invoices t LEFT JOIN bookings b"
            " ON b.twikey_id = t.id WHERE b.id IS NULL"
            f" AND (t.number IN ({marks(len(numbers))}) OR t.id IN ({marks(len(ids))}))",
            (*numbers, *ids),
        )
        return ours + theirs

    def money_seen(self) -> list[tuple[str, str, int, int, str]]:
        """Return what the invoice feed shows of money where the payment feed is absent.

        Rows: (Twikey id, Twikey's state, cents sent, cents paid before, last payment as JSON).
        """
        return self._store.tuples(
            "SELECT t.id, t.state, b.amount_cents, b.prepaid_cents, t.last_payment"
            " FROM twikey_invoices t JOIN bookings b ON b.twikey_id = t.id"
            " WHERE b.stage='sent' AND b.kind='invoice' AND t.last_payment NOT NULL ORDER BY t.id"
        )

    def ever_read(self, feed: str) -> bool:
        """Tell whether a feed ever told anything."""
        return self._store.first("SELECT 1 FROM feeds WHERE feed=?", (feed,)) is not None


def _invoice(row: dict[str, Any]) -> TwikeyInvoice:
    names = ("id", "number", "ref", "ct", "amount_cents", "issued_on", "due_on", "state", "url")
    return TwikeyInvoice(
        **{name: row[name] for name in names},
        customer_number=row["customer_number"],
        last_payment=json.loads(row["last_payment"]) if row["last_payment"] else None,
    )
