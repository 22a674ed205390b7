"""How a reconciliation says why a document is where it is, and what to do (acceptance B4)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from mappings.frames import values
from mappings.reasons import REASONS, advice_of
from mappings.reasons import sentence_of as reason_said
from mappings.reconcile import MONEY_OPEN
from mappings.reconcile_cases import BUCKETS, CASES, sentence_of
from mappings.reconcile_codes import held_for
from tests.mappings.both_sides import booked, compared, known, standing


def test_the_reason_of_the_ledger_comes_before_what_cannot_be_read() -> None:
    """Acceptance B4: a held booking says what a person waits for, with its facts."""
    pairs = pd.DataFrame(
        {
            "problem": [None, "no total", None, "no total"],
            "reason": ["CURRENCY", None, None, "CURRENCY"],
            "detail": ["USD", None, None, "USD"],
        },
        dtype=object,
    )
    currency, unread, nothing, both = held_for(pairs)
    assert currency == both
    assert "USD" in (currency or "")
    assert unread == reason_said("UNREADABLE", "no total")
    assert unread != nothing
    assert (nothing or "").startswith((unread or "").partition(":")[0])


def test_the_advice_names_date_and_number_of_its_own_document() -> None:
    """What is to be typed can be typed, whatever the number looks like."""
    missed = compared([booked()], [], [])
    assert "--since 2026-11-02 --until 2026-11-02" in values(missed["advice"])[0]
    dateless = compared([booked(issued_on=None)], [], [])
    assert "--since DATE --until DATE`." in values(dateless["advice"])[0]
    nameless = compared([booked(number=None)], [known(stage="undone")], [])
    assert "--forget NUMBER`" in values(nameless["advice"])[0]
    undone = compared([booked(number="2026 / 7; rm -rf '")], [known(stage="undone")], [])
    assert """--forget '2026 / 7; rm -rf '"'"''""" in values(undone["advice"])[0]


def test_every_case_has_its_words() -> None:
    """Each says why and what to do, and its bucket exists."""
    for code, case in CASES.items():
        assert case.bucket in BUCKETS
        assert case.advice.endswith(".")
        assert "{" not in sentence_of(code, "facts")
    assert {case.bucket for case in CASES.values()} == set(BUCKETS)


def test_what_is_held_has_the_advice_of_its_reason() -> None:
    """B4: the same advice as everywhere else; what cannot be read now has its own."""
    held = known(stage="held", reason="CURRENCY", detail="USD")
    for there in ([], [standing()]):
        rows = compared([booked()], [held], there)
        assert values(rows["advice"]) == [advice_of("CURRENCY")]
        rows = compared([booked(problem="no total")], [known(reason=None)], there)
        wanted = "UNREADABLE" if there else "GONE_THERE"
        said = advice_of(wanted) if there else CASES[wanted].advice
        assert values(rows["advice"]) == [said]


def test_money_that_is_open_has_an_alert_that_says_what_to_do() -> None:
    """B4: the comparison sends its reader to `status`, which speaks from the reasons."""
    assert {REASONS[code].kind for code in MONEY_OPEN} == {"alert"}


SETTLED: dict[str, Any] = {"paid": True, "due_cents": 0, "status": "matched"}


@pytest.mark.parametrize(
    ("here", "ledger", "there", "sentence"),
    [
        ({}, {"pdf": "waiting"}, {}, "Its PDF is not attached yet."),
        ({}, {"pdf": "given up", "pdf_reason": "too large"}, {},
         "Its PDF is not attached yet (too large)."),
        ({"status": "draft"}, {}, {},
         "It is no longer booked in Teamleader: its status is draft."),
        (SETTLED, {"alerts": "OVERPAID DOUBLE_PAYMENT"}, {"twikey_state": "PAID"},
         "Settled on both sides, but money is open: DOUBLE_PAYMENT, OVERPAID."),
        (SETTLED, {}, {}, "Paid in Teamleader, not in Twikey: EUR 0.00 is due in Teamleader,"
         " Twikey shows BOOKED and asks EUR 121.00."),
        (SETTLED, {"came_in_cents": 12_101}, {"twikey_state": None},
         "Paid in Teamleader, not in Twikey: EUR 0.00 is due in Teamleader,"
         " Twikey shows no state and asks EUR 0.00."),
        ({}, {}, {"twikey_state": "PAID"}, "Paid in Twikey, not in Teamleader:"
         " EUR 121.00 is due in Teamleader, Twikey shows PAID."),
        ({}, {}, {"twikey_state": "ARCHIVED"}, "Archived in Twikey, open in Teamleader:"
         " EUR 121.00 is due in Teamleader, Twikey shows ARCHIVED."),
        ({"due_cents": 10_000}, {"prepaid_cents": 100}, {},
         "Paid or credited to another extent on one side: EUR 100.00 is due in Teamleader,"
         " Twikey shows BOOKED and asks EUR 120.00."),
    ],
)  # fmt: skip
def test_each_difference_is_told_with_its_figures(
    here: dict[str, Any], ledger: dict[str, Any], there: dict[str, Any], sentence: str
) -> None:
    """B4: what is due in Teamleader, what Twikey shows and still asks, to the cent."""
    rows = compared([booked(**here)], [known(**ledger)], [standing(**there)])
    assert values(rows["why"]) == [sentence]
