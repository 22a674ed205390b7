"""A20, A23: the first load is silent and told, and a large one goes on where it broke off."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import BrakePulled
from flows.import_booked import ImportRequest, import_booked
from flows.progress import Progress
from tests.flows.killing import Job, Program
from tests.flows.office import CONFIG, Office
from tests.flows.scenes import WalkingClock, option, run, said, with_field

OpenOffice = Callable[..., Office]
MAILS = CONFIG.replace('invitation = "off"', 'invitation = "twikey"\nneeds_pdf = false')
JOB = CONFIG.replace('invitation = "off"', 'invitation = "job"\nneeds_pdf = false')


def mails(office: Office) -> int:
    """Return how many invitations left Twikey, whoever asked for them."""
    return len(office.sandbox.twikey.dump()["invites"])


def first_load(office: Office, config: str, count: int = 3) -> Office:
    """Set an office up before its first load; its profile in Twikey mails at booking."""
    office.configure(config)
    office.sandbox.twikey.actions["set_profile"](1420, send_on_booking=True)
    for _ in range(count):
        office.sandbox.books.book()
    return office


# ---- A23: who would be mailed


def test_a_first_load_on_a_profile_that_mails_stops_with_the_count(office: Office) -> None:
    """A23: it names profile, number and what to switch; nothing is sent until a person says yes."""
    first_load(office, MAILS)
    stopped = run(office, "import", "--days", "30")
    assert stopped.code == 1
    assert "profile 1420 may mail 3 invitations by itself" in said(stopped)
    assert "cannot stop" in said(stopped)
    assert 'set invitation = "off" under [profiles.1420]' in said(stopped)
    assert (office.twikey_invoices(), mails(office)) == ({}, 0)
    plan = run(office, "import", "--days", "30", "--dry-run")
    assert plan.code == 0
    assert "profile 1420 may mail 3 invitations by itself" in said(plan)
    assert run(office, "import", "--days", "30", "--yes").code == 0
    assert mails(office) == 3


def test_sending_that_is_declared_off_needs_no_word(office: Office) -> None:
    """A23: switched off in Twikey and declared so, a first load goes through and mails nobody."""
    first_load(office, CONFIG)
    office.sandbox.twikey.actions["set_profile"](1420, send_on_booking=False)
    assert run(office, "import", "--days", "30").code == 0
    assert (len(office.twikey_invoices()), mails(office)) == (3, 0)


def test_where_this_program_invites_none_leave_and_the_plan_says_so(office: Office) -> None:
    """A23: with "job" a first load is silent: told in the plan and after it, 0 invitations."""
    office.configure(JOB)
    for _ in range(3):
        office.sandbox.books.book()
    for arguments in (("--dry-run",), ()):
        outcome = run(office, "import", "--days", "30", *arguments)
        assert outcome.code == 0
        assert "3 invitations not sent" in said(outcome)
    run(office, "follow-up")
    assert mails(office) == 0


def test_invite_says_how_many_leave(office: Office) -> None:
    """A23: said otherwise, the plan tells how many this program sends, and they leave."""
    office.configure(JOB)
    office.sandbox.books.book()
    plan = run(office, "import", "--days", "30", "--invite", "--dry-run")
    assert "1 invitation to be sent by this program" in said(plan)
    run(office, "import", "--days", "30", "--invite")
    run(office, "follow-up")
    assert mails(office) == 1


def test_the_count_is_by_profile_and_leaves_out_who_has_no_address(office: Office) -> None:
    """A23: routed by a custom field, only the profiles that mail count, with customers to mail."""
    with_field(office)
    config = (office.home / "config.toml").read_text(encoding="utf-8")
    office.configure(
        config.replace('"off"', '"twikey"') + '\n[profiles.1421]\ninvitation = "off"\n'
    )
    books = office.sandbox.books
    books.book()
    books.book(customer=books.new_customer(email=None))
    books.book(field_value=option(office, "1421"))
    with pytest.raises(BrakePulled, match="profile 1420 may mail 1 invitation"):
        office.imports(days=30, yes=False)


def test_a_load_beyond_the_brake_says_whom_it_would_mail(office: Office) -> None:
    """A23: not the first, but too large: the brake names the mails as well."""
    office.configure(MAILS)
    office.sandbox.books.book()
    office.imports(days=30)
    office.configure(MAILS + "[brake]\nbookings = 2\n")
    for _ in range(3):
        office.sandbox.books.book()
    with pytest.raises(BrakePulled) as stopped:
        office.imports(days=30, yes=False)
    assert "3 invoices" in str(stopped.value)
    assert "may mail 3 invitations" in str(stopped.value)


def test_an_undone_first_load_stays_silent_when_it_comes_again(office: Office) -> None:
    """A23, A22: what was silent stays so in its next life, unless invitations are asked for."""
    office.configure(JOB)
    for _ in range(2):
        office.sandbox.books.book()
    office.imports(days=30)
    for arguments, left in (({}, 0), ({"invite": True}, 2)):
        assert run(office, "undo", "last", "--yes").code == 0
        assert run(office, "undo", "--forget", "last").code == 0
        assert office.imports(days=30, **arguments).sent == 2
        run(office, "follow-up")
        assert mails(office) == left


# ---- A20: a large one


def test_what_broke_off_does_not_stop_the_schedule(office: Office) -> None:
    """A20: a large import that broke off waits for its --yes; scheduled runs go on without it."""
    office.sandbox.books.book()
    office.imports(days=30)
    old = [office.sandbox.books.book(date="2020-01-15", due="2020-02-14") for _ in range(3)]
    office.sandbox.world.fault(
        "status", service="twikey", method="POST", path="/invoice$", nth=2, status=403,
        headers={"ApiErrorCode": "err_not_authorised", "ApiError": "Not authorised"},
    )  # fmt: skip
    assert run(office, "import", "--since", "2020-01-01", "--yes").code == 1
    office.sandbox.world.faults.clear()
    office.clock.shift += timedelta(minutes=1)
    office.sandbox.books.book()
    scheduled = run(office, "import", "--json")
    assert (scheduled.code, scheduled.json["sent"]) == (0, 1), said(scheduled)
    assert any("an earlier import had read" in note for note in scheduled.json["notes"])
    again = run(office, "import", "--since", "2020-01-01", "--yes", "--json")
    assert (again.code, again.json["sent"]) == (0, 2)
    assert {row["ref"] for row in office.twikey_invoices().values()} >= set(old)
    assert run(office, "import", "--json").json["notes"] == []


@pytest.mark.parametrize("moment", ["/invoices.info", "/creditor/invoice/bulk"])
def test_a_large_import_that_is_killed_goes_on_and_reads_again_cheaply(
    open_office: OpenOffice, tmp_path: Path, moment: str
) -> None:
    """A20: kill -9 while reading, or after a bulk left: the same again does the rest, none twice.

    What costs a call for each invoice is not read a second time.
    """
    office = open_office(150, days=390, odd=0.0, rate_limit=10_000, twikey_detail_limit=None)
    with_field(office)
    home = tmp_path / "killed"
    shutil.copytree(office.home, home)
    office.sandbox.control.remember("first")
    with Program() as program:
        job = Job(home, office.environment, {"days": 400})
        whole = program.imports(job)[0]
        everything = office.twikey_invoices().keys()
        point = [n for n, p in enumerate(whole.points, 1) if p == f"after POST {moment}"][-1]
        office.sandbox.control.restore("first")
        shutil.rmtree(home)
        shutil.copytree(office.home, home)
        killed = program.killed(job, point)
        again, once_more = program.imports(job, times=2)
    assert killed.killed_at == f"after POST {moment}"
    assert office.twikey_invoices().keys() == everything
    assert len(everything) == whole.report["sent"] > 100
    details = "before POST /invoices.info"
    assert (whole.points.count(details) > 100, again.points.count(details) <= 1) == (True, True)
    assert again.trouble is once_more.trouble is None
    assert once_more.report["known"] == once_more.report["read"]
    assert [p for p in once_more.points if p.startswith("before POST /creditor")] == []


def test_progress_and_waits_are_shown(open_office: OpenOffice) -> None:
    """A20: a line tells how many of how many are done, and each longer wait with its reason."""
    office = open_office(60, connected=False, days=390, odd=0.0, rate_limit=2)
    office.clock = WalkingClock(office.sandbox.world)
    office.grant()
    out = io.StringIO()
    progress = Progress(out)
    told: list[tuple[str, int, int | None]] = []
    with office.connection() as connection:
        connection.on_wait = progress.waiting
        import_booked(
            connection,
            ImportRequest(days=400, yes=True),
            tell=lambda what, done, total: told.append((what, done, total)),
        )
    sent = len(office.twikey_invoices())
    assert ("deciding and sending", sent, sent) in told
    assert any(what == "reading customers" and total for what, _, total in told)
    assert "waiting" in out.getvalue()
