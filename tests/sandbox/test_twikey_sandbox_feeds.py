"""The sandbox's Twikey: its two feeds, the bank behind it, and starting over.

Numbers in the names are the rules of API reference chapter 12.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.bank import verdict
from tests.sandbox.twikey_desk import API_KEY, Desk, open_desk, refused, uuid

PAYMENTS = "/invoice/payment/feed"
WITH_PAYMENT = "/invoice?include=lastpayment&include=meta"


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with open_desk() as opened:
        yield opened


def numbers(response: requests.Response) -> list[str]:
    """The numbers of the invoices in a page."""
    return [item["number"] for item in response.json()["Invoices"]]


def collected(desk: Desk, number: str = "1", amount: float = 121.0, **fields: Any) -> str:
    """The id of an invoice that is being collected by direct debit."""
    if not desk.twikey.dump()["mandates"]:
        desk.create("0", manual=True)
        desk.act("sign_mandate", "alice", 1420)
    invoice = desk.create(number, ct=1420, amount=amount, **fields)
    assert invoice["state"] == "PENDING"
    return str(invoice["id"])


def drain(desk: Desk) -> None:
    """Read both feeds to their ends."""
    for path in ("/invoice", PAYMENTS):
        while desk.feed(path):
            pass


@pytest.mark.parametrize("size", [1, 2, 100])
def test_rule_11_pages_follow_each_other_until_an_empty_one(desk: Desk, size: int) -> None:
    """The server remembers; X-LAST grows and is missing on the empty page."""
    desk.rule(feed_page_size=size)
    for number in "12345":
        desk.create(number)
    seen, lasts = [], []
    while numbers(page := desk.call("GET", "/invoice")):
        seen += numbers(page)
        lasts.append(int(page.headers["X-LAST"]))
        assert len(numbers(page)) <= size
    assert seen == list("12345")
    assert lasts == sorted(set(lasts))
    assert "X-LAST" not in page.headers


def test_rule_11_a_position_rewinds_one_request_and_the_server_goes_on(desk: Desk) -> None:
    """X-RESUME-AFTER: items after it; 0 is the start; what is no number is refused."""
    desk.rule(feed_page_size=2)
    for number in "12345":
        desk.create(number)
    first = desk.call("GET", "/invoice").headers["X-LAST"]
    drain(desk)
    after = {"X-RESUME-AFTER": first}
    assert numbers(desk.call("GET", "/invoice", headers=after)) == ["3", "4"]
    assert numbers(desk.call("GET", "/invoice")) == ["5"]
    zero = {"X-RESUME-AFTER": "0"}
    assert numbers(desk.call("GET", "/invoice", headers=zero)) == ["1", "2"]
    refused(desk.call("GET", "/invoice", headers={"X-RESUME-AFTER": "x"}), "err_invalid_params")


def test_rule_11_positions_belong_to_the_key_and_the_feed(desk: Desk) -> None:
    """Another key reads everything again; another session of the same key does not."""
    desk.rule(keys={API_KEY: None, "second": None})
    desk.create("1")
    assert len(desk.feed()) == 1
    desk.token = None
    assert desk.feed() == []
    desk.token = desk.login(apiToken="second").headers["Authorization"]
    assert len(desk.feed()) == 1
    assert desk.feed(PAYMENTS) == []


def test_rule_11_a_page_served_and_lost_is_gone(desk: Desk) -> None:
    """The position moves when the page is served, heard or not (3.2)."""
    desk.create("1")
    desk.world.fault("reset_after", service="twikey", method="GET", times=1)
    with pytest.raises(requests.ConnectionError):
        desk.feed()
    assert desk.feed() == []
    desk.act("reset_feed")
    assert len(desk.feed()) == 1


def test_rule_11_a_parallel_read_is_refused(desk: Desk) -> None:
    """err_call_in_progress, per feed, and nothing is lost by it."""
    desk.create("1")
    desk.act("occupy_feed", "invoice", 1)
    refused(desk.call("GET", "/invoice"), "err_call_in_progress")
    assert len(desk.feed()) == 1
    desk.act("occupy_feed", "payment", 1)
    refused(desk.call("GET", PAYMENTS), "err_call_in_progress")


def test_rule_11_includes_add_keys_and_only_those_with_content(desk: Desk) -> None:
    """Unknown includes are ignored; without a payment there is no lastpayment."""
    desk.create("1")
    (item,) = desk.feed("/invoice?include=customer&include=lastpayment&include=x")
    assert item["customer"]["customerNumber"] == "alice"
    assert not {"meta", "lastpayment", "x"} & set(item)


def test_an_item_shows_the_state_of_now_or_of_its_event(desk: Desk) -> None:
    """Nobody knows (10-11): three switches for what several changes look like."""
    desk.create("1")
    desk.act("pay_link", "1")
    assert [item["state"] for item in desk.feed()] == ["PAID", "PAID"]
    desk.act("reset_feed")
    desk.rule(feed_item="event")
    items = desk.feed(WITH_PAYMENT)
    assert [(item["state"], "lastpayment" in item) for item in items] == [
        ("BOOKED", False),
        ("PAID", True),
    ]
    desk.act("reset_feed")
    desk.rule(feed_collapses=True)
    assert [item["state"] for item in desk.feed()] == ["PAID"]


def test_deleted_invoices_leave_the_feed_and_own_changes_may_be_left_out(desk: Desk) -> None:
    """A deletion shows nowhere; own_changes_in_feed off hides creates."""
    desk.create("1")
    desk.act("delete_invoice", "1")
    assert desk.feed() == []
    desk.rule(own_changes_in_feed=False)
    desk.create("2")
    assert desk.feed() == []
    desk.act("enter_by_hand", "3", 50)
    assert [item["number"] for item in desk.feed()] == ["3"]


def test_a_fresh_key_may_begin_at_now(desk: Desk) -> None:
    """The switch feed_start."""
    desk.rule(feed_start="now")
    desk.create("1")
    assert desk.feed() == []
    desk.create("2")
    assert [item["number"] for item in desk.feed()] == ["2"]


@pytest.mark.parametrize("rule", ["404", "400"])
def test_the_payment_feed_may_be_absent(desk: Desk, rule: str) -> None:
    """An older server answers 404 or 400 (10-31)."""
    desk.rule(payment_feed=rule)
    assert desk.call("GET", PAYMENTS).status_code == int(rule)


@pytest.mark.parametrize(
    ("euros", "code"),
    [
        (0.5, None),
        (1, "MS03"),
        (10.99, "AM04"),
        (15, "MS02"),
        (20, "MD06"),
        (21, "AC01"),
        (30, "PY01"),
        (32.5, "SL01"),
        (33, None),
    ],
)
def test_rule_12_the_amount_decides_what_the_bank_says(euros: float, code: str | None) -> None:
    """The table of reference 7.2."""
    assert verdict(round(euros * 100)) == code


def test_rule_12_a_debit_is_paid_first_and_fails_a_tick_later(desk: Desk) -> None:
    """Both feeds tell it, with the same payment id and end-to-end id."""
    good, bad = collected(desk, "1"), collected(desk, "2", amount=8.0)
    drain(desk)
    assert desk.act("tick") == {"paid": ["1", "2"], "failed": []}
    assert [item["state"] for item in desk.feed(WITH_PAYMENT)] == ["PAID", "PAID"]
    assert desk.act("tick") == {"paid": [], "failed": ["2"]}
    assert desk.act("tick") == {"paid": [], "failed": []}
    assert (desk.details(good)["state"], desk.details(bad)["state"]) == ("PAID", "BOOKED")
    (item,) = desk.feed(WITH_PAYMENT)
    assert item["meta"]["lastError"] == "AM04"
    (last,) = item["lastpayment"]
    assert (last["method"], last["action"], last["rc"]) == ("sdd", "payment_fail", "AM04")
    _, paid, failed = desk.feed(PAYMENTS)
    assert (paid["eventType"], failed["eventType"]) == ("payment", "payment_failure")
    assert paid["details"] == failed["details"]
    assert last["id"] == failed["details"]["paymentId"]
    assert failed["error"]["externalCode"] == "AM04"
    assert (failed["amount"], failed["origin"]["id"]) == (8.0, bad)
    assert "error" not in paid


def test_rule_12_a_failure_after_the_due_date_leaves_the_invoice_expired(desk: Desk) -> None:
    """Booked before the due date, expired after it (guide 8)."""
    id_ = collected(desk)
    desk.act("pay_debit", "1")
    desk.days(40)
    assert desk.act("refuse", "1", "MD06")["state"] == "EXPIRED"
    assert desk.details(id_)["lastpayment"][0]["rc"] == "MD06"


def test_a_first_collection_that_fails_was_never_paid(desk: Desk) -> None:
    """PENDING goes back to BOOKED with a payment_fail, and one failure event."""
    collected(desk)
    assert desk.act("refuse", "1", "AC04")["state"] == "BOOKED"
    assert [event["eventType"] for event in desk.feed(PAYMENTS)] == ["payment_failure"]


@pytest.mark.parametrize(
    ("action", "method", "source", "keys"),
    [
        ("pay_link", "paylink", "payment_link", {"link", "double"}),
        ("pay_transfer", "transfer", "transfer", {"id", "iban", "bic", "msg", "double"}),
        ("pay_card", "rcc", "recurring_card", {"id", "e2e", "pmtinf", "mndtId", "rc", "double"}),
        ("manual_paid", "manual", "manual", {"msg"}),
    ],
)
def test_rule_11_a_last_payment_has_only_the_keys_of_its_method(
    desk: Desk, action: str, method: str, source: str, keys: set[str]
) -> None:
    """Reference 2.7: reading another method's key must fail here as it does there."""
    desk.create("1")
    (last,) = desk.act(action, "1")["lastpayment"]
    assert last["method"] == method
    assert set(last) == keys | {"method", "action", "date"}
    (event,) = desk.feed(PAYMENTS)
    assert event["details"]["source"] == source
    assert event["eventId"].startswith("evt_")
    assert event["occurredAt"] == "2026-07-02T09:00:00.000Z"


def test_partial_payments_add_up_and_double_ones_say_so(desk: Desk) -> None:
    """The state is PAID only when all is there (10-21)."""
    desk.create("1", paidamount=21)
    shown = desk.act("partial", "1", 40)
    assert (shown["state"], shown["meta"]["partial"]) == ("BOOKED", 40.0)
    assert desk.act("pay_link", "1")["state"] == "PAID"
    (last,) = desk.act("double", "1")["lastpayment"]
    assert last["double"] is True
    assert [event["amount"] for event in desk.feed(PAYMENTS)] == [40.0, 60.0, 121.0]


def test_a_manual_reset_is_no_failed_payment(desk: Desk) -> None:
    """The invoice is owed again, and the payment feed says nothing (2.8)."""
    desk.create("1")
    desk.act("pay_link", "1")
    drain(desk)
    assert desk.act("manual_reset", "1")["state"] == "BOOKED"
    assert desk.feed(PAYMENTS) == []
    (item,) = desk.feed(WITH_PAYMENT)
    assert item["lastpayment"][0]["action"] == "payment"


def test_a_refund_is_an_event_and_may_reopen_the_invoice(desk: Desk) -> None:
    """The amount is positive; the state afterwards is a switch."""
    desk.create("1")
    desk.act("pay_link", "1")
    assert desk.act("refund", "1", 21)["state"] == "PAID"
    event = desk.feed(PAYMENTS)[-1]
    assert (event["eventType"], event["amount"]) == ("refund", 21.0)
    assert event["details"]["source"] == "credit_transfer"
    desk.rule(refund_reopens=True)
    assert desk.act("refund", "1", 100)["state"] == "BOOKED"


def test_unpaid_invoices_expire_with_their_due_date(desk: Desk) -> None:
    """Ageing is an ordinary event: no last payment, no payment event."""
    desk.create("1", duedate="2026-07-02", customer={"customerNumber": "b", "lastname": "B"})
    desk.create("2")
    drain(desk)
    assert desk.act("age") == []
    desk.days(1)
    assert desk.act("age") == ["1"]
    (item,) = desk.feed(WITH_PAYMENT)
    assert (item["number"], item["state"], "lastpayment" in item) == ("1", "EXPIRED", False)
    assert desk.feed(PAYMENTS) == []


def test_a_control_that_makes_no_sense_says_so(desk: Desk) -> None:
    """ValueError, and the books stay as they were."""
    desk.create("1")
    for action, *arguments in (
        ("pay_debit", "1"),
        ("refuse", "1"),
        ("refund", "1"),
        ("double", "1"),
        ("partial", "1", 121),
        ("pay_link", "none"),
        ("enter_by_hand", "1", 5),
        ("rename_customer", "alice", "alice"),
        ("sign_mandate", "nobody"),
        ("set_customer_profile", "alice", 9),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            desk.act(action, *arguments)


def test_the_world_starts_over_from_a_snapshot(desk: Desk) -> None:
    """Invoices, feeds, sessions and generated ids are all as they were."""
    collected(desk, "1")
    desk.feed()
    saved, before = desk.world.snapshot(), desk.twikey.dump()
    desk.act("tick")
    later = desk.create("2", id=uuid(2)), desk.feed(), desk.twikey.dump()
    for _ in range(2):
        desk.world.restore(saved)
        assert desk.twikey.dump() == before
        desk.act("tick")
        assert (desk.create("2", id=uuid(2)), desk.feed(), desk.twikey.dump()) == later
