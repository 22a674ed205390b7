"""What people see in a terminal: progress while it works, a summary that adds up, and the cure.

Progress goes to standard error, results to standard output, so that both can be piped apart. Text
from outside (names, numbers, answers) is stripped of control characters before it is shown.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from connectors.errors import Trouble
from flows.report import ImportReport, euro

if TYPE_CHECKING:
    from flows.check import Finding

QUIET_SECONDS = 2.0


def clean(value: object) -> str:
    """Return text that cannot move the cursor, colour the screen or reverse the line."""
    return "".join(c if c.isprintable() else " " for c in str(value if value is not None else ""))


class Progress:
    """Tells how far a step has come: a living line on a terminal, a line every 2 s elsewhere.

    rich is imported only for a terminal: a scheduled idle poll should not pay for it.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._last = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Show one step's progress."""
        if self._stream.isatty():
            self._draw(what, done, total)
        elif time.monotonic() - self._last > QUIET_SECONDS:
            self._stream.write(f"  {what}: {done}" + (f" of {total}\n" if total else "\n"))
            self._stream.flush()
            self._last = time.monotonic()

    def _draw(self, what: str, done: int, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        if self._bar is None:
            columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False),
                       BarColumn(bar_width=24), TextColumn("{task.fields[count]}"),
                       TimeElapsedColumn())  # fmt: skip
            self._bar = Progress(*columns, console=Console(file=self._stream), transient=True)
            self._bar.start()
            self._task = self._bar.add_task("", total=None, count="")
        count = f"{done} of {total}" if total else f"{done}"
        self._bar.update(self._task, description=what, completed=done, total=total, count=count)

    def waiting(self, seconds: float, why: str) -> None:
        """Say that a service makes us wait."""
        if seconds >= QUIET_SECONDS:
            self.close()
            self._stream.write(f"  {why}: waiting {seconds:.0f} s\n")
            self._stream.flush()

    def close(self) -> None:
        """Leave a clean line behind."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


class Screen:
    """Prints results, for people or (``as_json``) for machines."""

    def __init__(self, *, as_json: bool = False, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self._stream = stream or sys.stdout
        self._colours = self._stream.isatty()

    def line(self, text: str = "") -> None:
        """Print one line, for people only."""
        if not self.as_json:
            self._stream.write(text + "\n")

    def machine(self, value: Mapping[str, Any] | Sequence[Any]) -> None:
        """Print a value as JSON, for machines only."""
        if self.as_json:
            self._stream.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")

    def paint(self, text: str, colour: str) -> str:
        """Colour a text on a terminal."""
        codes = {"red": 31, "green": 32, "yellow": 33, "bold": 1, "dim": 2}
        return f"\x1b[{codes[colour]}m{text}\x1b[0m" if self._colours else text

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows in columns; on a terminal what is too long is folded, never cut."""
        cells = [[clean(value) for value in row] for row in rows]
        if self.as_json or not cells:
            return
        if not self._colours:
            self._plain_table(heads, cells)
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for head in heads:
            table.add_column(head, overflow="fold")
        for row in cells:
            table.add_row(*map(Text, row))
        Console(file=self._stream, highlight=False).print(table)

    def _plain_table(self, heads: Sequence[str], rows: list[list[str]]) -> None:
        """Print rows for a file or another program, which fold by themselves: rich costs 60 ms."""
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        for row in (heads, *rows):
            padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self._stream.write("  ".join(padded).rstrip() + "\n")

    def trouble(self, trouble: Trouble) -> None:
        """Print what went wrong and the cure."""
        self.machine({"error": type(trouble).__name__, "sentence": str(trouble),
                      "advice": trouble.advice, "exit_code": trouble.exit_code})  # fmt: skip
        if not self.as_json:
            sentence = clean(trouble).rstrip(".")
            sys.stderr.write(f"{self.paint(sentence + '.', 'red')}\n{trouble.advice}\n")

    # ---- the summary of an import (guide 5)

    def report(self, report: ImportReport) -> None:
        """Print an import's summary: the line that adds up, the figures, what needs a person."""
        self.machine({**report.__dict__, "exit_code": report.exit_code})
        title = f"{report.name}{' (dry run, nothing was sent)' if report.dry_run else ''}"
        self.line(self.paint(title, "bold"))
        for problem in report.problems:
            self.line(self.paint(f"  ! {clean(problem)}", "red"))
        if report.outcome == "off":
            self._notes(report)
            return
        self.line(f"  {report.tie_out()}")
        word = "would be sent" if report.dry_run else "sent"
        profiles = ", ".join(f"{count} on {name}" for name, count in report.profiles.items())
        if report.sent:
            self.line(f"  {word}: {report.sent} for {euro(report.sent_cents)} ({profiles})")
        if report.new_customers:
            self.line(f"  customers new to Twikey: {report.new_customers}")
        if report.adopted:
            self.line(f"  found standing in Twikey already: {report.adopted}")
        self._reasons("skipped by rule", report, "skipped")
        self._notices(report)
        if report.dry_run:
            self.line(f"  invitations that may leave: {report.invitations}")
        calls = ", ".join(f"{count} to {name}" for name, count in report.calls.items())
        self.line(f"  calls: {calls}")
        self.held(report.waiting)
        self._notes(report)

    def _reasons(self, title: str, report: ImportReport, kind: str) -> None:
        from mappings.reasons import REASONS

        mine = {c: n for c, n in report.reasons.items() if c in REASONS and REASONS[c].kind == kind}
        if mine:
            self.line(f"  {title}: " + ", ".join(f"{n} {c}" for c, n in sorted(mine.items())))

    def _notices(self, report: ImportReport) -> None:
        if report.notices:
            text = ", ".join(f"{n} {code}" for code, n in sorted(report.notices.items()))
            self.line(f"  sent with a notice: {text}")

    def _notes(self, report: ImportReport) -> None:
        for note in report.notes:
            self.line(f"  note: {clean(note)}")

    # ---- what needs a person

    def held(self, waiting: Sequence[Mapping[str, Any]], most: int = 20) -> None:
        """Print what waits for a person with its reason, and each reason once with its cure."""
        from mappings.reasons import advice_of, sentence_of

        if self.as_json or not waiting:
            return
        self.line(self.paint(f"  needs you ({len(waiting)}):", "yellow"))
        self.table(
            ("number", "customer", "amount", "reason", "why"),
            [
                (
                    row["number"] or row["id"],
                    clean(row["invoicee_name"])[:28],
                    f"{row['currency'] or ''} {(row['payable_cents'] or 0) / 100:,.2f}",
                    row["reason"],
                    sentence_of(row["reason"], row["detail"] or ""),
                )
                for row in waiting[:most]
            ],
        )
        if len(waiting) > most:
            self.line(f"  ... and {len(waiting) - most} more: `teamleader-twikey held`")
        for code in dict.fromkeys(row["reason"] for row in waiting):
            self.line(f"  {self.paint(code, 'yellow')}: {advice_of(code)}")

    # ---- check, status, journey

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print what the probes found, and the cure of each that is not well."""
        self.machine([finding.__dict__ for finding in findings])
        marks = {"ok": ("ok   ", "green"), "warns": ("look ", "yellow"), "fails": ("FAILS", "red")}
        for finding in findings:
            word, colour = marks[finding.state]
            self.line(f"{self.paint(word, colour)} {finding.probe}: {clean(finding.sentence)}")
            if finding.cure:
                self.line(f"      -> {clean(finding.cure)}")

    def status(self, state: Mapping[str, Any]) -> None:
        """Print the state of a connection."""
        self.machine(state)
        behind = state["behind_seconds"]
        self.line(f"connection {state['connection']} in {state['home']}")
        self.line(f"  Teamleader: {'connected' if state['connected'] else 'not connected'}")
        self.line(f"  automatic import: {'on' if state['automatic'] else 'off'}")
        seen = "never" if behind is None else f"{ago(behind)} ago"
        self.line(f"  everything booked was last seen: {seen}")
        self.line(f"  at work: {state['at_work'] or 'nobody'}")
        stages = ", ".join(f"{n} {stage}" for stage, n in sorted(state["bookings"].items()))
        self.line(f"  bookings: {stages or 'none'}; customers in Twikey: {state['customers']}")
        if state["unsettled"]:
            self.line(f"  writes whose answer was lost, to be looked up: {state['unsettled']}")
        if state["runs"]:
            self.table(
                ("started", "flow", "outcome", "message"),
                [(r["started_at"], r["flow"], r["outcome"], r["message"]) for r in state["runs"]],
            )
        self.held(state["waiting"])

    def journey(
        self, found: Sequence[Mapping[str, Any]], stories: Sequence[Mapping[str, Any]]
    ) -> None:
        """Print what happened to a booking or customer, oldest first."""
        self.machine({"bookings": list(found), "stories": list(stories)})
        for row in found:
            self.line(
                self.paint(f"{row['number'] or row['id']}  {clean(row['invoicee_name'])}", "bold")
            )
            profile = (
                f"profile {row['ct'] or 'left to Twikey'} ({row['ct_source'] or 'not chosen'})"
            )
            self.line(f"  {row['kind']} {row['id']}, stage {row['stage']}, {profile}")
            for link in filter(None, (row["web_url"], row["url"])):
                self.line(f"  {clean(link)}")
        for story in stories:
            self.table(
                ("at", "run", "what", "facts"),
                [
                    (e["at"], e["run"] or "", e["what"],
                     ", ".join(f"{k}: {v}" for k, v in e["facts"].items() if v is not None))
                    for e in story["events"]
                ],
            )  # fmt: skip

    def flush(self) -> None:
        """Show now what was printed."""
        self._stream.flush()


def ago(seconds: float) -> str:
    """Write a span for people: 40 s, 3 min, 2 h, 5 days."""
    for size, unit in ((2 * 86400, "days"), (2 * 3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // {'days': 86400, 'h': 3600, 'min': 60}[unit]:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
