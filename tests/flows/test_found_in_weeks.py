"""What simulated weeks found, each as a short story of its own."""

from __future__ import annotations

import pytest

from flows.customers import CustomersRequest, follow_customers
from tests.flows.office import CONFIG, Office


def later(office: Office, hours: float) -> None:
    """Let hours go by on both sides."""
    office.sandbox.world.advance(hours * 3600)
    office.clock.shift = office.sandbox.world.now() - (office.clock.now() - office.clock.shift)
    office.grant()


def test_what_a_bulk_made_and_somebody_deleted_is_not_made_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C27: deleted in Twikey before any feed showed it, it waits for a person."""
    monkeypatch.setattr("flows.apply.BULK_FROM", 2)
    ids = [office.sandbox.books.book() for _ in range(3)]
    assert office.imports(days=30).sent == 3
    office.sandbox.twikey.actions["delete_invoice"](ids[1])
    for _ in range(4):
        later(office, 30)
        office.imports()
    assert {i["id"] for i in office.twikey_invoices().values()} == {ids[0], ids[2]}
    with office.ledger() as ledger:
        (held,) = ledger.desk.held()
    assert (held["id"], held["reason"]) == (ids[1], "DIFFERS")


def test_what_changes_while_a_create_is_in_doubt_follows(office: Office) -> None:
    """C19: a customer's first invoice is found after a lost answer; a new address follows."""
    office.configure(CONFIG.replace("settle_after_seconds = 0", "settle_after_seconds = 300"))
    books = office.sandbox.books
    office.imports(days=30)
    customer = books.new_customer(email="oud@voorbeeld.example")
    books.book(customer=customer)
    office.sandbox.world.fault(
        "reset_after", service="twikey", method="POST", path="/invoice$", times=1
    )
    office.imports(days=30)
    later(office, 0.01)
    books.edit_customer(customer, email="nieuw@voorbeeld.example")
    with office.connection() as connection:
        follow_customers(connection, CustomersRequest(by_hand=False))
    later(office, 1)
    office.imports()
    office.imports()
    (told,) = office.sandbox.twikey.books.customers
    assert told.fields["email"] == "nieuw@voorbeeld.example"


def test_a_changed_number_is_seen_at_an_invoice_that_teamleader_deleted(office: Office) -> None:
    """Guide 4: the only invoice that shows the other number is gone in Teamleader."""
    books = office.sandbox.books
    customer = books.new_customer()
    first = books.book(customer=customer)
    office.imports(days=30)
    books.delete_invoice(first)
    office.sandbox.twikey.actions["rename_customer"](customer, "KL-12")
    books.book(customer=customer)  # gets the same number, so that the deleted one is looked at
    second = books.book(customer=customer)
    later(office, 1)
    office.imports()
    office.imports()
    there = office.sandbox.twikey.books.invoices
    assert second in there
    assert there[second].customer == there[first].customer
