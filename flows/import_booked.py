"""Guide 4, 5, 11, 12: booked invoices and credit notes arrive in Twikey, once each.

Four movements, in this order: gather, decide, apply, move the watermark. A dry run stops after
decide. Whatever an earlier run left open is settled first, by looking.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from connectors.errors import Halted, NeverImported, UsageWrong
from flows.brake import brake, tell_mails
from flows.come_again import let_come_again
from flows.connection import Connection
from flows.credits import tell_new_credits
from flows.gather import RESOURCES, Window, gather
from flows.importing import in_one_go
from flows.invitations import prepare_invitations
from flows.late import tell_arrived_late, tell_late, tell_late_although_stopped
from flows.mail import with_summary
from flows.not_taken import CODES as NOT_TAKEN
from flows.not_taken import take_up_again
from flows.one_to_one import RENAMED
from flows.read_customers import RESOURCES as CUSTOMERS
from flows.reading import first_moment
from flows.removals import tell_undone
from flows.report import ImportReport
from flows.run import Run, Steps, Tell, at_work, plainly, silently
from flows.settle import read_twikey, settle, verify_bulk_creates
from flows.subscriptions import tell_due_at_once
from flows.watch import watched

FLOW = "import"


@dataclass(frozen=True)
class ImportRequest:
    """What is asked of an import.

    Nothing given: everything since the watermark, as the schedule does. ``days`` counts calendar
    days back from today, day N included; ``since`` and ``until`` are inclusive invoice dates;
    ``again`` takes up only what is held and due. ``yes`` releases the brake.
    ``invite`` lets a first load, or one beyond the brake, invite customers as any other import
    (decisions 6: otherwise it is silent). ``started_by`` is named in the run book.
    """

    days: int | None = None
    since: date | None = None
    until: date | None = None
    numbers: tuple[str, ...] = ()
    credit_notes: bool = False
    again: bool = False
    dry_run: bool = False
    yes: bool = False
    invite: bool = False
    started_by: str = "command line"

    @property
    def by_hand(self) -> bool:
        """Tell whether a person asked for a window, for numbers or for what is held."""
        return bool(self.days is not None or self.since or self.until or self.numbers or self.again)

    def require_sound(self) -> None:
        """Refuse a window that cannot be; raises ``UsageWrong``."""
        if self.days is not None:
            if self.since or self.until:
                raise UsageWrong("--days does not go together with --since or --until")
            if not 0 <= self.days <= 3660:
                raise UsageWrong("--days takes a number of days from 0 to 3660")
        if self.since and self.until and self.since > self.until:
            raise UsageWrong(f"--since {self.since} lies after --until {self.until}")

    def name(self) -> str:
        """Say in three words what this import is."""
        if self.again:
            return "retry of what is held"
        if self.numbers:
            return f"import of {len(self.numbers)} by number"
        if self.days is not None:
            return f"import {self.days} days"
        if self.since or self.until:
            return f"import {self.since or '...'} to {self.until or 'today'}"
        return "import since last run"


def import_booked(
    connection: Connection,
    request: ImportRequest,
    *,
    steps: Steps = plainly,
    tell: Tell = silently,
) -> ImportReport:
    """Bring booked invoices and credit notes to Twikey, once each.

    Raises a ``Halted`` with a sentence and an advice when the run cannot do its work; what was done
    until then is in the ledger, and the next run goes on from there.
    """
    if not connection.settings.automatic and not request.by_hand:
        off = with_summary(
            connection, FLOW, lambda: ImportReport.off(request.name()), by_hand=False, steps=steps
        )
        return watched(connection, FLOW, off)
    report = with_summary(
        connection, FLOW, lambda: _import(connection, request, steps, tell),
        by_hand=request.by_hand, dry_run=request.dry_run, steps=steps,
    )  # fmt: skip
    whole = not (request.dry_run or request.numbers or request.again)
    return watched(connection, FLOW, report) if whole else report


def _import(
    connection: Connection, request: ImportRequest, steps: Steps, tell: Tell
) -> ImportReport:
    window = _window(connection, request)
    connection.access.token()
    asked = request.by_hand and not request.again
    parameters: dict[str, object] = {
        "name": request.name(), "dry_run": request.dry_run, "by_hand": asked,
        "since": window.issued_from,
    }  # fmt: skip
    with at_work(
        connection, FLOW, started_by=request.started_by, parameters=parameters,
        dry_run=request.dry_run, tell=tell,
    ) as run:  # fmt: skip
        if window.scheduled and run.ledger.watermarks.read("invoices") is None:
            raise NeverImported("Nothing was ever imported with this ledger")
        try:
            return _bring(run, request, window, steps)
        except Halted:
            if window.scheduled:
                tell_late_although_stopped(run)
            raise


def _bring(run: Run, request: ImportRequest, window: Window, steps: Steps) -> ImportReport:
    """Settle, gather, decide, apply, move the watermark: once, in this order."""
    steps("read what Twikey has", read_twikey, run)
    if not run.dry_run:
        steps("settle what an earlier run left", settle, run)
        verify_bulk_creates(run)
    let_come_again(run, request.numbers, request.started_by)
    steps("read what Teamleader booked", gather, run, window)
    tell_undone(run, request.numbers)
    unusual = brake(run, request)
    prepare_invitations(run, silent=unusual and not request.invite, aloud=request.invite)
    if not run.dry_run:
        steps("update customers", update_customers, run)
    steps("decide and send", decide_and_apply, run)
    tell_mails(run, silent=unusual, invite=request.invite)
    if not run.dry_run:
        steps("set up new customers", update_customers, run)
        run.alerts += steps("compare what was credited", tell_new_credits, run)
        run.alerts += tell_late(run)
        run.alerts += run.ledger.alerts.open(RENAMED, *NOT_TAKEN)
        if window.scheduled:
            tell_arrived_late(run)
        _move_watermarks(run, window)
    tell_due_at_once(run)
    return _close(run, request)


def _window(connection: Connection, request: ImportRequest) -> Window:
    """Return what to read; dates in the time zone of the books (guide 4: the last 30 days)."""
    today = connection.today()
    request.require_sound()
    since = request.since if request.days is None else today - timedelta(days=request.days)
    return Window(
        scheduled=not request.by_hand,
        issued_from=since.isoformat() if since else None,
        issued_to=request.until.isoformat() if request.until else None,
        numbers=request.numbers,
        again=request.again,
        credit_notes=connection.settings.automatic or request.credit_notes,
    )


def decide_and_apply(run: Run) -> int:
    """Decide and send chunk by chunk; return how many creates left."""
    if not run.ledger.bookings.any_undecided(run.id):
        return 0
    with in_one_go():
        from flows.work import work_through  # pandas: an idle run stays without it

    return work_through(run)


def update_customers(run: Run) -> int:
    """Let changed customers follow and set default profiles of new ones (guide 12).

    Before the invoices, so that an invitation goes to the new address; after them for the new.
    """
    take_up_again(run)
    if not run.ledger.customers.any_to_tell():
        return 0
    from flows.tell_customers import tell_customers

    return tell_customers(run)


def _move_watermarks(run: Run, window: Window) -> None:
    """Move each watermark to this run's first moment, by the server's clock, last of all.

    Whoever is in the ledger was read after that moment; so the customers' watermarks begin with the
    first import, even where a customer's list may not be read yet.
    """
    began = first_moment(run)
    if began is None:
        return
    for resource in RESOURCES:
        listed = "invoices" if resource in CUSTOMERS and not window.scheduled else resource
        moves = run.read_whole.get(listed, False)
        first = run.ledger.watermarks.read(resource) is None
        if moves and (window.scheduled or first):
            run.ledger.watermarks.move(resource, began, run.id)


def _close(run: Run, request: ImportRequest) -> ImportReport:
    report = ImportReport.of(run, request.name())
    run.ledger.runs.end(run.id, run.now(), report.outcome, report.headline(), report.counts())
    return report
