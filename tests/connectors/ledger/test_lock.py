"""One writer per connection: the lock is the operating system's, the row only tells who."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import AnotherRunAtWork, LedgerUnusable
from connectors.ledger.ledger import Ledger
from tests.connectors.fakes import NOW
from tests.connectors.ledger.elsewhere import Elsewhere


@pytest.fixture
def holder(ledger: Ledger) -> Iterator[Elsewhere]:
    """Let another process hold the lock."""
    with Elsewhere("holds", ledger.path) as other:
        other.go()
        assert other.says() == "held"
        yield other
        other.process.kill()


def refused(ledger: Ledger) -> str:
    """Try to hold the lock and return the sentence that refuses it."""
    with pytest.raises(AnotherRunAtWork) as refusal, ledger.lock.held("import", NOW):
        pass
    return str(refusal.value)


def test_a_second_run_is_refused_at_once_with_who_and_since(
    ledger: Ledger, holder: Elsewhere
) -> None:
    """P0: the second process hears who is at work and since when; its exit code is 3."""
    said = refused(ledger)
    assert said.startswith(f"Another run is at work: import (process {holder.process.pid} on ")
    assert said.endswith("since 2026-09-14T08:12:45+00:00")
    assert ledger.lock.is_held()
    assert AnotherRunAtWork.exit_code == 3


def test_a_killed_run_lets_go_at_once(ledger: Ledger, holder: Elsewhere) -> None:
    """K1: SIGKILL releases the lock; the row it left behind stops nobody."""
    holder.process.kill()
    holder.process.wait()
    assert not ledger.lock.is_held()
    with ledger.lock.held("import", NOW):
        assert f"process {os.getpid()} " in ledger.lock.told()


def test_a_paused_run_does_not_lose_its_lock(ledger: Ledger, holder: Elsewhere) -> None:
    """P0: a stopped process wakes up as the one writer; no lease can expire under it."""
    holder.process.send_signal(signal.SIGSTOP)
    assert "Another run is at work" in refused(ledger)
    holder.process.send_signal(signal.SIGCONT)
    holder.go()
    assert holder.says() == "released"
    assert not ledger.lock.is_held()


def test_one_process_cannot_hold_it_twice_either(ledger: Ledger) -> None:
    """P0: two flows in one process exclude each other as two processes do."""
    other = Ledger(ledger.path)
    with ledger.lock.held("import", NOW):
        assert "Another run is at work: import" in refused(other)
    with other.lock.held("import", NOW):
        assert ledger.lock.is_held()
    other.close()


def test_a_run_that_fails_lets_go_and_leaves_no_name_behind(ledger: Ledger) -> None:
    """An exception inside releases the lock and clears the row."""
    with pytest.raises(ZeroDivisionError), ledger.lock.held("import", NOW):
        raise ZeroDivisionError
    assert not ledger.lock.is_held()
    assert ledger.lock.told() == "Another run of this connection is at work"


def test_a_lock_that_cannot_be_opened_is_said(ledger: Ledger) -> None:
    """S1: a folder in the lock's place is a sentence."""
    ledger.lock.path.unlink(missing_ok=True)
    ledger.lock.path.mkdir()
    with (
        pytest.raises(LedgerUnusable, match=r"The lock .+ledger\.lock cannot be opened: Is a dir"),
        ledger.lock.held("import", NOW),
    ):
        pass


def test_two_connections_do_not_know_each_others_lock(ledger: Ledger, tmp_path: Path) -> None:
    """Decisions 1: two connections run side by side."""
    other = Ledger(tmp_path / "other" / "ledger.db")
    with ledger.lock.held("import", NOW), other.lock.held("import", NOW):
        assert ledger.lock.is_held()
    other.close()
