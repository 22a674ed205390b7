"""A verb of the command line as a Prefect flow run, so that the pages show every run.

Only where ``PREFECT_API_URL`` is set. The report, or the trouble, comes back to the verb as if
there were no Prefect: a server that dies in mid-run costs the window, never the work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from prefect import flow, tags
from prefect.client.schemas.objects import State
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)

from connectors.errors import NoPrefectServer, Trouble
from flows.connection import Connection
from flows.customers import CustomersReport, CustomersRequest, follow_customers
from flows.follow_up import FollowUpReport, FollowUpRequest, follow_up
from flows.import_booked import ImportRequest, import_booked
from flows.prefect_artifacts import quick_client
from flows.prefect_flows import is_long, shown
from flows.prefect_states import (
    customers_state,
    final_state,
    followed_state,
    reconciled_state,
    stopped_state,
)
from flows.prefect_steps import Telling, as_tasks
from flows.reconcile import ReconcileReport, ReconcileRequest, reconcile
from flows.report import ImportReport
from flows.views import View, customers_view, follow_up_view, import_view, reconcile_view

R = TypeVar("R")
TAGS = ["teamleader", "twikey", "money", "command-line"]
TRIES = 2  # of each call, over six seconds; a dead server must not hold the work up
log = logging.getLogger(__name__)


def import_on_prefect(connection: Connection, request: ImportRequest) -> ImportReport:
    """Run an import of the command line as a Prefect flow run."""

    def work() -> ImportReport:
        told = Telling(long=is_long(request))
        return import_booked(connection, request, steps=as_tasks, tell=told)

    name = request.name() + (" (dry run)" if request.dry_run else "")
    return _flow_run(connection, ("import", name), work, final_state, import_view)


def follow_up_on_prefect(connection: Connection, request: FollowUpRequest) -> FollowUpReport:
    """Run a follow-up of the command line as a Prefect flow run."""

    def work() -> FollowUpReport:
        return follow_up(connection, request, steps=as_tasks, tell=Telling())

    named = ("follow-up", request.name())
    return _flow_run(connection, named, work, followed_state, follow_up_view)


def customers_on_prefect(connection: Connection, request: CustomersRequest) -> CustomersReport:
    """Run the customers of the command line as a Prefect flow run."""

    def work() -> CustomersReport:
        told = Telling(long=request.every)
        return follow_customers(connection, request, steps=as_tasks, tell=told)

    named = ("customers", request.name())
    return _flow_run(connection, named, work, customers_state, customers_view)


def reconcile_on_prefect(connection: Connection, request: ReconcileRequest) -> ReconcileReport:
    """Run a reconciliation of the command line as a Prefect flow run."""

    def work() -> ReconcileReport:
        told = Telling(long=request.every)
        return reconcile(connection, request, steps=as_tasks, tell=told)

    named = ("reconcile", "reconcile")
    return _flow_run(connection, named, work, reconciled_state, reconcile_view)


def _flow_run(
    connection: Connection,
    named: tuple[str, str],
    work: Callable[[], R],
    state_of: Callable[[R], State[Any]],
    view_of: Callable[[Connection, R], View],
) -> R:
    """Do some work inside a flow run; give its report, or what ended it, back to the caller."""
    require_server()
    reports: list[R] = []
    ends: list[BaseException] = []

    @flow(name=named[0], flow_run_name=named[1], persist_result=False)
    def from_the_command_line() -> State[Any]:
        try:
            reports.append(shown(connection, work, view_of))
        except Trouble as trouble:
            ends.append(trouble)
            return stopped_state(trouble)
        except BaseException as error:
            ends.append(error)
            raise
        return state_of(reports[0])

    try:
        with tags(*TAGS), temporary_settings({PREFECT_CLIENT_MAX_RETRIES: TRIES}):
            from_the_command_line(return_state=True)
    except Exception as error:
        if not reports and not ends:
            raise NoPrefectServer(
                f"Prefect did not take the run: {type(error).__name__}"
            ) from error
        log.warning("Prefect does not know how this run ended: %s", type(error).__name__)
    if ends:
        raise ends[0]
    return reports[0]


def require_server() -> str:
    """Return the API's address; raise ``NoPrefectServer`` within seconds when none answers."""
    url = PREFECT_API_URL.value() or ""
    with quick_client() as client:
        refused = client.api_healthcheck()
    if refused is not None:
        raise NoPrefectServer(f"No Prefect server answers at {url} ({type(refused).__name__})")
    return url
