"""Guide 2, 5, 11, 12: automatic, or started by hand (decisions 8)."""

from __future__ import annotations

import pytest

from connectors.errors import NeverImported
from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    NUMBER,
    OpenOffice,
    book_100,
    held,
    in_november,
    run,
    set_up,
    twikey_customers,
    writes,
)

OFF = "automatic = false"
CN = "CN2024/7"


@pytest.fixture
def november(open_office: OpenOffice) -> Office:
    """Open an office with an invoice, a credit note on it, and automatic import off."""
    office = in_november(open_office)
    invoice = book_100(office)
    office.sandbox.books.credit(invoice, 3_000, date="2024-11-02", number="2024/7")
    set_up(office, OFF)
    return office


def news(office: Office) -> None:
    """Let something of every kind happen in Teamleader after a first import."""
    book_100(office, number="2024 / 101")
    office.sandbox.books.credit(customer=CUSTOMER, date="2024-11-03")
    office.sandbox.books.edit_customer(CUSTOMER, email="new@klant.example")


# ---- off, by schedule


def test_a_scheduled_run_sends_nothing_and_says_so(november: Office) -> None:
    """A08: no invoice, no credit note, no customer; exit code 0, and the sentence."""
    assert run(november, "import", "--days", "30").code == 0
    news(november)
    november.forget_calls()
    done = run(november, "import")
    assert done.code == 0
    assert "automatic import is off" in done.out
    assert "--days" in done.out
    assert november.calls("teamleader") == november.calls("twikey") == []


def test_a_scheduled_run_says_so_to_machines(november: Office) -> None:
    """A08: the JSON of such a run has the outcome off and all numbers at zero."""
    shown = run(november, "import", "--json").json
    assert (shown["outcome"], shown["exit_code"]) == ("off", 0)
    assert {shown[name] for name in ("read", "sent", "known", "skipped", "held")} == {0}


def test_a_scheduled_run_leaves_no_mark(november: Office) -> None:
    """A08: when it is switched on again, everything since the last import is still news."""
    run(november, "import", "--days", "30", "--credit-notes")
    news(november)
    run(november, "import")
    set_up(november, "automatic = true")
    report = november.imports()
    assert report.sent == 2
    assert twikey_customers(november)[CUSTOMER]["email"] == "new@klant.example"


def test_a_scheduled_run_of_an_empty_ledger_needs_a_first_import(november: Office) -> None:
    """A23: with automatic on, the first import is a person's: the schedule says how to do it."""
    set_up(november, "automatic = true")
    with pytest.raises(NeverImported) as refused:
        november.imports()
    assert "--dry-run" in refused.value.advice
    assert november.twikey_invoices() == {}
    assert run(november, "import").code == 1


# ---- off, by hand


@pytest.mark.parametrize(
    "by_hand", [("--days", "30"), ("--since", "2024-11-01"), ("--number", NUMBER)]
)
def test_what_is_started_by_hand_works(november: Office, by_hand: tuple[str, ...]) -> None:
    """A08: a backfill, a window and a single number are a person's wish and are done."""
    assert run(november, "import", *by_hand).code == 0
    assert list(november.twikey_invoices()) == [NUMBER]


def test_credit_notes_come_only_when_asked_for(november: Office) -> None:
    """A47: off, a backfill leaves credit notes alone, unless they are asked for by hand."""
    run(november, "import", "--days", "30")
    assert CN not in november.twikey_invoices()
    run(november, "import", "--days", "30", "--credit-notes")
    assert november.twikey_invoices()[CN]["cents"] == -3_000


def test_held_bookings_are_retried_by_hand(november: Office) -> None:
    """A08: retry is a person's word: it works while automatic is off, the schedule does not."""
    dollars = book_100(november, number="2024 / 101", currency="USD")
    assert run(november, "import", "--days", "30").code == 2
    november.sandbox.books.edit_invoice(dollars, currency="EUR")
    assert run(november, "import").code == 0
    assert held(november) == {"2024 / 101": "CURRENCY"}
    assert run(november, "retry", "2024 / 101").code == 0
    assert "2024 / 101" in november.twikey_invoices()


# ---- on


def test_automatic_brings_invoices_credit_notes_and_customers(november: Office) -> None:
    """A30: on, one scheduled run brings the new invoice, the credit note and the customer."""
    set_up(november, "automatic = true")
    november.imports(days=30)
    news(november)
    report = november.imports()
    assert (report.sent, report.held) == (2, 0)
    assert len([n for n in november.twikey_invoices() if n.startswith("CN")]) == 2
    assert twikey_customers(november)[CUSTOMER]["email"] == "new@klant.example"


def test_switching_off_stops_the_next_run(november: Office) -> None:
    """A08: the setting counts from the next run on, nothing has to be restarted."""
    set_up(november, "automatic = true")
    november.imports(days=30)
    set_up(november, OFF)
    news(november)
    november.forget_calls()
    assert november.imports().outcome == "off"
    assert writes(november, "twikey") == []
