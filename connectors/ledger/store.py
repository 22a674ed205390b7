"""The ledger's file: opened, brought up to date, guarded, and written in whole transactions only.

WAL with ``synchronous=FULL``: what was committed survives a kill and a power cut (a commit costs
one fsync, 0.2-0.35 ms measured on an ordinary disk; writes are batched so that this stays small).
sqlite-utils is imported only when the schema must change: its import alone costs more than a whole
idle poll, and drags in pandas.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.errors import LedgerUnusable

SCHEMA_VERSION = 2
BUSY_SECONDS = 150  # longer than any token refresh that holds the file


class Store:
    """One connection to the ledger's SQLite file; ``path`` may be ``:memory:``.

    Raises ``LedgerUnusable`` with a sentence for every failure of the file, the disk or the rights.
    """

    def __init__(self, path: Path | str, *, synchronous: str = "FULL") -> None:
        self.path = path
        with self._guarded("opened"):
            if isinstance(path, Path):
                _prepare_file(path)
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
            self.connection.row_factory = sqlite3.Row
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute(f"PRAGMA synchronous={synchronous}")
            self.connection.execute("PRAGMA foreign_keys=ON")
            self._bring_up_to_date()

    def _bring_up_to_date(self) -> None:
        found = self.one("PRAGMA user_version")[0]
        if found > SCHEMA_VERSION:
            raise LedgerUnusable(
                f"The ledger {self.path} was written by a newer version of this program"
            )
        if found < SCHEMA_VERSION:
            from connectors.ledger.migrations import migrate

            with _one_at_a_time(self.path):
                migrate(self.connection)
                self.connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Make the writes inside stand or fall together; nested use joins the outer one."""
        if self.connection.in_transaction:
            yield
            return
        with self._guarded("written"):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def write(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run one writing statement; return the number of rows it touched."""
        with self._guarded("written"):
            return self.connection.execute(sql, values).rowcount

    def write_all(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run one writing statement for many rows, all or none."""
        with self.atomic(), self._guarded("written"):
            self.connection.executemany(sql, rows)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return all rows of a question."""
        with self._guarded("read"):
            return self.connection.execute(sql, values).fetchall()

    def tuples(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a question as plain tuples (half the cost of rows)."""
        with self._guarded("read"):
            cursor = self.connection.cursor()
            cursor.row_factory = None
            return cursor.execute(sql, values).fetchall()

    def first(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Row | None:
        """Return the first row of a question, or None."""
        with self._guarded("read"):
            row: sqlite3.Row | None = self.connection.execute(sql, values).fetchone()
            return row

    def one(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Row:
        """Return the only row of a question that always has one."""
        row = self.first(sql, values)
        if row is None:
            raise LedgerUnusable(f"The ledger {self.path} lacks a row it must have")
        return row

    def copy_to(self, path: Path) -> None:
        """Write a whole, consistent copy of the ledger to a new file."""
        with self._guarded("copied"), sqlite3.connect(path) as target:
            self.connection.backup(target)
        target.close()

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        """Turn every failure of SQLite or the disk into one sentence."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except sqlite3.DatabaseError as error:
            raise LedgerUnusable(f"The ledger {self.path} cannot be {what}: {error}") from error
        except OSError as error:
            raise LedgerUnusable(
                f"The ledger {self.path} cannot be {what}: {error.strerror or error}"
            ) from error


@contextmanager
def _one_at_a_time(path: Path | str) -> Iterator[None]:
    """Let one process upgrade the file while the others wait; a second upgrade finds nothing."""
    if not isinstance(path, Path):
        yield
        return
    with path.with_name(path.name + ".upgrade").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prepare_file(path: Path) -> None:
    """Create the home (0700) and the file (0600) before SQLite does it with wider rights."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
