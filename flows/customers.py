"""Guide 12: what changed of customers in Teamleader follows to Twikey, one way only.

By schedule where automatic is on (each import does it too), by hand always. Reading is one call per
list where nothing changed; Twikey is only spoken to when there is something to tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.errors import NeverImported
from flows.connection import Connection
from flows.gone_customers import GONE, settle_gone
from flows.importing import in_one_go
from flows.not_taken import CODES as NOT_TAKEN
from flows.not_taken import take_up_again
from flows.one_to_one import RENAMED, settle_resets
from flows.read_customers import RESOURCES, look_daily, read_by_ids, read_changed, tell_statuses
from flows.reading import move_watermarks
from flows.run import Run, Steps, Tell, at_work, plainly, silently
from flows.settle import same_account
from mappings.texts import need_you

FLOW = "customers"
ALERTS = (GONE, RENAMED, *NOT_TAKEN)


@dataclass(frozen=True)
class CustomersRequest:
    """What is asked: what changed since the last time, or with ``every`` all, read anew.

    ``by_hand`` works where automatic is off. ``started_by`` is named in the run book.
    """

    every: bool = False
    by_hand: bool = True
    started_by: str = "command line"

    def name(self) -> str:
        """Say in a few words what this run is."""
        return "all customers" if self.every else "changed customers"


@dataclass
class CustomersReport:
    """What followed. Numbers are customers; ``updated`` names each with the fields it was told.

    ``read`` were read anew, ``refused`` were not taken by Twikey, ``gone`` are no longer in
    Teamleader, ``reset`` have their own customer number again.
    """

    name: str
    outcome: str = "clean"
    run_id: int | None = None
    read: int = 0
    told: int = 0
    refused: int = 0
    gone: int = 0
    reset: int = 0
    updated: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """Return 0 clean, 1 could not do all its work, 2 something needs a person."""
        return {"clean": 0, "off": 0, "held": 2}.get(self.outcome, 1)

    def headline(self) -> str:
        """Say the verdict in one line."""
        if self.outcome == "off":
            return "automatic is off"
        parts = [f"{self.told} updated in Twikey" if self.told else "nothing to update"]
        if self.refused:
            parts.insert(0, f"{self.refused} not taken by Twikey")
        if self.alerts:
            parts.insert(0, need_you(len(self.alerts)))
        if self.problems:
            parts.insert(0, "not everything could be done")
        return "; ".join(parts)

    def counts(self) -> dict[str, object]:
        """Return the numbers for the run book."""
        names = ("read", "told", "refused", "gone", "reset")
        return {**{name: getattr(self, name) for name in names}, "calls": self.calls}


def follow_customers(
    connection: Connection,
    request: CustomersRequest,
    *,
    steps: Steps = plainly,
    tell: Tell = silently,
) -> CustomersReport:
    """Let customers follow to Twikey; raises a ``Halted`` when it cannot do its work."""
    if not connection.settings.automatic and not request.by_hand:
        note = "automatic is off: the schedule changes no customer; `customers` by hand does"
        return CustomersReport(request.name(), "off", notes=[note])
    connection.access.token()
    parameters: dict[str, object] = {
        "name": request.name(), "every": request.every, "by_hand": request.by_hand,
    }  # fmt: skip
    with at_work(
        connection, FLOW, started_by=request.started_by, parameters=parameters, tell=tell
    ) as run:
        if run.ledger.watermarks.read("invoices") is None and not request.every:
            raise NeverImported("Nothing was ever imported with this ledger")
        read = steps("read customers", _read, run, request)
        steps("update customers", _tell, run, request)
        move_watermarks(run, RESOURCES)
        return _close(run, request, read)


def _read(run: Run, request: CustomersRequest) -> int:
    read = 0
    if run.ledger.watermarks.read("invoices") is not None:
        read = read_changed(run)
    if request.every:
        read += read_by_ids(run, with_open_bookings=False)
        run.ledger.customers.to_be_told()
    else:
        read += look_daily(run)
    tell_statuses(run)
    settle_gone(run)
    return read


def _tell(run: Run, request: CustomersRequest) -> int:
    """Tell Twikey, after looking how an earlier run's resets ended."""
    ledger = run.ledger
    take_up_again(run, at_once=request.by_hand)
    if not ledger.customers.any_to_tell() and not ledger.links.open_resets():
        return 0
    same_account(run)
    settle_resets(run)
    ledger.intents.close_repeatable(run.now())
    with in_one_go():
        from flows.tell_customers import tell_customers  # pandas: an idle run stays without it

    return tell_customers(run)


def _close(run: Run, request: CustomersRequest, read: int) -> CustomersReport:
    connection, happened = run.connection, run.ledger.customer_lists.happened(run.id)
    report = CustomersReport(request.name(), run_id=run.id, read=read)
    report.updated = happened["updated in Twikey"]
    report.told = len(report.updated)
    report.refused = len(happened["update refused"])
    report.gone = len(happened["not found in Teamleader"])
    report.reset = len(happened["customer number reset"])
    report.alerts = run.ledger.alerts.open(*ALERTS)
    report.problems = [f"{problem}. {problem.advice}" for problem in run.problems]
    report.notes = list(run.notes)
    report.calls = {
        "Teamleader": connection.teamleader.calls,
        "Twikey": connection.twikey.calls,
    }
    waits = report.alerts or report.refused
    report.outcome = "failed" if report.problems else "held" if waits else "clean"
    run.ledger.runs.end(run.id, run.now(), report.outcome, report.headline(), report.counts())
    return report
