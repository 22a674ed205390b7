"""Teamleader is read whole or not at all, and written once (API reference 2-4)."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import (
    CallRefused,
    Disconnected,
    FilterIgnored,
    ListingUnstable,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    RecordUnreadable,
    ServiceUnavailable,
    UnexpectedAnswer,
)
from connectors.teamleader import parse
from connectors.teamleader.client import Teamleader
from connectors.teamleader.money import cents, units
from connectors.teamleader.records import Booking, Customer, Payment, Subscription
from tests.connectors.fakes import NOW, MemoryTokens, tokens
from tests.connectors.teamleader_fakes import (
    API,
    AUTH,
    COMPANY,
    CONTACT,
    DEFINITION,
    DEPARTMENT,
    INVOICE,
    SUBSCRIPTION,
    PagedList,
    answers,
    asked,
    client,
    credit_note,
    invoice,
    invoice_info,
    nth,
)

SINCE = datetime(2026, 9, 14, 7, 50, tzinfo=UTC)


def numbers(teamleader: Teamleader, **filters: Any) -> list[str | None]:
    """Return the numbers of all booked invoices, in the order they came."""
    pages = teamleader.booked_invoices(**filters)
    return [row.number for page in pages for row in page.bookings]


def expected(count: int) -> list[str]:
    """Return the numbers of the first invoices."""
    return [f"2026 / {number}" for number in range(1, count + 1)]


# ---- what is sent


@responses.activate
def test_the_poll_asks_exactly_as_the_reference_says() -> None:
    """C1: status, instant in UTC, order and page are in the body, with the documented headers."""
    answers("invoices.list", [])
    brussels = timezone(timedelta(hours=2))
    since = datetime(2026, 9, 14, 9, 50, 0, 999999, tzinfo=brussels)
    assert list(client().booked_invoices(updated_since=since)) == []
    assert asked() == {
        "filter": {
            "status": ["outstanding", "matched"],
            "updated_since": "2026-09-14T07:50:00+00:00",
        },
        "sort": [{"field": "invoice_number", "order": "asc"}],
        "page": {"size": 100, "number": 1},
        "includes": "pagination",
    }
    headers = responses.calls[0].request.headers
    assert headers["Authorization"] == "Bearer access-1"
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert headers["X-Api-Version"] == "2023-09-26"


@responses.activate
def test_date_windows_include_both_days_for_both_kinds() -> None:
    """Quirk 9: ``before`` is inclusive for invoices and exclusive for credit notes."""
    answers("invoices.list", [])
    answers("creditNotes.list", [])
    window = {"issued_from": "2026-08-31", "issued_to": "2026-08-31", "department": DEPARTMENT}
    list(client().booked_invoices(**window))  # type: ignore[arg-type] # a table of keywords
    assert asked()["filter"] == {
        "status": ["outstanding", "matched"],
        "department_id": DEPARTMENT,
        "invoice_date_after": "2026-08-31",
        "invoice_date_before": "2026-08-31",
    }
    list(client().credit_notes(**window))  # type: ignore[arg-type] # a table of keywords
    assert asked() == {
        "filter": {
            "department_id": DEPARTMENT,
            "credit_note_date_after": "2026-08-31",
            "credit_note_date_before": "2026-09-01",
        },
        "page": {"size": 100, "number": 1},
    }


def test_an_instant_without_a_zone_is_refused() -> None:
    """A naive instant would be read in the wrong zone."""
    with pytest.raises(ValueError, match="time zone"):
        list(client().booked_invoices(updated_since=datetime(2026, 9, 14)))  # noqa: DTZ001 - the point


@responses.activate
def test_ids_go_in_hundreds_without_status_and_come_back_in_one_page_each() -> None:
    """A21: 250 ids are three requests, doubles asked once, drafts and all states allowed."""
    rows = {nth(number): invoice(number, status="draft") for number in range(1, 251)}

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        wanted = json.loads(request.body or b"")["filter"]["ids"]
        return 200, {}, json.dumps({"data": [rows[one] for one in wanted]})

    responses.add_callback(responses.POST, f"{API}/invoices.list", answer)
    ids = [*rows, nth(1)]
    assert numbers(client(), ids=ids) == expected(250)
    assert [len(asked(n)["filter"]["ids"]) for n in range(3)] == [100, 100, 50]
    assert "status" not in asked()["filter"]
    assert "includes" not in asked()
    assert len(responses.calls) == 3


@responses.activate
def test_no_ids_mean_no_call() -> None:
    """An empty list of ids is not a list without a filter."""
    own = client()
    assert list(own.booked_invoices(ids=[])) == []
    assert list(own.credit_notes(ids=[])) == []
    assert list(own.companies(ids=[])) == []
    assert list(own.contacts(ids=[])) == []
    assert own.calls == 0


@responses.activate
def test_a_number_is_compared_exactly_on_our_side() -> None:
    """Quirk 11: the number filter finds more than it should."""
    answers("invoices.list", [invoice(15), invoice(1), invoice(11)])
    assert numbers(client(), number="2026 / 1") == ["2026 / 1"]
    assert asked()["filter"]["invoice_number"] == "2026 / 1"


# ---- what was asked is what came


@pytest.mark.parametrize(
    ("filters", "changes", "named"),
    [
        ({}, {"status": "draft"}, "status draft"),
        ({"updated_since": SINCE}, {"updated_at": "2026-09-14T07:49:57+00:00"}, "updated_at"),
        ({"issued_from": "2026-09-15"}, {}, "invoice_date 2026-09-14"),
        ({"issued_to": "2026-09-13"}, {}, "invoice_date 2026-09-14"),
        ({"ids": [nth(2)]}, {}, f"id {nth(1)}"),
        ({"department": nth(9)}, {}, f"department {DEPARTMENT}"),
    ],
)
@responses.activate
def test_a_row_outside_of_the_filter_stops_the_run(
    filters: dict[str, Any], changes: dict[str, Any], named: str
) -> None:
    """C1: every row is checked against what was asked; a violation names number and field."""
    answers("invoices.list", [invoice(1, **changes)])
    with pytest.raises(FilterIgnored, match=f"invoices.list listed 2026 / 1 with {named}"):
        list(client().booked_invoices(**filters))


@pytest.mark.parametrize(
    ("filters", "changes"),
    [
        ({"updated_since": SINCE}, {"updated_at": "2026-09-14T07:49:58+00:00"}),
        ({"updated_since": SINCE}, {"updated_at": "2026-09-14T09:50:00+02:00"}),
        ({"updated_since": SINCE}, {"updated_at": None}),
        ({"issued_from": "2026-09-14", "issued_to": "2026-09-14"}, {}),
        ({"issued_from": "2026-09-14"}, {"invoice_date": None}),
        ({"department": DEPARTMENT}, {"department": None}),
        ({"ids": [nth(1).upper()]}, {}),
    ],
)
@responses.activate
def test_the_edge_of_a_filter_is_inside(filters: dict[str, Any], changes: dict[str, Any]) -> None:
    """U1, C22: two seconds of slack, other offsets, and hidden fields are no violation."""
    answers("invoices.list", [invoice(1, **changes)])
    assert numbers(client(), **filters) == ["2026 / 1"]


@pytest.mark.parametrize(
    ("filters", "named"),
    [
        ({"issued_to": "2026-09-13"}, "credit_note_date"),
        ({"updated_since": NOW + timedelta(days=1)}, "updated_at"),
    ],
)
@responses.activate
def test_credit_notes_are_checked_as_well(filters: dict[str, Any], named: str) -> None:
    """C1: the same guard stands over credit notes."""
    answers("creditNotes.list", [credit_note(1)])
    with pytest.raises(FilterIgnored, match=f"2026/1 with {named}"):
        list(client().credit_notes(**filters))


@responses.activate
def test_customers_and_definitions_are_checked_as_well() -> None:
    """C1: a customer that was not asked for, and a field of another context."""
    answers("companies.list", [{"id": COMPANY}])
    with pytest.raises(FilterIgnored, match=f"companies.list listed {COMPANY}"):
        list(client().companies(ids=[CONTACT]))
    answers("customFieldDefinitions.list", [{"id": DEFINITION, "context": "deal", "type": "url"}])
    with pytest.raises(FilterIgnored, match="context deal"):
        client().custom_field_definitions("invoice")


# ---- pages


@pytest.mark.parametrize(
    ("count", "requests_made"), [(0, 1), (1, 1), (99, 1), (100, 2), (101, 2), (1000, 11)]
)
@pytest.mark.parametrize("meta", [True, False])
@responses.activate
def test_a_quiet_list_costs_one_request_a_page(count: int, requests_made: int, meta: bool) -> None:
    """R1: P(N) = floor(N/100) + 1 requests, whether or not a total is told."""
    rows = [invoice(number) for number in range(1, count + 1)]
    served = PagedList("invoices.list", rows, meta=meta).served
    own = client()
    assert numbers(own) == expected(count)
    assert len(served) == requests_made
    assert own.calls == requests_made


@responses.activate
def test_a_broken_page_is_never_the_end_of_the_list() -> None:
    """C23: page 2 of 3 answers 500 for good: page 1 was handed over, then the listing fails."""
    answers("invoices.list", [invoice(number) for number in range(1, 101)])
    answers("invoices.list", status=500)
    pages = client().booked_invoices()
    assert len(next(pages).bookings) == 100
    with pytest.raises(ServiceUnavailable):
        next(pages)
    assert len(responses.calls) == 5


@responses.activate
def test_reading_goes_on_after_a_short_page_until_the_promise_is_met() -> None:
    """C23: a page that looks like the last one is not, when more was promised."""
    pages = [range(1, 101), range(101, 151), range(151, 201), range(0)]
    for page in pages:
        rows = [invoice(number) for number in page]
        answers("invoices.list", json={"data": rows, "meta": {"matches": 200}})
    assert numbers(client()) == expected(200)
    assert len(responses.calls) == 3


@responses.activate
def test_a_promise_that_is_never_met_is_accepted_after_a_second_look() -> None:
    """A total that counts what cannot be seen costs one more pass, not the run."""
    rows = [invoice(number) for number in range(1, 51)]
    served = PagedList("invoices.list", rows, promise=60).served
    assert numbers(client()) == expected(50)
    assert served == [1, 2, 1, 2]


@pytest.mark.parametrize("meta", [None, [], "x", {"matches": "12"}, {"matches": True}])
@responses.activate
def test_odd_pagination_is_no_pagination(meta: object) -> None:
    """The total is an offer: what is not a number is not there."""
    answers("invoices.list", json={"data": [invoice(1)], "meta": meta})
    assert numbers(client()) == ["2026 / 1"]
    assert len(responses.calls) == 1


@responses.activate
def test_a_row_that_leaves_between_two_pages_hides_nobody() -> None:
    """P1: a deletion pulls a row over the page's edge; the changed total makes us look again."""

    def leave(request: int, rows: list[dict[str, Any]]) -> None:
        if request == 1:
            del rows[0]

    rows = [invoice(number) for number in range(1, 151)]
    served = PagedList("invoices.list", rows, between=leave).served
    assert sorted(map(str, numbers(client()))) == sorted(expected(150))
    assert served == [1, 2] * 3


@responses.activate
def test_a_row_that_enters_between_two_pages_comes_once() -> None:
    """P1: an insertion pushes a row over the edge; it is handed over once, nothing is missed."""

    def enter(request: int, rows: list[dict[str, Any]]) -> None:
        if request == 1:
            rows.insert(0, invoice(151))

    rows = [invoice(number) for number in range(1, 151)]
    served = PagedList("invoices.list", rows, between=enter, meta=False).served
    assert sorted(map(str, numbers(client()))) == sorted(expected(151))
    assert served == [1, 2] * 3


@responses.activate
def test_an_order_that_changes_shows_as_a_duplicate_and_is_read_again() -> None:
    """P1: credit notes have no order; one seen twice means that another was not seen."""
    rows = [credit_note(number) for number in range(1, 151)]

    def swap(request: int, rows: list[dict[str, Any]]) -> None:
        if request == 1:
            rows[0], rows[149] = rows[149], rows[0]

    served = PagedList("creditNotes.list", rows, between=swap).served
    found = [row.id for page in client().credit_notes() for row in page.bookings]
    assert sorted(found) == sorted(nth(number) for number in range(1, 151))
    assert served == [1, 2] * 3


@responses.activate
def test_a_list_that_never_rests_is_given_up() -> None:
    """P1: after five passes that each found something new, the run stops."""
    rows = [invoice(number) for number in range(1, 151)]

    def grow(request: int, rows: list[dict[str, Any]]) -> None:
        rows.insert(0, invoice(1000 + request))

    served = PagedList("invoices.list", rows, between=grow).served
    with pytest.raises(ListingUnstable, match="invoices\\.list"):
        numbers(client())
    assert served == [1, 2] * 5


@responses.activate
def test_the_same_page_for_ever_is_noticed() -> None:
    """P2: a list that ignores the page number does not loop."""
    answers("invoices.list", [invoice(number) for number in range(1, 101)])
    with pytest.raises(UnexpectedAnswer, match="same rows again on page 2"):
        numbers(client())
    assert len(responses.calls) == 2


@responses.activate
def test_pages_that_take_turns_are_noticed() -> None:
    """P2: a circle of pages ends too."""
    ring = [[invoice(n) for n in range(1, 101)], [invoice(n) for n in range(101, 201)]]
    for page in ring * 2:
        answers("invoices.list", page)
    with pytest.raises(UnexpectedAnswer, match="on page 4"):
        numbers(client())


@responses.activate
def test_a_page_larger_than_asked_is_refused() -> None:
    """P2: more rows than asked means that pages are not what we think they are."""
    answers("invoices.list", [invoice(number) for number in range(1, 102)])
    with pytest.raises(UnexpectedAnswer, match="101 rows"):
        numbers(client())


@pytest.mark.parametrize(
    "answer",
    [
        {"body": "<html>Sign in</html>", "content_type": "text/html"},
        {"body": ""},
        {"body": "null"},
        {"json": []},
        {"json": {}},
        {"json": {"data": None}},
        {"json": {"data": {}}},
        {"json": {"data": [], "errors": [{"title": "no access"}]}},
        {"json": {"data": [invoice(1)]}, "status": 201},
        {"status": 204},
        {"body": "[" * 100_000},
        {"body": '{"data": [' + json.dumps(invoice(1))},
    ],
)
@responses.activate
def test_what_is_not_a_list_is_never_an_empty_page(answer: dict[str, Any]) -> None:
    """C23, N6: only ``{"data": [...]}`` with status 200 is a page."""
    answers("invoices.list", **answer)
    with pytest.raises(UnexpectedAnswer, match="invoices\\.list"):
        numbers(client())


# ---- what is read


@responses.activate
def test_an_invoice_becomes_a_booking() -> None:
    """A5: the row of the list, flat, in cents, dates as Teamleader writes them."""
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
        (invoice(2, invoicee={"name": "\ud800"}), "invoicee.name"),
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
    """A11, U28: the amount is positive whatever its sign, nothing is due, the invoice is kept."""
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
    """A12: documented as an array, seen as an object."""
    answers("creditNotes.info", data)
    assert client().credit_note(nth(1)).number == "2026/1"


@responses.activate
def test_an_invoice_tells_its_custom_fields_and_payments() -> None:
    """A6: what only ``invoices.info`` knows."""
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


COMPANY_ROW = {
    "id": COMPANY,
    "name": " Bakkerij De Korenbloem ",
    "status": "active",
    "vat_number": "BE0999999130",
    "national_identification_number": "0999999130",
    "emails": [
        {"type": "invoicing", "email": "facturen@korenbloem.example"},
        {"type": "primary", "email": "info@korenbloem.example"},
        {"type": "primary", "email": "second@korenbloem.example"},
    ],
    "telephones": [{"type": "phone", "number": "092980615"}],
    "primary_address": {
        "line_1": "Molenstraat 12 bus 3",
        "postal_code": "9000",
        "city": "Gent",
        "country": "BE",
        "area_level_two": None,
    },
    "language": "NL",
    "updated_at": "2026-08-30T14:20:51+00:00",
    "web_url": "https://focus.teamleader.eu/company_detail.php?id=1",
}
CONTACT_ROW = {
    "id": CONTACT,
    "first_name": "",
    "last_name": "Verhaeghe",
    "status": "active",
    "emails": [{"type": "primary", "email": "lotte@korenbloem.example"}],
    "telephones": [
        {"type": "phone", "number": "1"},
        {"type": "mobile", "number": "+32 470 12 34 56"},
    ],
    "primary_address": None,
    "national_identification_number": "85.07.30-033.28",
    "language": None,
    "updated_at": "2026-09-01T07:44:03+00:00",
}


@responses.activate
def test_companies_and_contacts_become_customers() -> None:
    """A8, A9: both kinds flat, blanks gone, a person's national number left alone."""
    answers("companies.list", [COMPANY_ROW])
    answers("contacts.list", [CONTACT_ROW])
    ((company,),) = client().companies(ids=[COMPANY])
    assert asked() == {
        "filter": {"ids": [COMPANY]},
        "page": {"size": 100, "number": 1},
        "sort": [{"field": "added_at", "order": "asc"}],
    }
    ((contact,),) = client().contacts(ids=[CONTACT])
    assert company == Customer(
        id=COMPANY,
        type="company",
        status="active",
        company_name="Bakkerij De Korenbloem",
        first_name=None,
        last_name=None,
        email="info@korenbloem.example",
        invoicing_email="facturen@korenbloem.example",
        vat_number="BE0999999130",
        enterprise_number="0999999130",
        language="nl",
        street="Molenstraat 12 bus 3",
        postal_code="9000",
        city="Gent",
        country="BE",
        mobile=None,
        updated_at="2026-08-30T14:20:51+00:00",
        web_url="https://focus.teamleader.eu/company_detail.php?id=1",
    )
    assert (contact.type, contact.first_name, contact.last_name) == ("contact", None, "Verhaeghe")
    assert (contact.mobile, contact.enterprise_number) == ("+32 470 12 34 56", None)
    assert (contact.email, contact.street, contact.language) == (
        "lotte@korenbloem.example",
        None,
        None,
    )


@responses.activate
def test_changed_customers_are_paged_in_the_order_they_were_added() -> None:
    """9.6: an update does not move a customer in that order, so pages do not skip."""
    served = PagedList("contacts.list", [{"id": nth(n)} for n in range(1, 151)]).served
    found = [one.id for page in client().contacts(updated_since=SINCE) for one in page]
    assert found == [nth(n) for n in range(1, 151)]
    assert served == [1, 2]
    assert asked()["sort"] == [{"field": "added_at", "order": "asc"}]
    assert asked()["filter"] == {"updated_since": "2026-09-14T07:50:00+00:00"}


@responses.activate
def test_a_customer_that_cannot_be_read_is_named_when_asked_for_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """D2: a bad customer does not stop the others; alone it says what is wrong."""
    bad = {"id": CONTACT, "emails": "lotte@korenbloem.example"}
    answers("contacts.list", [{"id": nth(1)}, bad])
    answers("contacts.info", bad)
    (page,) = client().contacts(ids=[nth(1), CONTACT])
    assert [one.id for one in page] == [nth(1)]
    assert CONTACT in caplog.text
    with pytest.raises(RecordUnreadable, match="emails cannot be used"):
        client().contact(CONTACT)


@responses.activate
def test_the_address_of_one_company_is_the_one_the_list_shows() -> None:
    """A10: ``.info`` has several addresses; the primary one is in the list as well."""
    street = {"type": "primary", "address": {"line_1": "Molenstraat 12"}}
    box = {"type": "invoicing", "address": {"line_1": "Postbus 77"}}
    answers("companies.info", {"id": COMPANY, "addresses": [box, street]})
    assert client().company(COMPANY).street == "Molenstraat 12"
    answers("contacts.info", {"id": CONTACT, "addresses": [box]})
    assert client().contact(CONTACT).street == "Postbus 77"


@responses.activate
def test_subscriptions_are_found_by_id_and_by_invoice() -> None:
    """A13, A28: the detail has term and fields, the list only says which one it is."""
    answers(
        "subscriptions.info",
        {
            "id": SUBSCRIPTION,
            "title": "Onderhoud",
            "payment_term": {"type": "after_invoice_date", "days": 30},
            "custom_fields": [{"definition": {"id": DEFINITION}, "value": None}],
        },
    )
    answers("subscriptions.list", [{"id": SUBSCRIPTION, "title": "Onderhoud"}])
    assert client().subscription(SUBSCRIPTION) == Subscription(
        SUBSCRIPTION, "Onderhoud", "after_invoice_date", 30, {DEFINITION: None}
    )
    (found,) = client().subscriptions(INVOICE)
    assert asked() == {"filter": {"invoice_id": INVOICE}, "page": {"size": 100, "number": 1}}
    assert (found.id, found.term_type, found.custom_fields) == (SUBSCRIPTION, None, {})


@pytest.mark.parametrize(
    ("configuration", "options"),
    [
        (
            {"options": [{"id": "a-1", "value": "1432"}], "extra_option_allowed": False},
            {"a-1": "1432"},
        ),
        ({"options": ["1432", "1501"]}, {"1432": "1432", "1501": "1501"}),
        ({"extra_option_allowed": True}, {}),
        ([], {}),
        (None, {}),
    ],
)
@responses.activate
def test_both_forms_of_options_are_read(configuration: object, options: dict[str, str]) -> None:
    """A14: options are objects since 2023-09-26 and were plain text before."""
    row = {
        "id": DEFINITION,
        "context": "invoice",
        "type": "single_select",
        "label": "Twikey invoices",
        "configuration": configuration,
    }
    answers("customFieldDefinitions.list", [row])
    (found,) = client().custom_field_definitions("invoice")
    assert asked() == {"filter": {"context": "invoice"}, "page": {"size": 100, "number": 1}}
    assert (found.label, found.type, found.options) == ("Twikey invoices", "single_select", options)


@responses.activate
def test_definitions_are_paged() -> None:
    """Quirk 34: more definitions than a page holds are all found."""
    rows = [{"id": nth(n), "context": "invoice", "type": "url"} for n in range(1, 121)]
    PagedList("customFieldDefinitions.list", rows)
    assert len(client().custom_field_definitions("invoice")) == 120


@responses.activate
def test_departments_are_asked_once() -> None:
    """Quirk 5: this list has no pages, even when it is as long as one."""
    rows = [
        {"id": nth(n), "name": f"D{n}", "currency": "EUR", "status": "active"} for n in range(100)
    ]
    answers("departments.list", rows)
    assert len(client().departments()) == 100
    assert "page" not in asked()
    assert len(responses.calls) == 1


@responses.activate
def test_the_account_names_itself() -> None:
    """A4, A18: who consented, in which account, and which payment methods there are."""
    answers(
        "users.me",
        {
            "id": nth(1),
            "account": {"type": "account", "id": nth(2)},
            "first_name": "Integratie",
            "last_name": None,
            "email": "api@voorbeeld.be",
        },
    )
    answers("paymentMethods.list", [{"id": nth(3), "name": "Twikey", "status": "active"}])
    own = client()
    assert (own.me().account_id, own.me().name) == (nth(2), "Integratie")
    assert own.payment_methods()[0].name == "Twikey"
    assert asked() == {"page": {"size": 100, "number": 1}}


@responses.activate
def test_a_download_is_a_link_that_shows_nowhere() -> None:
    """A19: invoices and credit notes; the signed address is not in its representation."""
    link = {"location": "https://cdn.example.com/doc?signature=canary", "expires": None}
    answers("invoices.download", link)
    answers("creditNotes.download", link)
    own = client()
    assert own.download_invoice(INVOICE).location == link["location"]
    assert asked() == {"id": INVOICE, "format": "pdf"}
    assert "canary" not in repr(own.download_credit_note(INVOICE))
    answers("invoices.download", {"expires": None})
    responses.remove(responses.POST, f"{API}/invoices.download")
    answers("invoices.download", {"expires": None})
    with pytest.raises(RecordUnreadable, match="location is missing"):
        own.download_invoice(INVOICE)


# ---- payments


@pytest.mark.parametrize(
    ("amount_cents", "written"),
    [(24200, b'"amount":242,'), (6050, b'"amount":60.5,'), (1, b'"amount":0.01,')],
)
@responses.activate
def test_a_payment_is_written_as_documented(amount_cents: int, written: bytes) -> None:
    """A15: amount in units beside its currency, the instant to the second, the method if any."""
    answers("invoices.registerPayment", status=204)
    paid_at = datetime(2026, 9, 29, 8, 12, 44, 5, tzinfo=timezone(timedelta(hours=2)))
    client().register_payment(INVOICE, amount_cents, "EUR", paid_at, "m-1")
    assert asked() == {
        "id": INVOICE,
        "payment": {"amount": amount_cents / 100, "currency": "EUR"},
        "paid_at": "2026-09-29T06:12:44+00:00",
        "payment_method_id": "m-1",
    }
    assert written in (responses.calls[0].request.body or b"")


@responses.activate
def test_payments_are_removed_together() -> None:
    """A17: only the invoice is named; there is no other form."""
    answers("invoices.removePayments", status=204)
    client().remove_payments(INVOICE)
    assert asked() == {"id": INVOICE}


@pytest.mark.parametrize("amount_cents", [0, -1])
def test_nothing_and_less_is_no_payment(amount_cents: int) -> None:
    """4.1: only a positive amount can be registered."""
    with pytest.raises(ValueError, match="more than nothing"):
        client().register_payment(INVOICE, amount_cents, "EUR", NOW)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 302, "headers": {"Location": "https://x.example"}},
        {"body": requests.exceptions.ReadTimeout()},
        {"status": 200, "json": {}},
        {"status": 201, "json": {"data": {"id": "x"}}},
        {"status": 400, "body": "<html>bad</html>"},
        {"status": 403, "body": ""},
        {"status": 404, "body": "not found"},
    ],
)
@responses.activate
def test_a_write_is_refused_only_by_the_api_itself(answer: dict[str, Any]) -> None:
    """C19: everything but 204 and a parsed refusal is unknown, and the request left once."""
    answers("invoices.registerPayment", **answer)
    with pytest.raises(OutcomeUnknown):
        client().register_payment(INVOICE, 100, "EUR", NOW)
    assert len(responses.calls) == 1


@responses.activate
def test_a_refused_payment_says_why() -> None:
    """A15: the title of the refusal is in the sentence."""
    error = {"errors": [{"title": "paid_at must be valid", "status": 400}]}
    answers("invoices.registerPayment", status=400, json=error)
    with pytest.raises(CallRefused, match="paid_at must be valid") as raised:
        client().register_payment(INVOICE, 100, "EUR", NOW)
    assert raised.value.status == 400


# ---- refusals


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (400, {"errors": [{"title": "id must be valid"}]}, CallRefused, "id must be valid"),
        (422, {"errors": [{"title": "a"}, {"title": "b"}]}, CallRefused, "a; b"),
        (400, {"error": "x", "error_description": "the words"}, CallRefused, "the words"),
        (400, {"errors": "odd", "message": "m"}, CallRefused, "m"),
        (403, {"errors": [{"title": "No access"}]}, NotPermitted, "invoices.info: No access"),
        (404, {"errors": [{"title": "Invoice not found"}]}, NotFound, nth(1)),
        (404, {}, NotFound, nth(1)),
        (405, {"errors": []}, UnexpectedAnswer, "405"),
        (418, {}, UnexpectedAnswer, "418"),
    ],
)
@responses.activate
def test_each_refusal_is_one_decision(
    status: int, body: object, error: type[Exception], said: str
) -> None:
    """A20: what the operator has to know of a refused single call."""
    answers("invoices.info", status=status, json=body)
    with pytest.raises(error, match=said):
        client().invoice(nth(1))


@pytest.mark.parametrize("status", [400, 403, 404])
@responses.activate
def test_a_refusal_that_is_not_the_apis_own_is_unexpected(status: int) -> None:
    """N6: a proxy's page must not look like a deleted invoice."""
    answers("invoices.info", status=status, body="<html>no such page</html>")
    with pytest.raises(UnexpectedAnswer, match="no such page"):
        client().invoice(nth(1))


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, UnexpectedAnswer), (404, UnexpectedAnswer), (403, NotPermitted)],
)
@responses.activate
def test_a_refused_list_ends_the_run(status: int, error: type[Exception]) -> None:
    """C21: a list that is refused is not an empty list, and nothing is set aside for it."""
    answers("creditNotes.list", status=status, json={"errors": [{"title": "no"}]})
    with pytest.raises(error, match="creditNotes\\.list"):
        list(client().credit_notes())


# ---- the token


@responses.activate
def test_a_401_renews_once_and_repeats_once() -> None:
    """C2: one refresh, stored before use, and the call is made again with the new token."""
    store = MemoryTokens(tokens(1))
    answers("invoices.list", status=401, json={"errors": [{"title": "Unauthorized"}]})
    answers("invoices.list", [invoice(1)])

    def renew(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        store.journal.append("refresh")
        found = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600}
        return 200, {}, json.dumps(found)

    responses.add_callback(responses.POST, f"{AUTH}/oauth2/access_token", renew)
    assert numbers(client(store)) == ["2026 / 1"]
    bearers = [call.request.headers.get("Authorization") for call in responses.calls]
    assert bearers == ["Bearer access-1", None, "Bearer access-2"]
    assert store.journal == ["lock", "refresh", "commit", "unlock"]


@responses.activate
def test_a_payment_after_a_401_is_sent_with_the_new_token() -> None:
    """C2: a 401 did nothing, so even a write is made once more, with what another stored."""
    store = MemoryTokens(tokens(1))

    def refuse(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        fresh = request.headers["Authorization"] == "Bearer access-2"
        store.tokens = tokens(2)
        return (204 if fresh else 401), {}, ""

    responses.add_callback(responses.POST, f"{API}/invoices.registerPayment", refuse)
    client(store).register_payment(INVOICE, 100, "EUR", NOW)
    assert len(responses.calls) == 2


@responses.activate
def test_a_second_401_is_the_end() -> None:
    """H3: renewed and still refused means disconnected, after exactly two calls."""
    answers("invoices.list", status=401, json={})
    responses.post(
        f"{AUTH}/oauth2/access_token",
        json={"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600},
    )
    with pytest.raises(Disconnected, match="invoices\\.list"):
        numbers(client())
    assert len(responses.calls) == 3


@responses.activate
def test_the_headers_are_remembered() -> None:
    """P1: the watermark starts at the server's first Date; version and limit are for ``check``."""
    answers("users.me", {"id": nth(1), "account": {"id": nth(2)}})
    answers(
        "departments.list",
        [],
        headers={"Date": "Mon, 14 Sep 2026 09:00:00 GMT", "x-api-version": "9"},
    )
    own = client()
    assert own.server_date is None
    own.me()
    own.departments()
    assert own.server_date == NOW
    assert (own.api_version_seen, own.limit_seen, own.calls) == ("9", "200", 2)


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
