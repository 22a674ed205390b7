"""The verb ``rebuild``: a lost or damaged ledger is made anew from both sides."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from connectors.errors import UsageWrong
from flows.connection import Connection
from flows.layout import clean, hanging, width_of
from flows.progress import Progress
from flows.screen import Screen
from mappings.money import euro
from mappings.texts import many

if TYPE_CHECKING:
    from flows.rebuild import RebuildReport


def rebuild_options(verb: argparse.ArgumentParser, day: Callable[[str], date]) -> None:
    """Declare what ``rebuild`` takes."""
    verb.add_argument(
        "--since", type=day, metavar="D",
        help="look from this invoice date on for what never crossed (default: 400 days back)",
    )  # fmt: skip
    verb.add_argument("--yes", action="store_true", help="do it: without this only the plan shows")
    verb.add_argument("--dry-run", action="store_true", help="show the plan, change nothing")
    verb.add_argument("--anyway", action="store_true", help="although the ledger is sound")


def rebuild_ledger(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Make the ledger anew, or show what would come of it."""
    from flows.rebuild import RebuildRequest, rebuild
    from flows.verbs import _user

    if arguments.yes and arguments.dry_run:
        raise UsageWrong("--yes does not go together with --dry-run")
    request = RebuildRequest(
        since=arguments.since, yes=arguments.yes, dry_run=arguments.dry_run,
        anyway=arguments.anyway, by=_user(),
    )  # fmt: skip
    with Connection.from_environment(
        config=arguments.config, name=arguments.connection, on_wait=progress.waiting
    ) as connection:
        report = rebuild(connection, request, tell=progress)
    progress.close()
    _show(screen, report)
    return report.exit_code


def _show(screen: Screen, report: RebuildReport) -> None:
    """Print the verdict, what was wrong, what was saved, and what waits."""
    screen.machine({
        **vars(report), "headline": report.headline(), "exit_code": report.exit_code,
    })  # fmt: skip
    name = f"rebuild{', dry run' if report.dry_run else ''}"
    colour = {0: "green", 2: "yellow"}.get(report.exit_code, "yellow")
    for one in hanging(f"{name}: ", report.headline(), width_of(sys.stdout)):
        screen.line(one, colour)
    for head, said in _lines(report):
        for one in hanging(f"  {head}: ", said, width_of(sys.stdout)):
            screen.line(one)
    if report.plan_only:
        screen.line("Nothing was changed. To do it, repeat the command with --yes.")
    elif report.held:
        screen.line("See `teamleader-twikey held`: nothing of it is sent by itself.")


def _lines(report: RebuildReport) -> list[tuple[str, str]]:
    found = [("the old ledger", _old(report))]
    if report.saved:
        rows = ", ".join(f"{count} {table}" for table, count in sorted(report.saved.items()))
        found.append(("saved of it", clean(rows)))
    if report.unread:
        found.append(("not whole", clean(", ".join(report.unread))))
    if report.kept_as:
        found.append(("kept as", clean(report.kept_as)))
    found.append((
        "both sides",
        f"{many(report.standing, 'booking')} ({euro(report.standing_cents)}) and"
        f" {many(report.customers, 'customer')} in Twikey; {report.skipped} left out by rule;"
        f" looked for from {report.since} on",
    ))  # fmt: skip
    if report.missed:
        found.append(("no longer in Twikey", f"{report.missed} that crossed; not sent again"))
    if report.stay_away:
        found.append(("stay away", f"{report.stay_away} that were taken back"))
    found += [("note", clean(note)) for note in report.notes]
    found += [("problem", clean(problem)) for problem in report.problems]
    return found


def _old(report: RebuildReport) -> str:
    if report.lost:
        return "it is lost"
    return f"it is damaged: {clean(report.damage)}" if report.damage else "it is sound"
