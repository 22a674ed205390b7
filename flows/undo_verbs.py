"""The verb ``undo``: take an import back, or let what was taken back come again."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from connectors.errors import UsageWrong
from flows.connection import Connection
from flows.layout import clean, hanging, shorten, width_of
from flows.progress import Progress
from flows.screen import Screen
from mappings.money import euro

if TYPE_CHECKING:
    from connectors.ledger.undo import ImportRun
    from flows.forget import ForgetReport
    from flows.undo import UndoReport

MOST = 20


def undo_options(verb: argparse.ArgumentParser) -> None:
    """Declare what ``undo`` takes."""
    verb.add_argument(
        "run", metavar="RUN",
        help="the number of an import as `import` and `status` show it, or `last`;"
        " with --forget also the number of one invoice",
    )  # fmt: skip
    verb.add_argument("--yes", action="store_true", help="do it: without this only the plan shows")
    verb.add_argument("--dry-run", action="store_true", help="show the plan, remove nothing")
    verb.add_argument(
        "--invited", action="store_true", help="also those whose customers were invited to pay"
    )
    verb.add_argument(
        "--forget", action="store_true",
        help="let what was removed come again with the next import",
    )  # fmt: skip


def take_back(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Remove an import from Twikey, or plan to; with --forget let it come again."""
    from flows.forget import forget
    from flows.undo import UndoRequest, undo
    from flows.verbs import _user

    if arguments.forget and (arguments.yes or arguments.invited):
        raise UsageWrong("--forget goes with neither --yes nor --invited")
    if arguments.yes and arguments.dry_run:
        raise UsageWrong("--yes does not go together with --dry-run")
    with Connection.from_environment(
        config=arguments.config, name=arguments.connection, on_wait=progress.waiting
    ) as connection:
        if arguments.forget:
            lifted = forget(connection, arguments.run, by=_user(), dry_run=arguments.dry_run)
            _show_forgotten(screen, lifted)
            return 0
        request = UndoRequest(
            arguments.run, yes=arguments.yes, dry_run=arguments.dry_run,
            invited=arguments.invited, by=_user(),
        )  # fmt: skip
        report = undo(connection, request, tell=progress)
    progress.close()
    _show(screen, report)
    return report.exit_code


def _show_forgotten(screen: Screen, report: ForgetReport) -> None:
    screen.machine(asdict(report))
    would = "would be let come" if report.dry_run else "may come"
    screen.line(f"{len(report.lifted)} {would} again with the next import:")
    for number in report.lifted[:MOST]:
        screen.line(f"  {clean(number)}")
    if len(report.lifted) > MOST:
        screen.line(f"  ... and {len(report.lifted) - MOST} more (--json names all)")


def _show(screen: Screen, report: UndoReport) -> None:
    """Print the verdict, what leaves, and each that is kept with its reason."""
    screen.machine({
        **vars(report), "undone": report.undone._asdict(), "headline": report.headline(),
        "exit_code": report.exit_code,
    })  # fmt: skip
    name = f"undo of run {report.undone.id}{', dry run' if report.dry_run else ''}"
    colour = {0: "green", 2: "yellow"}.get(report.exit_code, "yellow")
    for one in hanging(f"{name}: ", report.headline(), width_of(sys.stdout)):
        screen.line(one, colour)
    _lines(screen, "  ", _told(report.undone))
    if report.numbers:
        shown = ", ".join(_unbroken(number) for number in report.numbers[:MOST])
        more = f" and {len(report.numbers) - MOST} more" if len(report.numbers) > MOST else ""
        _lines(screen, "  leave: " if report.plan_only else "  left: ", shown + more)
    if report.gone:
        screen.line(f"  {report.gone} of them had left Twikey already")
    if report.earlier:
        screen.line(f"  {report.earlier} were taken back before")
    for kept in report.kept[:MOST]:
        _lines(screen, f"  kept: {clean(kept['number'])}  {euro(kept['cents'])}  ",
               shorten(clean(kept["sentence"]), 200))  # fmt: skip
    if len(report.kept) > MOST:
        screen.line(f"  ... and {len(report.kept) - MOST} more kept (--json names all)")
    for note in report.notes:
        _lines(screen, "  note: ", clean(note))
    if report.plan_only and report.anything:
        screen.line("Nothing was removed. To remove them, repeat the command with --yes.")
    elif report.anything:
        _lines(screen, "", "Customers stay. What was removed does not come back by itself:"
               f" `teamleader-twikey undo --forget {report.undone.id}` lets it.")  # fmt: skip


def _unbroken(number: str) -> str:
    """Keep a number on one line: blanks that do not wrap, and that the screen shows as blanks."""
    return clean(number).replace(" ", "\N{NO-BREAK SPACE}")


def _told(undone: ImportRun) -> str:
    by = f" by {clean(undone.started_by)}" if undone.started_by else ""
    return f"{clean(undone.name)}, started {undone.started_at[:16].replace('T', ' ')} UTC{by}"


def _lines(screen: Screen, head: str, said: str) -> None:
    for one in hanging(head, said, width_of(sys.stdout)):
        screen.line(one)
