"""Guide 6: one round of PDFs in numbers, and when it ends early."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from connectors.errors import (
    NotPermitted,
    ServiceUnavailable,
)
from mappings.texts import many

LOST_IN_A_ROW = 3


@dataclass(frozen=True)
class DocumentsReport:
    """One round of PDFs in numbers of bookings.

    ``attached`` now, ``found`` at Twikey (a lost answer settled, or a PDF of its own), ``waiting``
    and ``refused`` in this round by ``reasons``, ``left_alone`` asked for by name and already done,
    ``still_missing`` over the whole ledger afterwards. ``wanted`` is the size of the round.
    """

    wanted: int = 0
    attached: int = 0
    found: int = 0
    waiting: int = 0
    refused: int = 0
    unknown: int = 0
    left_alone: int = 0
    still_missing: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def headline(self) -> str:
        """Say what was attached, what of those asked for was there already, what is missing."""
        there = f"{self.left_alone} there already, " if self.left_alone else ""
        asked = " in all" if self.left_alone else ""
        missing = f"{self.still_missing} still missing{asked}"
        return f"{many(self.attached, 'PDF')} attached, {there}{missing}"


@dataclass
class Round:
    """What a round has counted so far, and how many went wrong in a row."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    host_down: int = 0
    shown: int = 0
    forbidden: list[NotPermitted] = field(default_factory=list)

    def refused_to_show(self, forbidden: NotPermitted) -> None:
        """Note a PDF that the access may not have; raises when the first three are all such."""
        self.forbidden.append(forbidden)
        if not self.shown and len(self.forbidden) == LOST_IN_A_ROW:
            raise forbidden

    def add(self, outcome: str) -> None:
        """Count what became of one PDF."""
        self.counts[outcome] += 1

    def trouble(self, service: str, what: str) -> None:
        """Count a failure of a service itself; three in a row stop the run."""
        self.troubles[service] += 1
        if self.troubles[service] == LOST_IN_A_ROW:
            raise ServiceUnavailable(f"{what}, {LOST_IN_A_ROW} times in a row")

    def answered(self, service: str) -> None:
        """Note that a service is there."""
        self.troubles[service] = 0
