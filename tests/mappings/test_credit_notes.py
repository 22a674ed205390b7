"""Credit notes: numbered CN, tied to their invoice, never collected."""

from __future__ import annotations

from mappings.bookings import payloads, plan
from tests.mappings.sample import (
    SECOND,
    booking,
    bookings_frame,
    credit_note,
    customer,
    customers_frame,
    planned,
    rules,
    taken,
    taken_frame,
)


def test_a_credit_note_is_a_negative_invoice_with_cn() -> None:
    """A46: "2024 / 7" of EUR 30 is "CN2024 / 7" of -30.00, related, and not collected."""
    customers = customers_frame(customer())
    found = plan(
        bookings_frame(credit_note(related_number="2024 / 100")), customers, taken_frame(), rules()
    )
    (payload,) = payloads(found, customers)
    assert (payload.number, payload.amount_cents) == ("CN2024 / 7", -3000)
    assert (payload.relatedInvoiceNumber, payload.manual) == ("2024 / 100", True)


def test_a_credit_note_finds_its_invoice_in_the_same_plan() -> None:
    """A46: the invoice goes first, so its credit note can name it, however they were read."""
    invoice, note = planned(credit_note(), booking())
    assert (invoice["kind"], invoice["manual"], invoice["related_number"]) == (
        "invoice",
        False,
        None,
    )
    assert (note["related_number"], note["manual"], note["notices"]) == ("2024 / 100", True, None)


def test_a_credit_note_finds_an_invoice_that_is_adopted() -> None:
    """A46: an invoice that stands at Twikey already is there to be named."""
    invoice, note = planned(credit_note(), booking(), held=[taken()])
    assert (invoice["action"], note["related_number"]) == ("adopt", "2024 / 100")
    assert note["notices"] is None


def test_an_invoice_is_related_to_nothing() -> None:
    """A46: whatever Teamleader gives as related, only a credit note names an invoice."""
    (row,) = planned(booking(related_id=SECOND, related_number="2024 / 9"))
    assert (row["related_number"], row["notices"]) == (None, None)


def test_a_credit_note_without_parent_crosses_alone() -> None:
    """A49: its invoice was never imported, or is held: no relation, and a notice."""
    (alone,) = planned(credit_note())
    _, beside = planned(booking(due_on=None), credit_note())
    for row in (alone, beside):
        assert (row["action"], row["related_number"]) == ("create", None)
        assert row["notices"] == "PARENT_MISSING"


def test_a_credit_note_for_no_invoice_misses_nothing() -> None:
    """A49: one that stands alone in Teamleader stands alone at Twikey."""
    (row,) = planned(credit_note(related_id=None))
    assert row["notices"] is None


def test_the_pattern_of_numbers_can_be_set() -> None:
    """A46: CN is the guide's; another pattern is a setting."""
    (row,) = planned(credit_note(), by=rules(credit_note_number="CN-{number}"))
    assert row["twikey_number"] == "CN-2024 / 7"


def test_an_invoice_and_its_credit_note_balance() -> None:
    """C10: invoice 121 and credit note 30, both new, leave 91 open."""
    found = planned(booking(due_cents=12100), credit_note(), credit_note(id=SECOND, number="8"))
    assert sum(row["amount_cents"] for row in found[:2]) == 9100
