"""Steps as Prefect tasks, one per page or batch, and how far they have come, in the run's log.

No retries, no caching and no results here: the next run is the retry, and the ledger is the memory.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from prefect.utilities.annotations import quote

from flows.prefect_artifacts import ProgressBar

R = TypeVar("R")
SECONDS = 10.0  # between two lines about the same step
LONG = 300  # so many of anything make a long run
WAITED = 2.0  # seconds from which a wait is worth a line
log = logging.getLogger(__name__)


def as_tasks(name: str, function: Callable[..., R], *arguments: Any) -> R:
    """Run one step as a Prefect task; what it gets is quoted, so Prefect does not search it."""

    def step(packed: Any) -> Any:
        return function(*packed)

    decorated = task(name=name, task_run_name=name, cache_policy=NO_CACHE, persist_result=False)(
        step
    )
    return cast("R", decorated(quote(arguments)))


class Telling:
    """Tells how far a run has come: a line now and then; a progress artifact when it is long."""

    def __init__(self, *, long: bool = False) -> None:
        self._long = long
        self._bar = ProgressBar()
        self._what = ""
        self._next = 0.0

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Tell of one step; safe to call for every page."""
        now = time.monotonic()
        said = f"{what}: {done}{f' of {total}' if total else ''}"
        whole = total is not None and done >= total
        if what != self._what or now >= self._next or whole:
            self._what, self._next = what, now + SECONDS
            say(said)
        if self._long or max(done, total or 0) >= LONG:
            self._bar(said, min(100.0, 100.0 * done / total) if total else 0.0)


def waited(seconds: float, why: str) -> None:
    """Tell that a service makes the run wait."""
    if seconds >= WAITED:
        say(f"{why}: waiting {seconds:.0f} s")


def say(line: str) -> None:
    """Write a line into the log of the run that is at work."""
    try:
        get_run_logger().info("%s", line)
    except MissingContextError:
        log.info("%s", line)
