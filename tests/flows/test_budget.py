"""The request budget: how many calls a run may cost, counted from the sandbox's journal."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.flows.office import CONFIG, Office
from tests.flows.scenes import MORNING, at
from tests.flows.sights import OpenOffice, days_ago, pass_time

INVOICES = 1_000
CUSTOMERS = 500
LISTS = ["/invoices.list", "/creditNotes.list", "/companies.list", "/contacts.list"]


def counted(office: Office, service: str) -> Counter[str]:
    """Return how often each address of a service was called."""
    return Counter(call.path for call in office.calls(service))


def fill(office: Office, *, contacts: int = 250) -> None:
    """Book a thousand invoices of five hundred customers, and fifty credit notes."""
    books = office.sandbox.books
    kinds = ["contact"] * contacts + ["company"] * (CUSTOMERS - contacts)
    customers = [books.new_customer(kind) for kind in kinds]
    for n in range(INVOICES):
        booking = books.book(
            amount=10_000 + n, customer=customers[n % CUSTOMERS], date=days_ago(office, n % 28)
        )
        if n % 20 == 0:
            books.credit(booking, 1_000, date=days_ago(office, n % 28))


def with_field(office: Office) -> str:
    """Return settings with a custom field on invoices."""
    field = office.sandbox.books.definition("invoice")
    return f'{CONFIG}[custom_fields]\ninvoice = "{field}"\n'


def test_an_idle_poll_is_four_lists_and_one_call_to_twikey(office: Office) -> None:
    """An idle poll costs 4 Teamleader lists, 1 Twikey call, no login and no renewal."""
    books = office.sandbox.books
    parent = books.book()
    books.credit(parent, 1_000)
    office.imports(days=30)
    office.imports()
    pass_time(office, hours=1)
    office.imports()
    for _ in range(3):
        pass_time(office, minutes=15)
        office.forget_calls()
        report = office.imports()
        assert counted(office, "teamleader") == Counter(LISTS)
        assert counted(office, "twikey") == Counter(["/creditor/invoice"])
        assert report.calls == {"Teamleader": 4, "Twikey": 1}


def test_an_idle_poll_from_the_command_line_costs_no_more(office: Office) -> None:
    """A new process per poll keeps token and session: the same calls, no login."""
    office.sandbox.books.book()
    assert office.run("import", "--days", "30", "--yes").code == 0
    assert office.run("import").code == 0
    office.forget_calls()
    outcome = office.run("import", "--json")
    assert outcome.json["calls"] == {"Teamleader": 4, "Twikey": 1}
    assert counted(office, "teamleader") == Counter(LISTS)
    assert counted(office, "twikey") == Counter(["/creditor/invoice"])


def test_a_backfill_asks_for_pages_and_for_customers_by_the_hundred(office: Office) -> None:
    """1,000 invoices of 500 customers: at most 22 calls to Teamleader; the second run has none."""
    fill(office)
    report = office.imports(days=30)
    assert (report.sent, report.held) == (INVOICES + 50, 0)
    calls = counted(office, "teamleader")
    assert sum(calls.values()) <= 22, calls
    assert set(calls) == set(LISTS)
    asked = [c.parameters.get("filter", {}).get("ids", []) for c in office.calls("teamleader")]
    assert sum(map(len, asked)) == CUSTOMERS
    bulks = office.calls("twikey", "/creditor/invoice/bulk")
    assert sum(call.method == "POST" for call in bulks) <= 3
    office.forget_calls()
    again = office.imports(days=30)
    assert (again.read, again.known, again.sent) == (INVOICES + 50, INVOICES + 50, 0)
    assert set(counted(office, "teamleader")) == {"/invoices.list", "/creditNotes.list"}
    assert set(counted(office, "twikey")) == {"/creditor/invoice"}


def test_a_plan_costs_no_more_than_the_run(office: Office) -> None:
    """A dry run reads what the run reads, and writes nothing."""
    for n in range(120):
        office.sandbox.books.book(amount=10_000 + n)
    office.imports(days=30, dry_run=True)
    planned = counted(office, "teamleader")
    assert {call.method for call in office.calls("twikey", "/creditor/")} <= {"GET"}
    office.forget_calls()
    office.imports(days=30)
    assert counted(office, "teamleader") == planned


@pytest.mark.parametrize("field", [True, False], ids=["custom field", "simple mode"])
def test_details_are_asked_once_for_new_invoices_with_a_field(office: Office, field: bool) -> None:
    """invoices.info only with a custom field, only for open invoices never seen, once each."""
    if field:
        office.configure(with_field(office))
    books = office.sandbox.books
    ids = [books.book(amount=10_000 + n) for n in range(12)]
    books.pay(books.book())
    books.book(amount=0)
    office.imports(days=30)
    asked = [call.parameters["id"] for call in office.calls("teamleader", "/invoices.info")]
    assert sorted(asked) == (sorted(ids) if field else [])
    office.forget_calls()
    books.edit_invoice(ids[0], due_on=days_ago(office, -60))
    office.imports(days=30)
    office.imports()
    assert not office.calls("teamleader", "/invoices.info")
    late = books.book()
    office.imports()
    asked = [call.parameters["id"] for call in office.calls("teamleader", "/invoices.info")]
    assert asked == ([late] if field else [])


def test_subscriptions_are_asked_once_for_all_their_invoices(office: Office) -> None:
    """subscriptions.info once per subscription, not per invoice, and not again within a day."""
    books = office.sandbox.books
    field = books.definition("subscription")
    office.configure(f'{CONFIG}[custom_fields]\nsubscription = "{field}"\n')
    subscriptions = [books.new_subscription() for _ in range(2)]
    for n in range(12):
        books.book(subscription=subscriptions[n % 2])
    office.imports(days=30)
    assert len(office.calls("teamleader", "/subscriptions.info")) == 2
    books.book(subscription=subscriptions[0])
    office.imports()
    assert len(office.calls("teamleader", "/subscriptions.info")) == 2


@pytest.mark.parametrize("page", [10, 100])
def test_a_scheduled_run_costs_what_is_new(open_office: OpenOffice, page: int) -> None:
    """One new invoice of a new customer: 4 lists and 1 batch of ids, whatever was there before."""
    office = at(open_office(connected=False, twikey_feed_page_size=page), MORNING)
    office.grant()
    books = office.sandbox.books
    for n in range(30):
        books.book(amount=10_000 + n, customer=books.new_customer())
    office.imports(days=30)
    office.imports()
    pass_time(office, hours=1)
    office.imports()
    books.book(customer=books.new_customer("contact"))
    office.forget_calls()
    report = office.imports()
    assert report.sent == 1
    assert counted(office, "teamleader") == Counter([*LISTS, "/contacts.list"])
    methods = [(call.method, call.path.rsplit("/", 1)[0]) for call in office.calls("twikey")]
    assert methods == [("GET", "/creditor"), ("POST", "/creditor"), ("PATCH", "/creditor/customer")]
