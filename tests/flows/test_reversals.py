"""Guide 8: reimbursed or refused: Teamleader says not paid, and nobody else's money is touched."""

from __future__ import annotations

import pytest

from tests.flows.money import follow_up, imported, on, open_alerts, payments, story
from tests.flows.office import Office
from tests.flows.scenes import NUMBER, OpenOffice, set_up
from tests.flows.test_payments import in_progress, teamleader_writes


def paid_by_debit(open_office: OpenOffice) -> tuple[Office, str]:
    """Open an office in which a debit was paid on 10 November and written back."""
    office, invoice = in_progress(open_office)
    on(office, "2024-11-10")
    office.sandbox.twikey.actions["pay_debit"](NUMBER)
    follow_up(office)
    assert len(payments(office, invoice)) == 1
    return office, invoice


@pytest.mark.parametrize(("day", "state"), [("2024-11-20", "BOOKED"), ("2024-12-05", "EXPIRED")])
def test_a_reimbursed_debit_is_not_paid(open_office: OpenOffice, day: str, state: str) -> None:
    """A40, A41, C7: before and after the due date; the journey keeps the bank's reason."""
    office, invoice = paid_by_debit(open_office)
    on(office, day)
    office.sandbox.twikey.actions["refuse"](NUMBER, "MD06")
    report, _ = follow_up(office)
    assert office.twikey_invoices()[NUMBER]["state"] == state
    booked = office.sandbox.books.invoice(invoice)
    assert (booked.paid, booked.due, payments(office, invoice)) == (False, 12_100, [])
    assert (report.undone, report.undone_cents) == (1, 12_100)
    with office.ledger() as ledger:
        told = [e for e in ledger.journal.of(invoice) if e["what"] == "payment failed in Twikey"]
    assert "MD06" in told[0]["facts"]["reason"]
    assert not open_alerts(office)


def test_paid_again_after_a_bounce(open_office: OpenOffice) -> None:
    """A44: a second payment is registered; the history shows paid, unpaid, paid."""
    office, invoice = paid_by_debit(open_office)
    on(office, "2024-11-20")
    office.sandbox.twikey.actions["refuse"](NUMBER, "MD06")
    follow_up(office)
    on(office, "2024-12-15")
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    assert payments(office, invoice) == [(12_100, "2024-12-15")]
    wanted = ("payment registered in Teamleader", "payment removed in Teamleader")
    assert [one for one in story(office, invoice) if one in wanted] == [
        wanted[0], wanted[1], wanted[0],
    ]  # fmt: skip


def test_paid_bounced_and_paid_again_between_two_runs(open_office: OpenOffice) -> None:
    """A44: only what stands in the end is registered."""
    office, invoice = in_progress(open_office)
    for action, details in (("pay_debit", {}), ("refuse", {"code": "AM04"}), ("pay_link", {})):
        office.sandbox.twikey.actions[action](NUMBER, **details)
        office.sandbox.world.advance(60)
    on(office, "2024-11-06")
    follow_up(office)
    assert len(payments(office, invoice)) == 1
    assert teamleader_writes(office) == ["registerPayment"]


def test_a_failure_that_comes_out_of_order_changes_nothing(open_office: OpenOffice) -> None:
    """C8: fail(10:00) told after paid(11:00) for one debit: it stays paid and is noted."""
    office, invoice = paid_by_debit(open_office)
    events = office.sandbox.twikey.books.state.payments
    late = {**events[0], "eventId": "evt_early", "eventType": "payment_failure"}
    events.append({**late, "occurredAt": "2024-11-09T10:00:00.000Z"})
    follow_up(office)
    assert len(payments(office, invoice)) == 1
    with office.ledger() as ledger:
        (noted,) = [e for e in ledger.journal.of(invoice) if e["what"] == "payment event ignored"]
    assert "older than the payment" in noted["facts"]["why"]


@pytest.mark.parametrize("kind", [None, "reset_after", "reset_before", "status_after"])
@pytest.mark.parametrize("call", ["removePayments", "registerPayment"])
def test_other_peoples_payments_stay(open_office: OpenOffice, call: str, kind: str | None) -> None:
    """A42: EUR 21 by transfer keeps its date when EUR 100 bounces, lost answers included."""
    office, invoice = imported(open_office)
    when = office.sandbox.books.now() - 3 * 86_400
    office.sandbox.books.pay(invoice, 2_100, when)
    on(office, "2024-11-06")
    office.sandbox.twikey.actions["pay_link"](NUMBER, 100)
    follow_up(office, always=False)
    assert [cents for cents, _ in payments(office, invoice)] == [2_100, 10_000]
    on(office, "2024-11-20")
    office.sandbox.twikey.actions["manual_paid"](NUMBER)
    office.sandbox.twikey.books.state.payments.pop()
    office.sandbox.twikey.actions["refund"](NUMBER, 100)
    if kind is not None:
        office.sandbox.world.fault(kind, path=call, times=1)
    follow_up(office, always=False)
    report, _ = follow_up(office, always=False)
    assert office.sandbox.books.invoice(invoice).payments == ((when, 2_100),)
    assert report.unsettled == 0
    assert "payment put back in Teamleader" in story(office, invoice) or kind is not None
    assert not open_alerts(office)


def test_beside_other_payments_a_reversal_can_wait_for_a_person(open_office: OpenOffice) -> None:
    """A42: with "hold" nothing is removed, an alert says why, and it closes once done by hand."""
    office, invoice = imported(open_office)
    set_up(office, tables='[payments]\nreversal_with_other_payments = "hold"')
    when = office.sandbox.books.now() - 3 * 86_400
    office.sandbox.books.pay(invoice, 2_100, when)
    office.sandbox.twikey.actions["pay_card"](NUMBER)
    on(office, "2024-11-06")
    follow_up(office)
    office.sandbox.twikey.actions["refuse"](NUMBER, "AM04")
    office.forget_calls()
    follow_up(office)
    assert teamleader_writes(office) == []
    assert "EUR 21.00" in open_alerts(office)["REVERSAL_HELD"]
    office.sandbox.books.edit_invoice(invoice, payments=((when, 2_100),))
    follow_up(office)
    follow_up(office)
    assert teamleader_writes(office) == []
    assert set(open_alerts(office)) == {"PARTLY_PAID"}  # Twikey asks the whole again, 21 are paid


def test_a_payment_that_a_colleague_removed_leaves_nothing_to_undo(
    open_office: OpenOffice,
) -> None:
    """A42: ours is not there any more: other people's stay, and nothing is called off."""
    office, invoice = paid_by_debit(open_office)
    theirs = (office.sandbox.books.now() - 99, 12_100)
    office.sandbox.books.edit_invoice(invoice, payments=(theirs,))
    on(office, "2024-11-20")
    office.sandbox.twikey.actions["refuse"](NUMBER, "MD06")
    office.forget_calls()
    follow_up(office, always=False)
    assert teamleader_writes(office) == []
    assert office.sandbox.books.invoice(invoice).payments == (theirs,)
    assert "nothing to undo" in story(office, invoice)


def test_a_manual_reset_is_told_and_not_written(open_office: OpenOffice) -> None:
    """A43: set back by hand without a failed payment: Teamleader stays, the difference is told."""
    office, invoice = paid_by_debit(open_office)
    on(office, "2024-11-12")
    office.sandbox.twikey.actions["manual_reset"](NUMBER)
    office.forget_calls()
    follow_up(office)
    on(office, "2024-11-12", hour=12)
    follow_up(office)
    assert (teamleader_writes(office), len(payments(office, invoice))) == ([], 1)
    assert open_alerts(office) == {"MANUAL_RESET": "Twikey says BOOKED, Teamleader matched"}
    office.sandbox.twikey.actions["manual_paid"](NUMBER)
    for _ in range(2):
        follow_up(office)
        assert open_alerts(office) == {}  # set to paid as advised: no money came twice
    assert (teamleader_writes(office), len(payments(office, invoice))) == ([], 1)


def test_a_part_refund_waits_for_a_person(open_office: OpenOffice) -> None:
    """A40: the API removes whole payments only, so a part that went back is told."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    office.sandbox.twikey.actions["refund"](NUMBER, 20)
    follow_up(office)
    assert (len(payments(office, invoice)), set(open_alerts(office))) == (1, {"PARTIAL_REFUND"})


def test_nothing_is_sent_on_an_invoice_while_a_removal_is_open(open_office: OpenOffice) -> None:
    """A42, A44, P9: before the wait is over neither a second removal nor the new payment leaves."""
    office, invoice = paid_by_debit(open_office)
    set_up(office, "settle_after_seconds = 300")
    on(office, "2024-11-20")
    office.sandbox.twikey.actions["refuse"](NUMBER, "MD06")
    office.sandbox.world.fault("late", path="removePayments", times=1, seconds=100)
    office.forget_calls()
    follow_up(office, always=False)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    report, _ = follow_up(office, always=False)
    assert (teamleader_writes(office), report.unsettled) == (["removePayments"], 1)
    office.sandbox.world.advance(200)
    on(office, "2024-11-21")
    follow_up(office, always=False)
    assert teamleader_writes(office) == ["removePayments", "registerPayment"]
    assert payments(office, invoice) == [(12_100, "2024-11-20")]
