"""Bookings as Teamleader lists them: entered once, compared on every later sight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.ledger.bookings import Listed
from connectors.ledger.crossing import Verdict
from connectors.ledger.ledger import Ledger
from connectors.teamleader.records import InvoiceDetail, Page, Unreadable
from tests.connectors.fakes import NOW
from tests.connectors.ledger.sample import (
    AT,
    booking,
    crossing,
    customer,
    enter,
    events,
    one,
    send,
)

LATER = "2026-09-14T09:00:00+00:00"


def hold(ledger: Ledger, name: str = "b1", stage: str = "held", reason: str = "CURRENCY") -> None:
    """Decide that a booking is held or skipped."""
    ledger.crossings.decided([Verdict(name, stage, reason, None)], 1, NOW)


def detail(name: str = "b1", **fields: object) -> InvoiceDetail:
    """Return the details of an invoice with these custom fields."""
    return InvoiceDetail(name, "1", "outstanding", paid=False, payable_cents=1, due_cents=1,
                         email="a@b.be", on_hold_since=None, custom_fields=fields)  # fmt: skip


# ---- listed


def test_a_page_tells_what_is_new_changed_and_the_same(ledger: Ledger) -> None:
    """A28: the same page twice enters nothing twice."""
    page = Page([booking("b1"), booking("b2")], [])
    assert ledger.bookings.listed(page, 1, NOW) == Listed(new=2)
    assert ledger.bookings.listed(page, 2, NOW) == Listed(same=2)
    other = Page([booking("b1", due_on="2026-11-01"), booking("b2"), booking("b3")], [])
    assert ledger.bookings.listed(other, 3, NOW) == Listed(new=1, changed=1, same=1)
    assert Listed(1, 2, 3) + Listed(1, 1, 1) == Listed(2, 3, 4)
    assert one(ledger, "b1")["due_on"] == "2026-11-01"


def test_a_page_is_entered_whole_or_not_at_all(ledger: Ledger) -> None:
    """P1: a record that the ledger cannot keep takes its page with it."""
    broken: Any = booking("b2", number=object())
    with pytest.raises(Exception, match="type 'object' is not supported"):
        enter(ledger, booking("b1"), broken)
    assert ledger.desk.stages() == {}


def test_a_change_after_it_crossed_is_told_and_decides_nothing(ledger: Ledger) -> None:
    """I3: the journey says what changed in Teamleader; what stands in Twikey stays sent."""
    enter(ledger, booking())
    send(ledger, "b1")
    enter(ledger, booking(payable_cents=9900, updated_at=LATER), run=2)
    assert one(ledger)["stage"] == "sent"
    (told,) = [e for e in ledger.journal.of("b1") if e["what"] == "changed in Teamleader"]
    assert told["facts"] == {"payable_cents": [12100, 9900]}


@pytest.mark.parametrize("stage", ["held", "skipped"])
@pytest.mark.parametrize(
    "change", [{"currency": "USD"}, {"updated_at": LATER}], ids=["changed", "touched"]
)
def test_what_had_not_crossed_is_decided_anew_when_it_changed(
    ledger: Ledger, stage: str, change: dict[str, Any]
) -> None:
    """Decisions 5: a held booking that somebody touched is looked at again, with fresh details."""
    enter(ledger, booking())
    ledger.bookings.detailed(detail(), "f1", 1)
    hold(ledger, stage=stage)
    enter(ledger, booking(), run=2)
    assert one(ledger)["stage"] == stage
    enter(ledger, booking(**change), run=2)
    assert (one(ledger)["stage"], one(ledger)["detail_run"]) == ("seen", None)


def test_touching_what_crossed_says_nothing(ledger: Ledger) -> None:
    """P8: our own write-backs move updated_at; that is no change."""
    enter(ledger, booking())
    send(ledger, "b1")
    assert ledger.bookings.listed(Page([booking(updated_at=LATER)], []), 2, NOW) == Listed(same=1)
    assert "changed in Teamleader" not in events(ledger)


# ---- what cannot be read


def test_a_record_that_cannot_be_read_waits_with_its_reason(ledger: Ledger) -> None:
    """D2: set aside by id, by number, or by what is wrong; the rest of the page goes on."""
    bad = [
        Unreadable("b2", "invoice", "2026 / 2", "total.payable is missing"),
        Unreadable(None, "invoice", "2026 / 3", "no id"),
        Unreadable(None, "invoice", None, "not an object"),
    ]
    ledger.bookings.listed(Page([booking("b1")], bad), 1, NOW)
    assert ledger.desk.stages() == {"seen": 4}
    found = one(ledger, "b2")
    assert (found["source_problem"], found["source_detail"]) == (
        "UNREADABLE",
        "total.payable is missing",
    )
    assert one(ledger, "unreadable:2026 / 3")["number"] == "2026 / 3"
    assert one(ledger, "unreadable:not an object")["kind"] == "invoice"


def test_a_record_that_can_be_read_again_is_decided_anew(ledger: Ledger) -> None:
    """D2: the reason goes when Teamleader was put right."""
    bad = Page([], [Unreadable("b1", "invoice", "2026 / b1", "total.payable is missing")])
    ledger.bookings.listed(bad, 1, NOW)
    hold(ledger, reason="UNREADABLE")
    enter(ledger, booking(), run=2)
    assert (one(ledger)["stage"], one(ledger)["source_problem"]) == ("seen", None)


def test_what_crossed_stays_sent_when_it_cannot_be_read(ledger: Ledger) -> None:
    """D2: a broken sight of a booking that stands in Twikey changes nothing there."""
    enter(ledger, booking())
    send(ledger, "b1")
    bad = Page([], [Unreadable("b1", "invoice", "2026 / b1", "total.payable is missing")])
    ledger.bookings.listed(bad, 2, NOW)
    assert (one(ledger)["stage"], one(ledger)["source_problem"]) == ("sent", None)


# ---- details, problems, deletion


def test_details_are_kept_as_received(ledger: Ledger) -> None:
    """Guide 3.3: the field's value keeps its JSON type; a field that is not there is none."""
    enter(ledger, booking("b1"), booking("b2"))
    ledger.bookings.detailed(detail("b1", f1=1421), "f1", 1)
    ledger.bookings.detailed(detail("b2"), "f1", 1)
    assert (one(ledger, "b1")["invoice_field"], one(ledger, "b1")["invoice_email"]) == (
        "1421",
        "a@b.be",
    )
    assert one(ledger, "b2")["invoice_field"] is None
    assert ledger.bookings.without_details(1) == []


def test_details_are_asked_for_open_invoices_only(ledger: Ledger) -> None:
    """R1: paid, zero and credited ones never cost a call of their own."""
    enter(
        ledger,
        booking("b3"),
        booking("b1"),
        booking("b4", paid=True),
        booking("b5", due_cents=0),
        booking("b6", kind="credit_note", due_cents=None),
        booking("b7"),
    )
    ledger.bookings.source_problem(["b7"], "CUSTOMER_GONE", "company c1")
    assert ledger.bookings.without_details(1) == ["b1", "b3"]


def test_a_deleted_booking_is_closed_and_remembered(ledger: Ledger) -> None:
    """F9: it is never decided again, and its journey tells why."""
    enter(ledger, booking())
    ledger.bookings.closed("b1", 2, NOW)
    assert (one(ledger)["stage"], one(ledger)["reason"]) == ("closed", "DELETED_IN_SOURCE")
    assert events(ledger) == ["deleted in Teamleader"]
    assert not ledger.bookings.any_undecided(2)


# ---- questions


def test_undecided_bookings_come_once_a_run_invoices_first(ledger: Ledger) -> None:
    """Guide 11: a credit note finds its invoice sent; equal numbers meet in one chunk."""
    enter(
        ledger,
        booking("n1", kind="credit_note", number="2026/1", related_id="b1"),
        booking("b2", number="2026 / 2"),
        booking("b1", number="2026 / 1"),
    )
    assert [row[0] for row in ledger.bookings.undecided(1, 2)] == ["b1", "b2"]
    send(ledger, "b1", "b2")
    ((note, *rest),) = ledger.bookings.undecided(1, 2)
    assert (note, rest[18]) == ("n1", "2026 / b1")
    assert ledger.bookings.any_undecided(1)


def test_only_what_a_run_has_read_itself_is_decided(ledger: Ledger) -> None:
    """K1: what a stopped run left may have changed since; it is read again before it counts."""
    enter(ledger, booking("b1"), run=1)
    assert ledger.bookings.undecided(2, 10) == []
    assert not ledger.bookings.any_undecided(2)
    assert ledger.desk.take_up_again(2, NOW) == [("b1", "invoice")]
    assert len(ledger.bookings.undecided(2, 10)) == 1


def test_by_hand_what_was_skipped_is_decided_anew(ledger: Ledger) -> None:
    """Guide 4: the settings may have changed since; a scheduled run leaves it at that."""
    enter(ledger, booking())
    hold(ledger, stage="skipped", reason="OTHER_DEPARTMENT")
    enter(ledger, booking(), run=2)
    assert one(ledger)["stage"] == "skipped"
    ledger.bookings.listed(Page([booking()], []), 3, NOW, by_hand=True)
    assert one(ledger)["stage"] == "seen"


def test_a_booking_is_decided_once_in_a_run(ledger: Ledger) -> None:
    """A booking that comes back in the run that decided it waits for the next one."""
    enter(ledger, booking())
    ledger.crossings.decided([Verdict("b1", "held", "CURRENCY", None)], 1, NOW)
    enter(ledger, booking(updated_at=LATER))
    assert ledger.bookings.undecided(1, 10) == []
    enter(ledger, booking(updated_at=LATER), run=2)
    assert len(ledger.bookings.undecided(2, 10)) == 1


def test_customers_are_asked_for_in_ids_by_type(ledger: Ledger) -> None:
    """R1: never read ones only, or each once in this run; of undecided bookings only."""
    enter(
        ledger,
        booking("b1", customer_id="c1"),
        booking("b2", customer_id="c1"),
        booking("b3", customer_id="p1", customer_type="contact"),
        booking("b4", customer_id=None, customer_type=None),
        booking("b5", customer_id="c5"),
    )
    hold(ledger, "b5")
    wanted = ledger.bookings.customers_wanted
    assert wanted(1, refresh=False) == {"company": ["c1"], "contact": ["p1"]}
    ledger.customers.read([customer("c1")], 1)
    assert wanted(1, refresh=True) == {"company": [], "contact": ["p1"]}
    enter(ledger, booking("b1"), run=2)
    assert wanted(2, refresh=False) == {"company": [], "contact": []}
    assert wanted(2, refresh=True) == {"company": ["c1"], "contact": []}


def test_subscriptions_are_asked_for_again_after_a_day(ledger: Ledger) -> None:
    """Guide 3.3: a subscription has no updated_at, so it is read again when it is old."""
    enter(ledger, booking(subscription_id="s1"))
    assert ledger.bookings.subscriptions_wanted(1, NOW - timedelta(hours=24)) == ["s1"]


def test_a_booking_is_found_by_every_name_it_has(ledger: Ledger) -> None:
    """A person names it as it is called in Teamleader or in Twikey."""
    enter(ledger, booking("b1", number="2026 / 417"))
    ledger.crossings.intend([crossing("b1", number="BE-2026 / 417")], 1, NOW, NOW)
    ledger.crossings.sent([("b1", "t1", None, None)], 1, NOW)
    for name in ("b1", "2026 / 417", "BE-2026 / 417", "t1"):
        assert one(ledger, name)["id"] == "b1"
    assert ledger.bookings.find("2026") == []
    assert ledger.bookings.tries(["b1", "b2"]) == {"b1": 0}
    assert one(ledger)["updated_at"] == AT
