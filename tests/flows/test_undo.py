"""A22: an import is taken back where Twikey allows it, and does not come back by itself."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

from connectors.ledger.undo import ImportRun
from flows import undo_verbs
from flows.screen import Screen
from flows.undo import UndoReport
from tests.flows.office import CONFIG, Office
from tests.flows.scenes import WalkingClock, run, said, twikey_customers
from tests.flows.taking_back import backfilled, deletes, kept, number, quiet, standing, take_back

TWIKEY_MAILS = CONFIG.replace('invitation = "off"', 'invitation = "twikey"\nneeds_pdf = false')


def test_an_import_is_taken_back(open_office: Callable[..., Office]) -> None:
    """A22: of 30, one paid and one in progress stay, 28 leave, and return when that is wanted."""
    office = open_office(connected=False)
    office.clock = WalkingClock(office.sandbox.world)
    office.grant()
    pending = office.sandbox.books.new_customer()
    office.sandbox.books.book(customer=pending)
    office.imports(days=30)
    office.sandbox.twikey.actions["sign_mandate"](pending)
    in_progress = office.sandbox.books.book(customer=pending)
    ids = [office.sandbox.books.book() for _ in range(29)]
    report = office.imports(days=30)
    assert report.sent == 30
    office.sandbox.twikey.actions["pay_link"](ids[0])
    customers = twikey_customers(office)
    office.forget_calls()

    plan = run(office, "undo", str(report.run_id))
    assert plan.code == 1
    assert "28 would be removed" in said(plan)
    assert "it is paid" in said(plan)
    assert "a collection is in progress" in said(plan)
    assert "repeat the command with --yes" in said(plan)
    assert deletes(office) == []
    assert run(office, "undo", str(report.run_id), "--dry-run").code == 2

    done = take_back(office, name=str(report.run_id))
    assert (done.code, done.json["removed"]) == (2, 28)
    assert kept(done) == {
        number(office, ids[0]): "PAID",
        number(office, in_progress): "IN_PROGRESS",
    }
    assert len(deletes(office)) == 28
    assert {ids[0], in_progress} <= standing(office)
    assert len(standing(office)) == 3
    assert twikey_customers(office) == customers

    again = office.imports(days=30)
    assert (again.sent, again.skipped, again.known) == (0, 28, 3)
    assert again.reasons == {"UNDONE": 28}
    assert again.read == again.sent + again.known + again.skipped + again.held
    assert office.imports().sent == 0
    assert run(office, "undo", "--forget", str(report.run_id)).code == 0
    assert office.imports().sent == 28
    assert len(standing(office)) == 31
    assert twikey_customers(office) == customers


def test_nothing_comes_back_by_itself(office: Office) -> None:
    """A22: neither schedule, window, follow-up, guards nor a change in Teamleader bring it back."""
    ids = backfilled(office, 4)
    assert take_back(office).code == 0
    assert standing(office) == set()
    quiet(office)
    office.sandbox.books.edit_invoice(ids[0], due_on="2030-01-01")
    office.sandbox.books.pay(ids[1])
    quiet(office)
    story = office.run("journey", number(office, ids[0]), "--json").json["stories"][0]["events"]
    told = {event["what"]: event["facts"] for event in story}
    assert told["removed from Twikey"]["by"] == told["to be removed from Twikey"]["by"]
    assert told["removed from Twikey"]["by"]


def test_asking_for_one_by_number_says_that_it_was_removed(office: Office) -> None:
    """A22: `import --number` does not bring it back either, and says how it would come."""
    (booking,) = backfilled(office, 1)
    take_back(office)
    one = number(office, booking)
    outcome = office.run("import", "--number", one, "--yes")
    assert outcome.code == 0
    assert "1 UNDONE" in said(outcome)
    assert f"undo --forget '{one}'" in said(outcome)
    assert standing(office) == set()
    assert office.run("undo", "--forget", one).code == 0
    assert office.run("import", "--number", one, "--yes").code == 0
    assert standing(office) == {booking}


# ---- what is kept


def test_what_was_paid_in_part_is_kept(office: Office) -> None:
    """A22: a partial payment leaves it booked in Twikey, and yet it is kept, read back or not."""
    ids = backfilled(office)
    office.sandbox.twikey.actions["partial"](ids[0], 10.0)
    office.sandbox.twikey.actions["partial"](ids[1], 10.0)
    first = office.run("undo", "last", "--dry-run", "--json")
    assert kept(first) == {number(office, i): "PARTLY_PAID" for i in ids[:2]}
    office.run("follow-up", "--payments")
    done = take_back(office)
    assert (done.code, done.json["removed"]) == (2, 1)
    assert kept(done) == {number(office, i): "REGISTERED" for i in ids[:2]}
    assert standing(office) == set(ids[:2])


def test_without_a_payment_feed_the_invoice_itself_tells(
    open_office: Callable[..., Office],
) -> None:
    """A22: where the account has no payment feed, the last payment keeps an invoice."""
    office = open_office(twikey_payment_feed="404")
    ids = backfilled(office)
    office.sandbox.twikey.actions["partial"](ids[0], 10.0)
    done = take_back(office)
    assert (done.code, kept(done)) == (2, {number(office, ids[0]): "PARTLY_PAID"})


def test_a_debit_that_began_after_the_plan_is_kept(office: Office) -> None:
    """A22: what was deletable in the plan and is in progress at its deletion stays."""
    ids = backfilled(office)
    assert office.run("undo", "last", "--json").json["removed"] == 3
    customer = office.sandbox.books.invoice(ids[1]).customer_id
    office.sandbox.twikey.actions["sign_mandate"](customer)

    def debit(_: object) -> None:
        books = office.sandbox.twikey.books
        invoice = books.invoices[ids[1]]
        if invoice.state == "BOOKED":
            mandate = books.signed_mandate(invoice.customer, invoice.ct)
            assert mandate is not None
            office.sandbox.twikey.bank.offer(invoice, mandate)

    office.sandbox.world.fault("call", service="twikey", method="DELETE", path=ids[1], action=debit)
    done = take_back(office)
    assert (done.code, done.json["removed"]) == (2, 2)
    assert kept(done) == {number(office, ids[1]): "IN_PROGRESS"}
    with office.ledger() as ledger:
        assert ledger.bookings.find(ids[1])[0]["stage"] == "sent"


def test_what_was_adopted_is_kept(office: Office) -> None:
    """A22: an import removes what it created itself, never what stood there before."""
    books = office.sandbox.books
    known = books.new_customer()
    books.book(customer=known)
    office.imports(days=30)
    adopted, own = books.invoice(books.book(customer=known)), books.book(customer=known)
    office.sandbox.twikey.actions["enter_by_hand"](
        adopted.number, adopted.payable / 100, customerByRef=known, date=adopted.date
    )
    report = office.imports(days=30)
    assert (report.sent, report.adopted) == (1, 1)
    done = take_back(office, name=str(report.run_id))
    assert (done.code, done.json["removed"], done.json["numbers"]) == (2, 1, [number(office, own)])
    assert kept(done) == {adopted.number: "ADOPTED"}
    assert adopted.number in office.twikey_invoices()


def test_an_invoice_leaves_with_its_credit_note_and_stays_with_a_later_one(office: Office) -> None:
    """A22: a credit note of the same import goes first; one of another import keeps its invoice."""
    books = office.sandbox.books
    both, single = books.book(), books.book()
    books.credit(both, 1_000)
    first = office.imports(days=30)
    assert first.sent == 3
    later = books.credit(single, 1_000)
    assert office.imports(days=30).sent == 1
    done = take_back(office, name=str(first.run_id))
    assert (done.code, done.json["removed"]) == (2, 2)
    assert kept(done) == {number(office, single): "CREDITED"}
    assert standing(office) == {single, later}
    order = [call.path.rpartition("/")[2] for call in deletes(office)]
    assert order[-1] == both


def test_who_was_invited_is_kept_unless_said_otherwise(office: Office) -> None:
    """A22: where Twikey's profile has mailed, the invoice stays; --invited removes it as well."""
    office.configure(TWIKEY_MAILS)
    office.sandbox.twikey.actions["set_profile"](1420, send_on_booking=True)
    ids = backfilled(office)
    done = take_back(office)
    assert (done.code, set(kept(done).values()), done.json["removed"]) == (2, {"INVITED"}, 0)
    assert standing(office) == set(ids)
    done = take_back(office, "--invited")
    assert (done.code, done.json["removed"]) == (0, 3)
    assert standing(office) == set()


def test_nobody_is_mailed_twice_over_two_lives(office: Office) -> None:
    """A22, C12: removed after an invitation and imported again: the job does not invite again."""
    office.configure(CONFIG.replace('"off"', '"job"\nneeds_pdf = false'))
    office.sandbox.books.book()
    office.imports(days=30)
    (booking,) = [office.sandbox.books.book()]
    second = office.imports()
    office.run("follow-up", "--invitations")
    assert len(office.sandbox.twikey.dump()["invites"]) == 1
    assert kept(take_back(office, name=str(second.run_id))) == {number(office, booking): "INVITED"}
    assert take_back(office, "--invited", name=str(second.run_id)).json["removed"] == 1
    office.run("undo", "--forget", number(office, booking))
    assert office.imports().sent == 1
    for _ in range(2):
        office.run("follow-up")
    assert booking in standing(office)
    assert office.sandbox.twikey.books.invoices[booking].invitations == []


# ---- the command line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("99",), "there is no run 99"),
        (("2026 / 1",), "there is no run 2026 / 1"),
        (("9" * 30,), "there is no run"),
        (("last", "--yes", "--dry-run"), "--yes does not go together"),
        (("last", "--forget", "--yes"), "--forget goes with neither"),
        (("--forget", "99"), "nothing that was taken back"),
        ((), "required: RUN"),
    ],
)
def test_a_wrong_word_is_one_sentence(
    office: Office, arguments: tuple[str, ...], words: str
) -> None:
    """A22: an unknown run, number or combination: exit code 64, and nothing happens."""
    backfilled(office, 1)
    outcome = office.run("undo", *arguments)
    assert outcome.code == 64
    assert words.lower() in said(outcome).lower()
    assert deletes(office) == []


def test_only_an_import_can_be_taken_back(office: Office) -> None:
    """A22: a follow-up has a number too, and is refused; with nothing left, `last` says so."""
    backfilled(office, 1)
    office.run("follow-up")
    assert "is no import but follow-up" in said(office.run("undo", "2"))
    assert take_back(office).code == 0
    assert office.run("undo", "last").code == 64
    nothing = take_back(office, name="1")
    assert (nothing.code, nothing.json["removed"], nothing.json["earlier"]) == (0, 0, 1)


def test_undo_needs_no_access_to_teamleader(open_office: Callable[..., Office]) -> None:
    """A22: only Twikey is asked, so an import can be taken back after the consent was lost."""
    office = open_office()
    backfilled(office)
    office.sandbox.world.fault("status", service="teamleader", path="/", status=401)
    assert take_back(office).json["removed"] == 3
    assert office.calls("teamleader") == []


def test_every_line_fits_the_screen() -> None:
    """A22: large figures and an import of many numbers are folded, not cut off at the edge."""
    many = ", ".join(f"2026 / {n}" for n in range(100, 120))
    made = ImportRun(12345, "import", f"import {many}", "2026-03-01T10:00:00+00:00", "command line")
    report = UndoReport(
        made, plan_only=True, dry_run=True, removed=12_345, removed_cents=123_456_789_00,
        set_aside=1_234, kept=[{"number": "2026 / 1", "cents": 1, "sentence": "it is paid"}],
    )  # fmt: skip
    printed = io.StringIO()
    undo_verbs._show(Screen(stream=printed), report)
    assert "1234 never sent would be set aside" in " ".join(printed.getvalue().split())
    assert max(map(len, printed.getvalue().splitlines())) <= 100
