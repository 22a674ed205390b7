"""Edited after booking: due date and title follow; what was refused is not taken for told (C33)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.money import follow_up, imported, open_alerts, story
from tests.flows.office import Office
from tests.flows.scenes import CUSTOMER, NUMBER, OpenOffice, writes
from tests.flows.test_payments import in_progress


def puts(office: Office) -> list[dict[str, Any]]:
    """Return the bodies of the updates that Twikey has seen."""
    return [call.parameters for call in writes(office, "twikey") if call.method == "PUT"]


def edit(office: Office, invoice: str, **changes: Any) -> None:
    """Let somebody edit the invoice in Teamleader, and the program read it."""
    office.sandbox.books.edit_invoice(invoice, **changes)
    office.sandbox.world.advance(60)
    office.imports()


def refuse_updates(office: Office, times: int = 1) -> None:
    """Let Twikey refuse the next updates with a documented error."""
    body = '{"code": "err_invalid_date", "message": "no"}'
    office.sandbox.world.fault("status", method="PUT", status=400, body=body, times=times)


# ---- due dates


def test_a_refused_due_date_is_told_and_not_repeated(open_office: OpenOffice) -> None:
    """C33: one try and an alert; the date that Twikey has is still the one it was told."""
    office, invoice = imported(open_office)
    refuse_updates(office)
    edit(office, invoice, due_on="2024-12-15")
    for _ in range(3):
        follow_up(office)
    assert set(open_alerts(office)) == {"DATE_NOT_TAKEN"}
    assert [body["duedate"] for body in puts(office)] == ["2024-12-15"]
    with office.ledger() as ledger:
        (wanted,) = ledger.documents.named([NUMBER])
    assert wanted.due_on == "2024-11-30"


def test_another_date_after_a_refused_one_is_tried(open_office: OpenOffice) -> None:
    """C33: edited once more: sent once more, and the alert settles."""
    office, invoice = imported(open_office)
    refuse_updates(office)
    edit(office, invoice, due_on="2024-12-15")
    follow_up(office)
    edit(office, invoice, due_on="2024-12-20")
    _, swept = follow_up(office)
    assert (swept.dates_followed, open_alerts(office)) == (1, {})
    assert office.twikey_invoices()[NUMBER]["duedate"] == "2024-12-20"


@pytest.mark.parametrize("where", ["Teamleader", "Twikey"])
def test_a_refused_date_settles_when_both_agree(open_office: OpenOffice, where: str) -> None:
    """C33: changed back in Teamleader, or by hand in Twikey: nothing is left to tell."""
    office, invoice = imported(open_office)
    refuse_updates(office)
    edit(office, invoice, due_on="2024-12-15")
    follow_up(office)
    if where == "Teamleader":
        edit(office, invoice, due_on="2024-11-30")
    else:
        there = office.sandbox.twikey.books.invoices[invoice]
        there.duedate = "2024-12-15"
        office.sandbox.twikey.bank.feeds.noticed(there)
    follow_up(office)
    assert (len(puts(office)), open_alerts(office)) == (1, {})


def test_what_is_paid_gets_no_date_and_a_reopened_one_does(open_office: OpenOffice) -> None:
    """C33: nothing is told of what is paid, and nothing is taken for told."""
    office, invoice = imported(open_office)
    office.sandbox.twikey.actions["pay_link"](NUMBER)
    follow_up(office)
    edit(office, invoice, due_on="2024-12-15")
    follow_up(office)
    assert puts(office) == []
    with office.ledger() as ledger:
        assert ledger.documents.named([NUMBER])[0].due_on == "2024-11-30"
    office.sandbox.twikey.actions["manual_reset"](NUMBER)
    follow_up(office)
    assert office.twikey_invoices()[NUMBER]["duedate"] == "2024-12-15"


def test_a_date_that_comes_while_collecting_follows_afterwards(open_office: OpenOffice) -> None:
    """C33: in progress without the feed telling: refused for its state, tried when that is over."""
    office, invoice = in_progress(open_office)
    with office.ledger() as ledger:
        ledger.feed._store.write("UPDATE bookings SET twikey_state='BOOKED'")
    edit(office, invoice, due_on="2024-12-15")
    for _ in range(2):
        follow_up(office)
    assert open_alerts(office) == {}
    office.sandbox.twikey.actions["refuse"](NUMBER, "MS02")
    follow_up(office)
    follow_up(office)
    assert office.twikey_invoices()[NUMBER]["duedate"] == "2024-12-15"


# ---- titles


def test_a_changed_number_follows_into_the_title(open_office: OpenOffice) -> None:
    """C33: the title names the number that the customer sees, in his language; once."""
    office, invoice = imported(open_office)
    before = office.twikey_invoices()[NUMBER]["title"]
    edit(office, invoice, number="2024 / 101")
    swept = [follow_up(office)[1] for _ in range(2)]
    assert [one.titles_followed for one in swept] == [1, 0]
    there = office.twikey_invoices()[NUMBER]
    assert there["title"] == before.replace("100", "101")
    assert there["duedate"] == "2024-11-30"
    assert "title changed in Twikey" in story(office, invoice)
    edit(office, invoice, number=NUMBER)
    follow_up(office)
    assert office.twikey_invoices()[NUMBER]["title"] == before


def test_a_refused_title_is_told_and_not_repeated(open_office: OpenOffice) -> None:
    """C33: one try and an alert, which settles with the next title."""
    office, invoice = imported(open_office)
    refuse_updates(office)
    edit(office, invoice, number="2024 / 101")
    for _ in range(2):
        follow_up(office)
    assert set(open_alerts(office)) == {"TITLE_NOT_TAKEN"}
    assert len(puts(office)) == 1
    edit(office, invoice, number="2024 / 102")
    follow_up(office)
    assert not open_alerts(office)


def test_no_title_is_told_without_an_edit(open_office: OpenOffice) -> None:
    """C33: with a prefix or without, what was never edited is never told."""
    office, _ = imported(open_office)
    office.sandbox.books.book(customer=CUSTOMER, date="2024-11-01", number="2024 / 7")
    office.imports()
    for _ in range(2):
        follow_up(office)
    assert puts(office) == []
