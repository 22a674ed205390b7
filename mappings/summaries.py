"""Totals of a plan: it must add up, and say why for what does not cross (guide 5; decisions 2)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from mappings.frames import values


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts and signed cents of a plan, or of several plans added up.

    ``read`` is the number of rows and the sum of ``actions`` (create, adopt, skip, hold).
    ``reasons`` counts the skipped and held, ``notices`` the notices. ``cents`` is what would be
    sent by currency, ``paid_cents`` the part of it that is paid already. The profiles are the
    numbers sent, or where the choice lies: "customer's own", "left to Twikey".
    """

    read: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)
    cents: Counter[str] = field(default_factory=Counter)
    paid_cents: Counter[str] = field(default_factory=Counter)
    profiles: Counter[str] = field(default_factory=Counter)
    profile_cents: Counter[str] = field(default_factory=Counter)

    @property
    def to_send_cents(self) -> int:
        """Euro cents that would be sent, credit notes taken off."""
        return self.cents["EUR"]

    def __add__(self, other: Summary) -> Summary:
        return Summary(
            self.read + other.read,
            _added(self.actions, other.actions),
            _added(self.reasons, other.reasons),
            _added(self.notices, other.notices),
            _added(self.cents, other.cents),
            _added(self.paid_cents, other.paid_cents),
            _added(self.profiles, other.profiles),
            _added(self.profile_cents, other.profile_cents),
        )


def summary(plan: pd.DataFrame) -> Summary:
    """Count a plan."""
    created = plan[(plan["action"] == "create").to_numpy(dtype=bool)]
    profiles = created["ct"].where(created["ct"].notna(), created["ct_source"])
    return Summary(
        read=len(plan),
        actions=Counter(plan["action"].tolist()),
        reasons=Counter(plan["reason"].dropna().tolist()),
        notices=Counter(",".join(plan["notices"].dropna()).split(",")) - Counter([""]),
        cents=_sums(created["currency"], created["amount_cents"]),
        paid_cents=_sums(created["currency"], created["paid_cents"]),
        profiles=Counter(profiles.tolist()),
        profile_cents=_sums(profiles, created["amount_cents"]),
    )


def _sums(names: pd.Series, amounts: pd.Series) -> Counter[str]:
    """Add cents up by name."""
    total: Counter[str] = Counter()
    for name, amount in zip(names, values(amounts), strict=True):
        total[name] += amount or 0
    return total


def _added(one: Counter[str], other: Counter[str]) -> Counter[str]:
    """Add two counters up, negative sums too."""
    total = Counter(one)
    total.update(other)
    return total
