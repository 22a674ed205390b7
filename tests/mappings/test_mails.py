"""Guide 5, acceptance 4: when a mail is due, what it names, and where its links lead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.records import PastRun
from mappings.mails import (
    DAY,
    Item,
    News,
    Sorted,
    Told,
    days,
    due,
    fingerprint,
    heartbeat_due,
    next_start,
    safe_link,
    sort_out,
    worth_a_line,
)

NOW = datetime(2024, 11, 18, 9, 0, tzinfo=UTC)
BRUSSELS = ZoneInfo("Europe/Brussels")
HOUR = timedelta(hours=1)


def item(**changes: Any) -> Item:
    """Return something that has needed a person for five days."""
    plain = Item("held:1", "2024 / 100", "as it stands", NOW - 5 * DAY)
    return plain._replace(**changes)


def told(before: timedelta, fingerprint: str = "as it stands") -> Told:
    """Return that it was named (or, without fingerprint, told as settled) some time ago."""
    return Told("held:1", "2024 / 100", fingerprint, NOW - before)


def names(found: Sorted) -> tuple[int, int, int]:
    """Count what is named, only counted, and settled."""
    return len(found.named), len(found.counted), len(found.settled)


# ---- what is named


def test_how_a_thing_stands_has_a_mark_of_its_own() -> None:
    """What stands as it was told is not told again; one part more, or cut elsewhere, is news."""
    marks = [fingerprint(*parts) for parts in (("a", 1), ("a", 2), ("a",), ("a1",), ("a", 1))]
    assert marks[0] == marks[4]
    assert len(set(marks)) == 4


@pytest.mark.parametrize(
    ("found", "before", "counts"),
    [
        (item(), [], (1, 0, 0)),  # new
        (item(), [told(HOUR)], (0, 1, 0)),  # named before
        (item(), [told(3 * DAY)], (0, 1, 0)),  # still
        (item(), [told(7 * DAY)], (1, 0, 0)),  # a reminder
        (item(fingerprint="changed"), [told(HOUR)], (1, 0, 0)),
        (item(since=NOW - HOUR), [told(2 * HOUR)], (0, 1, 0)),  # came back the same day
        (item(since=NOW - HOUR), [told(2 * DAY)], (1, 0, 0)),  # came back later
        (item(since=NOW - HOUR), [told(2 * DAY), told(DAY, "")], (1, 0, 0)),
        (item(), [told(-HOUR)], (0, 1, 0)),  # the clock was set back a little
        (item(), [told(-2 * DAY)], (1, 0, 0)),  # it was far off
        (item(passes=True, since=NOW - HOUR), [], (0, 1, 0)),  # may pass by itself
        (item(passes=True, since=NOW - 2 * HOUR), [], (1, 0, 0)),  # did not
    ],
)
def test_what_is_named(found: Item, before: list[Told], counts: tuple[int, int, int]) -> None:
    """C25: new and changed is named; the rest is counted, for a week at most."""
    assert names(sort_out([found], before, NOW)) == counts


def test_a_person_who_asks_is_told_all() -> None:
    """A29: after an import by hand also what may pass by itself is named."""
    early = item(passes=True, since=NOW)
    assert names(sort_out([early], [], NOW, whole=True)) == (1, 0, 0)


@pytest.mark.parametrize(
    ("before", "settled"),
    [([told(DAY)], 1), ([told(DAY), told(HOUR, "")], 0), ([told(HOUR, ""), told(HOUR)], 1)],
)
def test_what_is_over_is_told_once(before: list[Told], settled: int) -> None:
    """C25: that something is settled is a change; told once, it is not told again."""
    assert names(sort_out([], before, NOW)) == (0, 0, settled)


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.integers(1, 40)), max_size=60),
)
def test_nothing_is_named_twice_in_a_day_as_it_stands(
    steps: list[tuple[bool, str, int]],
) -> None:
    """C25: whatever comes, goes, changes and comes back; and nothing new is passed over."""
    now, since = NOW, NOW
    history: list[Told] = []
    last: dict[str, datetime] = {}
    before: str | None = None
    for there, stands, hours in steps:
        now += timedelta(hours=hours)
        since = now if before is None else since
        before = stands if there else None
        items = [item(fingerprint=stands, since=since)] if there else []
        found = sort_out(items, history, now)
        assert len(found.named) + len(found.counted) == len(items)
        for one in found.named:
            if one.fingerprint in last:
                assert now - last[one.fingerprint] >= DAY
            last[one.fingerprint] = now
        if there:
            assert stands in last
        history += [Told(one.key, one.label, one.fingerprint, now) for one in found.named]
        history += [one._replace(fingerprint="", at=now) for one in found.settled]


# ---- whether a mail is due


@pytest.mark.parametrize(
    ("news", "heartbeat", "kinds"),
    [
        (News(backfill=True), False, ["by hand", "by hand", "by hand"]),
        (News(named=1), False, ["news", "news", "news"]),
        (News(reversed=1), False, ["news", "news", "news"]),
        (News(crossed=1), False, ["news", None, "news"]),
        (News(collected=1), False, ["news", None, "news"]),
        (News(), True, ["heartbeat"] * 3),
        (News(), False, [None, None, "always"]),
    ],
)
def test_when_a_mail_is_due(news: News, heartbeat: bool, kinds: list[str | None]) -> None:
    """Guide 5: by hand always, for news, daily; and never when it is off."""
    found = [due("news", news, heartbeat=heartbeat), due("attention", news, heartbeat=heartbeat),
             due("always", news, heartbeat=heartbeat)]  # fmt: skip
    assert found == kinds
    assert due("off", news, heartbeat=heartbeat) is None


@pytest.mark.parametrize(
    ("last", "hour", "is_due"),
    [
        ("2024-11-18T05:00", 7, True),  # 06:00 in Brussels: before today's hour
        ("2024-11-18T06:30", 7, False),
        ("2024-11-17T12:00", 12, False),  # today's noon is still to come
        ("2024-11-17T10:00", 12, True),  # yesterday's noon had none
        ("2024-11-18T10:00", 7, False),
        ("2024-11-20T09:00", 7, True),  # from the future: the clock was wrong
        (None, 7, True),
        (None, None, False),
    ],
)
def test_the_daily_sign_of_life(last: str | None, hour: int | None, is_due: bool) -> None:
    """C25: once a day after an hour of the books' own calendar, when nothing else was mailed."""
    at = datetime.fromisoformat(last).replace(tzinfo=UTC) if last else None
    assert heartbeat_due(at, NOW, BRUSSELS, hour) is is_due


def test_a_day_is_a_day_of_the_books() -> None:
    """C25: today and yesterday end at midnight in Brussels, summer time or not."""
    yesterday, today, tomorrow = days(datetime(2024, 10, 27, 23, 30, tzinfo=UTC), BRUSSELS)
    assert [one.date().isoformat() for one in (yesterday, today, tomorrow)] == [
        "2024-10-27", "2024-10-28", "2024-10-29",
    ]  # fmt: skip
    assert today.astimezone(UTC) - yesterday.astimezone(UTC) == timedelta(hours=25)


# ---- the next run


def runs(*minutes_ago: int, by_hand: bool = False) -> list[PastRun]:
    """Return runs that began so many minutes ago."""
    return [
        PastRun(number, "import", (NOW - timedelta(minutes=ago)).isoformat(), None, "clean", None,
                {"by_hand": by_hand}, {})
        for number, ago in enumerate(minutes_ago)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("past", "minutes"),
    [
        (runs(5, 20, 35, 50), 10),
        (runs(5, 20, 36, 50, 65, 180), 10),
        (runs(5, 20, 35), None),
        (runs(5, 9, 200, 1300), None),
        (runs(5, 20, 35, 50, by_hand=True), None),
        (runs(5, 5, 5, 5), None),
        ([], None),
    ],
)
def test_the_next_run_is_guessed_from_a_rhythm_only(
    past: list[PastRun], minutes: int | None
) -> None:
    """Acceptance 4: when a flow runs next is said if it is known."""
    wanted = None if minutes is None else NOW + timedelta(minutes=minutes)
    assert next_start(past) == wanted


def test_the_lines_that_add_up_are_those_of_runs_that_did_something() -> None:
    """C26: a day of runs that read the same held booking again is one line, not a hundred."""
    quiet = [run._replace(counts={"read": 2, "held": 2}) for run in runs(60, 45, 30, 15)]
    sent = quiet[1]._replace(counts={"read": 3, "sent": 1, "held": 2})
    asked = quiet[2]._replace(parameters={"by_hand": True}, counts={"read": 0})
    other = quiet[3]._replace(flow="follow-up")
    found = worth_a_line([quiet[0], sent, asked, quiet[3], other])
    assert found == [sent, asked, quiet[3]]


# ---- links


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://focus.teamleader.eu/invoice_detail.php?id=1", True),
        ("https://focus.teamleader.eu:443/x", True),
        ("http://focus.teamleader.eu/x", False),
        ("javascript:alert(1)", False),
        ("https://focus.teamleader.eu.evil.example/x", False),
        ("https://evilteamleader.eu/x", False),
        ("https://focus.teamleader.eu@evil.example/", False),
        ("https://user:word@focus.teamleader.eu/", False),
        ("https://focus.teamleader.eu:8443/", False),
        ("https://focus.teamleader.eu:port/", False),
        ('https://focus.teamleader.eu/"onmouseover="x', False),
        ("https://focus.teamleader.eu/\nBcc: x", False),
        ("https://focus.teamleader.eu\\@evil.example/", False),
        ("https://[focus.teamleader.eu/", False),
        ("https://fоcus.teamleader.eu/", False),  # noqa: RUF001 - a Cyrillic letter is the point
        ("", False),
        (None, False),
    ],
)
def test_only_links_into_teamleader_are_links(url: str | None, is_safe: bool) -> None:
    """C25: a link is shown when it is https and leads to Teamleader, else not at all."""
    assert safe_link(url) == (url if is_safe else None)
