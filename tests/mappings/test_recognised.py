"""Payments of ours that stand in Teamleader, recognised without a ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from connectors.ledger.records import MoneyEvent
from connectors.teamleader.records import Payment
from mappings.markers import marker
from mappings.recognised import recognise
from tests.mappings.money import NOW, ZONE, event, paid


def known(
    events: Sequence[MoneyEvent],
    payments: Sequence[Payment],
    saved: Mapping[str, str] | None = None,
) -> dict[str, Payment]:
    """Return which payment is which event's, of booking b."""
    return recognise("b", events, payments, saved or {}, ZONE)


def ours(name: str, cents: int = 10_000, seconds: int = 0) -> Payment:
    """Return a payment at the marker of an event, or some seconds beside it."""
    at = marker("b", event(name), NOW, ZONE) + timedelta(seconds=seconds)
    return Payment(cents, "EUR", at.isoformat())


def test_a_marker_is_recognised_within_a_second() -> None:
    """P8: the instant that follows from booking and event; a part of its money may stand there."""
    night = event("p1", occurred_at="2026-09-10T10:00:00.000+00:00", cents=10_000)
    for seconds, found in ((0, True), (1, True), (-1, True), (2, False)):
        part = ours("p1", 9_999, seconds)
        assert (known([night], [part]) == {"p1": part}) is found
    assert known([night], [ours("p1", 10_001)]) == {}
    assert recognise("c", [night], [ours("p1", 9_999)], {}, ZONE) == {}


def test_whoever_asks_at_night_is_told_the_same() -> None:
    """P8: a payment of this very moment, beside our own mark as paid, is somebody else's.

    Before six in the morning the marker of a new payment is the moment itself; to look for that
    would find whatever was just written.
    """
    at = datetime(2026, 9, 13, 22, 46, 30, tzinfo=UTC)
    mark = event("p1", occurred_at=at.isoformat(), source="manual")
    assert known([mark], [Payment(10_000, "EUR", at.isoformat())]) == {}


def test_a_saved_marker_is_as_good_as_its_own() -> None:
    """P12: what was saved elsewhere is known by the instant alone, on whatever day."""
    there = paid(4_000, "12T09:09:09")
    assert known([event("p1")], [there]) == {}
    assert known([event("p1")], [there], {"p1": "2026-09-12T09:09:08+00:00"}) == {"p1": there}
    assert known([event("p1")], [there], {"p2": "2026-09-12T09:09:09+00:00"}) == {}


def test_a_time_of_day_that_no_person_types_is_ours() -> None:
    """P12: of a payment that went back too; at midnight it may be anybody's."""
    bounced = [event("p1"), event("f2", "11:00")]
    timed, bare = paid(10_000, "10T09:09:09"), paid(10_000, "10T00:00:00")
    assert known(bounced, [timed]) == {"p1": timed}
    assert known(bounced, [bare]) == {}
    assert known(bounced, [paid(9_999, "10T09:09:09")]) == {}
    assert known(bounced, [paid(10_000, "10T22:09:09")]) == {}


def test_of_money_that_stands_the_day_and_the_amount_are_enough() -> None:
    """P12: better to know one too many as written than to write one twice."""
    bare = paid(10_000, "10T00:00:00")
    assert known([event("p1")], [bare]) == {"p1": bare}
    assert known([event("p1")], [paid(10_000, "09T21:59:59")]) == {}


def test_a_payment_by_hand_is_recognised_by_its_marker_only() -> None:
    """Decisions 7: mostly it is our own marking as paid, and no money."""
    manual = event("p1", source="manual")
    assert known([manual], [paid(10_000, "10T00:00:00"), paid(10_000, "10T09:09:09")]) == {}
    assert known([manual], [ours("p1")]) == {"p1": ours("p1")}


def test_the_surest_sign_is_looked_for_first_and_each_payment_taken_once() -> None:
    """P12: two payments of one day and amount are two; the marked one is its own event's."""
    first, second = event("p1", "09:00", key="a:1"), event("p2", "10:00", key="a:2")
    marked, other = ours("p2"), paid(10_000, "10T00:00:00")
    assert known([first, second], [marked, other]) == {"p2": marked, "p1": other}
    assert known([first, second], [other]) == {"p1": other}


def test_only_payments_are_looked_for() -> None:
    """P12: a failure and a refund are never written to Teamleader."""
    assert known([event("f1"), event("r2", key=None)], [paid(10_000, "10T09:09:09")]) == {}


def test_one_event_is_one_payment() -> None:
    """P12: a double in Teamleader is not ours because one of the two is."""
    assert known([event("p1")], [ours("p1"), paid(10_000, "10T09:09:09")]) == {"p1": ours("p1")}
