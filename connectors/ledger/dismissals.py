"""Money that a person settled elsewhere: their word closes the alert, and the journey keeps it.

Only where nothing else can: what was paid too much and allocated elsewhere, a part that was paid
back and corrected by hand, a payment in another currency (decisions 7).
"""

from __future__ import annotations

from datetime import datetime

from connectors.ledger.alerts import Alerts
from connectors.ledger.records import DISMISSED, IN_PART
from connectors.ledger.runs import Journal
from connectors.ledger.store import Store

TOO_MUCH = "type='payment' AND state='reported'"
ABOUT = {  # which events an alert of a code is about
    "OVERPAID": TOO_MUCH,
    "DOUBLE_PAYMENT": TOO_MUCH,
    "PARTIAL_REFUND": "type='refund' AND state='held'",
    "PAYMENT_HELD": "state='held' AND note LIKE 'it is in %'",
}


class Dismissals:
    """Closing what only a person can close."""

    def __init__(self, store: Store, journal: Journal, alerts: Alerts) -> None:
        self._store = store
        self._journal = journal
        self._alerts = alerts

    def dismiss(self, booking_id: str, by: str, now: datetime) -> list[str]:
        """Close the alerts of a booking that a person settled; return their codes.

        A refund that comes later takes what was dismissed first, so that it undoes nothing twice.
        """
        closed = [code for code in ABOUT if self._alerts.is_open(booking_id, code)]
        with self._store.atomic():
            for code in closed:
                self._set_aside(booking_id, code, f"{DISMISSED} by {by}")
                self._alerts.settle(booking_id, code, None, now)
                self._journal.add(None, now, booking_id, "alert dismissed", code=code, by=by)
        return closed

    def _set_aside(self, booking_id: str, code: str, note: str) -> None:
        self._store.write(
            "UPDATE payment_events SET state=?, note=? WHERE booking_id=? AND " + ABOUT[code],
            (DISMISSED, note, booking_id),
        )
        if ABOUT[code] == TOO_MUCH:
            self._store.write(
                "UPDATE payment_events SET note=? WHERE booking_id=? AND state='registered'"
                " AND note=?",
                (note, booking_id, IN_PART),
            )
