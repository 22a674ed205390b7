"""Complaints about customers, cents, currencies and days, end to end (acceptance 3)."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.flows.office import CONFIG, Office
from tests.flows.sights import OpenOffice, booked, creates, held, pass_time

CENTS = (
    1, 7, 10, 29, 57, 58, 115, 435, 1001, 1_005, 8_175, 14_985, 29_995, 101_010,
    590_000, 590_001, 1_234_567, 99_999_999, 999_999_999, 45_035_996_273,
)  # fmt: skip
SIZES = pytest.mark.parametrize("one_by_one", [True, False], ids=["single", "bulk"])


# ---- C29: a customer without anything to match on


@pytest.mark.parametrize("kind", ["contact", "company"])
def test_a_customer_with_nothing_to_match_on_exists_once(office: Office, kind: str) -> None:
    """C29: without VAT number and e-mail, imported over and over: one customer, keyed by its id."""
    books = office.sandbox.books
    customer = books.new_customer(kind, email=None)
    for n in range(3):
        for _ in range(1 + 11 * (n == 1)):
            books.book(customer=customer)
        office.imports(days=30)
        office.imports()
        pass_time(office, hours=1)
    found = office.sandbox.twikey.dump()["customers"]
    assert [one["customerNumber"] for one in found] == [customer]
    assert len(office.twikey_invoices()) == 14


def test_two_customers_of_one_name_stay_two(office: Office) -> None:
    """C29: the same name twice is two customers, for nothing but the id tells them apart."""
    books = office.sandbox.books
    pair = [books.new_customer(name="Jansen BV", email=None) for _ in range(2)]
    for customer in pair:
        books.book(customer=customer)
    office.imports(days=30)
    found = office.sandbox.twikey.dump()["customers"]
    assert sorted(one["customerNumber"] for one in found) == sorted(pair)


# ---- C30: cents


@SIZES
@pytest.mark.parametrize("as_text", [True, False])
def test_amounts_are_equal_to_the_cent(
    open_office: OpenOffice, one_by_one: bool, as_text: bool
) -> None:
    """C30: totals that floats cannot hold cross and compare equal, also after a lost ledger."""
    office = open_office(twikey_amount_as_text=as_text)
    books = office.sandbox.books
    amounts: dict[str, int] = {}
    for cents in CENTS:
        amounts[booked(office, books.book(amount=cents))] = cents
        if one_by_one:
            office.imports(days=30)
    partly = books.book(amount=590_001)
    books.pay(partly, 500_000)
    amounts[booked(office, partly)] = 590_001
    assert office.imports(days=30).exit_code == 0
    assert {n: i["cents"] for n, i in office.twikey_invoices().items()} == amounts
    standing = office.twikey_invoices()[booked(office, partly)]
    assert standing["prepaid_cents"] == 500_000
    written = [
        invoice
        for call in creates(office)
        for found in [json.loads(call.request.body, parse_float=Decimal)]
        for invoice in (found if isinstance(found, list) else [found])
    ]
    assert {i["number"]: Decimal(i["amount"]) * 100 for i in written} == amounts
    (office.home / "ledger.db").unlink()
    office.grant()
    plan = office.imports(days=30, dry_run=True)
    assert (plan.sent, plan.held, plan.adopted) == (0, 0, len(amounts))


# ---- C31: currencies


@SIZES
def test_another_currency_waits_for_a_profile_of_its_own(office: Office, one_by_one: bool) -> None:
    """C31: USD is held with CURRENCY in plan and run, until the profile is declared for USD."""
    books = office.sandbox.books
    dollars = books.book(currency="USD", field_value="1422")
    if not one_by_one:
        for _ in range(12):
            books.book()
    euros = 0 if one_by_one else 12
    field = f'[custom_fields]\ninvoice = "{books.definition("invoice")}"\n'
    office.configure(CONFIG + field)
    for dry_run in (True, False):
        report = office.imports(days=30, dry_run=dry_run)
        assert (report.sent, report.held, report.reasons) == (euros, 1, {"CURRENCY": 1})
    assert held(office)[dollars]["reason"] == "CURRENCY"
    assert booked(office, dollars) not in office.twikey_invoices()
    office.configure(f'{CONFIG}[profiles.1422]\ncurrency = "USD"\n{field}')
    assert office.run("retry", "CURRENCY").code == 0
    assert office.twikey_invoices()[booked(office, dollars)]["ct"] == 1422


def test_euros_do_not_go_on_a_profile_for_dollars(office: Office) -> None:
    """C31: the other way round it is a mistake too."""
    books = office.sandbox.books
    wrong = books.book(field_value="1422")
    field = f'[custom_fields]\ninvoice = "{books.definition("invoice")}"\n'
    office.configure(f'{CONFIG}[profiles.1422]\ncurrency = "USD"\n{field}')
    assert office.imports(days=30).reasons == {"CURRENCY": 1}
    assert held(office)[wrong]["reason"] == "CURRENCY"


# ---- C32: days


@pytest.fixture(params=["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def worker_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """Let the worker live in another time zone than the books."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    "at", ["2024-03-31T21:30:00", "2024-03-31T22:30:00", "2024-03-31T23:30:00"]
)
def test_days_are_teamleaders_own(open_office: OpenOffice, worker_zone: str, at: str) -> None:
    """C32: 31 March booked near midnight stays 31 March, and today is the day in Brussels."""
    office = open_office(connected=False)
    now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    office.sandbox.world.set_clock(now)
    office.clock.shift = now - datetime.now(UTC)
    office.grant()
    books = office.sandbox.books
    one = books.book(date="2024-03-31", due="2024-04-30")
    older = books.book(date="2024-03-30", due="2024-03-31")
    report = office.imports(days=0, dry_run=True)
    today = "2024-03-31" if at.endswith("21:30:00") else "2024-04-01"
    (asked,) = office.calls("teamleader", "/invoices.list")
    assert asked.parameters["filter"]["invoice_date_after"] == today
    assert report.read == (1 if today == "2024-03-31" else 0)
    report = office.imports(days=30)
    assert report.sent == 2
    assert report.notices.get("OVERDUE", 0) == (0 if today == "2024-03-31" else 1)
    standing = office.twikey_invoices()
    for booking, dates in (
        (one, ("2024-03-31", "2024-04-30")),
        (older, ("2024-03-30", "2024-03-31")),
    ):
        found = standing[booked(office, booking)]
        assert (found["date"], found["duedate"]) == dates
