"""What may have gone without a word: invoices in Twikey, and those that another customer has.

Twikey tells of no deletion for certain (Twikey reference 2.10, 10-20), so a few are looked at in
each sweep, those longest unseen first.
"""

from __future__ import annotations

from datetime import datetime

from connectors.ledger.follow import ENDED, NOTHING_DUE, OPEN
from connectors.ledger.runs import text
from connectors.ledger.store import Store

STATES = "('BOOKED', 'PENDING', 'PAID', 'EXPIRED', 'ARCHIVED')"
OPEN_ALERT = "SELECT booking_id FROM alerts WHERE settled_at IS NULL AND code="
NAME = "coalesce(c.company_name, trim(coalesce(c.first_name, '') || ' ' || c.last_name), c.id)"


class Vanished:
    """Questions only; the answers become alerts."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def unseen(self, limit: int, before: datetime | None = None) -> list[str]:
        """Return bookings to look up in Twikey, longest unseen first.

        Open ones, those deleted in Teamleader that a person is to delete there too (paid ones only
        if last seen ``before`` an instant), and before all those in a state that nobody knows.
        """
        rows = self._store.tuples(
            "SELECT b.id FROM bookings b LEFT JOIN twikey_invoices t ON t.id = b.twikey_id"
            f" WHERE b.twikey_id NOT NULL AND (({OPEN} AND NOT ({ENDED}))"
            f" OR (b.id IN ({OPEN_ALERT}'DELETED_IN_TEAMLEADER') AND (NOT ({ENDED})"
            " OR (b.twikey_state = 'PAID' AND t.seen_at < ?))))"
            f" AND b.id NOT IN ({OPEN_ALERT}'GONE_IN_TWIKEY')"
            f" ORDER BY coalesce(b.twikey_state, 'BOOKED') IN {STATES}, t.seen_at, b.id LIMIT ?",
            (text(before) if before else "", limit),
        )
        return [row[0] for row in rows]

    def back_again(self) -> list[str]:
        """Return bookings that Twikey showed again after they were missed there."""
        rows = self._store.tuples(
            "SELECT b.id FROM alerts a JOIN bookings b ON b.id = a.booking_id"
            " JOIN twikey_invoices t ON t.id = b.twikey_id"
            " WHERE a.settled_at IS NULL AND a.code='GONE_IN_TWIKEY' AND t.seen_at > a.raised_at"
        )
        return [row[0] for row in rows]

    def not_missed(self) -> list[str]:
        """Return bookings that are gone from Twikey, and of which nothing is due any more."""
        rows = self._store.tuples(
            "SELECT b.id FROM alerts a JOIN bookings b ON b.id = a.booking_id"
            " WHERE a.settled_at IS NULL AND a.code='GONE_IN_TWIKEY' AND b.stage='sent'"
            f" AND b.kind='invoice' AND {NOTHING_DUE}"
        )
        return [row[0] for row in rows]

    def over(self) -> list[tuple[str, str]]:
        """Return (booking, code) of open alerts about bookings that Teamleader no longer has.

        Not of those about money that came in all the same. The deletion itself is over once Twikey
        does not collect it any more either and no money waits.
        """
        return self._store.tuples(
            "SELECT a.booking_id, a.code FROM alerts a JOIN bookings b ON b.id = a.booking_id"
            " WHERE a.settled_at IS NULL AND b.stage='closed' AND a.code NOT IN ('OVERPAID',"
            " 'DOUBLE_PAYMENT', 'PARTIAL_REFUND', 'PAYMENT_HELD') AND (a.code NOT IN"
            " ('DELETED_IN_TEAMLEADER', 'GONE_IN_TWIKEY') OR"
            f" ((b.twikey_state IN ('ARCHIVED', 'GONE') OR b.id IN ({OPEN_ALERT}'GONE_IN_TWIKEY'))"
            " AND b.id NOT IN (SELECT booking_id FROM payment_events WHERE state='reported'"
            " AND booking_id NOT NULL)))"
        )

    # ---- customers

    def moved(self) -> list[tuple[str, str, str]]:
        """Return open bookings that are another customer's in Teamleader than in Twikey.

        Rows: (customer in Twikey, name of the one in Teamleader, number), by number. Only where
        both are customers of ours.
        """
        return self._store.tuples(
            f"SELECT t.customer_number, {NAME}, coalesce(b.number, b.id) FROM bookings b"
            " JOIN twikey_invoices t ON t.id = b.twikey_id"
            " JOIN customers was ON was.id = t.customer_number"
            " JOIN customers c ON c.id = b.customer_id"
            f" WHERE {OPEN} AND NOT b.adopted AND t.customer_number <> b.customer_id"
            " ORDER BY b.number"
        )
