"""What a customers run looks like in a terminal (guide 12)."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from flows.layout import clean, hanging, width_of

if TYPE_CHECKING:
    from flows.customers import CustomersReport
    from flows.screen import Screen

MOST = 20


def show(screen: Screen, report: CustomersReport) -> None:
    """Print the verdict, who was told what, and what needs a person; or all of it as JSON."""
    screen.machine({**asdict(report), "exit_code": report.exit_code})
    if screen.as_json:
        return
    colour = {0: "green", 2: "yellow"}.get(report.exit_code, "red")
    screen.line(f"{report.name}: {report.headline()}", colour)
    for problem in report.problems:
        _fold(screen, "  ! ", problem, "red")
    for told in report.updated[:MOST]:
        fields = ", ".join(told.get("fields", ()))
        _fold(screen, "  ", f"{told['name'] or told['id']}: {fields}")
    if len(report.updated) > MOST:
        screen.line(f"  ... and {len(report.updated) - MOST} more: `--json` names all")
    for note in report.notes:
        _fold(screen, "  note: ", note)
    if report.outcome != "off":
        calls = ", ".join(f"{count} to {name}" for name, count in report.calls.items())
        screen.line(f"  {report.read} read; calls: {calls}")
    screen.alerts(report.alerts)


def _fold(screen: Screen, head: str, words: str, colour: str = "") -> None:
    for line in hanging(head, clean(words), width_of(sys.stdout)):
        screen.line(line, colour)
