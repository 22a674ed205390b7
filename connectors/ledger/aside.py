"""Putting a damaged ledger aside and a rebuilt one in its place; no evidence is ever destroyed."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from connectors.errors import LedgerUnusable


def replace_with(path: Path, rebuilt: Path, now: datetime) -> Path | None:
    """Put a closed, rebuilt ledger in the place of ``path``; return where the old one is now.

    The old file keeps its name until the new one has it: a second name comes first, then one
    rename that is whole or not at all. Raises ``LedgerUnusable``; then the old one is in its place.
    """
    kept = _free_name(path, now)
    try:
        there = path.exists()
        if there:
            os.link(path, kept)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{path}{suffix}").rename(f"{kept}{suffix}")
        rebuilt.replace(path)
        _make_durable(path.parent)
    except OSError as error:
        raise LedgerUnusable(f"{path} cannot be replaced: {error.strerror}") from error
    return kept if there else None


def discard(path: Path) -> None:
    """Remove what an earlier attempt left of a ledger that never came into use."""
    for suffix in ("", "-wal", "-shm", ".new"):
        with suppress(FileNotFoundError):
            Path(f"{path}{suffix}").unlink()
    with suppress(FileNotFoundError):
        path.with_suffix(".lock").unlink()


def _free_name(path: Path, now: datetime) -> Path:
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
