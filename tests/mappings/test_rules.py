"""The settings as values, and the table of reasons."""

from __future__ import annotations

import pytest

from mappings.reasons import REASONS, advice_of, sentence_of
from mappings.rules import ProfileRule
from tests.mappings.sample import rules


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_has_a_sentence_an_advice_and_a_source(code: str) -> None:
    """Whatever is skipped, held or noted can be explained to a person."""
    reason = REASONS[code]
    assert reason.code == code
    assert reason.kind in ("skipped", "held", "notice", "alert")
    assert sentence_of(code, "this").endswith((".", "!"))
    assert "{" not in sentence_of(code)
    assert advice_of(code).endswith(".")
    assert reason.source


def test_a_detail_stands_in_its_sentence() -> None:
    """The facts are part of what is read."""
    assert sentence_of("REFUSED", "err_no_such_ct") == "Twikey refused it: err_no_such_ct."
    assert sentence_of("REFUSED", "A sentence.") == "Twikey refused it: A sentence."


def test_an_unknown_reason_is_still_told() -> None:
    """A ledger written by another version does not stop a report."""
    assert sentence_of("FROM_LATER", "x") == "FROM_LATER: x."
    assert "retry" in advice_of("FROM_LATER")


@pytest.mark.parametrize(
    "wrong",
    [
        {"new_customer_profile": "14201"},
        {"new_customer_profile": ""},
        {"default_locale": "jp"},
        {"credit_note_number": "CN"},
    ],
)
def test_rules_that_could_never_be_sent_are_refused(wrong: dict[str, str]) -> None:
    """A wrong setting is found before any booking."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        rules(**wrong)


def test_a_profile_is_in_euro_unless_declared() -> None:
    """Only a declaration makes another currency possible."""
    by = rules(profiles={"1430": ProfileRule(currency="USD")})
    assert [by.currency_of(profile) for profile in ("1430", "1420", None)] == ["USD", "EUR", "EUR"]


def test_what_is_not_set_is_the_guides_default() -> None:
    """Guide 2, 3: simple mode, Twikey invites, after the PDF, and CN for credit notes."""
    plain = rules()
    assert (plain.invoice_field_on, plain.subscription_field_on) == (False, False)
    assert (plain.unknown_customers, plain.credit_note_number) == ("profile", "CN{number}")
    assert (plain.default_locale, plain.campaign, plain.departments) == ("en", None, ())
    assert ProfileRule() == ProfileRule(currency="EUR", invitation="twikey", needs_pdf=True)


def test_a_department_is_called_by_its_name_its_id_or_nothing_known() -> None:
    """C15: whoever reads a message finds the department, as far as anybody knows it."""
    by = rules(department_names={"d1": "Belgium", "d2": ""})
    names = [by.department_name(one) for one in ("d1", "d2", "d3", "", None)]
    assert names == ["Belgium", "d2", "d3", "unknown", "unknown"]
