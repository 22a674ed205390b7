"""Every request of a whole run, held against the contracts of both services.

The contracts lie beside the repository where they may not be published with it; where they are
absent these tests are skipped. Whatever a contract does not name is refused besides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker, ValidationError

from connectors.errors import CallRefused
from flows.check import check
from tests.flows.office import CONFIG, Office
from tests.flows.sights import booked, creates
from tests.sandbox.messages import Request
from tests.sandbox.server import Sandbox
from tests.sandbox.world import Call

CONTRACTS = Path(__file__).parents[2] / ".." / "shared" / "reference" / "contracts"
FILES = {"teamleader": "teamleader.openapi.json", "twikey": "twikey.openapi.yaml"}
OUTSIDE = ("/oauth2/", "/doc/")  # the authorization service and temporary files have no contract
FORM = "application/x-www-form-urlencoded"


@cache
def contract(service: str) -> dict[str, Any]:
    """Return the paths of a service's contract; skips where the file is not at hand."""
    path = CONTRACTS / FILES[service]
    if not path.exists():
        pytest.skip(f"the contract {FILES[service]} is not beside this repository")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    paths: dict[str, Any] = yaml.load(path.read_text("utf-8"), loader)["paths"]  # noqa: S506 - safe
    return paths


# ---- one run with everything in it


def settings_of(office: Office) -> str:
    """Return settings with both custom fields and a payment method."""
    books = office.sandbox.books
    return (
        f"{CONFIG}[custom_fields]\n"
        f'invoice = "{books.definition("invoice")}"\n'
        f'subscription = "{books.definition("subscription")}"\n'
        f'[payments.methods]\nsdd = "{books.payment_methods[0]["id"]}"\n'
    )


def work(office: Office) -> str:
    """Do everything that an import can do; return the id of an invoice that was imported."""
    books, actions = office.sandbox.books, office.sandbox.twikey.actions
    office.configure(settings_of(office))
    contact = books.new_customer("contact", email="a@b.example;c@d.example", mobile="0470 12 34 56")
    one = books.book(customer=contact, field_value=" 1421 ", subscription=books.new_subscription())
    books.pay(one, 100)
    many = [books.book(amount=10_000 + n, due="2026-12-31") for n in range(12)]
    books.book(customer=books.new_customer(status="deactivated"))
    books.credit(many[0], 2_000)
    for kind in ("contact", "company"):
        gone = books.new_customer(kind)
        books.book(customer=gone)
        books.delete_customer(gone)
    with office.connection() as connection:
        check(connection, lambda what, done, total: None)
    office.imports(days=30, dry_run=True)
    office.sandbox.world.fault(
        "reset_after", service="twikey", method="POST", path="invoice$", nth=1
    )
    office.imports(days=30)
    office.imports()
    actions["rename_customer"](contact, "ABC")
    books.book(customer=contact)
    books.edit_customer(
        contact, email="nieuw@voorbeeld.example", address=("A 1", "1", "Gent", "BE")
    )
    office.imports()
    office.imports(numbers=(booked(office, many[3]),))
    office.imports(since=books.today() - timedelta(days=3), until=books.today())
    return many[1]


def follow_up(office: Office, invoice: str) -> None:
    """Call the verbs of the Teamleader connector that no import calls."""
    books = office.sandbox.books
    office.sandbox.world.advance(600)
    office.clock.shift += timedelta(seconds=600)
    with office.connection() as connection:
        teamleader = connection.teamleader
        teamleader.download_invoice(invoice)
        teamleader.download_credit_note(next(iter(books.credit_notes)))
        method = str(books.payment_methods[0]["id"])
        now = connection.clock.now()
        teamleader.register_payment(invoice, 2_057, "EUR", now, method)
        teamleader.register_payment(invoice, 29, "EUR", now)
        teamleader.remove_payments(invoice)
        teamleader.subscriptions(invoice)
        teamleader.payment_methods()
        teamleader.credit_note(next(iter(books.credit_notes)))
        with suppress(CallRefused):
            teamleader.register_payment(invoice, 99_999_999, "USD", now)
        for day in ("2026-01-01", "2026-01-31"):
            list(teamleader.booked_invoices(issued_from=day, department=books.departments[0].id))
            list(teamleader.credit_notes(issued_from=day, issued_to=day))


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Call]]:
    """Yield every call of one run with everything in it."""
    with Sandbox(invoices=0) as sandbox:
        office = Office(sandbox, tmp_path_factory.mktemp("home"))
        office.grant()
        follow_up(office, work(office))
        assert creates(office)
        yield list(sandbox.world.journal)
        assert not sandbox.world.errors


# ---- the contract


def closed(schema: Any) -> Any:
    """Return a schema that allows no other properties than its own, and null where it says so."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {name: closed(part) for name, part in schema.items()}
    if "properties" in schema and isinstance(schema["properties"], dict):
        shut["additionalProperties"] = False
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        shut["type"] = [schema["type"], "null"]
    return shut


def validate(schema: Any, value: object) -> None:
    """Validate a value against a closed schema."""
    Draft202012Validator(closed(schema), format_checker=FormatChecker()).validate(value)


def operation(service: str, method: str, path: str) -> dict[str, Any]:
    """Return the contract's operation for a request; templates fit any one part of a path."""
    parts = path.strip("/").split("/")
    for template, operations in sorted(contract(service).items(), key=lambda one: "{" in one[0]):
        names = template.strip("/").split("/")
        fits = len(names) == len(parts) and all(
            name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
        )
        if fits and method.lower() in operations:
            found: dict[str, Any] = operations[method.lower()]
            return found
    raise AssertionError(f"the contract of {service} has no {method} {path}")


def typed(schema: dict[str, Any], text: str) -> object:
    """Return a parameter's text as the type that the contract gives it."""
    kinds: dict[str, Callable[[str], object]] = {"integer": int, "number": float}
    return kinds.get(str(schema.get("type")), str)(text)


def check_request(service: str, request: Request) -> None:
    """Hold method, path, query and body of one request against the contract."""
    path = request.path.removeprefix("/creditor") or "/"
    found = operation(service, request.method, path)
    known = {one["name"]: one for one in found.get("parameters", []) if one["in"] == "query"}
    for name, value in request.query:
        assert name in known, f"{path} has no parameter {name}"
        validate(known[name]["schema"], typed(known[name]["schema"], value))
    content = found.get("requestBody", {}).get("content", {})
    if not content:
        assert request.body in (b"", b"{}"), f"{path} takes no body"
        return
    assert request.content_type in content
    validate(schema_of(service, path, content[request.content_type]["schema"]), body_of(request))


def schema_of(service: str, path: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a body's schema; a bulk's members are invoices, on which the contract is silent."""
    if (service, path) != ("twikey", "/invoice/bulk"):
        return schema
    single = contract(service)["/invoice"]["post"]["requestBody"]["content"]["application/json"]
    return {"type": "array", "maxItems": 5000, "items": single["schema"]}


def body_of(request: Request) -> object:
    """Return a body as the contract speaks of it: JSON, or the fields of a form."""
    if request.content_type != FORM:
        return json.loads(request.body)
    return {name: int(text) if name == "otp" else text for name, text in request.form().items()}


@pytest.mark.parametrize("service", FILES)
def test_every_request_of_a_run_is_what_the_contract_asks_for(
    service: str, journal: list[Call]
) -> None:
    """Nothing leaves that the contract does not know, and nothing is missing or mistyped."""
    contract(service)
    requests = [
        call.request
        for call in journal
        if call.service == service and not call.path.startswith(OUTSIDE)
    ]
    assert requests
    for request in requests:
        check_request(service, request)


EXPECTED = {
    "teamleader": {
        "invoices": ("list", "info", "download", "registerPayment", "removePayments"),
        "creditNotes": ("list", "info", "download"),
        "companies": ("list", "info"),
        "contacts": ("list", "info"),
        "subscriptions": ("list", "info"),
        "customFieldDefinitions": ("list",),
        "departments": ("list",),
        "paymentMethods": ("list",),
        "users": ("me",),
    },
    "twikey": {
        "": ("POST",),
        "invoice": ("GET", "POST"),
        "invoice/bulk": ("GET", "POST"),
        "invoice/{}": ("GET",),
        "customer/{}": ("PATCH",),
        "payment/methods": ("GET",),
    },
}


def test_the_run_asked_for_everything_there_is(journal: list[Call]) -> None:
    """No verb that an import or a follow-up needs was left out of the check."""
    expected = {
        f"/{noun}.{verb}" for noun, verbs in EXPECTED["teamleader"].items() for verb in verbs
    }
    assert expected <= {call.path for call in journal if call.service == "teamleader"}
    plain = {
        (
            call.method,
            "/".join("{}" if one.count("-") == 4 or one == "ABC" else one for one in parts),
        )
        for call in journal
        if call.service == "twikey"
        for parts in [call.path.strip("/").split("/")[1:]]
    }
    wanted = {(method, path) for path, methods in EXPECTED["twikey"].items() for method in methods}
    assert wanted <= plain


def test_every_request_says_which_version_and_who(journal: list[Call]) -> None:
    """Each call names the API version (Teamleader) or the language (Twikey), and the program."""
    for call in journal:
        headers = call.request.headers
        assert "teamleader-twikey" in str(headers.get("User-Agent"))
        if call.service == "teamleader" and not call.path.startswith(OUTSIDE):
            assert headers.get("X-Api-Version") == "2023-09-26"
        if call.service == "twikey" and call.path != "/creditor":
            assert headers.get("Accept-Language") == "en"


@pytest.mark.parametrize(
    ("service", "path", "body"),
    [
        ("teamleader", "/invoices.list", {"filter": {"invoice_date_from": "2026-01-01"}}),
        ("teamleader", "/invoices.registerPayment", {"id": "1", "payment": {"amount": "1"}}),
        ("twikey", "/creditor/invoice", {"number": "1", "amount": "1", "date": "2026-01-01"}),
        ("twikey", "/creditor/invoice/bulk", [{"number": "1", "unknown": 1}]),
    ],
)
def test_the_check_finds_what_is_wrong(service: str, path: str, body: object) -> None:
    """An unknown, missing or mistyped field does not pass, so that passing means something."""
    request = Request("POST", path, body=json.dumps(body).encode())
    request.headers["content-type"] = "application/json"
    with pytest.raises(ValidationError):
        check_request(service, request)
