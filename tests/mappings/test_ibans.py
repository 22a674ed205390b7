"""Account numbers: right ones pass, one wrong sign does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.ibans import iban, is_iban
from tests.sandbox.checkdigits import belgian_iban


@pytest.mark.parametrize(
    "number",
    ["BE68539007547034", "be68 5390 0754 7034", "BE68-5390-0754-7034", "NL95BUNQ2025545371",
     "FR1420041010050500013M02606", "DE89370400440532013000", "MT84MALT011000012345MTLCAST001S",
     "BE02000000000063", "BE98000000000081"],
)  # fmt: skip
def test_real_account_numbers_pass(number: str) -> None:
    """A25: any country, with or without blanks."""
    assert is_iban(number)


@pytest.mark.parametrize(
    "number",
    ["", "BE", "BE68539007547035", "BE6853900754703", "BE685390075470340", "68539007547034",
     "BE0853900754703", "BE595390075470345",
     "BE00539007547034", "5.39E+11", "BE68 5390 0754 703O", "\uff22\uff2568539007547034",
     "BE\u0666\u066853900754703", "BE68539007547034;", "XX00"],
)  # fmt: skip
def test_what_is_no_account_number_does_not(number: str) -> None:
    """A25: check digits, length and letters are looked at."""
    assert not is_iban(number)


@given(st.integers(0, 10**7), st.integers(4, 15), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(account: int, place: int, more: int) -> None:
    """A25: the sum of 97 finds every single mistake in a Belgian number."""
    right = belgian_iban(account)
    wrong = right[:place] + str((int(right[place]) + more) % 10) + right[place + 1 :]
    assert is_iban(right)
    assert not is_iban(wrong)
    assert iban(f" {right.lower()} ") == right
