"""What is taken from Teamleader at all."""

from __future__ import annotations

import pytest

from tests.mappings.sample import BE, NL, SECOND, booking, credit_note, planned, rules


def test_other_departments_are_skipped_when_some_are_chosen() -> None:
    """No choice means all of them."""
    pair = [booking(), booking(id=SECOND, number="2024 / 101", department_id=NL)]
    chosen = planned(*pair, by=rules(departments=(BE,), department_names={NL: "Nederland"}))
    assert [row["reason"] for row in chosen] == [None, "OTHER_DEPARTMENT"]
    assert chosen[1]["detail"] == "Nederland"
    assert [row["action"] for row in planned(*pair)] == ["create", "create"]


def test_what_could_not_be_read_is_held_before_any_skip() -> None:
    """A broken record is not counted as a draft or as zero."""
    broken = {
        "id": "x",
        "kind": "invoice",
        "source_problem": "UNREADABLE",
        "source_detail": "total is missing",
    }
    (row,) = planned(broken)
    assert (row["action"], row["reason"], row["detail"]) == (
        "hold",
        "UNREADABLE",
        "total is missing",
    )


def test_a_problem_found_while_gathering_holds_what_would_cross() -> None:
    """A skip by rule comes first; what remains is held with the reason found."""
    gone, paid = planned(
        booking(source_problem="CUSTOMER_GONE", source_detail="deleted on 1 November"),
        booking(id=SECOND, number="2024 / 101", paid=True, source_problem="CUSTOMER_GONE"),
    )
    assert (gone["reason"], gone["detail"]) == ("CUSTOMER_GONE", "deleted on 1 November")
    assert paid["reason"] == "ALREADY_PAID"


def test_an_unknown_problem_is_unreadable() -> None:
    """Nothing is sent on a word that the table does not know."""
    (row,) = planned(booking(source_problem="SOMETHING"), customers=None)
    assert (row["action"], row["reason"]) == ("hold", "UNREADABLE")


@pytest.mark.parametrize(
    "change", [{"id": "x" * 37}, {"id": ""}, {"id": "a\ud800"}, {"customer_id": "c" * 51}]
)
def test_an_id_that_twikey_cannot_take_is_held(change: dict[str, str]) -> None:
    """An id is never shortened."""
    (row,) = planned(booking(**change))
    assert (row["action"], row["reason"]) == ("hold", "UNREADABLE")


def test_an_invoice_on_hold_crosses_with_a_notice() -> None:
    """Twikey does not know that reminders are paused in Teamleader."""
    (row,) = planned(booking(on_hold_since="2024-11-02"))
    assert (row["action"], row["notices"]) == ("create", "ON_HOLD_IN_TEAMLEADER")


def test_a_credit_note_has_its_own_word_for_booked() -> None:
    """An invoice's status on a credit note is none."""
    (row,) = planned(credit_note(status="outstanding"))
    assert row["reason"] == "NOT_BOOKED"


@pytest.mark.parametrize("wrong", [None, "", "x" * 37, "a\u200b"])
def test_a_booking_without_a_usable_id_is_held(wrong: str | None) -> None:
    """Decisions 3: the id is the identity at Twikey; none, too long, or with hidden signs."""
    (row,) = planned(booking(id=wrong))
    assert (row["reason"], row["detail"]) == ("UNREADABLE", "its id cannot be used")
