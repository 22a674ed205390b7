"""The remittance: the line by which a transfer finds its invoice."""

from __future__ import annotations

import pytest

from mappings.remittance import remittance
from tests.mappings.sample import booking, credit_note, planned


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("+++084/2613/66074+++", "084261366074"),
        ("***084/2613/66074***", "084261366074"),
        ("084261366074", "084261366074"),
        (" +++ 084 / 2613 / 66074 +++ ", "084261366074"),
        ("RF18 5390 0754 7034", "RF18 5390 0754 7034"),
        ("084/2613/6607", "084/2613/6607"),
        ("a\u0000\u202e  b", "a b"),
        (None, "2024 / 100"),
        ("  ", "2024 / 100"),
    ],
)
def test_a_structured_communication_goes_as_twelve_digits(
    reference: str | None, expected: str
) -> None:
    """Any other reference goes cleaned, and without one the number goes."""
    assert remittance(reference, "2024 / 100") == expected


def test_a_long_reference_is_cut_with_a_notice() -> None:
    """140 characters fit on a bank statement."""
    (fits,) = planned(booking(payment_reference="x" * 140))
    (over,) = planned(booking(payment_reference="x" * 141))
    assert (fits["remittance"], fits["notices"]) == ("x" * 140, None)
    assert (over["remittance"], over["notices"]) == ("x" * 140, "SHORTENED")


def test_a_credit_note_goes_under_its_number() -> None:
    """Credit notes have no payment reference in Teamleader."""
    (row,) = planned(credit_note())
    assert row["remittance"] == "CN2024 / 7"
