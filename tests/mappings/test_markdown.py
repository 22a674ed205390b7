"""Text from outside on a page: shown as it is, never a format, a link or an account number."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.markdown import cell, escaped, link, masked, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mail jan.peeters@klant.example now", "mail j...@klant.example now"),
        ("from BE68 5390 0754 7034 today", "from BE68...34 today"),
        ("BE68539007547034", "BE68...34"),
        ("be68539007547034", "be68...34"),
        ("NL91ABNA0417164300", "NL91...00"),
        ("2026 / 417", "2026 / 417"),
        ("5c1a7a2e-9f0d-4d3b-8e17-0b6f3d2c9a55", "5c1a7a2e-9f0d-4d3b-8e17-0b6f3d2c9a55"),
        ("MD06 refund_by_debtor", "MD06 refund_by_debtor"),
        (None, ""),
    ],
)
def test_addresses_and_accounts_are_masked(text: str | None, shown: str) -> None:
    """Acceptance 4: pages are read by all who may open them."""
    assert masked(text) == shown


def test_a_link_from_outside_is_none() -> None:
    """What looks like a link cannot be followed; ours can."""
    assert "](" not in cell("[pay](https://evil.example)")
    assert "https://" not in cell("https://evil.example")
    assert "www." not in escaped("www.evil.example")
    assert link("a]b", "https://focus.teamleader.eu/1") == "[a\\]b](https://focus.teamleader.eu/1)"
    assert link("a", None) == "a"


def test_a_link_from_outside_can_still_be_read() -> None:
    """Acceptance 4: it is only taken apart, and a long text is cut to 600 characters."""
    assert cell("at https://evil.example") == "at https: //evil.example"
    assert cell("at WWW.evil.example") == "at WWW .evil.example"
    assert cell("[pay](there)") == "[pay] (there)"
    assert len(cell("x" * 601)) == 600


def test_a_row_stays_a_row() -> None:
    """A bar or a line end in a text does not make another cell or row."""
    made = table(["a", "b"], [[escaped("x|y\nz"), escaped("1")]])
    assert made.splitlines() == ["| a | b |", "| --- | --- |", "| x\\|y z | 1 |"]


@given(st.text())
def test_anything_is_one_line_without_markup(text: str) -> None:
    """Whatever comes in, one line comes out in which every mark is escaped."""
    made = escaped(text)
    assert "\n" not in made
    assert "://" not in made
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>\[\]|`*_{}#]", made)
