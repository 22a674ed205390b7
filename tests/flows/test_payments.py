"""Guide 5 and 8: what Twikey collects reaches Teamleader, and what bounces leaves it again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.money import (
    follow_up,
    imported,
    on,
    open_alerts,
    payments,
    story,
)
from tests.flows.office import Office
from tests.flows.scenes import CUSTOMER, NUMBER, OpenOffice, book_100, in_november, set_up, writes


def in_progress(open_office: OpenOffice, **rules: Any) -> tuple[Office, str]:
    """Open an office in which "2024 / 100" is being collected by direct debit."""
    office = in_november(open_office, **rules)
    first = office.sandbox.books.book(customer=CUSTOMER, date="2024-11-01", number="2024 / 99")
    office.imports(numbers=("2024 / 99",))
    office.sandbox.twikey.actions["sign_mandate"](CUSTOMER, 1420)
    invoice = book_100(office)
    office.imports(days=30)
    assert office.twikey_invoices()[NUMBER]["state"] == "PENDING"
    assert first != invoice
    office.forget_calls()
    return office, invoice


def teamleader_writes(office: Office) -> list[str]:
    """Return the names of the writes that Teamleader has seen."""
    return [call.path.rpartition(".")[2] for call in writes(office, "teamleader")]


# ---- guide 5: paid


WAYS = {
    "sdd": "pay_debit",
    "rcc": "pay_card",
    "paylink": "pay_link",
    "transfer": "pay_transfer",
    "manual": "manual_paid",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_paying_arrives(open_office: OpenOffice, way: str) -> None:
    """A31: paid in Teamleader with amount, value date and the mapped payment method."""
    office, invoice = (in_progress if way == "sdd" else imported)(open_office)
    methods = office.sandbox.books.payment_methods
    active = next(str(one["id"]) for one in methods if one["status"] == "active")
    set_up(office, tables=f'[payments.methods]\n{way} = "{active}"')
    on(office, "2024-11-11")
    office.sandbox.twikey.actions[WAYS[way]](NUMBER)
    on(office, "2024-11-13")
    report, _ = follow_up(office)
    assert (report.registered, report.registered_cents) == (1, 12_100)
    assert payments(office, invoice) == [(12_100, "2024-11-11")]
    assert office.sandbox.books.invoice(invoice).paid
    (call,) = office.calls("teamleader", "/invoices.registerPayment")
    assert call.parameters["payment_method_id"] == active
    assert call.parameters["paid_at"].endswith("+00:00")
    assert "payment registered in Teamleader" in story(office, invoice)
    assert not open_alerts(office)


def test_a_payment_is_registered_once_however_often_it_runs(open_office: OpenOffice) -> None:
    """A32: one registerPayment; running again calls nothing at Teamleader."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    for _ in range(3):
        follow_up(office, always=False)
    assert teamleader_writes(office) == ["registerPayment"]
    office.forget_calls()
    with office.ledger() as ledger:
        ledger.feed.rewind("payments")
    follow_up(office, always=False)
    assert not office.calls("teamleader")
    assert len(payments(office, invoice)) == 1


def test_nothing_new_costs_one_call_per_feed(open_office: OpenOffice) -> None:
    """A32: the budget of an idle run is one call per feed and none to Teamleader."""
    office, _ = imported(open_office)
    follow_up(office)
    office.forget_calls()
    report, swept = follow_up(office, always=False)
    paths = [call.path for call in office.sandbox.world.journal]
    assert paths == ["/creditor/invoice/payment/feed", "/creditor/invoice"]
    assert (report.events, swept.looked_at) == (0, 0)


def test_many_payments_cost_one_write_each_and_two_reads_per_hundred(
    open_office: OpenOffice,
) -> None:
    """A32: 120 payments are 120 writes and four reads by ids, never one look per payment."""
    office = in_november(open_office)
    for _ in range(120):
        office.sandbox.books.book(customer=CUSTOMER, date="2024-11-01")
    office.imports(days=30)
    for number in list(office.twikey_invoices()):
        office.sandbox.twikey.actions["pay_link"](number)
    office.forget_calls()
    report, _ = follow_up(office, always=False)
    assert report.registered == 120
    names = [call.path for call in office.calls("teamleader")]
    assert names.count("/invoices.registerPayment") == 120
    assert names.count("/invoices.list") == 4
    assert len(names) == 124


def test_a_debit_in_progress_is_no_payment(open_office: OpenOffice) -> None:
    """C6: nothing reaches Teamleader before the bank has paid."""
    office, invoice = in_progress(open_office)
    report, _ = follow_up(office)
    assert (report.events, payments(office, invoice)) == (0, [])
    office.sandbox.twikey.actions["pay_debit"](NUMBER)
    follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [12_100]


def test_a_part_is_registered_as_a_part(open_office: OpenOffice) -> None:
    """C35: 120.99 of 121.00 is registered, one cent is listed as open, nothing is written off."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["partial"](NUMBER, 120.99)
    report, _ = follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [12_099]
    assert report.partly == ["2024 / 100: EUR 0.01 open"]
    office.sandbox.twikey.actions["pay_link"](NUMBER, 0.01)
    report, _ = follow_up(office)
    assert (office.sandbox.books.invoice(invoice).due, report.partly) == (0, [])


def test_a_double_payment_is_reported_not_registered(open_office: OpenOffice) -> None:
    """A32, decisions 7: the second payment waits for a person, and a refund settles it."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    office.sandbox.twikey.actions["double"](NUMBER)
    report, _ = follow_up(office)
    assert (report.registered, len(payments(office, invoice))) == (1, 1)
    assert open_alerts(office) == {"DOUBLE_PAYMENT": "EUR 121.00 more than was due"}
    office.sandbox.twikey.actions["refund"](NUMBER, 121)
    follow_up(office)
    assert (len(payments(office, invoice)), open_alerts(office)) == (1, {})


def test_what_was_credited_meanwhile_is_told_as_overpaid(open_office: OpenOffice) -> None:
    """C9: EUR 121 arrives, EUR 21 was credited: EUR 100 is settled, the rest told with the CN."""
    office, invoice = in_progress(open_office)
    office.sandbox.books.credit(invoice, 2_100, number="2024/7")
    office.imports()
    office.sandbox.twikey.actions["pay_debit"](NUMBER)
    follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [10_000]
    assert open_alerts(office) == {"OVERPAID": "EUR 21.00 more than was due; credited by CN2024/7"}


def test_a_payment_for_an_invoice_on_its_way_waits(open_office: OpenOffice) -> None:
    """C34: the event waits while the create is unsettled and is applied once it is confirmed."""
    office = in_november(open_office)
    set_up(office, "settle_after_seconds = 300")
    invoice = book_100(office)
    office.sandbox.world.fault("reset_after", method="POST", path="^/creditor/invoice$", times=1)
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    report, _ = follow_up(office)
    assert (report.open, payments(office, invoice)) == ({"waiting": 1}, [])
    on(office, "2024-11-05")
    office.imports()
    report, _ = follow_up(office)
    assert (report.open, len(payments(office, invoice))) == ({"registered": 1}, 1)


def test_payments_of_strangers_are_counted_and_left_alone(open_office: OpenOffice) -> None:
    """C34: an invoice we never imported is counted; nothing is called for it."""
    office, _ = imported(open_office)
    follow_up(office)
    office.forget_calls()
    actions = office.sandbox.twikey.actions
    for number in ("H-1", "H-2"):
        actions["enter_by_hand"](number, 50.0)
        actions["pay_link"](number)
    report, _ = follow_up(office, always=False)
    assert (report.open, report.alerts) == ({"unknown": 2}, [])
    assert not office.calls("teamleader")


def test_a_paid_credit_note_is_never_written_back(open_office: OpenOffice) -> None:
    """A48: Twikey marks the credit note paid: no Teamleader write is made."""
    office, invoice = imported(open_office)
    office.sandbox.books.credit(invoice, 3_000, number="2024/7")
    office.imports()
    office.forget_calls()
    office.sandbox.twikey.actions["manual_paid"]("CN2024/7")
    report, _ = follow_up(office)
    assert (teamleader_writes(office), report.open) == ([], {"ignored": 1})


def test_switched_off_nothing_is_written_and_nothing_lost(open_office: OpenOffice) -> None:
    """Decisions 7: with write_back off events are kept, and registered once it is on."""
    office, invoice = imported(open_office)
    set_up(office, tables="[payments]\nwrite_back = false")
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    report, _ = follow_up(office, always=False)
    assert (report.events, teamleader_writes(office)) == (1, [])
    set_up(office)
    follow_up(office, always=False)
    assert len(payments(office, invoice)) == 1


# ---- lost answers


@pytest.mark.parametrize("kind", ["reset_after", "reset_before", "hang", "late", "status_after"])
def test_a_lost_answer_is_looked_up_never_repeated_blindly(
    open_office: OpenOffice, kind: str
) -> None:
    """A32: after a lost answer the next run looks at payments[], and one payment stands."""
    office, invoice = imported(open_office)
    set_up(office, "settle_after_seconds = 300")
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    fault = "reset_after" if kind == "hang" else kind
    office.sandbox.world.fault(fault, path="registerPayment", times=1, seconds=60)
    report, _ = follow_up(office, always=False)
    assert (report.registered, report.unsettled) == (0, 1)
    report, _ = follow_up(office, always=False)
    assert report.unsettled == 1, "not before the wait is over"
    on(office, "2024-11-05")
    report, _ = follow_up(office, always=False)
    assert (report.registered, report.unsettled) == (1, 0)
    assert len(payments(office, invoice)) == 1


def test_a_204_is_believed_only_when_the_invoice_shows_it(open_office: OpenOffice) -> None:
    """A32, P8: accepted but not applied is found out by the second look, and sent again later."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    office.sandbox.world.fault("status", path="registerPayment", status=204, body="", times=1)
    report, _ = follow_up(office, always=False)
    assert (report.registered, report.unsettled, payments(office, invoice)) == (0, 1, [])
    report, _ = follow_up(office, always=False)
    assert (report.registered, len(payments(office, invoice))) == (1, 1)


def test_a_clash_with_the_status_is_held_and_closes_by_itself(open_office: OpenOffice) -> None:
    """A07: Teamleader answers 400: both statuses are shown, others go on, agreement closes it."""
    office = in_november(open_office)
    first = book_100(office)
    second = office.sandbox.books.book(customer=CUSTOMER, date="2024-11-02", number="2024 / 101")
    office.imports(days=30)
    for number in (NUMBER, "2024 / 101"):
        office.sandbox.twikey.actions["pay_link"](number)
    body = '{"errors": [{"title": "The status cannot be changed", "status": 400}]}'
    headers = {"Content-Type": "application/json"}
    office.sandbox.world.fault(
        "status", path="registerPayment", content=first, status=400, body=body, headers=headers,
        times=1,
    )  # fmt: skip
    report, _ = follow_up(office)
    assert (payments(office, first), len(payments(office, second))) == ([], 1)
    assert "Twikey says PAID, Teamleader outstanding" in open_alerts(office)["STRICT_MODE"]
    assert report.open["held"] == 1
    office.sandbox.books.pay(first)
    for _ in range(3):
        follow_up(office)
        assert open_alerts(office) == {}  # registered by hand as advised: it came once
    assert teamleader_writes(office).count("registerPayment") == 2


def test_a_refused_payment_is_tried_again_by_the_sweep(open_office: OpenOffice) -> None:
    """A07: when the clash has passed in Teamleader, the payment goes through."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    body = '{"errors": [{"title": "no"}]}'
    office.sandbox.world.fault(
        "status", path="registerPayment", status=400, body=body, times=1,
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    follow_up(office)
    assert set(open_alerts(office)) == {"STRICT_MODE"}
    follow_up(office)
    assert (len(payments(office, invoice)), open_alerts(office)) == (1, {})


# ---- feeds


@pytest.mark.parametrize("size", [1, 2, 100])
def test_another_reader_of_the_key_loses_nothing(open_office: OpenOffice, size: int) -> None:
    """C40: the position was moved by somebody else: we resume from our own."""
    office, invoice = imported(open_office, twikey_feed_page_size=size)
    office.sandbox.twikey.actions["partial"](NUMBER, 50.0)
    follow_up(office)
    office.sandbox.twikey.actions["partial"](NUMBER, 21.0)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    office.sandbox.twikey.actions["reset_feed"]("payment", 10_000)
    report, _ = follow_up(office)
    assert report.events == 2
    assert sorted(cents for cents, _ in payments(office, invoice)) == [2_100, 5_000, 5_000]


def test_a_busy_feed_is_left_for_the_next_run_with_advice(open_office: OpenOffice) -> None:
    """C40: another reader at this moment: a note says to use a key of its own."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    office.sandbox.twikey.actions["occupy_feed"]("payment")
    follow_up(office, always=False)
    assert payments(office, invoice) == []
    assert any("API key of its own" in note for note in office.notes)
    follow_up(office, always=False)
    assert len(payments(office, invoice)) == 1


@pytest.mark.parametrize("answer", ["404", "400"])
def test_without_a_payment_feed_the_invoice_feed_stands_in(
    open_office: OpenOffice, answer: str
) -> None:
    """A31, A40: paid and failed are known from the last payment; a later feed repeats nothing."""
    office, invoice = in_progress(open_office, twikey_payment_feed=answer)
    on(office, "2024-11-10")
    office.sandbox.twikey.actions["pay_debit"](NUMBER)
    follow_up(office)
    assert payments(office, invoice) == [(12_100, "2024-11-10")]
    on(office, "2024-11-20")
    office.sandbox.twikey.actions["refuse"](NUMBER, "MD06")
    follow_up(office)
    assert payments(office, invoice) == []
    office.sandbox.world.rules.change({"twikey_payment_feed": "on"})
    report, _ = follow_up(office)
    assert (payments(office, invoice), report.events, open_alerts(office)) == ([], 0, {})


def test_an_unreadable_event_is_an_alert_and_no_silence(open_office: OpenOffice) -> None:
    """C24: an event that cannot be booked is named, and its neighbours go on."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    events = office.sandbox.twikey.books.state.payments
    events.insert(0, {**events[0], "eventId": "evt_odd", "occurredAt": "soon"})
    follow_up(office)
    assert len(payments(office, invoice)) == 1
    assert "evt_odd" in open_alerts(office)["PAYMENT_UNREADABLE"]


def test_nameless_events_of_two_pages_are_two_alerts(open_office: OpenOffice) -> None:
    """C24: each first event of a page without an id is told, none takes another's place."""
    office, _ = imported(open_office)
    for cents in (10.0, 20.0):
        office.sandbox.twikey.actions["partial"](NUMBER, cents)
        office.sandbox.twikey.books.state.payments[-1].pop("eventId")
        follow_up(office)
    with office.ledger() as ledger:
        assert len(ledger.alerts.open("PAYMENT_UNREADABLE")) == 2


def test_reconnecting_keeps_every_link(open_office: OpenOffice) -> None:
    """C38: disconnected and connected again: no invoice is created anew, no payment repeated."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    office.sandbox.teamleader.authority.expire_access()
    office.grant()
    office.forget_calls()
    report = office.imports(days=30)
    follow_up(office)
    assert (report.sent, report.known) == (0, 1)
    assert (teamleader_writes(office), len(payments(office, invoice))) == ([], 1)


def test_a_lost_ledger_registers_nothing_twice(open_office: OpenOffice) -> None:
    """C18, C38: state lost: invoices are adopted, and their payments found where they stand."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["partial"](NUMBER, 50.0)
    on(office, "2024-11-06", 20)
    follow_up(office)
    for file in office.home.glob("ledger.db*"):
        file.unlink()
    office.grant()
    office.imports(days=30)
    report, _ = follow_up(office)
    assert ([cents for cents, _ in payments(office, invoice)], report.events) == ([5_000], 1)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    assert sorted(cents for cents, _ in payments(office, invoice)) == [5_000, 7_100]


def test_a_credit_note_before_the_collection_leaves_the_net(open_office: OpenOffice) -> None:
    """C10: invoice 121 and its credit note of 21, imported together: 100 is open, both balance."""
    office = in_november(open_office)
    invoice = book_100(office)
    office.sandbox.books.credit(invoice, 2_100, number="2024/7")
    office.imports(days=30)
    there = office.twikey_invoices()
    assert there[NUMBER]["cents"] - there[NUMBER]["prepaid_cents"] == 10_000
    assert (there["CN2024/7"]["cents"], there["CN2024/7"]["related"]) == (-2_100, NUMBER)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [10_000]
    assert not open_alerts(office)
