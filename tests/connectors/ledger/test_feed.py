"""What Twikey's feeds showed: position and items in one commit, the newest sight of each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.ledger.ledger import Ledger
from tests.connectors.fakes import NOW
from tests.connectors.ledger.sample import booking, crossing, customer, enter, one, send, sight


def test_a_page_and_the_position_after_it_are_one_commit(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P7, I8: a page that cannot be stored whole leaves the position where it was."""
    assert ledger.feed.position() == 0
    ledger.feed.invoices_seen([sight("t1")], 41, NOW)
    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(ledger.feed._store, "write", lambda *_: 1 // 0)
        ledger.feed.invoices_seen([sight("t1", state="PAID"), sight("t2")], 42, NOW)
    assert ledger.feed.position() == 41
    assert ledger.feed.seen_under("2026 / t2") == []
    assert ledger.feed.seen_under("2026 / t1") == [sight("t1")]


def test_the_position_never_moves_back(ledger: Ledger) -> None:
    """I8: neither a late page nor a single look-up takes it back."""
    for position in (41, 40, None, 12):
        ledger.feed.invoices_seen([], position, NOW)
        assert ledger.feed.position() == 41


def test_the_newest_sight_of_an_invoice_wins(ledger: Ledger) -> None:
    """I6: a page replayed or a newer state: one row, the newest; what it leaves out is kept."""
    ledger.feed.invoices_seen([sight("t1")], 1, NOW)
    paid = sight("t1", state="PAID", last_payment={"method": "sdd"}, url=None, ref=None)
    ledger.feed.invoices_seen([paid, paid], 2, NOW)
    (seen,) = ledger.feed.seen_under("2026 / t1")
    assert (seen.state, seen.last_payment) == ("PAID", {"method": "sdd"})
    assert (seen.url, seen.ref) == ("https://twikey.example/t1", "t1")


def test_every_invoice_under_a_number_is_told_until_it_is_gone(ledger: Ledger) -> None:
    """U1: the newest sight first; what Twikey no longer has is forgotten."""
    ledger.feed.invoices_seen([sight("t1", number="2026 / 1")], 1, NOW)
    ledger.feed.invoices_seen([sight("t2", number="2026 / 1")], 2, NOW + timedelta(seconds=1))
    assert [i.id for i in ledger.feed.seen_under("2026 / 1")] == ["t2", "t1"]
    ledger.feed.forget("t2")
    assert [i.id for i in ledger.feed.seen_under("2026 / 1")] == ["t1"]


def test_a_booking_shows_the_state_that_twikey_showed_last(ledger: Ledger) -> None:
    """Guide 5: the state travels to the booking, by Twikey's own id."""
    enter(ledger, booking("b1"))
    send(ledger, "b1")
    ledger.feed.invoices_seen([sight("b1", state="EXPIRED")], 1, NOW)
    assert one(ledger)["twikey_state"] == "EXPIRED"
    assert one(ledger)["url"] == "https://twikey.example/b1"


def test_what_the_feed_showed_before_the_outcome_is_not_lost(ledger: Ledger) -> None:
    """P3: a create that is settled after the feed showed it has its state and its address."""
    enter(ledger, booking("b1"))
    ledger.crossings.intend([crossing("b1")], 1, NOW, NOW)
    ledger.feed.invoices_seen([sight("b1")], 1, NOW)
    ledger.crossings.sent([("b1", "b1", None, None)], 2, NOW)
    assert one(ledger)["twikey_state"] == "BOOKED"
    assert one(ledger)["url"] == "https://twikey.example/b1"


def test_a_customer_seen_in_twikey_is_known_there(ledger: Ledger) -> None:
    """Decisions 4: known is who was created or seen; whoever was seen keeps the own profile."""
    ledger.customers.read([customer("c1"), customer("c2")], 1)
    ledger.feed.invoices_seen([sight("t1", customer_number="c1")], 1, NOW)
    assert ledger.customers.count_known() == 1
    assert ledger.customers.profiles_to_set() == []


def test_a_create_not_settled_yet_does_not_make_its_customer_known(ledger: Ledger) -> None:
    """K1: killed before the outcome, seen in the feed, then settled: the profile is still set."""
    ledger.customers.read([customer("c1")], 1)
    enter(ledger, booking("b1"), booking("b2"))
    ledger.crossings.intend([crossing("b1")], 1, NOW, NOW)
    ledger.feed.invoices_seen([sight("b1")], 1, NOW)
    ledger.customers.read([customer("c1")], 2)
    assert ledger.customers.count_known() == 0
    ledger.crossings.sent([("b1", "b1", None, None)], 2, NOW, new_profile="1420")
    assert ledger.customers.profiles_to_set() == [("c1", "1420")]


def test_who_holds_a_number_is_told_from_both_sides(ledger: Ledger) -> None:
    """U1: our own bookings by ledger, everything else by what Twikey showed."""
    enter(ledger, booking("b1"), booking("b2"))
    send(ledger, "b1")
    hand = sight("t9", number="2026 / b2", ref=None, customer_number="by-hand")
    ledger.feed.invoices_seen([sight("b1"), hand, sight("t8", number="elsewhere")], 1, NOW)
    taken = ledger.feed.taken(["2026 / b1", "2026 / b2"], ["b2", "t8"])
    assert [(row[0], row[1], row[2], row[7]) for row in taken] == [
        ("2026 / b1", "ledger", "b1", "c1"),
        ("2026 / b2", "twikey", "t9", "by-hand"),
        ("elsewhere", "twikey", "t8", "c1"),
    ]
    ledger.bookings.closed("b1", 2, NOW)
    assert ledger.feed.taken(["2026 / b1"], [])[0][9:] == ("closed", 1)
