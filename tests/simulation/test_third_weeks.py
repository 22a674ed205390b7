"""Simulated weeks, seeds 100 to 149: see ``tests.simulation.week``."""

from __future__ import annotations

from tests.simulation.weeks import lived, require_eventful


def test_nothing_is_lost_or_doubled_in_the_third_fifty_weeks() -> None:
    """C7, C8, C12, C19, C27, A42: people, banks, faults, crashes; both sides agree in the end."""
    require_eventful(lived(range(100, 150)))
