"""Processes for real: killed, several at once, no room, no rights, odd clocks, a held file."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from flows.settings import LEDGER_NAME
from tests.flows.kills import kill_days
from tests.flows.office import Office, environment_of
from tests.flows.scenes import ROOT, OpenOffice, at, book_100, creates, in_november, program, run
from tests.flows.test_rebuild import money, writes

ROOM = (0, 4096, 16_384, 65_536)  # bytes that the log of the ledger may still grow by


# ---- killed


def test_killed_at_random_both_sides_end_as_on_a_quiet_day() -> None:
    """K1: 12 kills of the real command line; `make kills` makes 500 of them."""
    score = kill_days(12, 12, 3)
    assert score.wrong == []
    assert score.kills == 12


# ---- several at once


@pytest.mark.parametrize("count", [2, 4])
def test_of_several_at_once_one_works_and_the_others_leave(office: Office, count: int) -> None:
    """P0: two and four imports at the same moment: 3 for the losers, every invoice once."""
    for _ in range(12):
        office.sandbox.books.book()
    office.sandbox.world.fault("delay", path="invoices.list", seconds=3.0, times=1)
    with ExitStack() as stack:
        started = [
            stack.enter_context(program(office, "import", "--days", "30", "--yes"))
            for _ in range(count)
        ]
        codes = sorted(process.wait(60) for process in started)
    assert codes == [0, *[3] * (count - 1)]
    assert len(office.twikey_invoices()) == 12
    assert office.run("import", "--json").json["sent"] == 0


# ---- no room, no rights


def limited(office: Office, room: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program where no file may grow beyond what the ledger's files are now, and some."""
    most = max((p.stat().st_size for p in office.home.iterdir()), default=0) + room

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments], cwd=ROOT, env=environment_of(office),
        preexec_fn=limit, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_disk_that_is_full_at_any_moment_is_a_sentence(office: Office) -> None:
    """S1: the file cannot grow: exit code 1 and the cure; with room again all crosses once."""
    office.imports(days=30)
    for number in range(40):
        office.sandbox.books.book(number=f"2026 / {number}")
    codes = []
    for room in ROOM:
        done = limited(office, room, "import", "--days", "30", "--yes")
        codes.append(done.returncode)
        said = " ".join(done.stderr.split())
        assert "Traceback" not in said
        if done.returncode:
            assert done.returncode == 1
            assert "Free space" in said
    assert codes[0] == 1
    assert office.imports(days=30).held == 0
    assert len(office.twikey_invoices()) == 40
    assert all(count == 1 for count in _creates_by_id(office).values())


def _creates_by_id(office: Office) -> dict[str, int]:
    ids = [each["id"] for each in office.sandbox.twikey.dump()["invoices"]]
    return {each: ids.count(each) for each in ids}


def in_read_only(office: Office, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program where its home cannot be written; for root in a mount of its own."""
    command, home = [sys.executable, "-m", "flows.cli", *arguments], str(office.home)
    if os.geteuid() == 0:
        mounts = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"'
        alone = ["unshare", "-m", "sh", "-c"]
        if subprocess.run([*alone, mounts, home], capture_output=True, check=False).returncode:
            pytest.skip("root writes everywhere, and nothing can be mounted here")
        command = [*alone, f'{mounts} && exec "$@"', home, *command]
    office.home.chmod(0o500)
    try:
        return subprocess.run(
            command, cwd=ROOT, env=environment_of(office), capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
    finally:
        office.home.chmod(0o700)


def test_a_home_that_cannot_be_written_is_a_sentence(office: Office) -> None:
    """S1: a read-only home: one sentence with the cure, nothing sent, nothing lost."""
    office.sandbox.books.book()
    done = in_read_only(office, "import", "--days", "30")
    assert done.returncode == 1
    assert "rights" in done.stderr
    assert "Traceback" not in done.stderr
    assert creates(office) == []
    assert office.imports(days=30).sent == 1


def test_a_file_that_cannot_be_written_is_a_sentence(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: the same where the ledger alone is closed to us, for whoever is root as well."""
    office.sandbox.books.book()
    connect = sqlite3.connect
    monkeypatch.setattr(
        "connectors.ledger.store.sqlite3.connect",
        lambda path, **options: connect(f"file:{path}?mode=ro", uri=True, **options),
    )
    done = office.run("import", "--days", "30")
    assert done.code == 1
    assert "rights" in done.err + done.out
    monkeypatch.undo()
    assert office.imports(days=30).sent == 1


# ---- clocks


@pytest.mark.parametrize("before", ["2026-10-25T00:30", "2026-11-22T10:00"])
def test_a_clock_that_jumps_back_an_hour_loses_and_doubles_nothing(
    open_office: OpenOffice, before: str
) -> None:
    """Fault model: this machine an hour early, also in the hour that daylight saving repeats."""
    office = at(open_office(), datetime.fromisoformat(before).replace(tzinfo=UTC))
    office.grant()
    for number, hours in (("2026 / 1", 0), ("2026 / 2", -1), ("2026 / 3", 0)):
        office.clock.shift += timedelta(hours=hours)
        office.sandbox.world.advance(300)
        office.sandbox.books.book(number=number)
        office.imports(days=30) if number == "2026 / 1" else office.imports()
        office.sandbox.twikey.actions["pay_link"](number)
        for _ in range(2):
            assert run(office, "follow-up").code == 0
    assert sorted(office.twikey_invoices()) == ["2026 / 1", "2026 / 2", "2026 / 3"]
    assert {number: len(paid) for number, paid in money(office).items()} == dict.fromkeys(
        office.twikey_invoices(), 1
    )


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2024-11-04T22:59:50", "2024-11-04"),
        ("2024-03-30T22:59:50", "2024-03-30"),
        ("2024-10-26T21:59:50", "2024-10-26"),
    ],
    ids=["midnight", "spring", "autumn"],
)
def test_over_midnight_and_daylight_saving_days_stay_days(
    open_office: OpenOffice, moment: str, day: str
) -> None:
    """Decisions 3: ten seconds before midnight in Brussels, then after it: dates stay as booked."""
    office = in_november(open_office)
    at(office, datetime.fromisoformat(moment).replace(tzinfo=UTC))
    office.grant()
    book_100(office, date=day, due=day)
    assert office.imports(days=0).sent == 1
    office.sandbox.world.advance(20)
    office.clock.shift += timedelta(seconds=20)
    assert office.imports(days=0).read == 0
    office.sandbox.twikey.actions["pay_link"]("2024 / 100")
    assert run(office, "follow-up").code == 0
    (invoice,) = office.twikey_invoices().values()
    assert invoice["date"] == day
    assert len(money(office)["2024 / 100"]) == 1


# ---- a file that others hold


@contextmanager
def holding(office: Office, begin: str) -> Iterator[Callable[[], None]]:
    """Let somebody else sit in the ledger with an open transaction; it ends when asked."""
    over, begun = threading.Event(), threading.Event()

    def sit() -> None:
        with closing(sqlite3.connect(office.home / LEDGER_NAME, isolation_level=None)) as other:
            other.execute(begin)
            other.execute("SELECT count(*) FROM bookings").fetchone()
            begun.set()
            over.wait(30)
            other.execute("ROLLBACK")

    thread = threading.Thread(target=sit)
    thread.start()
    begun.wait(10)
    try:
        yield over.set
    finally:
        over.set()
        thread.join()


def test_a_reader_that_stays_for_long_disturbs_nobody(office: Office) -> None:
    """S1: somebody looks into the file for the length of a run: it works as ever."""
    office.sandbox.books.book()
    with holding(office, "BEGIN"):
        assert office.imports(days=30).sent == 1
        assert office.run("follow-up").code == 0
    assert office.run("import", "--json").json["sent"] == 0


def test_a_writer_is_waited_for_and_after_all_patience_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: a lock that goes is waited for, one that stays is a sentence; then all crosses once."""
    office.sandbox.books.book()
    with holding(office, "BEGIN IMMEDIATE") as release:
        monkeypatch.setattr("connectors.ledger.store.BUSY_SECONDS", 0.05)
        done = office.run("import", "--days", "30")
        assert done.code == 1
        assert "locked" in done.err + done.out
        assert writes(office) == []
        monkeypatch.setattr("connectors.ledger.store.BUSY_SECONDS", 20)
        threading.Timer(0.5, release).start()
        assert office.imports(days=30).sent == 1
    assert len(office.twikey_invoices()) == 1
