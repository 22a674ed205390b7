"""Mandates at Twikey: looked up in full, and moved to a customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
import responses

from connectors.errors import CallRefused, OutcomeUnknown, UnexpectedAnswer
from connectors.twikey.records import MandateDetail
from tests.connectors.twikey_fakes import CUSTOMER_ID, FakeTwikey, query, session

DETAIL: dict[str, Any] = {
    "Mndt": {
        "MndtId": "ACME1042",
        "LclInstrm": "CORE",
        "Dbtr": {"Nm": "Janssens BV", "CtctDtls": {"EmailAdr": "a@b.example", "Othr": "OLD-7"}},
        "DbtrAcct": "BE68539007547034",
    }
}


@pytest.fixture
def twikey() -> Iterator[FakeTwikey]:
    """Return a client with an open session."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        fake = FakeTwikey(mock)
        fake.store.session = session(fake.clock)
        yield fake


def test_a_mandate_is_read_in_full(twikey: FakeTwikey) -> None:
    """Its own spelling, whose it is, its account and whether it is signed (reference 5.5)."""
    twikey.answer("GET", "/mandate/detail", DETAIL, 200, X_STATE="SIGNED")
    found = twikey.client.mandate("acme1042")
    assert found == MandateDetail(
        "ACME1042", "OLD-7", "Janssens BV", "BE68539007547034", signed=True
    )
    assert query(twikey.requests[0]) == [("mndtId", "acme1042"), ("force", "true")]


@pytest.mark.parametrize("state", ["PREPARED", "CANCELLED"])
def test_a_mandate_that_is_not_signed_is_known_by_its_state(twikey: FakeTwikey, state: str) -> None:
    """The state stands in a header (reference 5.5)."""
    twikey.answer("GET", "/mandate/detail", DETAIL, 200, X_STATE=state)
    found = twikey.client.mandate("ACME1042")
    assert found is not None and not found.signed


def test_a_state_that_forbids_the_look_is_not_signed(twikey: FakeTwikey) -> None:
    """err_invalid_state is what Twikey says of those without force (reference 5.5)."""
    twikey.answer("GET", "/mandate/detail", {"code": "err_invalid_state"}, 400)
    assert twikey.client.mandate("A") == MandateDetail("A", None, None, None, signed=False)


@pytest.mark.parametrize(
    ("body", "status"),
    [({"code": "err_no_contract"}, 400), ({"code": "err_not_found"}, 400), (None, 404)],
)
def test_an_unknown_mandate_is_none(twikey: FakeTwikey, body: Any, status: int) -> None:
    """All ways of not finding are one (reference 10-19)."""
    twikey.answer("GET", "/mandate/detail", body, status)
    assert twikey.client.mandate("ACME9") is None


@pytest.mark.parametrize("body", [{}, [], {"Mndt": None}, {"Mndt": "x"}])
def test_an_answer_without_a_mandate_is_said(twikey: FakeTwikey, body: Any) -> None:
    """Nothing is guessed from an answer of another shape."""
    twikey.answer("GET", "/mandate/detail", body, 200)
    with pytest.raises(UnexpectedAnswer):
        twikey.client.mandate("ACME1042")


def test_odd_values_are_nothing(twikey: FakeTwikey) -> None:
    """A customer number may be missing, blank or a figure; nothing else is taken."""
    odd = {"Mndt": {"Dbtr": {"CtctDtls": {"Othr": 17}, "Nm": " "}, "DbtrAcct": {"x": 1}}}
    twikey.answer("GET", "/mandate/detail", odd, 200)
    assert twikey.client.mandate("A1") == MandateDetail("A1", "17", None, None, signed=True)


def test_a_link_says_the_number_and_nothing_else(twikey: FakeTwikey) -> None:
    """Only what was asked: account, state and profile stay (reference 5.6)."""
    twikey.answer("POST", "/mandate/update", None, 204)
    twikey.client.link_mandate("A/1 & 2", CUSTOMER_ID)
    body = twikey.requests[0].body
    assert parse_qsl(body if isinstance(body, str) else (body or b"").decode()) == [
        ("mndtId", "A/1 & 2"), ("customerNumber", CUSTOMER_ID),
    ]  # fmt: skip


def test_a_link_is_repeated_by_itself(twikey: FakeTwikey) -> None:
    """The same number set twice is the same as once (reference 5.6)."""
    twikey.answer("POST", "/mandate/update", requests.ReadTimeout())
    twikey.answer("POST", "/mandate/update", None, 204)
    twikey.client.link_mandate("A1", CUSTOMER_ID)
    assert len(twikey.requests) == 2


def test_a_refused_link_is_a_refusal_and_a_lost_one_is_unknown(twikey: FakeTwikey) -> None:
    """Decisions 5: only a documented answer says that nothing happened."""
    twikey.answer("POST", "/mandate/update", {"code": "err_debtor_not_found"}, 400)
    with pytest.raises(CallRefused):
        twikey.client.link_mandate("A1", CUSTOMER_ID)
    twikey.answer("POST", "/mandate/update", "<html>", 200)
    with pytest.raises(OutcomeUnknown):
        twikey.client.link_mandate("A1", CUSTOMER_ID)
