"""The window in SQL does what the window in memory does, alone and shared by processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from connectors.ledger.store import Store
from connectors.ledger.vault import Vault
from connectors.ledger.window import SharedWindow
from connectors.teamleader.auth import Tokens
from connectors.teamleader.pace import RequestWindow, SlidingWindow, Told
from tests.connectors.fakes import NOW, FakeClock, MemoryWindow, VirtualTime
from tests.connectors.ledger.elsewhere import Elsewhere
from tests.connectors.test_pace import FakeLimiter, caller
from tests.sandbox.server import Sandbox

SPAN = 60.0
QUARTERS = st.integers(0, 40).map(lambda n: n / 4)  # so that floats add up exactly
TOLD = st.builds(
    Told,
    st.none() | st.integers(1, 6),
    st.none() | st.integers(0, 6),
    QUARTERS,
    st.booleans(),
)


class SideBySide(RuleBasedStateMachine):
    """Every call goes to both windows; the answers and the books must be the same."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Store(":memory:")
        self.memory, self.shared = MemoryWindow(limit=3), SharedWindow(self.store)
        self.store.write('INSERT INTO request_window (only, "limit") VALUES (1, 3)')
        self.now = 1000.0
        self.slots: dict[int, int] = {}  # its number in SQL -> in memory, the newest owner

    @rule(seconds=QUARTERS | st.sampled_from([59.75, 60.0, 60.25, 180.0, 500.0, -900.0]))
    def time_passes(self, seconds: float) -> None:
        """Seconds, a window, three windows; or the host is started anew."""
        self.now = max(self.now + seconds, 0.0)

    @rule()
    def reserve(self) -> None:
        """Ask both for a slot."""
        here, there = self.memory.reserve(self.now, SPAN), self.shared.reserve(self.now, SPAN)
        assert (here[0] is None, here[1]) == (there[0] is None, there[1])
        if here[0] is not None and there[0] is not None:
            self.slots[there[0]] = here[0]

    @precondition(lambda self: self.slots)
    @rule(chosen=st.data(), told=st.none() | TOLD)
    def settle(self, chosen: st.DataObject, told: Told | None) -> None:
        """Answer one of the slots that were ever given out."""
        slot = chosen.draw(st.sampled_from(sorted(self.slots)))
        self.memory.settle(self.slots[slot], self.now, SPAN, told)
        self.shared.settle(slot, self.now, SPAN, told)

    @invariant()
    def the_books_agree(self) -> None:
        """Limit, slots in use, slots of others, seconds blocked."""
        assert self.memory.state(self.now, SPAN) == self.shared.state(self.now, SPAN)

    def teardown(self) -> None:
        """Close the file."""
        self.store.close()


TestSideBySide = SideBySide.TestCase
TestSideBySide.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


@pytest.fixture(params=["in memory", "in SQL"])
def window(request: pytest.FixtureRequest) -> Iterator[RequestWindow]:
    """Open each window in turn."""
    if request.param == "in memory":
        yield MemoryWindow()
        return
    store = Store(":memory:")
    yield SharedWindow(store)
    store.close()


def test_no_more_than_the_limit_at_a_time(window: RequestWindow) -> None:
    """I11: 200 slots, then a wait until the first one is certainly free."""
    slots = [window.reserve(0.0, SPAN)[0] for _ in range(200)]
    assert None not in slots
    for slot in slots:
        window.settle(slot or 0, 1.0, SPAN, None)
    assert window.reserve(2.0, SPAN) == (None, 59.0)
    assert window.state(2.0, SPAN) == (200, 200, 0, 0.0)
    assert window.reserve(61.0, SPAN)[0] is not None


def test_the_slots_of_a_dead_process_come_back(window: RequestWindow) -> None:
    """K1: killed between request and answer: its slots are free after three windows."""
    for _ in range(200):
        window.reserve(0.0, SPAN)
    assert window.reserve(100.0, SPAN) == (None, 1.0)
    assert window.reserve(181.0, SPAN)[0] is not None


def test_of_two_that_end_together_the_answered_one_is_waited_for(window: RequestWindow) -> None:
    """K1: what was answered ends for certain, so nobody asks again each second."""
    slots = [window.reserve(0.0, SPAN)[0] for _ in range(200)]
    window.settle(slots[-1] or 0, 120.0, SPAN, None)
    assert window.reserve(120.0, SPAN) == (None, 60.0)


def test_a_restarted_host_forgets_the_old_stamps(window: RequestWindow) -> None:
    """T1: a monotonic clock that begins anew blocks nobody."""
    clock = FakeClock()
    clock.seconds = 900_000.0
    before = SlidingWindow(window, clock)
    for _ in range(200):
        before.before()
        before.after(None)
    clock.seconds = 30.0
    SlidingWindow(window, clock).before()
    assert clock.slept == []


def test_a_stamp_a_window_ahead_still_counts(window: RequestWindow) -> None:
    """T1: only what is further ahead was written before the host was started anew."""
    window.reserve(SPAN, SPAN)
    window.reserve(0.0, SPAN)
    assert window.state(0.0, SPAN).used == 2


def test_a_refusal_holds_everybody(window: RequestWindow) -> None:
    """H1: a 429 blocks the window for as long as it asks."""
    slot, _ = window.reserve(0.0, SPAN)
    window.settle(slot or 0, 0.0, SPAN, Told(200, 0, 20.0, refused=True))
    assert window.reserve(1.0, SPAN) == (None, 19.0)
    assert window.state(1.0, SPAN).blocked_for == 19.0


def test_a_window_that_others_filled_is_left_alone(window: RequestWindow) -> None:
    """R4: nothing was refused yet, and nothing is left."""
    slot, _ = window.reserve(0.0, SPAN)
    window.settle(slot or 0, 0.0, SPAN, Told(3, 0, 20.0, refused=False))
    assert window.reserve(1.0, SPAN) == (None, 19.0)


def test_the_use_of_others_ends_oldest_first(window: RequestWindow) -> None:
    """R4: of three calls by others one is over when fewer are counted: the one that left first."""
    for now, remaining, foreign in ((0.0, 7, 2), (30.0, 5, 3), (31.0, 6, 2)):
        slot, _ = window.reserve(now, SPAN)
        window.settle(slot or 0, now, SPAN, Told(10, remaining, 0.0, refused=False))
        assert window.state(now, SPAN).foreign == foreign
    assert window.state(61.0, SPAN).foreign == 1


@contextmanager
def on_file(path: Path, time: VirtualTime) -> Iterator[SlidingWindow]:
    """Give a thread its own connection to the one window."""
    with closing(Store(path, synchronous="NORMAL")) as store:
        yield SlidingWindow(SharedWindow(store), time)


@pytest.mark.parametrize("clients", [1, 2, 3])
def test_the_limit_is_used_to_97_percent_and_never_broken(tmp_path: Path, clients: int) -> None:
    """R4, I11: clients with connections of their own, two minutes of virtual time."""
    time = VirtualTime()
    limiter, path = FakeLimiter(time), tmp_path / "ledger.db"
    Store(path).close()

    def client(seed: int) -> None:
        with on_file(path, time) as paced:
            caller(time, limiter, paced, 120.0, seed, 0.2)

    time.run(*(partial(client, seed) for seed in range(clients)))
    assert limiter.refused == 0
    assert limiter.accepted >= 0.97 * 400


def test_two_processes_share_the_real_limit(tmp_path: Path) -> None:
    """R4, R5: two processes on one client id, a minute scaled to a second: no 429, 97 % used."""
    path, limit, second, windows = tmp_path / "ledger.db", 60, 1.0, 4
    with (
        Sandbox(invoices=0, rate_limit=limit, rate_window_seconds=second) as sandbox,
        ExitStack() as stack,
    ):
        given = sandbox.grant()
        vault = Vault(path)
        with vault.exclusive():
            vault.write_tokens(Tokens(given["access_token"], given["refresh_token"], NOW, NOW))
        slot, _ = vault.reserve(0.0, second)
        vault.settle(slot or 0, 0.0, second, Told(limit, None, 0.0, refused=False))
        others = [
            stack.enter_context(
                Elsewhere("fetches", path, sandbox.teamleader_url, second, windows - 0.1)
            )
            for _ in range(2)
        ]
        for other in others:
            other.go()
        made = [int(other.says()) for other in others]
        vault.close()
        calls = sandbox.world.calls("teamleader")
    assert {call.status for call in calls} == {200}
    assert sum(made) == len(calls)
    assert min(made) > 0
    end = calls[0].time + timedelta(seconds=windows * second)
    assert sum(call.time < end for call in calls) >= 0.97 * limit * windows
