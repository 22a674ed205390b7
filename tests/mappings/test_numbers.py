"""Numbers at Twikey: Teamleader's own, once each."""

from __future__ import annotations

import pytest

from mappings.bookings import plan
from mappings.frames import rows
from mappings.numbers import twikey_number
from tests.mappings.sample import (
    BE,
    CREDIT_NOTE,
    INVOICE,
    NL,
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


@pytest.mark.parametrize(
    ("kind", "department", "expected"),
    [
        ("invoice", BE, "2026 / 417"),
        ("invoice", NL, "NL-2026 / 417"),
        ("invoice", None, "2026 / 417"),
        ("credit_note", BE, "CN2026 / 417"),
        ("credit_note", NL, "CNNL-2026 / 417"),
    ],
)
def test_a_number_stays_as_teamleader_shows_it(
    kind: str, department: str | None, expected: str
) -> None:
    """A prefix per department and CN for credit notes is all that is added."""
    by = rules(number_prefix={NL: "NL-"})
    assert twikey_number(kind, "2026 / 417", department, by) == expected


@pytest.mark.parametrize("number", [None, "", "  ", "\u200b"])
def test_a_booking_without_a_number_is_held(number: str | None) -> None:
    """A blank number is no number, for an invoice and for a credit note."""
    invoice, note = planned(booking(number=number), credit_note(number=number))
    assert (invoice["reason"], note["reason"]) == ("NUMBER_MISSING", "NUMBER_MISSING")


def test_a_number_is_never_shortened() -> None:
    """50 characters cross as they are, one more is held and shown."""
    fits, over = planned(booking(number="7" * 50), booking(id=SECOND, number="7" * 51))
    assert (fits["action"], fits["twikey_number"]) == ("create", "7" * 50)
    assert (over["reason"], over["detail"]) == ("NUMBER_TOO_LONG", "7" * 51)


def test_two_departments_with_one_number_do_not_both_cross() -> None:
    """C15: B's "2024 / 17" is held with NUMBER_TAKEN naming A's, before anything is written."""
    later = booking(id=SECOND, number="2024 / 17", department_id=NL, issued_on="2024-11-02")
    earlier = booking(number="2024 / 17", department_id=BE)
    held, sent = planned(later, earlier, by=rules(department_names={BE: "Belgium"}))
    assert (sent["action"], sent["id"]) == ("create", INVOICE)
    assert (held["action"], held["reason"]) == ("hold", "NUMBER_TAKEN")
    assert held["detail"] == f"2024 / 17 of department Belgium (Teamleader {INVOICE})"


def test_of_two_on_one_day_the_smaller_id_keeps_the_number() -> None:
    """C15: who wins does not depend on the order of reading."""
    pair = [booking(), booking(id=SECOND)]
    for given in (pair, pair[::-1]):
        actions = {row["id"]: row["action"] for row in planned(*given)}
        assert actions == {INVOICE: "create", SECOND: "hold"}


def test_a_number_sent_for_another_department_is_taken() -> None:
    """C15: the ledger's booking of an earlier run is named."""
    held = taken(holder="ledger", holder_id=SECOND, department_id=NL, department_name="Nederland")
    (row,) = planned(booking(), held=[held])
    assert row["reason"] == "NUMBER_TAKEN"
    assert row["detail"] == f"2024 / 100 of department Nederland (Teamleader {SECOND})"


def test_a_prefix_ends_the_clash() -> None:
    """C15: with a prefix for one department both cross."""
    both = planned(
        booking(),
        booking(id=SECOND, department_id=NL),
        by=rules(number_prefix={NL: "NL-"}),
    )
    assert [row["twikey_number"] for row in both] == ["2024 / 100", "NL-2024 / 100"]
    assert {row["action"] for row in both} == {"create"}


def test_an_invoice_and_a_credit_note_may_share_a_number() -> None:
    """C15: "2024 / 100" is both; CN keeps them apart."""
    assert {row["action"] for row in planned(booking(), credit_note(number="2024 / 100"))} == {
        "create"
    }


def test_a_skipped_booking_keeps_no_number() -> None:
    """C15: what does not cross takes nothing from what does."""
    paid, sent = planned(booking(paid=True), booking(id=SECOND, issued_on="2024-11-02"))
    assert (paid["action"], sent["action"]) == ("skip", "create")


def test_what_twikey_has_keeps_its_number() -> None:
    """C15: a booking under our own id at Twikey wins over an older one with the same number."""
    ours = taken(holder_id=SECOND)
    pair = [booking(), booking(id=SECOND, issued_on="2024-11-02")]
    new, adopted = rows(
        plan(bookings_frame(*pair), customers_frame(customer()), taken_frame(ours), rules())
    )
    assert (adopted["action"], new["reason"]) == ("adopt", "NUMBER_TAKEN")
    assert new["detail"] == f"2024 / 100 of department {BE} (Teamleader {SECOND})"


def test_an_id_is_never_compared_with_itself() -> None:
    """A booking that is retried does not clash with its own row in the ledger."""
    own = taken(holder="ledger", holder_id=CREDIT_NOTE, number="CN2024 / 7")
    (row,) = planned(credit_note(), held=[own])
    assert row["action"] == "create"
