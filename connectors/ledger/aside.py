"""Putting a damaged ledger aside and a rebuilt one in its place; no evidence is ever destroyed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from connectors.errors import AnotherRunAtWork, LedgerUnusable

SHARED_FIRST, SHARED_SIZE = 0x40000002, 510  # the bytes that SQLite locks while a file is in use


def replace_with(path: Path, rebuilt: Path, kept: Path) -> bool:
    """Put a closed, rebuilt ledger in the place of ``path``, the old one under the name ``kept``.

    The old file keeps its name until the new one has it: a second name comes first, then one
    rename that is whole or not at all. Returns whether there was an old file. Raises
    ``AnotherRunAtWork`` while another process has it open, ``LedgerUnusable`` where the disk does
    not let it; in both cases the old one is in its place.
    """
    try:
        with _unused(path) as there:
            if there:
                os.link(path, kept)
            for suffix in ("-wal", "-shm"):
                with suppress(FileNotFoundError):
                    Path(f"{path}{suffix}").rename(f"{kept}{suffix}")
            rebuilt.replace(path)
            _make_durable(path.parent)
    except OSError as error:
        raise LedgerUnusable(f"{path} cannot be replaced: {error.strerror}") from error
    return there


@contextmanager
def _unused(path: Path) -> Iterator[bool]:
    """Keep everybody from opening the old file inside; tell whether there is one.

    Whoever had it open would, when he closes it, take away the log of the new one.
    """
    if not path.exists():
        yield False
        return
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, SHARED_SIZE, SHARED_FIRST)
        except OSError:
            raise AnotherRunAtWork("Another process has the ledger open") from None
        yield True


def discard(path: Path) -> None:
    """Remove what an earlier attempt left of a ledger that never came into use."""
    for suffix in ("", "-wal", "-shm", ".new"):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").unlink()
    with suppress(FileNotFoundError):
        path.with_suffix(".lock").unlink()


def free_name(path: Path, now: datetime) -> Path:
    """Return a name for the old ledger that nothing has yet."""
    stamp, count = now.strftime("%Y%m%dT%H%M%SZ"), 0
    while True:
        count += 1
        more = f"-{count}" if count > 1 else ""
        name = path.with_name(f"{path.stem}-broken-{stamp}{more}{path.suffix}")
        if not any(Path(f"{name}{suffix}").exists() for suffix in ("", "-wal", "-shm")):
            return name


def _make_durable(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
