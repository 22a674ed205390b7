"""Writes leave once, refusals become decisions, tokens are renewed (reference 1, 4)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
import responses

from connectors.errors import (
    CallRefused,
    Disconnected,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    UnexpectedAnswer,
)
from connectors.teamleader.client import Teamleader
from tests.connectors.fakes import NOW, MemoryTokens, tokens
from tests.connectors.teamleader_fakes import (
    API,
    AUTH,
    INVOICE,
    answers,
    asked,
    client,
    invoice,
    nth,
)


def numbers(teamleader: Teamleader, **filters: Any) -> list[str | None]:
    """Return the numbers of all booked invoices, in the order they came."""
    pages = teamleader.booked_invoices(**filters)
    return [row.number for page in pages for row in page.bookings]


# ---- payments


@pytest.mark.parametrize(
    ("amount_cents", "written"),
    [(24200, b'"amount":242,'), (6050, b'"amount":60.5,'), (1, b'"amount":0.01,')],
)
@responses.activate
def test_a_payment_is_written_as_documented(amount_cents: int, written: bytes) -> None:
    """Reference A15: amount in units beside its currency, the instant to the second."""
    answers("invoices.registerPayment", status=204)
    paid_at = datetime(2026, 9, 29, 8, 12, 44, 5, tzinfo=timezone(timedelta(hours=2)))
    client().register_payment(INVOICE, amount_cents, "EUR", paid_at, "m-1")
    assert asked() == {
        "id": INVOICE,
        "payment": {"amount": amount_cents / 100, "currency": "EUR"},
        "paid_at": "2026-09-29T06:12:44+00:00",
        "payment_method_id": "m-1",
    }
    assert written in (responses.calls[0].request.body or b"")


@responses.activate
def test_payments_are_removed_together() -> None:
    """Reference A17: only the invoice is named; there is no other form."""
    answers("invoices.removePayments", status=204)
    client().remove_payments(INVOICE)
    assert asked() == {"id": INVOICE}


@pytest.mark.parametrize("amount_cents", [0, -1])
def test_nothing_and_less_is_no_payment(amount_cents: int) -> None:
    """4.1: only a positive amount can be registered."""
    with pytest.raises(ValueError, match="more than nothing"):
        client().register_payment(INVOICE, amount_cents, "EUR", NOW)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 302, "headers": {"Location": "https://x.example"}},
        {"body": requests.exceptions.ReadTimeout()},
        {"status": 200, "json": {}},
        {"status": 201, "json": {"data": {"id": "x"}}},
        {"status": 400, "body": "<html>bad</html>"},
        {"status": 403, "body": ""},
        {"status": 404, "body": "not found"},
        {"status": 409, "json": {"errors": [{"title": "conflict"}]}},
    ],
)
@responses.activate
def test_a_write_is_refused_only_by_the_api_itself(answer: dict[str, Any]) -> None:
    """C19: everything but 204 and a parsed refusal is unknown, and the request left once."""
    answers("invoices.registerPayment", **answer)
    with pytest.raises(OutcomeUnknown):
        client().register_payment(INVOICE, 100, "EUR", NOW)
    assert len(responses.calls) == 1


@responses.activate
def test_a_refused_payment_says_why() -> None:
    """Reference A15: the title of the refusal is in the sentence."""
    error = {"errors": [{"title": "paid_at must be valid", "status": 400}]}
    answers("invoices.registerPayment", status=400, json=error)
    with pytest.raises(CallRefused, match="paid_at must be valid") as raised:
        client().register_payment(INVOICE, 100, "EUR", NOW)
    assert raised.value.status == 400


# ---- refusals


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (400, {"errors": [{"title": "id must be valid"}]}, CallRefused, "id must be valid"),
        (422, {"errors": [{"title": "a"}, {"title": "b"}]}, CallRefused, "a; b"),
        (400, {"error": "x", "error_description": "the words"}, CallRefused, "the words"),
        (400, {"errors": "odd", "message": "m"}, CallRefused, "m"),
        (403, {"errors": [{"title": "No access"}]}, NotPermitted, "invoices.info: No access"),
        (404, {"errors": [{"title": "Invoice not found"}]}, NotFound, nth(1)),
        (404, {}, NotFound, nth(1)),
        (405, {"errors": []}, UnexpectedAnswer, "405"),
        (418, {}, UnexpectedAnswer, "418"),
    ],
)
@responses.activate
def test_each_refusal_is_one_decision(
    status: int, body: object, error: type[Exception], said: str
) -> None:
    """Reference A20: what the operator has to know of a refused single call."""
    answers("invoices.info", status=status, json=body)
    with pytest.raises(error, match=said):
        client().invoice(nth(1))


@pytest.mark.parametrize("status", [400, 403, 404])
@responses.activate
def test_a_refusal_that_is_not_the_apis_own_is_unexpected(status: int) -> None:
    """N6: a proxy's page must not look like a deleted invoice."""
    answers("invoices.info", status=status, body="<html>no such page</html>")
    with pytest.raises(UnexpectedAnswer, match="no such page"):
        client().invoice(nth(1))


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, UnexpectedAnswer), (404, UnexpectedAnswer), (403, NotPermitted)],
)
@responses.activate
def test_a_refused_list_ends_the_run(status: int, error: type[Exception]) -> None:
    """C21: a list that is refused is not an empty list, and nothing is set aside for it."""
    answers("creditNotes.list", status=status, json={"errors": [{"title": "no"}]})
    with pytest.raises(error, match="creditNotes\\.list"):
        list(client().credit_notes())


# ---- the token


@responses.activate
def test_a_401_renews_once_and_repeats_once() -> None:
    """C2: one refresh, stored before use, and the call is made again with the new token."""
    store = MemoryTokens(tokens(1))
    answers("invoices.list", status=401, json={"errors": [{"title": "Unauthorized"}]})
    answers("invoices.list", [invoice(1)])

    def renew(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        store.journal.append("refresh")
        found = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600}
        return 200, {}, json.dumps(found)

    responses.add_callback(responses.POST, f"{AUTH}/oauth2/access_token", renew)
    assert numbers(client(store)) == ["2026 / 1"]
    bearers = [call.request.headers.get("Authorization") for call in responses.calls]
    assert bearers == ["Bearer access-1", None, "Bearer access-2"]
    assert store.journal == ["lock", "refresh", "commit", "unlock"]


@responses.activate
def test_a_payment_after_a_401_is_sent_with_the_new_token() -> None:
    """C2: a 401 did nothing, so even a write is made once more, with what another stored."""
    store = MemoryTokens(tokens(1))

    def refuse(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        fresh = request.headers["Authorization"] == "Bearer access-2"
        store.tokens = tokens(2)
        return (204 if fresh else 401), {}, ""

    responses.add_callback(responses.POST, f"{API}/invoices.registerPayment", refuse)
    client(store).register_payment(INVOICE, 100, "EUR", NOW)
    assert len(responses.calls) == 2


@responses.activate
def test_a_second_401_is_the_end() -> None:
    """H3: renewed and still refused means disconnected, after exactly two calls."""
    answers("invoices.list", status=401, json={})
    responses.post(
        f"{AUTH}/oauth2/access_token",
        json={"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600},
    )
    with pytest.raises(Disconnected, match="invoices\\.list"):
        numbers(client())
    assert len(responses.calls) == 3


@responses.activate
def test_the_headers_are_remembered() -> None:
    """P1: the watermark starts at the server's first Date; version and limit are for ``check``."""
    answers("users.me", {"id": nth(1), "account": {"id": nth(2)}})
    answers(
        "departments.list",
        [],
        headers={"Date": "Mon, 14 Sep 2026 09:00:00 GMT", "x-api-version": "9"},
    )
    own = client()
    assert own.server_date is None
    own.me()
    own.departments()
    assert own.server_date == NOW
    assert (own.api_version_seen, own.limit_seen, own.calls) == ("9", "200", 2)
