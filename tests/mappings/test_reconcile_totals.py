"""Reconciliation: the sums of both sides, what is asked for, and the table (B4)."""

from __future__ import annotations

from mappings.csv_text import read, written
from mappings.frames import frame, rows
from mappings.reconcile import reconcile
from mappings.reconcile_cases import BUCKETS
from mappings.reconcile_frames import LEDGER, TEAMLEADER, TWIKEY
from mappings.reconcile_totals import AMOUNTS, differing, table, to_ask, totals, untied
from tests.mappings.both_sides import RULES, SITUATION, booked, codes, compared, known, standing


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


def test_an_empty_window_is_a_result_too() -> None:
    """The commonest mistake is the empty frame."""
    rows = compared([], [], [])
    assert rows.empty and totals(rows).empty and table(rows).empty and differing(rows).empty


def test_each_bucket_is_counted_on_both_sides_in_each_currency() -> None:
    """B4: buckets in the order of the report, currencies by name; no amount counts as nothing."""
    here = [booked(), booked("b", currency=None), booked("c", currency="USD")]
    there = [standing(), standing("x", twikey_cents=None, twikey_currency=None)]
    found = [tuple(row.values()) for row in rows(totals(compared(here, [known()], there)))]
    assert found == [
        ("waiting payment", "EUR", 1, 12_100, 1, 12_100),
        ("only in Teamleader", "EUR", 1, 12_100, 0, 0),
        ("only in Teamleader", "USD", 1, 12_100, 0, 0),
        ("only in Twikey", "EUR", 0, 0, 1, 0),
    ]  # fmt: skip


def test_what_does_not_tie_is_said_with_both_figures() -> None:
    """B4: what a side listed, and what its buckets hold, in documents and money."""
    here, there = frame([booked(), booked("b")], TEAMLEADER), frame([standing()], TWIKEY)
    found = reconcile(here, frame([known()], LEDGER), there, RULES, SITUATION)
    assert untied(found, here, there.assign(twikey_currency="USD")) == [
        "Twikey listed 0 for EUR 0.00, the buckets hold 1 for 121.00",
        "Twikey listed 1 for USD 121.00, the buckets hold 0 for 0.00",
    ]
    assert untied(found, here.iloc[:1], there) == [
        "Teamleader listed 1 for EUR 121.00, the buckets hold 2 for 242.00",
        "Teamleader's documents are not those of the buckets",
    ]
    assert untied(found.assign(bucket="nowhere"), here, there) == ["a document is in no bucket"]


def test_a_booking_whose_invoice_is_anothers_is_not_asked_for() -> None:
    """C17: Twikey has nothing under its id that would be its own."""
    ledger = [known(), known("b", twikey_key="a")]
    found = compared([booked(), booked("b")], ledger, [standing()])
    assert sorted(codes(found)) == ["GONE_THERE", "OPEN"]
    assert to_ask(found) == []


def test_what_the_feed_never_showed_is_asked_for_by_turns_too() -> None:
    """B4: never seen comes before seen long ago."""
    days = {"a": "2026-11-03", "b": "2026-11-01", "c": None}
    there = [standing(name, sight="ledger", seen_at=day) for name, day in days.items()]
    found = compared([booked(name) for name in days], [known(name) for name in days], there)
    assert to_ask(found) == ["c", "b", "a"]


LINKS = {"web_url": "https://teamleader.example/a", "department_id": "d"}


def test_a_row_of_the_table_says_all_about_one_document() -> None:
    """B4: what an accountant filters by, with figures of both sides and their difference."""
    here = booked(due_cents=10_001, payable_cents=12_101, invoicee_name="Anna", **LINKS)
    there = standing(twikey_number="T-1", twikey_url="https://twikey.example/a")
    found = compared([here], [known(alerts="PARTLY_PAID")], [there])
    assert rows(table(found)) == [{
        "bucket": "amount differs", "differs": "yes", "kind": "invoice", "department_id": "d",
        "teamleader_id": "a", "number": "2026 / a", "name": "Anna", "date": "2026-11-02",
        "currency": "EUR", "teamleader_amount": "121.01", "teamleader_due": "100.01",
        "teamleader_status": "outstanding", "twikey_id": "a", "twikey_number": "T-1",
        "twikey_amount": "121.00", "twikey_currency": "EUR", "twikey_state": "BOOKED",
        "difference": "0.01", "why": "EUR 121.01 in Teamleader, EUR 121.00 in Twikey.",
        "what_to_do":
            "Correct it in Teamleader, or book a credit note: an amount in Twikey cannot be"
            " changed.",
        "stage": "sent", "pdf": "attached", "alerts": "PARTLY_PAID",
        "teamleader_link": "https://teamleader.example/a",
        "twikey_link": "https://twikey.example/a",
    }]  # fmt: skip


def test_the_side_that_does_not_have_it_stays_empty() -> None:
    """B4: nothing is not 0.00; what has no amount is, and what agrees needs nobody."""
    here = [booked(), booked("b", currency=None, due_cents=None, payable_cents=None)]
    there = [standing(), standing("x", twikey_on="2026-11-05", twikey_currency="USD")]
    ledger = [known(), known("gone", ledger_number="2026 / gone")]
    found = rows(table(compared(here, ledger, [*there, standing("gone", twikey_cents=None)])))
    names = (
        "differs", "teamleader_id", "number", "date", "currency", "teamleader_amount",
        "teamleader_due", "twikey_amount", "difference",
    )  # fmt: skip
    assert [tuple(row[name] for name in names) for row in found] == [
        ("no", "a", "2026 / a", "2026-11-02", "EUR", "121.00", "121.00", "121.00", "0.00"),
        ("yes", "b", "2026 / b", "2026-11-02", "EUR", "0.00", None, None, "0.00"),
        ("yes", None, None, "2026-11-05", "USD", None, None, "121.00", "-121.00"),
        ("yes", "gone", "2026 / gone", "2026-11-02", "EUR", None, None, "0.00", "0.00"),
    ]  # fmt: skip
    assert [row["kind"] for row in found] == ["invoice", "invoice", None, "invoice"]


def test_the_table_is_in_the_order_of_the_buckets_then_by_date_and_number() -> None:
    """B4: what agrees first; in a bucket by date, then number; without a date at its top."""
    here = [
        booked("k", number="3", issued_on="2026-11-02"), booked("l", number="2"),
        booked("m", number="9", issued_on="2026-11-01"), booked("n", number="5", issued_on=None),
        booked("o", number=None), booked("z"),
    ]  # fmt: skip
    found = rows(table(compared(here, [known("z")], [standing("z")])))
    assert [row["teamleader_id"] for row in found] == ["z", "n", "m", "o", "l", "k"]
    places = list(BUCKETS)
    assert sorted(found, key=lambda row: places.index(row["bucket"])) == found
