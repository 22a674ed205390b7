"""Complaints about reading and reports, each end to end through the import (acceptance 3).

What others' integrations are known to get wrong, asked of this one on the sandbox, whichever way
the unknowns of both services fall.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from connectors.errors import FilterIgnored, ServiceUnavailable
from tests.flows.office import Office
from tests.flows.sights import OpenOffice, days_ago, numbers, pass_time, watermark

# ---- C1: the filter


def test_the_window_is_asked_for_and_not_sifted_afterwards(office: Office) -> None:
    """C1: of 503 invoices 3 are in the window: the body carries the filter, only 3 are read."""
    books = office.sandbox.books
    for _ in range(500):
        books.book(date=days_ago(office, 200))
    wanted = [books.invoice(books.book(date=days_ago(office, day))).number for day in (0, 15, 30)]
    report = office.imports(days=30)
    (call,) = office.calls("teamleader", "/invoices.list")
    assert call.parameters["filter"]["invoice_date_after"] == days_ago(office, 30)
    assert (report.read, report.sent) == (3, 3)
    assert numbers(office) == sorted(str(number) for number in wanted)


@pytest.mark.parametrize("ignored", ["invoice_date_after", "credit_note_date_after"])
def test_a_row_outside_the_window_stops_the_run(open_office: OpenOffice, ignored: str) -> None:
    """C1: when the filter is ignored, the run stops with FILTER_IGNORED before anything is sent."""
    office = open_office(ignored_filters=(ignored,))
    books = office.sandbox.books
    parent = books.book(date=days_ago(office, 90))
    books.credit(parent, 5_000, date=days_ago(office, 80))
    books.book(date=days_ago(office, 1))
    with pytest.raises(FilterIgnored) as stopped:
        office.imports(days=30)
    assert stopped.value.exit_code == 1
    assert not office.twikey_invoices()
    assert watermark(office, "invoices") is None


@pytest.mark.parametrize("ignored", ["status", "updated_since"])
def test_a_row_that_no_schedule_asked_for_stops_the_run(office: Office, ignored: str) -> None:
    """C1: the scheduled question is guarded too: no draft, nothing older than the cursor."""
    books = office.sandbox.books
    office.imports(days=30)
    before = watermark(office, "invoices")
    books.book(draft=ignored == "status", updated_at=books.now() - 7200 * (ignored != "status"))
    books.book()
    office.sandbox.world.rules.ignored_filters = (ignored,)
    with pytest.raises(FilterIgnored):
        office.imports()
    assert not office.twikey_invoices()
    assert watermark(office, "invoices") == before


# ---- C20 to C23: nothing is passed over


def test_a_later_success_does_not_carry_the_cursor_past_a_failure(office: Office) -> None:
    """C20: B fails, A succeeds, the cursor passes both: B is taken up again all the same."""
    books = office.sandbox.books
    office.imports(days=30)
    failing, other = books.book(), books.book()
    refused = office.sandbox.world.fault(
        "error_header", service="twikey", method="POST", content=failing, times=2
    )
    for hours, sent in ((0, 1), (1, 0)):
        pass_time(office, hours=hours)
        report = office.imports()
        assert (report.sent, report.held, report.exit_code) == (sent, 1, 2)
    assert refused.applied == 2
    assert numbers(office) == [books.invoice(other).number]
    pass_time(office, hours=12)
    office.forget_calls()
    report = office.imports()
    asked = [call.parameters["filter"] for call in office.calls("teamleader", "/invoices.list")]
    assert asked[0] == {"ids": [failing]}
    booked_at = books.invoice(failing).updated_at
    assert datetime.fromisoformat(asked[1]["updated_since"]).timestamp() > booked_at
    assert (report.sent, report.held, report.exit_code) == (1, 0, 0)
    assert len(numbers(office)) == 2


LISTS = {
    "invoices": "invoices",
    "credit notes": "creditNotes",
    "companies": "companies",
    "contacts": "contacts",
}


@pytest.mark.parametrize("resource", LISTS)
def test_a_list_that_may_not_be_read_is_no_empty_list(office: Office, resource: str) -> None:
    """C21: 403 on a list: its cursor stays, the missing right is reported, the rest goes on."""
    books, rules = office.sandbox.books, office.sandbox.world.rules
    parent = books.book(customer=books.new_customer("contact"))
    books.book()
    office.imports(days=30)
    office.imports()
    before = {name: watermark(office, name) for name in LISTS}
    rules.forbidden = (LISTS[resource],)
    books.credit(parent, 2_000)
    pass_time(office, minutes=2)
    outcome = office.run("import", "--json")
    assert outcome.code == 1
    assert f"{LISTS[resource]}.list" in str(outcome.json)
    assert "scope" in str(outcome.json)
    assert watermark(office, resource) == before[resource]
    rules.forbidden = ()
    books.book()
    pass_time(office, hours=1)
    report = office.imports()
    assert not report.problems
    told = [alert["code"] for alert in report.alerts]
    assert told == (["PARTLY_CREDITED"] if resource == "credit notes" else [])  # it crossed now
    assert len(numbers(office)) == 4
    assert watermark(office, resource) != before[resource]


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("late", [0, 90, 599])
def test_a_row_that_was_committed_late_is_still_read(
    open_office: OpenOffice, inclusive: bool, late: int
) -> None:
    """C22: an invoice whose updated_at lies before the cursor is imported, once."""
    office = open_office(updated_since_inclusive=inclusive)
    books = office.sandbox.books
    office.imports(days=30)
    office.imports()
    cursor = watermark(office, "invoices")
    assert cursor is not None
    books.book(updated_at=int(cursor.timestamp()) - late)
    assert office.imports().sent == 1
    again = office.imports()
    assert (again.sent, again.known) == (0, 1)
    assert len(numbers(office)) == 1


@pytest.mark.parametrize("window", [{"days": 30}, {}])
def test_a_page_that_fails_ends_the_run_and_moves_no_cursor(
    office: Office, window: dict[str, int]
) -> None:
    """C23: page 2 of 3 answers 500 five times: failed, cursor unmoved, page 1 safe; then all."""
    books = office.sandbox.books
    office.imports(days=30)
    before = watermark(office, "invoices")
    pass_time(office, minutes=1)
    for _ in range(230):
        books.book()
    broken = office.sandbox.world.fault(
        "status", path="^/invoices.list$", content='"number":2', times=5
    )
    with pytest.raises(ServiceUnavailable):
        office.imports(**window)
    assert broken.applied == 4
    assert watermark(office, "invoices") == before
    assert not office.twikey_invoices()
    with office.ledger() as ledger:
        assert ledger.desk.stages() == {"seen": 100}
        assert ledger.runs.last(1)[0].outcome == "stopped"
    broken.times = 0
    report = office.imports(**window)
    assert (report.read, report.sent, len(numbers(office))) == (230, 230, 230)


@pytest.mark.parametrize("meta", [True, False])
@pytest.mark.parametrize("shuffled", [True, False])
def test_a_list_is_read_to_its_end(open_office: OpenOffice, meta: bool, shuffled: bool) -> None:
    """C23: a full page is never the last, with and without totals, in whatever order rows come."""
    office = open_office(pagination_meta=meta, shuffle_ties=shuffled, shuffle_credit_notes=shuffled)
    books = office.sandbox.books
    parents = [books.book() for _ in range(100)]
    for parent in parents:
        books.credit(parent, 1_000)
    office.imports(days=30)
    pages = [c.parameters["page"]["number"] for c in office.calls("teamleader", "/invoices.list")]
    assert pages[:2] == [1, 2]
    assert len(numbers(office)) == 200


# ---- C26: the summary


def test_the_summary_adds_up_and_names_every_reason(office: Office) -> None:
    """C26: 40 read = 30 sent + 8 skipped + 2 held, and each skip and hold has its reason."""
    books = office.sandbox.books
    booked = [books.book(amount=1_000 + n) for n in range(30)]
    for _ in range(3):
        books.book(amount=0)
    for _ in range(4):
        books.pay(books.book())
    books.book(amount=-5_000)
    books.book(currency="USD")
    books.book(customer=None)
    outcome = office.run("import", "--days", "30", "--yes")
    assert outcome.code == 2
    assert "read 40 = sent 30 + known 0 + skipped 8 + held 2" in outcome.out
    assert "4 ALREADY_PAID, 1 NEGATIVE, 3 ZERO" in outcome.out
    assert "CURRENCY" in outcome.out
    assert "CUSTOMER_MISSING" in outcome.out
    cents = sum(books.invoice(one).payable for one in booked)
    assert f"EUR {cents // 100:,}.{cents % 100:02d}" in outcome.out
