"""Lists are read whole or not at all, and what came is what was asked (reference 2)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import requests
import responses

from connectors.errors import (
    FilterIgnored,
    ListingUnstable,
    ServiceUnavailable,
    UnexpectedAnswer,
)
from connectors.teamleader.client import Teamleader
from tests.connectors.fakes import NOW
from tests.connectors.teamleader_fakes import (
    API,
    COMPANY,
    CONTACT,
    DEFINITION,
    DEPARTMENT,
    PagedList,
    answers,
    asked,
    client,
    credit_note,
    invoice,
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
    """Reference A21: 250 ids are three requests, doubles asked once, all states allowed."""
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
    """C22, U1: two seconds of slack, other offsets, and hidden fields are no violation."""
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
