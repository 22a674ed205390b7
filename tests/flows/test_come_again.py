"""Advice that works: what is gone from Twikey, changed, dismissed or unreadable comes to an end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flows.run import at_work
from tests.flows.following import killed_at
from tests.flows.money import follow_up, imported, on, open_alerts, payments, story
from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    NUMBER,
    OpenOffice,
    book_100,
    creates,
    in_november,
    run,
    said,
    set_up,
    twikey_customers,
)
from tests.flows.test_paid_elsewhere import do


def changed(open_office: OpenOffice, amount: int = 15_000, **rules: object) -> tuple[Office, str]:
    """Open an office in which an invoice's amount was changed after it crossed."""
    office, invoice = imported(open_office, **rules)
    office.sandbox.books.edit_invoice(invoice, amount=amount)
    on(office, "2024-11-05")
    office.imports()
    follow_up(office)
    assert set(open_alerts(office)) == {"AMOUNT_CHANGED"}
    office.forget_calls()
    return office, invoice


# ---- created anew


@pytest.mark.parametrize("seen_gone", [False, True])
def test_a_changed_amount_comes_again_by_number(open_office: OpenOffice, seen_gone: bool) -> None:
    """C33: deleted in Twikey and imported by number, it stands there once, with its new amount."""
    office, invoice = changed(open_office)
    do(office, "delete_invoice")
    if seen_gone:
        follow_up(office)
        assert set(open_alerts(office)) == {"AMOUNT_CHANGED", "GONE_IN_TWIKEY"}
    outcome = run(office, "import", "--number", NUMBER)
    assert outcome.code == 0
    assert "1 sent, EUR 150.00" in said(outcome)
    for day in ("06", "07"):
        on(office, f"2024-11-{day}")
        run(office, "import", "--number", NUMBER)
        follow_up(office)
    assert (list(office.twikey_invoices()), open_alerts(office)) == ([NUMBER], {})
    assert len([call for call in creates(office) if call.applied]) == 1
    do(office, "pay_link")
    on(office, "2024-11-08")
    follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [15_000]


def test_what_stands_in_twikey_is_not_created_again(open_office: OpenOffice) -> None:
    """C33: import by number before the deletion says what to do first, and creates nothing."""
    office, _ = changed(open_office)
    outcome = run(office, "import", "--number", NUMBER)
    assert "it stands there with EUR 121.00; delete it in Twikey first" in said(outcome)
    assert (creates(office), set(open_alerts(office))) == ([], {"AMOUNT_CHANGED"})


def test_money_that_came_in_keeps_a_second_life_away(open_office: OpenOffice) -> None:
    """C33: a part was paid through Twikey before it was deleted there: nothing is created."""
    office, _ = changed(open_office)
    do(office, "partial", 20.0)
    follow_up(office)
    office.sandbox.twikey.books.state.invoices.clear()
    outcome = run(office, "import", "--number", NUMBER)
    assert "is not created again: a payment of it was written to Teamleader" in said(outcome)
    assert not creates(office)


def test_a_lost_answer_to_the_look_creates_nothing(open_office: OpenOffice) -> None:
    """C33: Twikey does not say whether it is there: nothing is created, and it stays as it was."""
    office, invoice = changed(open_office)
    do(office, "delete_invoice")
    office.sandbox.world.fault(
        "status", method="GET", path=f"/creditor/invoice/{invoice}", status=400,
        body='{"code":"err_odd","message":"odd"}', headers={"Content-Type": "application/json"},
        times=5,
    )  # fmt: skip
    run(office, "import", "--number", NUMBER)
    assert (creates(office), "AMOUNT_CHANGED" in open_alerts(office)) == ([], True)


def test_a_dry_run_brings_nothing_back(open_office: OpenOffice) -> None:
    """C33: the plan says that it would be sent; the ledger stays as it was."""
    office, _ = changed(open_office)
    do(office, "delete_invoice")
    outcome = run(office, "import", "--number", NUMBER, "--dry-run")
    assert "EUR 150.00" in said(outcome)
    assert (creates(office), set(open_alerts(office))) == ([], {"AMOUNT_CHANGED"})


# ---- settled otherwise


def test_a_credit_note_over_the_difference_settles_a_changed_amount(
    open_office: OpenOffice,
) -> None:
    """C33: credited as the alert advises, Twikey asks to the cent what is due: settled."""
    office, invoice = changed(open_office)
    office.sandbox.books.credit(invoice, 2_900, number="2024/7")
    on(office, "2024-11-06")
    office.imports()
    follow_up(office)
    assert not open_alerts(office)
    do(office, "pay_link")
    for day in ("07", "08"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert not open_alerts(office)


def test_a_changed_amount_settles_when_paid_on_both_sides(open_office: OpenOffice) -> None:
    """C33: paid in Twikey and the rest in Teamleader: nobody owes anything, so nothing is told."""
    office, invoice = changed(open_office)
    do(office, "pay_link")
    on(office, "2024-11-06")
    follow_up(office)
    office.sandbox.books.pay(invoice)
    for day in ("07", "08"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert not open_alerts(office)


def test_gone_settles_when_nothing_is_due_and_costs_nothing_after(open_office: OpenOffice) -> None:
    """C38: deleted in Twikey and paid in Teamleader: settled, and never asked for again."""
    office, invoice = imported(open_office)
    do(office, "delete_invoice")
    on(office, "2024-11-05")
    follow_up(office)
    assert set(open_alerts(office)) == {"GONE_IN_TWIKEY"}
    office.sandbox.books.pay(invoice)
    on(office, "2024-11-06")
    follow_up(office)
    assert not open_alerts(office)
    on(office, "2024-11-07")
    office.forget_calls()
    follow_up(office)
    asked = [call.path for call in office.calls("twikey")]
    assert [path for path in asked if invoice in path] == []
    assert office.calls("teamleader") == []


def test_gone_on_purpose_is_closed_by_a_word(open_office: OpenOffice) -> None:
    """C38: a person says that it was deleted on purpose: closed, and not raised again."""
    office, invoice = imported(open_office)
    do(office, "delete_invoice")
    on(office, "2024-11-05")
    follow_up(office)
    assert "Closed: GONE_IN_TWIKEY" in said(run(office, "retry", NUMBER, "--confirm"))
    office.sandbox.books.edit_invoice(invoice, due_on="2024-12-15")
    for day in ("06", "07"):
        on(office, f"2024-11-{day}")
        run(office, "follow-up")
    assert not open_alerts(office)
    on(office, "2024-11-08")
    office.forget_calls()
    follow_up(office)
    assert not [call for call in office.calls("twikey") if invoice in call.path]


def test_deleted_paid_refunded_and_deleted_is_over(open_office: OpenOffice) -> None:
    """C14: deleted in Teamleader, paid and paid back in Twikey, deleted there too: all settled."""
    office, invoice = imported(open_office)
    office.sandbox.books.delete_invoice(invoice)
    on(office, "2024-11-05")
    follow_up(office)
    do(office, "pay_link")
    on(office, "2024-11-06")
    follow_up(office)
    do(office, "refund", 121.0)
    on(office, "2024-11-07")
    follow_up(office)
    do(office, "delete_invoice")
    for day in ("10", "11"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert not open_alerts(office)


# ---- a person's word


def test_an_unreadable_event_is_closed_by_its_name(open_office: OpenOffice) -> None:
    """C40: looked up and registered by hand, an event that nobody can read is closed by name."""
    office, _ = imported(open_office)
    do(office, "pay_link")
    events = office.sandbox.twikey.books.state.payments
    events.insert(0, {**events[0], "eventId": "evt_odd", "occurredAt": "soon"})
    follow_up(office)
    assert set(open_alerts(office)) == {"PAYMENT_UNREADABLE"}
    outcome = run(office, "retry", "evt_odd", "--confirm")
    assert (outcome.code, "Closed: PAYMENT_UNREADABLE of evt_odd" in said(outcome)) == (0, True)
    follow_up(office)
    assert not open_alerts(office)


def test_a_word_waits_for_the_run_at_work(open_office: OpenOffice) -> None:
    """B4: while a run is at work nothing is confirmed beside it: exit 3, nothing changed."""
    office, _ = imported(open_office)
    do(office, "pay_link")
    do(office, "double")
    follow_up(office)
    with (
        office.connection() as connection,
        at_work(connection, "follow-up", started_by="a test", parameters={}),
    ):
        assert run(office, "retry", NUMBER, "--confirm").code == 3
    assert set(open_alerts(office)) == {"DOUBLE_PAYMENT"}


def test_a_number_of_two_departments_needs_the_id(open_office: OpenOffice) -> None:
    """C19: two departments use one number: a word about it closes neither until the id is given."""
    office = in_november(open_office)
    departments = office.sandbox.books.departments
    other = replace(departments[0], id="11111111-2222-0333-4444-555555555555", name="Two")
    departments.append(other)
    set_up(office, tables=f'[number_prefix]\n"{other.id}" = "B"')
    first, second = book_100(office), book_100(office, department=other.id)
    office.imports(days=30)
    for number in list(office.twikey_invoices()):
        office.sandbox.twikey.actions["pay_link"](number)
        office.sandbox.twikey.actions["double"](number)
    follow_up(office)
    outcome = run(office, "retry", NUMBER, "--confirm")
    assert outcome.code == 64
    assert "2 bookings are called" in said(outcome)
    assert first in said(outcome)
    assert run(office, "retry", second, "--confirm").code == 0
    with office.ledger() as ledger:
        assert [row["booking_id"] for row in ledger.alerts.open()] == [first]


# ---- the address, before a second mail


def test_a_second_invitation_goes_to_the_new_address(open_office: OpenOffice) -> None:
    """A39: the address is corrected in Teamleader: Twikey is told before the mail leaves."""
    office, invoice = imported(open_office)
    office.sandbox.books.edit_customer(CUSTOMER, email="new@klant.example")
    assert run(office, "invite", NUMBER, "--again").code == 0
    assert twikey_customers(office)[CUSTOMER]["email"] == "new@klant.example"
    calls = [(c.method, c.path) for c in office.calls("twikey") if c.method != "GET"]
    told = next(at for at, (method, _) in enumerate(calls) if method == "PATCH")
    assert calls[told + 1] == ("POST", f"/creditor/invoice/{invoice}/action")


def test_no_second_invitation_to_an_old_address(open_office: OpenOffice) -> None:
    """A39: Twikey does not take the new address, twice: nothing is mailed to the old one."""
    office, invoice = imported(open_office)
    office.sandbox.books.edit_customer(CUSTOMER, email="new@klant.example")
    office.sandbox.world.fault(
        "status", method="PATCH", path="/creditor/customer", status=400,
        body='{"code":"err_invalid_email","message":"no"}',
        headers={"Content-Type": "application/json"}, times=9,
    )  # fmt: skip
    for _ in range(2):
        outcome = run(office, "invite", NUMBER, "--again")
        assert outcome.code == 64
        assert "its customer cannot follow to Twikey first" in said(outcome)
    assert "invitation asked for" not in story(office, invoice)


@pytest.mark.parametrize("moment", [15, 35, 55, 75, 95])
def test_killed_in_between_it_still_comes_once(open_office: OpenOffice, moment: int) -> None:
    """B2: killed at any moment of coming again, the next runs bring it, and once only."""
    office, _ = changed(open_office)
    set_up(office, "settle_after_seconds = 0")
    do(office, "delete_invoice")
    office.forget_calls()
    killed_at(moment, lambda: office.imports(numbers=(NUMBER,)))
    on(office, "2024-11-06")
    office.imports(numbers=(NUMBER,))
    on(office, "2024-11-07")
    office.imports()
    follow_up(office)
    assert len([call for call in creates(office) if call.applied]) == 1
    assert (list(office.twikey_invoices()), open_alerts(office)) == ([NUMBER], {})
