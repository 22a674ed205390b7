"""Events of money and registrations to fill a ledger with, and what it keeps of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from connectors.ledger.ledger import Ledger
from connectors.ledger.records import NewMoney, Registration
from connectors.ledger.runs import text
from tests.connectors.fakes import NOW

LATER = NOW + timedelta(minutes=5)
PAID_AT = "2026-09-14T08:00:00+00:00"


def money(name: str, invoice: str | None = "b1", cents: int = 12100, **given: Any) -> NewMoney:
    """Return an event of the feed; its name begins with p (payment), f (failure) or r (refund)."""
    kinds = {"p": "payment", "f": "payment_failure", "r": "refund"}
    plain: dict[str, Any] = {
        "event_id": name, "invoice_id": invoice, "type": kinds[name[0]],
        "occurred_at": f"2026-09-14T08:00:0{name[1:]}.000+00:00", "amount_cents": cents,
        "currency": "EUR", "source": "direct_debit", "key": "paymentId:1", "details": "{}",
        "error": None,
    }  # fmt: skip
    return NewMoney(**{**plain, **given})


def told(ledger: Ledger, *news: NewMoney, position: int | None = None) -> int:
    """Enter events and tie them to their bookings."""
    count = ledger.payments.read(news, position, NOW)
    ledger.payments.assign(1, NOW)
    return count


def states(ledger: Ledger) -> dict[str, tuple[str | None, str, str | None]]:
    """Return booking, state and note of every event."""
    rows = ledger.payments._store.tuples(
        "SELECT event_id, booking_id, state, note FROM payment_events ORDER BY seq"
    )
    return {row[0]: row[1:] for row in rows}


def write(event: str = "p1", cents: int = 12100, name: str = "b1") -> Registration:
    """Return a registration on its way."""
    return Registration(event, name, cents, "EUR", PAID_AT, "m", "sending", text(LATER))


def register(ledger: Ledger, *ones: Registration) -> None:
    """Let registrations end well."""
    for one in ones:
        ledger.payments.begin(one, NOW)
        ledger.payments.ended(one, "done", 1, NOW)
