"""What the tests of many weeks share: live so many, and ask whether anything happened at all."""

from __future__ import annotations

from collections import Counter

from tests.simulation.stage import Stage
from tests.simulation.week import Week


def lived(seeds: range) -> Counter[str]:
    """Live the weeks of these seeds; return their figures. Raises ``Violated``."""
    stage, figures = Stage(), Counter[str]()
    try:
        for seed in seeds:
            week = Week(stage, seed)
            week.live()
            figures += week.figures
    finally:
        stage.close()
    return figures


def require_eventful(figures: Counter[str]) -> None:
    """Fail where the weeks were too quiet to prove anything."""
    weeks = figures["weeks"]
    assert figures["runs"] > 10 * weeks
    assert figures["deeds"] > 15 * weeks
    assert figures["faults"] > 4 * weeks
    assert figures["crashes"] > weeks
    assert figures["met the lock"] > weeks / 2
