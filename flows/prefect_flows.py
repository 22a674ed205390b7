"""The same flows with Prefect around them: tasks to look at, names that tell, useful final states.

Prefect is the scheduler, the run book and the window; the ledger is the truth (decisions 1). So no
retries, no caching and no results here: the next run is the retry, and the ledger is the memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date
from typing import Any, TypeVar, cast

from prefect import flow, tags, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.utilities.annotations import quote

from connectors.errors import AnotherRunAtWork, Trouble
from flows.connection import Connection
from flows.follow_up import FollowUpReport, FollowUpRequest, follow_up
from flows.import_booked import ImportRequest, import_booked
from flows.report import ImportReport

R = TypeVar("R")
TAGS = ["teamleader", "twikey", "money"]
log = logging.getLogger(__name__)


def as_tasks(name: str, function: Callable[..., R], *arguments: Any) -> R:
    """Run one step as a Prefect task; what it gets is quoted, so Prefect does not search it."""

    def step(packed: Any) -> Any:
        return function(*packed)

    decorated = task(name=name, task_run_name=name, cache_policy=NO_CACHE, persist_result=False)(
        step
    )
    return cast("R", decorated(quote(arguments)))


def _name() -> str:
    parameters = flow_run.parameters or {}
    request = ImportRequest(
        days=parameters.get("days"), since=_day(parameters.get("since")),
        until=_day(parameters.get("until")), numbers=tuple(parameters.get("numbers") or ()),
        again=bool(parameters.get("again")),
    )  # fmt: skip
    return request.name() + (" (dry run)" if parameters.get("dry_run") else "")


def _day(value: str | date | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


@flow(name="import", flow_run_name=_name, timeout_seconds=4 * 3600, persist_result=False)
def import_flow(
    days: int | None = None,
    since: date | None = None,
    until: date | None = None,
    numbers: list[str] | None = None,
    again: bool = False,  # noqa: FBT001, FBT002 - a deployment's parameters are keywords
    credit_notes: bool = False,  # noqa: FBT001, FBT002
    dry_run: bool = False,  # noqa: FBT001, FBT002
    yes: bool = False,  # noqa: FBT001, FBT002
    connection: str = "default",
) -> State[Any]:
    """Bring booked Teamleader invoices and credit notes to Twikey, once each.

    Args:
        days: Booked in the last N days. Leave everything empty for "since the last run".
        since: First invoice date, inclusive.
        until: Last invoice date, inclusive.
        numbers: Only these invoice numbers, as in Teamleader (2026 / 417).
        again: Only what is held and due to be tried again.
        credit_notes: Credit notes too, where automatic import is off.
        dry_run: Show the plan, send nothing.
        yes: Release the brake of an unusually large or old import.
        connection: Which connection; "default" unless you made others.
    """
    request = ImportRequest(
        days=days, since=since, until=until, numbers=tuple(numbers or ()), again=again,
        credit_notes=credit_notes, dry_run=dry_run, yes=yes, started_by="prefect",
    )  # fmt: skip

    def work(opened: Connection) -> ImportReport:
        return import_booked(opened, request, steps=as_tasks, tell=_tell)

    return _on(connection, work, final_state)


def _on(
    connection: str, work: Callable[[Connection], R], state_of: Callable[[R], State[Any]]
) -> State[Any]:
    """Do some work on a connection of the environment and return how the flow run ended."""
    try:
        with Connection.from_environment(name=connection) as opened:
            report = work(opened)
    except Trouble as trouble:
        return stopped_state(trouble)
    return state_of(report)


def stopped_state(trouble: Trouble) -> State[Any]:
    """Return what ended a run early: Skipped when another one is at work, else Failed."""
    if isinstance(trouble, AnotherRunAtWork):
        return Completed(name="Skipped", message=str(trouble))
    return Failed(message=f"{trouble}. {trouble.advice}")


def final_state(report: ImportReport) -> State[Any]:
    """Return green for a work list, red for a machine that needs help, with the tie-out line."""
    message = f"{report.headline()} ({report.tie_out()})"
    if report.outcome == "failed":
        return Failed(message=f"{message}. {' '.join(report.problems)}")
    name = {"held": "CompletedWithHeld", "off": "AutomaticOff"}.get(report.outcome, "Completed")
    if report.outcome == "clean" and not report.sent:
        name = "NothingNew"
    return Completed(name=name, message=message)


@flow(name="follow-up", timeout_seconds=4 * 3600, persist_result=False)
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
        return follow_up(opened, request, steps=as_tasks, tell=_tell)

    return _on(connection, work, followed_state)


def followed_state(report: FollowUpReport) -> State[Any]:
    """Return green for a work list, red for a machine that needs help."""
    if report.outcome == "failed":
        return Failed(message=f"{report.headline()}. {' '.join(report.problems)}")
    name = {"held": "CompletedWithAlerts", "off": "AutomaticOff"}.get(report.outcome, "Completed")
    return Completed(name=name, message=report.headline())


def _tell(what: str, done: int, total: int | None) -> None:
    log.info("%s: %s%s", what, done, f" of {total}" if total else "")


def follow_up_on_prefect(connection: Connection, request: FollowUpRequest) -> FollowUpReport:
    """Run a follow-up of the command line as a Prefect flow run."""

    def work() -> FollowUpReport:
        return follow_up(connection, request, steps=as_tasks, tell=_tell)

    return _from_the_command_line("follow-up", request.name(), work, followed_state)


def import_on_prefect(connection: Connection, request: ImportRequest) -> ImportReport:
    """Run an import of the command line as a Prefect flow run, so that the UI shows it."""

    def work() -> ImportReport:
        return import_booked(connection, request, steps=as_tasks, tell=_tell)

    return _from_the_command_line("import", request.name(), work, final_state)


def _from_the_command_line(
    name: str, run_name: str, work: Callable[[], R], state_of: Callable[[R], State[Any]]
) -> R:
    """Do some work inside a flow run and give its report, or its trouble, back to the caller."""
    reports: list[R] = []
    troubles: list[Trouble] = []

    @flow(name=name, flow_run_name=run_name, persist_result=False)
    def from_the_command_line() -> State[Any]:
        try:
            reports.append(work())
        except Trouble as trouble:
            troubles.append(trouble)
            return stopped_state(trouble)
        return state_of(reports[0])

    with tags(*TAGS, "command-line"):
        from_the_command_line(return_state=True)
    if troubles:
        raise troubles[0]
    return reports[0]
