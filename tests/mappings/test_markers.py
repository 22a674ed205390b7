"""How our payments are marked in Teamleader, found again, and put back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.records import Survivor
from mappings.markers import Wanted, marker, missing, survivors, take
from tests.mappings.money import NOW, ZONE, event, paid, registered

# ---- markers


@given(st.text(min_size=1, max_size=30), st.integers(0, 400 * 86_400))
def test_a_marker_keeps_the_day_and_never_lies_ahead(name: str, ago: int) -> None:
    """P8: whole seconds, the value date in Brussels, not later than now, the same each time."""
    at = (NOW - timedelta(seconds=ago)).isoformat(timespec="milliseconds")
    one = event("p1", occurred_at=at, event_id=name)
    found = marker("b", one, NOW, ZONE)
    assert found == marker("b", one, NOW, ZONE)
    assert found.astimezone(ZONE).date() == datetime.fromisoformat(at).astimezone(ZONE).date()
    assert (found.microsecond, found.utcoffset()) == (0, timedelta())
    assert found <= NOW
    assert 6 <= found.hour < 18


def test_a_marker_before_six_is_now() -> None:
    """P8: just after midnight in Brussels, the day has no earlier second to take."""
    night = datetime(2026, 9, 13, 22, 30, 5, 900, tzinfo=UTC)
    one = event("p1", occurred_at="2026-09-13T22:10:00.000+00:00")
    assert marker("b", one, night, ZONE) == night.replace(microsecond=0)


def test_two_markers_of_one_booking_are_apart() -> None:
    """P8: an instant that is taken is not taken twice."""
    first = marker("b", event("p1"), NOW, ZONE)
    second = marker("b", event("p1"), NOW, ZONE, [first.isoformat()])
    assert abs(first - second) >= timedelta(seconds=5)


def test_a_payment_is_found_by_amount_and_instant() -> None:
    """Reference 4.1: within a second, and each row is taken once."""
    rows = [paid(500, "10T08:00:01"), paid(500, "10T08:00:01"), paid(700, "10T08:00:00")]
    found, left = take(rows, [Wanted(500, "2026-09-10T08:00:00+00:00")] * 3, ZONE)
    assert [one is not None for one in found] == [True, True, False]
    assert left == [rows[2]]


def test_a_payment_without_time_of_day_is_found_by_its_day() -> None:
    """Reference 10-U5: should Teamleader keep only the day, ours is still recognised."""
    rows = [paid(500, "10T00:00:00"), paid(500, "09T22:00:00"), paid(500, "10T11:00:00")]
    wanted = [Wanted(500, "2026-09-10T08:00:00+00:00")]
    assert take(rows[:1], wanted, ZONE)[0] == rows[:1]
    assert take(rows[1:2], wanted, ZONE)[0] == rows[1:2]
    assert take(rows[2:], wanted, ZONE)[0] == [None]


def test_a_payment_at_midnight_is_a_strangers_where_times_are_kept() -> None:
    """Reference 10-U5: another payment with a time of day shows that Teamleader keeps times."""
    rows = [paid(500, "10T00:00:00"), paid(700, "02T08:00:03")]
    wanted = [Wanted(500, "2026-09-10T08:00:00+00:00")]
    assert take(rows, wanted, ZONE) == ([None], rows)
    assert take(rows[:1], wanted, ZONE) == (rows[:1], [])


# ---- survivors


def test_everybody_elses_payment_survives_a_reversal() -> None:
    """A42: EUR 21 by transfer stays with its own date when EUR 100 bounces."""
    rows = [paid(2_100, "02T00:00:00"), paid(10_000, "10T08:00:07")]
    stands, kept = survivors(rows, 0, [registered("p1")], [], {}, ZONE)
    assert stands
    assert kept == [Survivor(2_100, "EUR", "2026-09-02T00:00:00+00:00")]
    assert missing([], kept, ZONE) == kept
    assert not missing(rows[:1], kept, ZONE)


def test_our_other_payment_survives_with_its_method_and_all_that_came_in() -> None:
    """What had no room beside the failed payment has room after it."""
    rows = [paid(6_000, "10T08:00:07"), paid(4_000, "10T08:00:14")]
    ours = registered("p2", 4_000)
    _, kept = survivors(rows, 0, [registered("p1", 6_000)], [ours], {"p2": 6_000}, ZONE)
    assert kept == [Survivor(6_000, "EUR", ours.paid_at, "m", "p2")]


def test_a_payment_that_is_not_there_is_not_undone() -> None:
    """P9: what a colleague removed already leaves nothing to undo, and others' stays."""
    rows = [paid(10_000, "10T11:11:11")]
    stands, kept = survivors(rows, 0, [registered("p1")], [], {}, ZONE)
    assert (stands, [one.amount_cents for one in kept]) == (False, [10_000])
