"""Customers that Teamleader no longer has: merged or deleted (guide 12, complaints C27 and C28)."""

from __future__ import annotations

import pytest

from tests.flows.office import Office
from tests.flows.scenes import CUSTOMER, NUMBER, book_100, held, known, run, said, twikey_customers
from tests.flows.test_customers import OTHER, later, story


@pytest.mark.parametrize("moves", [False, True])
def test_a_merged_customer_keeps_its_invoices_and_an_alias_is_proposed(
    november: Office, moves: bool
) -> None:
    """C27: A's id answers 404: its invoices stay, nothing is re-created, B is proposed."""
    books = november.sandbox.books
    november.sandbox.world.rules.change({"merge_moves_invoices": moves})
    books.edit_customer(CUSTOMER, vat_number="BE 0403.019.261")
    books.new_customer(id=OTHER, name="Klant Groep NV", vat_number="BE0403019261")
    known(november)
    book_100(november, number="2024 / 98", customer=OTHER)
    november.imports(days=30)
    before = november.twikey_invoices()
    later(november, minutes=5)
    books.merge_customers(CUSTOMER, OTHER)
    later(november, minutes=5)
    outcome = run(november, "customers", "--all")
    assert outcome.code == 2
    words = said(outcome)
    assert "CUSTOMER_DELETED" in words and "2024 / 99" in words
    assert "Klant Groep NV" in words and OTHER in words
    for _ in range(2):
        later(november, minutes=15)
        november.imports()
    assert november.twikey_invoices() == before
    assert set(twikey_customers(november)) == {CUSTOMER, OTHER}
    assert story(november).count("not found in Teamleader") == 1
    assert run(november, "status").code == 2
    november.sandbox.twikey.actions["manual_paid"]("2024 / 99")
    november.imports()
    assert run(november, "customers").code == 0


def test_a_deletion_is_noticed_within_a_day_by_itself(november: Office) -> None:
    """C27: no list tells of a deletion, so the customers of open invoices are asked for daily."""
    known(november)
    november.imports()
    november.sandbox.books.delete_customer(CUSTOMER)
    later(november, hours=1)
    november.imports()
    with november.ledger() as ledger:
        assert ledger.alerts.open() == []
    later(november, hours=24)
    november.imports()
    with november.ledger() as ledger:
        assert [row["code"] for row in ledger.alerts.open()] == ["CUSTOMER_DELETED"]


def test_taking_its_invoices_back_settles_a_deleted_customer(november: Office) -> None:
    """A22, C27: after `undo` nothing of it is open in Twikey, so `status` has nothing to say."""
    known(november)
    november.sandbox.books.delete_customer(CUSTOMER)
    assert run(november, "customers", "--all").code == 2
    assert "CUSTOMER_DELETED" in said(run(november, "status"))
    assert run(november, "undo", "last", "--yes").code == 0
    assert "CUSTOMER_DELETED" not in said(run(november, "status"))


def test_an_invoice_of_a_deleted_customer_is_not_retried_for_ever(november: Office) -> None:
    """C28: held with CUSTOMER_GONE, tried again three times, then it waits for a person."""
    book_100(november)
    november.sandbox.books.delete_customer(CUSTOMER)
    november.imports(days=30)
    asked = 0
    for _ in range(12):
        november.forget_calls()
        later(november, days=1, minutes=1)
        november.imports()
        asked += len(november.calls("teamleader", "/companies.info"))
        assert held(november) == {NUMBER: "CUSTOMER_GONE"}
    assert asked == 3
    with november.ledger() as ledger:
        (row,) = ledger.desk.held()
        assert row["next_try_at"] is None
    assert run(november, "retry", NUMBER).code == 2
    november.sandbox.books.new_customer(id=CUSTOMER, name="Klant NV")
    assert run(november, "retry", NUMBER).code == 0
    assert list(november.twikey_invoices()) == [NUMBER]


def test_a_deleted_customer_that_is_back_frees_its_invoices(november: Office) -> None:
    """C28: Teamleader lists it again, so what waited for it is decided by itself."""
    book_100(november)
    found = november.sandbox.books.customers[CUSTOMER]
    november.sandbox.books.delete_customer(CUSTOMER)
    november.imports(days=30)
    for _ in range(4):
        later(november, days=1, minutes=1)
        november.imports()
    november.sandbox.books.customers[CUSTOMER] = found
    november.sandbox.books.edit_customer(CUSTOMER)
    for _ in range(2):
        later(november, minutes=15)
        november.imports()
    assert held(november) == {}
    assert list(november.twikey_invoices()) == [NUMBER]
