"""Bookings, customers and sights of Twikey to fill a ledger with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from connectors.ledger.crossing import Crossing
from connectors.ledger.ledger import Ledger
from connectors.ledger.store import Store
from connectors.teamleader.records import Booking, Customer, Page
from connectors.twikey.answers import TwikeyInvoice
from tests.connectors.fakes import NOW

AT = "2026-09-14T08:00:00+00:00"


def booking(name: str = "b1", **changes: Any) -> Booking:
    """Return a plain outstanding invoice of EUR 121 with this id."""
    plain = Booking(
        id=name, kind="invoice", number=f"2026 / {name}", department_id="d1", status="outstanding",
        issued_on="2026-09-10", due_on="2026-10-10", paid=False, payable_cents=12100,
        due_cents=12100, currency="EUR", due_currency="EUR", payment_reference=None,
        customer_type="company", customer_id="c1", invoicee_name="Bakkerij Peeters",
        attention_of=None, subscription_id=None, related_id=None, updated_at=AT, web_url=None,
    )  # fmt: skip
    return plain._replace(**changes)


def customer(name: str = "c1", **changes: Any) -> Customer:
    """Return a company with this id."""
    plain: dict[str, Any] = dict.fromkeys(Customer.__dataclass_fields__)
    plain |= {"id": name, "type": "company", "company_name": "Bakkerij Peeters", "updated_at": AT}
    return Customer(**{**plain, **changes})


def sight(name: str = "b1", **changes: Any) -> TwikeyInvoice:
    """Return an invoice as Twikey's feed shows it, under this id."""
    plain: dict[str, Any] = {
        "id": name, "number": f"2026 / {name}", "ref": name, "ct": "1420", "amount_cents": 12100,
        "issued_on": "2026-09-10", "due_on": "2026-10-10", "state": "BOOKED",
        "url": f"https://twikey.example/{name}", "customer_number": "c1",
    }  # fmt: skip
    return TwikeyInvoice(**{**plain, **changes})


def crossing(name: str = "b1", *, described: bool = True, **changes: Any) -> Crossing:
    """Return the decision to create a booking."""
    plain: dict[str, Any] = {
        "id": name, "number": f"2026 / {name}", "amount_cents": 12100, "customer_id": "c1",
        "ct": "1420", "ct_source": "new customer", "notices": None, "described": described,
    }  # fmt: skip
    return Crossing(**{**plain, **changes})


def in_memory() -> Ledger:
    """Return an empty ledger without a file, for tests that need very many."""
    with patch("connectors.ledger.ledger.Store", lambda _: Store(":memory:")):
        return Ledger(Path("nowhere") / "ledger.db")


def enter(ledger: Ledger, *bookings: Booking, run: int = 1, now: datetime = NOW) -> None:
    """Enter bookings as one page of a run would."""
    ledger.bookings.listed(Page(list(bookings), []), run, now)


def send(ledger: Ledger, *names: str, run: int = 1, profile: str | None = "1420") -> None:
    """Let bookings that were entered cross to Twikey, each by a create of its own."""
    for name in names:
        ledger.crossings.intend([crossing(name)], run, NOW, NOW)
        ledger.crossings.sent([(name, name, None, None)], run, NOW, new_profile=profile)


def one(ledger: Ledger, name: str = "b1") -> dict[str, Any]:
    """Return everything that the ledger keeps of one booking."""
    (found,) = ledger.bookings.find(name)
    return found


def events(ledger: Ledger, subject: str = "b1") -> list[str]:
    """Return what happened to a subject, in order."""
    return [event["what"] for event in ledger.journal.of(subject)]
