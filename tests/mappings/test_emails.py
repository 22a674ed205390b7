"""E-mail addresses: one to write to, the others in copy."""

from __future__ import annotations

import pytest

from mappings.emails import Recipients, recipients
from tests.mappings.sample import booking, customer, planned


@pytest.mark.parametrize(
    ("primary", "invoicing", "invoice", "expected"),
    [
        ("a@x.be", None, None, Recipients("a@x.be")),
        ("a@x.be", "b@x.be", None, Recipients("a@x.be", "b@x.be")),
        (None, "b@x.be", None, Recipients("b@x.be")),
        (None, None, "c@x.be", Recipients("c@x.be")),
        ("a@x.be", "b@x.be", "c@x.be", Recipients("a@x.be", "b@x.be,c@x.be")),
        ("a@x.be; b@x.be", None, None, Recipients("a@x.be", "b@x.be", several=True)),
        ("a@x.be,A@X.be", "a@x.be", "A@x.BE", Recipients("a@x.be", several=True)),
        ("none", "b@x.be", None, Recipients("b@x.be", unusable=True)),
        ("Jan <jan@x.be>", None, None, Recipients("jan@x.be")),
        ("mailto:jan@x.be", None, None, Recipients("jan@x.be")),
        ("é@bücher.example", None, None, Recipients("é@bücher.example")),
        (";,", " ", "", Recipients()),
        (None, None, None, Recipients()),
    ],
)
def test_the_first_usable_address_is_written_to(
    primary: str | None, invoicing: str | None, invoice: str | None, expected: Recipients
) -> None:
    """The company's invoicing address is in copy when both exist; doubles go once."""
    assert recipients(primary, invoicing, invoice) == expected


@pytest.mark.parametrize(
    "wrong", ["jan", "jan@", "@x.be", "jan@x", "a b@x.be", "a@x..be", "a@b@x.be", "a\u202e@x.be x"]
)
def test_what_cannot_be_an_address_is_left_out(wrong: str) -> None:
    """An impossible address would make Twikey refuse the invoice."""
    assert recipients(wrong, None, None) == Recipients(unusable=True)


def test_an_address_is_never_cut() -> None:
    """70 characters are sent, one more is left out."""
    fits, over = "a" * 65 + "@x.be", "a" * 66 + "@x.be"
    assert recipients(fits, None, None).email == fits
    assert recipients(over, None, None) == Recipients(unusable=True)


@pytest.mark.parametrize(
    ("change", "notices"),
    [
        ({}, None),
        ({"email": None, "invoicing_email": None}, "NO_EMAIL"),
        ({"email": "a@x.be;b@x.be"}, "SEVERAL_EMAILS"),
        ({"email": "nobody"}, "EMAIL_UNUSABLE"),
        ({"email": "nobody", "invoicing_email": None}, "NO_EMAIL,EMAIL_UNUSABLE"),
    ],
)
def test_addresses_are_noticed_and_hold_nothing(
    change: dict[str, object], notices: str | None
) -> None:
    """The invoice crosses in any case; somebody may want to look at the address."""
    (row,) = planned(booking(), customers=[customer(**change)])
    assert (row["action"], row["notices"]) == ("create", notices)
