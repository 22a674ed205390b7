"""The command line (decisions 10): every verb, every exit code, and no traceback, ever."""

from __future__ import annotations

import json
import stat
import time
from pathlib import Path

import pytest

from flows import cli
from flows.settings import read_settings
from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    NUMBER,
    OpenOffice,
    book_100,
    no_secrets,
    program,
    run,
    said,
    set_up,
)

VERBS = ("init", "connect", "check", "import", "held", "retry", "status", "journey")


# ---- help and wrong usage


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    """Decisions 10: the first screen shows all verbs and what the exit codes mean."""
    assert cli.main(["--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for verb in VERBS:
        assert f" {verb} " in shown
    assert "64" in shown


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Decisions 10: each verb says in a sentence what it is for, and has --json."""
    assert cli.main([verb, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--json" in shown
    assert shown.partition("\n\n")[2].partition("\n\n")[0].rstrip().endswith((".", "?"))


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("imports",), ("import", "--dayz", "3"), ("import", "--days", "many"),
        ("import", "--since", "yesterday"), ("import", "--until", "2024-02-30"),
        ("import", "--days", "-1"), ("import", "--days", "99999"),
        ("import", "--days", "3", "--since", "2024-11-01"),
        ("import", "--since", "2024-11-02", "--until", "2024-11-01"),
        ("journey",), ("journey", "2024 / 999"), ("retry", "NOBODY"), ("check", "extra"),
        ("import", "--number"), ("status", "--connection"),
    ],
)  # fmt: skip
def test_wrong_usage_is_64_with_a_way_out(office: Office, arguments: tuple[str, ...]) -> None:
    """Decisions 10: exit code 64, one sentence, where to look, and nothing was done."""
    done = run(office, *arguments)
    assert done.code == 64
    assert done.out == ""
    assert "--help" in done.err or "is called" in done.err
    assert "Traceback" not in done.err
    assert office.calls("twikey") == []


# ---- exit codes


def test_0_is_clean(november: Office) -> None:
    """Decisions 10: everything crossed, nothing waits."""
    book_100(november)
    assert run(november, "import", "--days", "30").code == 0
    for verb in ("held", "status", "check"):
        assert run(november, verb).code == 0


def test_1_could_not_do_its_work(november: Office) -> None:
    """Decisions 10: the sentence and the cure go to standard error, nothing to the other."""
    (november.home / "config.toml").unlink()
    for verb in ("check", "import", "held", "status"):
        done = run(november, verb)
        assert (done.code, done.out) == (1, "")
        assert "teamleader-twikey init" in said(done)


def test_2_is_done_but_something_is_held(holding: Office) -> None:
    """Decisions 10: import, held and status end with 2 while something waits."""
    for verb in (["import", "--days", "30"], ["held"], ["status"]):
        assert run(holding, *verb).code == 2


def test_3_is_another_run_at_work(november: Office) -> None:
    """Decisions 10: a second run of a connection ends within a second and says who is at work."""
    book_100(november)
    with november.ledger() as ledger, ledger.lock.held("import", november.clock.now()):
        began = time.perf_counter()
        second = run(november, "import", "--days", "30")
        took = time.perf_counter() - began
    assert second.code == 3
    assert took < 1
    assert "Another run is at work: import (process " in said(second)
    assert november.calls("teamleader") == november.calls("twikey") == []
    assert run(november, "import", "--days", "30").code == 0


def test_3_in_a_process_of_its_own(office: Office) -> None:
    """Decisions 10: the real program beside a run at work: exit code 3, one sentence, at once."""
    office.sandbox.books.book()
    with office.ledger() as ledger, ledger.lock.held("import", office.clock.now()):
        with program(office, "import", "--days", "30", "--json") as second:
            out, err = second.communicate(timeout=20)
        with program(office, "status", "--json") as status:
            state = json.loads(status.communicate(timeout=20)[0])
    assert second.returncode == 3, err
    assert json.loads(out)["error"] == "AnotherRunAtWork"
    assert "Another run is at work" in state["at_work"]
    assert office.twikey_invoices() == {}


def test_looking_is_possible_while_a_run_is_at_work(holding: Office) -> None:
    """Decisions 10: held, status and journey never wait for the lock."""
    with holding.ledger() as ledger, ledger.lock.held("import", holding.clock.now()):
        assert run(holding, "held").code == 2
        assert "import (process" in said(run(holding, "status"))
        assert run(holding, "journey", NUMBER).code == 0


# ---- --json


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",), ("import", "--days", "30"), ("import", "--days", "30", "--dry-run"),
        ("import",), ("held",), ("held", "CURRENCY"), ("held", "NOTHING"), ("status",),
        ("journey", NUMBER), ("journey", CUSTOMER), ("retry", "2024 / 101"),
        ("retry", "all", "--later"), ("retry", "CURRENCY"),
    ],
)  # fmt: skip
def test_every_verb_speaks_json(holding: Office, arguments: tuple[str, ...]) -> None:
    """Decisions 10: standard output is one JSON value, with nothing else around it."""
    done = run(holding, *arguments, "--json")
    assert done.code in (0, 2)
    assert isinstance(done.json, dict | list)
    no_secrets(holding, done.out, done.err)


def test_troubles_are_json_too(november: Office) -> None:
    """Decisions 10: what stopped a verb comes with its sentence, advice and exit code."""
    november.sandbox.teamleader.authority.revoke()
    done = run(november, "import", "--days", "30", "--json")
    assert done.code == 1
    told = done.json
    assert (told["error"], told["exit_code"]) == ("Disconnected", 1)
    assert "connect" in told["advice"]
    no_secrets(november, done.out, done.err)


def test_the_json_of_an_import_adds_up(holding: Office) -> None:
    """C26: read = sent + known + skipped + held in the JSON as on the screen."""
    book_100(holding, number="2024 / 102")
    shown = run(holding, "import", "--days", "30", "--json").json
    parts = [shown[name] for name in ("sent", "known", "skipped", "held")]
    assert parts == [1, 1, 0, 1]
    assert shown["read"] == sum(parts)
    assert shown["exit_code"] == 2


def test_the_real_program_speaks_json(office: Office) -> None:
    """Decisions 10: `python -m flows.cli import --days 30 --json` in a process of its own."""
    office.sandbox.books.book()
    with program(office, "import", "--days", "30", "--json") as started:
        out, err = started.communicate(timeout=30)
    assert started.returncode == 0, err
    assert json.loads(out)["sent"] == 1
    assert len(office.twikey_invoices()) == 1
    no_secrets(office, out, err)


# ---- init


def test_init_writes_and_never_overwrites(open_office: OpenOffice) -> None:
    """Decisions 9: settings and .env are written once; what exists is left alone."""
    office = open_office(connected=False)
    (office.home / "config.toml").unlink()
    first = run(office, "init", "--profile", "1420")
    assert first.code == 0
    assert "connect" in first.out
    before = (office.home / "config.toml").read_text()
    second = run(office, "init", "--profile", "1421")
    assert (second.code, "exists already" in said(second)) == (64, True)
    assert (office.home / "config.toml").read_text() == before


@pytest.mark.parametrize("profile", ["abc", "", "-1", "1420.5", "14 20", "12345", "1\n2", "\u00b2"])
def test_init_with_what_is_no_profile_writes_nothing(open_office: OpenOffice, profile: str) -> None:
    """Guide 2: a slip in the number is told at once, not by a file that cannot be read."""
    office = open_office(connected=False)
    (office.home / "config.toml").unlink()
    done = run(office, "init", f"--profile={profile}")
    assert (done.code, "--profile must be a Twikey profile number" in said(done)) == (64, True)
    assert not (office.home / "config.toml").exists()


@pytest.mark.parametrize(("typed", "profile"), [("1420", "1420"), (" 42 ", "42"), ("0042", "42")])
def test_what_init_writes_can_be_read(open_office: OpenOffice, typed: str, profile: str) -> None:
    """Guide 2: the file of ``init`` is a whole one, whatever digits were typed."""
    office = open_office(connected=False)
    (office.home / "config.toml").unlink()
    assert run(office, "init", "--profile", typed).code == 0
    assert read_settings(office.home / "config.toml").new_customer_profile == profile


def test_init_makes_a_private_home(open_office: OpenOffice) -> None:
    """Decisions 9: a home that is not there yet is made, for its owner alone."""
    office = open_office(connected=False)
    home = office.home / "new" / "home"
    office.environment["TEAMLEADER_TWIKEY_HOME"] = str(home)
    shown = run(office, "init", "--json").json
    assert Path(shown["config"]).is_file()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(shown["env"]).stat().st_mode) == 0o600


def test_init_where_nothing_can_be_written(open_office: OpenOffice) -> None:
    """Decisions 9: a home that cannot be made is one sentence."""
    office = open_office(connected=False)
    (office.home / "file").touch()
    office.environment["TEAMLEADER_TWIKEY_HOME"] = str(office.home / "file" / "home")
    done = run(office, "init")
    assert done.code == 1
    assert "cannot be written" in said(done)


# ---- dry run


def test_a_dry_run_changes_nothing_anywhere(november: Office) -> None:
    """Decisions 1: the plan is shown and thrown away: both sides and the ledger are untouched."""
    book_100(november)
    with november.ledger() as ledger:
        before = ledger.desk.stages()
    planned = run(november, "import", "--days", "30", "--dry-run")
    assert planned.code == 0
    assert "EUR 121.00" in planned.out
    assert november.twikey_invoices() == {}
    with november.ledger() as ledger:
        assert ledger.desk.stages() == before
        assert ledger.runs.last() == []


# ---- numbers and the brake


def test_an_import_by_number_takes_only_that(november: Office) -> None:
    """Guide 5: --number brings the invoices named and nothing else."""
    for number in (NUMBER, "2024 / 101", "2024 / 102"):
        book_100(november, number=number)
    assert run(november, "import", "--number", NUMBER, "2024 / 102").code == 0
    assert sorted(november.twikey_invoices()) == [NUMBER, "2024 / 102"]


def test_a_number_that_is_not_there_is_said(november: Office) -> None:
    """Guide 5: a number nobody has is told by name and creates nothing."""
    done = run(november, "import", "--number", "2024 / 999")
    assert "2024 / 999" in said(done)
    assert november.twikey_invoices() == {}
    for number in ("CN2024/3", "2024/3"):
        done = run(november, "import", "--number", number)
        assert "a credit note comes by its date" in said(done)


def test_the_brake_asks_for_yes(november: Office) -> None:
    """A23: more than the settings allow stops before anything is sent; --yes releases it."""
    for place in range(3):
        book_100(november, number=f"2024 / {100 + place}")
    set_up(november, tables="[brake]\nbookings = 2")
    stopped = run(november, "import", "--days", "30")
    assert stopped.code == 1
    assert "--yes" in stopped.err
    assert november.twikey_invoices() == {}
    assert run(november, "import", "--days", "30", "--yes").code == 0
    assert len(november.twikey_invoices()) == 3
