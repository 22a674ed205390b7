"""Paid on one side and due on the other, again and after all (decisions 7; C4, C5, C7)."""

from __future__ import annotations

from typing import Any

from tests.flows.money import follow_up, imported, on, open_alerts, payments, story
from tests.flows.office import Office
from tests.flows.scenes import NUMBER, OpenOffice, set_up
from tests.flows.test_payments import in_progress, teamleader_writes

OFF = "[payments]\nwrite_back = false"


def state(office: Office) -> str:
    """Return the state of the invoice in Twikey."""
    return str(office.twikey_invoices()[NUMBER]["state"])


def do(office: Office, action: str, *details: Any) -> None:
    """Let somebody do something with the invoice in Twikey."""
    office.sandbox.twikey.actions[action](NUMBER, *details)


# ---- writing back is switched off


def test_paid_elsewhere_is_told_to_twikey_without_writing_back(open_office: OpenOffice) -> None:
    """C4: with write_back off a part that Twikey brought does not hide what others paid."""
    office, invoice = imported(open_office)
    set_up(office, tables=OFF)
    do(office, "partial", 50.0)
    follow_up(office)
    office.sandbox.books.pay(invoice)
    _, swept = follow_up(office)
    assert (swept.set_to_paid, state(office)) == (1, "PAID")
    assert (teamleader_writes(office), open_alerts(office)) == ([], {})


def test_a_reset_is_told_without_writing_back(open_office: OpenOffice) -> None:
    """A43: with write_back off, set to paid by us and reset by a person is told all the same."""
    office, invoice = imported(open_office)
    set_up(office, tables=OFF)
    do(office, "partial", 50.0)
    office.sandbox.books.pay(invoice)
    follow_up(office)
    do(office, "manual_reset")
    follow_up(office)
    assert not open_alerts(office)  # a refund might still be told
    on(office, "2024-11-04", hour=12)
    follow_up(office)
    assert set(open_alerts(office)) == {"MANUAL_RESET"}
    assert state(office) == "BOOKED"


def test_a_reset_of_what_was_registered_by_hand_is_told(open_office: OpenOffice) -> None:
    """A43, C5: with write_back off, paid on both sides and reset: collected again, so told."""
    office, invoice = imported(open_office)
    set_up(office, tables=OFF)
    do(office, "pay_link")
    follow_up(office)
    do(office, "manual_reset")
    on(office, "2024-11-05")
    follow_up(office)
    assert not open_alerts(office)  # both sides ask it
    office.sandbox.books.pay(invoice)
    for day in ("06", "07"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert (set(open_alerts(office)), state(office)) == ({"MANUAL_RESET"}, "BOOKED")
    do(office, "manual_paid")
    on(office, "2024-11-08")
    follow_up(office)
    assert not open_alerts(office)


def test_a_bounce_nobody_wrote_back_is_not_paid_elsewhere(open_office: OpenOffice) -> None:
    """C7: registered by hand and bounced since: not set to paid while writing back is off."""
    office, invoice = in_progress(open_office)
    set_up(office, tables=OFF)
    do(office, "pay_debit")
    office.sandbox.books.pay(invoice)
    follow_up(office)
    on(office, "2024-11-06")
    do(office, "refuse", "MD06")
    _, swept = follow_up(office)
    assert (swept.set_to_paid, state(office), open_alerts(office)) == (0, "BOOKED", {})


def test_paid_in_twikey_is_not_due_again_without_writing_back(open_office: OpenOffice) -> None:
    """C4: with write_back off Teamleader is due for a while, and that is no alert."""
    office, _ = imported(open_office)
    set_up(office, tables=OFF)
    do(office, "pay_link")
    follow_up(office)
    on(office, "2024-11-06")
    follow_up(office)
    do(office, "archive")
    follow_up(office)
    assert not open_alerts(office)


# ---- money that found no place gets it


def test_money_without_a_place_is_registered_when_there_is_room(open_office: OpenOffice) -> None:
    """C9: the rival payment is removed in Teamleader: Twikey's own gets its place after all."""
    office, invoice = imported(open_office)
    office.sandbox.books.pay(invoice)
    do(office, "pay_link")
    follow_up(office)
    assert open_alerts(office) == {"OVERPAID": "EUR 121.00 more than was due"}
    office.sandbox.books.remove_payments(invoice)
    for _ in range(2):
        on(office, "2024-11-05")
        follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [12_100]
    assert teamleader_writes(office) == ["registerPayment"]
    assert not open_alerts(office)


def test_the_rest_of_a_payment_is_registered_when_there_is_room(open_office: OpenOffice) -> None:
    """C9: registered in part beside another's; with that one gone the rest follows."""
    office, invoice = imported(open_office)
    office.sandbox.books.pay(invoice, 10_000)
    do(office, "pay_link")
    follow_up(office)
    booked = office.sandbox.books.invoice(invoice)
    ours = tuple(one for one in booked.payments if one[1] == 2_100)
    office.sandbox.books.edit_invoice(invoice, payments=ours)
    for _ in range(2):
        follow_up(office)
    assert sorted(cents for cents, _ in payments(office, invoice)) == [2_100, 10_000]
    assert not open_alerts(office)


def test_a_double_stays_a_double(open_office: OpenOffice) -> None:
    """C9: paid twice in Twikey and ours removed by hand: told, the second one is not used."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    do(office, "double")
    follow_up(office)
    assert set(open_alerts(office)) == {"DOUBLE_PAYMENT"}
    office.sandbox.books.remove_payments(invoice)
    for _ in range(2):
        follow_up(office)
    assert set(open_alerts(office)) == {"DOUBLE_PAYMENT", "DUE_AGAIN"}
    assert payments(office, invoice) == []


# ---- our own setting to paid


def test_paid_elsewhere_a_second_time_is_set_again(open_office: OpenOffice) -> None:
    """C4: the payment was removed and Twikey reset: a new one is set to paid like the first."""
    office, invoice = imported(open_office)
    office.sandbox.books.pay(invoice)
    follow_up(office)
    office.sandbox.books.remove_payments(invoice)
    follow_up(office)
    assert open_alerts(office) == {"DUE_AGAIN": "EUR 121.00 is due"}
    do(office, "manual_reset")
    follow_up(office)
    assert not open_alerts(office)
    office.sandbox.books.pay(invoice)
    _, swept = follow_up(office)
    assert (swept.set_to_paid, state(office)) == (1, "PAID")
    follow_up(office)
    assert (teamleader_writes(office), len(payments(office, invoice))) == ([], 1)
    assert not open_alerts(office)


def test_a_reset_while_teamleader_is_paid_is_left_to_a_person(open_office: OpenOffice) -> None:
    """A43: we set it to paid, somebody resets it: told, and not set again."""
    office, invoice = imported(open_office)
    office.sandbox.books.pay(invoice)
    follow_up(office)
    do(office, "manual_reset")
    for _ in range(2):
        _, swept = follow_up(office)
    assert (swept.set_to_paid, state(office)) == (0, "BOOKED")
    assert set(open_alerts(office)) == {"MANUAL_RESET"}


# ---- ours removed by hand


def test_our_payment_removed_by_hand_is_told(open_office: OpenOffice) -> None:
    """C7: closed on both sides, then removed in Teamleader without a trace: found and told."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    follow_up(office)
    office.sandbox.books.remove_payments(invoice)
    on(office, "2024-11-05")
    follow_up(office, always=False)
    assert open_alerts(office) == {"DUE_AGAIN": "EUR 121.00 is due"}
    assert teamleader_writes(office) == ["registerPayment"]
    office.sandbox.books.pay(invoice)
    follow_up(office)
    assert not open_alerts(office)


def test_closed_bookings_cost_no_call_beside_open_ones(open_office: OpenOffice) -> None:
    """C4: what the last call of a sweep has room for goes to closed bookings."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    follow_up(office)
    for _ in range(30):
        office.sandbox.books.book(date="2024-11-01")
    office.imports(days=30)
    office.sandbox.books.remove_payments(invoice)
    office.forget_calls()
    _, swept = follow_up(office)
    assert (swept.looked_at, len(office.calls("teamleader", "/invoices."))) == (31, 1)
    assert set(open_alerts(office)) == {"DUE_AGAIN"}


def test_a_part_that_twikey_did_not_bring_is_not_told(open_office: OpenOffice) -> None:
    """C35: paid in part, or grown after booking: due, and no alert of this kind."""
    office, invoice = imported(open_office)
    do(office, "partial", 50.0)
    follow_up(office)
    assert not open_alerts(office)
    do(office, "pay_link")
    follow_up(office)
    office.sandbox.books.edit_invoice(invoice, amount=13_000)
    for day in ("2024-11-05", "2024-11-06"):
        on(office, day)
        follow_up(office)
    assert set(open_alerts(office)) == {"AMOUNT_CHANGED"}


def test_a_part_that_was_paid_back_is_corrected_by_hand(open_office: OpenOffice) -> None:
    """C35: EUR 21 went back and a person took it out in Teamleader: told once, not twice."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    follow_up(office)
    do(office, "refund", 21.0)
    (when, _), *_ = office.sandbox.books.invoice(invoice).payments
    office.sandbox.books.edit_invoice(invoice, payments=((when, 10_000),))
    for day in ("2024-11-05", "2024-11-06"):
        on(office, day)
        follow_up(office)
    assert set(open_alerts(office)) == {"PARTIAL_REFUND"}


def test_paid_in_twikey_without_any_money_is_told_after_a_while(open_office: OpenOffice) -> None:
    """A31: set to paid by hand where the feed tells no payment: not at once, but not never."""
    office, _ = imported(open_office, twikey_manual_in_payment_feed=False)
    do(office, "manual_paid")
    follow_up(office)
    assert not open_alerts(office)
    on(office, "2024-11-05")
    follow_up(office)
    assert open_alerts(office) == {"DUE_AGAIN": "EUR 121.00 is due"}


# ---- a failure that the payment feed does not tell


def bounced_in_silence(open_office: OpenOffice) -> tuple[Office, str, list[Any]]:
    """Open an office in which a registered debit bounced, and only the invoice shows it."""
    office, invoice = in_progress(open_office)
    do(office, "pay_debit")
    follow_up(office)
    on(office, "2024-11-06")
    do(office, "refuse", "MD06")
    return office, invoice, [office.sandbox.twikey.books.state.payments.pop()]


def test_a_failure_that_is_not_told_for_a_day_is_an_alert(open_office: OpenOffice) -> None:
    """C7: nothing is taken back on a hint, but a person learns of it; it settles when told."""
    office, invoice, hidden = bounced_in_silence(open_office)
    follow_up(office)
    on(office, "2024-11-07", hour=9)
    follow_up(office)
    assert not open_alerts(office)
    on(office, "2024-11-07", hour=11)
    follow_up(office)
    assert set(open_alerts(office)) == {"FAILURE_NOT_TOLD"}
    assert "2024-11-06" in open_alerts(office)["FAILURE_NOT_TOLD"]
    assert state(office) == "BOOKED"
    office.sandbox.twikey.books.state.payments.extend(hidden)
    follow_up(office)
    assert (payments(office, invoice), open_alerts(office)) == ([], {})
    assert story(office, invoice).count("failed payment shown, not told yet") == 1


def test_a_failure_told_under_another_name_is_told(open_office: OpenOffice) -> None:
    """C7: the invoice names its end-to-end id only, the feed also a payment: it is the same."""
    office, invoice, hidden = bounced_in_silence(open_office)
    office.sandbox.twikey.books.state.payments.extend(hidden)
    last = office.sandbox.twikey.books.invoices[invoice].lastpayment[0]
    del last["id"]
    follow_up(office)
    office.sandbox.books.pay(invoice)
    _, swept = follow_up(office)
    assert (swept.set_to_paid, state(office)) == (1, "PAID")
    assert not open_alerts(office)
