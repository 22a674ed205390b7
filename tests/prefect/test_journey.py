"""The whole way with real processes: server, pool, deployments, worker, kills; nothing twice."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack

import pytest

from tests.flows.office import Office
from tests.prefect.place import Prefect, calm_file, holder, process, until, working
from tests.sandbox.world import Fault

pytestmark = pytest.mark.prefect
SOON = 30.0  # seconds on a busy machine; alone it is two to eight


def creates(office: Office) -> int:
    """Return how many times a create reached Twikey."""
    return len([c for c in office.calls("twikey", "/creditor/invoice") if c.method == "POST"])


def hanging(office: Office) -> Fault:
    """Let the next create be handled, and its answer never come."""
    return office.sandbox.world.fault(
        "hang", method="POST", path="^/creditor/invoice$", seconds=120, handled=True, times=1
    )


def test_a_run_by_a_worker_is_green_and_shows_what_it_did(prefect: Prefect, office: Office) -> None:
    """A27: a backfill by a worker: a name that tells, a state that adds up, pages, money once."""
    office.sandbox.books.book(number="2026 / 41")
    office.sandbox.books.book(number="2026 / 42", currency="USD")
    with working(prefect, office):
        dry = prefect.ended(prefect.start("import/backfill"))
        assert (dry["state_name"], office.twikey_invoices()) == ("CompletedWithHeld", {})
        plan = prefect.artifacts(dry["id"])["plan"]
        assert "would be sent" in plan["data"]
        sent = prefect.ended(prefect.start("import/backfill", days=30, dry_run=False, yes=True))
        idle = prefect.ended(prefect.start("import/import"))
    assert sent["name"] == "import 30 days: 1 sent, 1 held"
    assert "read 2 = sent 1 + known 0 + skipped 0 + held 1" in sent["state"]["message"]
    shown = prefect.artifacts(sent["id"])
    assert {"health", "held-items", "run-summary"} <= set(shown)
    assert "CURRENCY" in shown["held-items"]["data"]
    assert set(prefect.artifacts(idle["id"])) == {"health"}
    assert list(office.twikey_invoices()) == ["2026 / 41"]


def test_a_killed_run_frees_itself_and_the_next_one_settles(
    prefect: Prefect, office: Office
) -> None:
    """Decisions 5: kill -9 of a run, then of worker and run: free at once, settled, once each."""
    office.imports(days=1)
    with ExitStack() as stack:
        worker = stack.enter_context(working(prefect, office))
        office.sandbox.books.book(number="2026 / 51")
        lost = hanging(office)
        first = prefect.start("import/backfill", days=30, dry_run=False, yes=True)
        until(lambda: lost.applied, "the create", SOON)
        os.kill(holder(office), signal.SIGKILL)
        assert prefect.ended(first, SOON)["state_type"] == "CRASHED"
        second = prefect.start("import/backfill", days=30, dry_run=False, yes=True)
        assert prefect.ended(second, SOON)["state_type"] == "COMPLETED"
        assert (creates(office), list(office.twikey_invoices())) == (1, ["2026 / 51"])
        office.sandbox.books.book(number="2026 / 52")
        lost = hanging(office)
        third = prefect.start("import/backfill", days=30, dry_run=False, yes=True)
        until(lambda: lost.applied, "the create", SOON)
        pid = holder(office)
        os.kill(worker.pid, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
    assert prefect.run(third)["state_type"] == "RUNNING"  # nobody is left to tell Prefect
    with office.ledger() as ledger:
        until(lambda: not ledger.lock.is_held(), "the lock to be free", SOON)
    with working(prefect, office):
        ended = prefect.ended(prefect.start("import/import"), SOON)
        assert ended["state_type"] == "COMPLETED"
        told = {"state": {"type": "CRASHED", "message": "its machine died"}, "force": True}
        prefect.api(f"flow_runs/{third}/set_state", told)  # frees its place before five minutes
        again = prefect.ended(prefect.start("import/backfill", days=30, dry_run=False), SOON)
        assert (again["state_type"], again["state_name"]) == ("COMPLETED", "NothingNew")
    assert (creates(office), sorted(office.twikey_invoices())) == (2, ["2026 / 51", "2026 / 52"])
    with office.ledger() as ledger:
        assert ledger.unsettled.writes() == []


def test_late_runs_do_not_pile_up(prefect: Prefect, office: Office) -> None:
    """C36: a worker down for 12 hours: one run does the work, the others end within seconds."""
    office.imports(days=1)
    office.sandbox.books.book(number="2026 / 61")
    late = [prefect.start("import/import", hours_ago=hours) for hours in range(12, 0, -1)]
    with working(prefect, office):
        runs = [prefect.ended(each, SOON) for each in late]
    names = [run["state_name"] for run in runs]
    assert names.count("Completed") == 1
    assert set(names) <= {"Completed", "Cancelled", "Skipped", "NothingNew"}
    assert creates(office) == 1


def test_a_run_that_finds_another_at_work_says_whose_and_since_when(
    prefect: Prefect, office: Office
) -> None:
    """Decisions 5: our lock holds also against what Prefect does not count; Skipped, in seconds."""
    office.imports(days=1)
    now = office.clock.now()
    with working(prefect, office), office.ledger() as ledger, ledger.lock.held("import", now):
        ended = prefect.ended(prefect.start("follow-up/follow-up"), SOON)
    assert (ended["state_type"], ended["state_name"]) == ("COMPLETED", "Skipped")
    assert f"process {os.getpid()}" in ended["state"]["message"]
    assert f"since {now.isoformat(timespec='seconds')}" in ended["state"]["message"]
    assert ended["total_run_time"] < 15
    assert prefect.artifacts(ended["id"]) == {}


def test_one_process_serves_all_deployments(prefect: Prefect, office: Office) -> None:
    """Decisions 1: `serve` needs no worker: schedules of prefect.yaml, a green run, exit code 0."""
    office.imports(days=1)
    office.sandbox.books.book(number="2026 / 71")
    log = prefect.home / "serve.log"
    command = ["serve", "--file", str(calm_file(office.home))]
    with process(command, prefect.environment(office), log, module="flows.cli") as serving:
        until(lambda: "Pages:" in log.read_text(), "what serve says", SOON)
        ended = prefect.ended(prefect.start("import/import"), SOON)
        deployed = prefect.deployment("import/import")
        os.kill(serving.pid, signal.SIGTERM)
        assert serving.wait(SOON) == 0
    assert (ended["state_name"], list(office.twikey_invoices())) == ("Completed", ["2026 / 71"])
    assert deployed["schedules"][0]["slug"] == "quarter-hourly"
    assert deployed["schedules"][0]["active"]
    assert prefect.deployment("import/import")["schedules"][0]["active"]  # nothing was paused
    prefect.deploy()
