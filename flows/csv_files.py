"""CSV files on disk: written whole or not at all, never over another file unasked, read once."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from connectors.errors import UsageWrong

STANDARD_OUTPUT = Path("-")
MOST_BYTES = 5_000_000  # a file of mandates has some hundred thousand


def require_free(path: Path, *, force: bool) -> None:
    """Refuse a place that cannot be written to, before any work is done for it.

    Raises ``UsageWrong`` for a file that exists, unless ``force``, and for what is no file.
    """
    if path == STANDARD_OUTPUT:
        return
    if path.is_dir():
        raise UsageWrong(f"{path} is a directory; name a file in it")
    if path.exists() and not path.is_file():
        raise UsageWrong(f"{path} is no ordinary file; `-` writes to standard output")
    if os.path.lexists(path) and not force:
        raise UsageWrong(f"{path} exists already; name another file, or repeat with --force")
    if not path.resolve().parent.is_dir():
        raise UsageWrong(f"{path} cannot be written: there is no directory {path.parent}")


def write_whole(path: Path, content: bytes, *, force: bool) -> None:
    """Write a file that only its owner may read; whoever looks sees all of it or nothing.

    It is made beside its place and moved there. ``-`` is standard output. Raises ``UsageWrong``.
    """
    if path == STANDARD_OUTPUT:
        _print(content)
        return
    require_free(path, force=force)
    place = path.resolve()  # a link stays a link
    try:
        descriptor, beside = tempfile.mkstemp(prefix=f".{place.name[:40]}.", dir=place.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            _put(Path(beside), place, force=force)
        finally:
            with suppress(FileNotFoundError):
                Path(beside).unlink()
    except FileExistsError:
        raise UsageWrong(f"{path} exists already; repeat with --force to replace it") from None
    except OSError as error:
        raise UsageWrong(f"{path} cannot be written: {error.strerror}") from None


def _put(beside: Path, place: Path, *, force: bool) -> None:
    """Give a file its name; without ``force`` never over one that came in the meantime."""
    if force:
        beside.replace(place)
        return
    try:
        os.link(beside, place)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if place.exists():
            raise FileExistsError from None
        beside.replace(place)


def _print(content: bytes) -> None:
    """Write to standard output, as bytes where it takes them."""
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None:
        sys.stdout.write(content.decode())
        return
    sys.stdout.flush()
    raw.write(content)
    raw.flush()


def read_whole(path: Path) -> bytes:
    """Return what a file holds; raises ``UsageWrong`` when it cannot be read."""
    try:
        if not path.is_file():
            what = "is no ordinary file" if path.exists() else "does not exist"
            raise UsageWrong(f"{path} {what}")
        if path.stat().st_size > MOST_BYTES:
            raise UsageWrong(f"{path} is larger than {MOST_BYTES // 10**6} MB: no file of mandates")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageWrong(f"{path} cannot be read: {why}") from None
