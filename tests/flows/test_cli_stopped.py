"""Stopped, broken, or asked the impossible: always a sentence, never a traceback (decisions 10)."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.flows.office import Office, Outcome, environment_of
from tests.flows.scenes import (
    CUSTOMER,
    ROOT,
    OpenOffice,
    book_100,
    creates,
    program,
    run,
    said,
)

# ---- stopped from outside


def interrupt(office: Office, path: str, number: signal.Signals, *arguments: str) -> Any:
    """Run the program and send it a signal at its first call to a path; return what it said."""
    started: list[Any] = []
    office.sandbox.world.fault(
        "call", path=path, times=1, action=lambda _: started[0].send_signal(number)
    )
    with program(office, *arguments) as process:
        started.append(process)
        out, err = process.communicate(timeout=30)
    return Outcome(process.returncode, out, err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_says_what_is_done_and_goes_on(office: Office, number: Any) -> None:
    """A20: Ctrl-C and SIGTERM while reading: a sentence, exit code 1, and the next run does all."""
    office.sandbox.books.book()
    done = interrupt(office, "invoices.list", number, "import", "--days", "30")
    assert done.code == 1
    assert done.err.startswith("Stopped.")
    assert "ledger" in done.err
    assert "Traceback" not in done.err
    with office.ledger() as ledger:
        assert not ledger.lock.is_held()
    assert office.imports(days=30).sent == 1


def test_stopped_in_the_middle_of_a_create_nothing_is_sent_twice(office: Office) -> None:
    """C19: SIGTERM between the create and its answer: the next run looks and does not repeat."""
    office.sandbox.books.book()
    done = interrupt(office, "/creditor/invoice$", signal.SIGTERM, "import", "--days", "30")
    assert done.code == 1
    report = office.imports(days=30)
    assert (report.read, report.held) == (1, 0)
    assert len(creates(office)) == len(office.twikey_invoices()) == 1


@pytest.mark.parametrize("verb", ["check", "--help"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_is_no_accident(office: Office, verb: str, unbuffered: str) -> None:
    """Decisions 10: `check | head` ends quietly, without a traceback, however Python buffers."""
    with program(office, verb, PYTHONUNBUFFERED=unbuffered) as started:
        assert started.stdout is not None
        started.stdout.close()
        started.stdout = None
        assert started.wait(20) in (0, 1)
        assert started.stderr is not None
        assert started.stderr.read() == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_disk_too_full_for_the_result_is_told(office: Office, unbuffered: str) -> None:
    """Decisions 10: what a verb says goes to a file, and the disk is full: a sentence, code 1."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli", "held"],
            cwd=ROOT, env=environment_of(office) | {"PYTHONUNBUFFERED": unbuffered},
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("What there is to say cannot be written: No space left")
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_nowhere_to_write_is_no_accident(office: Office, closed: str) -> None:
    """Decisions 10: started without standard output, as some schedulers do, a verb still works."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m flows.cli held {closed}', sys.executable],
        cwd=ROOT, env=environment_of(office), capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


# ---- no traceback, whatever happens


def test_a_fault_of_the_program_is_one_sentence(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Decisions 10: even a bug says a sentence; its details are in a private file."""

    def broken(*_: object) -> int:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("flows.verbs.status", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = run(office, "status")
    assert done.code == 1
    assert "Traceback" not in done.err
    (details,) = tmp_path.glob("teamleader-twikey-*.txt")
    assert str(details) in done.err
    assert "unforeseen" in details.read_text()
    assert stat.S_IMODE(details.stat().st_mode) == 0o600


@pytest.mark.parametrize("verb", ["import", "held", "status", "check"])
def test_a_ledger_that_is_none_is_one_sentence(open_office: OpenOffice, verb: str) -> None:
    """Decisions 10: a file that is no database is told with its path and left as it is."""
    office = open_office(connected=False)
    path = office.home / "ledger.db"
    path.write_text("this is no database, however long it may be " * 100)
    done = run(office, verb)
    assert done.code == 1
    assert "Traceback" not in said(done)
    assert "ledger.db" in said(done)
    assert path.read_text().startswith("this is no database")


def test_nothing_from_outside_moves_the_cursor(november: Office) -> None:
    """Decisions 10: control characters in names and numbers never reach the terminal."""
    november.sandbox.books.edit_customer(CUSTOMER, name="Klant \x1b[2J\u202e NV")
    book_100(november, number="2024 / 7\x1b[31m", currency="USD")
    for verb in (["import", "--days", "30"], ["held"], ["status"]):
        shown = run(november, *verb)
        assert "\x1b" not in shown.out + shown.err
        assert "\u202e" not in shown.out + shown.err
