"""The flows in this process on a real server: names, final states, troubles as they are."""

from __future__ import annotations

import json

import pytest

from connectors.errors import Disconnected
from tests.flows.office import Office
from tests.prefect.place import Prefect

pytestmark = [pytest.mark.prefect, pytest.mark.filterwarnings("ignore")]


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


def test_held_bookings_leave_the_run_green_and_named(under_prefect: Office) -> None:
    """A work list is not a failure: Completed, named CompletedWithHeld."""
    from flows.prefect_flows import import_flow

    under_prefect.sandbox.books.book(currency="USD")
    state = import_flow(days=30, yes=True, return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "CompletedWithHeld")


def test_another_run_at_work_is_skipped(under_prefect: Office) -> None:
    """A run that finds the lock held ends Skipped and says whose it is."""
    from flows.prefect_flows import import_flow

    with under_prefect.ledger() as ledger, ledger.lock.held("import", under_prefect.clock.now()):
        state = import_flow(days=30, return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "Skipped")
    assert "process" in (state.message or "")


def test_a_broken_connection_is_red_with_its_cure(
    under_prefect: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trouble ends Failed with the sentence and the advice, not with a traceback."""
    from flows.prefect_flows import import_flow

    monkeypatch.setenv("TEAMLEADER_TWIKEY_HOME", str(under_prefect.home / "elsewhere"))
    state = import_flow(days=30, return_state=True)
    assert state.type.value == "FAILED"
    assert "config.toml" in (state.message or "")


def test_the_command_line_runs_as_a_flow_when_an_api_is_configured(
    under_prefect: Office,
) -> None:
    """With an API configured the command line's run shows in Prefect, by name and tags."""
    from prefect.client.orchestration import get_client

    from flows.import_booked import ImportRequest
    from flows.prefect_command_line import import_on_prefect

    under_prefect.sandbox.books.book()
    with under_prefect.connection() as connection:
        report = import_on_prefect(connection, ImportRequest(days=8, yes=True))
    assert report.sent == 1
    with get_client(sync_client=True) as client:
        runs = [r for r in client.read_flow_runs() if r.name == "import 8 days: 1 sent"]
    assert len(runs) == 1
    assert {"teamleader", "twikey", "command-line"} <= set(runs[0].tags)
    assert runs[0].state_name == "Completed"


def test_a_trouble_reaches_the_command_line_as_itself(
    under_prefect: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    """A03: not connected is the same sentence under Prefect, without a traceback."""
    from flows.import_booked import ImportRequest
    from flows.prefect_command_line import import_on_prefect

    (under_prefect.home / "ledger.db").unlink()
    with under_prefect.connection() as connection, pytest.raises(Disconnected):
        import_on_prefect(connection, ImportRequest(days=7))
    assert "Traceback" not in capfd.readouterr().err


def test_customers_follow_as_a_flow(under_prefect: Office) -> None:
    """Guide 12: by hand from the UI, and by the command line where an API is configured."""
    from flows.customers import CustomersRequest
    from flows.prefect_command_line import customers_on_prefect
    from flows.prefect_flows import customers_flow

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


def test_a_bug_reaches_the_command_line_as_itself(
    under_prefect: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw is not hidden behind Prefect: the command line tells of the bug."""
    from flows import prefect_command_line
    from flows.import_booked import ImportRequest

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(prefect_command_line, "import_booked", broken)
    with under_prefect.connection() as connection, pytest.raises(ZeroDivisionError):
        prefect_command_line.import_on_prefect(connection, ImportRequest(days=7))


def test_a_follow_up_says_in_its_name_what_it_wrote(
    prefect: Prefect, under_prefect: Office
) -> None:
    """Guide 5: payments written back are in the run's name and in the page `payments-written`."""
    from flows.prefect_flows import follow_up_flow

    books, twikey = under_prefect.sandbox.books, under_prefect.sandbox.twikey
    books.book(number="2026 / 81")
    under_prefect.imports(days=30)
    twikey.actions["pay_link"]("2026 / 81")
    state = follow_up_flow(by_hand=True, return_state=True)
    assert (state.type.value, state.name) == ("COMPLETED", "Completed")
    run = str(state.state_details.flow_run_id)
    assert prefect.run(run)["name"].startswith("follow-up: 1 payment")
    (written,) = json.loads(prefect.artifacts(run)["payments-written"]["data"])
    assert (written["number"], written["amount"]) == ("2026 / 81", "EUR 121.00")
    assert written["Teamleader"].startswith("https://focus.teamleader.eu/")


def test_a_payment_that_went_back_is_a_row_of_reversals(
    prefect: Prefect, under_prefect: Office
) -> None:
    """Guide 8: what was taken back in Teamleader is shown, one row each."""
    from flows.prefect_flows import follow_up_flow

    books, actions = under_prefect.sandbox.books, under_prefect.sandbox.twikey.actions
    books.book(number="2026 / 82")
    under_prefect.imports(days=30)
    actions["pay_link"]("2026 / 82")
    follow_up_flow(by_hand=True, return_state=True)
    actions["refund"]("2026 / 82")
    state = follow_up_flow(by_hand=True, return_state=True)
    shown = prefect.artifacts(str(state.state_details.flow_run_id))
    (taken,) = json.loads(shown["reversals"]["data"])
    assert (taken["number"], taken["amount"]) == ("2026 / 82", "EUR 121.00")
    assert "bank says" in taken
