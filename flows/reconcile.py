"""Both sides compared, to the cent: every booking and every invoice in exactly one bucket (B4).

Twikey is brought up to date from its feeds, Teamleader is listed anew, and only what disagrees is
asked for once more. Nothing is changed on either side, and nothing is decided: what Twikey showed
is kept, as every run keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.errors import DoesNotAddUp, UsageWrong
from connectors.twikey.client import read_feed
from flows.connection import Connection
from flows.csv_files import STANDARD_OUTPUT, require_free, write_whole
from flows.importing import in_one_go
from flows.read_payments import read_payments
from flows.run import Run, Steps, Tell, at_work, plainly, silently
from mappings.money import money

if TYPE_CHECKING:
    import pandas as pd

    from flows.compare import Sides

FLOW = "reconcile"
DAYS = 90
CSV_NAME = "reconciliation.csv"


@dataclass(frozen=True)
class ReconcileRequest:
    """What is asked of a reconciliation: invoice dates, both inclusive, and where a CSV goes.

    Without ``since`` the last 90 days; without ``until`` there is no end. ``csv`` is a file, a
    directory (then the file is ``reconciliation.csv`` in it) or ``-``. ``every`` asks Twikey for
    each invoice, also where both sides agree: its feed does not tell what was deleted there.
    """

    since: date | None = None
    until: date | None = None
    csv: Path | None = None
    bom: bool = False
    semicolon: bool = False
    force: bool = False
    every: bool = False
    started_by: str = "command line"

    def window(self, today: date) -> tuple[date, date | None]:
        """Return the first and the last date; raises ``UsageWrong`` for one after the other."""
        since = self.since or (self.until or today) - timedelta(days=DAYS)
        if self.until is not None and since > self.until:
            raise UsageWrong(f"--since {since} lies after --until {self.until}")
        return since, self.until

    def file(self) -> Path | None:
        """Return the file to write."""
        if self.csv is not None and self.csv != STANDARD_OUTPUT and self.csv.is_dir():
            return self.csv / CSV_NAME
        return self.csv


@dataclass
class ReconcileReport:
    """What the comparison found. ``buckets`` count documents and cents of each side, by currency.

    ``differing`` are the documents that need a person, ``documents`` all of them, both as they are
    written to the CSV file. ``asked`` counts the invoices that Twikey was asked for singly,
    ``not_asked`` those for which its feed had to do. ``command`` imports what was never imported.
    """

    since: str
    until: str | None
    outcome: str = "clean"
    run_id: int | None = None
    buckets: list[dict[str, Any]] = field(default_factory=list)
    differing: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    not_asked: int = 0
    command: str | None = None
    file: str | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """Return 0 when both sides agree, 2 when a person must look, 1 if not all was compared."""
        return 2 if self.differing else int(bool(self.problems))

    @property
    def name(self) -> str:
        """Say which invoice dates were compared."""
        return f"reconcile {self.since} to {self.until or 'today and later'}"

    def headline(self) -> str:
        """Say the verdict in one line, with both sides' sums."""
        differ = len(self.differing)
        verdict = f"{differ} differ{'s' * (differ == 1)}" if differ else "both sides agree"
        sides = [f"{name} {self._sum(name.lower())}" for name in ("Teamleader", "Twikey")]
        return f"{verdict}; {', '.join(sides)}"

    def _sum(self, side: str) -> str:
        found: dict[str, list[int]] = {}
        for row in self.buckets:
            if row[side]:
                sums = found.setdefault(row["currency"], [0, 0])
                sums[0] += row[side]
                sums[1] += row[f"{side}_cents"]
        each = [f"{count} for {money(cents, c)}" for c, (count, cents) in sorted(found.items())]
        return " and ".join(each) or "none"

    def counts(self) -> dict[str, object]:
        """Return the numbers for the run book."""
        found: dict[str, int] = {}
        for row in self.buckets:
            held = max(row["teamleader"], row["twikey"])
            found[row["bucket"]] = found.get(row["bucket"], 0) + held
        return {
            "documents": len(self.documents), "differing": len(self.differing), "buckets": found,
            "asked": self.asked, "not_asked": self.not_asked, "calls": self.calls,
        }  # fmt: skip


def reconcile(
    connection: Connection,
    request: ReconcileRequest,
    *,
    steps: Steps = plainly,
    tell: Tell = silently,
) -> ReconcileReport:
    """Compare both sides; raises a ``Halted`` when it cannot, ``DoesNotAddUp`` rather than lie."""
    since, until = request.window(connection.today())
    file = request.file()
    if file is not None:
        require_free(file, force=request.force)
    connection.access.token()
    report = ReconcileReport(since.isoformat(), until.isoformat() if until else None)
    parameters: dict[str, object] = {"name": report.name, "by_hand": True}
    with at_work(
        connection, FLOW, started_by=request.started_by, parameters=parameters, tell=tell
    ) as run:
        report.run_id = run.id
        steps("read what Twikey has", _read_twikey, run)
        with in_one_go():
            from flows.compare import Sides, compare, list_teamleader

        sides = Sides(report.since, report.until)
        steps("list what Teamleader booked", list_teamleader, run, sides)
        rows = steps("compare", compare, run, sides, request.every)
        _prove(sides, rows)
        _tell_rows(report, rows, automatic=connection.settings.automatic)
        report.asked, report.not_asked = len(sides.asked), sides.not_asked
        if file is not None:
            _write(report, request, file, rows)
        return _close(run, report)


def _read_twikey(run: Run) -> int:
    """Bring both feeds up to date, the payments first; return how many events are news.

    Every run can do without a feed for once; this one cannot. So the invoice feed must show here
    that it is at its end, and whatever keeps it from that ends the comparison.
    """
    news, feed = read_payments(run), run.ledger.feed
    for page in read_feed(run.connection.twikey.invoice_feed, feed.position()):
        feed.invoices_seen(page.items, page.position, run.now())
    run.ledger.payments.assign(run.id, run.now())
    return news


def _prove(sides: Sides, rows: pd.DataFrame) -> None:
    from mappings.reconcile_totals import untied

    wrong = untied(rows, sides.teamleader, sides.twikey)
    if wrong:
        raise DoesNotAddUp("The buckets do not hold what was listed: " + "; ".join(wrong))


def _tell_rows(report: ReconcileReport, found: pd.DataFrame, *, automatic: bool) -> None:
    """Put the comparison into the report, as plain values."""
    from mappings.frames import rows
    from mappings.reconcile_totals import differing, table, totals

    report.buckets = rows(totals(found))
    report.documents = rows(table(found))
    report.differing = rows(table(differing(found)))
    report.command = _command(report.differing, automatic=automatic)


def _command(differing: list[dict[str, Any]], *, automatic: bool) -> str | None:
    """Return the import that brings what was never imported, by the dates of that alone."""
    wanted = [row for row in differing if row["bucket"] in ("only in Teamleader", "not linked")]
    dates = sorted(row["date"] for row in wanted if row["date"])
    if not dates:
        return None
    notes = not automatic and any(row["kind"] == "credit_note" for row in wanted)
    return (
        f"teamleader-twikey import --since {dates[0]} --until {dates[-1]}"
        + " --credit-notes" * notes
    )


def _write(
    report: ReconcileReport, request: ReconcileRequest, file: Path, rows: pd.DataFrame
) -> None:
    from mappings.csv_text import written
    from mappings.reconcile_totals import AMOUNTS, table

    content = written(table(rows), bom=request.bom, semicolon=request.semicolon, figures=AMOUNTS)
    write_whole(file, content, force=request.force)
    report.file = str(file)


def _close(run: Run, report: ReconcileReport) -> ReconcileReport:
    connection = run.connection
    report.problems = [f"{problem}. {problem.advice}" for problem in run.problems]
    report.notes = list(run.notes)
    report.calls = {"Teamleader": connection.teamleader.calls, "Twikey": connection.twikey.calls}
    report.outcome = "held" if report.differing else "clean"
    run.ledger.runs.end(run.id, run.now(), report.outcome, report.headline(), report.counts())
    return report
