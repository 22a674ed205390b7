"""Registrations whose answer was lost, beside others of the same amount and day (A32, P8, P12)."""

from __future__ import annotations

import pytest

from tests.flows.money import follow_up, imported, on, open_alerts, payments
from tests.flows.scenes import OpenOffice, book_100, in_november
from tests.flows.test_paid_elsewhere import do


def test_a_twin_before_a_lost_ledger_is_not_taken_for_the_other(open_office: OpenOffice) -> None:
    """A32, P12: two of 50 in a day; ours of today is not the other that was to be there before."""
    office, invoice = imported(open_office)
    do(office, "partial", 50.0)
    do(office, "partial", 50.0)
    on(office, "2024-11-06", 20)
    for file in office.home.glob("ledger.db*"):
        file.unlink()
    office.grant()
    office.imports(days=30)
    office.sandbox.world.fault("reset_before", path="registerPayment", nth=2, times=1)
    for day in ("07", "08", "09"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [5_000, 5_000]


def test_a_twin_of_the_day_is_not_taken_for_the_lost_one(open_office: OpenOffice) -> None:
    """A32: should Teamleader keep only the day, a payment that is done is not found once more."""
    office, invoice = imported(open_office)
    do(office, "partial", 50.0)
    follow_up(office)
    ((when, cents),) = office.sandbox.books.invoice(invoice).payments
    office.sandbox.books.edit_invoice(invoice, payments=((when - when % 86_400, cents),))
    do(office, "partial", 50.0)
    office.sandbox.world.fault("reset_before", path="registerPayment", times=1)
    for day in ("05", "06", "07"):
        on(office, f"2024-11-{day}")
        follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [5_000, 5_000]


@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_lost_answer_about_a_deleted_invoice_is_over(open_office: OpenOffice, kind: str) -> None:
    """A32, C27: it is looked up once more, not for ever, and the money is told with its amount."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    office.sandbox.world.fault(kind, path="registerPayment", times=1)
    follow_up(office)
    office.sandbox.books.delete_invoice(invoice)
    on(office, "2024-11-05")
    report, _ = follow_up(office, always=False)
    assert (report.unsettled, report.open) == (0, {"reported": 1})
    assert "EUR 121.00 of 2024-11-04" in open_alerts(office)["DELETED_IN_TEAMLEADER"]
    on(office, "2024-11-06")
    office.forget_calls()
    follow_up(office, always=False)
    assert not [c.path for c in office.calls("teamleader") if c.path.endswith(".info")]


@pytest.mark.parametrize("good", [100, 103])
def test_invoices_that_never_answer_stop_nobody_else(open_office: OpenOffice, good: int) -> None:
    """C24: three answer 500 for ever: the fourth is registered, and the guards go on."""
    office = in_november(open_office)
    ids = {n: book_100(office, number=f"2024 / {n}") for n in range(100, 104)}
    office.imports(days=30)
    for number, invoice in ids.items():
        office.sandbox.twikey.actions["pay_link"](f"2024 / {number}")
        if number != good:
            office.sandbox.world.fault(
                "status", path="registerPayment", content=invoice, status=500, body="x"
            )
    for day in ("05", "06", "07"):
        on(office, f"2024-11-{day}")
        _, swept = follow_up(office)
        assert swept.looked_at >= 3
    assert [cents for cents, _ in payments(office, ids[good])] == [12_100]
