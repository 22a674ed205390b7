"""Guide 5: whether a summary is due, and what it names (acceptance 4; complaint C25).

A mail names what is new or changed; of what it named before it repeats only the total. Something is
named again at the earliest a day later, when it had gone and came back, and after a week as a
reminder. Everything here is decided from what is given; nothing asks for the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Literal, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from connectors.ledger.records import PastRun

When = Literal["news", "attention", "always", "off"]
Kind = Literal["by hand", "news", "heartbeat", "always"]

DAY = timedelta(days=1)
REMINDED = timedelta(days=7)
PATIENCE = timedelta(hours=2)  # what may pass by itself is told only when it has not by then


class Item(NamedTuple):
    """Something that needs a person: ``key`` says what, ``fingerprint`` how it stands.

    ``label`` is its number or name, ``since`` when it began. ``passes`` says that nobody need do
    anything about it for now, so that it is told only when it lasts.
    """

    key: str
    label: str
    fingerprint: str
    since: datetime
    passes: bool = False


class Told(NamedTuple):
    """When a thing was last named as it stood; no fingerprint: that it was settled."""

    key: str
    label: str
    fingerprint: str
    at: datetime


@dataclass(frozen=True)
class Sorted:
    """The items to name, those only to be counted, and what is settled since it was named."""

    named: list[Item] = field(default_factory=list)
    counted: list[Item] = field(default_factory=list)
    settled: list[Told] = field(default_factory=list)


def fingerprint(*parts: object) -> str:
    """Return a short mark of how a thing stands."""
    return sha256("\x1f".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:16]


# ---- what is named


def sort_out(
    items: Iterable[Item], told: Iterable[Told], now: datetime, *, whole: bool = False
) -> Sorted:
    """Decide what a mail names; ``whole`` names also what may still pass by itself.

    ``told`` comes in the order of the mails.
    """
    items, told = list(items), list(told)
    last = {(one.key, one.fingerprint): one.at for one in told}
    found = Sorted()
    for item in items:
        at = last.get((item.key, item.fingerprint))
        early = item.passes and not whole and now - item.since < PATIENCE
        fresh = not early and _is_named(item, at, now)
        (found.named if fresh else found.counted).append(item)
    there = {item.key for item in items}
    newest = {one.key: one for one in told}
    found.settled.extend(one for one in newest.values() if one.fingerprint and one.key not in there)
    return found


def _is_named(item: Item, at: datetime | None, now: datetime) -> bool:
    if at is None or at - now > DAY:  # never, or the clock was wrong
        return True
    came_back = item.since > at and now - at >= DAY
    return came_back or now - at >= REMINDED


# ---- whether a mail is due


class News(NamedTuple):
    """What happened since the last mail: counts of bookings, payments and named items."""

    backfill: bool = False
    named: int = 0
    crossed: int = 0
    collected: int = 0
    reversed: int = 0


def due(when: When, news: News, *, heartbeat: bool) -> Kind | None:
    """Decide whether to mail: by hand always, for news, daily when quiet, else not."""
    if when == "off":
        return None
    if news.backfill:
        return "by hand"
    if news.named or news.reversed:
        return "news"
    if when != "attention" and (news.crossed or news.collected):
        return "news"
    if heartbeat:
        return "heartbeat"
    return "always" if when == "always" else None


def heartbeat_due(last: datetime | None, now: datetime, zone: ZoneInfo, hour: int | None) -> bool:
    """Tell whether no mail left since the newest moment at which one was to come."""
    if hour is None:
        return False
    here = now.astimezone(zone)
    moment = datetime.combine(here.date(), time(hour), tzinfo=zone)
    if moment > here:
        moment = datetime.combine(here.date() - DAY, time(hour), tzinfo=zone)
    return last is None or last < moment or last - now > DAY


def days(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime, datetime]:
    """Return the first moments of yesterday, today and tomorrow, where the books are kept."""
    today = now.astimezone(zone).date()
    first, second, third = (
        datetime.combine(today + step * DAY, time(), tzinfo=zone) for step in (-1, 0, 1)
    )
    return first, second, third


# ---- runs


def is_backfill(run: PastRun) -> bool:
    """Tell whether a person asked for this import, and it did its work (guide 5)."""
    asked = run.flow == "import" and bool(run.parameters.get("by_hand"))
    return asked and run.outcome in ("clean", "held", "failed")


def worth_a_line(runs: Sequence[PastRun]) -> list[PastRun]:
    """Return the imports whose figures are told: those that did something, and the newest."""
    imports = [run for run in runs if run.flow == "import" and run.counts]
    return [
        run
        for run in imports
        if is_backfill(run) or run.counts.get("sent") or run.counts.get("adopted")
        or (run is imports[-1] and run.counts.get("read"))
    ]  # fmt: skip


def next_start(runs: Sequence[PastRun]) -> datetime | None:
    """Guess when a flow runs next from its newest runs (newest first); None without a rhythm.

    Runs by hand are no part of it. The rhythm is the middle of the gaps; it counts when most of
    them are like it.
    """
    starts = [
        datetime.fromisoformat(run.started_at) for run in runs if not run.parameters.get("by_hand")
    ]
    gaps = sorted(later - earlier for later, earlier in pairwise(starts))
    if len(gaps) < 3:
        return None
    rhythm = gaps[len(gaps) // 2]
    alike = sum(abs(gap - rhythm) <= rhythm / 4 for gap in gaps)
    if rhythm < timedelta(minutes=1) or alike * 3 < len(gaps) * 2:
        return None
    return starts[0] + rhythm


# ---- links


def safe_link(url: str | None) -> str | None:
    """Return a link into Teamleader, or None: https, its own host, nothing hidden in it."""
    if not url or not url.isascii() or not url.isprintable() or set(url) & set(" \"'<>\\`"):
        return None
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    ours = host == "teamleader.eu" or host.endswith(".teamleader.eu")
    plain = parts.scheme == "https" and port in (None, 443) and "@" not in parts.netloc
    return url if ours and plain else None
