"""What Twikey is to be told of changed customers, and what it cannot be told."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.customer_changes import Change, compare
from tests.mappings.sample import CUSTOMER, contact, customer, customers_frame


def change(before: dict[str, Any], after: dict[str, Any]) -> Change | None:
    """Compare one customer with itself."""
    return compare(customers_frame(before), customers_frame(after)).get(CUSTOMER)


def test_what_is_the_same_is_no_change() -> None:
    """A50: nothing changed, so nothing is told and nobody is told anything."""
    assert change(customer(), customer()) is None


def test_every_field_follows_under_twikeys_name() -> None:
    """A50: name, address, language, e-mail; the mobile number of a contact as +32."""
    found = change(
        customer(),
        customer(
            company_name="Peeters Brood nv", street="Nieuwstraat 2", postal_code="1000",
            city="Brussel", country="nl", language="FR", email="new@peeters.example",
        ),
    )  # fmt: skip
    assert found == Change(
        {
            "companyName": "Peeters Brood nv", "address": "Nieuwstraat 2", "zip": "1000",
            "city": "Brussel", "l": "fr", "country": "NL", "email": "new@peeters.example",
        }
    )  # fmt: skip
    moved = change(contact(), contact(mobile="0478 11 22 33", first_name="Amé", last_name="D."))
    assert moved == Change({"firstname": "Amé", "lastname": "D.", "mobile": "+32478112233"})


@pytest.mark.parametrize(
    ("emptied", "words"),
    [
        ({"street": None}, ("street",)),
        ({"street": " ", "city": ""}, ("street", "city")),
        ({"email": None, "invoicing_email": None}, ("e-mail address",)),
        ({"language": "jp"}, ("language",)),
        ({"country": "Belgium"}, ("country",)),
        ({"company_name": None}, ("company name",)),
    ],
)
def test_what_was_emptied_stays_and_is_told(
    emptied: dict[str, str | None], words: tuple[str, ...]
) -> None:
    """A50: never a blank; a person is told what Twikey keeps."""
    found = change(customer(), customer(**emptied))
    assert found is not None
    assert (found.told, found.stays) == ({}, words)


def test_a_vat_number_cannot_follow() -> None:
    """Guide 12: Twikey's call has no parameter for it, so a person is told."""
    found = change(customer(), customer(vat_number="BE0403.019.261"))
    assert found == Change({}, ("VAT number",))
    assert change(contact(), contact(vat_number="BE0403019261")) is None


def test_an_enterprise_number_goes_with_the_name_and_is_told_when_that_is_the_same() -> None:
    """Guide 12: Twikey updates it only when the company name changes in the same call."""
    alone = change(customer(), customer(enterprise_number="0403.019.261"))
    assert alone is not None
    assert set(alone.told) == {"coc", "companyName"}
    assert alone.stays == ("enterprise number",)
    both = change(customer(), customer(enterprise_number="0403.019.261", company_name="New bv"))
    assert both == Change({"coc": "0403019261", "companyName": "New bv"})


def test_a_changed_invoicing_address_goes_in_copy_of_later_invoices() -> None:
    """A50: the customer has no copy parameter; without an own address it is the address."""
    found = change(customer(), customer(invoicing_email="boek@peeters.example"))
    assert found == Change({}, (), "boek@peeters.example")
    assert change(customer(), customer(invoicing_email=None)) == Change({}, (), "")
    only = change(customer(email=None), customer(email=None, invoicing_email="b@peeters.example"))
    assert only == Change({"email": "b@peeters.example"})


def test_several_addresses_are_split() -> None:
    """Guide 12: the first one is the customer's, the others go in copy of later invoices."""
    found = change(
        customer(invoicing_email=None),
        customer(email="a@peeters.example; b@peeters.example", invoicing_email=None),
    )
    assert found == Change({"email": "a@peeters.example"}, (), "b@peeters.example")


def test_of_whom_nothing_was_told_everything_is() -> None:
    """Guide 4: found in Twikey, so what it was told is not known: all that there is goes."""
    blank = {**dict.fromkeys(customer()), "id": CUSTOMER, "type": "company", "known": True}
    found = change(blank, customer())
    assert found is not None
    assert {"companyName", "coc", "address", "zip", "city", "country", "l", "email"} == set(
        found.told
    )
    assert found.stays == ()
