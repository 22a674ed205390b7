"""Events of money, registrations and bookings for tests, made in one line each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.ledger.records import Followed, MoneyEvent, Registration
from connectors.teamleader.records import Payment

ZONE = ZoneInfo("Europe/Brussels")
NOW = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)


def event(name: str, at: str = "10:00", cents: int = 10_000, **given: Any) -> MoneyEvent:
    """Make one event; its name begins with p (payment), f (failure) or r (refund)."""
    kinds = {"p": "payment", "f": "payment_failure", "r": "refund"}
    plain: dict[str, Any] = {
        "seq": int(name[1:]), "event_id": name, "booking_id": "b", "type": kinds[name[0]],
        "occurred_at": f"2026-09-10T{at}:00.000+00:00", "amount_cents": cents, "currency": "EUR",
        "source": "direct_debit", "key": "paymentId:1", "error": None, "state": "new", "note": None,
    }  # fmt: skip
    return MoneyEvent(**{**plain, **given})


def registered(name: str, cents: int = 10_000, state: str = "done", **given: Any) -> Registration:
    """Make the registration of an event."""
    plain: dict[str, Any] = {
        "event_id": name, "booking_id": "b", "amount_cents": cents, "currency": "EUR",
        "paid_at": f"2026-09-10T08:00:{int(name[1:]) * 7:02}+00:00", "method_id": "m",
        "state": state, "not_before": "",
    }  # fmt: skip
    return Registration(**{**plain, **given})


def booking(**given: Any) -> Followed:
    """Make a booking of EUR 100 that crossed."""
    plain: dict[str, Any] = {
        **dict.fromkeys(Followed._fields), "id": "b", "twikey_id": "b", "kind": "invoice",
        "stage": "sent", "currency": "EUR", "amount_cents": 10_000, "payable_cents": 10_000,
        "due_cents": 10_000, "prepaid_cents": 0, "paid": False, "adopted": False,
        "twikey_state": "BOOKED",
    }  # fmt: skip
    return Followed(**{**plain, **given})


def paid(cents: int, at: str) -> Payment:
    """Make a payment as Teamleader shows it."""
    return Payment(cents, "EUR", f"2026-09-{at}+00:00")
