"""Time as the connectors see it: the wall clock, a clock that never runs backwards, and waiting."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the connectors see it; tests bring their own."""

    def now(self) -> datetime:
        """Return the wall clock, UTC with offset."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards, the same for every process of this host."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The host's own time."""

    def now(self) -> datetime:
        """Return the wall clock, UTC with offset."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the host's monotonic clock in seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
