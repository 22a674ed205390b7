"""Teamleader's limit kept, so that it never has to answer 429 (API reference 1.7).

200 requests per sliding 60 seconds for all processes of an integration together. So the window is
shared: a slot is reserved before a request leaves and stamped again when its answer is there, the
latest moment at which the service can have counted it. One window after that stamp it is certainly
free on the other side too. The headers correct the books when others use the same client id.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Protocol

from connectors.clock import Clock
from connectors.http import Answer

log = logging.getLogger(__name__)

DEFAULT_LIMIT = 200  # until the first answer says otherwise
WINDOW = 60.0  # seconds
MARGIN = 1.001  # our window is this much longer than the service's
LOST_AFTER = 3  # windows after which an unanswered slot is given up: its process died


class Told(NamedTuple):
    """What an answer says about the limit: how many, how many left, and how long to keep still.

    ``blocked_for`` is in seconds from now, 0 when there is room; ``refused`` marks a 429.
    """

    limit: int | None
    remaining: int | None
    blocked_for: float
    refused: bool


class WindowState(NamedTuple):
    """The books: the limit, slots in use (``foreign`` of them by others), seconds blocked."""

    limit: int
    used: int
    foreign: int
    blocked_for: float


class RequestWindow(Protocol):
    """The books of the last window, shared by every process of a connection.

    Each call is one short exclusive transaction. ``now`` is ``Clock.monotonic()``, one clock for
    the host; ``span`` is the window in seconds. The books are

    * slots: ``id``, ``sent`` (when reserved), ``stamp`` (None until answered), ``foreign``;
    * one row: ``limit`` (None until told; then 200 is assumed), ``blocked_until`` (or None).

    A slot *counts* at ``now`` while ``stamp > now - span``, or while ``stamp`` is None and
    ``sent > now - 3 * span``.
    """

    def reserve(self, now: float, span: float) -> tuple[int | None, float]:
        """Return ``(slot, 0.0)``, or ``(None, seconds to wait before asking again)``.

        1. Forget slots with ``sent > now + span`` or ``stamp > now + span``, and ``blocked_until``
           when it is later than ``now + 6 * span``: the host was started anew.
        2. Forget slots with ``sent <= now - 3 * span`` (of no more use to ``settle``) unless their
           ``stamp`` still counts.
        3. ``blocked_until > now``: return ``(None, blocked_until - now)``.
        4. Fewer slots count than ``limit``: insert ``(sent=now, stamp=None, foreign=False)`` and
           return its id.
        5. Otherwise return the time until one slot fewer than ``limit`` counts: order those that
           count by their end (``stamp + span``, or ``sent + 3 * span`` while unanswered) and take
           the one at index ``used - limit``; its end minus ``now``. When that slot is unanswered,
           return ``min(that, span / 60)``: its answer may come any moment.
        """

    def settle(self, slot: int, now: float, span: float, told: Told | None) -> None:
        """Stamp a slot with the time of its answer (or of giving up) and learn from the headers.

        1. ``mine.stamp = now``; a slot that is no longer there is inserted with ``sent = now``.
        2. ``told`` None: done. ``told.limit``: store it. ``told.remaining`` None: skip to 5.
        3. ``counted = limit - remaining`` is what the service counts. Of our own slots but mine,
           ``most`` = those unanswered or with ``stamp > mine.sent - span``, plus 1 for mine, and
           ``least`` = those with ``stamp <= mine.sent`` and ``sent > now - span``. So others have
           at least ``low = counted - most`` and at most ``high = counted - least``, both not
           below 0.
        4. Let ``foreign`` be the foreign slots with ``stamp > mine.sent - span``. When
           ``remaining == 0`` and ``low > 0``: wanted is ``low - 1`` (one leaves at the reset) and
           the window is blocked, see 5. Otherwise wanted is ``foreign``, kept between ``low`` and
           ``high``. Too few: insert ``(sent=now, stamp=now, foreign=True)``; too many: delete
           those with the oldest stamps.
        5. ``told.refused`` or blocked by 4: ``blocked_until = max(blocked_until,
           now + told.blocked_for)``.
        """

    def state(self, now: float, span: float) -> WindowState:
        """Return the books as they are, changing nothing."""


class SlidingWindow:
    """The ``Pace`` of Teamleader's API for one process.

    ``seconds`` is the service's window; anything but 60 is for a service with a scaled clock.
    ``on_wait`` hears of every wait: seconds and why.
    """

    def __init__(
        self,
        window: RequestWindow,
        clock: Clock,
        *,
        seconds: float = WINDOW,
        on_wait: Callable[[float, str], None] | None = None,
    ) -> None:
        self._window = window
        self._clock = clock
        self._scale = seconds / WINDOW
        self._span = seconds * MARGIN
        self._on_wait = on_wait
        self._refusals = 0
        self._mine = threading.local()

    def before(self) -> None:
        """Block until the shared window has a slot for one more request, and take it."""
        while True:
            slot, wait = self._window.reserve(self._clock.monotonic(), self._span)
            if slot is not None:
                self._mine.slot = slot
                return
            self._wait(max(wait, 0.01 * self._scale))

    def after(self, answer: Answer | None) -> None:
        """Stamp the slot and correct the shared books by the answer's headers."""
        told = None if answer is None else self._told(answer)
        if told is not None:
            self._refusals = self._refusals + 1 if told.refused else 0
        self._window.settle(self._mine.slot, self._clock.monotonic(), self._span, told)

    def wait_for(self, answer: Answer) -> float:
        """Return the seconds that a 429 asks for; longer each time it comes again in a row."""
        patience = 2.0 ** max(self._refusals - 1, 0) * self._scale if self._refusals > 1 else 0.0
        return max(self._blocked_for(answer), patience)

    def _told(self, answer: Answer) -> Told:
        refused = answer.status == 429
        remaining = 0 if refused else _number(answer.headers, "x-ratelimit-remaining")
        blocked_for = self._blocked_for(answer) if remaining == 0 else 0.0
        limit = _number(answer.headers, "x-ratelimit-limit") or None
        return Told(limit, remaining, blocked_for, refused)

    def _blocked_for(self, answer: Answer) -> float:
        """Return the seconds until the reset: at most 65, and 60 when it cannot be read.

        ``Retry-After`` is not documented; where it is present it is obeyed, however long.
        """
        retry_after = _number(answer.headers, "retry-after")
        if retry_after is not None:
            return float(retry_after)
        seconds = until_reset(answer.headers, self._clock.now())
        if seconds is None:
            return WINDOW * self._scale
        return min(max(seconds, 0.0) + 0.25 * self._scale, 65.0 * self._scale)

    def _wait(self, seconds: float) -> None:
        log.info("Teamleader's limit is used up: waiting %.1f s", seconds)
        if self._on_wait is not None:
            self._on_wait(seconds, "Teamleader's limit is used up")
        self._clock.sleep(seconds)


def until_reset(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds from the answer's ``Date`` to ``x-ratelimit-reset``, None if unreadable.

    The reset is an ISO instant with ``+0100``, ``+01:00`` or ``Z``, with or without a fraction; it
    is no epoch number. ``now`` stands in for a ``Date`` that is missing.
    """
    try:
        reset = datetime.fromisoformat(headers.get("x-ratelimit-reset", "").strip())
    except ValueError:
        return None
    if reset.tzinfo is None:
        reset = reset.replace(tzinfo=UTC)
    return (reset - (server_date(headers) or now)).total_seconds()


def server_date(headers: Mapping[str, str]) -> datetime | None:
    """Return the service's own clock as its ``Date`` header shows it (UTC), or None."""
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _number(headers: Mapping[str, str], name: str) -> int | None:
    found = headers.get(name, "").strip()
    return int(found) if found.isascii() and found.isdigit() and len(found) < 10 else None
