"""The same flows with Prefect around them: tasks to look at, names that tell, useful final states.

Prefect is the scheduler, the run book and the window; the ledger is the truth (decisions 1). The
command line's way into a flow run is in ``prefect_command_line``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, TypeVar

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from pydantic import Field

from connectors.errors import AnotherRunAtWork, Trouble
from flows.connection import Connection
from flows.customers import CustomersReport, CustomersRequest, follow_customers
from flows.follow_up import FollowUpReport, FollowUpRequest, follow_up
from flows.import_booked import ImportRequest, import_booked
from flows.prefect_artifacts import publish
from flows.prefect_states import (
    customers_state,
    final_state,
    followed_state,
    reconciled_state,
    stopped_state,
)
from flows.prefect_steps import Telling, as_tasks, waited
from flows.reconcile import ReconcileReport, ReconcileRequest, reconcile
from flows.report import ImportReport
from flows.views import View, customers_view, follow_up_view, import_view, reconcile_view

R = TypeVar("R")
LONGEST = 4 * 3600  # seconds; a backfill of 10,000 takes about one hour
LONG_DAYS = 7
Days = Annotated[int, Field(ge=0, le=3660)]


def shown(
    connection: Connection, work: Callable[[], R], view_of: Callable[[Connection, R], View]
) -> R:
    """Do some work and publish what came of it; a run that found another at work shows nothing."""
    try:
        report = work()
    except AnotherRunAtWork:
        raise
    except Trouble:
        publish(connection, View)
        raise
    publish(connection, lambda: view_of(connection, report))
    return report


def _on(
    connection: str,
    work: Callable[[Connection], R],
    state_of: Callable[[R], State[Any]],
    view_of: Callable[[Connection, R], View],
) -> State[Any]:
    """Do some work on a connection of the environment and return how the flow run ended."""
    try:
        with Connection.from_environment(name=connection, on_wait=waited) as opened:
            report = shown(opened, lambda: work(opened), view_of)
    except Trouble as trouble:
        return stopped_state(trouble)
    return state_of(report)


# ---- the import, by schedule and as a backfill


def _name() -> str:
    given = dict(flow_run.parameters or {})
    request = ImportRequest(
        days=given.get("days"), since=_day(given.get("since")), until=_day(given.get("until")),
        numbers=tuple(given.get("numbers") or ()), again=bool(given.get("again")),
    )  # fmt: skip
    return request.name() + (" (dry run)" if given.get("dry_run") else "")


def _day(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def is_long(request: ImportRequest) -> bool:
    """Tell whether an import may take so long that its progress is worth a page."""
    return request.since is not None or (request.days or 0) >= LONG_DAYS


@flow(name="import", flow_run_name=_name, timeout_seconds=LONGEST, persist_result=False)
def import_flow(
    days: Days | None = None,
    since: date | None = None,
    until: date | None = None,
    numbers: list[str] | None = None,
    dry_run: bool = False,  # noqa: FBT001, FBT002 - a deployment's parameters are keywords
    invite: bool = False,  # noqa: FBT001, FBT002
    credit_notes: bool = False,  # noqa: FBT001, FBT002
    again: bool = False,  # noqa: FBT001, FBT002
    yes: bool = False,  # noqa: FBT001, FBT002
    connection: str = "default",
) -> State[Any]:
    """Bring booked Teamleader invoices and credit notes to Twikey, once each.

    Args:
        days: Booked in the last N days. Leave days, since, until and numbers empty for
            everything since the last run.
        since: First invoice date, inclusive; instead of days.
        until: Last invoice date, inclusive; empty for no end.
        numbers: Only these invoice numbers, as in Teamleader (2026 / 417).
        dry_run: Show the plan, send nothing.
        invite: Invite customers also in a first or unusually large import, which is silent.
        credit_notes: Credit notes too, where automatic import is off.
        again: Only what is held and due to be tried again.
        yes: Release the brake of an unusually large or old import.
        connection: Which connection; "default" unless you made others.
    """
    request = ImportRequest(
        days=days, since=since, until=until, numbers=tuple(numbers or ()), again=again,
        credit_notes=credit_notes, dry_run=dry_run, yes=yes, invite=invite, started_by="prefect",
    )  # fmt: skip

    def work(opened: Connection) -> ImportReport:
        return import_booked(opened, request, steps=as_tasks, tell=Telling(long=is_long(request)))

    return _on(connection, work, final_state, import_view)


# ---- what follows, and the proof


@flow(name="follow-up", flow_run_name="follow-up", timeout_seconds=LONGEST, persist_result=False)
def follow_up_flow(
    payments: bool = True,  # noqa: FBT001, FBT002 - a deployment's parameters are keywords
    pdfs: bool = True,  # noqa: FBT001, FBT002
    invitations: bool = True,  # noqa: FBT001, FBT002
    by_hand: bool = False,  # noqa: FBT001, FBT002
    connection: str = "default",
) -> State[Any]:
    """Write payments back to Teamleader, attach PDFs, invite customers.

    Args:
        payments: Payments and reversals back to Teamleader.
        pdfs: PDFs that are still missing.
        invitations: Invitations that are due.
        by_hand: Work also where automatic is off.
        connection: Which connection; "default" unless you made others.
    """
    request = FollowUpRequest(
        payments=payments, pdfs=pdfs, invitations=invitations, by_hand=by_hand, started_by="prefect"
    )

    def work(opened: Connection) -> FollowUpReport:
        return follow_up(opened, request, steps=as_tasks, tell=Telling())

    return _on(connection, work, followed_state, follow_up_view)


@flow(name="customers", flow_run_name="customers", timeout_seconds=LONGEST, persist_result=False)
def customers_flow(
    every: bool = False,  # noqa: FBT001, FBT002 - a deployment's parameters are keywords
    by_hand: bool = False,  # noqa: FBT001, FBT002
    connection: str = "default",
) -> State[Any]:
    """Let customers that changed in Teamleader follow to Twikey.

    Args:
        every: Read all customers anew and compare, not only those that changed.
        by_hand: Work also where automatic is off.
        connection: Which connection; "default" unless you made others.
    """
    request = CustomersRequest(every=every, by_hand=by_hand, started_by="prefect")

    def work(opened: Connection) -> CustomersReport:
        return follow_customers(opened, request, steps=as_tasks, tell=Telling(long=every))

    return _on(connection, work, customers_state, customers_view)


@flow(name="reconcile", flow_run_name="reconcile", timeout_seconds=LONGEST, persist_result=False)
def reconcile_flow(
    since: date | None = None,
    until: date | None = None,
    every: bool = False,  # noqa: FBT001, FBT002 - a deployment's parameters are keywords
    connection: str = "default",
) -> State[Any]:
    """Compare both sides to the cent; changes nothing on either.

    Args:
        since: First invoice date, inclusive; 90 days back unless given.
        until: Last invoice date, inclusive; empty for no end.
        every: Ask Twikey for each invoice, about one a second; finds what was deleted there.
        connection: Which connection; "default" unless you made others.
    """
    request = ReconcileRequest(since=since, until=until, every=every, started_by="prefect")

    def work(opened: Connection) -> ReconcileReport:
        return reconcile(opened, request, steps=as_tasks, tell=Telling(long=every))

    return _on(connection, work, reconciled_state, reconcile_view)
