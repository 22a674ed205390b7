"""Two-way reconciliation, pure: one bucket for each document, sums that tie to the cent (B4)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.csv_text import written
from mappings.frames import frame, values
from mappings.reconcile import Situation, reconcile
from mappings.reconcile_cases import BUCKETS, CASES
from mappings.reconcile_frames import LEDGER, TEAMLEADER, TOGETHER, TWIKEY
from mappings.reconcile_totals import AMOUNTS, table, totals
from tests.mappings.both_sides import RULES, SITUATION, booked, codes, compared, known, standing

PAID: dict[str, Any] = {"paid": True, "due_cents": 0, "status": "matched"}
NOTE: dict[str, Any] = {
    "kind": "credit_note", "status": "booked", "payable_cents": 3_000, "due_cents": None,
}  # fmt: skip
NOTE_THERE: dict[str, Any] = {"twikey_cents": -3_000, "twikey_state": "PAID"}
PAIRS: tuple[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]], ...] = (
    ("MATCHED", PAID, {}, {"twikey_state": "PAID"}),
    ("MATCHED", PAID, {"stage": "closed"}, {"twikey_state": "PAID"}),
    ("MATCHED", {**PAID, "due_cents": None}, {}, {"twikey_state": "PAID"}),
    ("MATCHED", {"due_cents": 0}, {}, {"twikey_state": "PAID"}),
    ("MATCHED", NOTE, {}, NOTE_THERE),
    ("OPEN", {}, {}, {}),
    ("OPEN", {"currency": None}, {}, {}),
    ("OPEN", {}, {}, {"twikey_currency": None}),
    ("OPEN", {}, {"alerts": "OVERPAID"}, {}),
    ("OPEN", {}, {"moving": True}, {}),
    ("OPEN", {}, {"adopted": True}, {}),
    ("NO_PDF", {}, {"pdf": "waiting"}, {}),
    ("NO_PDF", NOTE, {"pdf": "waiting"}, NOTE_THERE),
    ("LOST_ANSWER", {}, {"stage": "sending"}, {}),
    ("BACK_AGAIN", {}, {"stage": "undone"}, {}),
    ("HELD", {}, {"stage": "held", "reason": "DIFFERS", "detail": "the amount"}, {}),
    ("NOT_LINKED", {}, {"stage": "seen"}, {}),
    ("AMOUNT", {"payable_cents": 12_101, "due_cents": 12_101}, {}, {}),
    ("UNBOOKED", {"status": "draft"}, {}, {}),
    ("PAID_HERE", PAID, {}, {}),
    ("PAID_THERE", {}, {}, {"twikey_state": "PAID"}),
    ("PAID_THERE", {"due_cents": 1}, {"came_in_cents": 12_099}, {"twikey_state": "PAID"}),
    ("PAYMENT_COMES", {}, {"moving": True, "came_in_cents": 12_100}, {"twikey_state": "PAID"}),
    ("PAYMENT_COMES", PAID, {"moving": True, "came_in_cents": 12_100}, {}),
    ("PAYMENT_COMES", {}, {"moving": True}, {"twikey_state": "PAID"}),
    ("PAYMENT_COMES", {}, {"moving": True}, {"twikey_state": "ARCHIVED"}),
    ("ARCHIVED", {}, {}, {"twikey_state": "ARCHIVED"}),
    ("PARTLY", {"due_cents": 10_000}, {}, {}),
    ("PREPAID", {"due_cents": 10_000}, {"adopted": True}, {}),
    ("MONEY", PAID, {"alerts": "OVERPAID"}, {"twikey_state": "PAID"}),
    ("MONEY", PAID, {"alerts": "LOST PARTIAL_REFUND"}, {"twikey_state": "PAID"}),
    ("MONEY", PAID, {"alerts": "DOUBLE_PAYMENT"}, {"twikey_state": "PAID"}),
    ("MONEY", PAID, {"alerts": "CREDITED_AFTER_PAYMENT"}, {"twikey_state": "ARCHIVED"}),
)


@pytest.mark.parametrize(("code", "here", "ledger", "there"), PAIRS)
def test_what_stands_on_both_sides_is_in_one_bucket(
    code: str, here: dict[str, Any], ledger: dict[str, Any], there: dict[str, Any]
) -> None:
    """B4: each way in which a booking and its invoice agree or differ has its own case."""
    rows = compared([booked(**here)], [known(**ledger)], [standing(**there)])
    assert codes(rows) == [code]
    assert values(rows["bucket"]) == [CASES[code].bucket]


def test_a_payment_in_part_agrees_where_both_sides_know_it() -> None:
    """Twenty-one euro came in and a hundred are due, on both sides; a cent more is told."""
    here, there = [booked(due_cents=10_000)], [standing()]
    assert codes(compared(here, [known(came_in_cents=2_100)], there)) == ["OPEN"]
    assert codes(compared(here, [known(prepaid_cents=2_100)], there)) == ["OPEN"]
    assert codes(compared(here, [known(came_in_cents=2_101)], there)) == ["PARTLY"]
    moving = [known(came_in_cents=2_101, moving=True)]
    assert codes(compared(here, moving, there)) == ["PAYMENT_COMES"]


def test_credit_notes_count_with_a_minus_and_their_payment_is_nobodys_business() -> None:
    """A48: Twikey marks a credit note as paid, and both sides agree all the same."""
    note = booked(**NOTE)
    rows = compared([note], [known(ledger_kind="credit_note")], [standing(**NOTE_THERE)])
    assert codes(rows) == ["MATCHED"]
    assert values(totals(rows)["teamleader_cents"]) == [-3_000]
    by_hand = Situation(automatic=False)
    assert codes(compared([note], [], [], by_hand)) == ["BY_HAND"]


def test_currencies_are_never_added_up() -> None:
    """C31: the same figure in dollars is another amount, and each side counts in its own."""
    rows = compared([booked(currency="USD")], [known()], [standing()])
    assert codes(rows) == ["AMOUNT"]
    assert values(totals(rows)["currency"]) == ["EUR", "USD"]
    assert "USD 121.00 in Teamleader, EUR 121.00 in Twikey" in values(rows["why"])[0]


def test_an_adopted_booking_is_joined_by_its_own_id_in_twikey() -> None:
    """C17: the invoice has another id; who else has that id does not get it."""
    ledger = [known(twikey_key="x"), known("x", stage="held", reason="CURRENCY")]
    rows = compared([booked(), booked("x")], ledger, [standing("x")])
    found = dict(zip(values(rows["id"]), codes(rows), strict=True))
    assert found == {"a": "OPEN", "x": "HELD"}
    ledger = [known(), known("x", twikey_key="a")]
    rows = compared([booked(), booked("x")], ledger, [standing()])
    found = dict(zip(values(rows["id"]), codes(rows), strict=True))
    assert found == {"a": "GONE_THERE", "x": "OPEN"}


def test_two_bookings_never_have_the_same_invoice() -> None:
    """B4: of two that name the same invoice the first has it; the other has none in Twikey."""
    ledger = [known(twikey_key="x"), known("b", twikey_key="x")]
    rows = compared([booked(), booked("b")], ledger, [standing("x")])
    found = dict(zip(values(rows["id"]), codes(rows), strict=True))
    assert found == {"a": "OPEN", "b": "GONE_THERE"}


def test_the_compared_rows_have_the_columns_that_are_declared() -> None:
    """B4: what belongs together stands in one row; what neither side has stands in none."""
    rows = compared([booked()], [known(), known("gone")], [standing(), standing("x")])
    added = {"here", "there", "code", "bucket", "why", "advice"}
    assert set(rows.columns) == {*TOGETHER, *added}
    assert values(rows["key"]) == ["a", "x"]


def test_an_id_that_is_listed_twice_is_refused() -> None:
    """B4: joined one to one, or not at all."""
    twice = frame([booked(), booked()], TEAMLEADER)
    with pytest.raises(pd.errors.MergeError):
        reconcile(twice, frame([], LEDGER), frame([], TWIKEY), RULES, SITUATION)


# ---- any frames

IDS = ("a", "b", "c", "d")
MONEY = st.one_of(st.none(), st.integers(-(10**12), 10**12))
TEXTS = st.one_of(st.none(), st.text(max_size=4), st.sampled_from(["a", "b", "2026 / a"]))
CURRENCY = st.sampled_from([None, "EUR", "USD"])
STAGES = ("seen", "sending", "sent", "held", "skipped", "closed", "removing", "undone")
HERE = st.fixed_dictionaries({
    "kind": st.sampled_from(["invoice", "credit_note"]), "number": TEXTS,
    "status": st.sampled_from(["outstanding", "matched", "booked", "draft"]),
    "issued_on": st.sampled_from([None, "2026-09-01", "2026-11-02"]), "paid": st.booleans(),
    "payable_cents": MONEY, "due_cents": MONEY, "currency": CURRENCY, "invoicee_name": TEXTS,
    "updated_at": st.sampled_from([None, "2026-10-01T00:00:00+00:00", "2026-12-01T00:00:00+00:00"]),
    "problem": st.sampled_from([None, None, "no total"]),
})  # fmt: skip
KNOWN = st.fixed_dictionaries({
    "ledger_kind": st.sampled_from(["invoice", "credit_note"]), "stage": st.sampled_from(STAGES),
    "reason": st.sampled_from([None, "CURRENCY", "NEW_CODE"]), "detail": TEXTS,
    "twikey_key": st.sampled_from([None, None, *IDS]), "prepaid_cents": MONEY,
    "came_in_cents": MONEY, "moving": st.booleans(),
    "pdf": st.sampled_from([None, "attached", "waiting"]), "alerts": TEXTS,
})  # fmt: skip
THERE = st.fixed_dictionaries({
    "twikey_number": TEXTS, "ref": TEXTS, "twikey_currency": CURRENCY, "twikey_cents": MONEY,
    "twikey_state": st.sampled_from([None, "BOOKED", "PENDING", "PAID", "EXPIRED", "ARCHIVED"]),
    "sight": st.sampled_from(["feed", "ledger"]),
})  # fmt: skip


def named(rows: dict[str, dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Put the ids into the rows."""
    return [{**row, name: key} for key, row in rows.items()]


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(st.sampled_from(IDS), HERE),
    st.dictionaries(st.sampled_from(IDS), KNOWN),
    st.dictionaries(st.sampled_from(IDS), THERE),
    st.booleans(),
)
def test_any_frames_give_each_document_one_bucket_and_sums_that_tie(
    here: dict[str, Any], ledger: dict[str, Any], there: dict[str, Any], automatic: bool
) -> None:
    """B4: whatever the three frames hold, nothing is lost, nothing is counted twice."""
    situation = Situation(
        automatic=automatic, read_from=SITUATION.read_from, oldest=SITUATION.oldest,
        first_import=SITUATION.first_import,
    )  # fmt: skip
    rows = compared(
        named(here, "id"), named(ledger, "ledger_id"), named(there, "twikey_id"), situation
    )
    assert sorted(values(rows.loc[rows["here"], "id"])) == sorted(here)
    assert sorted(values(rows.loc[rows["there"], "twikey_id"])) == sorted(there)
    assert set(values(rows["bucket"])) <= set(BUCKETS)
    assert len(table(rows)) == len(rows)
    assert written(table(rows), bom=True, semicolon=False, figures=AMOUNTS)
