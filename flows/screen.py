"""What people see in a terminal: the verdict, a summary that adds up, and the cure.

Results go to standard output, progress and troubles to standard error, so that they can be piped
apart. Text from outside (names, numbers, answers) is stripped of control characters first.
"""

from __future__ import annotations

import json
import os
import re
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
from mappings.money import money

if TYPE_CHECKING:
    from flows.finding import Finding
    from flows.follow_up import FollowUpReport


NUMBER, SENTENCE = 60, 600  # cells that a number (50 letters at most) and a reason may take


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
            self._facts(_figures(report))
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
        self._facts(_steps(report))
        for note in report.notes:
            for text in hanging("  note: ", clean(note), self._width):
                self.line(text)
        self.alerts(report.alerts)

    def alerts(self, alerts: Sequence[Mapping[str, Any]], most: int = 20) -> None:
        """Print open alerts, each with its facts, and the cure of each kind once."""
        from mappings.reasons import advice_of

        if self.as_json or not alerts:
            return
        self.line(f"\n{len(alerts)} need you:", "yellow")
        shown = sorted(alerts, key=lambda row: (row["code"], _natural(row["number"])))[:most]
        for place, row in enumerate(shown):
            if place == 0 or shown[place - 1]["code"] != row["code"]:
                self.line(f"\n{row['code']}", "yellow")
            name = row["number"] or row["invoicee_name"] or row["booking_id"]
            head = f"  {shorten(clean(name), NUMBER)}: "
            for text in hanging(head, _sentence(row["code"], row["detail"]), self._width):
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
        shown = sorted(waiting, key=lambda row: (row["reason"], _natural(row["number"])))[:most]
        blocks = list(columns([_held_row(row) for row in shown], self._width, indent=2, right=(2,)))
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
            ("Teamleader", "connected" if state["connected"] else "not connected"),
            ("automatic", "on" if state["automatic"] else "off"),
            ("at work", clean(state["at_work"] or "nobody")),
            ("bookings", stages or "none"),
            ("customers", f"{state['customers']} in Twikey"),
            ("PDFs", pdf_counts(state["pdfs"])),
            ("mail", _mailed(state["mail"])),
            ("unsettled", f"{lost} writes without an answer, to be looked up" if lost else ""),
        ])  # fmt: skip
        if state["runs"]:
            self.line("\nlast runs (UTC)", "dim")
            self._facts((f"{r['id']}  {_instant(r['started_at'])}  "
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
            amount = _money(row)
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
            self._facts(_event(event) for event in story["events"])


def _steps(report: FollowUpReport) -> list[tuple[str, str]]:
    """Return the figures of a follow-up's steps; what is nothing is left out."""
    facts: list[tuple[str, str]] = []
    if report.payments is not None:
        states = ", ".join(f"{n} {state}" for state, n in sorted(report.payments.open.items()))
        facts += [("events", f"{report.payments.events} read" + (f"; {states}" if states else ""))]
    if report.guards is not None and report.guards.looked_at:
        guards = report.guards
        facts += [("guards", f"{guards.looked_at} open bookings compared, "
                             f"{guards.set_to_paid} set to paid in Twikey")]  # fmt: skip
    if report.documents is not None:
        why = ", ".join(f"{n} {code}" for code, n in sorted(report.documents.reasons.items()))
        pdfs = f"{report.documents.attached} attached, {report.documents.still_missing} missing"
        facts += [("PDFs", pdfs + (f" ({why})" if why else ""))]
    if report.invitations is not None:
        invited = report.invitations
        why = ", ".join(f"{n} {code}" for code, n in sorted(invited.reasons.items()))
        waiting = f"{invited.waiting} waiting" + (f" ({why})" if why else "")
        facts += [("invitations", f"{invited.invited} sent, {waiting}, {invited.silent} silent")]
    calls = ", ".join(f"{count} to {name}" for name, count in report.calls.items())
    return [*facts, ("calls", calls)]


def _mailed(mail: Mapping[str, Any]) -> str:
    """Say when the last summary left, and what is wrong with the newest."""
    if mail["off"]:
        return f"off: {mail['off']}"
    last = f"last sent {_instant(mail['last_sent'])} UTC" if mail["last_sent"] else "none sent yet"
    return last + (f"; the newest: {clean(mail['problem'])}" if mail["problem"] else "")


COLOURS = {"red": 31, "green": 32, "yellow": 33, "bold": 1, "dim": 2}


def _paint(text: str, colour: str, stream: TextIO) -> str:
    """Colour a text on a terminal whose owner did not ask for NO_COLOR."""
    plain = not stream.isatty() or "NO_COLOR" in os.environ
    return text if plain else f"\x1b[{COLOURS[colour]}m{text}\x1b[0m"


def _figures(report: ImportReport) -> list[tuple[str, str]]:
    """Return what a summary says under its line that adds up; an empty one is left out."""
    from mappings.reasons import REASONS

    skipped = {c: n for c, n in report.reasons.items() if c in REASONS
               and REASONS[c].kind == "skipped"}  # fmt: skip
    mails = f"{report.invitations} may leave" if report.dry_run and report.invitations else ""
    return [
        ("profiles", ", ".join(_on_profile(n, name) for name, n in report.profiles.items())),
        ("customers", f"{report.new_customers} new to Twikey" if report.new_customers else ""),
        ("adopted", f"{report.adopted} stood in Twikey already" if report.adopted else ""),
        ("run", "" if report.dry_run else str(report.run_id or "")),
        ("skipped", _counted(skipped)),
        ("notices", _counted(report.notices)),
        ("invitations", mails),
        ("calls", ", ".join(f"{n} to {name}" for name, n in report.calls.items())),
    ]


def _on_profile(count: int, name: str) -> str:
    return f"{count} on {name if name.isdecimal() else f'the {name}'}"


def _counted(codes: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {code}" for code, n in sorted(codes.items()))


def _held_row(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (
        shorten(clean(row["number"] or row["id"]), NUMBER),
        shorten(clean(row["invoicee_name"]), 28),
        _money(row),
        _sentence(row["reason"], row["detail"] or ""),
    )


def _sentence(code: str, detail: str) -> str:
    """Say a reason with its facts; the end of what somebody wrote without end is left out."""
    from mappings.reasons import sentence_of

    return shorten(clean(sentence_of(code, detail)), SENTENCE)


def _money(row: Mapping[str, Any]) -> str:
    """Write what a booking is about, a credit note with a minus; nothing when it is not known."""
    cents = row["payable_cents"]
    if cents is None:
        return ""
    signed = -abs(cents) if row.get("kind") == "credit_note" else cents
    return money(signed, shorten(clean(row["currency"]), 8))


def _natural(number: str | None) -> list[Any]:
    """Return a key that sorts 2026 / 9 before 2026 / 10."""
    return [int(p) if p.isdecimal() else p for p in re.split(r"(\d+)", number or "")]


def _instant(at: str) -> str:
    """Write the ledger's UTC instant for people."""
    return at[:19].replace("T", " ")


def _event(event: Mapping[str, Any]) -> tuple[str, str]:
    who = f"run {event['run']}" if event["run"] else "by hand"
    return f"{_instant(event['at'])}  {who}", clean(f"{event['what']} {_said(event['facts'])}")


def _said(facts: Mapping[str, Any]) -> str:
    """Write the facts of an event in brackets."""
    said = ", ".join(f"{k}: {_change(v)}" for k, v in facts.items() if v not in (None, False))
    return f"({said})" if said else ""


def _change(value: object) -> object:
    """Write a change, which the ledger keeps as [before, after]."""
    if isinstance(value, list) and len(value) == 2:
        return " -> ".join("none" if v is None else str(v) for v in value)
    return value


def ago(seconds: float) -> str:
    """Write a span for people: 40 s, 3 min, 2 h, 5 days."""
    for size, unit in ((2 * 86400, "days"), (2 * 3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // {'days': 86400, 'h': 3600, 'min': 60}[unit]:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
