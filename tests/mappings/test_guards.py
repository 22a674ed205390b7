"""What the guards conclude from both sides of a booking (decisions 7)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from connectors.ledger.records import Mark
from mappings.guards import (
    at_work,
    due_again,
    has_room_again,
    is_over,
    shown_failure,
    unexplained_failure,
)
from tests.mappings.money import booking, event, registered

NOON = datetime(2026, 9, 10, 12, tzinfo=UTC)


def shows(**last: object) -> str:
    """Return what an invoice shows of a failed last payment."""
    return json.dumps({"action": "payment_fail", **last})


# ---- failures and their names


@pytest.mark.parametrize(
    ("last", "told", "explained"),
    [
        ({"id": 7, "e2e": "E"}, {"paymentId": 7}, True),
        ({"id": 7, "e2e": "E"}, {"transactionE2e": "E"}, True),
        ({"e2e": "E"}, {"paymentId": 7, "transactionE2e": "E"}, True),
        ({"link": 3}, {"linkId": "3"}, True),
        ({"id": 7}, {"paymentId": 8}, False),
        ({"id": 7, "date": "2026-09-10"}, {"linkId": 3}, True),
        ({"id": 7, "date": "2026-09-20"}, {"linkId": 3}, False),
        ({"id": 7, "date": "?"}, {}, True),
    ],
)
def test_all_names_that_both_feeds_give_are_compared(
    last: dict[str, object], told: dict[str, object], explained: bool
) -> None:
    """C7: one name in common is enough; with none in common the day decides."""
    failing = booking(last_payment=shows(**last))
    events = [event("p1"), event("f2", "11:00")]
    money = [event("p3", "10:30", key="other")]
    details = {"f2": json.dumps(told)}
    assert unexplained_failure(failing, [*events, *money], details) is not explained


def test_a_failure_before_the_payment_is_not_the_one_shown() -> None:
    """C8: an attempt that failed, then succeeded under its old name, and is now shown failed."""
    failing = booking(last_payment=shows(id=1))
    named = json.dumps({"paymentId": 1})
    events = [event("f1", "09:00"), event("p2", "10:00")]
    assert unexplained_failure(failing, events, {"f1": named, "p2": named})


def test_a_failure_of_what_never_came_in_explains_itself() -> None:
    """C7: a refused attempt, with nothing of Twikey's in Teamleader, keeps no guard off."""
    failing = booking(last_payment=shows(id=1))
    assert not unexplained_failure(failing, [], {})
    other = {"p1": json.dumps({"paymentId": 2})}
    assert not unexplained_failure(failing, [event("p1")], other)
    assert shown_failure(booking(last_payment='{"action": "payment"}')) is None


# ---- whose turn it is


def test_news_keep_the_guards_off_only_where_they_are_written() -> None:
    """C4: with write_back off nothing is ever written; an undone payment still matters."""
    paid, failed = event("p1"), event("f2", "11:00")
    assert at_work([paid], write_back=True)
    assert not at_work([paid], write_back=False)
    assert at_work([paid, failed], write_back=False)
    assert not at_work([event("f2", key="paymentId:9")], write_back=False)


def test_a_mark_is_over_when_both_sides_owe_again() -> None:
    """C4: due in Teamleader and owed in Twikey; anything less keeps it."""
    mark = Mark("done", "2026-09-10T09:00:00+00:00", 1, None)
    assert is_over(mark, booking())
    assert not is_over(mark, booking(twikey_state="PAID"))
    assert not is_over(mark, booking(paid=True))
    assert not is_over(mark._replace(state="intent"), booking())


def test_room_is_for_money_that_had_none() -> None:
    """C9: only where ours does not fill the invoice already, and it is booked."""
    waits = [event("p1", state="reported")]
    assert has_room_again(booking(), waits, [])
    assert not has_room_again(booking(), waits, [registered("p2")])
    assert not has_room_again(booking(status="draft"), waits, [])
    assert not has_room_again(booking(paid=True), waits, [])
    assert has_room_again(booking(), [event("p1", note="in part")], [registered("p1", 4_000)])


def test_due_again_needs_a_contradiction() -> None:
    """Decisions 7: ours is missing, or nothing explains it for an hour."""
    paid = booking(twikey_state="PAID", seen_at="2026-09-10T10:00:00+00:00")
    stands = [event("p1", state="registered")]
    assert due_again(paid, stands, [registered("p1")], NOON, our_mark=False)
    assert due_again(paid, [], [], NOON, our_mark=False)
    assert not due_again(paid, [], [], NOON.replace(hour=10), our_mark=False)
    assert due_again(paid, [], [], NOON.replace(hour=10), our_mark=True)
    assert not due_again(paid._replace(twikey_state="BOOKED"), [], [], NOON, our_mark=True)
    held = [event("p1", state="held")]
    assert not due_again(paid, held, [], NOON, our_mark=False)
    grown = paid._replace(payable_cents=11_000, due_cents=1_000)
    assert not due_again(grown, stands, [registered("p1")], NOON, our_mark=False)
