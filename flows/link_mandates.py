"""Guide 10: signed mandates are linked to their Teamleader customers by customer number.

A file says which mandate is whose. It is checked, each mandate is looked up, and the plan is shown;
only with ``yes`` Twikey is told, one mandate at a time, each under its intent. Setting a customer
number is safe to repeat (API reference 5.6), so whatever is interrupted goes on by the same
command: what is linked already is found by looking and not written again. Whoever asks for another
customer while a lost write of the same mandate may still arrive is made to wait (decisions 5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.errors import (
    CallRefused,
    Halted,
    NotFound,
    OutcomeUnknown,
    ServiceUnavailable,
    UnexpectedAnswer,
)
from flows.connection import Connection
from flows.csv_files import read_whole
from flows.export import listed
from flows.run import Run, Tell, at_work, silently
from flows.settle import read_twikey, same_account
from mappings.texts import many

if TYPE_CHECKING:
    import pandas as pd

    from connectors.twikey.records import MandateDetail

FLOW = "link mandates"
LOST_IN_A_ROW = 3
ONLY_FOR_UPLOAD = {"TOO_LARGE"}
NOT_COLLECTED = (
    "invoices that are in Twikey already are not collected by this: Twikey looks for a mandate when"
    " an invoice arrives. Link those in Twikey (`link to mandate`) if they should be"
)

Row = dict[str, Any]


@dataclass(frozen=True)
class CheckedFile:
    """A file of mandates and what is wrong with it; frames MANDATES and FLAWS."""

    mandates: pd.DataFrame
    flaws: list[Row]
    separator: str
    bom: bool
    own_columns: list[str]

    @property
    def exit_code(self) -> int:
        """Return 0 when nothing is wrong, else 2."""
        return 2 if self.flaws else 0


@dataclass(frozen=True)
class LinkRequest:
    """Which file; nothing is written without ``yes``. ``move`` lets mandates change hands."""

    path: Path
    yes: bool = False
    move: bool = False
    started_by: str = "command line"


@dataclass
class LinkReport:
    """What became of each row: ``read = linked + known + skipped + held + left``.

    In a dry run ``linked`` are those that would be. ``left`` were not tried because the run had to
    stop; ``lost`` are among the held. ``rows`` are LINKS, ``flaws`` FLAWS.
    """

    run_id: int = 0
    dry_run: bool = True
    read: int = 0
    linked: int = 0
    known: int = 0
    skipped: int = 0
    held: int = 0
    left: int = 0
    lost: int = 0
    outcome: str = "clean"
    rows: list[Row] = field(default_factory=list)
    flaws: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """Return 0 clean, 1 could not do all its work, 2 something is held."""
        return {"clean": 0, "held": 2}.get(self.outcome, 1)

    def headline(self) -> str:
        """Say in one line what became of the rows."""
        linked = f"{self.linked} would be linked" if self.dry_run else f"{self.linked} linked"
        parts = [linked, f"{self.known} linked already", f"{self.held} held"]
        parts += [f"{self.left} not tried"] if self.left else []
        parts += [f"{self.skipped} without a mandate"] if self.skipped else []
        return f"{many(self.read, 'line')}: {', '.join(parts)}"


def check_file(connection: Connection, path: Path) -> CheckedFile:
    """Check a file of mandates against the customers of the ledger; asks nobody."""
    from mappings.csv_text import read
    from mappings.frames import rows
    from mappings.mandate_files import check, own_columns

    content = read_whole(path)
    sheet = read(content)
    wrong, mandates = check(sheet, listed(connection), len(content))
    return CheckedFile(mandates, rows(wrong), sheet.separator, sheet.bom, own_columns(sheet))


def link_mandates(
    connection: Connection, request: LinkRequest, *, tell: Tell = silently
) -> LinkReport:
    """Show what a file would link, and with ``yes`` link it.

    Raises ``UsageWrong`` for a file that cannot be read and a ``Halted`` when Twikey cannot be had
    at all; what stops a run half-way is in ``problems``.
    """
    checked = check_file(connection, request.path)
    parameters: dict[str, object] = {"file": request.path.name, "move": request.move}
    with at_work(
        connection, FLOW, started_by=request.started_by, parameters=parameters,
        dry_run=not request.yes, tell=tell,
    ) as run:  # fmt: skip
        report = LinkReport(run.id, dry_run=not request.yes)
        found, refused = _look(run, checked)
        _plan(run, report, checked, found, move=request.move)
        _set_aside(report, refused)
        if request.yes:
            _apply(run, report)
        return _close(run, report)


# ---- gather


def _look(run: Run, checked: CheckedFile) -> tuple[dict[str, MandateDetail | None], list[Row]]:
    """Return what Twikey shows of each usable mandate; one that it refuses to show is a flaw."""
    from mappings.frames import true, values
    from mappings.mandate_flaws import flaw

    usable = checked.mandates[true(checked.mandates["usable"])]
    found: dict[str, MandateDetail | None] = {}
    refused: list[Row] = []
    if len(usable):
        same_account(run)
    pairs = list(zip(values(usable["mandateNumber"]), values(usable["line"]), strict=True))
    for count, (number, line) in enumerate(pairs, start=1):
        try:
            found[number] = _find(run, number)
        except (CallRefused, UnexpectedAnswer) as trouble:
            refused.append(flaw("REFUSED_BY_TWIKEY", line, "mandateNumber", str(trouble)))
        except Halted as stopped:
            run.problems.append(stopped)
            break
        run.tell("looking mandates up in Twikey", count, len(pairs))
    return found, refused


def _find(run: Run, number: str) -> MandateDetail | None:
    """Look a mandate up as it is written, then in capitals, as Twikey keeps it (reference 5.3)."""
    found = run.connection.twikey.mandate(number)
    if found is None and number != number.upper():
        found = run.connection.twikey.mandate(number.upper())
    return found


# ---- decide


def _plan(
    run: Run,
    report: LinkReport,
    checked: CheckedFile,
    found: dict[str, MandateDetail | None],
    *,
    move: bool,
) -> None:
    from mappings.frames import rows
    from mappings.mandate_links import plan

    in_doubt = run.ledger.mandates.in_doubt(run.now())
    customers = listed(run.connection)
    _look_whose(run, set(customers["id"]), found)
    links, wrong = plan(
        checked.mandates, customers, found, in_doubt, move=move,
        renamed=run.ledger.links.other_numbers(),
    )  # fmt: skip
    report.rows = rows(links)
    skipped = {row["line"] for row in report.rows if row["action"] == "skipped"}
    report.flaws = [one for one in checked.flaws if _matters(one, skipped)] + rows(wrong)


def _look_whose(run: Run, customers: set[str], found: dict[str, MandateDetail | None]) -> None:
    """Read Twikey's feed where a mandate has a number that is no customer's Teamleader id.

    It may be the number of one that was changed in Twikey (guide 4): the feed shows whose.
    """
    numbers = {detail.customer_number for detail in found.values() if detail} - {None}
    if numbers - customers:
        read_twikey(run)


def _set_aside(report: LinkReport, refused: list[Row]) -> None:
    """Hold the rows whose mandate Twikey does not show, each with what it said."""
    lines = {one["line"] for one in refused}
    for row in report.rows:
        if row["line"] in lines:
            row["action"] = "held"
    report.flaws += refused


def _matters(flaw: Row, skipped: set[int]) -> bool:
    """Tell whether a flaw is one for linking, and not only for an upload."""
    if flaw["code"] == "COLUMN_MISSING" and flaw["column"] == "iban":
        return False
    return flaw["code"] not in ONLY_FOR_UPLOAD and flaw["line"] not in skipped


# ---- apply


def _apply(run: Run, report: LinkReport) -> None:
    """Settle what an earlier run left of each mandate, then link those that want it."""
    wanted = [row for row in report.rows if row["action"] == "link"]
    for row in report.rows:
        if row["action"] in ("link", "known"):
            run.ledger.mandates.looked_up(row["mandate"], row["was"], run.id, run.now())
    lost = 0
    for count, row in enumerate(wanted, start=1):
        if run.problems:
            row["action"] = "left"
            continue
        _link(run, report, row)
        lost = lost + 1 if row["action"] == "lost" else 0
        if lost == LOST_IN_A_ROW:
            said = f"Twikey left {lost} links in a row without an answer"
            run.problems.append(ServiceUnavailable(said))
        run.tell("linking mandates", count, len(wanted))


def _link(run: Run, report: LinkReport, row: Row) -> None:
    """Link one mandate under its intent; what becomes of it is its action afterwards."""
    from mappings.mandate_flaws import flaw

    links, mandate, customer = run.ledger.mandates, row["mandate"], row["customerNumber"]
    link = links.begin(mandate, customer, run.id, run.now(), run.not_before())
    try:
        run.connection.twikey.link_mandate(mandate, customer)
    except OutcomeUnknown as unknown:
        links.ended(link, "unknown", str(unknown), run.now())
        row["action"] = "lost"
        report.flaws.append(flaw("LOST", row["line"], "mandateNumber", str(unknown)))
    except (CallRefused, NotFound) as refused:
        links.ended(link, "refused", str(refused), run.now())
        row["action"] = "held"
        report.flaws.append(flaw("REFUSED_BY_TWIKEY", row["line"], "mandateNumber", str(refused)))
    except Halted as stopped:
        links.not_sent(link)
        row["action"] = "left"
        run.problems.append(stopped)
    else:
        links.done(link, row["was"], run.id, run.now())
        row["action"] = "linked"


# ---- report


def _close(run: Run, report: LinkReport) -> LinkReport:
    actions = [row["action"] for row in report.rows]
    report.read = len(actions)
    report.linked = actions.count("link" if report.dry_run else "linked")
    report.known, report.skipped = actions.count("known"), actions.count("skipped")
    report.left, report.lost = actions.count("left"), actions.count("lost")
    report.held = actions.count("held") + report.lost
    report.problems = [f"{problem}. {problem.advice}" for problem in run.problems]
    report.notes += run.notes + ([NOT_COLLECTED] if report.linked else [])
    unusable = not report.rows and report.flaws
    report.outcome = (
        "failed" if report.problems or unusable else "held" if report.flaws else "clean"
    )
    counts: dict[str, object] = {
        name: getattr(report, name)
        for name in ("read", "linked", "known", "skipped", "held", "left", "lost")
    }
    run.ledger.runs.end(run.id, run.now(), report.outcome, report.headline(), counts)
    return report
