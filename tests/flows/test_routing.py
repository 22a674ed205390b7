"""Guide 3.1 to 3.3 end to end: on which profile an invoice lands (decisions 4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    MORNING,
    at,
    book_100,
    creates,
    held,
    known,
    option,
    profile_of,
    set_up,
    twikey_customers,
    with_field,
)


def sent_bodies(office: Office) -> list[dict[str, Any]]:
    """Return what the calls that made invoices one by one carried."""
    return [call.parameters for call in creates(office)]


# ---- A09 - A11: profiles of customers


def test_a_new_customer_lands_on_the_configured_profile(november: Office) -> None:
    """A09: with 1420 alone, customer and invoice are on 1420."""
    book_100(november)
    assert november.imports(days=30).sent == 1
    assert profile_of(november) == 1420
    assert twikey_customers(november)[CUSTOMER]["ct"] == 1420


def test_a_customers_own_profile_wins(november: Office) -> None:
    """A10: the default was changed to 1421 in Twikey: the request has no ct, 1421 it is."""
    known(november).sandbox.twikey.actions["set_customer_profile"](CUSTOMER, 1421)
    book_100(november)
    assert november.imports(days=30).sent == 1
    (body,) = sent_bodies(november)
    assert "ct" not in body
    assert body["customerByRef"] == CUSTOMER
    assert profile_of(november) == 1421


def test_existing_customers_keep_their_default(november: Office) -> None:
    """A11: after the setting changed to 1422 only a new customer gets 1422."""
    known(november)
    set_up(november, "new_customer_profile = 1422")
    newcomer = november.sandbox.books.new_customer()
    book_100(november)
    book_100(november, number="2024 / 101", customer=newcomer)
    assert november.imports(days=30).sent == 2
    assert (profile_of(november), profile_of(november, "2024 / 101")) == (1420, 1422)
    customers = twikey_customers(november)
    assert (customers[CUSTOMER]["ct"], customers[newcomer]["ct"]) == (1420, 1422)


# ---- A12 - A17: custom fields


def test_a_chosen_option_decides(november: Office) -> None:
    """A12: option 1421 chosen: the invoice is on 1421, the customer's default is untouched."""
    known(november)
    with_field(november)
    book_100(november, field_value=option(november, "1421"))
    assert november.imports(days=30).sent == 1
    assert profile_of(november) == 1421
    assert twikey_customers(november)[CUSTOMER]["ct"] == 1420


def test_a_chosen_option_decides_for_a_new_customer_too(november: Office) -> None:
    """A12: a first invoice on 1421 leaves the new customer on the configured default."""
    with_field(november)
    book_100(november, field_value=option(november, "1421"))
    assert november.imports(days=30).sent == 1
    assert profile_of(november) == 1421
    assert twikey_customers(november)[CUSTOMER]["ct"] == 1420


@pytest.mark.parametrize("empty", [None, "", "  ", []])
def test_an_empty_field_leaves_it_to_the_customer(november: Office, empty: object) -> None:
    """A14: an empty field: the customer's default counts, as if there were no field."""
    known(november).sandbox.twikey.actions["set_customer_profile"](CUSTOMER, 1421)
    with_field(november)
    book_100(november, field_value=empty)
    assert november.imports(days=30).sent == 1
    assert "ct" not in sent_bodies(november)[0]
    assert profile_of(november) == 1421


def test_an_empty_field_of_a_new_customer_means_the_configured_profile(november: Office) -> None:
    """A14: for a new customer an empty field means 1420."""
    with_field(november)
    book_100(november, field_value=None)
    assert november.imports(days=30).sent == 1
    assert profile_of(november) == 1420


@pytest.mark.parametrize("wrong", ["14x1", "1499"])
def test_a_wrong_field_holds_until_it_is_corrected(november: Office, wrong: str) -> None:
    """A15: no number, or a profile Twikey does not know: nothing is created; corrected, it goes."""
    with_field(november, kind="single_line")
    invoice = book_100(november, field_value=wrong)
    report = november.imports(days=30)
    assert (report.sent, report.held, report.reasons) == (0, 1, {"PROFILE_UNKNOWN": 1})
    assert november.twikey_invoices() == {}
    assert twikey_customers(november) == {}
    assert wrong in str(report.waiting[0]["detail"])

    at(november, MORNING + timedelta(minutes=10))
    november.sandbox.books.edit_invoice(invoice, field_value="1421")
    assert november.imports().sent == 1
    assert profile_of(november) == 1421
    assert held(november) == {}


def test_a_held_invoice_is_looked_at_again_by_itself(november: Office) -> None:
    """A15: a correction that did not touch updated_at is found too, once its time has come."""
    with_field(november, kind="single_line")
    invoice = book_100(november, field_value="14x1")
    november.imports(days=30)
    november.sandbox.books.edit_invoice(invoice, touch=False, field_value=" 1421 ")
    at(november, MORNING + timedelta(minutes=20))
    assert november.imports().sent == 1
    assert profile_of(november) == 1421


def test_a_wrong_field_stops_no_neighbour(november: Office) -> None:
    """A15: the invoices beside the held one are sent in the same run."""
    with_field(november, kind="single_line")
    for place in range(12):
        wrong = "1499" if place == 5 else None
        book_100(november, number=f"2024 / {200 + place}", field_value=wrong)
    report = november.imports(days=30)
    assert (report.sent, report.held) == (11, 1)
    assert held(november) == {"2024 / 205": "PROFILE_UNKNOWN"}


def test_a_bulk_of_wrong_fields_is_held_with_its_reason(november: Office) -> None:
    """A15: when Twikey takes nothing of a bulk, each invoice still gets its own reason."""
    with_field(november, kind="single_line")
    for place in range(12):
        book_100(november, number=f"2024 / {200 + place}", field_value="1499")
    for _ in range(2):
        november.imports(days=30)
    assert set(held(november).values()) == {"PROFILE_UNKNOWN"}
    assert november.twikey_invoices() == {}


def subscribed(office: Office, context_too: bool = True) -> str:
    """Switch the subscription's field on (the invoice's too) and return a subscription on 1421."""
    ids = {d["context"]: d["id"] for d in reversed(office.sandbox.books.definitions)}
    lines = [f'subscription = "{ids["subscription"]}"']
    if context_too:
        with_field(office)
        definition = office.sandbox.books.definitions[0]
        lines.append(f'invoice = "{definition["id"]}"')
    set_up(office, tables="[custom_fields]\n" + "\n".join(lines))
    chosen = option(office, "1421", "subscription")
    return office.sandbox.books.new_subscription(CUSTOMER, field_value=chosen)


@pytest.mark.parametrize("both", [True, False])
def test_a_subscriptions_field_decides_for_its_invoices(november: Office, both: bool) -> None:
    """A17: the subscription says 1421 and the invoice's field is empty: 1421."""
    subscription = subscribed(november, both)
    book_100(november, subscription=subscription, field_value=None)
    assert november.imports(days=30).sent == 1
    assert profile_of(november) == 1421


def test_a_filled_invoice_field_wins_over_the_subscriptions(november: Office) -> None:
    """A17: an invoice field, if filled, wins."""
    subscription = subscribed(november)
    book_100(november, subscription=subscription, field_value=option(november, "1420"))
    assert november.imports(days=30).sent == 1
    assert profile_of(november) == 1420
