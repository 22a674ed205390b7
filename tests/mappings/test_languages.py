"""Languages: what Twikey speaks, and the title of a booking in it."""

from __future__ import annotations

import pytest

from mappings.languages import LANGUAGES, language, title
from tests.mappings.sample import booking, credit_note, customer, planned, rules


@pytest.mark.parametrize(
    ("code", "expected"),
    [("nl", "nl"), ("nl-BE", "nl"), ("nl_NL", "nl"), (" FR ", "fr"), ("jp", None), (None, None)],
)
def test_a_language_is_two_letters_or_unknown(code: str | None, expected: str | None) -> None:
    """Regional forms are their language; what Twikey does not know is left out."""
    assert language(code) == expected


def test_the_title_is_in_the_customers_language() -> None:
    """An invoice and a credit note are called what the customer calls them, by the PDF's number."""
    dutch = planned(booking(), credit_note())
    assert [row["title"] for row in dutch] == ["Factuur 2024 / 100", "Creditnota 2024 / 7"]
    assert {row["locale"] for row in dutch} == {"nl"}


def test_an_unknown_language_is_english_unless_set() -> None:
    """A Japanese customer reads English, or what the settings say."""
    japanese = [customer(language="jp")]
    (english,) = planned(booking(), customers=japanese)
    (french,) = planned(booking(), customers=japanese, by=rules(default_locale="fr"))
    assert (english["title"], english["locale"]) == ("Invoice 2024 / 100", "en")
    assert french["title"] == "Facture 2024 / 100"


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_both_titles(code: str) -> None:
    """No language lacks a word."""
    assert title("invoice", "1", code) != title("credit_note", "1", code)
