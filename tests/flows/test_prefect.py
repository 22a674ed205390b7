"""The flows under Prefect: names, final states, no repeated writes, and a file that deploys."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.errors import Disconnected
from tests.flows.office import Office
from tests.flows.post_office import PostOffice, mailing

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.prefect


@pytest.fixture(scope="module")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run a temporary Prefect server for this module (about 20 seconds)."""
    patch = pytest.MonkeyPatch()
    patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
    patch.setenv("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
    patch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    patch.setenv("PREFECT_LOGGING_LEVEL", "ERROR")
    patch.setenv("DO_NOT_TRACK", "1")
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    with (
        prefect_test_harness(server_startup_timeout=120),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        yield
    patch.undo()


@pytest.fixture
def under_prefect(prefect_server: None, office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Open an office whose environment a deployment would have."""
    for name, value in office.environment.items():
        monkeypatch.setenv(name, value)
    return office


@pytest.mark.filterwarnings("ignore")
def test_a_deployed_run_ends_in_a_state_that_tells(under_prefect: Office) -> None:
    """An import flow ends Completed with the tie-out line, NothingNew when nothing came."""
    from flows.prefect_flows import import_flow

    under_prefect.sandbox.books.book()
    first = import_flow(days=30, yes=True, return_state=True)
    assert (first.type.value, first.name) == ("COMPLETED", "Completed")
    assert "read 1 = sent 1 + known 0 + skipped 0 + held 0" in (first.message or "")
    second = import_flow(return_state=True)
    assert second.name == "NothingNew"
    assert len(under_prefect.twikey_invoices()) == 1


@pytest.mark.filterwarnings("ignore")
def test_held_bookings_leave_the_run_green_and_named(under_prefect: Office) -> None:
    """A work list is not a failure: Completed, named CompletedWithHeld."""
    from flows.prefect_flows import import_flow

    under_prefect.sandbox.books.book(currency="USD")
    state = import_flow(days=30, yes=True, return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "CompletedWithHeld")


@pytest.mark.filterwarnings("ignore")
def test_another_run_at_work_is_skipped(under_prefect: Office) -> None:
    """A run that finds the lock held ends Skipped and says whose it is."""
    from flows.prefect_flows import import_flow

    with under_prefect.ledger() as ledger, ledger.lock.held("import", under_prefect.clock.now()):
        state = import_flow(days=30, return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "Skipped")
    assert "process" in (state.message or "")


@pytest.mark.filterwarnings("ignore")
def test_a_broken_connection_is_red_with_its_cure(
    under_prefect: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trouble ends Failed with the sentence and the advice, not with a traceback."""
    from flows.prefect_flows import import_flow

    monkeypatch.setenv("TEAMLEADER_TWIKEY_HOME", str(under_prefect.home / "elsewhere"))
    state = import_flow(days=30, return_state=True)
    assert state.type.value == "FAILED"
    assert "config.toml" in (state.message or "")


@pytest.mark.filterwarnings("ignore")
def test_the_command_line_runs_as_a_flow_when_an_api_is_configured(
    under_prefect: Office,
) -> None:
    """With an API configured the command line's run shows in Prefect, by name and tags."""
    from prefect.client.orchestration import get_client

    from flows.import_booked import ImportRequest
    from flows.prefect_flows import import_on_prefect

    under_prefect.sandbox.books.book()
    with under_prefect.connection() as connection:
        report = import_on_prefect(connection, ImportRequest(days=8, yes=True))
    assert report.sent == 1
    with get_client(sync_client=True) as client:
        runs = [r for r in client.read_flow_runs() if r.name == "import 8 days"]
    assert len(runs) == 1
    assert {"teamleader", "twikey", "command-line"} <= set(runs[0].tags)
    assert runs[0].state_name == "Completed"


@pytest.mark.filterwarnings("ignore")
def test_a_trouble_reaches_the_command_line_as_itself(
    under_prefect: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    """A03: not connected is the same sentence under Prefect, without a traceback."""
    from flows.import_booked import ImportRequest
    from flows.prefect_flows import import_on_prefect

    (under_prefect.home / "ledger.db").unlink()
    with under_prefect.connection() as connection, pytest.raises(Disconnected):
        import_on_prefect(connection, ImportRequest(days=7))
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_customers_follow_as_a_flow(under_prefect: Office) -> None:
    """Guide 12: by hand from the UI, and by the command line where an API is configured."""
    from flows.customers import CustomersRequest
    from flows.prefect_flows import customers_flow, customers_on_prefect

    books = under_prefect.sandbox.books
    customer = books.new_customer()
    books.book(customer=customer)
    under_prefect.imports(days=30)
    books.edit_customer(customer, email="new@voorbeeld.example")
    state = customers_flow(by_hand=True, return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "Completed")
    assert state.message == "1 updated in Twikey"
    assert customers_flow(return_state=True).name == "NothingNew"
    with under_prefect.connection() as connection:
        assert customers_on_prefect(connection, CustomersRequest(every=True)).told == 0


@pytest.mark.filterwarnings("ignore")
def test_a_reconciliation_leaves_its_table(under_prefect: Office) -> None:
    """B4: what differs is a table in Prefect, the run green and named for it."""
    from prefect.client.orchestration import get_client

    from flows.prefect_command_line import reconcile_on_prefect
    from flows.prefect_flows import reconcile_flow
    from flows.reconcile import ReconcileRequest

    under_prefect.sandbox.books.book(currency="USD", number="[2026](x) / 7")
    under_prefect.imports(days=30)
    state = reconcile_flow(return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "CompletedWithDifferences")
    assert "1 differs; Teamleader 1 for USD 121.00, Twikey none" in (state.message or "")
    with get_client(sync_client=True) as client:
        (table,) = [a for a in client.read_artifacts() if a.key == "reconciliation"]
    assert "(2026)(x) / 7" in str(table.data) and "CURRENCY" not in str(table.data)
    with under_prefect.connection() as connection:
        assert reconcile_on_prefect(connection, ReconcileRequest()).exit_code == 2


DEPLOYMENT_KEYS = {
    "name", "entrypoint", "description", "tags", "parameters", "concurrency_limit", "schedules",
    "work_pool",
}  # fmt: skip
SCHEDULE_KEYS = {"cron", "timezone", "slug", "parameters"}


def deployments() -> list[dict[str, Any]]:
    """Read the deployments of prefect.yaml."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    return found


def test_prefect_yaml_has_only_keys_that_prefect_reads() -> None:
    """Prefect ignores a misspelt key without a word, so every key is checked here."""
    whole = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    assert set(whole) <= {"name", "pull", "definitions", "deployments"}
    assert whole["pull"] == []
    for deployment in deployments():
        assert set(deployment) <= DEPLOYMENT_KEYS
        for schedule in deployment.get("schedules", []):
            assert set(schedule) <= SCHEDULE_KEYS
            assert schedule["slug"]
        limit = deployment["concurrency_limit"]
        assert limit == {"limit": 1, "collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60}


def test_every_deployment_names_a_flow_and_parameters_it_takes() -> None:
    """Entrypoints can be imported, and default parameters are the flow's own."""
    for deployment in deployments():
        module, _, name = deployment["entrypoint"].rpartition(".")
        found = getattr(importlib.import_module(module), name)
        assert set(deployment["parameters"]) <= set(inspect.signature(found.fn).parameters)
        assert found.retries in (0, None)


@pytest.mark.filterwarnings("ignore")
def test_the_summary_is_mailed_under_prefect_too(under_prefect: Office, post: PostOffice) -> None:
    """A29: a deployment's run mails as one of the command line does, as a task of its own."""
    from flows.prefect_flows import import_flow

    mailing(under_prefect, post)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in under_prefect.environment.items():
            patch.setenv(name, value)
        under_prefect.sandbox.books.book()
        assert import_flow(days=30, yes=True, return_state=True).name == "Completed"
        under_prefect.sandbox.teamleader.authority.revoke()
        assert import_flow(return_state=True).type.value == "FAILED"
    told = [str(mail["Subject"]).partition(" - ")[0] for mail in post.mails]
    assert told == [
        "Teamleader->Twikey: all well, 1 sent, EUR 121.00",
        "Teamleader->Twikey: import stopped",
    ]
