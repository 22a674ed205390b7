"""Answers of Teamleader by hand, and a list that is paged while it changes (appendix A and B)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import requests
import responses

from connectors.http import Http
from connectors.teamleader.auth import Access, Integration
from connectors.teamleader.client import Teamleader
from tests.connectors.fakes import FakeClock, MemoryTokens, tokens

API = "https://api.focus.example.com"
AUTH = "https://focus.example.com"
HEADERS = {
    "Date": "Mon, 14 Sep 2026 08:12:45 GMT",
    "x-api-version": "2023-09-26",
    "x-ratelimit-limit": "200",
}
DEPARTMENT = "b41c2f0e-7d15-0a3b-9c61-5f0e2d7a1b90"
COMPANY = "2d8f31c4-a005-0d4c-8674-5eb981ecd2c3"
CONTACT = "5b16f6ee-e302-0079-901b-50c26c4a55b1"
INVOICE = "9f3e7a52-0c4d-0b8e-a17f-6d2c90e4b511"
SUBSCRIPTION = "c7a0d913-52be-0f61-8a44-1e9b7730cd25"
DEFINITION = "e06b1d74-9a3c-0c52-b7f8-24d5613fa08e"


def client(store: MemoryTokens | None = None, clock: FakeClock | None = None) -> Teamleader:
    """Return a client on the fake API, connected unless a store says otherwise."""
    clock = clock or FakeClock()
    own = Access(
        store or MemoryTokens(tokens(1)),
        Http("Teamleader", AUTH, clock=clock),
        Integration("client-1", "secret-1"),
        clock,
    )
    return Teamleader(Http("Teamleader", API, clock=clock), own)


def nth(number: int) -> str:
    """Return the id of the n-th thing."""
    return f"{number:08x}-0c4d-0b8e-a17f-6d2c90e4b511"


def invoice(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a row of ``invoices.list`` (A5); ``changes`` replace top-level keys."""
    return {
        "id": nth(number),
        "department": {"type": "department", "id": DEPARTMENT},
        "invoice_number": f"2026 / {number}",
        "invoice_date": "2026-09-14",
        "status": "outstanding",
        "due_on": "2026-10-14",
        "paid": False,
        "paid_at": None,
        "sent": True,
        "payment_reference": "+++123/4567/89002+++",
        "invoicee": {
            "name": "Bakkerij De Korenbloem BV",
            "vat_number": "BE0999999130",
            "customer": {"type": "company", "id": COMPANY},
            "for_attention_of": {"name": "Lotte", "contact": None},
        },
        "total": {
            "tax_exclusive": {"amount": 200, "currency": "EUR"},
            "payable": {"amount": 242, "currency": "EUR"},
            "due": {"amount": 142.5, "currency": "EUR"},
        },
        "updated_at": "2026-09-14T08:01:27+00:00",
        "web_url": f"https://focus.teamleader.eu/invoice_detail.php?id={nth(number)}",
        "file": None,
        "subscription": {"type": "subscription", "id": SUBSCRIPTION},
        **changes,
    }


def credit_note(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a row of ``creditNotes.list`` (A11)."""
    return {
        "id": nth(number),
        "department": {"type": "department", "id": DEPARTMENT},
        "credit_note_number": f"2026/{number}",
        "credit_note_date": "2026-09-14",
        "status": "booked",
        "invoice": {"type": "invoice", "id": INVOICE},
        "paid": False,
        "invoicee": {"name": "De Korenbloem", "customer": {"type": "company", "id": COMPANY}},
        "total": {"payable": {"amount": 60.5, "currency": "EUR"}},
        "updated_at": "2026-09-14T08:05:02+00:00",
        **changes,
    }


def invoice_info(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return the ``data`` of ``invoices.info`` (A6)."""
    whole = invoice(number)
    del whole["subscription"], whole["web_url"]
    whole["invoicee"]["email"] = " facturen@korenbloem.example "
    return {
        **whole,
        "currency": "EUR",
        "on_hold_since": None,
        "payments": [
            {
                "paid_at": "2026-09-20T11:31:07+02:00",
                "payment": {"amount": 99.5, "currency": "EUR"},
            }
        ],
        "custom_fields": [
            {"definition": {"type": "customFieldDefinition", "id": DEFINITION}, "value": "1432"}
        ],
        **changes,
    }


def answers(method: str, data: object = None, **more: Any) -> None:
    """Let ``method`` answer, with ``data`` or whatever keywords of ``responses`` are given."""
    if data is not None:
        more["json"] = {"data": data}
    responses.post(f"{API}/{method}", headers={**HEADERS, **more.pop("headers", {})}, **more)


def asked(number: int = -1) -> dict[str, Any]:
    """Return the JSON body of the n-th request."""
    body: dict[str, Any] = json.loads(responses.calls[number].request.body or b"")
    return body


class PagedList:
    """A list that is paged over what it holds at that moment, like the real one.

    ``between`` runs after each page with the number of requests so far, to change ``rows``.
    ``meta`` says whether the total is told when it is asked for; ``promise`` overrides it.
    """

    def __init__(
        self,
        method: str,
        rows: list[dict[str, Any]],
        *,
        between: Callable[[int, list[dict[str, Any]]], None] | None = None,
        meta: bool = True,
        promise: int | None = None,
    ) -> None:
        self.rows = rows
        self.between = between
        self.meta = meta
        self.promise = promise
        self.served: list[int] = []
        responses.add_callback(responses.POST, f"{API}/{method}", self._answer)

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        body = json.loads(request.body or b"")
        size, number = body["page"]["size"], body["page"]["number"]
        self.served.append(number)
        start = (number - 1) * size
        found: dict[str, Any] = {"data": self.rows[start : start + size]}
        if self.meta and body.get("includes") == "pagination":
            matches = len(self.rows) if self.promise is None else self.promise
            found["meta"] = {"page": {"size": size, "number": number}, "matches": matches}
        text = json.dumps(found)
        if self.between is not None:
            self.between(len(self.served), self.rows)
        return 200, HEADERS, text
