"""Guide 6: PDFs follow later, once each (acceptance A33-A35, complaint C39)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from connectors.errors import ServiceUnavailable, UsageWrong
from flows.documents import attach_pdfs
from flows.documents_report import DocumentsReport
from flows.run import Run
from mappings.documents import BACK_OFF, WAITING, pause_after
from tests.flows.following import alerts, downloads, follow, journey, killed_at, puts
from tests.flows.office import Office, environment_of
from tests.flows.scenes import ROOT

OpenOffice = Callable[..., Office]
HOUR = timedelta(hours=1)


def later(office: Office, by: timedelta = HOUR) -> None:
    """Let time pass for both services and the job."""
    office.sandbox.world.advance(by.total_seconds())
    office.clock.shift += by


def attach(office: Office, *numbers: str, missing: bool = False) -> DocumentsReport:
    """Run the PDF step."""
    return follow(office, lambda run: attach_pdfs(run, numbers, missing=missing))


def imported(office: Office, count: int = 1, *, ready: bool = True) -> list[str]:
    """Book and import some invoices; return their ids. Their PDFs are rendered unless not."""
    ids = [office.sandbox.books.book() for _ in range(count)]
    office.imports(days=30)
    if ready:
        later(office, timedelta(minutes=10))
    office.forget_calls()
    return ids


def row_of(office: Office, booking_id: str) -> dict[str, Any]:
    """Return the ledger's row of a PDF."""
    with office.ledger() as ledger:
        return ledger.documents.of(booking_id) or {}


def standing(office: Office, booking_id: str) -> dict[str, Any]:
    """Return the invoice at Twikey."""
    return next(i for i in office.twikey_invoices().values() if i["id"] == booking_id)


# ---- on its own schedule


def test_a_pdf_that_is_not_ready_comes_later(office: Office) -> None:
    """A33: not rendered at the import: "PDF: no" and nothing failed; later it is attached once."""
    (booking,) = imported(office, ready=False)
    early = attach(office)
    assert (early.attached, early.waiting, early.reasons) == (0, 1, {"PDF_NOT_READY": 1})
    assert standing(office, booking)["pdf"] is None
    later(office)
    assert attach(office).attached == 1
    pdf = standing(office, booking)["pdf"]
    row = row_of(office, booking)
    assert (row["state"], row["sha256"], row["size"]) == ("attached", pdf["sha256"], pdf["bytes"])
    assert attach(office).wanted == 0
    assert standing(office, booking)["pdfs"] == 1
    assert journey(office, booking)[-2:] == ["PDF waiting", "PDF attached"]


def test_what_is_put_holds_dates_title_and_pdf_only(office: Office) -> None:
    """A33: the body is built from scratch: no state, no amount, nothing echoed."""
    (booking,) = imported(office)
    before = standing(office, booking)
    attach(office)
    (put,) = puts(office)
    assert set(put.parameters) == {"date", "duedate", "title", "pdf"}
    after = standing(office, booking)
    for name in ("date", "duedate", "title", "state", "amount"):
        assert before.get(name) == after.get(name)


def test_credit_notes_get_their_pdf_too(office: Office) -> None:
    """A33: a credit note is asked by its own call."""
    (invoice,) = imported(office)
    note = office.sandbox.books.credit(invoice, 1000)
    office.imports(days=30, credit_notes=True)
    later(office)
    assert attach(office).attached == 2
    assert standing(office, note)["pdfs"] == 1


def test_the_pause_between_tries_grows_and_never_ends(office: Office) -> None:
    """A33: 5 minutes, 15, 1 hour, 6 hours, then daily: visible, and never forgotten."""
    office.sandbox.world.rules.change({"rendering_seconds": 10**7})
    (booking,) = imported(office, ready=False)
    pauses = []
    for _ in range(7):
        attach(office)
        assert attach(office).wanted == 0
        due = datetime.fromisoformat(row_of(office, booking)["next_try_at"])
        pauses.append(round((due - office.clock.now()).total_seconds() / 60))
        later(office, due - office.clock.now() + timedelta(seconds=1))
    assert pauses == [5, 15, 60, 360, 1440, 1440, 1440]
    assert len(downloads(office)) == 7
    assert journey(office, booking).count("PDF waiting") == 1
    with office.ledger() as ledger:
        (shown,) = ledger.documents.listing()
    assert (shown["tries"], shown["reason"], shown["state"]) == (7, "PDF_NOT_READY", "waiting")
    assert pause_after(99) == BACK_OFF[-1]


def test_nothing_to_do_asks_nobody(office: Office) -> None:
    """A33: with every PDF attached a round costs no call to either service."""
    imported(office, 3)
    attach(office)
    office.forget_calls()
    assert attach(office) == DocumentsReport()
    assert office.sandbox.world.journal == []


# ---- by hand


def test_by_hand_those_without_a_pdf_are_fetched_now(office: Office) -> None:
    """A34: `--missing` and a number fetch now what waits, whatever its pause; others stay alone."""
    ids = imported(office, 5, ready=False)
    numbers = {i["id"]: n for n, i in office.twikey_invoices().items()}
    assert attach(office).waiting == 5
    office.sandbox.world.advance(3600)  # the job's clock has not moved: nothing is due by itself
    assert attach(office).wanted == 0
    one = attach(office, numbers[ids[0]])
    assert (one.attached, one.still_missing) == (1, 4)
    assert attach(office, missing=True).attached == 4
    again = attach(office, numbers[ids[0]])
    assert (again.attached, again.left_alone) == (0, 1)
    assert attach(office, missing=True).wanted == 0
    assert [standing(office, each)["pdfs"] for each in ids] == [1] * 5


def test_a_number_that_never_crossed_is_said(office: Office) -> None:
    """A34: a misspelt number is an error of usage, and nothing is fetched."""
    imported(office)
    with pytest.raises(UsageWrong, match="2099 / 1"):
        attach(office, "2099 / 1")
    assert puts(office) == []


def test_a_dry_run_fetches_and_attaches_nothing(office: Office) -> None:
    """A34: a dry run says how many would be fetched."""
    imported(office, 2)
    report = follow(office, attach_pdfs, dry_run=True)
    assert (report.wanted, report.attached) == (2, 0)
    assert downloads(office) == puts(office) == []


# ---- links and what is behind them


def test_an_expired_link_is_asked_anew(office: Office) -> None:
    """A35: a dead link is no error: the next try asks for a fresh one."""
    (booking,) = imported(office)
    office.sandbox.world.rules.change({"download_seconds": 0})
    assert attach(office).reasons == {"PDF_LINK_EXPIRED": 1}
    office.sandbox.world.rules.change({"download_seconds": 30})
    later(office)
    assert attach(office).attached == 1
    assert len(downloads(office)) == 2
    assert standing(office, booking)["pdfs"] == 1


@pytest.mark.parametrize(
    ("kind", "settings", "code"),
    [
        ("html", {}, "PDF_NOT_A_PDF"),
        ("empty", {}, "PDF_EMPTY"),
        ("bad_json", {}, "PDF_NOT_A_PDF"),
        ("status", {"status": 503}, "PDF_UNREACHABLE"),
        ("status", {"status": 404}, "PDF_LINK_EXPIRED"),
        ("truncate", {}, "PDF_UNREACHABLE"),
        ("reset_after", {}, "PDF_UNREACHABLE"),
        ("status", {"status": 200, "body": "%PDF-" + "x" * 10_000_001}, "PDF_TOO_LARGE"),
        ("status", {"status": 302, "headers": {"Location": "https://10.0.0.1/"}}, "PDF_ADDRESS"),
    ],
)
def test_what_comes_instead_of_a_pdf_waits_with_its_reason(
    kind: str, settings: dict[str, Any], code: str, office: Office
) -> None:
    """C39: HTML, nothing, half a file, too much, elsewhere: it waits, and the others go on."""
    ids = imported(office, 2)
    office.sandbox.world.fault(kind, service="teamleader", path="^/doc/", times=1, **settings)
    report = attach(office)
    assert (report.attached, report.waiting, report.reasons) == (1, 1, {code: 1})
    later(office)
    assert attach(office).attached == 1
    assert [standing(office, each)["pdfs"] for each in ids] == [1, 1]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("status", {"status": 200, "body": '{"data":{"location":null,"expires":null}}'}),
        ("status", {"status": 200, "body": '{"data":{}}'}),
        ("status", {"status": 200, "body": '{"data":{"location":""}}'}),
        ("wrong_type", {}),
        ("html", {}),
        ("empty", {}),
        ("status", {"status": 404}),
    ],
)
def test_an_answer_without_a_link_waits(
    kind: str, settings: dict[str, Any], office: Office
) -> None:
    """C39: the link is null, missing, or no answer at all: "PDF: waiting", tried later."""
    (booking, _) = imported(office, 2)
    json = {"headers": {"Content-Type": "application/json"}} if "body" in settings else {}
    office.sandbox.world.fault(
        kind, service="teamleader", path="invoices.download", content=booking, times=1,
        **settings, **json,
    )  # fmt: skip
    report = attach(office)
    assert (report.attached, report.reasons) == (1, {"PDF_NOT_READY": 1})
    with office.ledger() as ledger:
        (shown,) = ledger.documents.listing()
    assert (shown["id"], shown["reason"]) == (booking, "PDF_NOT_READY")
    assert shown["detail"]
    later(office)
    assert attach(office).attached == 1


def test_no_token_goes_to_the_host_of_the_documents(office: Office) -> None:
    """A35: the link is its own key; an Authorization header could make its host refuse."""
    imported(office)
    attach(office)
    (fetched,) = office.calls("teamleader", "/doc/")
    assert "authorization" not in fetched.request.headers


def test_every_code_has_its_words() -> None:
    """A33: whatever a PDF waits for, there is a sentence and an advice."""
    for sentence, advice in WAITING.values():
        assert sentence.endswith(".")
        assert advice.endswith(".")


# ---- lost answers, refusals, and what is down


@pytest.mark.parametrize("kind", ["reset_after", "status_after", "bad_json", "empty"])
def test_a_lost_answer_to_the_put_never_makes_a_second_pdf(kind: str, office: Office) -> None:
    """C19: the PUT arrived and its answer was lost: the next run looks, and sends nothing."""
    (booking,) = imported(office)
    office.sandbox.world.fault(kind, service="twikey", method="PUT", times=1)
    assert attach(office).unknown == 1
    assert row_of(office, booking)["state"] == "sending"
    report = attach(office)
    assert (report.found, report.wanted) == (1, 0)
    assert len(puts(office)) == 1
    assert standing(office, booking)["pdfs"] == 1
    assert row_of(office, booking)["sha256"] == standing(office, booking)["pdf"]["sha256"]


@pytest.mark.parametrize("kind", ["reset_before", "status"])
def test_a_put_that_never_arrived_is_sent_after_a_look(kind: str, office: Office) -> None:
    """C19: the answer was lost and nothing is there: looked up first, then sent once more."""
    (booking,) = imported(office)
    office.sandbox.world.fault(kind, service="twikey", method="PUT", times=1)
    assert attach(office).unknown == 1
    assert attach(office).attached == 1
    assert len(puts(office, applied=True)) == 1
    assert standing(office, booking)["pdfs"] == 1


def test_an_unknown_put_is_not_looked_up_before_the_wait_is_over(office: Office) -> None:
    """C19: a late application may still come, so nothing is repeated within the wait W."""
    office.configure('new_customer_profile = 1420\n[profiles.1420]\ninvitation = "off"\n')
    (booking,) = imported(office)
    office.sandbox.world.fault("late", service="twikey", method="PUT", times=1, seconds=200)
    attach(office)
    assert attach(office).wanted == 0
    assert attach(office, missing=True).wanted == 0
    later(office)
    assert attach(office).found == 1
    assert standing(office, booking)["pdfs"] == 1


def test_a_pdf_refused_by_twikey_is_an_alert_until_it_is_taken(office: Office) -> None:
    """A33: a refusal waits for a person, who may ask again by number."""
    (booking,) = imported(office)
    office.sandbox.world.rules.change({"twikey_pdf_limit": 10})
    assert attach(office).refused == 1
    assert alerts(office) == [(booking, "PDF_REFUSED")]
    later(office)
    assert attach(office).wanted == 0
    office.sandbox.world.rules.change({"twikey_pdf_limit": 10_000_000})
    assert attach(office, booking).attached == 1
    assert alerts(office) == []


def test_a_pdf_of_twikeys_own_counts(office: Office) -> None:
    """A33: where Twikey rendered one and refuses another, the booking has its PDF."""
    (booking,) = imported(office)
    office.sandbox.twikey.books.invoices[booking].pdf = "JVBERi0="
    office.sandbox.world.rules.change({"twikey_second_pdf": "refuse"})
    report = attach(office)
    assert (report.found, report.refused) == (1, 0)
    assert row_of(office, booking)["state"] == "attached"


def test_a_state_that_takes_no_pdf_waits(office: Office) -> None:
    """A33: while a debit is in progress Twikey may refuse: tried again, no alert."""
    (booking,) = imported(office)
    office.sandbox.twikey.books.invoices[booking].state = "PENDING"
    office.sandbox.world.rules.change({"twikey_pdf_while_pending": False})
    assert attach(office).reasons == {"PDF_STATE": 1}
    assert alerts(office) == []
    office.sandbox.world.rules.change({"twikey_pdf_while_pending": True})
    later(office)
    assert attach(office).attached == 1


def test_a_booking_deleted_on_either_side_is_said(office: Office) -> None:
    """A33: gone in Teamleader waits with its reason, gone in Twikey is an alert."""
    here, there = imported(office, 2)
    office.sandbox.twikey.actions["delete_invoice"](there)
    office.sandbox.world.fault(
        "status", service="teamleader", path="invoices.download", content=here, status=404,
        headers={"Content-Type": "application/json"}, body='{"errors":[{"title":"not found"}]}',
    )  # fmt: skip
    assert attach(office).reasons == {"PDF_GONE": 1, "GONE_IN_TWIKEY": 1}
    assert alerts(office) == [(there, "GONE_IN_TWIKEY")]


@pytest.mark.parametrize("silence", ["404", "empty"])
def test_several_deleted_in_twikey_do_not_stop_the_others(office: Office, silence: str) -> None:
    """A33: also where Twikey says so with a bare 404 or with nothing (Twikey reference 10-19)."""
    *gone, there = imported(office, 5)
    office.sandbox.world.rules.change({"twikey_unknown_invoice": silence})
    for each in gone:
        office.sandbox.twikey.actions["delete_invoice"](each)
    done = attach(office)
    assert (done.attached, done.reasons) == (1, {"GONE_IN_TWIKEY": 4})
    assert set(alerts(office)) == {(each, "GONE_IN_TWIKEY") for each in gone}
    assert row_of(office, there)["state"] == "attached"


def test_an_adopted_invoice_that_has_a_pdf_gets_no_second_one(office: Office) -> None:
    """C18: after the loss of the ledger nothing is attached twice."""
    ids = imported(office, 2)
    attach(office)
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (office.home / name).unlink(missing_ok=True)
    office.grant()
    office.imports(days=30)
    assert attach(office).found == 2
    assert [standing(office, each)["pdfs"] for each in ids] == [1, 1]


def test_payments_taken_away_again_do_not_attach_a_new_rendering(office: Office) -> None:
    """A33: what is attached is final, although Teamleader renders the PDF anew."""
    (booking,) = imported(office)
    attach(office)
    books = office.sandbox.books
    books.pay(booking)
    books.remove_payments(booking)
    later(office)
    office.imports(days=30)
    assert attach(office, booking).left_alone == 1
    assert len(puts(office)) == 1


def test_a_dead_host_of_documents_does_not_hold_the_run_up(office: Office) -> None:
    """C39: when the host of the PDFs is down three times in a row the rest waits for later."""
    imported(office, 8)
    office.sandbox.world.fault("reset_before", service="teamleader", path="^/doc/")
    notes: list[str] = []

    def step(run: Run) -> DocumentsReport:
        report = attach_pdfs(run)
        notes.extend(run.notes)
        return report

    report = follow(office, step)
    assert report.attached == 0
    assert 3 <= report.waiting <= 5
    assert report.still_missing == 8
    assert len(notes) == 1
    office.sandbox.world.faults.clear()
    later(office)
    assert attach(office).attached == 8


def test_three_lost_answers_in_a_row_stop_the_run(office: Office) -> None:
    """C19: a Twikey that answers nothing is not written to for ever."""
    imported(office, 6)
    office.sandbox.world.fault("reset_before", service="twikey", method="PUT")
    with pytest.raises(ServiceUnavailable):
        attach(office)
    assert len(puts(office)) == 3
    office.sandbox.world.faults.clear()
    report = attach(office)
    assert report.attached == 6


# ---- killed at every step


def test_a_kill_at_any_call_or_commit_attaches_each_pdf_once(open_office: OpenOffice) -> None:
    """A34: killed before or after any call or commit, the next run ends the same: once each."""
    steps = 0
    while True:
        office = open_office()
        ids = imported(office, 2)
        killed = killed_at(steps, partial(attach, office))
        attach(office)
        attach(office)
        assert [standing(office, each)["pdfs"] for each in ids] == [1, 1], f"killed at {steps}"
        assert {row_of(office, each)["state"] for each in ids} == {"attached"}
        if not killed:
            break
        steps += 1
    assert steps >= 10


# ---- memory

MEASURED = """
import resource, sys
from pathlib import Path
from flows.connection import Connection
from flows.documents_report import DocumentsReport
from flows.documents import attach_pdfs
from flows.run import at_work
import mappings.languages

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

with Connection.from_environment() as connection:
    with at_work(connection, "follow-up", started_by="x", parameters={}) as run:
        names = [w.id for w in run.ledger.documents.missing()]
        few = attach_pdfs(run, names[:5])
        before = peak()
        many = attach_pdfs(run, missing=True)
        print(few.attached, many.attached, peak() - before)
"""


def test_memory_stays_flat_with_many_large_pdfs(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A34: 40 PDFs of 5 MB need no more memory than 5 of them."""
    monkeypatch.setattr(
        "tests.sandbox.teamleader_documents.pdf", lambda title: b"%PDF-1.7\n" + b"p" * 5_000_000
    )
    kept: list[int] = []

    def keep_nothing(changes: object, invoice: Any, pdf: str) -> None:
        kept.append(len(pdf))
        invoice.pdfs += 1
        office.forget_calls()

    monkeypatch.setattr("tests.sandbox.twikey_actions.Changes._attach", keep_nothing)
    imported(office, 45)
    said = subprocess.run(
        [sys.executable, "-c", MEASURED], cwd=ROOT, env=environment_of(office),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    few, many, growth = map(int, said.stdout.split())
    assert (few, many, len(kept)) == (5, 40, 45)
    assert growth < 20, f"{growth} MB more"
