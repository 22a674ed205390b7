"""What people see in a terminal: the verdict, a summary that adds up, and the cure.

Results go to standard output, progress and troubles to standard error, so that they can be piped
apart. Text from outside (names, numbers, answers) is stripped of control characters first.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TextIO

from connectors.errors import SettingsWrong, Trouble
from flows.layout import clean, columns, hanging, shorten, width_of
from flows.pdf_view import pdf_counts, pdf_lines
from flows.remarks import remark_lines
from flows.report import ImportReport
from flows.wording import (
    NUMBER,
    ago,
    event_row,
    figures_of,
    held_row,
    instant,
    mailed,
    money_of,
    natural,
    shown_sentence,
    steps_of,
)  # fmt: skip
from mappings.texts import need_you

if TYPE_CHECKING:
    from flows.finding import Finding
    from flows.follow_up import FollowUpReport


COLOURS = {"red": 31, "green": 32, "yellow": 33, "bold": 1, "dim": 2}

NOT_CONNECTED = (
    "not connected: `teamleader-twikey connect`; after the loss of a ledger then `rebuild`"
)


class Screen:
    """Prints results, for people or (``as_json``) for machines: the verdict first, then why."""

    def __init__(self, *, as_json: bool = False, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self._stream = stream or sys.stdout
        self._width = width_of(self._stream)

    def line(self, text: str = "", colour: str = "") -> None:
        """Print one line or more, for people only; nothing in it moves the cursor or colours."""
        shown = "\n".join(clean(one) for one in text.split("\n"))
        self._write(_paint(shown, colour, self._stream) if colour else shown)

    def _write(self, text: str) -> None:
        if not self.as_json:
            self._stream.write(text + "\n")

    def flush(self) -> None:
        """Show now what was printed."""
        self._stream.flush()

    def machine(self, value: Mapping[str, Any] | Sequence[Any]) -> None:
        """Print a value as JSON, for machines only."""
        if self.as_json:
            plain = (getattr(self._stream, "encoding", None) or "utf-8").lower() != "utf-8"
            self._stream.write(json.dumps(value, ensure_ascii=plain, indent=2, default=str) + "\n")

    def trouble(self, trouble: Trouble) -> None:
        """Print what went wrong and the cure, to standard error."""
        self.machine({"error": type(trouble).__name__, "sentence": str(trouble),
                      "advice": trouble.advice, "exit_code": trouble.exit_code})  # fmt: skip
        if self.as_json:
            return
        sentences = [f"{clean(trouble).rstrip('.')}."]
        if isinstance(trouble, SettingsWrong):
            sentences = [
                "The settings cannot be used:",
                *(f"- {clean(p)}" for p in trouble.problems),
            ]
        for sentence in sentences:
            for text in hanging("  " if sentence.startswith("- ") else "", sentence, self._width):
                sys.stderr.write(_paint(text, "red", sys.stderr) + "\n")
        sys.stderr.write("\n".join(hanging("", trouble.advice, self._width)) + "\n")

    def _facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Print named facts under each other, leaving out the empty ones."""
        for block in columns([fact for fact in facts if fact[1]], self._width, indent=2):
            for text in block:
                self.line(text)

    # ---- the summary of an import (guide 5)

    def report(self, report: ImportReport) -> None:
        """Print an import's summary: the verdict, the line that adds up, what needs a person."""
        self.machine({**report.__dict__, "exit_code": report.exit_code})
        if self.as_json:
            return
        name = f"{report.name}{', dry run' if report.dry_run else ''}"
        colour = {0: "green", 2: "yellow"}.get(report.exit_code, "red")
        self.line(f"{name}: {report.headline()}", colour)
        for problem in report.problems:
            for text in hanging("  ! ", clean(problem), self._width):
                self.line(text, "red")
        if report.outcome != "off":
            self.line(f"  {report.tie_out()}")
            self._facts(figures_of(report))
        for note in report.notes:
            for text in hanging("  note: ", clean(note), self._width):
                self.line(text)
        for text in remark_lines(report.remarks, self._width):
            self.line(text)
        self.alerts(report.alerts)
        if report.held:
            self.line()
            self.held(report.waiting)
        elif report.waiting:
            self.still_held(report.waiting)

    # ---- the summary of a follow-up (guide 5 to 8)

    def follow_up(self, report: FollowUpReport) -> None:
        """Print a follow-up's summary: the verdict, each step's figures, what needs a person."""
        self.machine({**asdict(report), "exit_code": report.exit_code})
        if self.as_json:
            return
        colour = {0: "green", 2: "yellow"}.get(report.exit_code, "red")
        self.line(f"{report.name}: {report.headline()}", colour)
        for problem in report.problems:
            for text in hanging("  ! ", clean(problem), self._width):
                self.line(text, "red")
        self._facts(steps_of(report))
        for note in report.notes:
            for text in hanging("  note: ", clean(note), self._width):
                self.line(text)
        self.alerts(report.alerts)

    def alerts(self, alerts: Sequence[Mapping[str, Any]], most: int = 20) -> None:
        """Print open alerts, each with its facts, and the cure of each kind once."""
        from mappings.reasons import advice_of

        if self.as_json or not alerts:
            return
        self.line(f"\n{need_you(len(alerts))}:", "yellow")
        shown = sorted(alerts, key=lambda row: (row["code"], natural(row["number"])))[:most]
        for place, row in enumerate(shown):
            if place == 0 or shown[place - 1]["code"] != row["code"]:
                self.line(f"\n{row['code']}", "yellow")
            name = row["number"] or row["invoicee_name"] or row["booking_id"]
            head = f"  {shorten(clean(name), NUMBER)}: "
            for text in hanging(head, shown_sentence(row["code"], row["detail"]), self._width):
                self.line(text)
            if place + 1 == len(shown) or shown[place + 1]["code"] != row["code"]:
                for text in hanging("  -> ", advice_of(row["code"]), self._width):
                    self.line(text)
        if len(alerts) > most:
            self.line(f"\n... and {len(alerts) - most} more: `teamleader-twikey status`")

    # ---- what needs a person

    def still_held(self, waiting: Sequence[Mapping[str, Any]]) -> None:
        """Remind of what waits since an earlier run, in one line."""
        codes = ", ".join(f"{n} {c}" for c, n in Counter(r["reason"] for r in waiting).items())
        for one in hanging("  still held: ", f"{codes} (`teamleader-twikey held`)", self._width):
            self.line(one, "yellow")

    def held(self, waiting: Sequence[Mapping[str, Any]], most: int = 20) -> None:
        """Print what waits for a person, by reason, and the cure of each reason once."""
        from mappings.reasons import advice_of

        if self.as_json or not waiting:
            return
        self.line(f"{len(waiting)} held, not sent until put right:", "yellow")
        shown = sorted(waiting, key=lambda row: (row["reason"], natural(row["number"])))[:most]
        blocks = list(columns([held_row(row) for row in shown], self._width, indent=2, right=(2,)))
        for place, (row, block) in enumerate(zip(shown, blocks, strict=True)):
            code = row["reason"]
            if place == 0 or shown[place - 1]["reason"] != code:
                self.line()
                self.line(code, "yellow")
            for text in block:
                self.line(text)
            if place + 1 == len(shown) or shown[place + 1]["reason"] != code:
                for text in hanging("  -> ", advice_of(code), self._width):
                    self.line(text)
        if len(waiting) > most:
            self.line(f"\n... and {len(waiting) - most} more: `teamleader-twikey held`")

    # ---- check, status, journey

    def findings(self, findings: Sequence[Finding]) -> None:
        """Print what the probes found, and the cure of each that is not well."""
        self.machine([finding.__dict__ for finding in findings])
        if self.as_json:
            return
        count: Counter[str] = Counter(finding.state for finding in findings)
        bad = [f"{count[s]} {words}" for s, words in (("fails", "failing"), ("warns", "to look at"))
               if count[s]]  # fmt: skip
        colour = "red" if count["fails"] else "yellow" if bad else "green"
        self.line(f"{len(findings)} probes: {', '.join(bad) or 'all well'}", colour)
        marks = {"ok": "ok", "warns": "look", "fails": "FAILS"}
        rows = [(marks[f.state], f.probe, clean(f.sentence)) for f in findings]
        colours = {"ok": "green", "warns": "yellow", "fails": "red"}
        for finding, block in zip(findings, columns(rows, self._width), strict=True):
            mark = marks[finding.state]
            painted = _paint(mark, colours[finding.state], self._stream)
            self._write(painted + block[0].removeprefix(mark))
            for text in block[1:]:
                self.line(text)
            if finding.cure:
                for text in hanging("       -> ", clean(finding.cure), self._width):
                    self.line(text)

    def status(self, state: Mapping[str, Any]) -> None:
        """Print the state of a connection."""
        self.machine(state)
        if self.as_json:
            return
        behind, waiting = state["behind_seconds"], state["waiting"]
        seen = "never imported" if behind is None else f"all bookings seen {ago(behind)} ago"
        verdict = f"{state['connection']}: {seen}, {len(waiting)} held"
        self.line(verdict, "yellow" if waiting or behind is None else "green")
        stages = ", ".join(f"{n} {stage}" for stage, n in sorted(state["bookings"].items()))
        lost = state["unsettled"]
        self._facts([
            ("home", clean(state["home"])),
            ("Teamleader", "connected" if state["connected"] else NOT_CONNECTED),
            ("automatic", "on" if state["automatic"] else "off"),
            ("at work", clean(state["at_work"] or "nobody")),
            ("bookings", stages or "none"),
            ("customers", f"{state['customers']} in Twikey"),
            ("PDFs", pdf_counts(state["pdfs"])),
            ("mail", mailed(state["mail"])),
            ("unsettled", f"{lost} writes without an answer, to be looked up" if lost else ""),
        ])  # fmt: skip
        if state["runs"]:
            self.line("\nlast runs (UTC)", "dim")
            self._facts((f"{r['id']}  {instant(r['started_at'])}  "
                         f"{clean(r['outcome'] or 'at work')}",
                         clean(r["message"] or r["flow"])) for r in state["runs"])  # fmt: skip
        for place, text in enumerate(pdf_lines(state["pdfs_waiting"], self._width)):
            self.line(text if place else f"\nPDFs that wait:\n\n{text}")
        if waiting:
            self.line()
            self.still_held(waiting)
        self.alerts(state["alerts"])

    def journey(
        self, found: Sequence[Mapping[str, Any]], stories: Sequence[Mapping[str, Any]]
    ) -> None:
        """Print what happened to a booking or customer, oldest first."""
        self.machine({"bookings": list(found), "stories": list(stories)})
        for row in found:
            amount = money_of(row)
            number = shorten(clean(row["number"] or row["id"]), NUMBER)
            title = f"{number}  {shorten(clean(row['invoicee_name']), 48)}"
            self.line(f"{title}  {amount}  {row['stage']}", "bold")
            profile = f"{row['ct'] or 'left to Twikey'} ({row['ct_source'] or 'not chosen'})"
            self._facts([
                (row["kind"].replace("_", " "), row["id"]), ("profile", profile),
                ("Teamleader", clean(row["web_url"])), ("Twikey", clean(row["url"])),
            ])  # fmt: skip
        for story in stories:
            self.line("\nwhen (UTC)", "dim")
            self._facts(event_row(event) for event in story["events"])


def _paint(text: str, colour: str, stream: TextIO) -> str:
    """Colour a text on a terminal whose owner did not ask for NO_COLOR."""
    plain = not stream.isatty() or "NO_COLOR" in os.environ
    return text if plain else f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"
