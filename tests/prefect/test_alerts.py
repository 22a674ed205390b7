"""Acceptance B13: Prefect's server raises alerts, installed by one command, told to a webhook."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from flows import cli
from tests.flows.listener import Listener, listening
from tests.flows.office import Office
from tests.flows.scenes import said as spoken
from tests.prefect.place import Prefect, until

pytestmark = pytest.mark.prefect
PATH = "hook-with-a-secret-in-it"
SOON = 30.0


@pytest.fixture(autouse=True)
def nothing_watched(prefect: Prefect) -> None:
    """Begin with a server that watches nothing and tells nobody."""
    for kind in ("automations", "block_documents"):
        for each in prefect.api(f"{kind}/filter"):
            prefect.api(f"{kind}/{each['id']}", method="DELETE")


@pytest.fixture
def webhook(under_prefect: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """Listen for what the server tells, at the address in the environment."""
    with listening() as listener:
        monkeypatch.setenv("TEAMLEADER_TWIKEY_WEBHOOK_URL", f"{listener.url}/{PATH}")
        yield listener


def installed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    """Install the automations with the command line; return what it says to machines."""
    capsys.readouterr()
    assert cli.main(["automations", "--json", *arguments]) == code
    printed = capsys.readouterr()
    assert PATH not in printed.out + printed.err
    return json.loads(printed.out)


def standing(prefect: Prefect) -> dict[str, dict[str, Any]]:
    """Return the server's automations by name."""
    found = prefect.api("automations/filter")
    assert len({each["name"] for each in found}) == len(found)
    return {each["name"]: each for each in found}


def told(listener: Listener, words: str) -> dict[str, str]:
    """Wait until the webhook was told of something, and return it."""

    def heard() -> dict[str, str] | None:
        bodies = [json.loads(body) for _, _, body in listener.calls]
        return next((one for one in bodies if words in one["text"]), None)

    return until(heard, words, SOON)


def test_installed_twice_there_is_one_of_each(
    prefect: Prefect, webhook: Listener, under_prefect: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """B13: upserted by name: no duplicates, a pause stays, nothing of others is touched."""
    mine = {
        "name": "somebody's own", "trigger": {"type": "event", "expect": ["x"],
        "posture": "Reactive", "threshold": 1, "within": 0}, "actions": [{"type": "do-nothing"}],
    }  # fmt: skip
    prefect.api("automations/", mine)
    before = standing(prefect)
    assert set(installed(capsys, "--dry-run")["automations"].values()) == {"created"}
    assert standing(prefect) == before
    first = installed(capsys)
    assert (first["told"], set(first["automations"].values())) == (["webhook"], {"created"})
    names = set(first["automations"])
    paused = standing(prefect)["teamleader-twikey: run failed"]
    prefect.api(f"automations/{paused['id']}", {"enabled": False}, method="PATCH")
    assert set(installed(capsys)["automations"].values()) == {"unchanged"}
    under_prefect.configure(
        (under_prefect.home / "config.toml").read_text()
        + "[watch]\nquiet_after_hours = 5\nheld_after_days = 0\n"
    )
    changed = installed(capsys)["automations"]
    assert changed["teamleader-twikey: no clean import"] == "updated"
    assert changed["teamleader-twikey: held too long"] == "removed"
    after = standing(prefect)
    assert set(after) == names - {"teamleader-twikey: held too long"} | {"somebody's own"}
    assert not after[paused["name"]]["enabled"]
    assert after["somebody's own"] == before["somebody's own"]
    shown = json.dumps([*after.values(), prefect.api("block_documents/filter")])
    assert PATH not in shown


@pytest.mark.filterwarnings("ignore")
def test_a_failed_run_and_what_is_held_too_long_reach_the_webhook(
    webhook: Listener, under_prefect: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    """B13: a failed run is told with its sentence and cure; what is held for days once a day."""
    from prefect import tags

    from flows.prefect_flows import import_flow

    installed(capsys)
    under_prefect.sandbox.books.book(number="2026 / 81", currency="USD")
    assert import_flow(days=30, yes=True, return_state=True).name == "CompletedWithHeld"
    with under_prefect.ledger() as ledger:
        ledger._store.write("UPDATE bookings SET held_at='2026-01-01T00:00:00+00:00'")
    for _ in range(2):
        assert import_flow(return_state=True).is_completed()
    assert "1 held for more than 3 days: 2026 / 81" in told(webhook, "held too long")["body"]
    under_prefect.sandbox.teamleader.authority.revoke()
    with tags("teamleader", "twikey"):  # as every deployment has
        assert import_flow(return_state=True).is_failed()
    import time

    time.sleep(8)
    print("DBG", webhook.calls)
    failed = told(webhook, "import Failed")
    assert "teamleader-twikey connect" in failed["body"]
    assert "/runs/flow-run/" in failed["body"]
    assert len([body for _, _, body in webhook.calls if "held too long" in body]) == 1


def test_nobody_to_tell_is_said(under_prefect: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """B13: without webhook and mail only the zombie killer is installed, with exit code 2."""
    told_by = installed(capsys, code=2)
    assert (told_by["told"], len(told_by["automations"])) == ([], 1)
    assert cli.main(["automations"]) == 2
    assert "TEAMLEADER_TWIKEY_WEBHOOK_URL" in capsys.readouterr().out


def test_without_a_server_there_is_one_sentence(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B13: no server, or no address of one, is a sentence with the cure; nothing is quoted."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    done = office.run("automations")
    assert (done.code, "PREFECT_API_URL is not set" in done.err) == (1, True)
    for name, value in office.environment.items():
        monkeypatch.setenv(name, value)
    wrong = office.run("automations", "--webhook", f"ftp://hooks/{PATH}")
    assert (wrong.code, PATH in wrong.err) == (64, False)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("PREFECT_CLIENT_MAX_RETRIES", "0")
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        assert cli.main(["automations"]) == 1
    assert spoken(done)


def test_a_schedule_makes_runs(prefect: Prefect) -> None:
    """B13: what is deployed with a schedule is planned: a silent scheduler is found here."""

    def planned() -> bool:
        states = {"flow_runs": {"state": {"name": {"any_": ["Scheduled", "Late"]}}}}
        found = prefect.api("flow_runs/filter", states)
        return any(run["auto_scheduled"] for run in found)

    assert until(planned, "a planned run", SOON)
