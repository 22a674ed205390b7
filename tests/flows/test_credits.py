"""Guide 11: credit notes cross with CN, and what they mean for a collection is told (C9-C11)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.following import killed_at
from tests.flows.money import follow_up, imported, on, open_alerts, payments
from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    MORNING,
    NUMBER,
    OpenOffice,
    at,
    book_100,
    creates,
    held,
    in_november,
    run,
    said,
    set_up,
    writes,
)
from tests.flows.test_payments import in_progress

CN = "CN2024 / 7"
INVOICE = "2024 / 100 of EUR 121.00 (2024-11-01, due 2024-11-30)"


def credit(office: Office, invoice: str | None, cents: int | None = None, **details: Any) -> str:
    """Book credit note "2024 / 7" of 2 November and return its id."""
    details = {"number": "2024 / 7", "date": "2024-11-02", **details}
    return office.sandbox.books.credit(invoice, cents, **details)


def quiet(office: Office) -> None:
    """Run the follow-up and see that nothing is told."""
    follow_up(office)
    assert open_alerts(office) == {}


# ---- A46, A47, A49: how they cross


@pytest.mark.parametrize("shape", ["array", "object"])
def test_a_credit_note_crosses_once_with_its_relation(open_office: OpenOffice, shape: str) -> None:
    """A46: CN2024 / 7 of -30.00 on 2024 / 100, not collected, once, however often it runs."""
    office, invoice = imported(open_office, credit_note_info=shape)
    note = credit(office, invoice, 3_000)
    for days in (None, 30, None, 30):
        office.imports(days=days)
    there = office.twikey_invoices()[CN]
    assert (there["id"], there["cents"], there["manual"]) == (note, -3_000, True)
    assert (there["related"], there["ref"]) == (NUMBER, note)
    assert (there["date"], there["duedate"]) == ("2024-11-02", "2024-11-02")
    assert there["customerNumber"] == CUSTOMER
    (sent,) = creates(office)
    assert (sent.parameters["amount"], sent.parameters["manual"]) == (-30.0, True)


@pytest.mark.parametrize("shape", ["array", "object"])
def test_both_shapes_of_a_credit_notes_details_are_read(
    open_office: OpenOffice, shape: str
) -> None:
    """A46: asked whether the holder of a number still exists, either answer is understood."""
    office, invoice = imported(open_office, credit_note_info=shape)
    first = credit(office, invoice, 3_000)
    office.imports()
    credit(office, None, customer=CUSTOMER)
    assert office.imports().held == 1
    assert held(office) == {"2024 / 7": "NUMBER_TAKEN"}
    assert office.calls("teamleader", "/creditNotes.info")
    assert office.twikey_invoices()[CN]["id"] == first


def test_the_pattern_of_the_numbers_is_a_setting(open_office: OpenOffice) -> None:
    """A46: CN-2024 / 7 where the settings say so."""
    office, invoice = imported(open_office)
    set_up(office, 'credit_note_number = "CN-{number}"')
    credit(office, invoice, 3_000)
    office.imports()
    assert office.twikey_invoices()["CN-2024 / 7"]["related"] == NUMBER


def test_off_the_schedule_brings_no_credit_note(open_office: OpenOffice) -> None:
    """A47: automatic off, the schedule imports none; by hand they come when asked for."""
    office, invoice = imported(open_office)
    credit(office, invoice, 3_000)
    set_up(office, "automatic = false")
    office.forget_calls()
    assert office.imports().outcome == "off"
    assert office.calls("teamleader") == []
    assert run(office, "import", "--days", "30").code == 0
    assert CN not in office.twikey_invoices()
    run(office, "import", "--days", "30", "--credit-notes")
    assert office.twikey_invoices()[CN]["cents"] == -3_000


def test_without_a_known_invoice_it_crosses_alone_and_is_listed(open_office: OpenOffice) -> None:
    """A49: its invoice was never imported: no relation, and the summary names it with the cure."""
    office = in_november(open_office)
    old = book_100(office, number="2024 / 1", date="2024-01-10", due="2024-02-10")
    credit(office, old, 3_000)
    outcome = run(office, "import", "--days", "30")
    assert office.twikey_invoices()[CN]["related"] is None
    assert f"{CN} Klant NV -EUR 30.00" in said(outcome)
    assert "stands there by itself" in said(outcome)
    with office.ledger() as ledger:
        assert "PARENT_MISSING" in ledger.bookings.find(CN)[0]["notices"]


def test_machines_get_the_list_too(open_office: OpenOffice) -> None:
    """A49: the JSON of the summary lists the credit note by number."""
    office = in_november(open_office)
    old = book_100(office, number="2024 / 1", date="2024-01-10", due="2024-02-10")
    credit(office, old, 3_000)
    (remark,) = run(office, "import", "--days", "30", "--json").json["remarks"]
    assert (remark["code"], remark["number"]) == ("PARENT_MISSING", CN)
    assert remark["amount_cents"] == -3_000


@pytest.mark.parametrize("many", [1, 12])
def test_a_relation_that_twikey_refuses_is_left_out_and_listed(
    open_office: OpenOffice, many: int
) -> None:
    """A49: the invoice was deleted in Twikey: the credit notes cross alone and are listed."""
    office, invoice = imported(open_office, twikey_unknown_related="refuse")
    office.sandbox.twikey.actions["delete_invoice"](NUMBER)
    for place in range(many):
        credit(office, invoice, 100, number=f"2024 / {7 + place}")
    if many > 1:
        office.imports(days=30)  # nothing of the bulk was taken: the next run asks one by one
    report = office.imports(days=30)
    assert (report.sent, report.held) == (many, 0)
    assert {row["related"] for row in office.twikey_invoices().values()} == {None}
    assert [row["code"] for row in report.remarks] == ["PARENT_MISSING"] * many


def test_an_invoice_whose_answer_was_lost_is_named_all_the_same(open_office: OpenOffice) -> None:
    """A46: sent, but not settled yet: the credit note of the next run still names it."""
    office = in_november(open_office)
    set_up(office, "settle_after_seconds = 300")
    invoice = book_100(office)
    office.sandbox.world.fault("reset_after", method="POST", path="^/creditor/invoice$", times=1)
    office.imports(days=30)
    credit(office, invoice, 3_000)
    office.imports(days=30)
    assert office.twikey_invoices()[CN]["related"] == NUMBER


# ---- C11: credited before the collection has left


def test_a_part_credited_before_the_collection_is_told_at_once(open_office: OpenOffice) -> None:
    """C11: both documents, amounts and dates, why it is not adjusted, and what to do."""
    office, invoice = imported(open_office)
    credit(office, invoice, 2_100)
    outcome = run(office, "import")
    wanted = (
        f"{CN} of EUR 21.00 (2024-11-02) on {INVOICE}: EUR 100.00 is due, EUR 121.00 is asked,"
        " EUR 21.00 too much; Twikey cannot change an amount"
    )
    assert open_alerts(office) == {"PARTLY_CREDITED": wanted}
    assert outcome.code == 2
    assert wanted in said(outcome)
    assert "1 needs you" in said(outcome)
    assert office.twikey_invoices()[NUMBER]["cents"] == 12_100
    assert run(office, "import").code == 0  # told once by the import; status goes on telling
    assert wanted in said(run(office, "status"))


def test_a_whole_credited_before_the_collection_is_told_at_once(open_office: OpenOffice) -> None:
    """C11: nothing is due any more: it is told when the credit note crosses, and settles."""
    office, invoice = imported(open_office)
    credit(office, invoice)
    assert office.imports().exit_code == 2
    wanted = f"{CN} of EUR 121.00 (2024-11-02) on {INVOICE}; Twikey shows it as BOOKED"
    assert open_alerts(office) == {"CREDITED": wanted}
    follow_up(office)
    assert open_alerts(office) == {"CREDITED": wanted}
    office.sandbox.twikey.actions["archive"](NUMBER)
    quiet(office)


@pytest.mark.parametrize("cents", [2_100, None])
def test_while_it_is_collected_it_is_told_that_it_is_too_late(
    open_office: OpenOffice, cents: int | None
) -> None:
    """C11: in progress nothing can be changed: the alert says so."""
    office, invoice = in_progress(open_office)
    credit(office, invoice, cents)
    office.imports()
    ((_, detail),) = open_alerts(office).items()
    assert "collecting it already" in detail or "PENDING" in detail
    assert writes(office, "twikey") == creates(office)


def test_a_crash_between_the_credit_note_and_the_alert_loses_nothing(
    open_office: OpenOffice,
) -> None:
    """C11: killed at every moment of the import: the next follow-up tells, once."""
    step, killed = 0, True
    while killed:
        office, invoice = imported(open_office)
        credit(office, invoice, 2_100)
        killed = killed_at(step, office.imports)
        office.imports()
        follow_up(office)
        assert set(open_alerts(office)) == {"PARTLY_CREDITED"}, step
        assert sorted(office.twikey_invoices()) == [NUMBER, CN]
        step += 7
    assert step > 20


def test_a_held_credit_note_counts_as_well(open_office: OpenOffice) -> None:
    """C11: due in Teamleader is less, although its credit note waits for a person."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["enter_by_hand"](CN, 5.0)
    credit(office, invoice, 2_100)
    assert office.imports().held == 1
    follow_up(office)
    assert "EUR 21.00 too much" in open_alerts(office)["PARTLY_CREDITED"]


def test_a_credit_note_known_when_its_invoice_crossed_is_no_news(open_office: OpenOffice) -> None:
    """C10: what was sent as paid already is not told as credited too late."""
    office = in_november(open_office)
    invoice = book_100(office)
    credit(office, invoice, 2_100)
    assert office.imports(days=30).exit_code == 0
    quiet(office)
    office.sandbox.books.pay(invoice, 1_000)  # a part paid elsewhere is no credit note
    follow_up(office)
    assert set(open_alerts(office)) == {"PARTLY_PAID"}
    credit(office, invoice, 500, number="2024 / 8")
    office.imports()
    assert "CN2024 / 8 of EUR 5.00" in open_alerts(office)["PARTLY_CREDITED"]
    assert CN not in open_alerts(office)["PARTLY_CREDITED"]


def test_a_deleted_credit_note_settles_the_alert(open_office: OpenOffice) -> None:
    """C11: taken back in Teamleader, the whole is due again and nothing is told."""
    office, invoice = imported(open_office)
    note = credit(office, invoice, 2_100)
    office.imports()
    del office.sandbox.books.credit_notes[note]
    office.sandbox.books.edit_invoice(invoice, credited=0)
    quiet(office)


def test_what_is_credited_is_not_invited_by_itself(open_office: OpenOffice) -> None:
    """C11: this program asks nobody to pay more than is due; by hand it still does."""
    office = in_november(open_office)
    config = (office.home / "config.toml").read_text().replace('"off"', '"job"\nneeds_pdf = false')
    office.configure(config)
    office.imports(days=30)  # the first load is silent
    whole, part, plain = (book_100(office, number=f"2024 / {n}") for n in (101, 102, 103))
    office.imports()
    credit(office, whole)
    credit(office, part, 2_100, number="2024 / 8")
    office.imports()
    run(office, "follow-up", "--invitations")
    asked = [c.path.split("/")[-2] for c in office.calls("twikey") if c.path.endswith("/action")]
    assert asked == [plain]


# ---- C9: in progress, and afterwards


def test_credited_while_in_progress_the_rest_is_overpaid(open_office: OpenOffice) -> None:
    """C9: 100 in progress, 20 credited: 80 is settled, 20 listed as overpaid with the CN number."""
    office, _ = in_progress(open_office)
    invoice = book_100(office, number="2024 / 101", amount=10_000)
    office.imports(days=30)
    credit(office, invoice, 2_000)
    office.imports()
    assert "EUR 80.00 is due, EUR 100.00 is asked" in open_alerts(office)["PARTLY_CREDITED"]
    office.sandbox.twikey.actions["pay_debit"]("2024 / 101")
    follow_up(office, always=False)
    assert [cents for cents, _ in payments(office, invoice)] == [8_000]
    assert open_alerts(office) == {"OVERPAID": f"EUR 20.00 more than was due; credited by {CN}"}


@pytest.mark.parametrize("at_import", [True, False])
def test_credited_after_the_payment_is_told_as_to_be_paid_back(
    open_office: OpenOffice, at_import: bool
) -> None:
    """C9: the debit had left: refund or allocate, with both documents, until it is done."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    credit(office, invoice, 2_100)
    if at_import:
        assert office.imports().exit_code == 2
    else:
        killed_at(10**6, office.imports)
    wanted = f"EUR 21.00 of what came in; {CN} of EUR 21.00 (2024-11-02) on {INVOICE}"
    for _ in range(2):
        follow_up(office)
        assert open_alerts(office) == {"CREDITED_AFTER_PAYMENT": wanted}
    office.sandbox.twikey.actions["refund"](NUMBER, 21)
    follow_up(office)
    assert "CREDITED_AFTER_PAYMENT" not in open_alerts(office)


def test_allocated_in_teamleader_it_settles(open_office: OpenOffice) -> None:
    """C9: the credit note set to paid in Teamleader means that somebody has dealt with it."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    note = office.sandbox.books.credit_notes[credit(office, invoice, 2_100)]
    office.imports()
    assert set(open_alerts(office)) == {"CREDITED_AFTER_PAYMENT"}
    note.paid = True
    office.sandbox.books.serial += 1  # what the pretend service keeps of its lists is stale
    quiet(office)
    quiet(office)


def test_a_whole_refund_after_a_whole_credit_settles(open_office: OpenOffice) -> None:
    """C9: paid, credited as a whole, paid back as a whole: both sides end at nothing."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    credit(office, invoice, 12_100)
    office.imports()
    assert "EUR 121.00 of what came in" in open_alerts(office)["CREDITED_AFTER_PAYMENT"]
    office.sandbox.twikey.actions["refund"](NUMBER, 121)
    follow_up(office)
    assert "CREDITED_AFTER_PAYMENT" not in open_alerts(office)
    assert payments(office, invoice) == []


def test_a_paid_invoice_with_a_credit_note_is_looked_at_once(open_office: OpenOffice) -> None:
    """C9: a look costs a call, so it is taken when something changed, not every hour."""
    office = in_november(open_office)
    invoice = book_100(office)
    credit(office, invoice, 2_100)
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    quiet(office)
    office.forget_calls()
    for hour in (2, 4, 6):
        at(office, MORNING + timedelta(hours=hour))
        follow_up(office, always=False)
    assert office.calls("teamleader", "/invoices.info") == []


def test_a_payment_that_bounced_is_not_to_be_paid_back(open_office: OpenOffice) -> None:
    """C9: what came in went out again: nothing is left to be given back."""
    office, invoice = in_progress(open_office)
    office.sandbox.twikey.actions["pay_debit"](NUMBER)
    follow_up(office)
    credit(office, invoice, 2_100)
    office.imports()
    assert "CREDITED_AFTER_PAYMENT" in open_alerts(office)
    on(office, "2024-11-06")
    office.sandbox.twikey.actions["refuse"](NUMBER, "MD06")
    follow_up(office)
    assert set(open_alerts(office)) == {"PARTLY_CREDITED"}


def test_without_credit_notes_it_costs_nothing(open_office: OpenOffice) -> None:
    """C11: an import without credit notes asks Teamleader for nothing more than before."""
    office, _ = imported(open_office)
    office.imports()
    office.forget_calls()
    office.imports()
    assert len(office.calls("teamleader")) == 4


def test_a_part_paid_in_teamleader_is_told_before_twikey_collects_the_whole(
    open_office: OpenOffice,
) -> None:
    """C5, C9: 30 of 121 came by transfer: told while Twikey still asks the whole."""
    office, invoice = imported(open_office)
    office.sandbox.books.pay(invoice, 3_000)
    follow_up(office)
    told = open_alerts(office)
    assert set(told) == {"PARTLY_PAID"}
    assert "EUR 91.00 is due, EUR 121.00 is asked, EUR 30.00 too much" in told["PARTLY_PAID"]
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    assert set(open_alerts(office)) == {"OVERPAID"}
