"""Customers, their mandates, and profiles."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
import responses

from connectors.errors import CallRefused, OutcomeUnknown, ProfileMissing
from connectors.twikey.records import Mandate
from tests.connectors.twikey_fakes import CUSTOMER_ID, FakeTwikey, query, session


@pytest.fixture
def twikey() -> Iterator[FakeTwikey]:
    """Return a client with an open session."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        fake = FakeTwikey(mock)
        fake.store.session = session(fake.clock)
        yield fake


def test_a_customer_s_changes_are_percent_encoded(twikey: FakeTwikey) -> None:
    """An ampersand, a plus and a blank in a name stay what they are (reference 4.1)."""
    twikey.answer("PATCH", "/customer/A%2FB%20%26%20C", None, 204)
    changes = {"companyName": "Smith & Co=?#/", "mobile": "+32499123445", "city": "Sint Niklaas é"}
    left_out = twikey.client.update_customer("A/B & C", changes, profile="1420", rename_to="x y")
    assert left_out == {}
    request = twikey.requests[0]
    assert query(request) == [*changes.items(), ("customerNumber", "x y"), ("ct", "1420")]
    assert "+" not in request.url
    assert not request.body


def test_blanks_and_unknown_names_are_left_out_and_named(twikey: FakeTwikey) -> None:
    """Nobody knows what a blank does; some fields have no parameter (reference 4.1, 10-16)."""
    twikey.answer("PATCH", "/customer/acme", None, 204)
    changes = {"email": "a@b.example", "mobile": " ", "vatno": "BE0745749559"}
    left_out = twikey.client.update_customer("acme", changes)
    assert left_out == {"mobile": "blank", "vatno": "unknown"}
    assert query(twikey.requests[0]) == [("email", "a@b.example")]


def test_nothing_to_change_is_no_call(twikey: FakeTwikey) -> None:
    """A PATCH without parameters would say nothing."""
    assert twikey.client.update_customer("acme", {"email": ""}) == {"email": "blank"}


def test_a_refused_company_name_is_left_out_once_and_said(twikey: FakeTwikey) -> None:
    """The usual cause of err_invalid_params; the rest arrives (reference 4.1)."""
    twikey.answer("PATCH", "/customer/acme", {"code": "err_invalid_params"}, 400)
    twikey.answer("PATCH", "/customer/acme", None, 204)
    changes = {"companyName": "Acme", "coc": "0745749559", "city": "Gent"}
    left_out = twikey.client.update_customer("acme", changes)
    assert left_out == {"companyName": "refused", "coc": "refused"}
    assert query(twikey.requests[1]) == [("city", "Gent")]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("err_invalid_params", {"city": "Gent"}),
        ("err_invalid_params", {"companyName": "Acme"}),
        ("err_invalid_email", {"companyName": "Acme", "email": "?"}),
    ],
)
def test_other_refusals_are_not_repeated(
    twikey: FakeTwikey, code: str, changes: dict[str, str]
) -> None:
    """Leaving the company name out would not help, or leave nothing."""
    twikey.answer("PATCH", "/customer/acme", {"code": code}, 400)
    with pytest.raises(CallRefused):
        twikey.client.update_customer("acme", changes)
    assert len(twikey.requests) == 1


def test_a_renaming_leaves_only_once(twikey: FakeTwikey) -> None:
    """Its second try would not find the customer and look like a refusal."""
    twikey.answer("PATCH", "/customer/acme", requests.ReadTimeout())
    with pytest.raises(OutcomeUnknown):
        twikey.client.update_customer("acme", {}, rename_to="beta")
    assert len(twikey.requests) == 1


def test_mandates_are_those_of_the_customer(twikey: FakeTwikey) -> None:
    """Contracts without a number are nothing to link (reference 5.4)."""
    contract = {"type": "CORE", "state": "SIGNED", "mandateNumber": "ACME1042", "iban": "BE68"}
    twikey.answer("GET", "/mandate/query", {"Contracts": [contract, {"state": "SIGNED"}, None]})
    found = twikey.client.mandates(CUSTOMER_ID)
    assert found == [Mandate("ACME1042", "SIGNED", "CORE", "BE68")]
    assert query(twikey.requests[0]) == [("customerNumber", CUSTOMER_ID)]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ('["sdd", "bancontact", "sdd"]', ["sdd", "bancontact"]),
        ('[{"name": "sdd"}, {"method": "ideal", "name": "iDEAL"}]', ["sdd", "ideal"]),
        ('{"methods": ["sdd"], "psp": [{"code": "bancontact"}]}', ["sdd", "bancontact"]),
        ('{"sdd": true, "ideal": false, "card": {"active": true, "fee": 0}}', ["sdd", "card"]),
        ('[{"name": "sdd", "active": false}, {"name": "paylink", "active": true}]', ["paylink"]),
        ("[]", []),
        ("null", []),
        ("", []),
    ],
)
def test_payment_methods_of_any_shape_are_read(
    twikey: FakeTwikey, body: str, names: list[str]
) -> None:
    """The answer's shape is not documented, so several are understood."""
    twikey.answer("GET", "/payment/methods", body)
    assert twikey.client.payment_methods("3748") == names
    assert query(twikey.requests[0]) == [("ct", "3748")]


def test_a_profile_that_does_not_exist_is_missing(twikey: FakeTwikey) -> None:
    """The documented way to check a profile (reference chapter 6)."""
    twikey.answer("GET", "/payment/methods", None, 400, ApiErrorCode="err_no_such_ct")
    with pytest.raises(ProfileMissing, match="9999"):
        twikey.client.payment_methods("9999")
