"""The operator's desk: held, retry, journey and status (decisions 10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.wording import event_row
from tests.flows.office import Office
from tests.flows.scenes import (
    MORNING,
    NUMBER,
    OpenOffice,
    at,
    book_100,
    creates,
    held,
    run,
    said,
    set_up,
)

# ---- held, retry


def test_held_shows_number_reason_and_cure(holding: Office) -> None:
    """C26: what waits is shown with its number, its reason and what to do about it."""
    shown = run(holding, "held")
    assert shown.code == 2
    for wanted in ("2024 / 101", "Klant NV", "CURRENCY", "USD", "declare a profile"):
        assert wanted in said(shown)
    assert run(holding, "held", "ZERO").code == 0
    assert [row["number"] for row in run(holding, "held", "--json").json] == ["2024 / 101"]


def test_fixed_in_teamleader_then_retried(holding: Office) -> None:
    """A15: the operator corrects the invoice, types `retry NUMBER`, and it is in Twikey."""
    (invoice,) = (row["id"] for row in run(holding, "held", "--json").json)
    holding.sandbox.books.edit_invoice(invoice, currency="EUR", touch=False)
    done = run(holding, "retry", "2024 / 101")
    assert done.code == 0
    assert "2024 / 101" in holding.twikey_invoices()
    assert held(holding) == {}
    assert "read 1 = sent 1 + known 0 + skipped 0 + held 0" in done.out
    assert len(creates(holding)) == 2


@pytest.mark.parametrize("name", ["2024 / 101", "CURRENCY", "all"])
def test_retried_without_a_correction_it_is_held_again(holding: Office, name: str) -> None:
    """A15: retry decides anew; what is still wrong is held again, and nothing was created."""
    assert run(holding, "retry", name).code == 2
    assert held(holding) == {"2024 / 101": "CURRENCY"}
    assert "2024 / 101" not in holding.twikey_invoices()


def test_retry_touches_only_what_is_named(holding: Office) -> None:
    """A15: another held booking stays as it is, even when it is right by now."""
    other = book_100(holding, number="2024 / 102", currency="USD")
    holding.imports(days=30)
    holding.sandbox.books.edit_invoice(other, currency="EUR", touch=False)
    assert run(holding, "retry", "2024 / 101").code == 2
    assert set(held(holding)) == {"2024 / 101", "2024 / 102"}


def test_retry_later_leaves_it_to_the_next_run(holding: Office) -> None:
    """A15: --later only releases: the next scheduled run takes it up."""
    (row,) = run(holding, "held", "--json").json
    holding.sandbox.books.edit_invoice(row["id"], currency="EUR", touch=False)
    assert run(holding, "retry", "2024 / 101", "--later", "--json").json["released"]
    assert "2024 / 101" not in holding.twikey_invoices()
    assert run(holding, "import").code == 0
    assert "2024 / 101" in holding.twikey_invoices()


def test_the_retry_stands_in_the_journey(holding: Office) -> None:
    """A15: who released it, and when, can be read back."""
    run(holding, "retry", "2024 / 101", "--later")
    story = run(holding, "journey", "2024 / 101", "--json").json["stories"][0]["events"]
    assert [event["what"] for event in story] == ["held", "released"]
    assert story[1]["facts"]["by"]


def test_retrying_what_is_not_settled_looks_it_up(november: Office) -> None:
    """C19: what was sent without an answer is listed as held; retry looks, and sends nothing."""
    set_up(november, "settle_after_seconds = 300")
    november.sandbox.world.fault("reset_after", path="/creditor/invoice$", method="POST", times=1)
    book_100(november)
    november.imports(days=30)
    assert held(november) == {NUMBER: "UNSETTLED"}
    early = run(november, "retry", NUMBER)
    assert (early.code, held(november)) == (2, {NUMBER: "UNSETTLED"})
    at(november, MORNING + timedelta(minutes=6))
    late = run(november, "retry", NUMBER)
    assert (late.code, held(november)) == (0, {})
    assert len(creates(november)) == len(november.twikey_invoices()) == 1


# ---- journey, status


def test_the_journey_tells_what_happened(holding: Office) -> None:
    """Guide 7 "verify the events": found by number, by id, with profile, links and events."""
    invoice = holding.twikey_invoices()[NUMBER]["id"]
    for name in (NUMBER, invoice):
        shown = run(holding, "journey", name)
        assert shown.code == 0
        for wanted in (NUMBER, "Klant NV", "1420", "new customer", "created in Twikey", invoice):
            assert wanted in said(shown)


def test_a_change_in_teamleader_stands_in_the_journey(holding: Office) -> None:
    """Guide 5: what a colleague changed after the import is noted, before and after."""
    invoice = holding.twikey_invoices()[NUMBER]["id"]
    holding.sandbox.books.edit_invoice(invoice, due_on="2024-12-31")
    holding.imports()
    events = run(holding, "journey", NUMBER, "--json").json["stories"][0]["events"]
    changed = [event for event in events if event["what"] == "changed in Teamleader"]
    assert changed[0]["facts"]["due_on"] == ["2024-11-30", "2024-12-31"]
    assert "due on: 2024-11-30 -> 2024-12-31" in said(run(holding, "journey", NUMBER))


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"event": "evt_1", "cents": 1_800}, "(event: evt_1, amount: EUR 18.00)"),
        ({"due_cents": [1_800, 0], "paid": [0, True]},
         "(due: EUR 18.00 -> EUR 0.00, paid: no -> yes)"),
        ({"reason": '{"code": "refund_by_debtor", "externalCode": "MD06", "actionStep": 1}'},
         "(reason: MD06 refund_by_debtor)"),
        ({"reason": '{"code": "no_money", "description": "Insufficient funds"}'},
         "(reason: no_money, Insufficient funds)"),
        ({"reason": '{"odd": 1}'}, '(reason: {"odd": 1})'),
        ({"reason": "{AM04"}, "(reason: {AM04)"),
        ({"reason": "CURRENCY", "occurred_at": "2024-11-04T08:59:59.712+00:00"},
         "(reason: CURRENCY, occurred at: 2024-11-04 08:59:59 UTC)"),
        ({"events": ["evt_1", "evt_2"], "to be put back": []}, "(events: evt_1, evt_2)"),
        ({"title": [None, "Factuur"], "why": None}, "(title: none -> Factuur)"),
    ],
)  # fmt: skip
def test_a_journey_is_told_in_words(facts: dict[str, object], shown: str) -> None:
    """Guide 7: an accountant reads euro and yes or no, not cents and True."""
    event = {"at": "2024-11-04T09:00:00+00:00", "run": 3, "what": "it was", "facts": facts}
    assert event_row(event) == ("2024-11-04 09:00:00  run 3", f"it was {shown}")


def test_status_answers_the_four_questions(holding: Office) -> None:
    """Decisions 10: did it run, is it behind, what is stuck, who is at work."""
    state = run(holding, "status", "--json").json
    assert state["connected"]
    assert state["runs"][0]["outcome"] == "held"
    assert state["behind_seconds"] < 60
    assert [row["number"] for row in state["waiting"]] == ["2024 / 101"]
    assert state["at_work"] is None
    assert state["bookings"] == {"sent": 1, "held": 1}
    shown = said(run(holding, "status"))
    for wanted in ("1 held", "CURRENCY", str(holding.home), "EUR 121.00"):
        assert wanted in shown


def test_status_of_a_newcomer(open_office: OpenOffice) -> None:
    """Decisions 10: before anything happened, or after the ledger was lost, status says so."""
    office = open_office(connected=False)
    state = run(office, "status", "--json").json
    assert not state["connected"]
    assert state["behind_seconds"] is None
    assert state["runs"] == []
    shown = run(office, "status")
    assert shown.code == 2
    assert "never imported" in said(shown)
    assert "`teamleader-twikey connect`; after the loss of a ledger then `rebuild`" in said(shown)
    assert office.calls("teamleader") == office.calls("twikey") == []
