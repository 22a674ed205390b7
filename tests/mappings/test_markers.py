"""How our payments are marked in Teamleader, found again, and put back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.records import Survivor
from mappings.markers import (
    Wanted,
    marker,
    missing,
    other_peoples,
    same_day,
    survivors,
    take,
)
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


def test_markers_fill_the_working_day() -> None:
    """P8: from 06:00:00 on, within twelve hours, each event at a second of its own."""
    found = {marker("b", event("p1", event_id=f"e{n}"), NOW, ZONE) for n in range(200)}
    assert len(found) > 190
    assert min(found).hour == 6
    assert max(found).hour == 17


def test_the_fingerprint_is_that_of_booking_and_event() -> None:
    """P8: the same event of another booking, and a part of it, have other markers, for ever."""
    one = event("p1")
    assert marker("b", one, NOW, ZONE) == datetime(2026, 9, 10, 11, 58, 45, tzinfo=UTC)
    assert marker("b", one, NOW, ZONE, part="p1") == marker("b", one, NOW, ZONE)
    others = [marker("c", one, NOW, ZONE), marker("b", one, NOW, ZONE, part="p1#rest1")]
    assert len({marker("b", one, NOW, ZONE), *others}) == 3


def test_a_marker_of_this_morning_lies_before_now() -> None:
    """P8: a second after six the first second is the only one."""
    early = datetime(2026, 9, 14, 6, 0, 1, tzinfo=UTC)
    one = event("p1", occurred_at="2026-09-14T05:00:00.000+00:00")
    assert marker("b", one, early, ZONE) == early.replace(second=0)
    assert marker("b", one, early.replace(second=0), ZONE) == early.replace(second=0)


def test_a_taken_second_moves_a_marker_back_by_five() -> None:
    """P8: as often as it must, and no more: five seconds are apart enough."""
    first = marker("b", event("p1"), NOW, ZONE)
    steps = [first - timedelta(seconds=5 * n) for n in range(3)]
    assert marker("b", event("p1"), NOW, ZONE, [steps[0].isoformat()]) == steps[1]
    taken = [one.isoformat() for one in steps[:2]]
    assert marker("b", event("p1"), NOW, ZONE, taken) == steps[2]
    near = (first + timedelta(seconds=5)).isoformat()
    assert marker("b", event("p1"), NOW, ZONE, [near]) == first
    nearer = (first + timedelta(seconds=4)).isoformat()
    assert marker("b", event("p1"), NOW, ZONE, [nearer]) == steps[1]


# ---- finding them again


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


def test_a_second_is_near_enough_and_two_are_not() -> None:
    """Reference 4.1: fractions may be cut, before and after; the amount is always exact."""
    wanted = [Wanted(500, "2026-09-10T08:00:10+00:00")]
    for second, found in (("09", True), ("11", True), ("08", False), ("12", False)):
        assert (take([paid(500, f"10T08:00:{second}")], wanted, ZONE)[0] != [None]) is found
    assert take([paid(499, "10T08:00:10")], wanted, ZONE)[0] == [None]
    assert take([paid(499, "10T00:00:00")], wanted, ZONE)[0] == [None]
    assert take([paid(500, "11T00:00:00")], wanted, ZONE)[0] == [None]


def test_a_row_that_one_took_is_left_for_no_other() -> None:
    """P9: two of ours on one day without times are two rows, and an exact one is never passed."""
    rows = [paid(500, "10T00:00:00"), paid(500, "10T00:00:00")]
    wanted = [Wanted(500, f"2026-09-10T08:00:{n:02}+00:00") for n in (0, 10, 20)]
    found, left = take(rows, wanted, ZONE)
    assert (found, left) == ([*rows, None], [])


def test_other_people_have_what_is_not_ours_in_teamleader() -> None:
    """A42: a registration that was planned, sent into the dark or removed explains no payment."""
    rows = [paid(10_000, "10T08:00:07"), paid(2_100, "02T09:00:00")]
    for state in ("accepted", "done"):
        assert other_peoples(rows, [registered("p1", state=state)], ZONE) == rows[1:]
    for state in ("planned", "sending", "unknown", "removed"):
        assert other_peoples(rows, [registered("p1", state=state)], ZONE) == rows


def test_what_an_older_ledger_registered_is_found_by_its_day() -> None:
    """P12: the day in Brussels and the amount, whatever the time of day."""
    wanted = Wanted(500, "2026-09-10T08:00:00+00:00")
    other = [paid(501, "10T08:00:00"), paid(500, "09T21:59:59"), paid(500, "10T22:00:00")]
    assert same_day(other, wanted, ZONE) is None
    for at in ("09T22:00:00", "10T21:59:59"):
        assert same_day([*other, paid(500, at)], wanted, ZONE) == paid(500, at)


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


def test_survivors_share_the_room_in_order() -> None:
    """C9: 30 go out of 100; 20 of others stay, and of ours the first takes all the room it can."""
    rows = [paid(3_000, "10T08:00:07"), paid(2_000, "02T09:00:00"),
            paid(3_000, "10T08:00:14"), paid(1_000, "10T08:00:21")]  # fmt: skip
    first, second = registered("p2", 3_000), registered("p3", 1_000)
    came = {"p2": 5_000, "p3": 5_000}
    _, kept = survivors(rows, 1_000, [registered("p1", 3_000)], [first, second], came, ZONE)
    assert [(one.event_id, one.amount_cents) for one in kept] == [
        (None, 2_000), ("p2", 5_000), ("p3", 3_000),
    ]  # fmt: skip
    _, kept = survivors(rows, 0, [registered("p1", 3_000)], [first, second], {"p2": 3_000}, ZONE)
    assert [one.amount_cents for one in kept] == [2_000, 3_000, 1_000]


def test_ours_that_a_person_removed_is_not_put_back() -> None:
    """P9: what does not stand before the removal does not stand after it."""
    rows = [paid(6_000, "10T08:00:07")]
    _, kept = survivors(
        rows, 4_000, [registered("p1", 6_000)], [registered("p2", 4_000)], {"p2": 4_000}, ZONE
    )
    assert kept == []


def test_the_rest_of_a_payment_counts_with_its_first_part() -> None:
    """C9: 40 and 20 of 100 stand: together they may grow by 40 and not more."""
    rows = [paid(5_000, "10T08:00:07"), paid(4_000, "10T08:00:14"), paid(2_000, "10T08:00:21")]
    parts = [registered("p2", 4_000),
             registered("p3", 2_000)._replace(event_id="p2#rest1")]  # fmt: skip
    _, kept = survivors(rows, 0, [registered("p1", 5_000)], parts, {"p2": 10_000}, ZONE)
    assert [one.amount_cents for one in kept] == [8_000, 2_000]


def test_an_exact_payment_is_not_changed_for_another_of_its_day() -> None:
    """P9: what was found by its instant is found; its double without a time is somebody else's."""
    rows = [paid(500, "10T00:00:00"), paid(500, "09T22:00:00")]
    assert take(rows, [Wanted(500, "2026-09-10T00:00:00+00:00")], ZONE) == (rows[:1], rows[1:])
