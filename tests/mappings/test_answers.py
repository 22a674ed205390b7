"""What Twikey's answer to a create means, compared with what was sent."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.twikey.answers import TwikeyInvoice
from mappings.answers import Meaning, meaning

OURS = "0a1b2c3d-0000-4000-8000-000000000001"
THEIRS = "0a1b2c3d-0000-4000-8000-000000000002"


def answer(**given: Any) -> TwikeyInvoice:
    """Return what Twikey shows: the invoice that was sent, unless said otherwise."""
    plain: dict[str, Any] = {
        "id": OURS, "number": "2026 / 7", "ref": None, "ct": "1420", "amount_cents": 12_100,
        "issued_on": "2026-09-01", "due_on": None, "state": "BOOKED", "customer_number": None,
    }  # fmt: skip
    return TwikeyInvoice(**{**plain, **given})


def meant(there: TwikeyInvoice) -> tuple[Meaning, str]:
    """Return what an answer means for invoice 2026 / 7 of EUR 121.00 for customer C."""
    return meaning(
        there, booking_id=OURS, number="2026 / 7", amount_cents=12_100, issued_on="2026-09-01",
        customer_id="C",
    )  # fmt: skip


def test_our_own_invoice_is_ours() -> None:
    """C17: the id that was sent, however it is written; what is not told is no difference."""
    assert meant(answer()) == ("ours", "")
    assert meant(answer(id=OURS.upper())) == ("ours", "")
    assert meant(answer(number=None, amount_cents=None, issued_on=None)) == ("ours", "")


def test_our_own_invoice_is_ours_whatever_customer_is_told() -> None:
    """Decisions 5: two bookings may have merged their customers; the id is the surer word."""
    assert meant(answer(customer_number="D")) == ("ours", "")


@pytest.mark.parametrize("here", [OURS, THEIRS])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"number": "2026 / 8"}, "number 2026 / 8 in Twikey, 2026 / 7 in Teamleader"),
        ({"amount_cents": 12_101}, "amount in cents 12101 in Twikey, 12100 in Teamleader"),
        ({"amount_cents": 0}, "amount in cents 0 in Twikey, 12100 in Teamleader"),
        ({"issued_on": "2026-09-02"}, "date 2026-09-02 in Twikey, 2026-09-01 in Teamleader"),
    ],
)
def test_what_differs_is_told(here: str, change: dict[str, Any], told: str) -> None:
    """C17: number, amount and date are compared, under our own id and under another."""
    found = meant(answer(id=here, customer_number="C", **change))
    assert found == ("differs", f"Twikey invoice {here}: {told}")


def test_all_differences_are_told_together() -> None:
    """C17: a person sees at once what the two have in common."""
    there = answer(id=THEIRS, amount_cents=1, issued_on="2026-09-02", customer_number="D")
    assert meant(there)[1] == (
        f"Twikey invoice {THEIRS}: amount in cents 1 in Twikey, 12100 in Teamleader, "
        "date 2026-09-02 in Twikey, 2026-09-01 in Teamleader, customer D in Twikey, C in Teamleader"
    )


def test_a_foreign_invoice_of_the_same_customer_is_adopted() -> None:
    """C17: amount, date and customer agree; without the customer nobody can tell yet."""
    assert meant(answer(id=THEIRS, customer_number="C")) == (
        "adopted", f"Twikey invoice {THEIRS}",
    )  # fmt: skip
    assert meant(answer(id=THEIRS)) == (
        "look closer", f"Twikey invoice {THEIRS} has this number",
    )  # fmt: skip


def test_a_foreign_invoice_of_another_customer_is_never_adopted() -> None:
    """C17: the money of one customer is not collected for another."""
    assert meant(answer(id=THEIRS, customer_number="D")) == (
        "differs", f"Twikey invoice {THEIRS}: customer D in Twikey, C in Teamleader",
    )  # fmt: skip
