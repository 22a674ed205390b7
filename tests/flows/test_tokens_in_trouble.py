"""Tokens when something breaks at the worst moment: processes for real, and one cure each.

A refresh token works once (API reference 1.5): an answer that is lost costs a consent at worst,
never a second writer, never anything that crossed. Twikey throttles logins: nobody hammers.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from flows.settings import LEDGER_NAME
from tests.flows.office import Office, environment_of
from tests.flows.sights import OpenOffice, stored_tokens

ROOT = Path(__file__).parents[2]
IMPORT = (sys.executable, "-m", "flows.cli", "import", "--days", "30", "--yes", "--json")


def begun(office: Office, verb: Sequence[str] = IMPORT) -> subprocess.Popen[str]:
    """Begin a verb, an import unless told otherwise, as a process of its own."""
    return subprocess.Popen(
        verb, cwd=ROOT, env=environment_of(office), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def renewals(office: Office) -> list[int | None]:
    """Return what came of every request for tokens: the status that the service gave it."""
    return [call.result for call in office.calls("teamleader", "/oauth2/access_token")]


@pytest.fixture
def worn(open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Open an office with one booking, whose access must be renewed first."""
    office = open_office()
    monkeypatch.setattr("flows.connection.SystemClock", lambda: office.clock)
    office.sandbox.books.book()
    office.grant(expires_in=-1)
    return office


def test_a_process_killed_while_its_renewal_is_answered_costs_a_consent_only(worn: Office) -> None:
    """P10: SIGKILL between the service's answer and our commit: told, reconnected, once in Twikey.

    The service has spent the token and sends the answer late; the process dies waiting for it.
    """
    before = stored_tokens(worn)
    slow = worn.sandbox.world.fault("hang", path="access_token", seconds=30, handled=True)
    process = begun(worn)
    ends = time.monotonic() + 20
    while 200 not in renewals(worn) and time.monotonic() < ends and process.poll() is None:
        process.poll()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    slow.times = 0
    assert (process.returncode, stored_tokens(worn)) == (-signal.SIGKILL, before)
    stopped = worn.run("import", "--days", "30", "--yes", "--json")
    assert (stopped.code, stopped.json["error"]) == (1, "Disconnected")
    assert "connect" in stopped.json["advice"]
    assert worn.twikey_invoices() == {}
    worn.grant()
    assert worn.run("import", "--days", "30", "--yes", "--json").json["sent"] == 1
    assert len(worn.twikey_invoices()) == 1


def test_a_lost_answer_is_told_and_the_next_consent_goes_on(worn: Office) -> None:
    """P10: the answer to a renewal is lost on its way: asked twice, never more, then told."""
    worn.sandbox.world.fault("reset_after", path="access_token", times=1)
    stopped = worn.run("import", "--days", "30", "--yes", "--json")
    assert (stopped.code, stopped.json["error"]) == (1, "Disconnected")
    assert len(renewals(worn)) == 2
    again = worn.run("import", "--days", "30", "--yes", "--json")
    assert again.json["error"] == "Disconnected"
    worn.grant()
    assert worn.run("import", "--days", "30", "--yes", "--json").json["sent"] == 1


def test_a_renewal_that_never_arrived_costs_nothing(worn: Office) -> None:
    """P10: lost on the way there, the same token is asked again and still good."""
    worn.sandbox.world.fault("reset_before", path="access_token", times=1)
    assert worn.run("import", "--days", "30", "--yes", "--json").json["sent"] == 1


def test_three_processes_with_worn_access_renew_it_once(worn: Office) -> None:
    """P10, C15: an import and two checks at once: one renewal, and no token is spent twice."""
    check = (sys.executable, "-m", "flows.cli", "check", "--json")
    others = [begun(worn, check) for _ in range(2)]
    process = begun(worn)
    out, err = process.communicate(timeout=60)
    for other in others:
        other.communicate(timeout=60)
    assert process.returncode == 0, out + err
    assert renewals(worn) == [200]
    assert len(worn.twikey_invoices()) == 1


def test_a_throttled_login_is_asked_once_by_all_runs(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C3: Twikey names a pause: no run logs in before it is over, and each says until when."""
    office = open_office()
    monkeypatch.setattr("flows.connection.SystemClock", lambda: office.clock)
    office.sandbox.books.book()
    rules = {"twikey_login_limit": 0, "twikey_login_retry_after": 1009}
    office.sandbox.world.rules.change(rules)
    for _ in range(4):
        outcome = office.run("import", "--days", "30", "--yes", "--json")
        assert (outcome.code, outcome.json["error"]) == (1, "Throttled")
        assert "UTC" in outcome.json["sentence"]
    assert len(office.calls("twikey")) == 1
    office.sandbox.world.rules.change({"twikey_login_limit": 30})
    office.clock.shift += timedelta(seconds=1010)
    assert office.run("import", "--days", "30", "--yes", "--json").json["sent"] == 1


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_files_with_tokens_are_for_their_owner_alone(
    worn: Office, tmp_path: Path, mask: int
) -> None:
    """P0: whatever the umask, and although all files were open to everybody: 0600, while at work.

    Looked at in the middle of a run, when SQLite's own files beside the ledger exist.
    """
    for beside in worn.home.glob(f"{LEDGER_NAME}*"):
        beside.chmod(0o666)
    seen: dict[str, int] = {}

    def look(_: object) -> None:
        for path in worn.home.iterdir():
            if path.name.startswith("ledger"):
                seen[path.name] = stat.S_IMODE(path.stat().st_mode)

    worn.sandbox.world.fault("call", path="invoices.list", action=look)
    usual = os.umask(mask)
    try:
        assert worn.run("import", "--days", "30", "--yes").code == 0
    finally:
        os.umask(usual)
    assert {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock"} <= set(seen)
    assert set(seen.values()) == {0o600}


def test_a_dry_run_leaves_no_copy_of_the_tokens(
    worn: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P0: the copy that a dry run works on is private, holds no token, and goes."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found: list[tuple[int, int]] = []

    def look(_: object) -> None:
        for path in tmp_path.glob("teamleader-twikey-*/*.db"):
            with closing(sqlite3.connect(path)) as copy:
                (count,) = copy.execute("SELECT count(*) FROM access").fetchone()
            found.append((stat.S_IMODE(path.stat().st_mode), count))

    worn.sandbox.world.fault("call", path="companies.list|contacts.list", action=look)
    assert worn.run("import", "--days", "30", "--dry-run").code == 0
    assert found
    assert set(found) == {(0o600, 0)}
    assert list(tmp_path.glob("teamleader-twikey-*")) == []
