"""A booking, a customer, a taken number and rules; a test changes what it is about."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mappings.bookings import plan
from mappings.frames import BOOKINGS, CUSTOMERS, TAKEN, frame, rows
from mappings.rules import Rules

CUSTOMER = "2d8309e1-a005-0d4c-8674-5eb981ecd2c3"
INVOICE = "11111111-1111-4111-8111-111111111111"
SECOND = "22222222-2222-4222-8222-222222222222"
CREDIT_NOTE = "33333333-3333-4333-8333-333333333333"
BE, NL = "be-department", "nl-department"


def booking(**changes: Any) -> dict[str, Any]:
    """Invoice "2024 / 100" of EUR 121.00 on a company."""
    return {
        "id": INVOICE,
        "kind": "invoice",
        "number": "2024 / 100",
        "department_id": BE,
        "status": "outstanding",
        "issued_on": "2024-11-01",
        "due_on": "2024-11-30",
        "paid": False,
        "payable_cents": 12100,
        "due_cents": 12100,
        "currency": "EUR",
        "due_currency": "EUR",
        "payment_reference": "+++084/2613/66074+++",
        "customer_type": "company",
        "customer_id": CUSTOMER,
        "invoicee_name": "Bakkerij Peeters",
        **changes,
    }


def credit_note(**changes: Any) -> dict[str, Any]:
    """Credit note "2024 / 7" of EUR 30.00 on that invoice."""
    return booking(
        **{
            "id": CREDIT_NOTE,
            "kind": "credit_note",
            "number": "2024 / 7",
            "status": "booked",
            "due_on": None,
            "payable_cents": 3000,
            "due_cents": None,
            "due_currency": None,
            "payment_reference": None,
            "related_id": INVOICE,
            **changes,
        }
    )


def customer(**changes: Any) -> dict[str, Any]:
    """A Flemish company that Twikey does not know yet."""
    return {
        "id": CUSTOMER,
        "type": "company",
        "company_name": "Bakkerij Peeters bv",
        "email": "info@peeters.example",
        "invoicing_email": "facturen@peeters.example",
        "vat_number": "BE 0899.623.035",
        "enterprise_number": "0899.623.035",
        "language": "nl",
        "street": "Kerkstraat 1",
        "postal_code": "9000",
        "city": "Gent",
        "country": "BE",
        "known": False,
        **changes,
    }


def contact(**changes: Any) -> dict[str, Any]:
    """A French-speaking person."""
    return customer(
        **{
            "type": "contact",
            "company_name": None,
            "first_name": "Amélie",
            "last_name": "Dubois",
            "email": "amelie@dubois.example",
            "invoicing_email": None,
            "vat_number": None,
            "enterprise_number": None,
            "language": "fr",
            "mobile": "0499 12 34 45",
            **changes,
        }
    )


def taken(**changes: Any) -> dict[str, Any]:
    """The same invoice at Twikey, under an id of Twikey's own."""
    return {
        "number": "2024 / 100",
        "holder": "twikey",
        "holder_id": "twikey-own-id",
        "amount_cents": 12100,
        "issued_on": "2024-11-01",
        "customer_number": CUSTOMER,
        "state": "BOOKED",
        **changes,
    }


def rules(**changes: Any) -> Rules:
    """Profile 1420 for new customers, on 4 November 2024."""
    return Rules(**{"new_customer_profile": "1420", "today": "2024-11-04", **changes})


def advanced(**changes: Any) -> Rules:
    """The same with both custom fields chosen."""
    return rules(**{"invoice_field_on": True, "subscription_field_on": True, **changes})


def bookings_frame(*found: dict[str, Any]) -> pd.DataFrame:
    """A BOOKINGS frame."""
    return frame(found, BOOKINGS)


def customers_frame(*found: dict[str, Any]) -> pd.DataFrame:
    """A CUSTOMERS frame."""
    return frame(found, CUSTOMERS)


def taken_frame(*found: dict[str, Any]) -> pd.DataFrame:
    """A TAKEN frame."""
    return frame(found, TAKEN)


def planned(
    *found: dict[str, Any],
    customers: list[dict[str, Any]] | None = None,
    held: list[dict[str, Any]] | None = None,
    by: Rules | None = None,
) -> list[dict[str, Any]]:
    """Plan bookings of the sample customer; ``held`` are the numbers taken."""
    return rows(
        plan(
            bookings_frame(*found),
            customers_frame(*([customer()] if customers is None else customers)),
            taken_frame(*(held or [])),
            by or rules(),
        )
    )
