"""Amounts: signed cents, and what is not worth sending."""

from __future__ import annotations

import pytest

from mappings.amounts import plain
from mappings.bookings import payloads, plan
from mappings.money import euro, money
from tests.mappings.sample import (
    SECOND,
    booking,
    bookings_frame,
    credit_note,
    customer,
    customers_frame,
    planned,
    rules,
    taken_frame,
)

THIRD = "44444444-4444-4444-8444-444444444444"


def test_only_booked_unpaid_amounts_are_sent() -> None:
    """A27: of an outstanding, a matched and a zero invoice only the first crosses."""
    found = planned(
        booking(),
        booking(id=SECOND, number="2024 / 101", status="matched", paid=True, due_cents=0),
        booking(id=THIRD, number="2024 / 102", payable_cents=0, due_cents=0),
    )
    assert [(row["action"], row["reason"]) for row in found] == [
        ("create", None),
        ("skip", "ALREADY_PAID"),
        ("skip", "ZERO"),
    ]


def test_a_draft_is_skipped() -> None:
    """A27: drafts are not even listed; one that comes by is NOT_BOOKED."""
    (row,) = planned(booking(status="draft", number=None, issued_on=None))
    assert (row["action"], row["reason"], row["detail"]) == ("skip", "NOT_BOOKED", "draft")


@pytest.mark.parametrize(
    ("payable", "due", "paid", "reason"),
    [
        (12100, 0, False, "ALREADY_PAID"),
        (12100, -5, False, "ALREADY_PAID"),
        (12100, 12100, True, "ALREADY_PAID"),
        (-12100, -12100, False, "NEGATIVE"),
        (0, 0, True, "ZERO"),
    ],
)
def test_nothing_to_collect_is_skipped(payable: int, due: int, paid: bool, reason: str) -> None:
    """A27: paid is what is paid or has nothing due; a negative invoice is not collected."""
    (row,) = planned(booking(payable_cents=payable, due_cents=due, paid=paid))
    assert (row["action"], row["reason"]) == ("skip", reason)


def test_what_is_paid_already_goes_along() -> None:
    """C30: 121.00 of which 21.00 is paid is sent as just that; nothing paid is no field."""
    part, none = planned(booking(due_cents=10000), booking(id=SECOND, number="2024 / 101"))
    assert (part["amount_cents"], part["paid_cents"]) == (12100, 2100)
    assert (none["amount_cents"], none["paid_cents"]) == (12100, None)


@pytest.mark.parametrize("cents", [590000, 590001, 1, 2**53 + 1, 10**15 + 3])
def test_cents_are_exact(cents: int) -> None:
    """C30: amounts that floats cannot hold arrive to the cent."""
    found = plan(
        bookings_frame(booking(payable_cents=cents, due_cents=cents)),
        customers_frame(customer()),
        taken_frame(),
        rules(),
    )
    (payload,) = payloads(found, customers_frame(customer()))
    assert payload.amount_cents == cents


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"due_cents": 12101}, "121.01 is due of 121.00 payable"),
        ({"due_cents": None}, "of 121.00 payable it is not known what is due"),
        ({"due_currency": "USD"}, "payable is in EUR and due in USD"),
        ({"payable_cents": None}, "it has no total"),
    ],
)
def test_amounts_that_do_not_add_up_are_held(change: dict[str, object], told: str) -> None:
    """Figures that contradict each other are shown to a person."""
    (row,) = planned(booking(**change))
    assert (row["reason"], row["detail"]) == ("AMOUNTS_DISAGREE", told)


def test_a_credit_note_is_negative_and_crosses_even_when_paid() -> None:
    """Teamleader's sign does not matter; a paid credit note still lowers what is collected."""
    first, second = planned(
        credit_note(paid=True), credit_note(id=SECOND, number="2024 / 8", payable_cents=-3000)
    )
    assert [row["amount_cents"] for row in (first, second)] == [-3000, -3000]
    assert [row["action"] for row in (first, second)] == ["create", "create"]
    assert first["paid_cents"] is None


def test_a_credit_note_of_nothing_is_skipped() -> None:
    """Zero is zero, for credit notes too."""
    (row,) = planned(credit_note(payable_cents=0))
    assert row["reason"] == "ZERO"


def test_cents_are_shown_as_euro() -> None:
    """A message shows amounts as people write them."""
    assert [plain(cents) for cents in (12100, -5, 0, None)] == [
        "121.00",
        "-0.05",
        "0.00",
        "nothing",
    ]


@pytest.mark.parametrize(
    ("cents", "currency", "shown"),
    [
        (1240810, "EUR", "EUR 12,408.10"), (-123456, "USD", "-USD 1,234.56"),
        (0, None, "EUR 0.00"), (-1, None, "-EUR 0.01"), (None, "EUR", "nothing"),
    ],
)  # fmt: skip
def test_money_is_shown_with_its_currency(
    cents: int | None, currency: str | None, shown: str
) -> None:
    """C30: the sign first, then the currency, and nothing where there is no amount."""
    assert money(cents, currency) == shown


def test_euro_cents_are_shown_as_euro() -> None:
    """C30: 1240810 is EUR 12,408.10."""
    assert euro(1240810) == "EUR 12,408.10"


def test_the_last_cent_is_due_and_a_cent_is_paid() -> None:
    """A27, C30: a cent that is due crosses; a cent that was paid goes along as paid."""
    last, first = planned(
        booking(due_cents=1), booking(id=SECOND, number="2024 / 101", due_cents=12099)
    )
    assert (last["action"], last["paid_cents"]) == ("create", 12099)
    assert (first["action"], first["paid_cents"]) == ("create", 1)


def test_a_due_without_currency_is_in_that_of_the_invoice() -> None:
    """Reference 3.2: what Teamleader does not say is no contradiction."""
    (row,) = planned(booking(due_currency=None))
    assert row["action"] == "create"


def test_a_credit_note_needs_no_due_amount() -> None:
    """Guide 11: nothing is due of a credit note; a negative one is a credit note all the same."""
    due, none = planned(
        credit_note(due_cents=99999, due_currency="USD"),
        credit_note(id=SECOND, number="8", due_cents=0),
    )
    assert (due["action"], none["action"]) == ("create", "create")
    (lost,) = planned(credit_note(payable_cents=None))
    assert (lost["reason"], lost["detail"]) == ("AMOUNTS_DISAGREE", "it has no total")
