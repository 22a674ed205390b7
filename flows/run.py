"""One run at work: its number, its ledger, its clock, and how it tells what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, TypeVar

from connectors.errors import Trouble
from connectors.ledger.ledger import Ledger
from flows.connection import Connection

DEPARTMENTS = "department names"

R = TypeVar("R")
Tell = Callable[[str, int, int | None], None]


class Steps(Protocol):
    """How one step of a flow is run: plainly, or as a Prefect task (decisions 1)."""

    def __call__(self, name: str, function: Callable[..., R], *args: Any) -> R:
        """Run ``function(*args)`` under a name that an operator can read."""


def plainly(name: str, function: Callable[..., R], *args: Any) -> R:  # noqa: ARG001 - a Steps
    """Run a step as an ordinary call."""
    return function(*args)


def silently(what: str, done: int, total: int | None) -> None:
    """Tell nobody how far a step has come."""


@dataclass
class Run:
    """What every step of a run gets. ``ledger`` is a copy in a dry run.

    ``notes`` are kept with the run for the summary by mail; ``asking`` are those of them that ask
    for a person.
    ``in_doubt`` says why nothing more is to be sent in this run: writes were left unanswered.
    """

    id: int
    connection: Connection
    ledger: Ledger
    dry_run: bool
    tell: Tell = silently
    problems: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    asking: set[str] = field(default_factory=set)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    read_whole: dict[str, bool] = field(default_factory=dict)
    in_doubt: str | None = None
    looks: int = 0
    odd_in_a_row: dict[str, int] = field(default_factory=dict)
    began: datetime = field(init=False)

    def __post_init__(self) -> None:
        """Note when the run began, for want of a server's clock."""
        self.began = self.now()

    def ask(self, note: str) -> None:
        """Note something that nothing else keeps, and that a person is to see to."""
        self.notes.append(note)
        self.asking.add(note)

    def ended_well(self, resource: str, *, moves: bool = True) -> None:
        """Note that a listing was read to its end; ``moves`` says that it reached up to now."""
        self.read_whole[resource] = moves

    def now(self) -> datetime:
        """Return the wall clock, UTC."""
        return self.connection.clock.now()

    def not_before(self) -> datetime:
        """Return when a write that is sent now may be looked up: after the wait W (decisions 5)."""
        return self.now() + timedelta(seconds=self.connection.settings.settle_after_seconds)


@contextmanager
def at_work(
    connection: Connection,
    flow: str,
    *,
    started_by: str,
    parameters: dict[str, object],
    dry_run: bool = False,
    tell: Tell = silently,
) -> Iterator[Run]:
    """Hold the connection's lock, enter the run in the book, and close it whatever happens.

    A dry run works on a copy of the ledger that is thrown away: it cannot change anything.
    """
    with (
        connection.ledger.lock.held(flow, connection.clock.now()),
        _sound(connection),
        _ledger_for(connection, dry_run=dry_run) as ledger,
    ):
        run_id = ledger.runs.start(flow, connection.clock.now(), started_by, parameters)
        run = Run(run_id, connection, ledger, dry_run, tell)
        try:
            yield run
        except Trouble as trouble:
            ledger.runs.end(run_id, run.now(), "stopped", str(trouble), {})
            raise
        except BaseException as error:
            ledger.runs.end(run_id, run.now(), "failed", type(error).__name__, {})
            raise
        finally:
            if run.notes:
                notes = dict.fromkeys(run.notes)
                ledger.journal.note(run_id, run.now(), notes, run.asking)


@contextmanager
def _sound(connection: Connection) -> Iterator[None]:
    """Let nothing begin on a damaged ledger."""
    connection.ledger.require_sound()
    yield


@contextmanager
def _ledger_for(connection: Connection, *, dry_run: bool) -> Iterator[Ledger]:
    if not dry_run:
        yield connection.ledger
        return
    with TemporaryDirectory(prefix="teamleader-twikey-") as folder:
        copy = connection.ledger.copy_to(Path(folder) / "dry-run.db")
        try:
            yield copy
        finally:
            copy.close()
