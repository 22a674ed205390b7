"""Customers: Teamleader's words into Twikey's, one way only."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.twikey.records import NewCustomer
from mappings.bookings import payloads, plan
from mappings.customer_changes import WORDS, changes
from mappings.customers import DESCRIBED, PARTS, describe
from tests.mappings.sample import (
    CUSTOMER,
    SECOND,
    booking,
    bookings_frame,
    contact,
    customer,
    customers_frame,
    planned,
    rules,
    taken_frame,
)


def described(of: dict[str, Any], **of_booking: Any) -> NewCustomer:
    """What is sent about a new customer."""
    customers = customers_frame(of)
    found = plan(bookings_frame(booking(**of_booking)), customers, taken_frame(), rules())
    (payload,) = payloads(found, customers)
    assert payload.customer is not None
    assert payload.customerByRef is None
    return payload.customer


def test_a_company_in_twikeys_words() -> None:
    """The customer number is Teamleader's id; numbers lose dots and blanks."""
    assert described(customer()) == NewCustomer(
        customerNumber=CUSTOMER,
        email="info@peeters.example",
        companyName="Bakkerij Peeters bv",
        coc="0899623035",
        vatno="BE0899623035",
        l="nl",
        address="Kerkstraat 1",
        zip="9000",
        city="Gent",
        country="BE",
    )


def test_a_person_in_twikeys_words() -> None:
    """A contact has a first and a last name and may have a mobile number."""
    sent = described(contact())
    assert (sent.firstname, sent.lastname, sent.companyName) == ("Amélie", "Dubois", None)
    assert sent.mobile == "+32499123445"


def test_a_person_without_first_name_is_fine() -> None:
    """Nothing is invented for a missing name."""
    sent = described(contact(first_name=" "))
    assert (sent.firstname, sent.lastname) == (None, "Dubois")


@pytest.mark.parametrize(
    ("of", "kind", "part"),
    [(customer(company_name=""), "company", "companyName"), (contact(), "contact", "lastname")],
)
def test_without_a_name_the_invoices_name_is_used(of: dict[str, Any], kind: str, part: str) -> None:
    """The name on the invoice is better than none."""
    nameless = {**of, "first_name": None, "last_name": None}
    sent = described(nameless, customer_type=kind, invoicee_name=" The  Name ")
    assert getattr(sent, part) == "The Name"


def test_one_contact_without_vat_or_email_is_one_customer() -> None:
    """C29: imported twice, it is keyed by Teamleader's id and nothing else."""
    bare = [contact(email=None)]
    found = plan(
        bookings_frame(booking(), booking(id=SECOND, number="2024 / 101")),
        customers_frame(*bare),
        taken_frame(),
        rules(),
    )
    numbers = [
        one.customer and one.customer.customerNumber
        for one in payloads(found, customers_frame(*bare))
    ]
    assert numbers == [CUSTOMER, CUSTOMER]
    (later,) = planned(booking(), customers=[contact(email=None, known=True)])
    assert later["describe_customer"] is False


def test_a_known_customer_goes_by_number() -> None:
    """Twikey has it: only the number is sent, and the copies of this invoice."""
    customers = customers_frame(customer(known=True))
    found = plan(bookings_frame(booking()), customers, taken_frame(), rules())
    (payload,) = payloads(found, customers)
    assert (payload.customer, payload.customerByRef) == (None, CUSTOMER)
    assert payload.cc == "facturen@peeters.example"


@pytest.mark.parametrize("number", [None, "", " "])
def test_a_booking_without_customer_is_held(number: str | None) -> None:
    """An invoice to nobody cannot be collected."""
    (row,) = planned(booking(customer_id=number))
    assert row["reason"] == "CUSTOMER_MISSING"


def test_a_customer_that_is_gone_holds_the_booking() -> None:
    """A customer that Teamleader no longer has is named."""
    (row,) = planned(booking(), customers=[])
    assert (row["reason"], row["detail"]) == ("CUSTOMER_GONE", CUSTOMER)


def test_long_names_are_cut_with_a_notice_when_they_are_sent() -> None:
    """Twikey's lengths are kept; for a known customer nothing is sent and nothing noticed."""
    long = customer(company_name="N" * 141, street="S" * 71, city="C" * 51)
    sent = described(long)
    assert (len(sent.companyName or ""), len(sent.address or ""), len(sent.city or "")) == (
        140,
        70,
        50,
    )
    (new,) = planned(booking(), customers=[long])
    (known,) = planned(booking(), customers=[{**long, "known": True}])
    assert (new["notices"], known["notices"]) == ("SHORTENED", None)


@pytest.mark.parametrize(
    ("country", "sent"),
    [("be", "BE"), (" NL ", "NL"), ("Belgium", None), ("B1", None), (None, None)],
)
def test_a_country_is_two_letters(country: str | None, sent: str | None) -> None:
    """Anything else is left out."""
    assert described(customer(country=country)).country == sent


def test_only_what_changed_is_told() -> None:
    """A50: street and e-mail changed, so those two are sent and nothing else."""
    before = customers_frame(customer())
    after = customers_frame(customer(street="Nieuwstraat 2", email="new@peeters.example"))
    assert changes(before, after) == {
        CUSTOMER: {"address": "Nieuwstraat 2", "email": "new@peeters.example"}
    }
    assert changes(before, before) == {}


def test_blanks_vat_numbers_and_strangers_are_not_told() -> None:
    """A50: a blank might clear something, and Twikey takes no VAT number and no stranger here."""
    before = customers_frame(customer())
    after = customers_frame(
        customer(street=None, vat_number="BE0000000000", country="nowhere"), customer(id="new")
    )
    assert changes(before, after) == {}


def test_an_enterprise_number_travels_with_the_company_name() -> None:
    """Twikey reads coc only beside a company name."""
    after = customers_frame(customer(enterprise_number="0123.456.789"))
    assert changes(customers_frame(customer()), after) == {
        CUSTOMER: {"coc": "0123456789", "companyName": "Bakkerij Peeters bv"}
    }


def test_a_change_that_twikey_cannot_see_is_no_change() -> None:
    """Blanks and dots are not worth a call."""
    after = customers_frame(customer(street="Kerkstraat  1 ", enterprise_number="0899 623 035"))
    assert changes(customers_frame(customer()), after) == {}


def test_a_person_has_an_address_too() -> None:
    """Guide 4: street, postal code and city go along for contacts as for companies."""
    parts = described(contact())
    assert (parts.address, parts.zip, parts.city) == ("Kerkstraat 1", "9000", "Gent")


@pytest.mark.parametrize(
    ("number", "sent"), [("1", "1"), ("A" * 50, "A" * 50), ("A" * 51, None), (".-", None)]
)
def test_an_enterprise_number_is_sent_whole_or_not_at_all(number: str, sent: str | None) -> None:
    """Reference 2.3: one to fifty letters and digits; a cut number would be another one."""
    assert described(customer(enterprise_number=number)).coc == sent


def test_a_described_customer_has_the_declared_shape() -> None:
    """Reference 2.3: every part under Twikey's name for it, with customers or without."""
    for some in ((customer(), contact(id="c")), ()):
        found = describe(customers_frame(*some))
        assert {str(name): str(dtype) for name, dtype in found.dtypes.items()} == dict(DESCRIBED)


def test_every_part_has_its_words() -> None:
    """C28: what Twikey keeps although it was emptied is named to a person."""
    assert list(WORDS) == list(PARTS)
    assert len(set(WORDS.values())) == len(PARTS)
