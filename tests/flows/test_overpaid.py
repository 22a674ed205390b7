"""Money without a place in Teamleader: told, registered once there is room, or settled by hand."""

from __future__ import annotations

import pytest

from tests.flows.money import follow_up, imported, on, open_alerts, payments, story
from tests.flows.office import Office
from tests.flows.scenes import CUSTOMER, NUMBER, OpenOffice, book_100, in_november, run, said
from tests.flows.test_payments import in_progress, teamleader_writes

REFUSED = {"Content-Type": "application/json"}
FORBIDDEN = '{"errors": [{"title": "This is not allowed", "status": 403}]}'


def beside_a_rival(open_office: OpenOffice, cents: int) -> tuple[Office, str]:
    """Open an office in which a colleague registered cents before EUR 121 came through Twikey."""
    office, invoice = in_progress(open_office)
    office.sandbox.books.pay(invoice, cents, office.sandbox.books.now() - 86_400)
    on(office, "2024-11-10")
    office.sandbox.twikey.actions["pay_debit"](NUMBER)
    follow_up(office)
    assert set(open_alerts(office)) == {"OVERPAID"}
    return office, invoice


def without_the_rival(office: Office, invoice: str) -> None:
    """Let the colleague take the oldest payment away again."""
    rest = sorted(office.sandbox.books.invoice(invoice).payments)[1:]
    office.sandbox.books.edit_invoice(invoice, payments=tuple(rest))


@pytest.mark.parametrize("kind", [None, "reset_after", "reset_before"])
def test_money_gets_its_place_once_the_rival_payment_is_removed(
    open_office: OpenOffice, kind: str | None
) -> None:
    """C4, C9: reported as overpaid, registered once when there is room, and the alert settles."""
    office, invoice = beside_a_rival(open_office, 12_100)
    without_the_rival(office, invoice)
    if kind is not None:
        office.sandbox.world.fault(kind, path="registerPayment", times=1)
    for _ in range(4):
        follow_up(office)
    assert payments(office, invoice) == [(12_100, "2024-11-10")]
    assert open_alerts(office) == {}
    assert story(office, invoice).count("payment registered in Teamleader") == 1


@pytest.mark.parametrize("kind", [None, "reset_after", "reset_before"])
def test_the_rest_gets_its_place_once_the_rival_payment_is_removed(
    open_office: OpenOffice, kind: str | None
) -> None:
    """C9: EUR 40 of others leave room for 81; when they go, the other 40 follow, never more."""
    office, invoice = beside_a_rival(open_office, 4_000)
    assert open_alerts(office) == {"OVERPAID": "EUR 40.00 more than was due"}
    without_the_rival(office, invoice)
    if kind is not None:
        office.sandbox.world.fault(kind, path="registerPayment", times=1)
    for _ in range(4):
        follow_up(office)
    assert sorted(payments(office, invoice)) == [(4_000, "2024-11-10"), (8_100, "2024-11-10")]
    assert open_alerts(office) == {}
    with office.ledger() as ledger:
        assert ledger.payments.counts() == {"registered": 1}


def test_a_payment_with_its_rest_is_taken_back_whole(open_office: OpenOffice) -> None:
    """C7: the debit bounces after its rest was registered: nothing of it stands."""
    office, invoice = beside_a_rival(open_office, 4_000)
    without_the_rival(office, invoice)
    follow_up(office)
    follow_up(office)
    assert len(payments(office, invoice)) == 2
    on(office, "2024-11-20")
    office.sandbox.twikey.actions["refuse"](NUMBER, "MD06")
    report, _ = follow_up(office)
    assert (payments(office, invoice), report.undone_cents) == ([], 12_100)
    assert open_alerts(office) == {}


def test_money_without_a_place_can_be_settled_by_hand(open_office: OpenOffice) -> None:
    """C9: `retry NUMBER --confirm` closes the alert with a name, and nothing is registered."""
    office, invoice = beside_a_rival(open_office, 4_000)
    closed = run(office, "retry", NUMBER, "--confirm")
    assert (closed.code, "Closed: OVERPAID of 2024 / 100" in said(closed)) == (0, True)
    assert open_alerts(office) == {}
    assert "alert dismissed" in story(office, invoice)
    without_the_rival(office, invoice)
    for _ in range(3):
        follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [8_100]
    assert "OVERPAID" not in open_alerts(office)
    again = run(office, "retry", NUMBER, "--confirm")
    assert again.code == 64


def test_a_double_that_was_dismissed_goes_back_first(open_office: OpenOffice) -> None:
    """A32: dismissed, then paid back in Twikey all the same: the other payment stays."""
    office, invoice = imported(open_office)
    office.sandbox.world.rules.change({"twikey_refund_reopens": True})
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    office.sandbox.twikey.actions["double"](NUMBER)
    follow_up(office)
    assert run(office, "retry", NUMBER, "--confirm", "--json").json["closed"] == [
        "DOUBLE_PAYMENT of 2024 / 100"
    ]
    office.sandbox.twikey.actions["refund"](NUMBER, 121)
    assert office.twikey_invoices()[NUMBER]["state"] == "PAID"
    follow_up(office)
    assert (len(payments(office, invoice)), open_alerts(office)) == (1, {})


def test_a_part_refund_can_be_settled_by_hand(open_office: OpenOffice) -> None:
    """A40: corrected in Teamleader by hand and said so: told no more, undone no more."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    office.sandbox.twikey.actions["refund"](NUMBER, 20)
    follow_up(office)
    assert "EUR 20.00 of 2024-11-0" in open_alerts(office)["PARTIAL_REFUND"]
    run(office, "retry", NUMBER, "--confirm")
    follow_up(office)
    assert (open_alerts(office), len(payments(office, invoice))) == ({}, 1)


def test_two_part_refunds_are_both_told(open_office: OpenOffice) -> None:
    """A40: the second does not hide the first, for one word closes both."""
    office, _ = imported(open_office)
    for action, *cents in (("pay_link",), ("refund", 20), ("refund", 30)):
        office.sandbox.twikey.actions[action](NUMBER, *cents)
        follow_up(office)
    told = open_alerts(office)["PARTIAL_REFUND"]
    assert "EUR 20.00 of 2024-11-0" in told
    assert "EUR 30.00 of 2024-11-0" in told


def test_two_payments_in_another_currency_are_both_told(open_office: OpenOffice) -> None:
    """A40: what is held for its currency is told one by one, for one word closes all."""
    office, _ = imported(open_office)
    for cents in (20.0, 30.0):
        office.sandbox.twikey.actions["partial"](NUMBER, cents)
        office.sandbox.twikey.books.state.payments[-1]["currency"] = "USD"
        follow_up(office)
    told = open_alerts(office)["PAYMENT_HELD"]
    assert "EUR 20.00 of" in told
    assert "EUR 30.00 of" in told


def test_two_payments_of_a_deleted_invoice_are_both_told(open_office: OpenOffice) -> None:
    """C27: each that must be paid back is named."""
    office, invoice = imported(open_office)
    office.sandbox.books.delete_invoice(invoice)
    for cents in (20.0, 30.0):
        office.sandbox.twikey.actions["partial"](NUMBER, cents)
        follow_up(office)
        follow_up(office)
    told = open_alerts(office)["DELETED_IN_TEAMLEADER"]
    assert "EUR 20.00 of" in told
    assert "EUR 30.00 of" in told


def test_a_refund_of_several_payments_undoes_them_all(open_office: OpenOffice) -> None:
    """A40: 60 and 61 paid, 121 paid back: Teamleader says not paid, other people's stay."""
    office, invoice = imported(open_office)
    office.sandbox.world.rules.change({"twikey_refund_reopens": True})
    office.sandbox.twikey.actions["partial"](NUMBER, 60.0)
    follow_up(office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    assert len(payments(office, invoice)) == 2
    office.sandbox.twikey.actions["refund"](NUMBER, 121)
    report, _ = follow_up(office)
    assert (payments(office, invoice), report.undone_cents) == ([], 12_100)
    assert open_alerts(office) == {}


# ---- forbidden


def test_a_403_for_one_invoice_does_not_stop_the_others(open_office: OpenOffice) -> None:
    """A07: strict mode may answer 403: that one is held, the others are registered."""
    office = in_november(open_office)
    first = book_100(office)
    second = office.sandbox.books.book(customer=CUSTOMER, date="2024-11-02", number="2024 / 101")
    office.imports(days=30)
    for number in (NUMBER, "2024 / 101"):
        office.sandbox.twikey.actions["pay_link"](number)
    office.sandbox.world.fault(
        "status", path="registerPayment", content=first, status=403, body=FORBIDDEN,
        headers=REFUSED, times=1,
    )  # fmt: skip
    follow_up(office, always=False)
    assert (payments(office, first), len(payments(office, second))) == ([], 1)
    assert "not allowed" in open_alerts(office)["STRICT_MODE"]
    follow_up(office)
    follow_up(office)
    assert (len(payments(office, first)), open_alerts(office)) == (1, {})


def test_a_403_for_every_payment_says_that_a_right_is_missing(open_office: OpenOffice) -> None:
    """A07: nothing could be registered: the run says so in the end, and the rest of it is done."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    office.sandbox.world.fault(
        "status", path="registerPayment", status=403, body=FORBIDDEN, headers=REFUSED, times=1
    )
    done = run(office, "follow-up", "--scheduled")
    assert done.code == 1
    assert "does not permit invoices.registerPayment" in said(done)
    assert "missing scope" in said(done)
    follow_up(office)
    follow_up(office)
    assert (len(payments(office, invoice)), open_alerts(office)) == (1, {})


def test_a_403_for_a_removal_holds_it(open_office: OpenOffice) -> None:
    """A07: the payment that bounced stays for now, with an alert, and later runs take it up."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_card"](NUMBER)
    follow_up(office)
    office.sandbox.twikey.actions["refuse"](NUMBER, "AM04")
    office.sandbox.world.fault(
        "status", path="removePayments", status=403, body=FORBIDDEN, headers=REFUSED, times=1
    )
    follow_up(office, always=False)
    assert set(open_alerts(office)) == {"STRICT_MODE"}
    assert teamleader_writes(office).count("removePayments") == 1
    follow_up(office)
    assert (payments(office, invoice), open_alerts(office)) == ([], {})
