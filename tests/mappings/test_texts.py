"""Texts that Twikey and a bank statement can carry."""

from __future__ import annotations

import pytest

from mappings.texts import clean, fit, many, need_you, printable, shorten


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Café  de\tl'\u00c9toile\r\n", "Café de l'\u00c9toile"),
        ("a\x00b\x07c", "abc"),
        ("a \x00 b", "a b"),
        ("\u202eevil\u202c", "evil"),
        ("half \ud83d character", "half character"),
        ("\ufeffzero\u200b width", "zero width"),
        ("\u00a0hard\u00a0blank", "hard blank"),
        ("\U0001f950 bakery", "\U0001f950 bakery"),
        (" \n ", None),
        ("", None),
        (None, None),
    ],
)
def test_what_cannot_be_shown_goes(given: str | None, expected: str | None) -> None:
    """Letters of all scripts stay; controls, direction marks and broken characters go."""
    assert clean(given) == expected


def test_a_number_keeps_its_blanks() -> None:
    """What identifies is only freed of what cannot be seen."""
    assert printable(" 2024  /  17\u200b ") == "2024  /  17"
    assert printable("2024\t/\r\n17\u2028") == "2024 / 17"


def test_a_cut_leaves_no_blank_at_the_end() -> None:
    """A shortened name ends with a letter."""
    assert fit("abc def", 4) == "abc"
    assert fit("abc", 3) == "abc"


def test_how_many_is_said_in_words_that_fit() -> None:
    """One payment, and no payments."""
    assert [many(count, "payment") for count in (0, 1, 2)] == [
        "0 payments", "1 payment", "2 payments",
    ]  # fmt: skip


def test_what_needs_you_is_said_in_words_that_fit() -> None:
    """One needs you, two need you."""
    assert [need_you(count) for count in (1, 2)] == ["1 needs you", "2 need you"]


def test_a_text_that_just_fits_stays_whole() -> None:
    """Also with a blank at its end; a longer one is cut, and then its blanks go."""
    assert (shorten("abc ", 4), shorten("abc d", 4)) == ("abc ", "abc")
