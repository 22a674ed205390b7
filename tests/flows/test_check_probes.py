"""Guide 2 and 3: each further probe of `check`, with the fault it finds and its cure."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from flows.check_teamleader import API_VERSION
from tests.flows.office import Office
from tests.flows.scenes import (
    NUMBER,
    OpenOffice,
    book_100,
    free_port,
    in_november,
    no_secrets,
    run,
    set_up,
)
from tests.flows.test_check import SOMEWHERE, found, probe

ME = json.dumps(
    {
        "data": {
            "id": SOMEWHERE,
            "account": {"type": "account", "id": SOMEWHERE},
            "first_name": "An",
            "last_name": "Peeters",
            "email": "an@voorbeeld.example",
        }
    }
)


# ---- Teamleader: access, version, clock, departments, scopes, payment methods


def test_a_withdrawn_access_ends_the_probing(office: Office) -> None:
    """Guide 3 "the link must be active": nothing else can be asked, and the cure is connect."""
    office.sandbox.teamleader.authority.revoke()
    assert "connect" in found(office, "Teamleader access", "fails").cure
    assert office.calls("twikey") == []


def test_an_access_to_another_account_fails(office: Office) -> None:
    """Guide 2: the ledger belongs to one account; an access to another one is found out."""
    with office.ledger() as ledger:
        ledger.facts.write("teamleader account", SOMEWHERE)
    assert SOMEWHERE in found(office, "Teamleader access", "fails").sentence


def test_another_version_of_the_api_is_a_warning(office: Office) -> None:
    """Guide 2: answers of another version than asked for may read differently."""
    with office.connection() as connection:
        connection.teamleader.me()
        assert connection.teamleader.api_version_seen == API_VERSION
    office.sandbox.world.fault(
        "status", path="users.me", status=200, body=ME,
        headers={"X-Api-Version": "2022-09-15", "Content-Type": "application/json"},
    )  # fmt: skip
    assert "2022-09-15" in found(office, "Teamleader version", "warns").sentence


@pytest.mark.parametrize(("minutes", "seconds"), [(-5, "299 300 301"), (1441, "86459 86460 86461")])
def test_a_clock_that_is_off_is_a_warning(office: Office, minutes: int, seconds: str) -> None:
    """Guide 2: tokens and watermarks need the right time, also by more than a day; cure is NTP."""
    office.clock.shift = timedelta(minutes=minutes)
    office.grant()
    finding = found(office, "clock", "warns")
    assert any(f"off by {each} s" in finding.sentence for each in seconds.split())
    assert "NTP" in finding.cure


def test_departments_are_listed_with_their_ids(open_office: OpenOffice) -> None:
    """Guide 2: what can be chosen is shown by name and id."""
    office = open_office(departments=2)
    listed = found(office, "Teamleader departments").sentence
    for department in office.sandbox.books.departments:
        assert f"{department.name} ({department.id})" in listed


@pytest.mark.parametrize("setting", ["departments", "number_prefix"])
def test_a_department_that_is_not_there_fails(office: Office, setting: str) -> None:
    """Guide 2: an id that no department has would silently import nothing, so it fails."""
    if setting == "departments":
        set_up(office, f'departments = ["{SOMEWHERE}"]')
    else:
        set_up(office, tables=f'[number_prefix]\n"{SOMEWHERE}" = "BE-"')
    assert f"{setting} names {SOMEWHERE}" in found(office, "departments", "fails").sentence


def test_a_department_in_another_currency_is_a_warning(office: Office) -> None:
    """Guide 2: a department that invoices in dollars is held unless a profile is declared."""
    office.sandbox.books.departments[0].currency = "USD"
    assert "USD" in found(office, "currency", "warns").sentence


@pytest.mark.parametrize(
    ("resource", "scope"),
    [
        ("invoices", "invoices"),
        ("creditNotes", "credit notes"),
        ("companies", "companies"),
        ("contacts", "contacts"),
    ],
)
def test_a_missing_scope_is_named_by_itself(office: Office, resource: str, scope: str) -> None:
    """Guide 2: the one list that may not be read fails, the others are still probed."""
    office.sandbox.world.rules.change({"forbidden": (resource,)})
    failing = [f for f in probe(office) if f.state == "fails"]
    assert [f.probe for f in failing] == [f"scope {scope}"]
    assert "scope" in failing[0].cure
    assert run(office, "check").code == 1


def test_payment_methods_are_looked_up(office: Office) -> None:
    """Guide 5: a method to write payments back with must be an active one of Teamleader."""
    methods = office.sandbox.books.payment_methods
    set_up(office, tables=f'[payments.methods]\nsdd = "{methods[0]["id"]}"')
    assert methods[0]["name"] in found(office, "payment method").sentence
    set_up(office, tables=f'[payments.methods]\nsdd = "{SOMEWHERE}"')
    assert "payments.methods.sdd" in found(office, "payment method", "fails").sentence


# ---- Twikey: key, address, what it answers


def test_a_wrong_key_fails_with_the_variable(office: Office) -> None:
    """Guide 2: the cure names TWIKEY_API_KEY, and the key itself is never shown."""
    office.environment["TWIKEY_API_KEY"] = "a-key-that-nobody-has"
    failing = [f for f in probe(office) if f.state == "fails"]
    assert failing
    assert all("TWIKEY_API_KEY" in f.cure for f in failing)
    shown = run(office, "check")
    assert shown.code == 1
    no_secrets(office, shown.out, shown.err)


def test_an_unreachable_host_is_a_finding(office: Office) -> None:
    """Guide 2: nobody answers there: a sentence with the service's name, no traceback."""
    office.environment["TWIKEY_API_URL"] = f"http://127.0.0.1:{free_port()}/creditor"
    failing = [f for f in probe(office) if f.state == "fails"]
    assert failing
    assert all("Twikey" in f.sentence for f in failing)


def test_a_portal_instead_of_the_service_is_a_finding(office: Office) -> None:
    """Guide 2: HTML instead of JSON means the address is wrong, and the cure says so."""
    office.sandbox.world.fault("html", service="teamleader", path="departments")
    failing = [f for f in probe(office) if f.state == "fails"]
    assert [f.probe for f in failing] == ["Teamleader departments"]
    assert "address" in failing[0].cure


# ---- what would clash


def clashing(open_office: OpenOffice) -> tuple[Office, list[str]]:
    """Open an office with two departments that both have a "2024 / 17"."""
    office = in_november(open_office, departments=2)
    departments = [department.id for department in office.sandbox.books.departments]
    for department in departments:
        book_100(office, number="2024 / 17", department=department)
    return office, departments


def test_a_number_of_two_departments_is_foretold(open_office: OpenOffice) -> None:
    """C15: check warns of it before the first write, and names the number."""
    office, _ = clashing(open_office)
    finding = found(office, "number clashes", "warns")
    assert "2024 / 17" in finding.sentence
    assert "number_prefix" in finding.cure


def test_a_prefix_or_a_choice_cures_the_clash(open_office: OpenOffice) -> None:
    """C15: with a prefix, or with one of the two left out, nothing clashes any more."""
    office, departments = clashing(open_office)
    set_up(office, tables=f'[number_prefix]\n"{departments[1]}" = "NL-"')
    assert found(office, "number clashes").state == "ok"
    set_up(office, f'departments = ["{departments[0]}"]')
    assert found(office, "number clashes").state == "ok"


def test_another_importer_gives_itself_away(open_office: OpenOffice) -> None:
    """Guide 2: an invoice that stands in Twikey under a foreign id came by somebody else."""
    office = in_november(open_office)
    book_100(office)
    office.sandbox.twikey.actions["enter_by_hand"](NUMBER, 121.0, date="2024-11-01")
    finding = found(office, "another importer", "warns")
    assert NUMBER in finding.sentence
    assert "adopted" in finding.cure


def test_our_own_invoices_are_no_other_importer(open_office: OpenOffice) -> None:
    """Guide 2: what this job itself sent raises no alarm."""
    office = in_november(open_office)
    book_100(office)
    assert office.imports(days=30).sent == 1
    assert found(office, "another importer").sentence == "No sign of one."


def test_check_beside_a_run_looks_at_the_rest(office: Office) -> None:
    """Decisions 5: while a run is at work its feed is left alone, and that is said."""
    with office.ledger() as ledger, ledger.lock.held("import", office.clock.now()):
        assert "Not looked at" in found(office, "another importer").sentence


def test_what_is_held_is_pointed_to(office: Office) -> None:
    """Guide 2: check says how many bookings wait, and where to look."""
    office.sandbox.books.book(currency="USD")
    assert office.imports(days=30).held == 1
    finding = found(office, "ledger", "warns")
    assert "1 held" in finding.sentence
    assert "held" in finding.cure
