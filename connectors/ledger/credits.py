"""Credit notes of invoices that crossed, and which invoices were looked at because of them.

A credit note counts whether or not it crossed itself: it lowers what is due in Teamleader as soon
as it is booked there. Only one that was deleted there counts no more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from connectors.ledger.bookings import marks
from connectors.ledger.records import Credit
from connectors.ledger.store import Store

SOME = 500
# The plus signs keep SQLite from walking through all that was sent: few have a credit note.
_CREDIT = (
    "SELECT n.id, n.related_id, coalesce(n.twikey_number, n.number, n.id), n.payable_cents,"
    " n.issued_on, n.paid, n.first_seen_at FROM bookings n"
    " JOIN bookings i ON i.id = n.related_id AND i.currency = n.currency"
    " WHERE n.kind = 'credit_note' AND n.stage <> 'closed' AND n.payable_cents > 0"
    " AND +i.kind = 'invoice' AND +i.stage = 'sent'"
)


class Credits:
    """The credit notes of invoices, and the looks at what was paid before it was credited."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # ---- questions

    def of(self, invoices: Sequence[str]) -> dict[str, list[Credit]]:
        """Return the credit notes of invoices that stand in Twikey, oldest first.

        An invoice without any is missing from the answer.
        """
        found: dict[str, list[Credit]] = defaultdict(list)
        for start in range(0, len(invoices), SOME):
            some = invoices[start : start + SOME]
            self._add(found, f"{_CREDIT} AND n.related_id IN ({marks(len(some))})", some)
        return dict(found)

    def told_in(self, run_id: int) -> dict[str, list[Credit]]:
        """Return all credit notes of the invoices of which a run sent a credit note."""
        rows = self._store.tuples(
            "SELECT DISTINCT related_id FROM bookings WHERE kind='credit_note' AND sent_run=?"
            " AND related_id NOT NULL ORDER BY 1",
            (run_id,),
        )
        return self.of([row[0] for row in rows])

    def of_paid(self) -> dict[str, list[Credit]]:
        """Return the credit notes of invoices for which money came in through Twikey."""
        found: dict[str, list[Credit]] = defaultdict(list)
        sql = (
            f"{_CREDIT} AND n.related_id NOT NULL AND EXISTS (SELECT 1 FROM payment_events e"
            " WHERE e.booking_id = n.related_id AND e.type = 'payment')"
        )
        self._add(found, sql, ())
        return dict(found)

    def _add(self, found: dict[str, list[Credit]], sql: str, values: Sequence[object]) -> None:
        for row in self._store.tuples(f"{sql} ORDER BY n.first_seen_at, n.number, n.id", values):
            one = Credit._make(row)
            found[one.invoice_id].append(one._replace(paid=bool(one.paid)))

    # ---- looks, each of which costs a call

    def looks(self, invoices: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Return what the last look at each invoice was about.

        Its figures, and how many of its credit notes were unpaid when it was told, 0 if never.
        """
        wanted = set(invoices)
        rows = self._store.tuples("SELECT booking_id, figures, unpaid FROM credit_looks")
        return {row[0]: (row[1], row[2]) for row in rows if row[0] in wanted}

    def looked(self, booking_id: str, figures: str, unpaid: int) -> None:
        """Record a look, so that it is not taken again before something has changed."""
        self._store.write(
            "INSERT INTO credit_looks (booking_id, figures, unpaid) VALUES (?, ?, ?)"
            " ON CONFLICT (booking_id) DO UPDATE SET figures=excluded.figures,"
            " unpaid=excluded.unpaid",
            (booking_id, figures, unpaid),
        )
