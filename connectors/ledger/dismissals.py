"""Money that a person settled elsewhere: their word closes the alert, and the journey keeps it.

Only where nothing else can: what was paid too much and allocated elsewhere, a part that was paid
back and corrected by hand, a payment in another currency, an event that nobody can read, what was
deleted on one side on purpose (decisions 7).
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
    "DELETED_IN_TEAMLEADER": TOO_MUCH,
}
FAILED_STANDS = "REVERSAL_HELD"  # told of a payment that is not ours after all
DELETED_CUSTOMER = "CUSTOMER_NOT_FOUND"
NOTHING = (  # no event of ours is about these
    "GONE_IN_TWIKEY",
    "PAYMENT_UNREADABLE",
    "CUSTOMER_NOT_UPDATED",
    DELETED_CUSTOMER,
)


class Dismissals:
    """Closing what only a person can close."""

    def __init__(self, store: Store, journal: Journal, alerts: Alerts) -> None:
        self._store = store
        self._journal = journal
        self._alerts = alerts

    def open(self, booking_id: str) -> list[str]:
        """Return the codes of alerts that a person's word may close; of an event by its name."""
        codes = [*ABOUT, *NOTHING]
        if not self._planned(booking_id):
            codes.append(FAILED_STANDS)
        return [code for code in codes if self._alerts.is_open(booking_id, code)]

    def _planned(self, booking_id: str) -> bool:
        """Tell whether a removal waits: that one closes when its payment is gone, by no word."""
        sql = "SELECT 1 FROM reversals WHERE booking_id=? AND state <> 'done'"
        return self._store.first(sql, (booking_id,)) is not None

    def dismiss(self, booking_id: str, by: str, now: datetime) -> list[str]:
        """Close the alerts of a booking that a person settled; return their codes.

        A refund that comes later takes what was dismissed first, so that it undoes nothing twice.
        """
        closed = self.open(booking_id)
        with self._store.atomic():
            for code in closed:
                if code in ABOUT:
                    self._set_aside(booking_id, code, f"{DISMISSED} by {by}")
                if code == FAILED_STANDS:
                    self._explained(booking_id, f"{DISMISSED} by {by}")
                if code == DELETED_CUSTOMER:
                    self._store.write(
                        "UPDATE customers SET known=0, changed=0, profile_to_set=NULL WHERE id=?",
                        (booking_id,),
                    )
                self._alerts.settle(booking_id, code, None, now)
                self._journal.add(None, now, booking_id, "alert dismissed", code=code, by=by)
        return closed

    def _explained(self, booking_id: str, note: str) -> None:
        """Remember of payments that went back that what stands there is not theirs."""
        self._store.write(
            "UPDATE payment_events SET note=? WHERE booking_id=? AND type='payment'"
            " AND state IN ('undone', 'ignored')",
            (note, booking_id),
        )

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
