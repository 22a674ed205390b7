"""Dates: Teamleader's own, day for day."""

from __future__ import annotations

import pytest

from mappings.bookings import payloads, plan
from mappings.dates import is_day
from tests.mappings.sample import (
    booking,
    bookings_frame,
    credit_note,
    customer,
    customers_frame,
    planned,
    rules,
    taken_frame,
)


def test_dates_are_teamleaders_own_strings() -> None:
    """C32: date and due date leave as Teamleader writes them, whatever the clock says."""
    turn = booking(issued_on="2024-03-31", due_on="2024-10-27")
    found = plan(
        bookings_frame(turn),
        customers_frame(customer()),
        taken_frame(),
        rules(today="2024-03-31"),
    )
    (payload,) = payloads(found, customers_frame(customer()))
    assert (payload.date, payload.duedate) == ("2024-03-31", "2024-10-27")


@pytest.mark.parametrize(
    ("today", "notices"), [("2024-11-30", None), ("2024-12-01", "OVERDUE"), ("2024-11-04", None)]
)
def test_overdue_is_counted_from_the_day_given(today: str, notices: str | None) -> None:
    """C32: "today" is a value that is given, not the clock of the machine."""
    (row,) = planned(booking(), by=rules(today=today))
    assert row["notices"] == notices


@pytest.mark.parametrize("due_on", ["2024-11-01", "2024-10-31"])
def test_an_invoice_due_at_once_crosses_with_a_notice(due_on: str) -> None:
    """A45: a payment term of 0 days is sent and flagged DUE_AT_ONCE."""
    (row,) = planned(booking(due_on=due_on))
    assert (row["action"], row["notices"]) == ("create", "DUE_AT_ONCE")


@pytest.mark.parametrize("wrong", [None, "", "01/11/2024", "2024-02-30", "20241101", "2024-W01-1"])
def test_a_booking_without_usable_dates_is_held(wrong: str | None) -> None:
    """A missing or impossible date is never made up."""
    (issued,) = planned(booking(issued_on=wrong))
    (due,) = planned(booking(due_on=wrong))
    assert (issued["reason"], due["reason"]) == ("DATE_MISSING", "DUE_DATE_MISSING")
    assert due["detail"] == (f"'{wrong}'" if wrong else "none is given")


def test_a_credit_note_is_due_on_its_own_date() -> None:
    """Teamleader gives credit notes no due date and Twikey wants one; no notice is needed."""
    (row,) = planned(credit_note(related_id=None))
    assert (row["issued_on"], row["due_on"]) == ("2024-11-01", "2024-11-01")
    assert row["notices"] is None


def test_only_ascii_digits_make_a_day() -> None:
    """What looks like a date in another script is none for Twikey."""
    assert is_day("2024-02-29")
    assert not is_day("\u0662\u0660\u0662\u0664-02-29")
    assert not is_day("2024-02-29\n")
