"""Feeds, paces and records: positions that only move forward, amounts exact to the cent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import FeedBroken, FeedBusy, NotPermitted, UnexpectedAnswer
from connectors.twikey import parse, payload
from connectors.twikey.answers import FeedPage
from connectors.twikey.client import read_feed
from connectors.twikey.pace import TwikeyPace
from tests.connectors.twikey_fakes import (
    INVOICE,
    INVOICE_ID,
    PAYMENT,
    FakeClock,
    FakeTwikey,
    answer,
    new_invoice,
    session,
)


@pytest.fixture
def twikey() -> Iterator[FakeTwikey]:
    """Return a client with an open session."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        fake = FakeTwikey(mock)
        fake.store.session = session(fake.clock)
        yield fake


# ---- pages


def test_c40_every_request_names_our_own_position(twikey: FakeTwikey) -> None:
    """C40: another reader may move Twikey's position; each request resumes after ours, 0 too."""
    twikey.answer("GET", "/invoice", {"Invoices": [INVOICE]}, X_LAST="90217")
    twikey.answer("GET", "/invoice", {"Invoices": [INVOICE]}, X_LAST="90300")
    twikey.answer("GET", "/invoice", {"Invoices": []})
    pages = list(read_feed(twikey.client.invoice_feed, 0))
    assert [page.position for page in pages] == [90217, 90300]
    asked = [request.headers["X-RESUME-AFTER"] for request in twikey.requests]
    assert asked == ["0", "90217", "90300"]


@pytest.mark.parametrize("last", ["", "abc", "-5", "1.5", "9" * 19, "٣"])
def test_a_position_that_is_no_number_breaks_the_feed(twikey: FakeTwikey, last: str) -> None:
    """Storing it would lose our place (reliability P7)."""
    body = json.dumps({"Invoices": [INVOICE]})
    found = answer(body=body.encode(), X_LAST=last)
    with pytest.raises(FeedBroken):
        parse_page(found)


def parse_page(found: Any) -> FeedPage[Any]:
    """Read an answer as a page of the invoice feed."""
    from connectors.twikey.feeds import feed_page

    return feed_page(found, "the invoice feed", "Invoices", parse.invoice)


@pytest.mark.parametrize("position", [6, 7])
def test_a_position_that_does_not_advance_breaks_the_feed(position: int) -> None:
    """The same page again would be an endless loop, an earlier one a step back."""
    with pytest.raises(FeedBroken):
        list(read_feed(lambda after: FeedPage(["x"], position), 7))


def test_a_page_without_a_position_is_the_last() -> None:
    """Its items are given, our place stays, the next run reads them again (reference 3.3)."""
    asked: list[int] = []

    def fetch(after: int) -> FeedPage[str]:
        asked.append(after)
        return FeedPage(["x"], None)

    assert [page.position for page in read_feed(fetch, 7)] == [None]
    assert asked == [7]


def test_a_page_of_unreadable_items_still_moves_on() -> None:
    """One bad item must not stop a feed for ever."""
    unreadable: FeedPage[str] = FeedPage([], 5, ["item 1: it has no id"])
    empty: FeedPage[str] = FeedPage([], None)
    pages = {0: unreadable, 5: empty}
    assert [page.position for page in read_feed(pages.__getitem__, 0)] == [5]


def test_the_next_page_is_asked_for_after_the_caller_took_the_last() -> None:
    """Between two requests the caller stores; nothing is read ahead."""
    asked: list[int] = []

    def fetch(after: int) -> FeedPage[str]:
        asked.append(after)
        return FeedPage(["x"], after + 1)

    pages = read_feed(fetch, 0)
    next(pages)
    assert asked == [0]
    next(pages)
    assert asked == [0, 1]


def test_a_feed_without_end_stops_at_the_guard() -> None:
    """The rest comes with the next run."""
    pages = list(read_feed(lambda after: FeedPage(["x"], after + 1), 0, most_pages=3))
    assert len(pages) == 3


def test_a_feed_that_does_not_exist_has_no_pages() -> None:
    """A missing payment feed reads as nothing."""
    assert list(read_feed(lambda after: None, 0)) == []


@pytest.mark.parametrize("status", [400, 200])
def test_a_feed_that_somebody_else_reads_is_busy(twikey: FakeTwikey, status: int) -> None:
    """Tried again in the next run, quietly (reference 3.2)."""
    for path in ("/invoice", "/invoice/payment/feed"):
        twikey.answer("GET", path, {"code": "err_call_in_progress"}, status)
    with pytest.raises(FeedBusy):
        twikey.client.invoice_feed(3)
    with pytest.raises(FeedBusy):
        twikey.client.payment_feed(3)


@pytest.mark.parametrize("body", ["", "<html>", '{"Invoices": [', "{}", '{"Invoices": {}}', "7"])
def test_a_broken_page_is_never_the_end_of_a_feed(twikey: FakeTwikey, body: str) -> None:
    """C23: an error is never an empty page."""
    twikey.answer("GET", "/invoice", body)
    with pytest.raises(UnexpectedAnswer):
        twikey.client.invoice_feed(3)


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, ""), (404, "<html>"), (400, ""), (400, '{"code": "err_invalid_params"}')],
)
def test_a_missing_payment_feed_is_none(twikey: FakeTwikey, status: int, body: str) -> None:
    """The feed is young; the invoice feed goes on without it (reference 10-31)."""
    twikey.answer("GET", "/invoice/payment/feed", body, status)
    assert twikey.client.payment_feed(0) is None


def test_a_payment_feed_that_is_not_permitted_is_not_missing(twikey: FakeTwikey) -> None:
    """A missing right is for a person."""
    twikey.answer("GET", "/invoice/payment/feed", {"code": "err_not_authorised"}, 400)
    with pytest.raises(NotPermitted):
        twikey.client.payment_feed(0)


def test_payments_are_read_and_bad_ones_named(twikey: FakeTwikey) -> None:
    """One unreadable event does not hide the others (reference 3.5)."""
    without_amount = {name: value for name, value in PAYMENT.items() if name != "amount"}
    events = [PAYMENT, without_amount, 7, PAYMENT | {"origin": None, "amount": "12.50", "new": 1}]
    twikey.answer("GET", "/invoice/payment/feed", {"Payments": events}, X_LAST="8")
    page = twikey.client.payment_feed(0)
    assert page is not None
    assert [event.amount_cents for event in page.items] == [48400, 1250]
    assert (page.items[0].invoice_id, page.items[1].invoice_id) == (INVOICE_ID, None)
    assert page.items[0].source == "direct_debit"
    assert page.unreadable == [
        "evt_kQ7mZx1Pa93Lc: the amount is not a number",
        "item 3 of the page: it has no eventId",
    ]
    assert page.position == 8


# ---- records


def test_an_invoice_is_read_tolerantly() -> None:
    """Numbers as text, status for state, one payment of several (reference 2.7)."""
    found = parse.invoice(
        {
            "id": "x",
            "number": 417,
            "amount": "100.00",
            "status": "paid",
            "lastpayment": [
                {"date": "2026-07-20", "method": "sdd"},
                {"date": "2026-08-10", "action": "payment_fail"},
                {"date": "2026-08-10", "action": "payment"},
                None,
            ],
            "customer": None,
        }
    )
    assert (found.number, found.amount_cents, found.state) == ("417", 10000, "PAID")
    assert found.last_payment == {"date": "2026-08-10", "action": "payment_fail"}
    assert (found.ct, found.customer_number, found.meta, found.warning) == (None, None, {}, None)
    assert parse.invoice({"id": "x", "lastpayment": []}).last_payment is None


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        (5900.00, 590000),
        (0.29, 29),
        (1.15, 115),
        (-1.1, -110),
        (0.1 + 0.2, 30),
        (70368744177.66, 7036874417766),
        ("100.00", 10000),
        ("-0.07", -7),
        ("4.5", 450),
        (484, 48400),
        (0, 0),
    ],
)
def test_c30_amounts_are_read_to_the_cent(amount: object, cents: int) -> None:
    """C30: what floats cannot hold is read as the decimal that was written."""
    assert parse.cents(amount) == cents


@given(st.integers(min_value=-(10**13), max_value=10**13))
def test_c30_amounts_survive_the_way_out_and_back(cents: int) -> None:
    """C30: every amount leaves with at most two decimals and comes back equal, text or not."""
    body = payload.one(new_invoice(amount_cents=cents, paid_cents=abs(cents)))
    written = body.split(b'"amount":')[1].split(b",")[0].decode()
    assert len(written.partition(".")[2]) <= 2
    assert parse.cents(written) == cents
    assert parse.cents(json.loads(body)["amount"]) == cents
    assert parse.cents(json.loads(body).get("paidamount", 0)) == abs(cents)


@pytest.mark.parametrize(
    "amount",
    [None, True, "", "abc", "1,50", "1_000", "1e3", 12.345, "0.001", float("nan"), float("inf"),
     1e300, 10**20, [], {}],
)  # fmt: skip
def test_what_is_no_amount_of_money_is_refused(amount: object) -> None:
    """Money is never guessed."""
    with pytest.raises(ValueError, match="amount"):
        parse.cents(amount)


# ---- pace


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X_Rate_Limit_Retry_After_Seconds": "12", "Retry_After": "99"}, 12),
        ({"Retry_After": "99"}, 99),
        ({"Retry_After": "Wed, 01 Jul 2026 08:01:00 GMT"}, 60),
        ({"Retry_After": "Wed, 01 Jul 2020 08:01:00 GMT"}, 1),
        ({"X_Rate_Limit_Retry_After_Seconds": "0"}, 1),
        ({"X_Rate_Limit_Retry_After_Seconds": "999999999"}, 86400),
        ({"X_Rate_Limit_Retry_After_Seconds": "soon", "Retry_After": "-3"}, 30),
        ({"X_Rate_Limit_Retry_After_Seconds": "9" * 400}, 30),
        ({}, 30),
    ],
)
def test_a_429_is_obeyed_within_reason(headers: dict[str, str], seconds: float) -> None:
    """Twikey's own header, else the usual one, else 30 seconds (reference 10-26)."""
    assert TwikeyPace(FakeClock()).wait_for(answer(429, b"", **headers)) == seconds


def test_calls_with_a_budget_slow_down_when_little_is_left(twikey: FakeTwikey) -> None:
    """Details and PDFs go one a second near the limit; other calls do not wait for them."""
    for left in ("50", "9", "8"):
        twikey.answer("GET", f"/invoice/{INVOICE_ID}", INVOICE, X_Rate_Limit_Remaining=left)
    twikey.answer("GET", "/invoice", {"Invoices": []})
    twikey.client.invoice(INVOICE_ID)
    twikey.client.invoice(INVOICE_ID)
    assert twikey.clock.waits == []
    twikey.client.invoice_feed(0)
    assert twikey.clock.waits == []
    twikey.client.invoice(INVOICE_ID)
    assert twikey.clock.waits == [1.0]
    twikey.clock.sleep(1.0)
    twikey.client.invoice_feed(0)
    twikey.client.invoice(INVOICE_ID)
    assert twikey.clock.waits == [1.0, 1.0]
