"""Guards: paid elsewhere, edited, credited, deleted (decisions 7; complaints C4, C5, C11, C33)."""

from __future__ import annotations

import pytest

from tests.flows.money import follow_up, imported, on, open_alerts, payments, story
from tests.flows.scenes import CUSTOMER, NUMBER, OpenOffice, set_up, writes
from tests.flows.test_payments import in_progress, teamleader_writes


def test_paid_by_transfer_in_teamleader_is_paid_in_twikey(open_office: OpenOffice) -> None:
    """C4: the next sweep sets it to paid; its echo is no payment, and no debit is made."""
    office, invoice = imported(open_office)
    office.sandbox.books.pay(invoice)
    _, swept = follow_up(office)
    assert (swept.set_to_paid, office.twikey_invoices()[NUMBER]["state"]) == (1, "PAID")
    for _ in range(2):
        follow_up(office)
    assert (teamleader_writes(office), len(payments(office, invoice))) == ([], 1)
    assert len(writes(office, "twikey")) == 1
    assert not open_alerts(office)
    assert "set to paid in Twikey" in story(office, invoice)


def test_a_lost_answer_to_setting_paid_is_harmless(open_office: OpenOffice) -> None:
    """C4: set once more, or found set; never taken for a payment."""
    office, invoice = imported(open_office)
    office.sandbox.books.pay(invoice)
    office.sandbox.world.fault("reset_after", method="PUT", times=4)
    follow_up(office)
    follow_up(office)
    assert office.twikey_invoices()[NUMBER]["state"] == "PAID"
    assert (teamleader_writes(office), len(payments(office, invoice))) == ([], 1)
    assert not open_alerts(office)


def test_in_progress_although_paid_is_an_alert_until_settled(open_office: OpenOffice) -> None:
    """C5: nothing is forced; the alert names invoice, amount and date, and stays open."""
    office, invoice = in_progress(open_office)
    office.sandbox.books.pay(invoice)
    follow_up(office)
    assert office.twikey_invoices()[NUMBER]["state"] == "PENDING"
    wanted = "EUR 121.00 of 2024 / 100, to be collected around 2024-11-30"
    assert open_alerts(office) == {"PAID_ELSEWHERE_IN_PROGRESS": wanted}
    on(office, "2024-11-05")
    follow_up(office)
    assert "PAID_ELSEWHERE_IN_PROGRESS" in open_alerts(office)
    office.sandbox.twikey.actions["pay_debit"](NUMBER)
    follow_up(office)
    assert open_alerts(office) == {"OVERPAID": "EUR 121.00 more than was due"}
    office.sandbox.twikey.actions["refuse"](NUMBER, "MD06")
    follow_up(office)
    assert office.twikey_invoices()[NUMBER]["state"] == "PAID"
    assert (open_alerts(office), len(payments(office, invoice))) == ({}, 1)


def test_the_guard_can_be_switched_off(open_office: OpenOffice) -> None:
    """C4: with paid_elsewhere off Twikey is left alone."""
    office, invoice = imported(open_office)
    set_up(office, tables="[payments]\npaid_elsewhere = false")
    office.sandbox.books.pay(invoice)
    follow_up(office)
    assert office.twikey_invoices()[NUMBER]["state"] == "BOOKED"


@pytest.mark.parametrize("told", [True, False])
def test_our_own_payment_does_not_fool_the_guard(open_office: OpenOffice, told: bool) -> None:
    """C4, C7: bounced in Twikey, still ours in Teamleader: never set to paid, undone when told."""
    office, invoice = in_progress(open_office)
    office.sandbox.twikey.actions["pay_debit"](NUMBER)
    follow_up(office)
    on(office, "2024-11-06")
    office.sandbox.twikey.actions["refuse"](NUMBER, "MD06")
    hidden = [] if told else [office.sandbox.twikey.books.state.payments.pop()]
    _, swept = follow_up(office)
    assert (swept.set_to_paid, office.twikey_invoices()[NUMBER]["state"]) == (0, "BOOKED")
    assert not open_alerts(office)
    office.sandbox.twikey.books.state.payments.extend(hidden)
    follow_up(office)
    assert payments(office, invoice) == []


def test_paid_partly_here_and_partly_there_is_paid(open_office: OpenOffice) -> None:
    """C4: EUR 50 through Twikey and the rest by transfer: set to paid, ours stays one."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["partial"](NUMBER, 50.0)
    follow_up(office)
    office.sandbox.books.pay(invoice)
    _, swept = follow_up(office)
    follow_up(office)
    assert (swept.set_to_paid, len(payments(office, invoice))) == (1, 2)
    assert not open_alerts(office)


def test_a_credited_invoice_is_told_and_not_forced(open_office: OpenOffice) -> None:
    """C11: a credit note for the whole before the collection: the operator is told."""
    office, invoice = imported(open_office)
    office.sandbox.books.credit(invoice, number="2024/7")
    office.imports()
    _, swept = follow_up(office)
    assert (swept.set_to_paid, office.twikey_invoices()[NUMBER]["state"]) == (0, "BOOKED")
    note = "CN2024/7 of EUR 121.00 (2024-11-04)"
    paper = f"{note} on 2024 / 100 of EUR 121.00 (2024-11-01, due 2024-11-30)"
    assert open_alerts(office) == {"CREDITED": f"{paper}; Twikey shows it as BOOKED"}
    office.sandbox.twikey.actions["archive"](NUMBER)
    follow_up(office)
    assert not open_alerts(office)


def test_a_changed_due_date_follows_and_a_changed_amount_does_not(
    open_office: OpenOffice,
) -> None:
    """C33: the difference is shown field by field; the date follows, the amount is told."""
    office, invoice = imported(open_office)
    office.sandbox.books.edit_invoice(invoice, due_on="2024-12-15", amount=13_000)
    office.sandbox.world.advance(60)
    _, swept = follow_up(office)
    _, again = follow_up(office)
    there = office.twikey_invoices()[NUMBER]
    assert (there["duedate"], there["cents"]) == ("2024-12-15", 12_100)
    assert (swept.dates_followed + again.dates_followed) == 1
    assert open_alerts(office) == {
        "AMOUNT_CHANGED": "EUR 121.00 in Twikey, EUR 130.00 in Teamleader"
    }
    with office.ledger() as ledger:
        (shown,) = [e for e in ledger.journal.of(invoice) if e["what"] == "changed in Teamleader"]
    assert shown["facts"]["due_on"] == ["2024-11-30", "2024-12-15"]
    assert shown["facts"]["payable_cents"] == [12_100, 13_000]
    office.sandbox.books.edit_invoice(invoice, amount=12_100)
    follow_up(office)
    follow_up(office)
    assert not open_alerts(office)


def test_an_invoice_deleted_in_teamleader_is_closed_and_told(open_office: OpenOffice) -> None:
    """C16: the sweep finds it gone; Twikey is left to a person."""
    office, invoice = imported(open_office)
    office.sandbox.books.delete_invoice(invoice)
    follow_up(office)
    assert set(open_alerts(office)) == {"DELETED_IN_TEAMLEADER"}
    assert "deleted in Teamleader" in story(office, invoice)
    assert office.twikey_invoices()[NUMBER]["state"] == "BOOKED"
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    report, _ = follow_up(office)
    assert (report.open, teamleader_writes(office)) == ({"reported": 1}, [])


def test_an_invoice_deleted_in_twikey_is_told_and_not_created_again(
    open_office: OpenOffice,
) -> None:
    """C38: gone in Twikey on purpose stays gone."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["delete_invoice"](NUMBER)
    on(office, "2024-11-05")
    follow_up(office)
    assert set(open_alerts(office)) == {"GONE_IN_TWIKEY"}
    office.sandbox.books.pay(invoice)
    follow_up(office)
    follow_up(office)
    assert not open_alerts(office)  # nothing is due any more
    assert NUMBER not in office.twikey_invoices()


def test_the_sweep_costs_one_call_per_hundred_and_comes_hourly(open_office: OpenOffice) -> None:
    """C4: 10 calls per 1,000 open bookings, once an hour."""
    office, _ = imported(open_office)
    for _ in range(249):
        office.sandbox.books.book(customer=CUSTOMER, date="2024-11-01")
    office.imports(days=30)
    office.forget_calls()
    _, swept = follow_up(office, always=False)
    assert (swept.looked_at, len(office.calls("teamleader"))) == (250, 3)
    office.forget_calls()
    follow_up(office, always=False)
    assert not office.calls("teamleader")
    office.sandbox.world.advance(3601)
    on(office, "2024-11-05")
    _, swept = follow_up(office, always=False)
    assert swept.looked_at == 250
