"""Existing invoices are ignored: adopted where they agree, held where they differ."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mappings.sample import INVOICE, SECOND, booking, credit_note, planned, taken


def verdict(row: dict[str, Any]) -> tuple[Any, Any]:
    """Action and reason of a row."""
    return row["action"], row["reason"]


def test_a_reused_number_waits_for_the_operator() -> None:
    """C16: a deleted booking's number on another id is held with NUMBER_REUSED until confirmed."""
    gone = taken(holder="ledger", holder_id=SECOND, gone=True)
    there = taken(holder_id=SECOND, amount_cents=500)
    (held,) = planned(booking(), held=[gone, there])
    (released,) = planned(booking(confirmed=True), held=[gone, there])
    assert verdict(held) == ("hold", "NUMBER_REUSED")
    assert SECOND in held["detail"]
    assert verdict(released) == ("create", None)


def test_an_invoice_entered_by_hand_is_adopted() -> None:
    """C17: the same number, amount, date and customer at Twikey is adopted, never created."""
    (row,) = planned(booking(), held=[taken()])
    assert verdict(row) == ("adopt", None)
    assert (row["detail"], row["notices"]) == ("twikey-own-id", "ADOPTED")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"amount_cents": 12000}, "the amount is 121.00 here and 120.00 there"),
        ({"amount_cents": None}, "the amount is 121.00 here and nothing there"),
        ({"issued_on": "2024-11-02"}, "the date is 2024-11-01 here and 2024-11-02 there"),
        ({"customer_number": "ABC"}, "the customer is another one"),
        ({"customer_number": None}, "the customer is another one"),
        ({"customer_number": None, "ref": "other"}, "the customer is another one"),
    ],
)
def test_an_invoice_that_differs_is_held(change: dict[str, object], told: str) -> None:
    """C17: otherwise it is held with what differs; never created."""
    (row,) = planned(booking(), held=[taken(**change)])
    assert verdict(row) == ("hold", "DIFFERS")
    assert told in row["detail"]
    assert "twikey-own-id" in row["detail"]


def test_our_reference_is_as_good_as_the_customer() -> None:
    """C17: where Twikey does not tell the customer, our id as its reference does."""
    (row,) = planned(booking(), held=[taken(customer_number=None, ref=INVOICE)])
    assert verdict(row) == ("adopt", None)


def test_after_a_lost_ledger_everything_is_adopted() -> None:
    """C18: what stands at Twikey under our own ids is adopted, paid or not; creates = 0."""
    held = [
        taken(holder_id=INVOICE, customer_number=None),
        taken(holder_id=SECOND, number="2024 / 101", issued_on=None),
        taken(holder_id=credit_note()["id"], number="CN2024 / 7", amount_cents=-3000),
    ]
    found = planned(
        booking(customer_id="merged away"),
        booking(id=SECOND, number="2024 / 101", paid=True, status="matched", due_cents=0),
        credit_note(),
        held=held,
    )
    assert [row["action"] for row in found] == ["adopt", "adopt", "adopt"]
    assert [row["detail"] for row in found] == [row["id"] for row in found]


def test_our_own_id_with_another_amount_is_held() -> None:
    """C17: the figure at Twikey is not overwritten and not trusted."""
    (row,) = planned(booking(), held=[taken(holder_id=INVOICE, amount_cents=500)])
    assert verdict(row) == ("hold", "DIFFERS")
    assert row["detail"].startswith("the amount is 121.00 here and 5.00 there")


def test_an_invoice_of_a_booking_of_ours_is_not_adopted_by_another() -> None:
    """C17: a Twikey invoice that belongs to a booking in the ledger is taken."""
    ours = taken(holder="ledger", holder_id=SECOND, number="old number")
    (row,) = planned(booking(), held=[ours, taken(holder_id=SECOND)])
    assert verdict(row) == ("hold", "NUMBER_TAKEN")


def test_numbers_of_others_do_not_matter() -> None:
    """C17: only the same number or the same id is looked at."""
    (row,) = planned(booking(), held=[taken(number="2024 / 999"), taken(number=None)])
    assert verdict(row) == ("create", None)
