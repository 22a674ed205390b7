"""What is read becomes flat, exact records; one bad row stops nobody (reference 3)."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import (
    RecordUnreadable,
)
from connectors.teamleader import parse
from connectors.teamleader.money import cents, units
from connectors.teamleader.records import Booking, Payment
from tests.connectors.teamleader_fakes import (
    COMPANY,
    CONTACT,
    DEFINITION,
    DEPARTMENT,
    INVOICE,
    SUBSCRIPTION,
    answers,
    asked,
    client,
    credit_note,
    invoice,
    invoice_info,
    nth,
)

SINCE = datetime(2026, 9, 14, 7, 50, tzinfo=UTC)


# ---- what is read


@responses.activate
def test_an_invoice_becomes_a_booking() -> None:
    """Reference A5: the row of the list, flat, in cents, dates as Teamleader writes them."""
    answers("invoices.list", [invoice(1)])
    (page,) = client().booked_invoices()
    assert page.bookings == [
        Booking(
            id=nth(1),
            kind="invoice",
            number="2026 / 1",
            department_id=DEPARTMENT,
            status="outstanding",
            issued_on="2026-09-14",
            due_on="2026-10-14",
            paid=False,
            payable_cents=24200,
            due_cents=14250,
            currency="EUR",
            due_currency="EUR",
            payment_reference="+++123/4567/89002+++",
            customer_type="company",
            customer_id=COMPANY,
            invoicee_name="Bakkerij De Korenbloem BV",
            attention_of="Lotte",
            subscription_id=SUBSCRIPTION,
            related_id=None,
            updated_at="2026-09-14T08:01:27+00:00",
            web_url=f"https://focus.teamleader.eu/invoice_detail.php?id={nth(1)}",
        )
    ]
    assert page.unreadable == []


@responses.activate
def test_what_an_account_hides_is_unknown_not_wrong() -> None:
    """Quirk 32: absent keys are tolerated where nothing depends on them, unknown ones dropped."""
    least = {
        "id": nth(1),
        "status": "matched",
        "paid": True,
        "total": {
            "payable": {"amount": 1.1, "currency": "EUR"},
            "due": {"amount": 0, "currency": "EUR"},
        },
        "brand_new": {"of": [1, 2]},
    }
    answers("invoices.list", [least])
    (page,) = client().booked_invoices()
    (row,) = page.bookings
    assert (row.payable_cents, row.due_cents, row.number, row.customer_id) == (110, 0, None, None)


def wrong(**parts: Any) -> dict[str, Any]:
    """Return invoice 2 with a wrong part of its total."""
    total = {
        "payable": {"amount": 1, "currency": "EUR"},
        "due": {"amount": 1, "currency": "EUR"},
        **parts,
    }
    return invoice(2, total={key: part for key, part in total.items() if part is not None})


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (wrong(payable={"amount": "121.50", "currency": "EUR"}), "total.payable.amount"),
        (wrong(payable={"amount": 12.345, "currency": "EUR"}), "more than two decimals"),
        (wrong(payable={"amount": 0.1 + 0.2, "currency": "EUR"}), "more than two decimals"),
        (wrong(payable={"amount": float("nan"), "currency": "EUR"}), "total.payable.amount"),
        (wrong(payable={"amount": float("inf"), "currency": "EUR"}), "total.payable.amount"),
        (wrong(payable={"amount": 10**30, "currency": "EUR"}), "total.payable.amount"),
        (wrong(payable={"amount": True, "currency": "EUR"}), "total.payable.amount"),
        (wrong(payable={"amount": 1}), "total.payable.currency is missing"),
        (wrong(due=None), "total.due is missing"),
        (wrong(due={"amount": None, "currency": "EUR"}), "total.due.amount"),
        (invoice(2, total=[]), "total"),
        (invoice(2, status=None), "status"),
        (invoice(2, paid="no"), "paid"),
        (invoice(2, due_on="0000-00-00"), "due_on is not a date"),
        (invoice(2, invoice_date="14/09/2026"), "invoice_date is not a date"),
        (invoice(2, invoice_date="20260914"), "invoice_date is not a date"),
        (invoice(2, updated_at="yesterday"), "updated_at is not a date and time"),
        (invoice(2, invoicee={"name": "\ud800"}), "one of its texts holds a broken character"),
        (invoice(2, invoicee={"customer": {"type": "company", "id": "48151"}}), "customer.id"),
    ],
)
@responses.activate
def test_one_bad_row_is_named_and_its_neighbours_go_on(row: dict[str, Any], problem: str) -> None:
    """D2: a row that cannot be used is set aside with the field; the others are read."""
    answers("invoices.list", [invoice(1), row, invoice(3)])
    (page,) = client().booked_invoices()
    assert [one.number for one in page.bookings] == ["2026 / 1", "2026 / 3"]
    (bad,) = page.unreadable
    assert (bad.id, bad.kind, bad.number) == (nth(2), "invoice", "2026 / 2")
    assert problem in bad.problem


@pytest.mark.parametrize("row", [None, 7, "x", [], {}, {"id": "nope"}, {"id": 5}])
@responses.activate
def test_a_row_that_is_nothing_at_all_is_set_aside_too(row: object) -> None:
    """D2: rows without an id are counted as well."""
    answers("creditNotes.list", [credit_note(1), row])
    (page,) = client().credit_notes()
    assert [one.number for one in page.bookings] == ["2026/1"]
    assert [(bad.id, bad.kind) for bad in page.unreadable] == [(None, "credit_note")]


@pytest.mark.parametrize("strange", ["5B16F6EE-E302-0079-901B-50C26C4A55B1", CONTACT])
@responses.activate
def test_ids_need_not_be_version_4(strange: str) -> None:
    """Quirk 18: any hex id is an id, and always written small."""
    answers("invoices.list", [invoice(1, id=strange)])
    (page,) = client().booked_invoices()
    assert page.bookings[0].id == CONTACT


@responses.activate
def test_a_credit_note_is_positive_and_knows_its_invoice() -> None:
    """Reference A11, U28: the amount is positive whatever its sign, the invoice is kept."""
    negative = {"payable": {"amount": -60.5, "currency": "EUR"}}
    answers("creditNotes.list", [credit_note(1), credit_note(2, total=negative, invoice=None)])
    (page,) = client().credit_notes(updated_since=SINCE)
    one, two = page.bookings
    assert (one.kind, one.number, one.issued_on) == ("credit_note", "2026/1", "2026-09-14")
    assert (one.payable_cents, one.due_cents, one.related_id) == (6050, None, INVOICE)
    assert (two.payable_cents, two.related_id) == (6050, None)


@pytest.mark.parametrize("data", [credit_note(1), [credit_note(1)]], ids=["object", "array"])
@responses.activate
def test_both_shapes_of_a_credit_note_are_read(data: object) -> None:
    """Reference A12: documented as an array, seen as an object."""
    answers("creditNotes.info", data)
    assert client().credit_note(nth(1)).number == "2026/1"


@responses.activate
def test_an_invoice_tells_its_custom_fields_and_payments() -> None:
    """Reference A6: what only ``invoices.info`` knows."""
    answers("invoices.info", invoice_info(1))
    detail = client().invoice(nth(1))
    assert asked() == {"id": nth(1)}
    assert detail.email == "facturen@korenbloem.example"
    assert detail.custom_fields == {DEFINITION: "1432"}
    assert detail.payments == [Payment(9950, "EUR", "2026-09-20T09:31:07+00:00")]
    assert (detail.payable_cents, detail.due_cents, detail.paid) == (24200, 14250, False)


@pytest.mark.parametrize("value", ["1432", 1501, 14.5, ["1432"], True, None, {"type": "user"}])
@responses.activate
def test_a_custom_field_keeps_its_type(value: object) -> None:
    """3.9: the value comes as it is; what it means is decided elsewhere."""
    fields = [{"definition": {"type": "customFieldDefinition", "id": DEFINITION}, "value": value}]
    answers("invoices.info", invoice_info(1, custom_fields=fields))
    assert client().invoice(nth(1)).custom_fields == {DEFINITION: value}


@responses.activate
def test_a_detail_without_payments_is_not_one_without_payments() -> None:
    """4.1: money is registered against ``payments``; hidden is not empty."""
    whole = invoice_info(1)
    del whole["payments"]
    answers("invoices.info", whole)
    with pytest.raises(RecordUnreadable, match="payments is missing"):
        client().invoice(nth(1))


# ---- money


@given(st.integers(min_value=-(10**14), max_value=10**14))
def test_cents_survive_the_round_trip(amount: int) -> None:
    """C30: cents to JSON and back are the same cents, written as a plain number."""
    text = json.dumps(units(amount))
    assert "e" not in text.lower()
    assert cents(json.loads(text)) == amount
    assert cents(float(f"{amount / 100:.2f}")) == amount


@given(st.integers(0, 10**9), st.integers(1, 9))
def test_a_third_decimal_is_never_rounded_away(whole: int, third: int) -> None:
    """C30: 5900.001 is not 5900.00, it is set aside."""
    with pytest.raises(ValueError, match="decimals"):
        cents(float(f"{whole}.00{third}"))


@pytest.mark.parametrize(
    ("text", "wanted"), [("5900.00", 590000), ("121.10", 12110), ("1E+2", 10000), ("-0.01", -1)]
)
@responses.activate
def test_amounts_are_read_to_the_cent(text: str, wanted: int) -> None:
    """C30: however the number is spelled, the cents are exact."""
    row = json.dumps(invoice(1)).replace('"amount": 142.5', f'"amount": {text}')
    answers("invoices.list", body=f'{{"data": [{row}]}}')
    (page,) = client().booked_invoices()
    assert page.bookings[0].due_cents == wanted


# ---- cost


def test_every_shape_that_is_named_exists() -> None:
    """The shapes are imported by name, so each name has to lead somewhere."""
    names = [name for name in vars(parse).values() if isinstance(name, str) and "_shapes." in name]
    assert len(names) == 11
    for name in names:
        assert hasattr(parse._shape(name), "record")


def test_an_idle_poll_builds_no_shapes() -> None:
    """S1: an empty page is read without pydantic and without pandas."""
    program = (
        "import sys\n"
        "from connectors.http import Answer\n"
        "from connectors.teamleader import client, parse, consent\n"
        "parse.page(Answer(200, {}, b'{\"data\": []}'), parse.INVOICE, 'invoices.list')\n"
        "print([name for name in ('pydantic', 'pandas', 'sqlite3') if name in sys.modules])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
