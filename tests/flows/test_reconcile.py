"""`reconcile`: both sides of a real sandbox compared, one of each bucket, nothing changed (B4)."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger.store import Store
from flows.settings import LEDGER_NAME
from tests.flows.office import CONFIG, Office, Outcome
from tests.flows.scenes import run, said, writes
from tests.flows.sights import OpenOffice, days_ago, pass_time

THOUSAND = 1_000


def compared(office: Office, *arguments: str, code: int = 2) -> dict[str, Any]:
    """Reconcile and return the report; both sides must add up to what they hold."""
    outcome = office.run("reconcile", "--json", *arguments)
    assert outcome.code == code, said(outcome)
    report: dict[str, Any] = outcome.json
    assert report["exit_code"] == code
    listed = {"teamleader": 0, "twikey": 0}
    for row in report["buckets"]:
        for side in listed:
            listed[side] += row[side]
    shown = [row for row in report["documents"] if row["teamleader_amount"] is not None]
    assert len(shown) == listed["teamleader"]
    assert len([r for r in report["documents"] if r["twikey_amount"]]) == listed["twikey"]
    return report


def buckets(report: dict[str, Any]) -> dict[str, set[str]]:
    """Return which numbers are in which bucket."""
    found: dict[str, set[str]] = {}
    for row in report["documents"]:
        found.setdefault(row["bucket"], set()).add(row["number"] or row["twikey_number"])
    return found


def number(office: Office, booking: str) -> str:
    """Return the number of an invoice."""
    return str(office.sandbox.books.invoice(booking).number)


def alter(office: Office, sql: str, *values: object) -> None:
    """Change the ledger behind everybody's back, as only a fault could."""
    store = Store(office.home / LEDGER_NAME)
    store.write(sql, values)
    store.close()


def all_agreeing(office: Office) -> str:
    """Book, import, and attach the PDF of one invoice; return its id."""
    office.sandbox.world.rules.change({"rendering_seconds": 0})
    invoice = office.sandbox.books.book()
    assert office.imports(days=30).sent == 1
    assert office.run("follow-up", "--pdfs").code == 0
    return invoice


def test_agreement_is_clean(office: Office) -> None:
    """B4: what waits for its payment agrees; so does what was paid and written back: code 0."""
    invoice = all_agreeing(office)
    report = compared(office, code=0)
    assert buckets(report) == {"waiting payment": {number(office, invoice)}}
    assert report["differing"] == [] and report["command"] is None
    office.sandbox.twikey.actions["pay_link"](invoice)
    assert buckets(compared(office, code=0)) == {"next run": {number(office, invoice)}}
    assert office.run("follow-up", "--payments").code == 0
    assert buckets(compared(office, code=0)) == {"matched": {number(office, invoice)}}
    outcome = office.run("reconcile")
    assert "both sides agree; Teamleader 1 for EUR 121.00, Twikey 1 for EUR 121.00" in said(outcome)


def test_one_of_each_bucket(office: Office, tmp_path: Path) -> None:
    """B4: each document is in the bucket where a person would put it, with what to do."""
    books, actions = office.sandbox.books, office.sandbox.twikey.actions
    office.sandbox.world.rules.change({"rendering_seconds": 0})
    paid, partial, payable, archived, edited, lost = (books.book() for _ in range(6))
    elsewhere, unpaid, undated, flying, taken = (books.book() for _ in range(5))
    credit = books.credit(books.book(), 3_000)
    dollars = books.book(currency="USD")
    zero = books.book(amount=0)
    office.imports(days=30)
    gone = books.book()
    office.imports(days=30)
    assert office.run("follow-up").code == 0
    actions["pay_link"](paid)
    actions["partial"](partial, 21.0)
    assert office.run("follow-up", "--payments").code == 0
    books.pay(elsewhere)
    actions["manual_paid"](unpaid)
    alter_settings = CONFIG + "[payments]\nwrite_back = false\n"
    office.configure(alter_settings)
    actions["archive"](archived)
    books.edit_invoice(edited, amount=20_000)
    actions["delete_invoice"](lost)
    books.delete_invoice(gone)
    books.edit_invoice(undated, date=days_ago(office, 200))
    alter(office, "UPDATE bookings SET stage='sending' WHERE id=?", flying)
    alter(office, "UPDATE bookings SET stage='undone', twikey_id=NULL WHERE id=?", taken)
    actions["delete_invoice"](taken)
    actions["enter_by_hand"]("X/1", 12.5)
    actions["enter_by_hand"]("X/2", 121.0, ref=payable)
    office.sandbox.world.rules.change({"rendering_seconds": 600})
    pdf = books.book(number="2026 / 90")
    office.imports(days=30)
    news = books.book()
    missed = books.book(updated_at=books.now() - 86_400)
    names = {key: number(office, key) for key in (
        paid, partial, payable, archived, edited, lost, elsewhere, unpaid, undated, flying, taken,
        dollars, zero, pdf, news, missed,
    )}  # fmt: skip

    report = compared(office, "--every")
    found = buckets(report)
    note = books.credit_notes[credit].number
    assert found.pop("matched") == {names[paid], note}
    assert {names[partial], names[payable], names[undated]} <= found.pop("waiting payment")
    assert found == {
        "waiting PDF": {names[pdf]},
        "next run": {names[news]},
        "skipped by rule": {names[zero]},
        "undone": {names[taken]},
        "held": {names[dollars]},
        "in flight": {names[flying]},
        "amount differs": {names[edited]},
        "status differs": {names[archived], names[elsewhere], names[unpaid]},
        "only in Teamleader": {names[missed]},
        "only in Twikey": {"X/1"},
        "double in Twikey": {"X/2"},
        "deleted in Teamleader": {
            row["twikey_number"] for row in report["documents"] if row["twikey_id"] == gone
        },
        "deleted in Twikey": {names[lost]},
    }
    today = days_ago(office, 0)
    assert report["command"] == f"teamleader-twikey import --since {today} --until {today}"
    printed = said(office.run("reconcile"))
    assert "To import what never was" in printed
    assert "Remove one of the two in Twikey before it is collected twice." in printed


def test_amounts_are_written_in_one_way_for_people(office: Office) -> None:
    """B4: a minus before the currency, thousands apart, in sums, list and sentences alike."""
    books = office.sandbox.books
    edited, paid, partly = (books.book(amount=1_234_567) for _ in range(3))
    office.imports(days=30)
    books.edit_invoice(edited, amount=2_345_678)
    books.credit(partly, 100_000)
    office.sandbox.twikey.actions["archive"](paid)
    office.sandbox.twikey.actions["enter_by_hand"]("X/1", -1234.5)
    shown = said(office.run("reconcile"))
    assert "EUR 23,456.78 EUR 23,456.78 in Teamleader, EUR 12,345.67 in Twikey." in shown
    assert "EUR 11,345.67 is due in Teamleader, Twikey shows BOOKED and asks EUR 12,345.67" in shown
    assert "EUR 12,345.67 is due in Teamleader, Twikey shows ARCHIVED" in shown
    assert "X/1 -EUR 1,234.50 No booking" in shown
    assert "on both sides, paid or credited on one of them only" in shown
    assert "EUR -" not in shown


def test_nothing_is_changed_but_what_twikey_showed(office: Office) -> None:
    """B4: no write leaves, no watermark moves, no decision of the ledger changes."""
    all_agreeing(office)
    books = office.sandbox.books
    books.book()
    books.book(updated_at=books.now() - 86_400)
    office.sandbox.twikey.actions["enter_by_hand"]("X/1", 12.5)
    question = (
        "SELECT group_concat(id || stage || coalesce(reason, ''), ' ') FROM bookings"
        " UNION ALL SELECT group_concat(resource || at, ' ') FROM watermarks"
    )

    def decisions() -> list[tuple[Any, ...]]:
        store = Store(office.home / LEDGER_NAME)
        rows = store.tuples(question)
        store.close()
        return rows

    before, alike = decisions(), office.twikey_invoices()
    office.forget_calls()
    for _ in range(2):
        compared(office)
    assert writes(office, "twikey") == [] and writes(office, "teamleader") == []
    assert (decisions(), office.twikey_invoices()) == (before, alike)


def test_what_is_missed_comes_with_the_command_that_is_named(office: Office) -> None:
    """B2: neither watermark nor ledger knows it; the import that is named brings it, once."""
    all_agreeing(office)
    books = office.sandbox.books
    old: dict[str, Any] = {"updated_at": books.now() - 86_400}
    missed = books.book(date=days_ago(office, 3), **old)
    later = books.book(date=days_ago(office, 1), number="=2026 / 9-9", **old)
    assert office.imports().sent == 0
    report = compared(office)
    names = {number(office, missed), number(office, later)}
    assert buckets(report)["only in Teamleader"] == names
    _, *command = report["command"].split()
    assert command[-3:] == [days_ago(office, 3), "--until", days_ago(office, 1)]
    assert office.run(*command, "--yes").code == 0
    assert buckets(compared(office, code=0))["waiting PDF"] == names


def test_what_is_older_than_the_first_import_is_no_difference(office: Office) -> None:
    """A first import of thirty days does not make each night complain about the sixty before."""
    books = office.sandbox.books
    books.book(date=days_ago(office, 60), updated_at=books.now() - 60 * 86_400)
    all_agreeing(office)
    report = compared(office, code=0)
    assert set(buckets(report)) == {"before the first import", "waiting payment"}


def test_a_window_has_two_ends(office: Office) -> None:
    """Both dates are inclusive; without any the last ninety days, and it says which."""
    books = office.sandbox.books
    ids = [books.book(date=days_ago(office, days)) for days in (95, 90, 10, 5, 0)]
    books.book(date=days_ago(office, -3))
    office.imports(days=100)
    assert sum(map(len, buckets(compared(office, code=0)).values())) == 5
    report = compared(office, "--since", days_ago(office, 10), "--until", days_ago(office, 5),
                      code=0)  # fmt: skip
    assert buckets(report) == {"waiting PDF": {number(office, each) for each in ids[2:4]}}
    assert days_ago(office, 90) in compared(office, code=0)["name"]
    wrong = office.run("reconcile", "--since", "2026-02-02", "--until", "2026-02-01")
    assert wrong.code == 64 and "lies after" in wrong.err


def test_a_booking_that_moved_out_of_the_window_is_asked_by_its_id(office: Office) -> None:
    """Its invoice is dated within the window, so the booking is part of the comparison."""
    invoice = all_agreeing(office)
    office.sandbox.books.edit_invoice(invoice, date=days_ago(office, 300))
    assert buckets(compared(office, code=0)) == {"waiting payment": {number(office, invoice)}}


def test_a_lost_ledger_is_told_as_not_linked(office: Office) -> None:
    """C18: both sides have it, this ledger does not know; the import that is named adopts it."""
    invoice = all_agreeing(office)
    alter(office, "DELETE FROM documents")
    alter(office, "DELETE FROM bookings")
    alter(office, "DELETE FROM runs WHERE flow='import'")
    report = compared(office)
    assert buckets(report) == {"not linked": {number(office, invoice)}}
    _, *command = report["command"].split()
    office.run(*command, "--yes")
    assert len(office.twikey_invoices()) == 1
    assert buckets(compared(office, code=0)) == {"waiting PDF": {number(office, invoice)}}


def test_what_was_taken_back_stays_in_its_bucket(office: Office) -> None:
    """A22: after `undo` the booking is undone, not missed."""
    invoice = all_agreeing(office)
    assert office.run("undo", "last", "--yes").code == 0
    assert buckets(compared(office, code=0)) == {"undone": {number(office, invoice)}}


def test_a_double_payment_and_a_bounce_do_not_upset_the_sums(office: Office) -> None:
    """C9: money that is open after both sides settled is a difference, though the sums tie."""
    invoice = all_agreeing(office)
    actions = office.sandbox.twikey.actions
    actions["pay_link"](invoice)
    actions["double"](invoice)
    assert office.run("follow-up", "--payments").code == 2
    report = compared(office)
    assert buckets(report) == {"status differs": {number(office, invoice)}}
    assert "DOUBLE_PAYMENT" in report["documents"][0]["why"]


def test_automatic_off_leaves_credit_notes_to_hands(office: Office) -> None:
    """Decisions 8: a credit note is left out by rule, an invoice that nobody brings is missed."""
    invoice = all_agreeing(office)
    note = office.sandbox.books.credit(amount=1_000)
    second = office.sandbox.books.book()
    office.configure("automatic = false\n" + CONFIG)
    found = buckets(compared(office))
    assert found == {
        "waiting payment": {number(office, invoice)},
        "skipped by rule": {office.sandbox.books.credit_notes[note].number},
        "only in Teamleader": {number(office, second)},
    }


# ---- the file


def lines_of(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as Belgian Excel would."""
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""), delimiter=";"))


def test_the_csv_file_holds_every_document(office: Office, tmp_path: Path) -> None:
    """Acceptance 4: one row per document, figures to the cent, into a directory, never over one."""
    all_agreeing(office)
    office.sandbox.books.credit(amount=3_000)
    office.sandbox.books.book(number='=HYPERLINK("x") ; "2026"', currency="USD")
    office.imports(days=30)
    options = ("reconcile", "--csv", str(tmp_path), "--bom", "--semicolon")
    assert office.run(*options).code == 2
    file = tmp_path / "reconciliation.csv"
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = lines_of(file)
    assert len(rows) == 3
    assert {row["teamleader_amount"] for row in rows} == {"121.00", "-30.00"}
    assert [row["number"] for row in rows if row["bucket"] == "held"] == [
        """'=HYPERLINK("x") ; "2026\""""
    ]
    again = office.run(*options)
    assert again.code == 64 and "--force" in again.err
    assert office.run(*options, "--force").code == 2
    assert office.run("reconcile", "--bom").code == 64
    assert office.run("reconcile", "--json", "--csv", "-").code == 64


def test_the_csv_goes_to_standard_output_alone(office: Office) -> None:
    """`--csv -` can be piped: what people read goes to standard error."""
    all_agreeing(office)
    outcome = office.run("reconcile", "--csv", "-")
    assert outcome.out.startswith("bucket,differs,")
    assert "both sides agree" in outcome.err


# ---- what it costs, and when it cannot


def test_a_thousand_bookings_cost_a_dozen_calls(office: Office) -> None:
    """B11: eleven pages of invoices, one of credit notes, three of feeds; nothing singly."""
    books = office.sandbox.books
    customer = books.new_customer()
    for n in range(THOUSAND):
        books.book(amount=10_000 + n, customer=customer, date=days_ago(office, n % 28))
    office.imports(days=30)
    compared(office, code=0)
    office.forget_calls()
    report = compared(office, code=0)
    assert report["asked"] == 0
    assert len(office.calls("teamleader")) == 11 + 1
    assert len(office.calls("twikey")) == 3
    assert buckets(report)["waiting PDF"] and len(report["documents"]) == THOUSAND


def test_what_twikey_is_asked_for_singly_is_bounded(office: Office) -> None:
    """Sixty strangers: fifty are asked for, ten are said not to have been, `--every` asks all."""
    all_agreeing(office)
    for n in range(60):
        office.sandbox.twikey.actions["enter_by_hand"](f"X/{n}", 10.0)
    report = compared(office)
    assert (report["asked"], report["not_asked"]) == (50, 10)
    assert any("--every" in note for note in report["notes"])


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_a_reconciliation_that_cannot_read_is_no_result(
    office: Office, option: tuple[str, ...]
) -> None:
    """Code 1 and a sentence: without Teamleader's list or Twikey's feed there is no comparison."""
    all_agreeing(office)
    office.sandbox.twikey.actions["occupy_feed"]("invoice", 9)
    busy = office.run("reconcile", *option)
    assert busy.code == 1 and "another reader" in said(busy)
    office.sandbox.twikey.actions["occupy_feed"]("invoice", 0)
    with office.ledger() as ledger, ledger.lock.held("import", office.clock.now()):
        assert office.run("reconcile", *option).code == 3


def test_buckets_that_do_not_tie_are_never_printed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B4: a fault of ours ends with a sentence, not with figures that lie."""
    all_agreeing(office)
    monkeypatch.setattr("mappings.reconcile_totals.untied", lambda *_: ["a cent is missing"])
    outcome = office.run("reconcile")
    assert outcome.code == 1 and outcome.out == ""
    assert "do not hold what was listed: a cent is missing" in said(outcome)


def test_no_secret_is_in_what_is_printed(office: Office) -> None:
    """Neither access nor key show in the report."""
    all_agreeing(office)
    outcome: Outcome = office.run("reconcile", "--json")
    assert json.loads(outcome.out)
    assert office.environment["TWIKEY_API_KEY"] not in outcome.out + outcome.err


def test_a_foreign_window_is_stable_over_time(open_office: OpenOffice) -> None:
    """A second look an hour later says the same, and asks nothing twice that agrees."""
    office = open_office()
    all_agreeing(office)
    first = compared(office, code=0)
    pass_time(office, hours=1)
    second = compared(office, code=0)
    assert first["buckets"] == second["buckets"]


def test_a_booking_deleted_between_two_pages_is_told_by_its_id(office: Office) -> None:
    """B2: what crossed and no page shows is asked for by its id before it is called deleted."""
    ids = [office.sandbox.books.book(date=days_ago(office, 1)) for _ in range(3)]
    office.imports(days=30)
    office.sandbox.books.delete_invoice(ids[-1])
    office.forget_calls()
    report = compared(office)
    found = buckets(report)["deleted in Teamleader"]
    assert found == {row["number"] for row in report["documents"] if row["twikey_id"] == ids[-1]}
    asked = [call.path for call in office.calls("teamleader")]
    assert asked.count("/invoices.list") == 2 and asked.count("/invoices.info") == 1


def test_an_amount_that_no_float_can_hold_ties(office: Office) -> None:
    """C30: five thousand nine hundred euro and odd cents stay what they are on both sides."""
    amounts = (590_001, 1, 29, 1_000_000_000_07)
    for cents in amounts:
        office.sandbox.books.book(amount=cents)
    office.imports(days=30)
    (row,) = compared(office, code=0)["buckets"]
    assert row["teamleader_cents"] == row["twikey_cents"] == sum(amounts)


def test_a_declared_currency_ties_in_its_own_row(office: Office) -> None:
    """C31: a profile for dollars sends them, and both sides count them as dollars."""
    plain = CONFIG.replace('invitation = "off"', 'invitation = "off"\ncurrency = "USD"')
    office.configure(plain)
    office.sandbox.books.book(currency="USD")
    assert office.imports(days=30).sent == 1
    (row,) = compared(office, code=0)["buckets"]
    assert (row["currency"], row["teamleader_cents"], row["twikey_cents"]) == ("USD", 12100, 12100)


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("teamleader", "/invoices.list"),
        ("teamleader", "/creditNotes.list"),
        ("twikey", "/creditor/invoice"),
        ("twikey", "/creditor/invoice/payment/feed"),
    ],
)
@pytest.mark.parametrize("status", [403, 503])
def test_half_a_list_is_no_result(office: Office, service: str, path: str, status: int) -> None:
    """C23: a list or a feed that breaks, or may not be read, ends it: code 1, nothing printed."""
    all_agreeing(office)
    office.sandbox.world.fault("status", service=service, path=f"{path}$", status=status, times=99)
    outcome = run(office, "reconcile")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("\n") <= 4 and "Traceback" not in outcome.err
    office.sandbox.world.faults.clear()
    assert buckets(compared(office, code=0))


def test_a_lost_second_look_ends_it_and_leaves_nothing_behind(office: Office) -> None:
    """A question to Twikey that is never answered: code 1, and the next one is whole."""
    all_agreeing(office)
    office.sandbox.twikey.actions["enter_by_hand"]("X/1", 12.5)
    office.sandbox.world.fault(
        "status", service="twikey", path="/creditor/invoice/[0-9a-f-]{36}", status=503, times=99
    )
    assert run(office, "reconcile").code == 1
    office.sandbox.world.faults.clear()
    assert set(buckets(compared(office))) == {"waiting payment", "only in Twikey"}
