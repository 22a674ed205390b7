"""The simulation itself: the same seed tells the same story, and it sees what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.run import Run
from tests.simulation.stage import Stage, Violated
from tests.simulation.week import Week

ROOT = Path(__file__).parents[2]
SEED = 1


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Return a stage, and clear it away."""
    made = Stage()
    yield made
    made.close()


def test_the_same_seed_tells_the_same_story(stage: Stage) -> None:
    """A failing seed can be replayed: nothing comes from a clock, a set or another process."""
    week = Week(stage, SEED)
    week.live()
    told = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seed", str(SEED)],
        cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "12345"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert told.stdout.splitlines()[: len(week.story)] == week.story


def test_an_invitation_that_leaves_without_an_intent_is_seen(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted fault: the intent is not written, and the story ends there with its command."""
    monkeypatch.setattr("connectors.ledger.invitations.Invitations.asked", lambda *given: None)
    with pytest.raises(Violated, match="without an intent") as seen:
        for seed in range(20):
            Week(stage, seed).live()
    assert "told again by: python -m tests.simulation --seed" in str(seen.value)


def test_a_watermark_that_runs_ahead_is_seen(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: the watermark is the end of the run, and a paused run passes bookings."""

    def hurried(run: Run, window: object) -> None:
        for resource in ("invoices", "credit notes", "companies", "contacts"):
            run.ledger.watermarks.move(resource, stage.world.now(), run.id)

    monkeypatch.setattr("flows.import_booked._move_watermarks", hurried)
    with pytest.raises(Violated, match="the watermark passed"):
        for seed in range(40):
            Week(stage, seed).live()
