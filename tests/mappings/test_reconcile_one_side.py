"""Reconciliation: what one side alone has, and why it is there alone (acceptance B4)."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.frames import values
from mappings.reconcile import Situation
from tests.mappings.both_sides import SITUATION, booked, codes, compared, known, standing

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


OLD = {"issued_on": "2026-09-30", "updated_at": "2026-10-30T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "OLDER"),
        ({"issued_on": "2026-10-01"}, "MISSED"),
        ({"issued_on": "2026-11-02"}, "MISSED"),
        ({"issued_on": None}, "MISSED"),
        ({"updated_at": "2026-11-01T00:00:00+00:00"}, "MISSED"),
        ({"updated_at": "2026-11-19T23:59:59+00:00"}, "MISSED"),
        ({"updated_at": None}, "MISSED"),
        ({"updated_at": "2026-11-20T00:00:00+00:00"}, "NEWS"),
    ],
)
def test_older_is_what_no_import_can_have_seen(changes: dict[str, Any], code: str) -> None:
    """B4: dated before all that was imported, and not changed since the first import began."""
    assert codes(compared([booked(**{**OLD, **changes})], [], [])) == [code]


def test_what_an_import_has_seen_is_not_older() -> None:
    """B4: the ledger knows it, so it is missed however old it is."""
    assert codes(compared([booked(**OLD)], [known(stage="skipped")], [])) == ["MISSED"]


@pytest.mark.parametrize(
    "situation",
    [
        Situation(), Situation(oldest="2026-10-01"),
        Situation(first_import="2026-11-01T00:00:00+00:00"),
    ],
)  # fmt: skip
def test_where_nothing_was_imported_nothing_is_older_or_new(situation: Situation) -> None:
    """B4: before a first import there is nothing to be older than, and nothing reads on."""
    assert codes(compared([booked(**OLD)], [], [], situation)) == ["MISSED"]


def test_each_kind_is_new_by_its_own_reading() -> None:
    """B4: credit notes may never have been read, while invoices are."""
    invoices = Situation(read_from={"invoice": "2026-11-20T00:00:00+00:00"})
    new = {"updated_at": "2026-11-21T00:00:00+00:00"}
    note = booked("n", kind="credit_note", status="booked", due_cents=None, **new)
    rows = compared([booked(**new), note], [], [], invoices)
    assert codes(rows) == ["NEWS", "MISSED"]


def test_where_automatic_is_off_an_invoice_is_missed_all_the_same() -> None:
    """B4: only a credit note waits to be brought by hand."""
    assert codes(compared([booked()], [], [], Situation(automatic=False))) == ["MISSED"]


def test_what_is_in_teamleader_alone_is_not_looked_at_as_a_pair() -> None:
    """B4: nothing is due, and money is open, on a side that Twikey does not have."""
    settled = booked(paid=True, due_cents=0, status="matched")
    alert = known(stage="closed", alerts="OVERPAID", moving=True)
    assert codes(compared([settled], [alert], [])) == ["SKIPPED"]
    moving = known(moving=True, adopted=True)
    assert codes(compared([booked()], [moving], [])) == ["GONE_THERE"]


def test_a_lost_answer_is_one_in_twikey_too() -> None:
    """B4: what is being removed may stand there yet, though Teamleader no longer has it."""
    rows = compared([], [known(stage="removing")], [standing()])
    assert codes(rows) == ["LOST_ANSWER"]


@pytest.mark.parametrize(
    ("twin", "first"),
    [
        ({"twikey_number": "2026 / a"}, "2026 / a"),
        ({"twikey_number": "other", "ref": "a"}, "2026 / a"),
        ({"twikey_number": None, "ref": "a"}, "2026 / a"),
    ],
)
def test_a_second_one_is_told_with_the_number_of_the_first(
    twin: dict[str, Any], first: str
) -> None:
    """B4: by the number or the reference, whether or not this ledger brought the first."""
    for ledger in ([known()], []):
        rows = compared([booked()], ledger, [standing(), standing("x", **twin)])
        said = dict(zip(values(rows["twikey_id"]), values(rows["why"]), strict=True))
        assert said["x"] == f"Twikey has {first} already, under another id."
    rows = compared([], [known()], [standing(), standing("x", **twin)])
    assert codes(rows) == ["GONE_HERE", "DOUBLE"]


@pytest.mark.parametrize(
    ("there", "here", "first"),
    [("T-1", "2026 / a", "T-1"), (None, "2026 / a", "2026 / a"), (None, None, "a")],
)
def test_the_first_is_called_as_twikey_calls_it(
    there: str | None, here: str | None, first: str
) -> None:
    """B4: by the number in Twikey, else by that in Teamleader, else by its id."""
    twin = standing("x", twikey_number="other", ref="a")
    rows = compared([booked(number=here)], [known()], [standing(twikey_number=there), twin])
    assert values(rows["why"])[1] == f"Twikey has {first} already, under another id."


def test_what_was_missed_is_told_with_where_twikey_has_its_number() -> None:
    """B4: somebody entered it in Twikey by hand; one without a number is nobody's twin."""
    rows = compared([booked()], [], [standing("x", twikey_number="2026 / a")])
    said = "No import has ever seen it; Twikey has its number under x."
    assert values(rows["why"])[0] == said
    rows = compared([booked(number=None)], [], [standing("x", twikey_number=None)])
    assert values(rows["why"])[0] == "No import has ever seen it."


def test_what_twikey_alone_has_is_told_with_its_state() -> None:
    """B4: a stranger, and one whose booking is gone; without a state that is said."""
    there = [standing("gone"), standing("s"), standing("t", twikey_state=None)]
    assert values(compared([], [known("gone")], there)["why"]) == [
        "Twikey shows it as BOOKED; Teamleader no longer has it.",
        "No booking belongs to it; Twikey shows it as BOOKED.",
        "No booking belongs to it; Twikey shows it as an invoice without a state.",
    ]


def test_what_was_taken_back_is_told_with_what_the_undo_noted() -> None:
    """B4: its tombstone has facts, or none."""
    rows = compared([booked()], [known(stage="undone", detail="import 7")], [], SITUATION)
    said = "It was removed from Twikey with its import and stays away"
    assert values(rows["why"]) == [f"{said} (import 7)."]
    assert values(compared([booked()], [known(stage="undone")], [])["why"]) == [f"{said}."]
