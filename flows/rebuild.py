"""A damaged or lost ledger is made anew from both sides (decisions 3; reliability P12).

Nothing is sent by a rebuild. What stands in Twikey under a Teamleader id crossed; what is in
Teamleader under a marker of ours was registered; what can be read of the old file comes along. The
new ledger is made beside the old one and takes its place in one rename, so that a rebuild that is
stopped leaves everything as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from connectors.errors import Disconnected, LedgerBroken, LedgerUnusable, UsageWrong
from connectors.ledger.aside import discard, free_name, replace_with
from connectors.ledger.lock import alone
from connectors.ledger.store import SCHEMA_VERSION
from flows.connection import Connection
from flows.rebuild_both_sides import know_again
from flows.rebuild_money import recognise_payments
from flows.rebuild_saved import Saved, put_back, read_saved
from flows.run import Run, Tell, at_work, silently
from mappings.money import euro
from mappings.texts import many

FLOW = "rebuild"
DAYS = 400  # longer than any debit can be taken back (13 months)
BESIDE = "ledger-rebuilt.db"
EMPTY = "ledger-empty.db"
FROM = "to be rebuilt from"  # the fact that names the old file until the access is given anew


@dataclass(frozen=True)
class RebuildRequest:
    """What is asked: without ``yes``, and in a dry run, the ledger stays as it is.

    ``since``: the first invoice date to look for what did not cross; ``anyway`` rebuilds a ledger
    that is sound. ``by`` is a person's name.
    """

    since: date | None = None
    yes: bool = False
    dry_run: bool = False
    anyway: bool = False
    by: str = "unknown user"

    @property
    def plan_only(self) -> bool:
        """Tell whether the old ledger is to stay in its place."""
        return self.dry_run or not self.yes


@dataclass
class RebuildReport:
    """What the new ledger holds; numbers of bookings, customers and payments.

    ``damage`` is None where the old ledger was lost or is sound, ``kept_as`` the old file's new
    name. ``saved`` are rows of the old file by table, ``unread`` its tables with losses.
    ``standing`` are in Twikey, ``missed`` crossed and are deleted there since; ``held`` wait for a
    person, ``left`` are for the next import.
    """

    since: str
    plan_only: bool
    dry_run: bool
    damage: str | None = None
    lost: bool = False
    kept_as: str | None = None
    saved: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    standing: int = 0
    standing_cents: int = 0
    customers: int = 0
    missed: int = 0
    held: int = 0
    skipped: int = 0
    left: int = 0
    stay_away: int = 0
    events: int = 0
    payments: int = 0
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """Return 0 rebuilt, 1 waits for --yes or could not read all, 2 something is held."""
        if self.problems or (self.plan_only and not self.dry_run):
            return 1
        return 2 if self.held else 0

    def headline(self) -> str:
        """Say the verdict first."""
        verb = "would be known again" if self.plan_only else "known again"
        parts = [f"{self.standing} in Twikey {verb}, {euro(self.standing_cents)}"]
        parts.append(f"{many(self.payments, 'payment')} recognised")
        if self.held:
            parts.append(f"{self.held} held")
        if self.left:
            parts.append(f"{self.left} left to the next import")
        return "; ".join(parts)


def rebuild(
    connection: Connection, request: RebuildRequest, *, tell: Tell = silently
) -> RebuildReport:
    """Make the ledger anew, or show what would come of it.

    Raises ``UsageWrong`` for a ledger that is sound, ``AnotherRunAtWork``, ``Disconnected`` where
    there is no access to Teamleader left, and whatever ``Halted`` stops it: the old ledger is in
    its place then, and the same command begins anew.
    """
    path = connection.ledger_path
    with alone(path.with_suffix(".lock")):
        saved = read_saved(path, connection.home / BESIDE, FROM)
        _require_reason(saved, request)
        report = _report(connection, request, saved)
        beside = _beside(connection, saved)
        try:
            with beside:
                _require_access(connection, beside, saved, request)
                _make(beside, request, saved, report, tell)
                if not request.plan_only:
                    _hand_over(connection, beside, saved)
        except BaseException:
            _leave_no_trace(connection, saved)
            raise
        if request.plan_only:
            _leave_no_trace(connection, saved)
        else:
            connection.close_files()
            kept = free_name(path, connection.clock.now())
            report.kept_as = kept.name if replace_with(path, beside.ledger_path, kept) else None
            discard(beside.ledger_path)
    return report


def _require_reason(saved: Saved, request: RebuildRequest) -> None:
    if saved.version > SCHEMA_VERSION:
        raise LedgerUnusable("The ledger was written by a newer version of this program")
    if saved.sound and saved.used and not request.anyway:
        raise UsageWrong(
            "the ledger is sound and in use, so there is nothing to rebuild (--anyway does it)"
        )


def _report(connection: Connection, request: RebuildRequest, saved: Saved) -> RebuildReport:
    since = request.since or connection.today() - timedelta(days=DAYS)
    return RebuildReport(
        since.isoformat(), request.plan_only, request.dry_run, damage=saved.damage or saved.story,
        lost=saved.lost, unread=sorted(saved.unread),
    )  # fmt: skip


def _beside(connection: Connection, saved: Saved) -> Connection:
    """Return a connection whose ledger is a new file beside the old one.

    Where the old file is sound, the access stays there until the end: it is renewed meanwhile.
    """
    place = connection.home / BESIDE
    discard(place)
    beside = Connection(
        connection.home, connection.settings, connection.secrets, name=connection.name,
        clock=connection.clock, on_wait=connection.on_wait, timeouts=connection.timeouts,
    )  # fmt: skip
    beside.ledger_path = place
    beside.ledger.rebuilding.put_back("access", saved.access)
    if saved.sound:
        beside.access_from(connection)
    return beside


def _require_access(
    connection: Connection, beside: Connection, saved: Saved, request: RebuildRequest
) -> None:
    """Renew the access; where there is none left, make room for a new one."""
    try:
        beside.access.token()
    except Disconnected as gone:
        if saved.damage is None:
            raise Disconnected(f"{gone}; `rebuild` needs one") from gone
        if request.plan_only:
            raise LedgerBroken(
                f"{gone}, and the damaged ledger is in the place of a new one"
            ) from gone
        _make_room(connection)
        raise Disconnected(
            f"{gone}. The damaged ledger was put aside; give access with `teamleader-twikey"
            " connect`, then repeat `teamleader-twikey rebuild --yes`"
        ) from gone


def _make_room(connection: Connection) -> None:
    """Put the damaged file aside, so that there is a place for a new access."""
    place, now = connection.home / EMPTY, connection.clock.now()
    kept = free_name(connection.ledger_path, now)
    discard(place)
    with Connection(connection.home, connection.settings, connection.secrets) as empty:
        empty.ledger_path = place
        empty.ledger.facts.write(FROM, kept.name)
        empty.ledger.rebuilding.settle_into_file(now)
    replace_with(connection.ledger_path, place, kept)
    discard(place)


def _make(
    beside: Connection, request: RebuildRequest, saved: Saved, report: RebuildReport, tell: Tell
) -> None:
    """Fill the new ledger: what was saved, what stands in Twikey, what was registered."""
    report.saved = put_back(beside.ledger, saved)
    parameters: dict[str, object] = {"name": FLOW, "since": report.since}
    with at_work(beside, FLOW, started_by=request.by, parameters=parameters, tell=tell) as run:
        know_again(run, saved, report.since)
        report.events, report.payments = recognise_payments(run, saved)
        _count(run, report)
        outcome = "held" if report.held else "clean"
        run.ledger.runs.end(run.id, run.now(), outcome, report.headline(), run_counts(report))


def run_counts(report: RebuildReport) -> dict[str, object]:
    """Return the numbers for the run book."""
    names = ("standing", "standing_cents", "held", "left", "events", "payments", "customers")
    return {name: getattr(report, name) for name in names}


def _count(run: Run, report: RebuildReport) -> None:
    counts = run.ledger.rebuilding.counts()
    report.standing, report.standing_cents = (
        counts.get("sent", 0), run.ledger.rebuilding.cents_sent(),
    )  # fmt: skip
    report.held, report.skipped = counts.get("held", 0), counts.get("skipped", 0)
    report.missed = counts.get("missed", 0)
    report.left, report.stay_away = counts.get("seen", 0), counts.get("undone", 0)
    report.customers = counts["customers"]
    report.notes = list(run.notes)
    report.problems = [f"{problem}. {problem.advice}" for problem in run.problems]


def _hand_over(connection: Connection, beside: Connection, saved: Saved) -> None:
    """Make the new file whole in itself, with the newest access."""
    if saved.sound:
        beside.ledger.rebuilding.access_of(connection.ledger.rebuilding)
    beside.ledger.rebuilding.settle_into_file(connection.clock.now())


def _leave_no_trace(connection: Connection, saved: Saved) -> None:
    """Leave no trace, but an access that was renewed and has no other place to be."""
    if saved.sound:
        discard(connection.home / BESIDE)
