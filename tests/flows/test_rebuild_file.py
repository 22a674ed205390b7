"""The file of a rebuild: told as damaged, kept as it was, replaced in one step or not at all."""

from __future__ import annotations

import io
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from connectors.errors import LedgerUnusable
from connectors.ledger.lock import alone
from connectors.ledger.store import SCHEMA_VERSION
from flows import rebuild_verbs
from flows.rebuild import RebuildReport
from flows.screen import Screen
from tests.connectors.ledger.test_released import FILES, older
from tests.flows.office import Office
from tests.flows.scenes import OpenOffice, program
from tests.flows.test_rebuild import (
    drop,
    flip,
    overwrite,
    path_of,
    rebuilt,
    truncate,
    writes,
)
from tests.sandbox.world import Call


@pytest.mark.parametrize("damage", [truncate, flip, overwrite, drop("runs")])
def test_every_verb_says_in_a_sentence_that_the_ledger_is_damaged(
    office: Office, damage: object
) -> None:
    """Decisions 10: found at the start of any run, told with the cure, and nothing is done."""
    office.sandbox.books.book()
    office.imports(days=30)
    damage(office)  # type: ignore[operator]  # each is a function of the office
    office.forget_calls()
    for verb in (["import", "--days", "30"], ["follow-up"]):
        done = office.run(*verb)
        assert done.code == 1
        assert "teamleader-twikey rebuild" in done.err + done.out
        assert "Traceback" not in done.err + done.out
    assert writes(office) == []


def test_nothing_is_changed_without_yes(office: Office) -> None:
    """Decisions 1: the look comes first; the damaged file is as it was, byte for byte."""
    office.sandbox.books.book()
    office.imports(days=30)
    flip(office)
    before = path_of(office).read_bytes()
    for arguments, code in ((["--dry-run"], 0), ([], 1)):
        done = office.run("rebuild", *arguments)
        assert done.code == code, done.err
        assert "would be known again" in done.out
        assert "--yes" in done.out
        assert path_of(office).read_bytes() == before
    assert office.run("rebuild", "--yes", "--dry-run").code == 64


def test_the_damaged_file_is_kept_whole(office: Office) -> None:
    """Decisions 3: evidence is never destroyed; two rebuilds keep two files."""
    office.sandbox.books.book()
    office.imports(days=30)
    for count in (1, 2):
        flip(office)
        before = path_of(office).read_bytes()
        kept = rebuilt(office).json["kept_as"]
        assert before in [p.read_bytes() for p in office.home.glob("ledger-broken-*.db")]
        assert (office.home / kept).stat().st_mode & 0o777 == 0o600
        assert len(list(office.home.glob("ledger-broken-*.db"))) >= count
    left = {p.name for p in office.home.iterdir() if "broken" not in p.name}
    assert left <= {"config.toml", "ledger.db", "ledger.lock", "ledger.db-wal", "ledger.db-shm",
                    "ledger.db.new"}  # fmt: skip


def test_a_sound_ledger_is_not_rebuilt_unless_it_is_meant(office: Office) -> None:
    """Decisions 10: a sentence and 64; with --anyway the same comes out."""
    office.sandbox.books.book()
    office.imports(days=30)
    refused = office.run("rebuild", "--yes")
    assert refused.code == 64
    assert "nothing to rebuild" in refused.err
    done = office.run("rebuild", "--yes", "--anyway", "--json")
    assert (done.code, done.json["standing"]) == (0, 1)
    assert office.run("import", "--json").json["sent"] == 0


def test_the_journeys_and_the_run_book_come_along(office: Office) -> None:
    """Decisions 3: what can be read of the old file is saved."""
    booking = office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    drop("invitations")(office)
    assert rebuilt(office).code == 0
    (story,) = office.run("journey", "2026 / 1", "--json").json["stories"]
    assert story["id"] == booking
    told = [event["what"] for event in story["events"]]
    assert "created in Twikey" in told
    assert told[-1] == "found again in Twikey after the loss of the ledger"


@pytest.mark.parametrize("dump", FILES, ids=lambda file: file.stem)
def test_a_damaged_ledger_of_an_older_version_is_rebuilt_too(office: Office, dump: Path) -> None:
    """T18: an older shape, cut off at its end, is no obstacle."""
    path_of(office).unlink()
    older(path_of(office), dump)
    content = path_of(office).read_bytes()
    path_of(office).write_bytes(content[:-4096])
    office.sandbox.books.book()
    assert rebuilt(office).code == 0
    with closing(sqlite3.connect(path_of(office))) as ledger:
        assert ledger.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_newer_ledger_is_left_to_its_program(office: Office) -> None:
    """T18: it is not damaged, only newer: one sentence, and it stays where it is."""
    with closing(sqlite3.connect(path_of(office))) as ledger:
        ledger.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    for verb in (["status"], ["import", "--days", "3"], ["rebuild", "--yes"]):
        done = office.run(*verb)
        assert done.code == 1
        assert "written by a newer version" in done.err + done.out
    assert not list(office.home.glob("*broken*"))


# ---- others at work, and being killed


READS = """
import sqlite3, sys
ledger = sqlite3.connect(sys.argv[1])
ledger.execute("SELECT count(*) FROM runs").fetchone()
print("open", flush=True)
sys.stdin.read()
"""


def test_a_rebuild_leaves_while_a_run_is_at_work(office: Office) -> None:
    """P0: also where the ledger itself cannot be opened: exit code 3, and nothing is moved."""
    office.imports(days=30)
    flip(office)
    with alone(office.home / "ledger.lock"):
        assert office.run("rebuild", "--yes").code == 3
    assert not list(office.home.glob("*broken*"))


def test_a_file_that_somebody_has_open_is_not_replaced(office: Office) -> None:
    """P0: who closes an old file later would take the new one's log away: exit code 3."""
    office.sandbox.books.book()
    office.imports(days=30)
    drop("invitations")(office)
    command = [sys.executable, "-c", READS, str(path_of(office))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        done = office.run("rebuild", "--yes")
        assert (done.code, list(office.home.glob("*broken*"))) == (3, [])
        assert "has the ledger open" in done.err + done.out
        other.communicate()
    assert rebuilt(office).code == 0


def test_killed_at_any_call_a_rebuild_begins_anew(open_office: OpenOffice) -> None:
    """K1: SIGKILL at each of its calls: the old file stays until the new one is whole."""
    office = open_office()
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_link"]("2026 / 1")
    assert office.run("follow-up").code == 0
    drop("invitations")(office)
    before = path_of(office).read_bytes()
    for at in (1, 2, 4, 6):
        seen: list[Call] = []

        def kill(call: Call, seen: list[Call] = seen, at: int = at) -> None:
            seen.append(call)
            if len(seen) == at:
                started.send_signal(signal.SIGKILL)

        office.sandbox.world.fault("call", path="", times=100, action=kill)
        with program(office, "rebuild", "--yes") as started:
            started.communicate(timeout=30)
        office.sandbox.world.faults.clear()
        assert path_of(office).read_bytes() == before
    assert rebuilt(office).code == 0
    office.forget_calls()
    assert office.run("import", "--json").json["sent"] == 0
    assert office.run("follow-up").code == 0
    assert writes(office) == []


def test_a_disk_without_room_leaves_the_old_file(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: what cannot be copied is not replaced."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    office.imports(days=30)
    flip(office)
    before = path_of(office).read_bytes()
    monkeypatch.setattr("connectors.ledger.salvage.shutil.copyfile", full)
    done = office.run("rebuild", "--yes")
    assert (done.code, path_of(office).read_bytes()) == (1, before)
    said = " ".join((done.err + done.out).split())
    assert "No space left on device" in said
    assert LedgerUnusable.advice in said


def test_every_line_fits_the_screen() -> None:
    """P12: the verdict over a large ledger is folded, not cut off at the edge."""
    report = RebuildReport(
        "2026-01-01", plan_only=True, dry_run=False, standing=50_000, payments=45_678,
        standing_cents=123_456_789_00, held=1_234, left=1_234, missed=12,
    )  # fmt: skip
    printed = io.StringIO()
    rebuild_verbs._show(Screen(stream=printed), report)
    assert "1234 left to the next import" in " ".join(printed.getvalue().split())
    assert max(map(len, printed.getvalue().splitlines())) <= 100
