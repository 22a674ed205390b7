"""The verbs of guide 10: `customers --export`, and `mandates template`, `check` and `link`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.errors import UsageWrong
from flows.connection import Connection
from flows.csv_files import STANDARD_OUTPUT
from flows.layout import clean, columns, hanging, width_of
from flows.progress import Progress
from flows.screen import Screen
from mappings.texts import many

if TYPE_CHECKING:
    from flows.export import Exported, ExportRequest
    from flows.link_mandates import CheckedFile, LinkReport

MOST_LINES = 20
ONLY_FOR = {
    "bom": "template", "semicolon": "template", "force": "template",
    "yes": "link", "move": "link", "dry_run": "link",
}  # fmt: skip


# ---- what can be typed


def export_options(parser: argparse.ArgumentParser) -> None:
    """Add `--export FILE` and what goes with it to the verb `customers`."""
    parser.add_argument(
        "--export", type=Path, metavar="FILE", help="only write a list of them as CSV (`-`: here)"
    )
    parser.add_argument(
        "--no-mandates", action="store_true", help="with --export: do not ask for their mandates"
    )
    csv_options(parser)


def csv_options(parser: argparse.ArgumentParser) -> None:
    """Add how a CSV file is to be written."""
    parser.add_argument("--bom", action="store_true", help="CSV: a byte order mark (for Excel)")
    parser.add_argument(
        "--semicolon", action="store_true", help="CSV: cells separated by `;` (Belgian Excel)"
    )
    parser.add_argument("--force", action="store_true", help="CSV: replace a file that exists")


def mandate_options(parser: argparse.ArgumentParser) -> None:
    """Add what the verb `mandates` takes."""
    parser.add_argument(
        "action", choices=("template", "check", "link"),
        help="template: write a CSV file to fill in; check: look for mistakes in it; link: set the"
        " customer number of mandates that Twikey has",
    )  # fmt: skip
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="the CSV file (template: `-` is here)"
    )
    csv_options(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--yes", action="store_true", help="link: do what was shown")
    how.add_argument("--dry-run", action="store_true", help="link: only show it (the default)")
    parser.add_argument(
        "--move", action="store_true", help="link: also mandates of another Teamleader customer"
    )


# ---- what is done


def _open(arguments: argparse.Namespace, progress: Progress) -> Connection:
    return Connection.from_environment(
        config=arguments.config, name=arguments.connection, on_wait=progress.waiting
    )


def export_customers(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Write the customers that Twikey has as a CSV file (acceptance A24)."""
    from flows.export import ExportRequest

    if arguments.all or arguments.scheduled:
        raise UsageWrong("--export only writes a list: leave out --all and --scheduled")
    request = ExportRequest(
        arguments.export, "customers", arguments.bom, arguments.semicolon, arguments.force,
        mandates=not arguments.no_mandates,
    )  # fmt: skip
    return _export(arguments, request, screen, progress)


def refuse_export_options(arguments: argparse.Namespace) -> None:
    """Refuse options of an export where nothing is exported; raises ``UsageWrong``."""
    for name in ("bom", "semicolon", "force", "no_mandates"):
        if getattr(arguments, name) and arguments.export is None:
            raise UsageWrong(f"--{name.replace('_', '-')} goes with --export FILE")


def mandates(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Write a template, check a filled-in file, or link its mandates (acceptance A25, A26)."""
    for name, action in ONLY_FOR.items():
        if getattr(arguments, name) and arguments.action != action:
            raise UsageWrong(f"--{name.replace('_', '-')} goes with `mandates {action}`")
    if arguments.action == "template":
        return _template(arguments, screen, progress)
    if arguments.file is None:
        raise UsageWrong(f"`mandates {arguments.action}` needs the name of a CSV file")
    verb = _check if arguments.action == "check" else _link
    return verb(arguments, screen, progress)


def _template(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    from flows.export import ExportRequest

    request = ExportRequest(
        arguments.file or STANDARD_OUTPUT, "template",
        arguments.bom, arguments.semicolon, arguments.force,
    )  # fmt: skip
    return _export(arguments, request, screen, progress)


def _export(
    arguments: argparse.Namespace, request: ExportRequest, screen: Screen, progress: Progress
) -> int:
    from flows.export import export

    here = request.path == STANDARD_OUTPUT
    if here and arguments.json:
        raise UsageWrong("--json and `-` both want standard output; name a file")
    with _open(arguments, progress) as connection:
        done = export(connection, request, tell=progress)
    progress.close()
    screen.machine({**done.__dict__, "exit_code": done.exit_code})
    told = Screen(stream=sys.stderr) if here else screen
    _tell_export(told, request, done)
    return done.exit_code


def _tell_export(screen: Screen, request: ExportRequest, done: Exported) -> None:
    where = "standard output" if request.path == STANDARD_OUTPUT else clean(done.file)
    written = f"{many(done.customers, 'customer')} written to {where}"
    screen.line(written, "yellow" if done.notes else "green")
    if request.what == "customers" and request.mandates:
        screen.line(f"  {done.with_mandate} with a signed mandate, {done.not_asked} not known")
    _tell_notes(screen, done.notes)
    if request.what == "template":
        screen.line("Fill in mandateNumber and iban, delete the lines that have none, then:")
        screen.line("`teamleader-twikey mandates check FILE`.")


def _check(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    from flows.link_mandates import check_file

    with _open(arguments, progress) as connection:
        checked = check_file(connection, arguments.file)
    usable = int(checked.mandates["usable"].sum())
    screen.machine({
        "file": clean(arguments.file), "lines": len(checked.mandates), "usable": usable,
        "separator": checked.separator, "bom": checked.bom, "own_columns": checked.own_columns,
        "flaws": checked.flaws, "exit_code": checked.exit_code,
    })  # fmt: skip
    _tell_check(screen, checked, usable)
    return checked.exit_code


def _tell_check(screen: Screen, checked: CheckedFile, usable: int) -> None:
    colour = "yellow" if checked.flaws else "green"
    screen.line(f"{many(len(checked.mandates), 'line')}: {usable} all right", colour)
    mark = "with" if checked.bom else "without"
    semicolon = checked.separator == ";"
    screen.line(f"  {'semicolons' if semicolon else 'commas'}, {mark} byte order mark")
    if checked.own_columns:
        named = clean(", ".join(checked.own_columns))
        _tell_notes(screen, [f"taken for attributes of your own in the profile: {named}"])
    tell_flaws(screen, checked.flaws)


def _link(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    from flows.link_mandates import LinkRequest, link_mandates
    from flows.verbs import _user

    request = LinkRequest(
        arguments.file, arguments.yes, arguments.move, f"command line ({_user()})"
    )
    with _open(arguments, progress) as connection:
        report = link_mandates(connection, request, tell=progress)
    progress.close()
    screen.machine({**report.__dict__, "exit_code": report.exit_code})
    _tell_links(screen, report)
    return report.exit_code


def _tell_links(screen: Screen, report: LinkReport) -> None:
    colour = {0: "green", 2: "yellow"}.get(report.exit_code, "red")
    title = "mandates, dry run" if report.dry_run else "mandates"
    screen.line(f"{title}: {report.headline()}", colour)
    for problem in report.problems:
        for text in hanging("  ! ", clean(problem), width_of(sys.stdout)):
            screen.line(text, "red")
    shown = [row for row in report.rows if row["action"] in ("link", "linked")]
    rows = [(f"line {row['line']}", clean(row["mandate"]), _change(row)) for row in shown]
    for block in columns(rows[:MOST_LINES], width_of(sys.stdout), indent=2):
        for text in block:
            screen.line(text)
    if len(rows) > MOST_LINES:
        screen.line(f"  ... and {len(rows) - MOST_LINES} more (--json shows all)")
    _tell_notes(screen, report.notes)
    tell_flaws(screen, report.flaws)
    if report.dry_run and report.linked:
        screen.line("Nothing was written. To do it, repeat the command with --yes.")


def _change(row: Mapping[str, Any]) -> str:
    """Say from whom to whom a mandate goes: names are easier to compare than numbers."""
    was = f"{row['holder'] or 'nobody'} ({row['was'] or 'no number'})"
    return clean(f"{was} -> {row['name']} ({row['customerNumber']})")


# ---- what is shown


def _tell_notes(screen: Screen, notes: Iterable[str]) -> None:
    for note in notes:
        for text in hanging("  note: ", clean(note), width_of(sys.stdout)):
            screen.line(text)


def tell_flaws(screen: Screen, flaws: list[dict[str, Any]]) -> None:
    """Print what is wrong by code, each line with its sentence, and the cure of each code once."""
    if screen.as_json or not flaws:
        return
    width = width_of(sys.stdout)
    ordered = sorted(flaws, key=lambda one: (one["code"], one["line"]))
    for code, group in groupby(ordered, key=lambda one: str(one["code"])):
        found = list(group)
        screen.line(f"\n{code}", "yellow")
        for one in found[:MOST_LINES]:
            for text in hanging(f"  line {one['line']}: ", clean(one["sentence"]), width):
                screen.line(text)
        if len(found) > MOST_LINES:
            screen.line(f"  ... and {len(found) - MOST_LINES} more (--json shows all)")
        for text in hanging("  -> ", found[0]["cure"], width):
            screen.line(text)
    screen.line()
