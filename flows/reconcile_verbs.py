"""The verb ``reconcile``: its options, and what it prints (acceptance B4)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.errors import UsageWrong
from flows.connection import Connection
from flows.csv_files import STANDARD_OUTPUT
from flows.layout import clean, columns, hanging, shorten, width_of, wrap
from flows.mandate_verbs import csv_options
from flows.progress import Progress
from flows.screen import Screen
from mappings.money import money
from mappings.texts import many

if TYPE_CHECKING:
    from flows.reconcile import ReconcileReport

MOST = 20
LINKS = str.maketrans("[]<>", "()()")


def reconcile_options(parser: argparse.ArgumentParser, day: Any) -> None:
    """Add what the verb ``reconcile`` takes; ``day`` reads a date."""
    parser.add_argument(
        "--since", type=day, metavar="D",
        help="invoice date from (inclusive); 90 days back unless said",
    )  # fmt: skip
    parser.add_argument("--until", type=day, metavar="D", help="invoice date to (inclusive)")
    parser.add_argument(
        "--csv", type=Path, metavar="FILE",
        help="write every document as CSV (a directory: reconciliation.csv in it; `-`: here)",
    )  # fmt: skip
    parser.add_argument(
        "--every", action="store_true",
        help="ask Twikey for each invoice, about one a second: finds what was deleted there",
    )  # fmt: skip
    csv_options(parser)


def compare_sides(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Compare both sides; 2 when something differs."""
    from flows.reconcile import ReconcileRequest, reconcile
    from flows.verbs import _user

    for name in ("bom", "semicolon", "force"):
        if getattr(arguments, name) and arguments.csv is None:
            raise UsageWrong(f"--{name} goes with --csv FILE")
    here = arguments.csv == STANDARD_OUTPUT
    if here and arguments.json:
        raise UsageWrong("--json and `--csv -` both want standard output; name a file")
    request = ReconcileRequest(
        since=arguments.since, until=arguments.until, csv=arguments.csv, bom=arguments.bom,
        semicolon=arguments.semicolon, force=arguments.force, every=arguments.every,
        started_by=f"command line ({_user()})",
    )  # fmt: skip
    with Connection.from_environment(
        config=arguments.config, name=arguments.connection, on_wait=progress.waiting
    ) as connection:
        if os.environ.get("PREFECT_API_URL"):
            from flows.prefect_command_line import reconcile_on_prefect

            report = reconcile_on_prefect(connection, request)
        else:
            report = reconcile(connection, request, tell=progress)
    progress.close()
    screen.machine({
        **asdict(report), "name": report.name, "headline": report.headline(),
        "exit_code": report.exit_code,
    })  # fmt: skip
    if not arguments.json:
        show(Screen(stream=sys.stderr) if here else screen, report)
    return report.exit_code


# ---- what people see


def show(screen: Screen, report: ReconcileReport) -> None:
    """Print the verdict, the buckets with both sides' sums, and what differs with what to do."""
    width = width_of(sys.stdout)
    colour = "yellow" if report.exit_code else "green"
    verdict = wrap(f"{report.name}: {report.headline()}", width - 2)
    for place, line in enumerate(verdict):
        screen.line(f"  {line}" if place else line, colour)
    _lines(screen, columns(bucket_lines(report), width, indent=2, right=(1, 2, 3, 4)))
    calls = ", ".join(f"{count} to {name}" for name, count in report.calls.items())
    screen.line(f"  asked singly in Twikey: {report.asked}; calls: {calls}")
    if report.file and report.file != str(STANDARD_OUTPUT):
        screen.line(f"  written: {clean(report.file)} ({many(len(report.documents), 'document')})")
    for word, said in (("! ", report.problems), ("note: ", report.notes)):
        for one in said:
            _lines(screen, [hanging(f"  {word}", clean(one), width)])
    _differing(screen, report, width)
    if report.command:
        _lines(screen, [hanging("\nTo import what never was: ", f"`{report.command}`", width)])


def bucket_lines(report: ReconcileReport) -> list[tuple[str, ...]]:
    """Return the table of the buckets, its head and both sums: the same for every window."""
    from mappings.reconcile_cases import BUCKETS

    head = ("bucket", "Teamleader", "", "Twikey", "", "")
    body = [
        (
            row["bucket"], str(row["teamleader"]), amount(row, "teamleader"), str(row["twikey"]),
            amount(row, "twikey"), BUCKETS[row["bucket"]].meaning,
        )
        for row in report.buckets
    ]  # fmt: skip
    sums: dict[str, dict[str, Any]] = {}
    for row in report.buckets:
        total = sums.setdefault(row["currency"], {"currency": row["currency"]})
        for name in ("teamleader", "teamleader_cents", "twikey", "twikey_cents"):
            total[name] = total.get(name, 0) + row[name]
    feet = [
        (
            "all", str(row["teamleader"]), amount(row, "teamleader"), str(row["twikey"]),
            amount(row, "twikey"), "as each side lists them",
        )
        for row in sums.values()
    ]  # fmt: skip
    return [head, *body, *feet]


def amount(row: Mapping[str, Any], side: str) -> str:
    """Write one side's sum in its currency."""
    return money(row[f"{side}_cents"], clean(row["currency"]))


def _differing(screen: Screen, report: ReconcileReport, width: int) -> None:
    """Print what needs a person, by bucket, each with why, and the cure of each kind once."""
    if not report.differing:
        return
    rows = sorted(report.differing, key=lambda row: (row["bucket"], row["what_to_do"]))
    shown = rows[:MOST]
    for place, row in enumerate(shown):
        if place == 0 or shown[place - 1]["bucket"] != row["bucket"]:
            screen.line(f"\n{row['bucket']}", "yellow")
        _lines(screen, [hanging(_head(row), shorten(clean(row["why"]), 300), width)])
        after = shown[place + 1] if place + 1 < len(shown) else None
        if after is None or after["what_to_do"] != row["what_to_do"]:
            _lines(screen, [hanging("  -> ", row["what_to_do"], width)])
    if len(rows) > MOST:
        screen.line(f"\n... and {len(rows) - MOST} more (--json or --csv FILE name all)")


def _head(row: Mapping[str, Any]) -> str:
    name = row["number"] or row["twikey_number"] or row["teamleader_id"] or row["twikey_id"]
    known = _money(clean(row["currency"]), row["teamleader_amount"] or row["twikey_amount"])
    return f"  {shorten(clean(name), 40)}  {known}  "


def _money(currency: str, figure: str | None) -> str:
    """Write a figure of the table as the sums are written: -1234.50 is -EUR 1,234.50."""
    if not figure:
        return currency
    whole, _, rest = figure.lstrip("-").partition(".")
    return f"{'-' * figure.startswith('-')}{currency} {int(whole):,}.{rest}"


def _lines(screen: Screen, blocks: Any) -> None:
    for block in blocks:
        for one in block:
            screen.line(one)


def table_rows(report: ReconcileReport, most: int) -> Sequence[dict[str, str]]:
    """Return what differs as rows of plain text, in which nothing can be a link or a tag."""
    names = ("bucket", "number", "date", "currency", "teamleader_amount", "teamleader_status",
             "twikey_number", "twikey_amount", "twikey_state", "why", "what_to_do")  # fmt: skip
    return [
        {name.replace("_", " "): shorten(clean(row[name]), 200).translate(LINKS) for name in names}
        for row in report.differing[:most]
    ]
