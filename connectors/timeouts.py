"""How long an answer may take, per kind of call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds until connected, between two bytes, and for one whole answer."""

    connect: float = 10.0
    read: float = 60.0
    whole: float = 120.0

    def at_most(self, other: Timeouts) -> Timeouts:
        """Return these, none of them longer than the other's."""
        return Timeouts(
            min(self.connect, other.connect), min(self.read, other.read),
            min(self.whole, other.whole),
        )  # fmt: skip


CALL = Timeouts()
TOKENS = Timeouts(connect=5.0, read=15.0, whole=20.0)
LOGIN = Timeouts(connect=5.0, read=10.0, whole=10.0)
DOCUMENT = Timeouts(read=20.0, whole=60.0)
