"""Complaints about doubles: what exists is never made again, end to end (acceptance 3).

Parametrised over what nobody knows of Twikey: how a number or an id that exists is answered, how a
bulk reports it, what an unknown id looks like, what the feed shows.
"""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import BrakePulled
from flows.settings import LEDGER_NAME
from tests.flows.office import CONFIG, Office
from tests.flows.sights import (
    OpenOffice,
    booked,
    creates,
    days_ago,
    held,
    numbers,
    pass_time,
    watermark,
)

ANSWERS = pytest.mark.parametrize("answer", ["return", "400", "409"])
UNKNOWN = pytest.mark.parametrize("unknown", ["400", "404", "empty"])
SIZES = pytest.mark.parametrize("count", [1, 12], ids=["single", "bulk"])
WAYS = pytest.mark.parametrize(
    ("count", "rules"),
    [
        (1, {"twikey_existing_number": "return"}),
        (1, {"twikey_existing_number": "400"}),
        (1, {"twikey_existing_number": "409"}),
        (12, {"twikey_bulk_existing": "existing_id"}),
        (12, {"twikey_bulk_existing": "sent_id"}),
        (12, {"twikey_bulk_existing": "error"}),
        (12, {"twikey_existing_number": "400"}),
        (12, {"twikey_existing_number": "409"}),
    ],
)
SEEN = pytest.mark.parametrize(
    "feed",
    [
        {},
        {"twikey_feed_start": "now"},
        {"twikey_feed_collapses": True, "twikey_feed_item": "event"},
        {"twikey_feed_page_size": 5},
    ],
    ids=["plain", "starts now", "collapsed", "small pages"],
)
PATIENT = CONFIG.replace("settle_after_seconds = 0", "settle_after_seconds = 300")


def lose_state(office: Office) -> None:
    """Delete the ledger with everything in it, and connect again."""
    for left in office.home.glob(f"{LEDGER_NAME.partition('.')[0]}*"):
        left.unlink()
    office.grant()


def customer_of(office: Office, booking: str) -> dict[str, str]:
    """Return the customer of a booking as somebody types it in Twikey."""
    found = office.sandbox.books.invoice(booking)
    return {"customerNumber": str(found.customer_id), "companyName": found.name}


# ---- C15: one number in two departments


@ANSWERS
def test_a_number_of_two_departments_crosses_once(open_office: OpenOffice, answer: str) -> None:
    """C15: the second "2026 / 17" is held with NUMBER_TAKEN naming the first, in one run or two."""
    office = open_office(departments=2, twikey_existing_number=answer)
    books = office.sandbox.books
    first = books.book(number="2026 / 17", date=days_ago(office, 3))
    second = books.book(number="2026 / 17", department=books.departments[1].id)
    plan = office.run("import", "--days", "30", "--dry-run")
    assert (plan.code, "NUMBER_TAKEN" in plan.out) == (2, True), plan.out
    assert not creates(office)
    probed = office.run("check", "--json").json
    assert [f["state"] for f in probed if f["probe"] == "number clashes"] == ["warns"]
    for _ in range(2):
        report = office.imports(days=30)
        assert (report.held, report.exit_code) == (1, 2)
    assert list(office.twikey_invoices()) == ["2026 / 17"]
    assert held(office)[second]["reason"] == "NUMBER_TAKEN"
    assert first in str(held(office)[second]["detail"])
    office.configure(f'{CONFIG}[number_prefix]\n"{books.departments[1].id}" = "NL-"\n')
    assert office.run("retry", "NUMBER_TAKEN").code == 0
    assert numbers(office) == ["2026 / 17", "NL-2026 / 17"]


# ---- C16: a number that came back


@ANSWERS
@pytest.mark.parametrize("removed", [True, False], ids=["removed", "still there"])
def test_a_reused_number_waits_for_the_operators_word(
    open_office: OpenOffice, answer: str, removed: bool
) -> None:
    """C16: the deleted booking's link is closed, the new one held until `retry N --confirm`."""
    office = open_office(twikey_existing_number=answer)
    books = office.sandbox.books
    old = books.book(amount=12_100)
    number = booked(office, old)
    office.imports(days=30)
    books.delete_invoice(old)
    new = books.book(amount=24_200)
    assert booked(office, new) == number
    assert office.imports().exit_code == 2
    with office.ledger() as ledger:
        closed = {row["id"]: row for row in ledger.bookings.find(number)}[old]
    assert (closed["stage"], closed["reason"]) == ("closed", "DELETED_IN_SOURCE")
    assert held(office)[new]["reason"] == "NUMBER_REUSED"
    assert "--confirm" in office.run("held", number).out
    assert office.run("retry", number).code == 2
    assert len(creates(office)) == 1
    if removed:
        office.sandbox.twikey.actions["delete_invoice"](number)
    outcome = office.run("retry", number, "--confirm")
    standing = office.twikey_invoices()[number]
    if removed:
        assert (outcome.code, standing["id"]) == (0, new)
    else:
        assert (outcome.code, standing["id"]) == (2, old)
        assert held(office)[new]["reason"] in ("DIFFERS", "REFUSED")
    assert office.run("journey", number).out.count("released") == 2


# ---- C17: entered by hand before


@SEEN
@SIZES
def test_what_was_typed_by_hand_is_adopted(
    open_office: OpenOffice, feed: dict[str, Any], count: int
) -> None:
    """C17: number, amount, date and customer agree: adopt is planned and done, nothing is made."""
    office = open_office(**feed)
    books, actions = office.sandbox.books, office.sandbox.twikey.actions
    for one in [books.book(amount=10_001 + n) for n in range(count)]:
        actions["enter_by_hand"](
            booked(office, one), books.invoice(one).payable / 100, customer=customer_of(office, one)
        )
    before = office.twikey_invoices()
    plan = office.imports(days=30, dry_run=True)
    assert (plan.sent, plan.adopted, plan.held) == (0, count, 0)
    report = office.imports(days=30)
    assert (report.sent, report.known, report.held) == (0, count, 0)
    assert not creates(office)
    assert office.twikey_invoices() == before


DIFFERENT: dict[str, dict[str, Any]] = {
    "amount": {"amount": 100.0},
    "date": {"date": "2026-01-02"},
    "customer": {"customer": {"customerNumber": "ABC", "companyName": "Somebody else"}},
}


@SIZES
@pytest.mark.parametrize("what", DIFFERENT)
def test_what_was_typed_differently_is_held(open_office: OpenOffice, count: int, what: str) -> None:
    """C17: when the amount, the date or the customer differs it is held with both, never made."""
    office = open_office()
    books = office.sandbox.books
    for one in [books.book() for _ in range(count)]:
        typed = {"amount": 121.0, "customer": customer_of(office, one), **DIFFERENT[what]}
        office.sandbox.twikey.actions["enter_by_hand"](booked(office, one), **typed)
    before = office.twikey_invoices()
    report = office.imports(days=30)
    assert (report.held, report.reasons) == (count, {"DIFFERS": count})
    assert all(what in str(row["detail"]) for row in held(office).values())
    assert not creates(office)
    assert office.twikey_invoices() == before


@pytest.mark.parametrize("same", [True, False], ids=["the same", "another"])
@WAYS
def test_what_is_typed_while_the_job_sends_is_not_doubled(
    open_office: OpenOffice, same: bool, count: int, rules: dict[str, Any]
) -> None:
    """C17: typed between the plan and the create: adopted or held, whatever Twikey answers."""
    office = open_office(**rules)
    books, actions = office.sandbox.books, office.sandbox.twikey.actions
    ids = [books.book(amount=10_000 + n) for n in range(count)]
    one, cents = ids[0], books.invoice(ids[0]).payable + (not same)

    def type_it(request: object) -> None:
        actions["enter_by_hand"](
            booked(office, one), cents / 100, customer=customer_of(office, one)
        )

    office.sandbox.world.fault(
        "call", service="twikey", method="POST", path="/invoice", nth=1, action=type_it
    )
    office.imports(days=30)
    for _ in range(2):
        pass_time(office, hours=2)
        office.imports()
    assert len(numbers(office)) == count
    assert office.twikey_invoices()[booked(office, one)]["id"] != one
    assert set(held(office)) == (set() if same else {one})
    with office.ledger() as ledger:
        assert ledger.desk.stages() == {"sent": count} if same else {"sent": count - 1, "held": 1}


# ---- C18: state lost


def a_year(office: Office) -> int:
    """Book a year with credit notes and import it; return how many there are."""
    books = office.sandbox.books
    for day in range(14):
        parent = books.book(amount=10_000 + day, date=days_ago(office, 20 * day))
        if day % 5 == 0:
            books.credit(parent, 2_000, date=days_ago(office, 20 * day))
    return office.imports(days=365).sent


@SEEN
def test_after_the_loss_of_the_ledger_everything_is_adopted(
    open_office: OpenOffice, feed: dict[str, Any]
) -> None:
    """C18: a 365-day plan after state was lost: all adopted, creates 0, and so it is done."""
    office = open_office(**feed)
    count = a_year(office)
    before = office.twikey_invoices()
    lose_state(office)
    office.forget_calls()
    plan = office.imports(days=365, dry_run=True, yes=False)
    assert (plan.sent, plan.adopted, plan.held) == (0, count, 0)
    assert office.imports(days=365, yes=False).adopted == count
    assert not creates(office)
    assert office.twikey_invoices() == before
    assert office.imports().exit_code == 0


@WAYS
def test_a_feed_that_hides_our_own_creates_doubles_nothing(
    open_office: OpenOffice, count: int, rules: dict[str, Any]
) -> None:
    """C18: where the feed cannot tell, the brake stops; released, Twikey keeps what it has."""
    office = open_office(twikey_own_changes_in_feed=False, **rules)
    for day in range(count):
        office.sandbox.books.book(amount=10_000 + day, date=days_ago(office, 100 + day))
    office.imports(days=365)
    before = office.twikey_invoices()
    lose_state(office)
    with pytest.raises(BrakePulled):
        office.imports(days=365, yes=False)
    office.imports(days=365)
    pass_time(office, hours=2)
    report = office.imports()
    assert report.exit_code == 0, report
    assert office.twikey_invoices() == before
    with office.ledger() as ledger:
        assert ledger.desk.stages() == {"sent": count}


def test_the_brake_holds_creates_of_old_documents(office: Office) -> None:
    """C18: state lost and one old document missing in Twikey: the brake stops before it is sent."""
    books = office.sandbox.books
    old = books.book(date=days_ago(office, 200))
    books.book(date=days_ago(office, 3))
    office.imports(days=365)
    office.sandbox.twikey.actions["delete_invoice"](booked(office, old))
    lose_state(office)
    office.forget_calls()
    plan = office.imports(days=365, dry_run=True, yes=False)
    assert (plan.sent, plan.adopted) == (1, 1)
    assert "--yes" in str(plan.notes)
    with pytest.raises(BrakePulled) as stopped:
        office.imports(days=365, yes=False)
    assert days_ago(office, 200) in str(stopped.value)
    assert not creates(office)
    assert watermark(office) is None
    assert office.imports(days=365).sent == 1


# ---- C19: the answer that was lost


@UNKNOWN
@SIZES
@pytest.mark.parametrize("kind", ["reset_after", "status_after", "truncate", "html"])
def test_a_create_whose_answer_was_lost_is_looked_up(
    open_office: OpenOffice, unknown: str, count: int, kind: str
) -> None:
    """C19: not sent again before the wait, looked up after it, and sent again only if not there."""
    office = open_office(twikey_unknown_invoice=unknown)
    office.configure(PATIENT)
    books = office.sandbox.books
    ids = [books.book(amount=10_000 + n) for n in range(count)]
    office.sandbox.world.fault(
        kind, service="twikey", method="POST", path="/invoice", times=1, handled=kind != "html"
    )
    report = office.imports(days=30)
    assert (report.held, report.exit_code) == (count, 2)
    assert {row["reason"] for row in held(office).values()} == {"UNSETTLED"}
    assert office.imports().held == count
    assert len(creates(office)) == 1
    pass_time(office, minutes=6)
    office.imports()
    assert len(creates(office)) == (2 if kind == "html" else 1)
    assert not held(office)
    assert {i["id"] for i in office.twikey_invoices().values()} == set(ids)
    customers = office.sandbox.twikey.dump()["customers"]
    assert [(c["ct"]) for c in customers] == [1420]


@SIZES
def test_a_create_that_arrives_late_is_not_sent_again(office: Office, count: int) -> None:
    """C19: applied two minutes after its answer was lost: found after the wait, sent once."""
    office.configure(PATIENT)
    for n in range(count):
        office.sandbox.books.book(amount=10_000 + n)
    office.sandbox.world.fault(
        "late", service="twikey", method="POST", path="/invoice", times=1, seconds=120
    )
    office.imports(days=30)
    pass_time(office, minutes=1)
    office.imports()
    assert not office.twikey_invoices()
    pass_time(office, minutes=5)
    assert office.imports().exit_code == 0
    assert len(creates(office)) == 1
    assert len(office.twikey_invoices()) == count


# ---- C24: refused is not done


@pytest.mark.parametrize("text", ["code", "message"])
@SIZES
def test_a_success_with_an_error_in_it_is_a_refusal(
    open_office: OpenOffice, count: int, text: str
) -> None:
    """C24: 200 with an error header, or a bulk row that is not OK, is recorded as refused."""
    office = open_office(twikey_bulk_error_text=text, twikey_zero_amount="refuse")
    books = office.sandbox.books
    ids = [books.book(amount=10_000 + n) for n in range(count)]
    wrong = office.sandbox.world.fault(
        "error_header", service="twikey", method="POST", path="/invoice", content=ids[0]
    )
    report = office.imports(days=30)
    assert (report.sent, report.held, report.exit_code) == (count - 1, 1, 2)
    assert held(office)[ids[0]]["reason"] == "REFUSED"
    assert "err_internal" in str(held(office)[ids[0]]["detail"])
    assert booked(office, ids[0]) not in office.twikey_invoices()
    wrong.times = 0
    pass_time(office, hours=1)
    assert office.imports().exit_code == 0
    assert len(office.twikey_invoices()) == count


@UNKNOWN
@pytest.mark.parametrize("text", ["code", "message"])
def test_a_bulk_of_which_nothing_was_taken_tells_every_reason(
    open_office: OpenOffice, text: str, unknown: str
) -> None:
    """C24: a batch without a single success is no success, and its members learn why."""
    office = open_office(
        twikey_bulk_error_text=text, twikey_sepa_only=True, twikey_unknown_invoice=unknown
    )
    for n in range(12):
        office.sandbox.books.book(amount=10_000 + n, reference="betaal \u20ac")
    office.imports(days=30)
    assert not office.twikey_invoices()
    assert len(held(office)) == 12
    pass_time(office, hours=1)
    office.imports()
    assert {row["reason"] for row in held(office).values()} == {"REFUSED"}
    assert "sepachars" in str(held(office))
    office.sandbox.world.rules.twikey_sepa_only = False
    pass_time(office, days=1)
    assert office.imports().exit_code == 0
    assert len(office.twikey_invoices()) == 12
