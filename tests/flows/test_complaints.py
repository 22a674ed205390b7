"""Complaints about reading, access and reports, each end to end through the import (acceptance 3).

What others' integrations are known to get wrong, asked of this one on the sandbox, whichever way
the unknowns of both services fall.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Disconnected, FilterIgnored, ServiceUnavailable
from connectors.ledger.vault import Vault
from connectors.teamleader.auth import Tokens
from flows.settings import LEDGER_NAME
from tests.flows.office import Office, environment_of

OpenOffice = Callable[..., Office]
REPOSITORY = Path(__file__).parents[2]


def days_ago(office: Office, days: int) -> str:
    """Return the date so many days before the books' today."""
    return (office.sandbox.books.today() - timedelta(days=days)).isoformat()


def watermark(office: Office, resource: str) -> datetime | None:
    """Return up to where a resource was read."""
    with office.ledger() as ledger:
        return ledger.watermarks.read(resource)


def numbers(office: Office) -> list[str]:
    """Return the numbers that stand in Twikey, in order."""
    return sorted(office.twikey_invoices())


def creates(office: Office) -> int:
    """Return how many single creates left."""
    return sum(call.method == "POST" for call in office.calls("twikey", "/creditor/invoice"))


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


# ---- C2, C3: the access


def stored(office: Office) -> Tokens:
    """Return the pair that is stored now."""
    vault = Vault(office.home / LEDGER_NAME)
    try:
        tokens = vault.read_tokens()
        assert tokens is not None
        return tokens
    finally:
        vault.close()


def refreshes(office: Office) -> int:
    """Return how many pairs of tokens were asked for."""
    return len(office.calls("teamleader", "/oauth2/access_token"))


def test_an_access_that_just_ended_is_renewed_once_and_the_call_repeated(office: Office) -> None:
    """C2: one refresh, the pair stored before it is used, and the refused call made once more."""
    office.sandbox.books.book()
    office.sandbox.teamleader.authority.expire_access()
    used: list[tuple[str, str]] = []

    def note(request: Any) -> None:
        used.append((request.headers["Authorization"], stored(office).access_token))

    office.sandbox.world.fault("call", path="^/invoices.list$", nth=2, action=note)
    report = office.imports(days=30)
    lists = office.calls("teamleader", "/invoices.list")
    assert [call.status for call in lists] == [401, 200]
    assert lists[0].parameters == lists[1].parameters
    assert refreshes(office) == 1
    assert used == [(f"Bearer {stored(office).access_token}", stored(office).access_token)]
    assert report.sent == 1


@pytest.mark.parametrize("seconds", [-1.0, 200.0])
def test_an_access_about_to_end_is_renewed_before_it_is_used(
    office: Office, seconds: float
) -> None:
    """C2: expired a second ago, or in a few minutes: one refresh and no refused call."""
    office.grant(expires_in=seconds)
    office.imports(days=30)
    assert refreshes(office) == 1
    assert all(call.status == 200 for call in office.calls("teamleader"))


def test_two_processes_with_an_expired_access_renew_it_once(office: Office) -> None:
    """C3: two processes start together with an expired token: one refresh, and both finish."""
    office.sandbox.books.book()
    office.grant(expires_in=-1)
    office.sandbox.world.fault("delay", path="access_token", seconds=0.3)
    command = [sys.executable, "-m", "flows.cli", "check", "--json"]
    both = [
        subprocess.Popen(
            command, cwd=REPOSITORY, env=environment_of(office), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert refreshes(office) == 1


def test_a_newer_pair_of_somebody_else_is_used_without_an_alarm(office: Office) -> None:
    """C3: another host renewed meanwhile: the stored pair is taken, nothing is asked or told."""
    office.sandbox.books.book()
    authority = office.sandbox.teamleader.authority

    def elsewhere(request: Any) -> None:
        spent = authority.by_refresh[stored(office).refresh_token]
        spent.used = True
        office.grant()

    office.sandbox.world.fault("call", path="^/invoices.list$", nth=1, action=elsewhere)
    outcome = office.run("import", "--days", "30", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["problems"] == []
    assert [c.status for c in office.calls("teamleader", "/invoices.list")] == [401, 200]
    assert refreshes(office) == 0


@pytest.mark.parametrize("shape", ["oauth", "errors"])
def test_a_consent_taken_back_is_said_and_loses_nothing(
    open_office: OpenOffice, shape: str
) -> None:
    """C3: an access that is really dead is called so, whichever way the refusal is written."""
    office = open_office(refresh_failure=shape)
    office.sandbox.books.book()
    office.sandbox.teamleader.authority.revoke()
    with pytest.raises(Disconnected):
        office.imports(days=30)
    assert not office.twikey_invoices()
    office.grant()
    assert office.imports(days=30).sent == 1


# ---- C20 to C23: nothing is passed over


def test_a_later_success_does_not_carry_the_cursor_past_a_failure(office: Office) -> None:
    """C20: B (10:00) is refused and A (12:00) crosses: the next run takes B up all the same."""
    books = office.sandbox.books
    office.imports(days=30)
    early, late = books.book(updated_at=books.now() - 7200), books.book()
    number = str(books.invoice(early).number)
    books.edit_invoice(early, updated_at=books.now() - 540)
    office.sandbox.world.fault("error_header", method="POST", content=early, times=1)
    report = office.imports()
    assert (report.sent, report.held, report.exit_code) == (1, 1, 2)
    assert numbers(office) == [books.invoice(late).number]
    office.clock.shift = timedelta(hours=2)
    office.sandbox.world.advance(7200)
    since = watermark(office, "invoices")
    assert since is not None
    assert since - timedelta(minutes=10) > datetime.fromtimestamp(books.now() - 7740, UTC)
    office.grant()
    report = office.imports()
    assert (report.sent, report.held, report.exit_code) == (1, 0, 0)
    assert number in numbers(office)


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
    office.sandbox.world.advance(120)
    office.clock.shift = timedelta(seconds=120)
    outcome = office.run("import", "--json")
    assert outcome.code == 1
    assert f"{LISTS[resource]}.list" in str(outcome.json)
    assert "scope" in str(outcome.json)
    assert watermark(office, resource) == before[resource]
    rules.forbidden = ()
    books.book()
    office.clock.shift = timedelta(hours=1)
    office.sandbox.world.advance(3600)
    office.grant()
    report = office.imports()
    assert report.exit_code == 0, report
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
    office.sandbox.world.advance(60)
    office.clock.shift = timedelta(seconds=60)
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
