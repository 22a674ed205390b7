"""Guide 4, 5, 11, 12: booked invoices and credit notes arrive in Twikey, once each.

Four movements, in this order: gather, decide, apply, move the watermark. A dry run stops after
decide. Whatever an earlier run left open is settled first, by looking.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from connectors.errors import BrakePulled, NeverImported, UsageWrong
from connectors.ledger.desk import Load
from flows.connection import Connection
from flows.gather import RESOURCES, Window, gather
from flows.importing import in_one_go
from flows.invitations import prepare_invitations
from flows.report import ImportReport, euro
from flows.run import Run, Steps, Tell, at_work, plainly, silently
from flows.settle import read_twikey, settle, verify_bulk_creates

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
        return ImportReport.off(request.name())
    window = _window(connection, request)
    connection.access.token()
    parameters: dict[str, object] = {"name": request.name(), "dry_run": request.dry_run}
    with at_work(
        connection, FLOW, started_by=request.started_by, parameters=parameters,
        dry_run=request.dry_run, tell=tell,
    ) as run:  # fmt: skip
        if window.scheduled and run.ledger.watermarks.read("invoices") is None:
            raise NeverImported("Nothing was ever imported with this ledger")
        steps("read what Twikey has", read_twikey, run)
        if not run.dry_run:
            steps("settle what an earlier run left", settle, run)
            verify_bulk_creates(run)
        steps("read what Teamleader booked", gather, run, window)
        unusual = brake(run, request)
        prepare_invitations(run, silent=unusual and not request.invite)
        if not run.dry_run:
            steps("update customers", update_customers, run)
        steps("decide and send", decide_and_apply, run)
        if not run.dry_run:
            steps("set up new customers", update_customers, run)
            _move_watermarks(run, window)
        return _close(run, request)


def _window(connection: Connection, request: ImportRequest) -> Window:
    """Return what to read; dates in the time zone of the books (guide 4: the last 30 days)."""
    today = connection.today()
    since = request.since
    if request.days is not None:
        if since or request.until:
            raise UsageWrong("--days does not go together with --since or --until")
        if not 0 <= request.days <= 3660:
            raise UsageWrong("--days takes a number of days from 0 to 3660")
        since = today - timedelta(days=request.days)
    if since and request.until and since > request.until:
        raise UsageWrong(f"--since {since} lies after --until {request.until}")
    return Window(
        scheduled=not request.by_hand,
        issued_from=since.isoformat() if since else None,
        issued_to=request.until.isoformat() if request.until else None,
        numbers=request.numbers,
        again=request.again,
        credit_notes=connection.settings.automatic or request.credit_notes,
    )


def brake(run: Run, request: ImportRequest) -> bool:
    """Stop before anything is sent when the plan is implausible and nobody said yes.

    Too many, too much, too old, or a first load on a profile that mails at once (guide 10 warns of
    it). Bookings that already stand in Twikey do not count (complaint C18). Returns whether this is
    a first load (nothing was ever read to its end) or one beyond the brake: those are silent.
    """
    settings = run.connection.settings
    reasons, load = _beyond_the_brake(run)
    silent = bool(reasons) or run.ledger.watermarks.read("invoices") is None
    mails = settings.profile(settings.new_customer_profile).invitation == "twikey"
    never_yet = run.ledger.watermarks.read("invoices") is None and not run.ledger.desk.ever_sent()
    if load.bookings and mails and never_yet:
        reasons.append(
            f"a first load, for which profile {settings.new_customer_profile} may mail"
            f" {load.bookings} invitations (switch its sending off in Twikey first, or set"
            " invitation for it in config.toml)"
        )
    if reasons and run.dry_run:
        run.notes.append("would need --yes: " + "; ".join(reasons))
    elif reasons and not request.yes:
        run.ledger.desk.take_back(run.id, run.began)
        raise BrakePulled("Nothing was sent: this import holds " + "; ".join(reasons))
    return silent


def _beyond_the_brake(run: Run) -> tuple[list[str], Load]:
    """Return what exceeds the configured limits, in words, and what is about to be created."""
    settings = run.connection.settings
    limits = settings.brake
    cutoff = run.connection.today() - timedelta(days=limits.older_than_days)
    load, old = run.ledger.desk.load(run.id, cutoff.isoformat(), settings.number_prefix)
    reasons = []
    if limits.bookings and load.bookings > limits.bookings:
        reasons.append(f"{load.bookings} invoices (the brake is set to {limits.bookings})")
    if limits.amount and load.cents > limits.amount * 100:
        reasons.append(f"{euro(load.cents)} (the brake is set to {euro(limits.amount * 100)})")
    if limits.older_than_days and old:
        reasons.append(
            f"{old} invoices dated before {cutoff}, the oldest {load.oldest}"
            f" (the brake is set to {limits.older_than_days} days)"
        )
    return reasons, load


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
    if not run.ledger.customers.any_to_tell():
        return 0
    from flows.tell_customers import tell_customers

    return tell_customers(run)


def _move_watermarks(run: Run, window: Window) -> None:
    """Move each watermark to this run's first moment, by the server's clock, last of all."""
    began = run.connection.teamleader.server_date or run.began
    for resource in RESOURCES:
        moves = run.read_whole.get(resource, False)
        first = run.ledger.watermarks.read(resource) is None
        if moves and (window.scheduled or first):
            run.ledger.watermarks.move(resource, began, run.id)


def _close(run: Run, request: ImportRequest) -> ImportReport:
    report = ImportReport.of(run, request.name())
    run.ledger.runs.end(run.id, run.now(), report.outcome, report.headline(), report.counts())
    return report
