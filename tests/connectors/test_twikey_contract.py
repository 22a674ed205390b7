"""Every request that the client makes, held against Twikey's own contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import responses
import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from connectors.twikey.client import Twikey
from connectors.twikey.session import TwikeySession
from tests.connectors.twikey_fakes import (
    API_KEY,
    BASE,
    CUSTOMER_ID,
    INVOICE,
    INVOICE_ID,
    PRIVATE_KEY,
    FakeTwikey,
    new_invoice,
    query,
    session,
)

REPOSITORY = Path(__file__).parents[2]
CONTRACT = REPOSITORY / ".." / "shared" / "reference" / "contracts" / "twikey.openapi.yaml"
BATCH = "3d775df4-c339-4c39-828f-6746b7a4c210"
DATES = ("2026-07-01", "2026-07-31")
EVERYTHING = {
    "l": "nl",
    "email": "facturen@janssens.example",
    "lastname": "Janssens",
    "firstname": "An",
    "mobile": "+32499123445",
    "address": "Veldstraat 57",
    "city": "Gent",
    "zip": "9000",
    "country": "BE",
    "companyName": "Janssens & Zonen BV",
    "coc": "0745749559",
}
BODY = {"number": "1", "amount": 1.0, "date": DATES[0], "duedate": DATES[1]}
CREDIT_NOTE: dict[str, Any] = {"number": "CN2026 / 12", "amount_cents": -12100, "manual": True}

CALLS: dict[str, Callable[[Twikey], object]] = {
    "create": lambda it: it.create_invoice(new_invoice(paid_cents=100, cc="a@b.example")),
    "credit note": lambda it: it.create_invoice(
        new_invoice(relatedInvoiceNumber="2026 / 417", **CREDIT_NOTE)
    ),
    "known customer": lambda it: it.create_invoice(
        new_invoice(customer=None, customerByRef=CUSTOMER_ID, ct=None)
    ),
    "bulk": lambda it: it.create_invoices([new_invoice(), new_invoice(manual=True, ct=None)]),
    "batch": lambda it: it.batch(BATCH),
    "invoice": lambda it: it.invoice(INVOICE_ID),
    "by number": lambda it: it.invoice_by_number("2026-417"),
    "pdf": lambda it: it.invoice_pdf(INVOICE_ID),
    "attach": lambda it: it.update_invoice(
        INVOICE_ID, date=DATES[0], duedate=DATES[1], title="Factuur", pdf=b"%PDF-1.4"
    ),
    "mark paid": lambda it: it.update_invoice(
        INVOICE_ID, date=DATES[0], duedate=DATES[1], state="paid"
    ),
    "delete": lambda it: it.delete_invoice(INVOICE_ID),
    "invite": lambda it: it.invite(INVOICE_ID),
    "invoice feed": lambda it: it.invoice_feed(90211),
    "payment feed": lambda it: it.payment_feed(0),
    "customer": lambda it: it.update_customer(
        CUSTOMER_ID, EVERYTHING, rename_to=INVOICE_ID, profile="1420"
    ),
    "mandates": lambda it: it.mandates(CUSTOMER_ID),
    "methods": lambda it: it.payment_methods("3748"),
}
ANSWERS: list[tuple[str, str, Any, int]] = [
    ("POST", "/invoice", INVOICE, 200),
    ("POST", "/invoice/bulk", {"batchId": BATCH}, 200),
    ("GET", "/invoice/bulk", [], 200),
    ("GET", f"/invoice/{INVOICE_ID}", INVOICE, 200),
    ("GET", "/invoice/2026-417", INVOICE | {"number": "2026-417"}, 200),
    ("GET", f"/invoice/{INVOICE_ID}/pdf", b"%PDF-1.4", 200),
    ("PUT", f"/invoice/{INVOICE_ID}", INVOICE, 200),
    ("DELETE", f"/invoice/{INVOICE_ID}", None, 204),
    ("POST", f"/invoice/{INVOICE_ID}/action", None, 204),
    ("GET", "/invoice", {"Invoices": []}, 200),
    ("GET", "/invoice/payment/feed", {"Payments": []}, 200),
    ("PATCH", f"/customer/{CUSTOMER_ID}", None, 204),
    ("GET", "/mandate/query", {"Contracts": []}, 200),
    ("GET", "/payment/methods", [], 200),
]


@cache
def contract() -> dict[str, Any]:
    """Return the paths of Twikey's contract; skips where the file is not at hand."""
    if not CONTRACT.exists():
        pytest.skip(f"Twikey's contract is not at {CONTRACT}")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with CONTRACT.open(encoding="utf-8") as file:
        paths: dict[str, Any] = yaml.load(file, loader)["paths"]  # noqa: S506 - a safe loader
    return paths


@pytest.fixture
def twikey() -> Iterator[FakeTwikey]:
    """Return a client with an open session and an answer to everything."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        fake = FakeTwikey(mock)
        fake.store.session = session(fake.clock)
        for method, path, body, status in ANSWERS:
            fake.answer(method, path, body, status)
        yield fake


def operation(method: str, path: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the contract's operation for a request, and the values of its path."""
    parts = path.strip("/").split("/")
    for template, operations in sorted(contract().items(), key=lambda entry: "{" in entry[0]):
        names = template.strip("/").split("/")
        values = dict(zip(names, parts, strict=False))
        fits = all(name == value or name.startswith("{") for name, value in values.items())
        if len(names) == len(parts) and fits and method.lower() in operations:
            return operations[method.lower()], {
                name.strip("{}"): value for name, value in values.items() if name.startswith("{")
            }
    raise AssertionError(f"the contract has no {method} {path}")


def check(schema: dict[str, Any], value: object) -> None:
    """Validate a value; what the contract does not name is refused."""
    Draft202012Validator(closed(schema), format_checker=FormatChecker()).validate(value)


def closed(schema: Any) -> Any:
    """Return a schema that allows no other properties than its own."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {name: closed(part) for name, part in schema.items()}
    return shut | {"additionalProperties": False} if "properties" in schema else shut


def typed(schema: dict[str, Any], text: str) -> object:
    """Return a parameter's text as the type that the contract gives it."""
    if schema.get("type") == "integer":
        return int(text)
    return float(text) if schema.get("type") == "number" else text


def check_request(request: Any) -> None:
    """Hold path, query and body of one request against the contract."""
    parts = urlsplit(request.url)
    found, in_path = operation(request.method, parts.path.removeprefix(urlsplit(BASE).path))
    parameters = {(each["in"], each["name"]): each for each in found.get("parameters", [])}
    sent = [("query", name, value) for name, value in query(request)]
    sent += [("path", name, unquote(value)) for name, value in in_path.items()]
    for where, name, value in sent:
        schema = parameters[where, name]["schema"]
        check(schema, typed(schema, value))
    content = found.get("requestBody", {}).get("content", {})
    assert bool(request.body) == bool(content)
    for kind, described in content.items():
        assert request.headers["Content-Type"] == kind
        check_body(kind, described["schema"], request.body)


def check_body(kind: str, schema: dict[str, Any], body: Any) -> None:
    """Validate a body; the members of a bulk are invoices, although the contract is silent."""
    if kind == "application/json":
        if schema["type"] == "array":
            created = contract()["/invoice"]["post"]["requestBody"]["content"]
            schema = {"type": "array", "maxItems": 5000, "items": created[kind]["schema"]}
        check(schema, json.loads(body))
        return
    fields = schema["properties"]
    check(schema, {name: typed(fields.get(name, {}), value) for name, value in parse_qsl(body)})


@pytest.mark.parametrize("name", CALLS)
def test_a_request_is_what_the_contract_asks_for(twikey: FakeTwikey, name: str) -> None:
    """Path, query and body validate, and nothing leaves that Twikey does not know."""
    contract()
    CALLS[name](twikey.client)
    assert twikey.requests
    for request in twikey.requests:
        check_request(request)


def test_the_login_is_what_the_contract_asks_for(twikey: FakeTwikey) -> None:
    """A form at the base itself, with the password of an enhanced key as an integer."""
    contract()
    twikey.store.session = None
    twikey.login()
    TwikeySession(
        twikey.http, twikey.store, api_key=API_KEY, private_key=PRIVATE_KEY, clock=twikey.clock
    ).current()
    check_request(twikey.requests[0])


@pytest.mark.parametrize(
    "wrong",
    [{"duedate": None}, {"number": "x" * 51}, {"amount": "484.00"}, {"date": "1/7/2026"}, {"x": 1}],
)
def test_the_check_finds_what_is_wrong(wrong: dict[str, object]) -> None:
    """A missing, long, mistyped, malformed or unknown field does not pass."""
    schema = contract()["/invoice"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    body = json.loads(json.dumps(BODY | wrong))
    with pytest.raises(ValidationError):
        check(schema, {name: value for name, value in body.items() if value is not None})
