"""One writer per connection: an operating-system lock that only death releases.

``flock`` cannot expire under a paused process and cannot be left behind by a killed one; the row
beside it only tells who holds it and since when (decisions 5, reliability P0).
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from connectors.errors import AnotherRunAtWork, LedgerUnusable
from connectors.ledger.store import Store, open_private

SOMEBODY = "Another run of this connection is at work"


@contextmanager
def alone(path: Path, told: Callable[[], str] = lambda: SOMEBODY) -> Iterator[None]:
    """Hold the lock file inside, whatever the ledger beside it looks like.

    Raises ``AnotherRunAtWork`` (with what is ``told``) at once when somebody else holds it.
    """
    try:
        file = open_private(path)
    except OSError as error:
        raise LedgerUnusable(f"The lock {path} cannot be opened: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AnotherRunAtWork(told()) from None
        yield


class RunLock:
    """The lock of one connection, beside its ledger."""

    def __init__(self, path: Path, store: Store) -> None:
        self.path = path
        self._store = store

    @contextmanager
    def held(self, flow: str, now: datetime) -> Iterator[None]:
        """Hold the lock inside; raise ``AnotherRunAtWork`` at once when somebody else does."""
        with alone(self.path, self.told):
            self._store.write(
                "INSERT OR REPLACE INTO holder (only, flow, pid, host, since) "
                "VALUES (1, ?, ?, ?, ?)",
                (flow, os.getpid(), socket.gethostname(), now.isoformat(timespec="seconds")),
            )
            try:
                yield
            finally:
                self._store.write("DELETE FROM holder")

    def told(self) -> str:
        """Say in one sentence who holds the lock."""
        row = self._store.first("SELECT flow, pid, host, since FROM holder")
        if row is None:
            return SOMEBODY
        return (
            f"Another run is at work: {row['flow']} (process {row['pid']} on {row['host']}) "
            f"since {row['since']}"
        )

    def is_held(self) -> bool:
        """Tell whether some process holds the lock at this moment."""
        try:
            with open_private(self.path) as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return False
        except BlockingIOError:
            return True
