"""Archived, deleted, merged: what one side no longer has is told once and not made again."""

from __future__ import annotations

import pytest

from tests.flows.money import follow_up, imported, on, open_alerts, payments, story
from tests.flows.scenes import CUSTOMER, NUMBER, OpenOffice, book_100, creates
from tests.flows.test_payments import in_progress

# ---- in Twikey


def test_archived_in_twikey_and_due_is_told_until_settled(open_office: OpenOffice) -> None:
    """C38: nobody collects it any more: told, and over once Teamleader has it as paid."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["archive"](NUMBER)
    follow_up(office)
    assert open_alerts(office) == {"ARCHIVED_IN_TWIKEY": "EUR 121.00 is due"}
    office.sandbox.books.pay(invoice)
    follow_up(office)
    assert not open_alerts(office)
    assert office.twikey_invoices()[NUMBER]["state"] == "ARCHIVED"


def test_paid_and_archived_is_no_alert(open_office: OpenOffice) -> None:
    """C38: archived after it was paid is how a desk is tidied."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    office.sandbox.twikey.actions["archive"](NUMBER)
    follow_up(office)
    assert (open_alerts(office), len(payments(office, invoice))) == ({}, 1)


def test_deleted_in_twikey_is_found_by_the_next_sweep(open_office: OpenOffice) -> None:
    """C38: nothing tells of it, nothing else happens: the sweep looks, once per deletion."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["delete_invoice"](NUMBER)
    follow_up(office)
    assert set(open_alerts(office)) == {"GONE_IN_TWIKEY"}
    office.forget_calls()
    follow_up(office)
    assert not office.calls("twikey", f"/creditor/invoice/{invoice}")
    office.imports(days=30)
    assert (creates(office), story(office, invoice).count("alert")) == ([], 1)


def test_looking_for_deletions_costs_little(open_office: OpenOffice) -> None:
    """C38: 25 looks per sweep, each time at others, whatever is open."""
    office, _ = imported(open_office)
    for _ in range(59):
        office.sandbox.books.book(customer=CUSTOMER, date="2024-11-01")
    office.imports(days=30)
    on(office, "2024-11-05")
    follow_up(office)
    looked = []
    for hour in (11, 12, 13):
        on(office, "2024-11-05", hour=hour)
        office.forget_calls()
        follow_up(office, always=False)
        calls = office.calls("twikey", "/creditor/invoice/")
        looked.append({call.path for call in calls if not call.path.endswith("/feed")})
    assert [len(one) for one in looked] == [25, 25, 25]
    assert len(set.union(*looked)) == 60


@pytest.mark.parametrize("kind", ["html", "status"])
def test_a_look_that_fails_stops_nothing(open_office: OpenOffice, kind: str) -> None:
    """C38: the look is a courtesy: what cannot be seen today is looked for by a later run."""
    office, invoice = imported(open_office)
    office.sandbox.world.fault(kind, method="GET", path=f"/creditor/invoice/{invoice}")
    _, swept = follow_up(office)
    assert (swept.looked_at, open_alerts(office)) == (1, {})
    assert office.notes


def test_a_state_that_nobody_knows_is_looked_up(open_office: OpenOffice) -> None:
    """C38: should the feed tell of a deletion in a word of its own, it is looked up first."""
    office, invoice = imported(open_office)
    office.sandbox.books.book(customer=CUSTOMER, date="2024-11-01", id="0" * 36)
    office.imports()
    there = office.sandbox.twikey.books.invoices[invoice]
    there.state = "CANCELLED"
    office.sandbox.twikey.bank.feeds.noticed(there)
    follow_up(office)
    with office.ledger() as ledger:
        assert ledger.vanished.unseen(1) == [invoice]


# ---- in Teamleader


def test_alerts_of_a_deleted_booking_settle(open_office: OpenOffice) -> None:
    """C16: deleted in Teamleader: only that is left to tell, until Twikey has it no more."""
    office, invoice = imported(open_office)
    office.sandbox.books.credit(invoice)
    follow_up(office)
    assert set(open_alerts(office)) == {"CREDITED"}
    office.sandbox.books.delete_invoice(invoice)
    follow_up(office)
    assert set(open_alerts(office)) == {"DELETED_IN_TEAMLEADER"}
    office.sandbox.twikey.actions["delete_invoice"](NUMBER)
    follow_up(office)
    assert not open_alerts(office)


def test_a_reversal_of_a_deleted_booking_leaves_no_alert(open_office: OpenOffice) -> None:
    """C16: held for a clash, then deleted in Teamleader: nobody is sent to mend what is gone."""
    office, invoice = in_progress(open_office)
    office.sandbox.twikey.actions["pay_debit"](NUMBER)
    follow_up(office)
    with office.ledger() as ledger:
        ledger.alerts.alert(invoice, "NOT_PUT_BACK", "EUR 1.00", 1, office.clock.now())
    office.sandbox.books.delete_invoice(invoice)
    office.sandbox.twikey.actions["refuse"](NUMBER, "MD06")
    follow_up(office)
    assert set(open_alerts(office)) == {"DELETED_IN_TEAMLEADER"}


def test_a_merged_customer_is_told_once(open_office: OpenOffice) -> None:
    """C27: the invoices are another customer's now: told, and left where they are in Twikey."""
    office, invoice = imported(open_office)
    other = office.sandbox.books.new_customer(name="Klant Holding NV")
    book_100(office, number="2024 / 101", customer=other)
    office.imports()
    before = len(creates(office))
    office.sandbox.books.edit_invoice(invoice, customer=other)
    office.sandbox.books.delete_customer(CUSTOMER)
    on(office, "2024-11-06")
    for _ in range(2):
        follow_up(office)
    assert open_alerts(office) == {"CUSTOMER_MERGED": "2024 / 100 of Klant Holding NV"}
    office.imports()
    assert len(creates(office)) == before
