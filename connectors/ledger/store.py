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
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from connectors.errors import LedgerBroken, LedgerUnusable
from connectors.ledger.shape import TABLES

SCHEMA_VERSION = 3
BUSY_SECONDS = 150  # longer than any token refresh that holds the file
BROKEN = ("malformed", "not a database", "no such table", "no such column", "unsupported file")


class Store:
    """One connection to the ledger's SQLite file; ``path`` may be ``:memory:``.

    Raises ``LedgerUnusable`` with a sentence for every failure of the file, the disk or the rights;
    ``LedgerBroken`` where the file itself is damaged.
    """

    def __init__(self, path: Path | str, *, synchronous: str = "FULL") -> None:
        self.path = path
        with self._guarded("opened", OSError), _alone_if_new(path):
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
            try:
                self._prepare(synchronous)
            except BaseException:  # left open, it would let go of its files when a new one is there
                self.connection.close()
                raise

    def _prepare(self, synchronous: str) -> None:
        self.connection.row_factory = sqlite3.Row
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute(f"PRAGMA synchronous={synchronous}")
        self.connection.execute("PRAGMA foreign_keys=ON")
        self._bring_up_to_date()

    def _bring_up_to_date(self) -> None:
        """Upgrade in one transaction: others wait for it, and a kill leaves nothing half made."""
        if self._version() > SCHEMA_VERSION:
            raise LedgerUnusable(
                f"The ledger {self.path} was written by a newer version of this program"
            )
        if self._version() < SCHEMA_VERSION:
            from connectors.ledger.migrations import migrate

            with self.atomic():
                if self._version() < SCHEMA_VERSION:
                    migrate(self.connection)
                    self.connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        found = {row[0] for row in self.tuples("SELECT name FROM sqlite_master WHERE type='table'")}
        if lost := sorted(TABLES - found):
            raise LedgerBroken(f"The ledger {self.path} is damaged: it lacks {', '.join(lost)}")

    def require_sound(self) -> None:
        """Read the whole file once; raises ``LedgerBroken`` when SQLite finds it damaged.

        A tenth of a second for a hundred megabytes that were read lately.
        """
        said = str(self.one("PRAGMA quick_check(1)")[0])
        if said != "ok":
            why = " ".join(said.replace("*** in database main ***", "").split())
            raise LedgerBroken(f"The ledger {self.path} is damaged: {why}")

    def _version(self) -> int:
        return int(self.one("PRAGMA user_version")[0])

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
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

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

    def tuples(
        self, sql: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
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
        """Write a consistent copy of the ledger to a new private file, without its secrets."""
        with self._guarded("copied", OSError):
            open_private(path).close()
            with closing(sqlite3.connect(path)) as target:
                self.connection.backup(target)
                with target:
                    target.execute("PRAGMA secure_delete=ON")
                    target.execute("DELETE FROM access")

    @contextmanager
    def _guarded(self, what: str, *more: type[Exception]) -> Iterator[None]:
        """Turn every failure of SQLite (and ``more``) into one sentence."""
        failures: tuple[type[Exception], ...] = (sqlite3.DatabaseError, *more)
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except failures as error:
            why = getattr(error, "strerror", None) or error
            broken = isinstance(error, sqlite3.Error) and any(sign in str(why) for sign in BROKEN)
            kind = LedgerBroken if broken else LedgerUnusable
            raise kind(f"The ledger {self.path} cannot be {what}: {why}") from error


@contextmanager
def _alone_if_new(path: Path | str) -> Iterator[None]:
    """Let one process at a time open a ledger that is still empty: WAL begins without company."""
    if not isinstance(path, Path) or not _prepared(path):
        yield
        return
    with open_private(path.with_name(path.name + ".new")) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _prepared(path: Path) -> bool:
    """Create home (0700) and file (0600) before SQLite does it with wider rights; return if empty.

    A file that is there is never opened here: closing it would drop the locks that other
    connections of this process hold on it (POSIX), and another process could take their log away.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for beside in ("-wal", "-shm", ".new"):  # left by a run that was killed, copied back with it
        with suppress(FileNotFoundError):
            _close_to_others(path.with_name(path.name + beside))
    return _close_to_others(path).st_size == 0


def _close_to_others(path: Path) -> os.stat_result:
    """Take away the rights of others to a file; return what it was."""
    found = path.stat()
    if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) != 0o600:
        path.chmod(0o600)
    return found


def open_private(path: Path) -> BinaryIO:
    """Open a file of ours, none of SQLite's, that nobody else may read or lock (mode 0600)."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    os.fchmod(file.fileno(), 0o600)
    return file
