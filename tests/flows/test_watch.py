"""Acceptance B13 and A30: silence is noticed, and what is late is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connectors.http import read_json
from flows.follow_up import FollowUpRequest, follow_up
from tests.flows.listener import Listener, listening
from tests.flows.office import Office
from tests.flows.scenes import (
    MORNING,
    NUMBER,
    at,
    book_100,
    free_port,
    known,
    run,
    said,
    set_up,
)

MINUTE = timedelta(minutes=1)
ADDRESS = "a-secret-address"


@pytest.fixture
def switch(november: Office) -> Iterator[Listener]:
    """Open a dead-man's switch that this office pings."""
    with listening() as listener:
        november.environment["TEAMLEADER_TWIKEY_PING_URL"] = f"{listener.url}/{ADDRESS}"
        yield listener


def codes(office: Office) -> dict[str, str]:
    """Return what ``status`` alerts to: code -> number, or what it is about."""
    rows = run(office, "status", "--json").json["alerts"]
    return {row["code"]: row["number"] or row["booking_id"] for row in rows}


def twikey_away(office: Office) -> None:
    """Let Twikey answer nothing from now on."""
    office.sandbox.world.fault("status", service="twikey", status=503)


# ---- B13: the dead-man's switch


def test_clean_runs_ping_and_plans_do_not(november: Office, switch: Listener) -> None:
    """B13: a run that did its work pings once, also with a work list; plans and parts do not."""
    book_100(november)
    assert run(november, "import", "--days", "30", "--dry-run").code == 0
    assert switch.calls == []
    assert run(november, "import", "--days", "30", "--yes").code == 0
    book_100(november, number="2024 / 101", currency="USD")
    assert run(november, "import").code == 2
    assert switch.calls == [("GET", f"/{ADDRESS}", "")] * 2
    for part in (["--pdfs"], ["--payments"], ["--invitations"]):
        run(november, "follow-up", *part)
    run(november, "import", "--number", NUMBER)
    run(november, "retry")
    assert len(switch.calls) == 2
    assert run(november, "follow-up", "--scheduled").code == 0
    assert len(switch.calls) == 3


def test_a_run_that_could_not_work_does_not_ping(november: Office, switch: Listener) -> None:
    """B13: neither a run that was stopped nor one that found another at work keeps it quiet."""
    known(november)
    switch.calls.clear()
    with november.ledger() as ledger, ledger.lock.held("import", november.clock.now()):
        assert run(november, "import").code == 3
    twikey_away(november)
    assert run(november, "import").code == 1
    assert switch.calls == []


def test_each_flow_may_have_a_switch_of_its_own(november: Office, switch: Listener) -> None:
    """B13: a follow-up that hangs is not hidden by an import that works."""
    november.environment["TEAMLEADER_TWIKEY_PING_URL_FOLLOW_UP"] = f"{switch.url}/other?up=1"
    known(november)
    assert run(november, "follow-up").code == 0
    assert switch.paths() == [f"/{ADDRESS}", "/other?up=1"]


@pytest.mark.parametrize("how", ["gone", 404, 500, 302])
def test_a_switch_that_fails_is_a_note_and_nothing_else(
    november: Office, switch: Listener, how: str | int
) -> None:
    """B13: whatever the switch answers, the run stays as it is, its address hidden."""
    if how == "gone":
        november.environment["TEAMLEADER_TWIKEY_PING_URL"] = (
            f"http://127.0.0.1:{free_port()}/{ADDRESS}"
        )
    else:
        switch.status, switch.location = int(how), f"{switch.url}/elsewhere" if how == 302 else ""
    book_100(november)
    done = run(november, "import", "--days", "30", "--yes")
    assert done.code == 0
    assert "the dead-man's switch was not pinged: it " in said(done)
    assert ADDRESS not in done.out + done.err
    assert len(switch.calls) <= 1


@pytest.mark.parametrize("name", ["PING_URL", "PING_URL_IMPORT", "WEBHOOK_URL"])
def test_a_wrong_address_is_told_without_quoting_it(november: Office, name: str) -> None:
    """Decisions 9: plain http is for this machine, and what is wrong is named, not shown."""
    november.environment[f"TEAMLEADER_TWIKEY_{name}"] = f"http://hooks.example.com/{ADDRESS}"
    done = run(november, "import")
    assert done.code == 1
    assert f"TEAMLEADER_TWIKEY_{name} must start with https" in said(done)
    assert ADDRESS not in done.out + done.err


# ---- A30: what is late is named


def test_what_twikey_keeps_away_for_an_hour_is_named(november: Office) -> None:
    """A30: booked at 09:01 with Twikey away: from 10:01 on it is named; it settles by itself."""
    known(november)
    at(november, MORNING + MINUTE)
    book_100(november, date="2024-11-04")
    twikey_away(november)
    for minutes in (15, 30, 45, 55):
        at(november, MORNING + minutes * MINUTE)
        assert run(november, "import").code == 1
        assert codes(november) == {}
    at(november, MORNING + 75 * MINUTE)
    assert run(november, "import").code == 1
    assert codes(november) == {"BEHIND": "import", "NOT_YET_IN_TWIKEY": NUMBER}
    assert "09:01" in said(run(november, "status"))
    assert run(november, "status").code == 2
    november.sandbox.world.faults.clear()
    at(november, MORNING + 90 * MINUTE)
    done = run(november, "import")
    assert (done.code, codes(november)) == (0, {})
    assert (
        f"1 came later than an hour after they were booked, because no import ended well since "
        f"2024-11-04 09:00: {NUMBER}" in said(done)
    )
    assert NUMBER in november.twikey_invoices()


def test_what_a_run_left_is_named_although_no_run_follows(november: Office) -> None:
    """A30: read and not sent, and then the schedule is dead: a look at the status names it."""
    known(november)
    at(november, MORNING + MINUTE)
    book_100(november, date="2024-11-04")
    at(november, MORNING + 15 * MINUTE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.import_booked.decide_and_apply", _killed)
        with pytest.raises(SystemExit):
            november.imports()
    assert codes(november) == {}
    at(november, MORNING + 80 * MINUTE)
    assert codes(november) == {"BEHIND": "import", "NOT_YET_IN_TWIKEY": NUMBER}
    assert november.imports().sent == 1
    assert codes(november) == {}


def _killed(*_: object) -> None:
    raise SystemExit(137)


def test_what_waits_for_a_person_is_not_late(november: Office) -> None:
    """A30: held and skipped are told as such, and are no alert of their own."""
    known(november)
    book_100(november, number="2024 / 101", currency="USD")
    book_100(november, number="2024 / 102", amount=0)
    for minutes in range(15, 91, 15):
        at(november, MORNING + minutes * MINUTE)
        assert november.imports().alerts == []
    assert codes(november) == {}


@pytest.mark.parametrize("line", ["automatic = false", "[watch]\nlate_after_hours = 0"])
def test_nobody_is_late_where_nobody_waits(november: Office, line: str) -> None:
    """A30: with automatic off, or the limit at 0, nothing is behind."""
    known(november)
    if line.startswith("["):
        set_up(november, tables=line)
    else:
        set_up(november, line)
    at(november, MORNING + timedelta(days=2))
    assert codes(november) == {}


def test_the_limit_is_a_setting(november: Office) -> None:
    """A30: who imports twice a day says so, and is behind after that time only."""
    known(november)
    set_up(november, tables="[watch]\nlate_after_hours = 12")
    at(november, MORNING + timedelta(hours=11))
    assert codes(november) == {}
    at(november, MORNING + timedelta(hours=13))
    assert codes(november) == {"BEHIND": "import"}


def test_a_follow_up_shows_what_is_late_too(november: Office) -> None:
    """A30: while the import is stopped, the follow-up's summary and exit code tell of it."""
    known(november)
    at(november, MORNING + MINUTE)
    book_100(november, date="2024-11-04")
    twikey_away(november)
    at(november, MORNING + 75 * MINUTE)
    assert run(november, "import").code == 1
    november.sandbox.world.faults.clear()
    with november.connection() as connection:
        report = follow_up(connection, FollowUpRequest())
    assert [row["code"] for row in report.alerts] == ["NOT_YET_IN_TWIKEY"]
    assert report.exit_code == 2


# ---- C37: after downtime


def test_after_a_downtime_forty_missed_are_forty_reported(november: Office) -> None:
    """C37: 40 documents in a day without runs: the next run reports 40, the late ones by name."""
    known(november)
    at(november, MORNING + MINUTE)
    for place in range(40):
        book_100(november, number=f"2024 / {200 + place}", date="2024-11-04")
    at(november, MORNING + timedelta(days=1))
    report = november.imports()
    assert (report.read, report.sent, report.known) == (41, 40, 1)  # known: the overlap
    (note,) = [note for note in report.notes if "later than" in note]
    assert note.startswith("40 came later than an hour")
    assert note.endswith("2024 / 200, 2024 / 201, 2024 / 202, 2024 / 203, 2024 / 204 and 35 more")


def test_a_backfill_after_a_downtime_says_why_fewer(november: Office) -> None:
    """C37: of 40 missed, 37 can be sent: a backfill reports all 40, three with their reasons."""
    known(november)
    for place in range(37):
        book_100(november, number=f"2024 / {200 + place}", date="2024-11-04")
    book_100(november, number="2024 / 301", date="2024-11-04", currency="USD")
    book_100(november, number="2024 / 302", date="2024-11-04", amount=0)
    book_100(november, number="2024 / 303", date="2024-11-04", due=None)
    at(november, MORNING + timedelta(days=1))
    done = run(november, "import", "--since", "2024-11-04", "--json")
    told = done.json
    assert (told["read"], told["sent"], told["held"], told["skipped"]) == (40, 37, 2, 1)
    assert sum(told["reasons"].values()) == 3
    assert read_json(done.out.encode()) == told
