"""What is odd in believable books, and how often; `Books.oddities` says where."""

from typing import Any

COMMON_ODDITIES = {"paid": 0.12, "partly paid": 0.03, "draft": 0.03}
RARE_SHARE = 0.10  # of the invoices, spread over the rare oddities in this order
RARE_ODDITIES: dict[str, dict[str, Any]] = {
    "zero": {"payable": 0, "net": 0},
    "usd": {"currency": "USD"},
    "no customer": {"customer_id": None, "customer_kind": None},
    "negative": {"payable": -6_050, "net": -5_000},
    "field unknown": {"field_value": "9999"},
    "no due date": {"due_on": None},
    "due at once": {"term": ("after_invoice_date", 0)},
    "field number": {"field_value": 1421},
    "field list": {"field_value": ["1421"]},
    "field option id": {"field_value": "OPTION"},
    "field two": {"field_value": ["1420", "1421"]},
    "field letters": {"field_value": "domiciliëring"},
    "field blank": {"field_value": "  "},
    "field padded": {"field_value": " 1421 "},
    "field null": {"field_value": None},
    "no reference": {"reference": None},
    "free reference": {"reference": "RF18 5390 0754 7034"},
    "customer gone": {},
    "on hold": {"on_hold_since": "2026-01-15"},
    "unrendered": {},
}
ODD_CUSTOMER_SHARE = 0.10
ODD_CUSTOMERS: dict[str, dict[str, Any]] = {
    "no e-mail": {"email": None, "invoicing_email": None},
    "two e-mails": {"email": "a@x.example;b@x.example"},
    "no first name": {"first_name": None},
    "no address": {"address": None},
    "poor address": {"address": (None, None, "Gent", "BE")},
    "odd language": {"language": "jp"},
    "no language": {"language": None},
    "deactivated": {"status": "deactivated"},
    "broken e-mail": {"email": "geen e-mail"},
}
