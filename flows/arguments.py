"""What may be typed: the verbs of the command line, their options and their help."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NoReturn

from flows.layout import clean

USAGE = 64
FIRST_YEAR, LAST_YEAR = 1990, 2200  # of a date that is asked for


class Parser(argparse.ArgumentParser):
    """An argument parser whose mistakes are one sentence and exit code 64."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how to see what is right."""
        sys.stderr.write(f"{clean(sentence(message))}. See `{self.prog} --help`.\n")
        raise SystemExit(USAGE)


def sentence(text: str) -> str:
    """Begin with a capital, unless it begins with a file's name."""
    return text if "." in text.partition(" ")[0] else text[:1].upper() + text[1:]


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-22")
    return day


def _setup_verbs(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    init = verb("init", "Write a commented config.toml into the home directory.")
    init.add_argument("--profile", metavar="NUMBER", help="the Twikey profile for new customers")
    connect = verb("connect", "Give this job access to Teamleader (OAuth consent in a browser).")
    connect.add_argument(
        "--no-browser", action="store_true", help="print the link and wait for the consent"
    )
    check = verb("check", "Probe everything that can be probed before money moves.")
    check.add_argument(
        "--subscriptions", action="store_true",
        help="list the active subscriptions whose invoices would fall due at once, nothing else",
    )  # fmt: skip
    check.add_argument("--mail", action="store_true", help="send a test mail too")


def _import_verb(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    importing = verb("import", "Bring booked invoices and credit notes to Twikey, once each.")
    importing.add_argument("--days", type=int, metavar="N", help="booked in the last N days")
    importing.add_argument("--since", type=_day, metavar="D", help="invoice date from (inclusive)")
    importing.add_argument("--until", type=_day, metavar="D", help="invoice date to (inclusive)")
    importing.add_argument(
        "--number", nargs="+", default=[], metavar="NUMBER", help="only these invoice numbers"
    )
    importing.add_argument(
        "--credit-notes", action="store_true", help="credit notes too, where automatic is off"
    )
    importing.add_argument("--dry-run", action="store_true", help="show the plan, send nothing")
    importing.add_argument("--yes", action="store_true", help="release the brake")
    importing.add_argument(
        "--invite", action="store_true", help="a first or unusually large import is not silent"
    )


def _follow_up_verbs(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    following = verb("follow-up", "Write payments back, attach PDFs, invite customers.")
    following.add_argument("--payments", action="store_true", help="only payments back")
    following.add_argument(
        "--pdfs", nargs="*", metavar="NUMBER", help="only PDFs; NUMBER: only of these"
    )
    following.add_argument("--missing", action="store_true", help="with --pdfs: all missing, now")
    following.add_argument("--invitations", action="store_true", help="only invitations")
    following.add_argument(
        "--scheduled", action="store_true", help="as the schedule does: nothing if automatic is off"
    )
    inviting = verb("invite", "Invite the customer of one invoice, at most once.")
    inviting.add_argument("number", help="a number as in Teamleader or Twikey, or an id")
    inviting.add_argument(
        "--again", action="store_true", help="although one left already; noted with your name"
    )


def _desk_verbs(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    held = verb("held", "Show what waits for a person, why, and what to do.")
    held.add_argument("name", nargs="*", help="only these reasons, numbers or ids")
    retry = verb("retry", "Let held bookings be decided anew now.")
    retry.add_argument("name", nargs="*", help="only these reasons, numbers or ids (or `all`)")
    retry.add_argument(
        "--confirm",
        action="store_true",
        help="you looked: a reused number is right, money is settled by hand, what is gone may be",
    )
    retry.add_argument("--later", action="store_true", help="leave it to the next run")
    status = verb("status", "Did it run, is it behind, what is stuck?")
    status.add_argument(
        "--mail", nargs="?", const="", metavar="FILE", help="the summary mail, unsent (FILE: HTML)"
    )
    journey = verb("journey", "Tell everything that happened to one booking or customer.")
    journey.add_argument("name", help="a number as in Teamleader or Twikey, or an id")


def _customer_verbs(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    from flows.customer_verbs import customer_options

    customer_options(verb("customers", "Let customers that changed in Teamleader follow."))


def _mandate_verbs(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    from flows.mandate_verbs import mandate_options

    mandate_options(verb("mandates", "Link signed mandates to Teamleader customers (CSV files)."))


def _undo_verb(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    from flows.undo_verbs import undo_options

    undo_options(verb("undo", "Remove an import from Twikey, where Twikey allows it."))


def _reconcile_verb(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    from flows.reconcile_verbs import reconcile_options

    reconcile_options(verb("reconcile", "Compare both sides to the cent; change nothing."), _day)


def _rebuild_verb(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    from flows.rebuild_verbs import rebuild_options

    rebuild_options(verb("rebuild", "Make a lost or damaged ledger anew from both sides."), _day)


def _prefect_verbs(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    from flows.automations import automations_options
    from flows.serve_verbs import serve_options

    serve_options(verb("serve", "Run the schedules of prefect.yaml in one process (no worker)."))
    automations_options(verb("automations", "Let Prefect's server raise alerts."))


class Version(argparse.Action):
    """Print which version this is; looked up only when somebody asks."""

    def __call__(self, *_: object) -> NoReturn:
        """Print it and leave."""
        from importlib.metadata import PackageNotFoundError, version

        try:
            found = version("teamleader-twikey")
        except PackageNotFoundError:
            found = "(not installed: run from a checkout)"
        sys.stdout.write(f"teamleader-twikey {found}\n")
        raise SystemExit(0)


def all_verbs() -> Parser:
    """Return the parser of the whole command line."""
    shared = Parser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print JSON for machines")
    shared.add_argument("--config", type=Path, metavar="FILE", help="the settings file to use")
    shared.add_argument(
        "--connection",
        default="default",
        metavar="NAME",
        help="which connection (default: default)",
    )
    parser = Parser(
        prog="teamleader-twikey",
        description="Bring booked Teamleader invoices to Twikey, once each.",
        epilog="Exit codes: 0 clean; 1 could not do its work (the message says the cure); 2 done,"
        " but something is held or differs; 3 another run is at work; 64 wrong usage.",
    )
    parser.add_argument("--version", action=Version, nargs=0, help="print the version")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text, parents=[shared])

    for add in (
        _setup_verbs, _import_verb, _follow_up_verbs, _desk_verbs, _customer_verbs,
        _mandate_verbs, _undo_verb,
        _reconcile_verb, _rebuild_verb, _prefect_verbs,
    ):  # fmt: skip
        add(verb)
    return parser
