"""Alerts: what a person should know about a booking that crossed, until its cause is gone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.ledger.bookings import SIGNED
from connectors.ledger.runs import Journal, text
from connectors.ledger.store import Store


class Alerts:
    """One open alert at most per booking and code."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    def alert(self, booking_id: str, code: str, detail: str, run_id: int, now: datetime) -> bool:
        """Raise an alert, or bring an open one up to date; return whether it is news."""
        with self._store.atomic():
            found = self._store.first(
                "SELECT detail FROM alerts WHERE booking_id=? AND code=? AND settled_at IS NULL",
                (booking_id, code),
            )
            if found is not None and found["detail"] == detail:
                return False
            self._store.write(
                "INSERT INTO alerts (booking_id, code, detail, raised_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (booking_id, code) WHERE settled_at IS NULL"
                " DO UPDATE SET detail=excluded.detail",
                (booking_id, code, detail, text(now)),
            )
            self._journal.add(run_id, now, booking_id, "alert", code=code, detail=detail)
        return found is None

    def settle(self, booking_id: str, code: str, run_id: int | None, now: datetime) -> bool:
        """Close an alert whose cause is gone; return whether there was one."""
        with self._store.atomic():
            closed = self._store.write(
                "UPDATE alerts SET settled_at=? WHERE booking_id=? AND code=?"
                " AND settled_at IS NULL",
                (text(now), booking_id, code),
            )
            if closed:
                self._journal.add(run_id, now, booking_id, "alert settled", code=code)
        return bool(closed)

    def is_open(self, booking_id: str, code: str) -> bool:
        """Tell whether a booking has this alert open."""
        return (
            self._store.first(
                "SELECT 1 FROM alerts WHERE booking_id=? AND code=? AND settled_at IS NULL",
                (booking_id, code),
            )
            is not None
        )

    def open(self, *codes: str) -> list[dict[str, Any]]:
        """Return what is open, oldest first, with number, name and amount of its booking.

        Of an alert about a customer only name and link are known.
        """
        rows = self._store.rows(
            "SELECT a.booking_id, a.code, a.detail, a.raised_at, b.number, b.twikey_number,"
            " coalesce(b.invoicee_name, c.company_name, trim(coalesce(c.first_name, '') || ' '"
            " || c.last_name)) AS invoicee_name, b.currency,"
            f" {SIGNED.format('b.')} AS payable_cents,"
            " coalesce(b.web_url, c.web_url) AS web_url, b.url FROM alerts a"
            " LEFT JOIN bookings b ON b.id = a.booking_id"
            " LEFT JOIN customers c ON c.id = a.booking_id WHERE a.settled_at IS NULL"
            " ORDER BY a.raised_at, a.id"
        )
        return [dict(row) for row in rows if not codes or row["code"] in codes]
