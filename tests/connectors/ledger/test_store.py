"""The ledger's file: private, durable, written whole or not at all, plain about its troubles."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import LedgerUnusable
from connectors.ledger import store as store_module
from connectors.ledger.ledger import Ledger
from connectors.ledger.migrations import migrate
from connectors.ledger.store import SCHEMA_VERSION, Store
from tests.connectors.fakes import NOW
from tests.connectors.ledger.elsewhere import Elsewhere

TABLES = {
    "access", "batches", "bookings", "customers", "events", "facts", "feeds", "holder", "intents",
    "request_slots", "request_window", "runs", "subscriptions", "twikey_invoices", "watermarks",
}  # fmt: skip


@pytest.fixture
def store() -> Iterator[Store]:
    """Open a store in memory with one table."""
    opened = Store(":memory:")
    opened.write("CREATE TABLE things (name TEXT PRIMARY KEY)")
    yield opened
    opened.close()


def things(store: Store) -> list[str]:
    """Return what is in the table."""
    return [row[0] for row in store.tuples("SELECT name FROM things ORDER BY name")]


# ---- the file


def test_nobody_else_may_read_what_the_ledger_keeps(tmp_path: Path) -> None:
    """P0: home 0700, every file in it 0600, whatever the umask says."""
    usual = os.umask(0)
    try:
        ledger = Ledger(tmp_path / "home" / "ledger.db")
        ledger.facts.write("a", "b")
        with ledger.lock.held("import", NOW):
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "home").iterdir()}
        ledger.close()
    finally:
        os.umask(usual)
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert {"ledger.db", "ledger.db-wal", "ledger.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_file_that_was_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    """P0: a ledger copied back with wide rights is private again once it was opened."""
    path = tmp_path / "ledger.db"
    Store(path).close()
    path.chmod(0o644)
    Store(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_committed_survives_a_power_cut(tmp_path: Path) -> None:
    """P0: write-ahead log with a full sync at each commit, and foreign keys are kept."""
    store = Store(tmp_path / "ledger.db")
    assert store.one("PRAGMA journal_mode")[0] == "wal"
    assert store.one("PRAGMA synchronous")[0] == 2
    assert store.one("PRAGMA foreign_keys")[0] == 1
    store.close()


def test_an_empty_file_becomes_a_ledger_and_stays_one(tmp_path: Path) -> None:
    """All migrations run once from nothing, and running them again changes nothing."""
    store = Store(tmp_path / "ledger.db")
    shape = store.tuples("SELECT name, sql FROM sqlite_master ORDER BY name")
    tables = {row[0] for row in store.tuples("SELECT name FROM sqlite_master WHERE type='table'")}
    assert tables >= TABLES
    assert store.one("PRAGMA user_version")[0] == SCHEMA_VERSION
    migrate(store.connection)
    assert store.tuples("SELECT name, sql FROM sqlite_master ORDER BY name") == shape
    assert store.one("PRAGMA integrity_check")[0] == "ok"
    store.close()


def test_a_newer_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    """T18: after a downgrade the old program says so in a sentence and touches nothing."""
    path = tmp_path / "ledger.db"
    store = Store(path)
    store.write(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    store.close()
    with pytest.raises(LedgerUnusable, match="written by a newer version of this program"):
        Store(path)
    with closing(sqlite3.connect(path)) as ledger:
        assert ledger.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)


def test_a_refused_ledger_is_let_go_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: a connection to a file that `rebuild` sets aside could take the new one's log along."""
    path = tmp_path / "ledger.db"
    Store(path).close()
    with closing(sqlite3.connect(path)) as ledger:
        ledger.execute("DROP TABLE invitations")
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def watched(*where: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*where, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", watched)
    with pytest.raises(LedgerUnusable, match="it lacks invitations"):
        Store(path)
    assert opened
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_processes_that_create_the_ledger_at_once_all_get_it(tmp_path: Path) -> None:
    """P0: six first starts at the same moment make one ledger; none fails, none imports pandas."""
    path = tmp_path / "home" / "ledger.db"
    with ExitStack() as stack:
        others = [stack.enter_context(Elsewhere("opens", path)) for _ in range(6)]
        for other in others:
            other.go()
        assert [other.says() for other in others] == ["opened"] * 6
    store = Store(path)
    assert store.one("SELECT count(*) FROM facts")[0] == 1
    assert store.one("SELECT count(DISTINCT name) = count(*) FROM _sqlite_migrations")[0] == 1
    store.close()


def test_a_look_from_elsewhere_takes_nothing_away(tmp_path: Path) -> None:
    """P0: a process that looks in and closes while another one works must not drop its log."""
    path = tmp_path / "home" / "ledger.db"
    first, second = Store(path), Store(path)
    first.write("INSERT INTO facts VALUES ('before', 'yes')")
    with Elsewhere("opens", path) as other:
        other.go()
        assert other.says() == "opened"
    first.write("INSERT INTO facts VALUES ('after', 'yes')")
    with Elsewhere("opens", path) as other:
        other.go()
        assert other.says() == "opened"
    third = Store(path)
    names = {row[0] for row in third.tuples("SELECT name FROM facts")}
    assert names == {"before", "opened", "after"}
    for store in (first, second, third):
        store.close()


def test_a_copy_is_whole_and_on_its_own(ledger: Ledger, tmp_path: Path) -> None:
    """A dry run works on a copy: it has everything, and what it writes stays there."""
    ledger.facts.write("here", "yes")
    copy = ledger.copy_to(tmp_path / "copy.db")
    copy.facts.write("there", "yes")
    assert (copy.facts.read("here"), ledger.facts.read("there")) == ("yes", None)
    copy.close()


# ---- transactions


def test_what_belongs_together_stands_or_falls_together(store: Store) -> None:
    """P0: an exception takes back everything since the outermost beginning."""
    with pytest.raises(ZeroDivisionError), store.atomic():
        store.write("INSERT INTO things VALUES ('one')")
        with store.atomic():
            store.write("INSERT INTO things VALUES ('two')")
        raise ZeroDivisionError
    assert things(store) == []
    assert not store.connection.in_transaction


def test_an_inner_part_commits_with_the_outer_one_only(tmp_path: Path) -> None:
    """P0: nobody sees half of what belongs together."""
    path = tmp_path / "ledger.db"
    here, there = Store(path), Store(path)
    with here.atomic():
        with here.atomic():
            here.write("INSERT INTO facts VALUES ('a', 'b')")
        assert there.first("SELECT 1 FROM facts") is None
    assert there.first("SELECT 1 FROM facts") is not None
    here.close()
    there.close()


def test_many_rows_are_all_written_or_none(store: Store) -> None:
    """P0: a row that cannot be written takes the others with it."""
    with pytest.raises(sqlite3.IntegrityError):
        store.write_all("INSERT INTO things VALUES (?)", [("one",), ("two",), ("one",)])
    assert things(store) == []


def test_being_stopped_takes_back_what_was_not_committed(store: Store) -> None:
    """K3: Ctrl-C inside a transaction rolls it back, and the next one begins anew."""
    with pytest.raises(KeyboardInterrupt), store.atomic():
        store.write("INSERT INTO things VALUES ('one')")
        raise KeyboardInterrupt
    with store.atomic():
        store.write("INSERT INTO things VALUES ('two')")
    assert things(store) == ["two"]


# ---- troubles


def test_a_full_disk_is_said_and_nothing_half_stays(tmp_path: Path) -> None:
    """S1: at whichever page the disk is full, a sentence; then everything works again."""
    store = Store(tmp_path / "ledger.db")
    pages = store.one("PRAGMA page_count")[0]
    rows = [(f"fact {n}", "x" * 3000) for n in range(20)]
    for room in range(8):
        store.write(f"PRAGMA max_page_count={pages + room}")
        with pytest.raises(LedgerUnusable, match="cannot be written: database or disk is full"):
            store.write_all("INSERT INTO facts VALUES (?, ?)", rows)
        assert store.one("SELECT count(*) FROM facts")[0] == 0
        assert not store.connection.in_transaction
    store.write("PRAGMA max_page_count=100000")
    store.write_all("INSERT INTO facts VALUES (?, ?)", rows)
    assert store.one("SELECT count(*) FROM facts")[0] == 20
    store.close()


def test_a_ledger_that_others_hold_too_long_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: a lock that outlasts all patience is a sentence, not a traceback."""
    monkeypatch.setattr(store_module, "BUSY_SECONDS", 0.01)
    here, there = Store(tmp_path / "ledger.db"), Store(tmp_path / "ledger.db")
    with (
        here.atomic(),
        pytest.raises(LedgerUnusable, match="cannot be written: database is locked"),
        there.atomic(),
    ):
        pass
    here.close()
    there.close()


@pytest.mark.parametrize(
    "content", [b"no database at all" * 400, b"SQLite format 3\x00" + b"!" * 5000]
)
def test_a_file_that_is_no_ledger_is_said(tmp_path: Path, content: bytes) -> None:
    """S1: a damaged file is a sentence that names it."""
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    with pytest.raises(LedgerUnusable, match=rf"The ledger {path} cannot be opened: .+"):
        Store(path)


def test_a_page_that_was_damaged_is_said(tmp_path: Path) -> None:
    """S1: flipped bytes in the middle of the file are a sentence when they are met."""
    path = tmp_path / "ledger.db"
    store = Store(path)
    store.write_all("INSERT INTO facts VALUES (?, ?)", [(f"{n}", "x" * 500) for n in range(200)])
    store.close()
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    with (
        pytest.raises(LedgerUnusable, match=r"malformed|not a database"),
        closing(Store(path)) as it,
    ):
        it.rows("SELECT * FROM facts")


def test_a_home_that_cannot_be_is_said(tmp_path: Path) -> None:
    """S1: a file where the home should be, or a folder where the ledger should be."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "file" / "ledger.db", tmp_path / "folder"):
        with pytest.raises(LedgerUnusable, match=rf"The ledger {path} cannot be opened: \w+"):
            Store(path)


def test_a_copy_that_cannot_be_written_is_said(ledger: Ledger, tmp_path: Path) -> None:
    """S1: no room or no folder for a dry run's copy."""
    with pytest.raises(LedgerUnusable, match="cannot be copied"):
        ledger.copy_to(tmp_path / "nowhere" / "copy.db")


def test_troubles_of_others_are_not_blamed_on_the_ledger(store: Store) -> None:
    """A connection that breaks inside a transaction stays what it is."""
    with pytest.raises(ConnectionResetError), store.atomic():
        raise ConnectionResetError


def test_a_row_that_must_be_there_and_is_not_is_said(store: Store) -> None:
    """A ledger somebody emptied by hand is a sentence, not a traceback."""
    with pytest.raises(LedgerUnusable, match="lacks a row it must have"):
        store.one("SELECT name FROM things")
    with pytest.raises(LedgerUnusable, match="cannot be read: no such table"):
        store.rows("SELECT * FROM nowhere")
