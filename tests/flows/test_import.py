"""Guide 3, 4 and 5 end to end: where an invoice lands, what an import takes, and how it adds up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import NotPermitted, ServiceUnavailable
from flows.import_booked import ImportRequest, import_booked
from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    MORNING,
    NUMBER,
    OpenOffice,
    WalkingClock,
    at,
    book_100,
    held,
    known,
    run,
    set_up,
    twikey_customers,
    writes,
)

# ---- A08: automatic off


def test_automatic_off_sends_nothing_by_schedule(november: Office) -> None:
    """A08: a scheduled run does nothing but say so; a backfill by hand works all the same."""
    set_up(november, "automatic = false")
    book_100(november)
    november.sandbox.books.credit(customer=CUSTOMER, date="2024-11-02")
    scheduled = run(november, "import")
    assert scheduled.code == 0
    assert "automatic import is off" in scheduled.out
    assert november.calls("teamleader") == november.calls("twikey") == []
    assert run(november, "import", "--days", "30").code == 0
    assert list(november.twikey_invoices()) == [NUMBER]


# ---- A19 - A21: the first import


def test_the_last_thirty_days_include_the_thirtieth(november: Office) -> None:
    """A19: of 31, 30 and 1 days ago the last two arrive, with contact and company customers."""
    contact = november.sandbox.books.new_customer("contact", first_name="Ann", last_name="Maes")
    for number, day, customer in (
        ("2024 / 69", "2024-10-04", CUSTOMER),
        ("2024 / 70", "2024-10-05", contact),
        ("2024 / 101", "2024-11-03", CUSTOMER),
    ):
        book_100(november, number=number, date=day, due="2024-12-04", customer=customer)
    report = november.imports(days=30)
    assert sorted(november.twikey_invoices()) == ["2024 / 101", "2024 / 70"]
    customers = twikey_customers(november)
    assert set(customers) == {CUSTOMER, contact}
    assert customers[CUSTOMER]["companyName"] == "Klant NV"
    assert (customers[contact]["firstname"], customers[contact]["lastname"]) == ("Ann", "Maes")
    assert (report.read, report.sent, report.new_customers) == (2, 2, 2)
    assert all(row["customerNumber"] in customers for row in november.twikey_invoices().values())


def test_a_larger_import_keeps_within_the_limit(open_office: OpenOffice) -> None:
    """A20: 400 days at a limit of 5 calls a minute: it waits, is never refused, tells progress."""
    office = open_office(
        90, connected=False, days=390, odd=0.0, rate_limit=5, twikey_create_limit=None
    )
    office.clock = WalkingClock(office.sandbox.world)
    office.grant()
    told: list[tuple[str, int]] = []
    with office.connection() as connection:
        request = ImportRequest(days=400, yes=True)
        report = import_booked(
            connection, request, tell=lambda what, done, total: told.append((what, done))
        )
    assert report.sent == report.read == len(office.twikey_invoices()) > 80
    assert not [c for c in office.calls("teamleader") if c.status == 429]
    assert {"reading invoices", "reading customers", "deciding and sending"} <= {w for w, _ in told}
    assert len(office.calls("teamleader")) <= 5 or office.clock.waited > 0


def test_a_larger_import_that_broke_goes_on(open_office: OpenOffice) -> None:
    """A20: broken off on its second page it loses nothing, and the next try does the rest once."""
    office = open_office(250, days=390, odd=0.0)
    second = office.sandbox.world.fault("status", path="invoices.list", nth=(2, 3, 4, 5))
    with pytest.raises(ServiceUnavailable):
        office.imports(days=400)
    assert second.applied == 4
    assert office.twikey_invoices() == {}
    with office.ledger() as ledger:
        assert ledger.desk.stages() == {"seen": 100}
        assert ledger.watermarks.read("invoices") is None
    report = office.imports(days=400)
    assert report.sent == len(office.twikey_invoices()) == report.read


def test_a_larger_import_that_broke_while_sending_goes_on(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A20: broken off at its second bulk, what was sent before is not sent again."""
    monkeypatch.setattr("flows.decide.CHUNK", 30)
    office = open_office(90, days=390, odd=0.0)
    office.sandbox.world.fault(
        "status", path="/invoice/bulk$", method="POST", nth=2, status=403,
        headers={"ApiErrorCode": "err_not_authorised", "ApiError": "Not authorised"},
    )  # fmt: skip
    with pytest.raises(NotPermitted):
        office.imports(days=400)
    first = len(office.twikey_invoices())
    assert first == 30
    report = office.imports(days=400)
    assert len(office.twikey_invoices()) == report.read
    assert (report.known, report.sent) == (first, report.read - first)


def test_a_changed_customer_number_is_reset(november: Office) -> None:
    """A21: "ABC" becomes the Teamleader id again, without a second customer, and it is logged."""
    known(november).sandbox.twikey.actions["rename_customer"](CUSTOMER, "ABC")
    book_100(november)
    report = november.imports(days=30)
    assert report.sent == 1
    assert list(twikey_customers(november)) == [CUSTOMER]
    assert any("ABC" in note and CUSTOMER in note for note in report.notes)
    story = run(november, "journey", CUSTOMER, "--json").json["stories"][0]["events"]
    assert [e for e in story if "ABC" in str(e["facts"])]
    assert november.twikey_invoices()[NUMBER]["customerNumber"] == CUSTOMER


def test_a_changed_customer_number_is_reset_in_a_bulk_too(november: Office) -> None:
    """A21: twelve invoices of the renamed customer arrive, on one customer, once each."""
    known(november).sandbox.twikey.actions["rename_customer"](CUSTOMER, "ABC")
    for place in range(12):
        book_100(november, number=f"2024 / {200 + place}")
    for _ in range(2):
        november.imports(days=30)
    assert len(november.twikey_invoices()) == 13
    assert list(twikey_customers(november)) == [CUSTOMER]
    assert held(november) == {}


# ---- A27 - A29: running imports


def test_only_booked_and_owed_invoices_cross(november: Office) -> None:
    """A27: of a draft, an outstanding, a paid and a zero invoice only the outstanding is sent."""
    book_100(november)
    book_100(november, number="2024 / 101", amount=0)
    november.sandbox.books.pay(book_100(november, number="2024 / 102"))
    november.sandbox.books.book(customer=CUSTOMER, draft=True)
    report = november.imports(days=30)
    assert list(november.twikey_invoices()) == [NUMBER]
    assert (report.read, report.sent, report.skipped) == (3, 1, 2)
    assert report.reasons == {"ALREADY_PAID": 1, "ZERO": 1}
    listed = [c.parameters for c in november.calls("teamleader", "/invoices.list")]
    assert all("draft" not in asked["filter"]["status"] for asked in listed)


@pytest.mark.parametrize("again", [{"days": 30}, {"days": 400}, {}, {"numbers": (NUMBER,)}])
def test_existing_invoices_are_ignored(november: Office, again: dict[str, Any]) -> None:
    """A28: a second import over an overlapping window creates nothing and updates nothing."""
    book_100(november)
    book_100(november, number="2024 / 101")
    november.imports(days=30)
    november.forget_calls()
    report = november.imports(**again)
    assert (report.sent, report.held, report.skipped) == (0, 0, 0)
    assert report.read == report.known
    assert writes(november, "twikey") == []
    assert len(november.twikey_invoices()) == 2


def test_existing_invoices_are_ignored_without_a_ledger(november: Office) -> None:
    """A28: even after the ledger was lost nothing is created or changed: all is adopted."""
    for place in range(15):
        book_100(november, number=f"2024 / {100 + place}")
    november.imports(days=30)
    november.forget_calls()
    for path in november.home.glob("ledger.db*"):
        path.unlink()
    november.grant()
    report = november.imports(days=30)
    assert (report.read, report.known, report.adopted) == (15, 15, 15)
    assert writes(november, "twikey") == []


def mixed(office: Office) -> None:
    """Let 2 be existing, then book 3 new ones and one that is held."""
    for number in ("2024 / 90", "2024 / 91"):
        book_100(office, number=number)
    office.imports(days=30)
    for number in ("2024 / 92", "2024 / 93", "2024 / 94"):
        book_100(office, number=number)
    book_100(office, number="2024 / 95", currency="USD")


def test_the_summary_has_the_numbers(november: Office) -> None:
    """A29: 3 new, 2 existing, 1 held: these numbers, the sum in euro, and the held reason."""
    mixed(november)
    report = november.imports(days=30)
    assert (report.read, report.sent, report.known, report.held, report.skipped) == (6, 3, 2, 1, 0)
    assert report.sent_cents == 36_300
    assert report.reasons == {"CURRENCY": 1}
    assert report.tie_out() == "read 6 = sent 3 + known 2 + skipped 0 + held 1"
    assert report.exit_code == 2


def test_the_summary_is_shown_with_the_cure(november: Office) -> None:
    """A29: the terminal shows the same numbers, the held number, its reason and its advice."""
    mixed(november)
    shown = run(november, "import", "--days", "30")
    assert shown.code == 2
    for wanted in ("read 6 = sent 3 + known 2 + skipped 0 + held 1", "EUR 363.00",
                   "2024 / 95", "CURRENCY", "declare a profile for that currency"):  # fmt: skip
        assert wanted in shown.out
    with november.ledger() as ledger:
        assert ledger.runs.last(1)[0].counts["held"] == 1


def test_every_dry_run_tells_what_the_run_then_does(november: Office) -> None:
    """A29: the plan's numbers are the run's numbers, and a plan sends nothing."""
    mixed(november)
    november.forget_calls()
    planned = november.imports(days=30, dry_run=True)
    assert writes(november, "twikey") == []
    done = november.imports(days=30)
    names = ("read", "sent", "known", "skipped", "held", "sent_cents", "reasons", "profiles")
    assert [getattr(planned, n) for n in names] == [getattr(done, n) for n in names]


# ---- A30: soon after booking


def test_booked_at_nine_one_it_is_there_by_nine_fifteen(november: Office) -> None:
    """A30: with a schedule of 15 minutes an invoice of 09:01 is in Twikey with the next run."""
    known(november)
    at(november, MORNING + timedelta(minutes=1))
    book_100(november, date="2024-11-04")
    at(november, MORNING + timedelta(minutes=15))
    assert november.imports().sent == 1
    assert NUMBER in november.twikey_invoices()


def test_a_run_that_could_not_work_is_made_up_for_by_the_next(november: Office) -> None:
    """A30: Twikey away at 09:15, back at 09:30: the invoice arrives then, and the run said so."""
    known(november)
    at(november, MORNING + timedelta(minutes=1))
    book_100(november, date="2024-11-04")
    at(november, MORNING + timedelta(minutes=15))
    away = november.sandbox.world.fault("status", service="twikey", status=503)
    failed = run(november, "import")
    assert failed.code == 1
    assert "Twikey" in failed.err
    assert away.applied > 0
    november.sandbox.world.faults.clear()
    at(november, MORNING + timedelta(minutes=30))
    assert november.imports().sent == 1


def test_being_behind_for_an_hour_shows(november: Office) -> None:
    """A30: when no run has ended well for an hour, status says how far behind everything is."""
    known(november)
    at(november, MORNING + timedelta(minutes=70))
    assert run(november, "status", "--json").json["behind_seconds"] >= 3600
    assert "70 min ago" in run(november, "status").out


def test_an_invoice_dated_back_is_found_by_its_booking(november: Office) -> None:
    """A30: booked today with a date of last year it is still the next run's news."""
    known(november)
    at(november, MORNING + timedelta(minutes=1))
    book_100(november, date="2023-12-30", due="2024-01-29")
    at(november, MORNING + timedelta(minutes=15))
    assert november.imports().sent == 1
