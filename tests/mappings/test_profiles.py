"""Which profile: the guide's sections 3.1 to 3.3."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mappings.profiles import Field, read_field
from mappings.rules import ProfileRule
from tests.mappings.sample import INVOICE, SECOND, advanced, booking, customer, planned, rules

KNOWN = [customer(known=True)]


def route(row: dict[str, Any]) -> tuple[Any, Any, Any]:
    """What was decided about the way of paying."""
    return row["action"], row["ct"], row["ct_source"]


def test_a_new_customer_gets_the_configured_profile() -> None:
    """A09: with only 1420, a new customer's invoice is on 1420, customer and all."""
    (row,) = planned(booking())
    assert route(row) == ("create", "1420", "new customer")
    assert row["describe_customer"] is True


def test_a_known_customer_keeps_the_default_set_in_twikey() -> None:
    """A10: no profile is sent for a known customer, so the customer's own default wins."""
    (row,) = planned(booking(), customers=KNOWN)
    assert route(row) == ("create", None, "customer's own")
    assert row["describe_customer"] is False


def test_a_new_setting_is_for_new_customers_only() -> None:
    """A11: the configured profile changes to 1422; only a new customer gets it."""
    both = [customer(known=True), customer(id="new")]
    known, new = planned(
        booking(),
        booking(id=SECOND, number="2024 / 101", customer_id="new"),
        customers=both,
        by=rules(new_customer_profile="1422"),
    )
    assert (known["ct"], new["ct"]) == (None, "1422")


def test_a_pick_list_chooses_the_profile() -> None:
    """A12: option 1421 of a single choice puts this invoice on 1421."""
    (row,) = planned(booking(invoice_field='"1421"'), customers=KNOWN, by=advanced())
    assert route(row) == ("create", "1421", "invoice field")


def test_a_text_chooses_the_profile() -> None:
    """A13: the text " 1421 " does the same."""
    (row,) = planned(booking(invoice_field='" 1421 "'), by=advanced())
    assert route(row) == ("create", "1421", "invoice field")


@pytest.mark.parametrize("empty", [None, "null", '""', '"  "', "[]", '[""]', "[null]"])
def test_an_empty_field_leaves_the_default(empty: str | None) -> None:
    """A14: an empty field means the customer's default, and for a new customer 1420."""
    (known,) = planned(booking(invoice_field=empty), customers=KNOWN, by=advanced())
    (new,) = planned(booking(invoice_field=empty), by=advanced())
    assert (known["ct"], new["ct"]) == (None, "1420")


@pytest.mark.parametrize(
    "wrong", ["14x1", "", "14201", "-1", "1421.5", "\u0661\u0664\u0662\u0660", "14 20", "NaN"]
)
def test_a_field_that_is_no_profile_holds_the_booking(wrong: str) -> None:
    """A15: "14x1" is held with PROFILE_UNKNOWN, with the value shown, and nothing is created."""
    raw = json.dumps(wrong) if wrong else "not json"
    (row,) = planned(booking(invoice_field=raw), by=advanced())
    assert (row["action"], row["reason"]) == ("hold", "PROFILE_UNKNOWN")
    assert f"'{wrong or raw}'" in row["detail"]
    assert row["ct"] is None


@pytest.mark.parametrize(
    "raw", ["true", "1421.5", '{"type": "user"}', '[["1421"]]', "NaN", "9" * 5000, "[" * 100_000]
)
def test_a_field_of_a_strange_kind_holds_the_booking(raw: str) -> None:
    """A15: whatever JSON is in the field, it is shown and held, never guessed."""
    assert read_field(raw, {}).reason == "PROFILE_UNKNOWN"


def test_two_choices_hold_the_booking() -> None:
    """A16: a multiple choice with 1420 and 1421 is held with PROFILE_AMBIGUOUS."""
    (row,) = planned(booking(invoice_field='["1420", "1421"]'), by=advanced())
    assert (row["action"], row["reason"]) == ("hold", "PROFILE_AMBIGUOUS")
    assert row["detail"] == "1420 and 1421 (invoice field)"


def test_the_subscription_chooses_where_the_invoice_does_not() -> None:
    """A17: an empty invoice field leaves it to the subscription's; a filled one wins."""
    empty, filled = planned(
        booking(invoice_field='""', subscription_field="1421"),
        booking(
            id=SECOND, number="2024 / 101", invoice_field="1422", subscription_field='["1421"]'
        ),
        by=advanced(),
    )
    assert route(empty) == ("create", "1421", "subscription field")
    assert route(filled) == ("create", "1422", "invoice field")


def test_simple_mode_ignores_fields() -> None:
    """A18: without a chosen field its values do not count, right or wrong."""
    (row,) = planned(booking(invoice_field='"14x1"', subscription_field='"1421"'), by=rules())
    assert route(row) == ("create", "1420", "new customer")


@pytest.mark.parametrize("raw", ["1421", "1421.0", '"1421"', '["1421"]', "[1421]", '"option-id"'])
def test_a_profile_can_be_written_in_many_ways(raw: str) -> None:
    """A12: number, text, list of one, or the id of an option."""
    assert read_field(raw, {"option-id": " 1421 "}) == Field(profile="1421")


def test_an_option_may_stand_for_blank() -> None:
    """A14: an option without text is an empty field."""
    assert read_field('"option-id"', {"option-id": " "}) == Field()


def test_customers_unknown_to_us_can_be_left_to_twikey() -> None:
    """A11: with unknown_customers = omit Twikey chooses for those it may know."""
    (row,) = planned(booking(), by=rules(unknown_customers="omit"))
    assert route(row) == ("create", None, "left to Twikey")


def test_a_foreign_currency_is_held() -> None:
    """C31: a USD invoice is held with CURRENCY unless its profile is declared for USD."""
    dollars = booking(currency="USD", due_currency="USD", invoice_field='"1430"')
    (held,) = planned(dollars, by=advanced())
    declared = {"1430": ProfileRule(currency="USD")}
    (sent,) = planned(dollars, by=advanced(profiles=declared))
    (euro,) = planned(booking(invoice_field='"1430"'), by=advanced(profiles=declared))
    (own,) = planned(dollars, customers=KNOWN, by=rules(profiles=declared))
    assert (held["reason"], held["detail"]) == ("CURRENCY", "USD")
    assert sent["action"] == "create"
    assert (euro["reason"], own["reason"]) == ("CURRENCY", "CURRENCY")
    assert held["id"] == INVOICE


def test_a_strange_value_is_shown_in_short() -> None:
    """A15: a number of any length and a text of 61 signs do not fill the report."""
    long = read_field("1" + "0" * 18, {})
    assert long.detail == "'a very large number' is not a profile's number"
    almost = read_field("9" * 18, {})
    assert almost.detail == f"'{'9' * 18}' is not a profile's number"
    assert read_field(json.dumps("x" * 61), {}).detail == f"'{'x' * 60}' is not a profile's number"
