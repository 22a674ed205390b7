"""The limit of Teamleader is used up to the brim and never broken (API reference 1.7)."""

from __future__ import annotations

import random
from collections import deque
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from connectors.http import Answer
from connectors.teamleader.pace import SlidingWindow, Told, server_date, until_reset
from tests.connectors.fakes import NOW, FakeClock, MemoryWindow, VirtualTime


class FakeLimiter:
    """The service's side: a sliding window of requests at their arrival, in virtual time."""

    def __init__(self, time: VirtualTime, limit: int = 200, window: float = 60.0) -> None:
        self.time = time
        self.limit = limit
        self.window = window
        self.arrivals: deque[float] = deque()
        self.refused = 0
        self.refused_ours = 0
        self.accepted = 0

    def arrive(self) -> Answer:
        """Count a request that arrives now and answer with the three headers."""
        now = self.time.monotonic()
        while self.arrivals and self.arrivals[0] <= now - self.window:
            self.arrivals.popleft()
        status = 200 if len(self.arrivals) < self.limit else 429
        if status == 200:
            self.arrivals.append(now)
            self.accepted += 1
        else:
            self.refused += 1
        oldest = self.arrivals[0] if self.arrivals else now
        reset = self.time.start + timedelta(seconds=oldest + self.window)
        headers = {
            "Date": format_datetime(self.time.now().replace(microsecond=0), usegmt=True),
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.limit - len(self.arrivals)),
            "x-ratelimit-reset": reset.strftime("%Y-%m-%dT%H:%M:%S.035+0000"),
        }
        return Answer(status, headers, b"")


def caller(
    time: VirtualTime,
    limiter: FakeLimiter,
    pace: SlidingWindow,
    until: float,
    seed: int,
    slow: float,
) -> None:
    """Send paced requests with random latencies until a moment in virtual time."""
    dice = random.Random(seed)
    while time.monotonic() < until:
        pace.before()
        time.sleep(dice.uniform(0.005, slow))
        answer = limiter.arrive()
        time.sleep(dice.uniform(0.005, slow))
        pace.after(answer)
        if answer.status == 429:
            limiter.refused_ours += 1
            time.sleep(pace.wait_for(answer))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("clients", "slow"), [(1, 0.05), (2, 0.1), (2, 0.4), (4, 1.0)])
def test_the_limit_is_used_to_97_percent_and_never_broken(
    clients: int, slow: float, seed: int
) -> None:
    """R4, I11: processes on one window get no 429 and at least 97 % of what the limit allows."""
    time, window = VirtualTime(), MemoryWindow()
    limiter = FakeLimiter(time)
    paces = [SlidingWindow(window, time) for _ in range(clients)]
    minutes = 4
    time.run(
        *(
            lambda pace=pace, n=n: caller(time, limiter, pace, minutes * 60, seed * 10 + n, slow)
            for n, pace in enumerate(paces)
        )
    )
    assert limiter.refused == 0
    assert limiter.accepted >= 0.97 * 200 * minutes
    assert window.state(time.monotonic(), 60.0).foreign == 0


def test_one_process_alone_leaves_nothing_unused() -> None:
    """R5: 1,000 requests take no longer than the window itself demands, give or take 3 %."""
    time = VirtualTime()
    limiter, pace = FakeLimiter(time), SlidingWindow(MemoryWindow(), time)

    def fetch() -> None:
        for _ in range(1000):
            pace.before()
            time.sleep(0.05)
            pace.after(limiter.arrive())

    time.run(fetch)
    ideal = 60.0 * ((1000 - 1) // 200) + 200 * 0.05
    assert limiter.refused == 0
    assert time.monotonic() <= ideal / 0.97


def test_a_scaled_window_is_kept_as_well() -> None:
    """A sandbox whose minute lasts six seconds is used to the brim without a 429."""
    time = VirtualTime()
    limiter, pace = FakeLimiter(time, window=6.0), SlidingWindow(MemoryWindow(), time, seconds=6.0)
    time.run(lambda: caller(time, limiter, pace, 60.0, 1, 0.02))
    assert limiter.refused == 0
    assert limiter.accepted >= 0.97 * 2000


def test_others_on_the_same_client_id_are_left_their_share() -> None:
    """Others who do not pace themselves cost a 429 now and then, never a storm of them."""
    time, window = VirtualTime(), MemoryWindow()
    limiter, pace = FakeLimiter(time), SlidingWindow(window, time)

    def others() -> None:
        while time.monotonic() < 300:
            limiter.arrive()
            time.sleep(0.5)

    time.run(others, lambda: caller(time, limiter, pace, 300.0, 1, 0.05))
    assert limiter.refused_ours <= 10
    assert limiter.accepted >= 0.97 * 200 * 5


def test_when_the_others_leave_their_share_comes_back() -> None:
    """Phantom slots go as soon as the headers show more room than the books do."""
    time, window = VirtualTime(), MemoryWindow()
    limiter, pace = FakeLimiter(time), SlidingWindow(window, time)

    def fetch() -> None:
        for _ in range(150):
            limiter.arrive()
        time.sleep(50.0)
        caller(time, limiter, pace, 61.0, 1, 0.3)

    time.run(fetch)
    assert limiter.refused == 0
    assert window.state(time.monotonic(), 60.0).foreign <= 1


def test_a_429_holds_every_process_until_the_reset() -> None:
    """H1: 429 is obeyed by its reset, by the other process as well."""
    clock, window = FakeClock(), MemoryWindow()
    one, two = SlidingWindow(window, clock), SlidingWindow(window, clock)
    answer = refusal(20)
    one.before()
    one.after(answer)
    assert one.wait_for(answer) == 20.25
    two.before()
    assert sum(clock.slept) == pytest.approx(20.25)


def refusal(until_seconds: float) -> Answer:
    """Return a 429, its reset so many seconds after its Date."""
    reset = str(NOW + timedelta(seconds=until_seconds))
    return saying({"Date": format_datetime(NOW, usegmt=True), "x-ratelimit-reset": reset})


def saying(headers: dict[str, str]) -> Answer:
    """Return a 429 with these headers."""
    return Answer(429, headers, b"")


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (refusal(3600), 65.0),
        (refusal(-3600), 0.25),
        (saying({"x-ratelimit-reset": "soon"}), 60.0),
        (saying({"x-ratelimit-reset": "1789373621"}), 60.0),
        (saying({}), 60.0),
        (saying({"retry-after": "300"}), 300.0),
    ],
    ids=["far", "past", "garbage", "epoch", "absent", "retry-after"],
)
def test_an_odd_reset_is_neither_believed_nor_hammered(answer: Answer, seconds: float) -> None:
    """H1: far, past, unreadable and missing resets, and a Retry-After that is there."""
    pace = SlidingWindow(MemoryWindow(), FakeClock())
    pace.before()
    pace.after(answer)
    assert pace.wait_for(answer) == pytest.approx(seconds)


def test_a_429_again_and_again_waits_longer_each_time() -> None:
    """H1: a reset in the past must not turn into a storm of requests."""
    clock = FakeClock()
    pace, waits = SlidingWindow(MemoryWindow(), clock), []
    for _ in range(5):
        pace.before()
        pace.after(refusal(-5))
        waits.append(pace.wait_for(refusal(-5)))
        clock.sleep(waits[-1])
    assert waits == [0.25, 2.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize(
    "reset",
    [
        "2026-09-14T10:13:15.500+0200",
        "2026-09-14T10:13:15.500+02:00",
        "2026-09-14T08:13:15.5Z",
        "2026-09-14T08:13:15.500000+00:00",
    ],
)
def test_every_spelling_of_the_reset_is_read(reset: str) -> None:
    """Offsets with and without colon, Z, and fractions are one and the same instant."""
    headers = {"x-ratelimit-reset": reset, "Date": "Mon, 14 Sep 2026 08:12:45 GMT"}
    assert until_reset(headers, datetime(2000, 1, 1, tzinfo=UTC)) == 30.5


def test_the_reset_is_measured_against_the_services_own_clock() -> None:
    """T1: a local clock that is a day off changes nothing; without a Date it has to do."""
    headers = {"x-ratelimit-reset": "2026-09-14T08:13:15+00:00"}
    assert until_reset(headers, NOW) == 30.0
    assert server_date({"Date": "Mon, 14 Sep 2026 08:12:45 GMT"}) == NOW
    assert server_date({"Date": "yesterday"}) is None
    assert server_date({}) is None


def test_a_restarted_host_forgets_the_old_stamps() -> None:
    """A monotonic clock that starts anew must not block for days."""
    clock, window = FakeClock(), MemoryWindow()
    clock.seconds = 900_000.0
    before = SlidingWindow(window, clock)
    for _ in range(200):
        before.before()
        before.after(None)
    window.blocked_until = 900_060.0
    clock.seconds = 30.0
    SlidingWindow(window, clock).before()
    assert clock.slept == []


def test_the_slots_of_a_dead_process_come_back() -> None:
    """A process that dies between request and answer costs its slots for three windows only."""
    window = MemoryWindow()
    for _ in range(200):
        window.reserve(0.0, 60.0)
    assert window.reserve(100.0, 60.0) == (None, 1.0)
    slot, _ = window.reserve(181.0, 60.0)
    assert slot is not None


def test_the_limit_is_what_the_header_says() -> None:
    """A lower limit than 200 is kept from the first answer on."""
    window = MemoryWindow()
    slot, _ = window.reserve(0.0, 60.0)
    assert slot is not None
    window.settle(slot, 0.1, 60.0, Told(3, 2, 0.0, refused=False))
    assert window.state(0.1, 60.0) == (3, 1, 0, 0.0)
    taken = [window.reserve(0.2, 60.0)[0] for _ in range(3)]
    assert [slot is not None for slot in taken] == [True, True, False]


def test_whoever_waits_says_so() -> None:
    """The wait for the limit is announced before it begins."""
    clock, window, waits = FakeClock(), MemoryWindow(limit=1), []
    pace = SlidingWindow(window, clock, on_wait=lambda seconds, why: waits.append((seconds, why)))
    pace.before()
    pace.after(None)
    pace.before()
    assert [why for _, why in waits] == ["Teamleader's limit is used up"]
