"""The plan, what is sent of it, and its totals."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.bookings import payloads, plan, summary
from mappings.frames import PLAN, rows
from tests.mappings.sample import (
    BE,
    CUSTOMER,
    INVOICE,
    booking,
    bookings_frame,
    credit_note,
    customer,
    customers_frame,
    rules,
    taken,
    taken_frame,
)


def forty() -> list[dict[str, object]]:
    """Forty invoices: thirty good, eight paid or zero, two without due date."""
    good = [booking(id=f"good-{place}", number=f"2024 / {place}") for place in range(30)]
    paid = [booking(id=f"paid-{place}", number=f"2024 / p{place}", paid=True) for place in range(5)]
    zero = [booking(id=f"zero-{place}", payable_cents=0, due_cents=0) for place in range(3)]
    bad = [booking(id=f"bad-{place}", number=f"2024 / b{place}", due_on=None) for place in range(2)]
    return [*bad, *good, *zero, *paid]


def test_everything_read_is_counted_once_with_its_reason() -> None:
    """C26: 40 read = 30 sent + 8 skipped + 2 held, and each skip and hold has its reason."""
    found = plan(bookings_frame(*forty()), customers_frame(customer()), taken_frame(), rules())
    total = summary(found)
    assert total.read == 40
    assert total.actions == {"create": 30, "skip": 8, "hold": 2}
    assert total.reasons == {"ALREADY_PAID": 5, "ZERO": 3, "DUE_DATE_MISSING": 2}
    assert found["reason"].notna().sum() == 10


def test_each_notice_is_counted_by_itself() -> None:
    """C26: two bookings with the same notice are two of it, and two notices of one are two."""
    bookings = bookings_frame(booking(), booking(id="b2", number="2024 / 2", due_on="2024-11-01"))
    nobody = customers_frame(customer(email=None, invoicing_email=None))
    found = plan(bookings, nobody, taken_frame(), rules())
    assert summary(found).notices == {"NO_EMAIL": 2, "DUE_AT_ONCE": 1}


def test_an_empty_plan_has_the_same_types() -> None:
    """The commonest batch is the empty one."""
    empty = plan(bookings_frame(), customers_frame(), taken_frame(), rules())
    full = plan(bookings_frame(booking()), customers_frame(customer()), taken_frame(), rules())
    assert dict(empty.dtypes) == dict(full.dtypes)
    assert {name: str(dtype) for name, dtype in full.dtypes.items()} == dict(PLAN)
    assert payloads(empty, customers_frame()) == []
    assert summary(empty).read == 0


def test_a_booking_given_twice_stops_at_once() -> None:
    """One booking is one row; two would be two invoices."""
    twice = bookings_frame(booking(), booking())
    with pytest.raises(ValueError, match="twice"):
        plan(twice, customers_frame(customer()), taken_frame(), rules())


def test_planning_does_not_change_what_it_is_given() -> None:
    """Frames in, frames out; planning twice gives the same."""
    given = bookings_frame(credit_note(), booking())
    before = rows(given)
    customers, none = customers_frame(customer()), taken_frame()
    first = rows(plan(given, customers, none, rules()))
    assert rows(given) == before
    assert rows(plan(given, customers, none, rules())) == first


def test_payloads_follow_the_plan() -> None:
    """Only what is to be created is written, in the order of the plan."""
    found = plan(
        bookings_frame(
            credit_note(),
            booking(id="paid", paid=True),
            booking(id="b", number="2024 / 2"),
            booking(id="a", number="2024 / 1"),
        ),
        customers_frame(customer()),
        taken_frame(taken(number="2024 / 2")),
        rules(campaign="teamleader-2024-11"),
    )
    sent = payloads(found, customers_frame(customer()))
    assert [one.id for one in sent] == ["a", credit_note()["id"]]
    assert {(one.ref, one.campaign) for one in sent} == {
        ("a", "teamleader-2024-11"),
        (credit_note()["id"], "teamleader-2024-11"),
    }
    assert list(found["action"]) == ["skip", "adopt", "create", "create"]


def test_a_whole_payload() -> None:
    """What Twikey gets for the guide's invoice."""
    customers = customers_frame(customer(known=True))
    found = plan(bookings_frame(booking(due_cents=10000)), customers, taken_frame(), rules())
    (payload,) = payloads(found, customers)
    assert payload.model_dump(exclude_none=True) == {
        "id": INVOICE,
        "ref": INVOICE,
        "number": "2024 / 100",
        "title": "Factuur 2024 / 100",
        "remittance": "084261366074",
        "amount_cents": 12100,
        "paid_cents": 2100,
        "date": "2024-11-01",
        "duedate": "2024-11-30",
        "locale": "nl",
        "cc": "facturen@peeters.example",
        "manual": False,
        "customerByRef": CUSTOMER,
    }


def test_a_nameless_customer_is_described_by_the_name_on_the_invoice() -> None:
    """C17: cut to Twikey's length; a name of its own, be it a first name alone, stays."""
    cases: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
        ("company", {"company_name": None}, ("companyName", "N" * 140)),
        ("contact", {"type": "contact"}, ("lastname", "N" * 50)),
        ("contact", {"type": "contact", "first_name": "Amélie"}, ("firstname", "Amélie")),
        ("contact", {"type": "contact", "last_name": "Dubois"}, ("lastname", "Dubois")),
    ]
    for kind, change, (part, name) in cases:
        customers = customers_frame(customer(**change))
        found = bookings_frame(booking(customer_type=kind, invoicee_name="N" * 141))
        (payload,) = payloads(plan(found, customers, taken_frame(), rules()), customers)
        assert payload.customer is not None
        parts = payload.customer.model_dump(exclude_none=True)
        named = {
            key: parts[key] for key in ("companyName", "firstname", "lastname") if key in parts
        }
        assert named == {part: name}


def test_the_label_of_a_campaign_fits() -> None:
    """Reference 2.2: a label of the settings is cut to 140 characters."""
    found = plan(
        bookings_frame(booking()), customers_frame(), taken_frame(), rules(campaign="c" * 141)
    )
    assert found["campaign"].tolist() == ["c" * 140]


def test_the_plan_numbers_its_rows_anew() -> None:
    """A46: invoices and credit notes that change places do not keep their old places' numbers."""
    given = bookings_frame(credit_note(), booking(), credit_note(id="c", number="9"))
    found = plan(given, customers_frame(customer()), taken_frame(), rules())
    assert found.index.tolist() == [0, 1, 2]
    assert found["id"].tolist() == [INVOICE, credit_note()["id"], "c"]
    later = plan(given.iloc[1:2], customers_frame(customer()), taken_frame(), rules())
    assert later.index.tolist() == [0]


def test_totals_are_in_cents_by_profile_and_add_up_over_chunks() -> None:
    """C26: two chunks added up give the totals of one."""
    customers = customers_frame(customer(), customer(id="known", known=True))
    first = [booking(due_cents=10000), booking(id="k", number="2", customer_id="known")]
    second = [credit_note(related_number="2024 / 100"), booking(id="d", number="3", due_on=None)]
    parts = [
        summary(plan(bookings_frame(*chunk), customers, taken_frame(), rules()))
        for chunk in (first, second)
    ]
    whole = summary(plan(bookings_frame(*first, *second), customers, taken_frame(), rules()))
    assert parts[0] + parts[1] == whole
    assert whole.to_send_cents == 12100 + 12100 - 3000
    assert whole.paid_cents == {"EUR": 2100}
    assert whole.profiles == {"1420": 2, "customer's own": 1}
    assert whole.profile_cents == {"1420": 9100, "customer's own": 12100}


def test_a_held_row_has_no_notices() -> None:
    """Nothing was sent that a notice could be about."""
    found = plan(
        bookings_frame(booking(on_hold_since="2024-11-01", department_id=BE, due_on="2024-11-01")),
        customers_frame(),
        taken_frame(),
        rules(),
    )
    assert rows(found)[0]["notices"] is None
    assert summary(found).notices == {}
