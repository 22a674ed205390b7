"""What people do in Teamleader and Twikey because an alert says so, and what it may never cause."""

from __future__ import annotations

import pytest

from tests.flows.money import follow_up, imported, on, open_alerts, payments
from tests.flows.office import Office
from tests.flows.scenes import CUSTOMER, NUMBER, OpenOffice, in_november, run, set_up
from tests.flows.test_overpaid import beside_a_rival, without_the_rival
from tests.flows.test_paid_elsewhere import OFF, do, state
from tests.flows.test_payments import in_progress, teamleader_writes

JSON = {"Content-Type": "application/json"}
NO = '{"errors": [{"title": "no"}]}'
NINE = 9 * 3600


def collected(open_office: OpenOffice) -> tuple[Office, str]:
    """Open an office in which a debit of EUR 121 was collected and registered on 10 November."""
    office, invoice = in_progress(open_office)
    on(office, "2024-11-10")
    do(office, "pay_debit")
    follow_up(office)
    assert len(payments(office, invoice)) == 1
    return office, invoice


def bounces(office: Office, day: str = "2024-11-20") -> None:
    """Let the debit bounce, and follow up then and a day later."""
    on(office, day)
    do(office, "refuse", "MD06")
    office.forget_calls()
    follow_up(office)
    on(office, f"{day[:8]}{int(day[8:]) + 1:02}")
    follow_up(office)


def refuse(office: Office, path: str = "registerPayment", times: int = 1, **more: str) -> None:
    """Let Teamleader refuse calls."""
    office.sandbox.world.fault(
        "status", path=path, status=400, body=NO, headers=JSON, times=times, **more
    )


# ---- a payment that a person registered bounces later


def test_a_payment_registered_again_by_hand_and_bounced_is_told(open_office: OpenOffice) -> None:
    """C7: removed, registered again by hand with a time, bounced: never set to paid, but told."""
    office, invoice = collected(open_office)
    ((when, cents),) = office.sandbox.books.invoice(invoice).payments
    office.sandbox.books.edit_invoice(invoice, payments=())
    follow_up(office)
    assert set(open_alerts(office)) == {"DUE_AGAIN"}
    office.sandbox.books.pay(invoice, cents, when - when % 86400 + NINE)
    on(office, "2024-11-12")
    follow_up(office)
    assert open_alerts(office) == {}
    bounces(office)
    assert (state(office), teamleader_writes(office)) == ("BOOKED", [])
    assert open_alerts(office) == {"REVERSAL_HELD": "EUR 121.00 of 2024-11-10"}
    office.sandbox.books.edit_invoice(invoice, payments=())
    follow_up(office)
    assert (state(office), open_alerts(office)) == ("BOOKED", {})


def test_a_payment_that_is_not_the_failed_one_is_confirmed(open_office: OpenOffice) -> None:
    """C4, C7: a transfer came in its place: a person says so, and it is set to paid in Twikey."""
    office, invoice = collected(open_office)
    office.sandbox.books.edit_invoice(invoice, payments=())
    on(office, "2024-11-12")
    office.sandbox.books.pay(invoice)
    bounces(office)
    assert set(open_alerts(office)) == {"REVERSAL_HELD"}
    closed = run(office, "retry", NUMBER, "--confirm", "--json")
    assert closed.json["closed"] == ["REVERSAL_HELD of 2024 / 100"]
    on(office, "2024-11-23")
    follow_up(office)
    assert (state(office), open_alerts(office)) == ("PAID", {})


def test_a_payment_in_another_currency_registered_by_hand_bounces(open_office: OpenOffice) -> None:
    """C7: it never was ours to remove: told when it bounces, not set to paid."""
    office, invoice = in_progress(open_office)
    do(office, "pay_debit")
    events = office.sandbox.twikey.books.state.payments
    events[-1]["currency"] = "USD"
    follow_up(office)
    assert set(open_alerts(office)) == {"PAYMENT_HELD"}
    office.sandbox.books.pay(invoice)
    run(office, "retry", NUMBER, "--confirm")
    follow_up(office)
    bounces(office)
    assert (state(office), set(open_alerts(office))) == ("BOOKED", {"REVERSAL_HELD"})


def test_a_part_registered_before_a_lost_ledger_bounces(open_office: OpenOffice) -> None:
    """C7, P12: 81 of 121 stood there when the ledger was lost: told when the debit bounces."""
    office, invoice = beside_a_rival(open_office, 4_000)
    for file in office.home.glob("ledger.db*"):
        file.unlink()
    office.grant()
    office.imports(days=365)
    on(office, "2024-11-11")
    follow_up(office)
    bounces(office)
    assert sorted(cents for cents, _ in payments(office, invoice)) == [4_000, 8_100]
    assert state(office) == "BOOKED"
    assert open_alerts(office)["REVERSAL_HELD"] == "EUR 81.00 of 2024-11-10"


def test_a_part_that_was_corrected_by_hand_bounces(open_office: OpenOffice) -> None:
    """A40, C7: 20 of 121 went back and a person made it 101; then the debit bounces: told."""
    office, invoice = collected(open_office)
    do(office, "refund", 20.0)
    follow_up(office)
    ((when, _),) = office.sandbox.books.invoice(invoice).payments
    office.sandbox.books.edit_invoice(invoice, payments=((when, 10_100),))
    run(office, "retry", NUMBER, "--confirm")
    bounces(office)
    assert "REVERSAL_HELD" in open_alerts(office)
    assert (payments(office, invoice), state(office)) == ([(10_100, "2024-11-10")], "BOOKED")
    office.sandbox.books.edit_invoice(invoice, payments=())
    follow_up(office)
    assert open_alerts(office) == {}


def test_a_debit_bounces_beside_a_double_settled_elsewhere(open_office: OpenOffice) -> None:
    """C7, C9: the double went to another invoice: Twikey keeps it paid, Teamleader is due: told."""
    office, invoice = in_progress(open_office)
    do(office, "pay_debit")
    office.sandbox.world.advance(60)
    do(office, "double")
    on(office, "2024-11-05")
    follow_up(office)
    run(office, "retry", NUMBER, "--confirm")
    bounces(office)
    assert (payments(office, invoice), state(office)) == ([], "PAID")
    assert open_alerts(office) == {"DUE_AGAIN": "EUR 121.00 is due"}


# ---- registered by hand, because we did not


def test_what_was_registered_by_hand_after_a_clash_came_once(open_office: OpenOffice) -> None:
    """A07, C7: refused, registered by hand: not overpaid, and taken back when it bounces."""
    office, invoice = in_progress(open_office)
    do(office, "pay_debit")
    refuse(office)
    follow_up(office)
    assert set(open_alerts(office)) == {"STRICT_MODE"}
    office.sandbox.books.pay(invoice)
    for day in ("05", "06", "07"):
        on(office, f"2024-11-{day}")
        follow_up(office)
        assert open_alerts(office) == {}
    bounces(office)
    assert (payments(office, invoice), open_alerts(office), state(office)) == ([], {}, "BOOKED")


def test_another_amount_after_a_clash_is_left_to_a_person(open_office: OpenOffice) -> None:
    """A07: what stands there is not of its amount: nobody guesses, the rest is told."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    refuse(office)
    follow_up(office)
    office.sandbox.books.pay(invoice, 10_000)
    for day in ("05", "06"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert sorted(cents for cents, _ in payments(office, invoice)) == [2_100, 10_000]
    assert set(open_alerts(office)) == {"OVERPAID"}


def test_a_clash_that_passed_settles_beside_a_part_refund(open_office: OpenOffice) -> None:
    """A07: refused, then registered: only the part that went back still waits for a person."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    refuse(office)
    follow_up(office)
    do(office, "refund", 20.0)
    for day in ("05", "06", "07"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [12_100]
    assert set(open_alerts(office)) == {"PARTIAL_REFUND"}


def test_a_word_about_a_part_refund_counts_beside_a_clash(open_office: OpenOffice) -> None:
    """A40: while Teamleader refuses the payment, what a person settled is not told again."""
    office, _ = imported(open_office)
    do(office, "pay_link")
    refuse(office, times=9)
    follow_up(office)
    do(office, "refund", 20.0)
    follow_up(office)
    follow_up(office)
    run(office, "retry", NUMBER, "--confirm")
    for _ in range(2):
        follow_up(office)
        assert set(open_alerts(office)) == {"STRICT_MODE"}


@pytest.mark.parametrize("cents", [6_000, 12_100])
def test_writing_back_again_after_work_by_hand(open_office: OpenOffice, cents: int) -> None:
    """C4, C7: registered by hand while it was off: neither written again nor too much."""
    office, invoice = imported(open_office)
    set_up(office, tables=OFF)
    if cents < 12_100:
        do(office, "partial", cents / 100)
    else:
        do(office, "pay_link")
    on(office, "2024-11-05")
    follow_up(office)
    office.sandbox.books.pay(invoice, cents)
    on(office, "2024-11-06")
    follow_up(office)
    set_up(office)
    for day in ("07", "08"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert payments(office, invoice) == [(cents, "2024-11-05")]
    assert not {"OVERPAID", "DOUBLE_PAYMENT"} & set(open_alerts(office))


def test_writing_back_again_with_many_registered_by_hand(open_office: OpenOffice) -> None:
    """C4: twenty invoices paid while it was off and registered by hand: no alert, no write."""
    office = in_november(open_office)
    ids = [office.sandbox.books.book(customer=CUSTOMER, date="2024-11-01") for _ in range(20)]
    office.imports(days=30)
    set_up(office, tables=OFF)
    for number in list(office.twikey_invoices()):
        office.sandbox.twikey.actions["pay_link"](number)
    follow_up(office)
    for each in ids:
        office.sandbox.books.pay(each)
    set_up(office)
    office.forget_calls()
    follow_up(office)
    assert (teamleader_writes(office), open_alerts(office)) == ([], {})


# ---- put back by hand


@pytest.mark.parametrize("hour", [0, NINE])
@pytest.mark.parametrize("two", [False, True])
def test_what_was_put_back_by_hand_is_not_put_back_again(
    open_office: OpenOffice, hour: int, *, two: bool
) -> None:
    """A42: put back with that amount and date, as the alert says: it stands once."""
    office, invoice = imported(open_office)
    when = office.sandbox.books.now() - 3 * 86_400
    office.sandbox.books.pay(invoice, 2_100, when)
    on(office, "2024-11-06")
    if two:
        do(office, "partial", 30.0)
    do(office, "pay_card")
    follow_up(office)
    on(office, "2024-11-20")
    do(office, "refuse", "AM04")
    refuse(office, times=2, content="2024-11-01")
    follow_up(office)
    assert "NOT_PUT_BACK" in open_alerts(office)
    office.sandbox.books.pay(invoice, 2_100, when - when % 86400 + hour)
    for _ in range(3):
        follow_up(office, always=False)
    ours = [3_000] if two else []
    assert sorted(cents for cents, _ in payments(office, invoice)) == [2_100, *ours]
    assert open_alerts(office) == {}


def test_one_of_that_amount_with_another_date_is_left_to_a_person(open_office: OpenOffice) -> None:
    """A42: nobody knows whether it is the one that was removed: not registered beside it."""
    office, invoice = imported(open_office)
    when = office.sandbox.books.now() - 3 * 86_400
    office.sandbox.books.pay(invoice, 2_100, when)
    on(office, "2024-11-06")
    do(office, "pay_card")
    follow_up(office)
    on(office, "2024-11-20")
    do(office, "refuse", "AM04")
    refuse(office, times=2, content="2024-11-01")
    follow_up(office)
    assert "NOT_PUT_BACK" in open_alerts(office)
    office.sandbox.books.pay(invoice, 2_100)
    for _ in range(3):
        follow_up(office)
    assert payments(office, invoice) == [(2_100, "2024-11-20")]
    assert "NOT_PUT_BACK" in open_alerts(office)
    office.sandbox.books.edit_invoice(invoice, payments=((when, 2_100),))
    follow_up(office)
    assert "NOT_PUT_BACK" not in open_alerts(office)


@pytest.mark.parametrize("kind", ["reset_before", "refused"])
def test_other_peoples_payments_come_back_with_writing_back_off(
    open_office: OpenOffice, kind: str
) -> None:
    """A42: removed, then switched off: what is other people's is put back all the same."""
    office, invoice = imported(open_office)
    when = office.sandbox.books.now() - 3 * 86_400
    office.sandbox.books.pay(invoice, 2_100, when)
    do(office, "partial", 50.0)
    do(office, "pay_card")
    on(office, "2024-11-06")
    follow_up(office)
    do(office, "refuse", "AM04")
    if kind == "refused":
        refuse(office)
    else:
        office.sandbox.world.fault(kind, path="registerPayment", times=1)
    follow_up(office, always=False)
    assert payments(office, invoice) == []
    set_up(office, tables=OFF)
    for day in ("08", "09"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert sorted(cents for cents, _ in payments(office, invoice)) == [2_100, 5_000]


def test_nothing_is_removed_with_writing_back_off(open_office: OpenOffice) -> None:
    """A42: the answer to a removal was lost and it did nothing: off means that it waits."""
    office, invoice = imported(open_office)
    do(office, "pay_card")
    follow_up(office)
    do(office, "refuse", "AM04")
    office.sandbox.world.fault("reset_before", path="removePayments", times=2)
    on(office, "2024-11-06")
    follow_up(office)
    set_up(office, tables=OFF)
    office.forget_calls()
    for day in ("08", "09"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert (teamleader_writes(office), len(payments(office, invoice))) == ([], 1)
    set_up(office)
    follow_up(office)
    assert payments(office, invoice) == []


# ---- what alerts about Twikey advise


def test_a_credited_invoice_set_to_paid_as_advised(open_office: OpenOffice) -> None:
    """C11: set to paid in Twikey because it was credited: no money came, and none is told."""
    office, invoice = imported(open_office)
    office.sandbox.books.credit(invoice, 12_100, number="2024/7")
    office.imports()
    follow_up(office)
    assert set(open_alerts(office)) == {"CREDITED"}
    do(office, "manual_paid")
    for day in ("06", "07"):
        on(office, f"2024-11-{day}")
        follow_up(office)
        assert open_alerts(office) == {}
    assert payments(office, invoice) == []


def test_cash_after_a_reset_is_money(open_office: OpenOffice) -> None:
    """A43: reset, removed in Teamleader as advised, then paid in cash: registered, never lost."""
    office, invoice = collected(open_office)
    do(office, "manual_reset")
    on(office, "2024-11-12")
    for hour in (10, 12):
        on(office, "2024-11-12", hour=hour)
        follow_up(office)
    assert set(open_alerts(office)) == {"MANUAL_RESET"}
    office.sandbox.books.edit_invoice(invoice, payments=())
    do(office, "manual_paid")
    for day in ("13", "14"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [12_100]
    assert open_alerts(office) == {}


def test_a_reset_of_what_was_settled_elsewhere_is_told(open_office: OpenOffice) -> None:
    """A43, C5: ours had no place in Teamleader, somebody else's stands: it is asked once more."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    office.sandbox.books.pay(invoice)
    follow_up(office)
    run(office, "retry", NUMBER, "--confirm")
    do(office, "manual_reset")
    for day in ("05", "06"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert (set(open_alerts(office)), state(office)) == ({"MANUAL_RESET"}, "BOOKED")


def test_a_reset_that_teamleader_follows_is_over(open_office: OpenOffice) -> None:
    """A43: reset in Twikey and removed in Teamleader: both sides ask it, and the alert settles."""
    office, invoice = collected(open_office)
    do(office, "manual_reset")
    for hour in (10, 12):
        on(office, "2024-11-12", hour=hour)
        follow_up(office)
    assert set(open_alerts(office)) == {"MANUAL_RESET"}
    office.sandbox.books.edit_invoice(invoice, payments=())
    on(office, "2024-11-13")
    follow_up(office)
    follow_up(office)
    assert open_alerts(office) == {}


def test_a_refund_that_the_invoice_shows_first_is_no_reset(open_office: OpenOffice) -> None:
    """A43, C7: the payment feed lags: nothing is said for an hour, then it is taken back."""
    office, invoice = imported(open_office, twikey_refund_reopens=True)
    do(office, "pay_link")
    follow_up(office)
    do(office, "refund", 121.0)
    hidden = office.sandbox.twikey.books.state.payments.pop()
    follow_up(office)
    assert open_alerts(office) == {}
    office.sandbox.twikey.books.state.payments.append(hidden)
    follow_up(office)
    assert (payments(office, invoice), open_alerts(office)) == ([], {})


@pytest.mark.parametrize("at_once", [False, True])
def test_the_rest_paid_back_as_advised_settles(open_office: OpenOffice, *, at_once: bool) -> None:
    """C9: 121 collected, 21 credited, 21 paid back: told no more, nothing to correct."""
    office, invoice = in_progress(open_office)
    office.sandbox.books.credit(invoice, 2_100, number="2024/7")
    office.imports()
    do(office, "pay_debit")
    on(office, "2024-11-06")
    if not at_once:
        follow_up(office)
        assert set(open_alerts(office)) == {"OVERPAID"}
    do(office, "refund", 21.0)
    for day in ("07", "08"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [10_000]
    assert open_alerts(office) == {}
    bounces(office)
    assert payments(office, invoice) == []


# ---- a person's word


def test_a_dismissed_rest_is_never_registered(open_office: OpenOffice) -> None:
    """C9: 40 of 61 were allocated elsewhere: a reversal of another payment does not bring them."""
    office, invoice = imported(open_office, twikey_refund_reopens=True)
    do(office, "partial", 60.0)
    on(office, "2024-11-05")
    follow_up(office)
    office.sandbox.books.pay(invoice, 4_000, office.sandbox.books.now() - 86_400)
    do(office, "pay_card")
    on(office, "2024-11-06")
    follow_up(office)
    run(office, "retry", NUMBER, "--confirm")
    do(office, "refund", 60.0)
    for day in ("08", "09"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert sorted(cents for cents, _ in payments(office, invoice)) == [2_100, 4_000]


def test_a_word_about_money_that_gets_its_place_is_not_taken(open_office: OpenOffice) -> None:
    """C9: the sweep found room again: the alert is closed, so nobody can say it is elsewhere."""
    office, invoice = beside_a_rival(open_office, 4_000)
    without_the_rival(office, invoice)
    on(office, "2024-11-11")
    follow_up(office)
    assert open_alerts(office) == {}
    assert run(office, "retry", NUMBER, "--confirm").code == 64
    follow_up(office)
    assert sorted(cents for cents, _ in payments(office, invoice)) == [4_000, 8_100]


def test_set_to_paid_by_hand_although_paid_brings_nothing(open_office: OpenOffice) -> None:
    """C7: an event of no money does not keep the guards off: a removal by hand is told."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    follow_up(office)
    do(office, "manual_paid")
    follow_up(office)
    office.sandbox.books.edit_invoice(invoice, payments=())
    on(office, "2024-11-06")
    follow_up(office)
    assert open_alerts(office) == {"DUE_AGAIN": "EUR 121.00 is due"}
