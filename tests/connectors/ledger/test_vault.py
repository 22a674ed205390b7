"""Tokens and sessions: kept exactly, shared by all processes, renewed by one at a time."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.ledger.vault import Vault
from connectors.teamleader.auth import Tokens
from connectors.twikey.session import Session
from tests.connectors.fakes import NOW, tokens
from tests.connectors.ledger.elsewhere import Elsewhere
from tests.sandbox.server import Sandbox


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """Open an empty vault."""
    opened = Vault(tmp_path / "ledger.db")
    yield opened
    opened.close()


def test_tokens_come_back_as_they_were_stored(vault: Vault, tmp_path: Path) -> None:
    """P10: read anew each time, by any process, to the microsecond."""
    other = Vault(tmp_path / "ledger.db")
    assert vault.read_tokens() is None
    pair = Tokens("access", "refresh", NOW + timedelta(microseconds=1), NOW, None)
    for each in (pair, tokens(2)):
        with vault.exclusive():
            vault.write_tokens(each)
        assert vault.read_tokens() == other.read_tokens() == each
    other.close()


def test_a_pair_stands_only_when_its_writer_ended_well(vault: Vault, tmp_path: Path) -> None:
    """P10: what was written inside is seen by nobody before, and by nobody after a failure."""
    other = Vault(tmp_path / "ledger.db")
    with vault.exclusive():
        vault.write_tokens(tokens(1))
        assert other.read_tokens() is None
    with pytest.raises(ConnectionResetError), vault.exclusive():
        vault.write_tokens(tokens(2))
        raise ConnectionResetError
    assert other.read_tokens() == tokens(1)
    other.close()


def test_the_window_can_be_used_while_the_tokens_are_renewed(vault: Vault) -> None:
    """P10: renewing takes the file; the same process counts its own requests before and after."""
    slot, _ = vault.reserve(0.0, 60.0)
    assert slot is not None
    vault.settle(slot, 0.1, 60.0, None)
    with vault.exclusive():
        vault.write_tokens(tokens(1))
        assert vault.state(0.2, 60.0).used == 1


def test_a_session_comes_back_as_it_was_stored(vault: Vault) -> None:
    """P11: with its age and the key that opened it; None forgets it."""
    session = Session("token-12345", "4711", NOW, "f00d")
    assert vault.read_session() is None
    vault.write_session(session)
    assert vault.read_session() == session
    vault.write_session(None)
    assert vault.read_session() is None


def test_a_pause_for_logins_is_kept_for_every_process(vault: Vault) -> None:
    """P11: Twikey throttles logins; None lifts the pause."""
    assert vault.read_login_pause() is None
    vault.write_login_pause(NOW)
    assert vault.read_login_pause() == NOW
    vault.write_login_pause(None)
    assert vault.read_login_pause() is None


def test_tokens_and_session_do_not_touch_each_other(vault: Vault) -> None:
    """Each secret has a row of its own."""
    vault.write_session(Session("token-12345", None, NOW, "f00d"))
    with vault.exclusive():
        vault.write_tokens(tokens(1))
    vault.write_session(None)
    assert vault.read_tokens() == tokens(1)


def test_two_processes_never_spend_the_same_refresh_token(tmp_path: Path) -> None:
    """C15: two processes, ten renewals each, on tokens that work once: none is refused."""
    path = tmp_path / "ledger.db"
    with Sandbox(invoices=0, token_seconds=1) as sandbox, ExitStack() as stack:
        first = sandbox.grant()
        vault = Vault(path)
        with vault.exclusive():
            vault.write_tokens(Tokens(first["access_token"], first["refresh_token"], NOW, NOW))
        others = [
            stack.enter_context(Elsewhere("renews", path, sandbox.auth_url, 10)) for _ in range(2)
        ]
        for other in others:
            other.go()
        assert [other.says() for other in others] == ["0", "0"]
        answers = Counter(call.status for call in sandbox.world.calls("teamleader", "access_token"))
        assert set(answers) == {200}
        assert 10 <= answers[200] <= 20
        newest = vault.read_tokens()
        assert newest is not None
        assert not sandbox.teamleader.authority.by_refresh[newest.refresh_token].used
        vault.close()


def test_secrets_are_in_one_table_only(vault: Vault, tmp_path: Path) -> None:
    """X3: what may be shown of a ledger holds no token."""
    with vault.exclusive():
        vault.write_tokens(tokens(1))
    with sqlite3.connect(tmp_path / "ledger.db") as file:
        tables = [r[0] for r in file.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        holding = [
            table for table in tables
            if any("refresh-1" in str(row) for row in file.execute(f'SELECT * FROM "{table}"'))
        ]  # fmt: skip
    file.close()
    assert holding == ["access"]
