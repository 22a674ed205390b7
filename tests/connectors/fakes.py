"""Clocks, stores and windows that keep the promises of the real ones, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from connectors.teamleader.auth import Tokens
from connectors.teamleader.pace import DEFAULT_LIMIT, LOST_AFTER, Told, WindowState

NOW = datetime(2026, 9, 14, 8, 12, 45, tzinfo=UTC)


class FakeClock:
    """A clock that only sleeping moves; ``slept`` lists the seconds of each sleep."""

    def __init__(self, start: datetime = NOW) -> None:
        self.start = start
        self.seconds = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Return the wall clock, UTC."""
        return self.start + timedelta(seconds=self.seconds - 1000.0)

    def monotonic(self) -> float:
        """Return seconds."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Jump ahead."""
        self.slept.append(seconds)
        self.seconds += seconds


class VirtualTime:
    """One virtual clock for several threads: it jumps ahead when all of them sleep.

    Only one thread runs at a time, so what they share needs no further lock.
    """

    def __init__(self, start: datetime = NOW) -> None:
        self.start = start
        self.seconds = 0.0
        self._turn = threading.Condition()
        self._wake: dict[int, float] = {}
        self._running: int | None = None

    def now(self) -> datetime:
        """Return the wall clock, UTC."""
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Return seconds since the start."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let the others run until this much virtual time has passed."""
        me = threading.get_ident()
        with self._turn:
            self._wake[me] = self.seconds + max(seconds, 0.0)
            self._pass_on()
            self._turn.wait_for(lambda: self._running == me)

    def run(self, *jobs: Callable[[], None]) -> None:
        """Run jobs side by side to their end; raises what the first failing one raised."""
        failures: list[BaseException] = []
        threads = [
            threading.Thread(target=self._live, args=(job, failures), daemon=True) for job in jobs
        ]
        with self._turn:
            for thread in threads:
                thread.start()
            self._turn.wait_for(lambda: len(self._wake) == len(threads))
            self._pass_on()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _live(self, job: Callable[[], None], failures: list[BaseException]) -> None:
        me = threading.get_ident()
        with self._turn:
            self._wake[me] = self.seconds
            self._turn.notify_all()
            self._turn.wait_for(lambda: self._running == me)
        try:
            job()
        except BaseException as failure:  # noqa: BLE001 - handed to the test's own thread
            failures.append(failure)
        with self._turn:
            self._pass_on()

    def _pass_on(self) -> None:
        """Wake whoever sleeps least; the caller holds the turn."""
        if self._wake:
            self._running = min(self._wake, key=self._wake.__getitem__)
            self.seconds = max(self.seconds, self._wake.pop(self._running))
        self._turn.notify_all()


class MemoryTokens:
    """A ``TokenStore`` in memory that keeps a journal of what happened, in order.

    ``before_lock`` runs before the lock is taken.
    """

    def __init__(self, tokens: Tokens | None = None) -> None:
        self.tokens = tokens
        self.journal: list[str] = []
        self.before_lock: Callable[[], object] = lambda: None
        self._written: Tokens | None = None
        self._lock = threading.Lock()

    def read_tokens(self) -> Tokens | None:
        """Return the committed pair, or the one just written by the holder of the lock."""
        return self._written or self.tokens

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Commit on leaving; roll back when an exception passes."""
        self.before_lock()
        assert self._lock.acquire(timeout=5), "the lock does not nest"
        self.journal.append("lock")
        try:
            yield
            if self._written is not None:
                self.tokens = self._written
                self.journal.append("commit")
        finally:
            self._written = None
            self.journal.append("unlock")
            self._lock.release()

    def write_tokens(self, tokens: Tokens) -> None:
        """Write, to be committed on leaving."""
        assert self._lock.locked(), "written outside of the lock"
        self._written = tokens


def tokens(number: int = 1, *, left: float = 3600, clock: FakeClock | None = None) -> Tokens:
    """Return pair ``number``, good for ``left`` more seconds."""
    now = clock.now() if clock else NOW
    return Tokens(
        f"access-{number}", f"refresh-{number}", now + timedelta(seconds=left), now, "account-1"
    )


@dataclass(slots=True)
class Slot:
    """One slot of the window."""

    sent: float
    stamp: float | None = None
    foreign: bool = False


@dataclass(slots=True)
class MemoryWindow:
    """The ``RequestWindow`` of the Protocol's docstrings, in memory."""

    limit: int | None = None
    blocked_until: float | None = None
    slots: dict[int, Slot] = field(default_factory=dict)
    made: int = 0

    def reserve(self, now: float, span: float) -> tuple[int | None, float]:
        """Return a slot or a wait."""
        self._forget(now, span)
        if self.blocked_until is not None and self.blocked_until > now:
            return None, self.blocked_until - now
        counting = [slot for slot in self.slots.values() if _counts(slot, now, span)]
        limit = self.limit or DEFAULT_LIMIT
        if len(counting) < limit:
            return self._add(Slot(now)), 0.0
        ends = sorted((_end(slot, span), slot.stamp is None) for slot in counting)
        end, unanswered = ends[len(counting) - limit]
        return None, min(end - now, span / 60) if unanswered else end - now

    def settle(self, slot: int, now: float, span: float, told: Told | None) -> None:
        """Stamp a slot and learn."""
        mine = self.slots.setdefault(slot, Slot(now))
        mine.stamp = now
        if told is None:
            return
        self.limit = told.limit or self.limit
        blocked = told.refused
        if told.remaining is not None:
            blocked = self._correct(mine, now, span, told.remaining) or blocked
        if blocked:
            self.blocked_until = max(self.blocked_until or 0.0, now + told.blocked_for)

    def state(self, now: float, span: float) -> WindowState:
        """Return the books."""
        counting = [slot for slot in self.slots.values() if _counts(slot, now, span)]
        return WindowState(
            self.limit or DEFAULT_LIMIT,
            len(counting),
            sum(slot.foreign for slot in counting),
            max((self.blocked_until or now) - now, 0.0),
        )

    def _add(self, slot: Slot) -> int:
        self.made += 1
        self.slots[self.made] = slot
        return self.made

    def _forget(self, now: float, span: float) -> None:
        for number, slot in list(self.slots.items()):
            ahead = max(slot.sent, slot.stamp or 0.0) > now + span
            old = slot.sent <= now - LOST_AFTER * span and not _counts(slot, now, span)
            if ahead or old:
                del self.slots[number]
        if self.blocked_until is not None and self.blocked_until > now + 6 * span:
            self.blocked_until = None

    def _correct(self, mine: Slot, now: float, span: float, remaining: int) -> bool:
        counted = (self.limit or DEFAULT_LIMIT) - remaining
        others = [s for s in self.slots.values() if s is not mine and not s.foreign]
        most = 1 + sum(s.stamp is None or s.stamp > mine.sent - span for s in others)
        least = sum(
            s.stamp is not None and s.stamp <= mine.sent and s.sent > now - span for s in others
        )
        low, high = max(counted - most, 0), max(counted - least, 0)
        foreign = sorted(
            (s.stamp or 0.0, number)
            for number, s in self.slots.items()
            if s.foreign and (s.stamp or 0.0) > mine.sent - span
        )
        blocked = remaining == 0 and low > 0
        wanted = low - 1 if blocked else min(max(len(foreign), low), high)
        for _, number in foreign[: max(len(foreign) - wanted, 0)]:
            del self.slots[number]
        for _ in range(wanted - len(foreign)):
            self._add(Slot(now, now, foreign=True))
        return blocked


def _end(slot: Slot, span: float) -> float:
    return slot.sent + LOST_AFTER * span if slot.stamp is None else slot.stamp + span


def _counts(slot: Slot, now: float, span: float) -> bool:
    return _end(slot, span) > now
