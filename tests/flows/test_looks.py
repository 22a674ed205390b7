"""Single looks are rationed, closed bookings have their turn, and no mark lives for ever."""

from __future__ import annotations

import pytest

from flows import looks
from tests.flows.money import follow_up, imported, on, open_alerts, payments
from tests.flows.office import Office
from tests.flows.scenes import CUSTOMER, NUMBER, OpenOffice, book_100, in_november
from tests.flows.test_paid_elsewhere import do, state
from tests.flows.test_payments import in_progress


def infos(office: Office) -> int:
    """Return how many single invoices Teamleader was asked for, and count anew."""
    asked = len(office.calls("teamleader", "/invoices.info"))
    office.forget_calls()
    return asked


def many(open_office: OpenOffice, count: int) -> tuple[Office, list[str]]:
    """Open an office with some invoices that crossed."""
    office = in_november(open_office)
    books = office.sandbox.books
    ids = [books.book(customer=CUSTOMER, date="2024-11-01") for _ in range(count)]
    office.imports(days=30)
    office.forget_calls()
    return office, ids


def test_a_credited_invoice_is_asked_for_once_a_day(open_office: OpenOffice) -> None:
    """A48: what is credited and waits for a person costs one look a day, or one per change."""
    office, ids = many(open_office, 5)
    for each in ids:
        office.sandbox.books.credit(each, 12_100)
    on(office, "2024-11-05")
    follow_up(office)
    assert infos(office) == 5
    for hour in (12, 14, 16):
        on(office, "2024-11-05", hour)
        follow_up(office)
    assert infos(office) == 0
    on(office, "2024-11-06", 12)
    follow_up(office)
    assert infos(office) == 5


def test_in_progress_although_paid_is_asked_for_once_a_day(open_office: OpenOffice) -> None:
    """A48: paid elsewhere and in progress: no look until its state changes, then at once."""
    office, invoice = in_progress(open_office)
    office.sandbox.books.pay(invoice)
    on(office, "2024-11-05")
    follow_up(office)
    assert set(open_alerts(office)) == {"PAID_ELSEWHERE_IN_PROGRESS"}
    on(office, "2024-11-05", 12)
    follow_up(office)
    infos(office)
    on(office, "2024-11-05", 14)
    follow_up(office)
    assert infos(office) == 0
    do(office, "refuse", "MD06")
    on(office, "2024-11-05", 16)
    follow_up(office)
    follow_up(office)
    assert (state(office), open_alerts(office)) == ("PAID", {})


def test_after_a_lost_ledger_looks_are_rationed(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P12: refilled, the paid invoices are looked at some per run, oldest first, until all are."""
    monkeypatch.setattr(looks, "PER_RUN", 4)
    office, ids = many(open_office, 10)
    for number in list(office.twikey_invoices()):
        office.sandbox.twikey.actions["pay_link"](number)
    on(office, "2024-11-05")
    follow_up(office)
    for file in office.home.glob("ledger.db*"):
        file.unlink()
    office.grant()
    office.imports(days=30)
    asked = []
    for hour in (10, 12, 14, 16):
        on(office, "2024-11-06", hour)
        office.forget_calls()
        follow_up(office)
        said = [note for note in office.notes if "looked at singly" in note]
        asked.append((infos(office), len(said)))
    assert asked == [(4, 1), (4, 1), (2, 0), (0, 0)]
    assert {len(payments(office, each)) for each in ids} == {1}
    with office.ledger() as ledger:
        assert ledger.payments.counts() == {"registered": 10}
    assert not open_alerts(office)


def test_beside_a_hundred_open_ones_closed_ones_have_their_turn(open_office: OpenOffice) -> None:
    """C4: exactly a hundred open bookings: a payment removed from a closed one is still seen."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    on(office, "2024-11-05")
    follow_up(office)
    for _ in range(100):
        office.sandbox.books.book(customer=CUSTOMER, date="2024-11-05")
    office.imports(days=30)
    office.sandbox.books.edit_invoice(invoice, payments=(), touch=False)
    on(office, "2024-11-06")
    follow_up(office)
    assert set(open_alerts(office)) == {"DUE_AGAIN"}


@pytest.mark.parametrize("swept", [True, False])
def test_a_mark_that_never_left_swallows_no_cash(open_office: OpenOffice, swept: bool) -> None:
    """C4: our setting to paid never reached Twikey; cash that comes weeks later is registered."""
    office, invoice = imported(open_office)
    office.sandbox.books.pay(invoice)
    with office.ledger() as ledger:  # killed before the call left
        ledger.follow.marking(invoice, 12_100, office.clock.now())
    office.sandbox.books.edit_invoice(invoice, payments=())
    if swept:
        on(office, "2024-11-06")
        follow_up(office)
        with office.ledger() as ledger:
            assert ledger.follow.marks_of([invoice]) == {}
    on(office, "2024-11-20")
    do(office, "manual_paid")
    for day in ("20", "21"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert payments(office, invoice) == [(12_100, "2024-11-20")]


def test_a_prepayment_that_was_removed_is_told(open_office: OpenOffice) -> None:
    """C4: paid in part before it crossed; that payment is removed in Teamleader: due again."""
    office = in_november(open_office)
    invoice = book_100(office)
    office.sandbox.books.pay(invoice, 2_100)
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    on(office, "2024-11-05")
    follow_up(office)
    assert not open_alerts(office)
    rest = sorted(office.sandbox.books.invoice(invoice).payments)[1:]
    office.sandbox.books.edit_invoice(invoice, payments=tuple(rest))
    on(office, "2024-11-06")
    follow_up(office)
    assert open_alerts(office) == {"DUE_AGAIN": "EUR 21.00 is due"}
