"""A ledger that an older version wrote: every released shape becomes today's, with all its rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors.errors import LedgerUnusable
from connectors.ledger.ledger import Ledger
from connectors.ledger.salvage import broken_ledger
from connectors.ledger.shape import TABLES
from connectors.ledger.store import SCHEMA_VERSION, Store

RELEASED = Path(__file__).parent / "released"
FILES = sorted(RELEASED.glob("schema-*.sql"))


def older(path: Path, dump: Path) -> dict[str, list[tuple[object, ...]]]:
    """Write a ledger as an older version left it; return its rows by table."""
    with closing(sqlite3.connect(path)) as ledger:
        ledger.executescript(dump.read_text(encoding="utf-8"))
        names = [row[0] for row in ledger.execute("SELECT name FROM sqlite_master"
                                                  " WHERE type='table'")]  # fmt: skip
        return {name: ledger.execute(f"SELECT * FROM {name}").fetchall() for name in names}


def shape(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return the columns of every table: name, type, whether it may be null, what it begins as."""
    with closing(sqlite3.connect(path)) as ledger:
        return {
            name: [row[1:5] for row in ledger.execute(f"PRAGMA table_info({name})")]
            for name in TABLES
        }


def indexes(path: Path) -> set[str]:
    """Return the names of all indexes and triggers."""
    with closing(sqlite3.connect(path)) as ledger:
        rows = ledger.execute("SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger')")
        return {row[0] for row in rows if not row[0].startswith("sqlite_")}


def test_every_shape_that_was_released_is_kept_here() -> None:
    """T18: 1 (the import) and 2 (the follow-up); today's is made by the migrations themselves."""
    assert [file.stem for file in FILES] == ["schema-1", "schema-2"]
    assert all(int(file.stem[-1]) < SCHEMA_VERSION for file in FILES)


@pytest.mark.parametrize("dump", FILES, ids=lambda file: file.stem)
def test_an_older_ledger_becomes_todays_with_every_row(tmp_path: Path, dump: Path) -> None:
    """T18: all columns, indexes and triggers of a new ledger; no row is lost or changed."""
    path = tmp_path / "ledger.db"
    rows = older(path, dump)
    Ledger(path).close()
    Ledger(tmp_path / "new.db").close()
    assert shape(path) == shape(tmp_path / "new.db")
    assert indexes(path) == indexes(tmp_path / "new.db")
    with closing(sqlite3.connect(path)) as ledger:
        assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert ledger.execute("PRAGMA foreign_key_check").fetchall() == []
        for name, before in rows.items():
            after = ledger.execute(f"SELECT * FROM {name}").fetchall()
            if name != "_sqlite_migrations":
                width = len(before[0]) if before else 0
                assert [row[:width] for row in after] == before, name


@pytest.mark.parametrize("dump", FILES, ids=lambda file: file.stem)
def test_an_older_ledger_can_be_saved_row_by_row(tmp_path: Path, dump: Path) -> None:
    """Decisions 3: a rebuild reads older shapes as well; what they never had is no loss."""
    path = tmp_path / "ledger.db"
    rows = older(path, dump)
    with broken_ledger(path) as broken:
        assert broken.damage() is None
        for name in ("bookings", "events", "runs", "customers", "facts"):
            assert len(broken.rows(name)) == len(rows[name]), name
        assert broken.unread == set()


def test_a_table_that_went_is_told_at_once(tmp_path: Path) -> None:
    """S1: a ledger without one of its tables is refused before anything is done with it."""
    path = tmp_path / "ledger.db"
    Ledger(path).close()
    with closing(sqlite3.connect(path)) as ledger:
        ledger.execute("DROP TABLE invitations")
    with pytest.raises(LedgerUnusable, match="is damaged: it lacks invitations"):
        Store(path)


def test_the_tables_that_are_asked_for_are_those_that_migrations_make(tmp_path: Path) -> None:
    """A migration that adds a table adds it to ``shape.TABLES``, or its loss would go unseen."""
    store = Store(tmp_path / "ledger.db")
    rows = store.tuples("SELECT name FROM sqlite_master WHERE type='table'")
    assert {row[0] for row in rows if not row[0].startswith("sqlite_")} == TABLES
    store.close()
