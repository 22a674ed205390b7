"""One prepared office per flow, put back before every fault; what a calm run leaves is kept."""

from __future__ import annotations

import functools
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from requests.adapters import HTTPAdapter

from connectors.timeouts import Timeouts
from flows.arguments import all_verbs
from flows.connection import Connection
from tests.flows.office import Office, Outcome
from tests.reliability.kinds import places
from tests.reliability.no_wire import LINGERS, NoWire, WorldClock
from tests.reliability.sides import sides
from tests.sandbox.server import Sandbox

NOON = datetime(2026, 9, 14, 10, 0, tzinfo=UTC)
LATER = 20 * 60  # seconds between two runs: longer than the wait W
SHORT = Timeouts(connect=1.0, read=0.2, whole=0.4)  # over real sockets nobody waits for a minute


@dataclass(frozen=True)
class Flow:
    """A verb of the command line, and a world in which it makes every kind of call it can make.

    ``small`` are constants of the program that are made small, so that few bookings fill many
    pages. ``calm`` is the exit code of an undisturbed run.
    """

    name: str
    prepare: Callable[[Office], object]
    arguments: tuple[str, ...]
    small: dict[str, int] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    calm: int = 0


class Bench:
    """The office of one flow: in one thread without a wire, or with real sockets."""

    def __init__(self, flow: Flow, folder: Path, *, wired: bool = False) -> None:
        self.flow, self.wired = flow, wired
        self.sandbox = Sandbox(invoices=0, **flow.rules)
        self.sandbox.world.freeze(NOON)
        line = None if wired else NoWire(self.sandbox)
        if line is None:
            self.sandbox.start()
        home = folder / "home"
        home.mkdir(parents=True)
        self.office = Office(self.sandbox, home)
        self._patch = pytest.MonkeyPatch()
        self._replace(line)
        self._arguments = [one.replace("HOME", str(folder)) for one in flow.arguments]
        self._prepared(folder / "kept")
        self.before = sides(self.office)
        self.outcome = self.run()
        assert self.outcome.code == flow.calm, self.outcome.out + self.outcome.err
        self.calls = places(self.sandbox.world.journal)
        self.calm = [sides(self.office)]
        for _ in range(2):
            self.wait()
            self.again = self.run()
            self.calm.append(sides(self.office))

    def _replace(self, line: NoWire | None) -> None:
        """Put the world's clock, and its answers or short time-outs, in place of the real ones."""
        clock = WorldClock(self.sandbox.world) if line else StandingStill(self.sandbox.world)
        self.office.clock = clock  # type: ignore[assignment]  # a Clock; no shift is needed here
        self._patch.setattr("flows.connection.SystemClock", lambda: clock)
        self._patch.setattr("flows.cli.all_verbs", functools.cache(all_verbs))
        for name, value in self.flow.small.items():
            self._patch.setattr(name, value)
        if line is not None:
            self._patch.setattr(HTTPAdapter, "send", line.adapter())
            self._patch.setattr("connectors.download.monotonic", clock.monotonic)
        else:
            short = functools.partial(Connection.from_environment, timeouts=SHORT)
            self._patch.setattr(Connection, "from_environment", short)

    def _prepared(self, kept: Path) -> None:
        self.office.grant()
        self.flow.prepare(self.office)
        self.office.grant(expires_in=-1)
        self.sandbox.twikey.actions["expire_tokens"]()
        self.office.forget_calls()
        self._kept = kept
        shutil.copytree(self.office.home, kept)
        self._world = self.sandbox.world.snapshot()

    def close(self) -> None:
        """Give everything back."""
        self._patch.undo()
        self.sandbox.stop()

    def back(self) -> None:
        """Put both sides back to what was prepared."""
        for path in self.office.home.iterdir():
            path.unlink()
        shutil.copytree(self._kept, self.office.home, dirs_exist_ok=True)
        self.sandbox.world.restore(self._world)

    def run(self) -> Outcome:
        """Run the flow by the command line."""
        return self.office.run(*self._arguments, "--json")

    def wait(self) -> None:
        """Let time go by on both sides."""
        self.sandbox.world.advance(LINGERS)  # what was late arrives in its own time
        self.sandbox.world.advance(LATER - LINGERS)


class StandingStill(WorldClock):
    """The world's clock beside real sockets: answers take real time, waiting takes none."""

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self._waited = 0.0

    def monotonic(self) -> float:
        """Return real seconds and those that were waited."""
        return time.monotonic() + self._waited

    def sleep(self, seconds: float) -> None:
        """Let time go by without waiting."""
        self._waited += seconds
        super().sleep(seconds)
