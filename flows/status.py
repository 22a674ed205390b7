"""Did it run, is it behind, what is stuck, who is at work? Answered from the ledger alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flows.connection import Connection
from flows.gather import RESOURCES
from flows.late import alerts_now
from flows.mail import mail_state


def status_of(connection: Connection) -> dict[str, Any]:
    """Return the state of a connection; instants are UTC text, ages are seconds."""
    ledger, now = connection.ledger, connection.clock.now()
    tokens = connection.vault.read_tokens()
    watermarks = {name: ledger.watermarks.read(name) for name in RESOURCES}
    return {
        "connection": connection.name,
        "home": str(connection.home),
        "automatic": connection.settings.automatic,
        "connected": tokens is not None,
        "access_renewed_seconds_ago": _seconds(tokens.rotated_at if tokens else None, now),
        "at_work": ledger.lock.told() if ledger.lock.is_held() else None,
        "watermarks": {n: w.isoformat() if w else None for n, w in watermarks.items()},
        "behind_seconds": _seconds(watermarks["invoices"], now),
        "bookings": ledger.desk.stages(),
        "customers": ledger.customers.count_known(),
        "unsettled": len(ledger.unsettled.writes()),
        "waiting": ledger.desk.held(),
        "alerts": alerts_now(connection),
        "pdfs": ledger.documents.counts(),
        "pdfs_waiting": ledger.documents.listing(),
        "mail": mail_state(connection),
        "runs": [run.__dict__ for run in ledger.runs.last(5)],
    }


def _seconds(instant: datetime | None, now: datetime) -> int | None:
    return None if instant is None else int((now - instant).total_seconds())
