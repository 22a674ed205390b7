"""One odd item never stops its neighbours, and what waits because of it is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import UnexpectedAnswer
from flows.guards import LAST
from flows.odd import IN_A_ROW, answered, set_aside
from flows.run import Run
from tests.flows.following import follow
from tests.flows.money import follow_up, imported, on, open_alerts, payments
from tests.flows.office import Office
from tests.flows.scenes import CUSTOMER, OpenOffice, book_100, in_november, run, said, set_up
from tests.flows.test_paid_elsewhere import do

JSON = {"Content-Type": "application/json"}
SECOND = "2024 / 101"
TEAMLEADER = '{"errors":[{"title":"odd","status":403}]}'
TWIKEY = '{"code":"err_odd","message":"odd"}'


def two(open_office: OpenOffice) -> tuple[Office, str, str]:
    """Open an office in which two invoices were imported."""
    office = in_november(open_office)
    first = book_100(office)
    second = office.sandbox.books.book(customer=CUSTOMER, date="2024-11-02", number=SECOND)
    office.imports(days=30)
    return office, first, second


def odd(office: Office, first: str, kind: str) -> None:
    """Let one invoice be answered oddly about, again and again."""
    get = {"method": "GET", "path": f"/creditor/invoice/{first}"}
    info = {"path": "invoices.info", "content": first}
    where, status, body = {
        "refused in Teamleader": (info, 400, TEAMLEADER),
        "no right in Teamleader": (info, 403, TEAMLEADER),
        "no object from Teamleader": (info, 200, '{"data": 5}'),
        "refused in Twikey": (get, 400, TWIKEY),
        "no object from Twikey": (get, 200, "[]"),
    }[kind]
    office.sandbox.world.fault("status", **where, status=status, body=body, headers=JSON, times=500)


JOB = """new_customer_profile = 1420
unknown_customers = "omit"
strict_mode = true
settle_after_seconds = 0
[profiles.1420]
invitation = "job"
needs_pdf = false
"""
KINDS = (
    "refused in Teamleader",
    "no right in Teamleader",
    "no object from Teamleader",
    "refused in Twikey",
    "no object from Twikey",
)


@pytest.mark.parametrize("kind", KINDS)
def test_an_odd_invoice_does_not_stop_the_sweep(open_office: OpenOffice, kind: str) -> None:
    """C5: of two paid elsewhere one is odd: the other is set to paid, and the odd one is told."""
    office, first, second = two(open_office)
    for each in (first, second):
        office.sandbox.books.pay(each)
    odd(office, first, kind)
    outcome = run(office, "follow-up", "--scheduled", "--payments")
    assert outcome.code == 2
    assert office.twikey_invoices()[SECOND]["state"] == "PAID"
    assert set(open_alerts(office)) == {"MONEY_WAITS"}
    with office.ledger() as ledger:
        assert ledger.facts.read(LAST) is not None
    office.sandbox.world.faults.clear()
    on(office, "2024-11-06")
    assert run(office, "follow-up", "--scheduled", "--payments").code == 0
    assert {one["state"] for one in office.twikey_invoices().values()} == {"PAID"}
    assert not open_alerts(office)


def test_what_is_no_longer_wanted_waits_no_more(open_office: OpenOffice) -> None:
    """C5: once the guard is switched off, an invoice that it could not read is nobody's work."""
    office, first, _ = two(open_office)
    office.sandbox.books.pay(first)
    odd(office, first, KINDS[0])
    assert run(office, "follow-up", "--scheduled", "--payments").code == 2
    assert set(open_alerts(office)) == {"MONEY_WAITS"}
    set_up(office, tables="[payments]\npaid_elsewhere = false")
    on(office, "2024-11-06")
    assert run(office, "follow-up", "--scheduled", "--payments").code == 0
    assert not open_alerts(office)


def test_an_odd_invoice_does_not_stop_other_money(open_office: OpenOffice) -> None:
    """C7: a bounce whose invoice cannot be asked for waits, told; other money is registered."""
    office, first, second = two(open_office)
    do(office, "pay_card")
    on(office, "2024-11-05")
    follow_up(office)
    do(office, "refuse", "AM04")
    office.sandbox.twikey.actions["pay_link"](SECOND)
    odd(office, first, "refused in Teamleader")
    on(office, "2024-11-06")
    outcome = run(office, "follow-up", "--scheduled", "--payments")
    assert outcome.code == 2
    assert [cents for cents, _ in payments(office, second)] == [12_100]
    assert "MONEY_WAITS" in open_alerts(office)
    office.sandbox.world.faults.clear()
    on(office, "2024-11-07")
    follow_up(office)
    assert not payments(office, first)
    assert not open_alerts(office)


def test_money_of_an_unreadable_invoice_is_an_alert(open_office: OpenOffice) -> None:
    """C4: a payment whose invoice Teamleader shows without its amount is told, and exits with 2."""
    office, invoice = imported(open_office)
    do(office, "pay_link")
    office.sandbox.world.rules.change({"hidden_properties": ("due",)})
    outcome = run(office, "follow-up", "--scheduled", "--payments")
    assert outcome.code == 2
    assert open_alerts(office)["MONEY_WAITS"].startswith("EUR 121.00 came in through Twikey; ")
    office.sandbox.world.rules.change({"hidden_properties": ()})
    follow_up(office)
    assert [cents for cents, _ in payments(office, invoice)] == [12_100]
    assert not open_alerts(office)


def test_one_forbidden_pdf_waits_alone(open_office: OpenOffice) -> None:
    """A31: a 403 for one PDF lets the other come, and is no missing right."""
    office, first, _ = two(open_office)
    office.sandbox.world.fault(
        "status", path="invoices.download", content=first, status=403, body=TEAMLEADER,
        headers=JSON, times=50,
    )  # fmt: skip
    on(office, "2024-11-05")
    outcome = run(office, "follow-up", "--pdfs")
    assert outcome.code == 0
    assert "1 PDF attached, 1 still missing" in said(outcome)
    on(office, "2024-11-07")
    outcome = run(office, "follow-up", "--pdfs")
    assert (outcome.code, "1 still missing" in said(outcome)) == (0, True)


def test_a_missing_right_to_pdfs_is_said(open_office: OpenOffice) -> None:
    """A31: when every PDF is forbidden, the run says that the right is missing."""
    office, *_ = two(open_office)
    office.sandbox.world.fault(
        "status", path="invoices.download", status=403, body=TEAMLEADER, headers=JSON, times=50
    )
    outcome = run(office, "follow-up", "--pdfs")
    assert outcome.code == 1
    assert "does not permit invoices.download" in said(outcome)


def test_an_odd_profile_does_not_stop_the_invitations(open_office: OpenOffice) -> None:
    """A37: asked for its profile, one invoice is refused; the others are asked all the same."""
    office = in_november(open_office, twikey_own_changes_in_feed=False)
    office.configure(JOB)
    book_100(office, number="2024 / 98")
    office.imports(days=30, invite=True)
    first = book_100(office)
    office.sandbox.books.book(customer=CUSTOMER, date="2024-11-02", number=SECOND)
    office.imports(days=30, invite=True)
    odd(office, first, "refused in Twikey")
    outcome = run(office, "follow-up", "--invitations")
    assert outcome.code == 0
    with office.ledger() as ledger:
        unknown = [one.id for one in ledger.invitations.candidates("") if one.ct is None]
    assert unknown == [first]


def test_an_odd_look_up_does_not_stop_the_import(open_office: OpenOffice) -> None:
    """A14: what became of one create cannot be found out; new bookings cross all the same."""
    office = in_november(open_office)
    set_up(office, "settle_after_seconds = 0")
    first = book_100(office)
    office.sandbox.world.fault("reset_before", method="POST", path="/creditor/invoice", times=1)
    office.imports(days=30)
    office.sandbox.books.book(customer=CUSTOMER, date="2024-11-02", number=SECOND)
    odd(office, first, "refused in Twikey")
    report = office.imports(days=30)
    assert (report.sent, SECOND in office.twikey_invoices()) == (1, True)


def test_three_odd_answers_in_a_row_stop_a_run(open_office: OpenOffice) -> None:
    """B1: what may concern the whole service stops the run; a plain answer starts anew."""

    def trouble(run: Run) -> None:
        for count in range(IN_A_ROW + 1):
            set_aside(run, "Twikey", f"invoice {count}", UnexpectedAnswer("odd"))
            if count == 0:
                answered(run, "Twikey")

    office, _ = imported(open_office)
    with pytest.raises(UnexpectedAnswer):
        follow(office, trouble)


# ---- the clocks


@pytest.mark.parametrize("ahead", [timedelta(days=27_000), timedelta(days=-40)])
def test_a_date_far_away_moves_no_watermark(open_office: OpenOffice, ahead: timedelta) -> None:
    """B9: a Teamleader that says 2099 leaves the watermark where it is, and the run says why."""
    office, _ = imported(open_office)
    with office.ledger() as ledger:
        before = ledger.watermarks.read("invoices")
    office.clock.shift -= ahead
    report = office.imports()
    assert [type(one).__name__ for one in report.problems] == ["ClocksDiffer"] or (
        "clock" in " ".join(map(str, report.problems))
    )
    with office.ledger() as ledger:
        assert ledger.watermarks.read("invoices") == before


def test_a_clock_ahead_moves_the_watermark_an_hour_at_most(open_office: OpenOffice) -> None:
    """B9: a Teamleader some hours ahead moves the watermark no further than ours and an hour."""
    office, _ = imported(open_office)
    on(office, "2024-11-05", 12)
    office.clock.shift -= timedelta(hours=5)
    office.imports()
    with office.ledger() as ledger:
        moved = ledger.watermarks.read("invoices")
    assert moved is not None
    ours = datetime(2024, 11, 5, 7, tzinfo=UTC)
    assert ours + timedelta(minutes=59) < moved < ours + timedelta(minutes=65)
