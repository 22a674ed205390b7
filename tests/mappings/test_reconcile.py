"""Two-way reconciliation, pure: one bucket for each document, sums that tie to the cent (B4)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.csv_text import read, written
from mappings.frames import frame, values
from mappings.reconcile import Situation, reconcile
from mappings.reconcile_cases import BUCKETS, CASES, sentence_of
from mappings.reconcile_frames import LEDGER, TEAMLEADER, TWIKEY
from mappings.reconcile_totals import AMOUNTS, differing, table, to_ask, totals, untied
from mappings.rules import Rules

RULES = Rules(new_customer_profile="1420", today="2026-11-22")
SITUATION = Situation(
    read_from={"invoice": "2026-11-20T00:00:00+00:00", "credit_note": "2026-11-20T00:00:00+00:00"},
    oldest="2026-10-01",
    first_import="2026-11-01T00:00:00+00:00",
)


def booked(name: str = "a", **changes: Any) -> dict[str, Any]:
    """Return a plain open invoice of EUR 121.00 as Teamleader lists it."""
    plain = {
        "id": name, "kind": "invoice", "number": f"2026 / {name}", "status": "outstanding",
        "issued_on": "2026-11-02", "paid": False, "payable_cents": 12_100, "due_cents": 12_100,
        "currency": "EUR", "updated_at": "2026-11-02T08:00:00+00:00",
    }  # fmt: skip
    return {**plain, **changes}


def known(name: str = "a", **changes: Any) -> dict[str, Any]:
    """Return what the ledger knows of it after it crossed and its PDF was attached."""
    plain = {
        "ledger_id": name, "ledger_kind": "invoice", "stage": "sent", "prepaid_cents": 0,
        "came_in_cents": 0, "moving": False, "pdf": "attached",
    }  # fmt: skip
    return {**plain, **changes}


def standing(name: str = "a", **changes: Any) -> dict[str, Any]:
    """Return it as Twikey shows it."""
    plain = {
        "twikey_id": name, "twikey_number": f"2026 / {name}", "twikey_currency": "EUR",
        "twikey_cents": 12_100, "twikey_on": "2026-11-02", "twikey_state": "BOOKED",
        "sight": "feed",
    }  # fmt: skip
    return {**plain, **changes}


def compared(
    here: list[dict[str, Any]],
    ledger: list[dict[str, Any]],
    there: list[dict[str, Any]],
    situation: Situation = SITUATION,
    rules: Rules = RULES,
) -> pd.DataFrame:
    """Compare, and assert that both sides add up."""
    teamleader, twikey = frame(here, TEAMLEADER), frame(there, TWIKEY)
    rows = reconcile(teamleader, frame(ledger, LEDGER), twikey, rules, situation)
    assert untied(rows, teamleader, twikey) == []
    return rows


def codes(rows: pd.DataFrame) -> list[str]:
    """Return the cases, in the order of the rows."""
    return values(rows["code"])


PAIRS: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "MATCHED": ({"paid": True, "due_cents": 0, "status": "matched"}, {}, {"twikey_state": "PAID"}),
    "OPEN": ({}, {}, {}),
    "NO_PDF": ({}, {"pdf": "waiting"}, {}),
    "LOST_ANSWER": ({}, {"stage": "sending"}, {}),
    "BACK_AGAIN": ({}, {"stage": "undone"}, {}),
    "HELD": ({}, {"stage": "held", "reason": "DIFFERS", "detail": "the amount"}, {}),
    "NOT_LINKED": ({}, {"stage": "seen"}, {}),
    "AMOUNT": ({"payable_cents": 12_101, "due_cents": 12_101}, {}, {}),
    "UNBOOKED": ({"status": "draft"}, {}, {}),
    "PAID_HERE": ({"paid": True, "due_cents": 0, "status": "matched"}, {}, {}),
    "PAID_THERE": ({}, {}, {"twikey_state": "PAID"}),
    "PAYMENT_COMES": ({}, {"moving": True, "came_in_cents": 12_100}, {"twikey_state": "PAID"}),
    "ARCHIVED": ({}, {}, {"twikey_state": "ARCHIVED"}),
    "PARTLY": ({"due_cents": 10_000}, {}, {}),
}


@pytest.mark.parametrize("code", PAIRS)
def test_what_stands_on_both_sides_is_in_one_bucket(code: str) -> None:
    """Each way in which a booking and its invoice agree or differ has its own case."""
    here, ledger, there = PAIRS[code]
    rows = compared([booked(**here)], [known(**ledger)], [standing(**there)])
    assert codes(rows) == [code]
    assert values(rows["bucket"]) == [CASES[code].bucket]


ALONE: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "LOST_ANSWER": ({}, {"stage": "removing"}),
    "UNDONE": ({}, {"stage": "undone"}),
    "GONE_THERE": ({}, {}),
    "HELD": ({"currency": "USD"}, {"stage": "held", "reason": "CURRENCY", "detail": "USD"}),
    "SKIPPED": ({"paid": True, "due_cents": 0, "status": "matched"}, None),
    "SEEN": ({}, {"stage": "seen"}),
    "NEWS": ({"updated_at": "2026-11-21T00:00:00+00:00"}, None),
    "OLDER": ({"issued_on": "2026-09-30", "updated_at": "2026-10-30T00:00:00+00:00"}, None),
    "MISSED": ({}, None),
}


@pytest.mark.parametrize("code", ALONE)
def test_what_teamleader_alone_has_is_in_one_bucket(code: str) -> None:
    """Left out, on its way, taken back, deleted there, or missed: never more than one of them."""
    here, ledger = ALONE[code]
    rows = compared([booked(**here)], [] if ledger is None else [known(**ledger)], [])
    assert codes(rows) == [code]


def test_what_twikey_alone_has_is_in_one_bucket() -> None:
    """A stranger, a second one of what stands there, and one whose booking was deleted."""
    there = [standing(), standing("b"), standing("x", ref="a"), standing("gone")]
    rows = compared([booked()], [known(), known("gone", stage="closed")], there)
    found = dict(zip(values(rows["twikey_id"]), codes(rows), strict=True))
    assert found == {"a": "OPEN", "b": "STRANGER", "x": "DOUBLE", "gone": "GONE_HERE"}


def test_what_was_skipped_once_is_judged_by_its_figures_of_now() -> None:
    """B2: where a payment was taken back in Teamleader, a skipped invoice is one that is missed."""
    rows = compared([booked()], [known(stage="skipped", reason="ALREADY_PAID")], [])
    assert codes(rows) == ["MISSED"]


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
    note = booked(kind="credit_note", status="booked", payable_cents=3_000, due_cents=None)
    there = standing(twikey_cents=-3_000, twikey_state="PAID")
    rows = compared([note], [known(ledger_kind="credit_note")], [there])
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


def test_a_sum_that_does_not_tie_is_said() -> None:
    """B4: a lost document, a lost cent and a changed currency all show."""
    here, there = frame([booked(), booked("b")], TEAMLEADER), frame([standing()], TWIKEY)
    rows = reconcile(here, frame([known()], LEDGER), there, RULES, SITUATION)
    assert untied(rows, here, there) == []
    assert untied(rows, here.iloc[:1], there)
    assert untied(rows, here, there.assign(twikey_cents=[12_101]))
    assert untied(rows, here.assign(currency=["EUR", "USD"]), there)
    assert untied(rows.assign(bucket="nowhere"), here, there)
    assert untied(rows, here.assign(id=["a", "c"]), there)


def test_an_id_that_is_listed_twice_is_refused() -> None:
    """B4: joined one to one, or not at all."""
    twice = frame([booked(), booked()], TEAMLEADER)
    with pytest.raises(pd.errors.MergeError):
        reconcile(twice, frame([], LEDGER), frame([], TWIKEY), RULES, SITUATION)


def test_only_what_is_in_doubt_is_asked_for() -> None:
    """Nobody is asked about what agrees, unless everything is to be asked for."""
    here = [booked(), booked("b"), booked("c"), booked("d", paid=True, due_cents=0)]
    there = [standing(), standing("b", sight="ledger"), standing("d"), standing("s")]
    alert = known("c", alerts="GONE_IN_TWIKEY")
    rows = compared(here, [known(), known("b"), alert, known("d")], [*there, standing("c")])
    assert set(to_ask(rows)) == {"b", "c", "d", "s"}
    assert to_ask(rows)[0] == "d"
    assert set(to_ask(rows, every=True)) == {"a", "b", "c", "d", "s"}


def test_of_equals_the_one_not_seen_for_longest_is_asked_first() -> None:
    """With more strangers than questions, each has its turn in a few runs."""
    days = {"s": "2026-11-03", "t": "2026-11-01", "u": "2026-11-02"}
    rows = compared([], [], [standing(name, seen_at=day) for name, day in days.items()])
    assert to_ask(rows) == ["t", "u", "s"]


def test_the_csv_holds_figures_as_figures_and_formulas_as_text() -> None:
    """Acceptance 4: -30.00 stays a number, and a name that begins with = cannot run."""
    note = booked(
        kind="credit_note", status="booked", payable_cents=3_000, due_cents=None,
        number="=1+1", invoicee_name="@SUM(A1)\r\n",
    )  # fmt: skip
    rows = compared([note], [], [])
    content = written(table(rows), bom=False, semicolon=True, figures=AMOUNTS)
    line = content.decode()
    assert ";-30.00;" in line and "'=1+1" in line and "'@SUM(A1)" in line
    sheet = read(content)
    assert sheet.rows[0][1][sheet.header.index("teamleader_amount")] == "-30.00"


def test_the_advice_names_date_and_number_of_its_own_document() -> None:
    """What is to be typed can be typed, whatever the number looks like."""
    missed = compared([booked()], [], [])
    assert "--since 2026-11-02 --until 2026-11-02" in values(missed["advice"])[0]
    undone = compared([booked(number="2026 / 7; rm -rf '")], [known(stage="undone")], [])
    assert """--forget '2026 / 7; rm -rf '"'"''""" in values(undone["advice"])[0]


def test_an_empty_window_is_a_result_too() -> None:
    """The commonest mistake is the empty frame."""
    rows = compared([], [], [])
    assert rows.empty and totals(rows).empty and table(rows).empty and differing(rows).empty


def test_every_case_has_its_words() -> None:
    """Each says why and what to do, and its bucket exists."""
    for code, case in CASES.items():
        assert case.bucket in BUCKETS
        assert case.advice.endswith(".")
        assert "{" not in sentence_of(code, "facts")
    assert {case.bucket for case in CASES.values()} == set(BUCKETS)


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
