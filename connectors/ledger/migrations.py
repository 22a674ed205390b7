"""Every change of the ledger's shape, oldest first. A released one is never edited.

Kept by sqlite-utils' migrations: each runs once; all that are new stand or fall together.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.ledger.first_shape import (
    m001_bookings,
    m002_writes,
    m003_twikey,
    m004_runs,
    m005_access,
)
from connectors.ledger.later_shapes import (
    m006_follow_up,
    m007_money,
    m008_deliveries,
    m011_links,
    m013_credits,
    m014_due_at_once,
    m015_mandates,
    m016_undo,
    m018_mails,
)


@contextmanager
def _without_pandas() -> Iterator[None]:
    """Keep ``import sqlite_utils`` from importing pandas and numpy, which nothing here needs."""
    hidden = [name for name in ("pandas", "numpy") if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # the documented way to hide a module
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def migrate(connection: sqlite3.Connection) -> None:
    """Apply every migration that this file has not seen yet."""
    with _without_pandas():
        from sqlite_utils import Database, Migrations

    migrations = Migrations("teamleader-twikey")
    for step in STEPS:
        migrations()(step)
    row_factory, connection.row_factory = connection.row_factory, None
    try:
        migrations.apply(Database(connection))
    finally:
        connection.row_factory = row_factory


STEPS = (
    m001_bookings,
    m002_writes,
    m003_twikey,
    m004_runs,
    m005_access,
    m006_follow_up,
    m007_money,
    m008_deliveries,
    m011_links,
    m013_credits,
    m014_due_at_once,
    m015_mandates,
    m016_undo,
    m018_mails,
)
