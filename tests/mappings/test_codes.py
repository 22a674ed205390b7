"""The codes that stand in ledgers and reports: a changed one leaves old rows without words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mappings.alerts import ALERTS
from mappings.documents import WAITING, pause_after
from mappings.ibans import LENGTHS
from mappings.languages import TITLES, title
from mappings.mandate_flaws import FILE, LINK, ROW
from mappings.reasons import HELD, NOTICES, SKIPPED
from mappings.reconcile_cases import BUCKETS, CASES, sentence_of

REASONS = [
    (SKIPPED, "skipped", "ZERO ALREADY_PAID NEGATIVE NOT_BOOKED OTHER_DEPARTMENT DELETED_IN_SOURCE "
     "UNDONE"),
    (HELD, "held", "UNREADABLE AMOUNTS_DISAGREE CURRENCY NUMBER_MISSING NUMBER_TOO_LONG "
     "NUMBER_TAKEN NUMBER_REUSED AFTER_REBUILD DIFFERS DATE_MISSING DUE_DATE_MISSING "
     "CUSTOMER_MISSING CUSTOMER_GONE CUSTOMER_UNKNOWN PROFILE_UNKNOWN PROFILE_AMBIGUOUS REFUSED "
     "UNSETTLED STRICT_MODE"),
    (NOTICES, "notice", "NO_EMAIL EMAIL_UNUSABLE SEVERAL_EMAILS DUE_AT_ONCE OVERDUE SHORTENED "
     "ON_HOLD_IN_TEAMLEADER ADOPTED PARENT_MISSING"),
    (ALERTS, "alert", "PAID_ELSEWHERE_IN_PROGRESS OVERPAID DOUBLE_PAYMENT PARTIAL_REFUND "
     "PAYMENT_HELD PAYMENT_UNREADABLE MONEY_WAITS REVERSAL_HELD NOT_PUT_BACK MANUAL_RESET "
     "FAILURE_NOT_TOLD DUE_AGAIN ARCHIVED_IN_TWIKEY CREDITED PARTLY_CREDITED PARTLY_PAID "
     "CREDITED_AFTER_PAYMENT AMOUNT_CHANGED DATE_NOT_TAKEN TITLE_NOT_TAKEN CUSTOMER_MERGED "
     "DELETED_IN_TEAMLEADER GONE_IN_TWIKEY PDF_REFUSED INVITATION_UNDELIVERED INVITATION_UNKNOWN "
     "CUSTOMER_DELETED CUSTOMER_RENAMED CUSTOMER_NOT_UPDATED CUSTOMER_NOT_FOUND NOT_YET_IN_TWIKEY "
     "BEHIND"),
]  # fmt: skip


@pytest.mark.parametrize(("reasons", "kind", "codes"), REASONS)
def test_every_reason_keeps_its_code_and_kind(
    reasons: tuple[object, ...], kind: str, codes: str
) -> None:
    """C26: ledgers of every version name these; what is added is added here too."""
    assert [getattr(one, "code", None) for one in reasons] == codes.split()
    assert {getattr(one, "kind", None) for one in reasons} == {kind}


def test_every_waiting_pdf_keeps_its_code() -> None:
    """Guide 6: the codes stand in the ledger from the first try on."""
    codes = ("NOT_READY", "GONE", "LINK_EXPIRED", "UNREACHABLE", "SLOW", "EMPTY", "NOT_A_PDF",
             "ADDRESS", "TOO_LARGE", "STATE", "NOT_SAID", "REFUSED")  # fmt: skip
    assert list(WAITING) == [*(f"PDF_{code}" for code in codes), "GONE_IN_TWIKEY"]


def test_a_pdf_is_asked_for_less_and_less_often() -> None:
    """Guide 6: after minutes, hours, and then every day for good."""
    minutes = [pause_after(tries) / timedelta(minutes=1) for tries in (-1, 0, 1, 2, 3, 4, 5, 99)]
    assert minutes == [5, 5, 15, 60, 360, 1440, 1440, 1440]


def test_every_flaw_of_a_mandate_file_keeps_its_code() -> None:
    """A25: the machine-readable report names them."""
    assert " ".join(FILE) == (
        "NOT_CSV EMPTY_FILE ENCODING SEPARATOR SEPARATOR_LINE UNREADABLE_ROW COLUMN_MISSING "
        "COLUMN_TWICE COLUMN_NAME TOO_LARGE"
    )
    assert " ".join(ROW) == (
        "CELLS NUMBER_EMPTY NUMBER_MALFORMED NUMBER_UNKNOWN NUMBER_NOT_IN_TWIKEY NUMBER_GONE "
        "NUMBER_TWICE MANDATE_MISSING MANDATE_NUMBER_MISSING MANDATE_NUMBER_MALFORMED "
        "MANDATE_NUMBER_TWICE IBAN_MISSING IBAN_MALFORMED DATE_MALFORMED"
    )
    assert " ".join(LINK) == (
        "NOT_AT_TWIKEY NOT_SIGNED OTHER_IBAN OTHER_CUSTOMER WAITS REFUSED_BY_TWIKEY LOST"
    )


def test_the_lengths_of_account_numbers_are_those_of_the_register() -> None:
    """A25: ISO 13616; a number of another length is a mistyped one."""
    assert LENGTHS == {
        "AT": 20, "BE": 16, "CH": 21, "DE": 22, "DK": 18, "ES": 24, "FI": 18, "FR": 27, "GB": 22,
        "IE": 22, "IT": 27, "LU": 20, "NL": 18, "PL": 28, "PT": 25, "SE": 24,
    }  # fmt: skip


def test_titles_are_in_the_seven_languages_that_twikey_speaks() -> None:
    """Reference 2.2: an eighth would be refused; a long number is cut to 140 characters."""
    assert TITLES == {
        "en": ("Invoice", "Credit note"), "nl": ("Factuur", "Creditnota"),
        "fr": ("Facture", "Note de crédit"), "de": ("Rechnung", "Gutschrift"),
        "it": ("Fattura", "Nota di credito"), "es": ("Factura", "Nota de crédito"),
        "pt": ("Fatura", "Nota de crédito"),
    }  # fmt: skip
    assert title("invoice", "7" * 140, "nl") == "Factuur " + "7" * 132


def test_what_agrees_and_what_differs_is_told_apart() -> None:
    """Acceptance B4: the buckets of a reconciliation, in the order in which they are shown."""
    agrees = ["matched", "waiting payment", "waiting PDF", "next run", "skipped by rule", "undone",
              "before the first import"]  # fmt: skip
    differs = ["held", "in flight", "not linked", "amount differs", "status differs",
               "only in Teamleader", "only in Twikey", "deleted in Teamleader",
               "deleted in Twikey", "double in Twikey"]  # fmt: skip
    assert [name for name, one in BUCKETS.items() if not one.differs] == agrees
    assert [name for name, one in BUCKETS.items() if one.differs] == differs
    assert {one.bucket for one in CASES.values()} <= set(BUCKETS)


def test_each_case_of_a_reconciliation_holds_its_facts() -> None:
    """Acceptance B4: nothing is left open in a sentence, and the facts stand as they are."""
    assert [code for code, one in CASES.items() if one.ask] == [
        "BACK_AGAIN", "NOT_LINKED", "AMOUNT", "UNBOOKED", "PAID_HERE", "PAID_THERE", "ARCHIVED",
        "PARTLY", "GONE_THERE", "GONE_HERE", "DOUBLE", "STRANGER",
    ]  # fmt: skip
    for code in ("HELD", "AMOUNT", "SKIPPED"):
        assert sentence_of(code, "the facts") == "the facts"
    for code, one in CASES.items():
        assert "{" not in sentence_of(code, None)
        assert ("the facts" in sentence_of(code, "the facts")) is ("{detail}" in one.sentence)
