"""What each verb of the command line does; parsing is in ``cli``, printing in ``screen``."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from connectors.errors import SettingsWrong, UsageWrong
from flows.connection import Connection, home_of
from flows.import_booked import ImportRequest, import_booked
from flows.layout import shorten
from flows.progress import Progress
from flows.report import ImportReport
from flows.screen import Screen
from flows.settings import CONFIG_NAME, profile_number
from flows.wording import NUMBER


def _open(arguments: argparse.Namespace, progress: Progress) -> Connection:
    return Connection.from_environment(
        config=arguments.config, name=arguments.connection, on_wait=progress.waiting
    )


def init(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:  # noqa: ARG001
    """Write a commented config.toml; never touch one that exists."""
    from flows.config_template import config_text, dotenv_text

    home = home_of(os.environ, arguments.connection)
    path: Path = arguments.config or home / CONFIG_NAME
    if path.exists():
        raise UsageWrong(f"{path} exists already; edit it, or move it away first")
    try:
        profile = None if arguments.profile is None else int(profile_number(arguments.profile))
    except ValueError as wrong:
        raise UsageWrong(f"--profile {wrong}") from None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(config_text(profile), encoding="utf-8")
        dotenv = home / ".env"
        if not dotenv.exists():
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            dotenv.touch(mode=0o600)
            dotenv.write_text(dotenv_text(), encoding="utf-8")
    except OSError as error:
        raise SettingsWrong([f"{path} cannot be written: {error.strerror}"]) from None
    screen.machine({"config": str(path), "env": str(dotenv)})
    screen.line("Two files to fill in, in which everything is explained:")
    screen.line(f"  {path}")
    screen.line(f"  {dotenv}")
    screen.line("Next: `teamleader-twikey connect`.")
    return 0


def connect(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Give access to Teamleader by consent in a browser (guide 2)."""
    from flows.connect import connect as give_access

    with _open(arguments, progress) as connection:
        return give_access(connection, screen, browser=not arguments.no_browser)


def check(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Probe everything before money moves; 0 all well, 2 warnings, 1 something fails."""
    from flows.check import check as probe
    from flows.subscription_verbs import check_subscription_terms

    with _open(arguments, progress) as connection:
        if arguments.subscriptions:
            return check_subscription_terms(connection, screen, progress)
        findings = probe(connection, progress, mail=arguments.mail)
        states = {finding.state for finding in findings}
        ready = "fails" not in states and not connection.ledger.desk.stages()
    progress.close()
    screen.findings(findings)
    if ready:
        screen.line("Next: `teamleader-twikey import --days 30 --dry-run`.")
    return 1 if "fails" in states else 2 if "warns" in states else 0


def import_(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Import by hand or since the watermark; as a Prefect flow run when an API is configured."""
    request = ImportRequest(
        days=arguments.days, since=arguments.since, until=arguments.until,
        numbers=tuple(arguments.number), credit_notes=arguments.credit_notes,
        dry_run=arguments.dry_run, yes=arguments.yes, invite=arguments.invite,
        started_by=f"command line ({_user()})",
    )  # fmt: skip
    request.require_sound()  # a slip of the keyboard is no failed run
    with _open(arguments, progress) as connection:
        report = _run_import(connection, request, progress)
    progress.close()
    screen.report(report)
    return report.exit_code


def _run_import(connection: Connection, request: ImportRequest, progress: Progress) -> ImportReport:
    if os.environ.get("PREFECT_API_URL"):
        from flows.prefect_command_line import import_on_prefect

        return import_on_prefect(connection, request)
    return import_booked(connection, request, tell=progress)


def follow_up(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Run all steps of the follow-up, or those that are named."""
    from flows.follow_up import FollowUpRequest, follow_up

    named = arguments.payments or arguments.pdfs is not None or arguments.invitations
    if arguments.missing and not (arguments.pdfs == []):
        raise UsageWrong("--missing goes with --pdfs, without numbers")
    request = FollowUpRequest(
        payments=arguments.payments or not named,
        pdfs=arguments.pdfs is not None or not named,
        invitations=arguments.invitations or not named,
        numbers=tuple(arguments.pdfs or ()),
        missing=arguments.missing,
        by_hand=not arguments.scheduled,
        started_by=f"command line ({_user()})",
    )
    with _open(arguments, progress) as connection:
        if os.environ.get("PREFECT_API_URL"):
            from flows.prefect_command_line import follow_up_on_prefect

            report = follow_up_on_prefect(connection, request)
        else:
            report = follow_up(connection, request, tell=progress)
    progress.close()
    screen.follow_up(report)
    return report.exit_code


def invite(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Invite one customer by hand; a second invitation is refused unless --again."""
    from flows.follow_up import invite as invite_customer

    with _open(arguments, progress) as connection:
        report = invite_customer(connection, arguments.number, again=arguments.again, by=_user())
    progress.close()
    screen.follow_up(report)
    return report.exit_code


def held(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Show what waits for a person; 2 when something does."""
    with _open(arguments, progress) as connection:
        waiting = connection.ledger.desk.held(arguments.name)
    screen.machine(waiting)
    screen.held(waiting, most=sys.maxsize)
    if not waiting:
        screen.line("Nothing is held.")
    return 2 if waiting else 0


def retry(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Release held bookings, all or those named, and decide them now."""
    names = () if arguments.name == ["all"] else tuple(arguments.name)
    if arguments.confirm and not names:
        raise UsageWrong("--confirm takes the numbers you looked at")
    with _open(arguments, progress) as connection:
        with connection.ledger.lock.held("retry", connection.clock.now()):
            closed = _dismiss(connection, names, screen) if arguments.confirm else []
            released = connection.ledger.desk.release(
                names, connection.clock.now(), _user(), confirm=arguments.confirm
            )
        waits = released or connection.ledger.desk.held(names)  # the unsettled are looked up again
        if not waits and names and not closed:
            raise UsageWrong(f"nothing held is called {' or '.join(names)}")
        if not waits:
            screen.machine({"released": [], "closed": closed})
            if not closed:
                screen.line("Nothing is held.")
            return 0
        if released:
            screen.line(f"Released: {', '.join(shorten(one, NUMBER) for one in released)}")
        if arguments.later:
            screen.machine({"released": released})
            return 0
        request = ImportRequest(again=True, started_by=f"retry ({_user()})")
        report = _run_import(connection, request, progress)
    progress.close()
    screen.report(report)
    return report.exit_code


def _dismiss(connection: Connection, names: Sequence[str], screen: Screen) -> list[str]:
    """Close what a person says is settled elsewhere: money too much, parts paid back."""
    ledger, closed = connection.ledger, []
    for subject in [_the_one(connection, name) for name in names]:
        codes = ledger.dismissals.dismiss(subject["id"], _user(), connection.clock.now())
        closed += [f"{code} of {subject['number'] or subject['id']}" for code in codes]
    if closed:
        screen.line(f"Closed: {', '.join(closed)}")
    return closed


def _the_one(connection: Connection, name: str) -> dict[str, Any]:
    """Return what a person speaks of: a booking, or an event that nobody can read, by its name.

    Raises ``UsageWrong`` when several bookings that wait for a word have that number.
    """
    ledger = connection.ledger
    found = ledger.bookings.find(name)
    waiting = [b for b in found if b["stage"] == "held" or ledger.dismissals.open(b["id"])]
    if len(waiting) > 1:
        ids = ", ".join(str(booking["id"]) for booking in waiting)
        raise UsageWrong(f"{len(waiting)} bookings are called {name}; give the id of one: {ids}")
    return (waiting or [{"id": name, "number": None}])[0]


def status(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Say whether it ran, is behind, and what is stuck; 2 when something waits for a person."""
    from flows.status import status_of

    if arguments.mail is not None:
        return _show_mail(arguments, screen, progress)
    with _open(arguments, progress) as connection:
        state = status_of(connection)
    screen.status(state)
    return 2 if state["waiting"] or state["alerts"] or not state["connected"] else 0


def _show_mail(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Show the summary that would be mailed now, or write it as a page; send nothing."""
    from flows.mail import preview

    with _open(arguments, progress) as connection:
        subject, text, page = preview(connection)
    screen.machine({"subject": subject, "text": text, "html": page})
    if arguments.mail:
        try:
            Path(arguments.mail).write_text(page, encoding="utf-8")
        except OSError as error:
            raise UsageWrong(f"{arguments.mail} cannot be written: {error.strerror}") from None
        screen.line(f"Written: {arguments.mail}")
        return 0
    screen.line(f"Subject: {subject}\n\n{text}")
    return 0


def journey(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Tell everything that happened to one booking or customer, oldest first."""
    with _open(arguments, progress) as connection:
        ledger = connection.ledger
        found = ledger.bookings.find(arguments.name)
        subjects = [row["id"] for row in found] or [arguments.name]
        stories = [{"id": each, "events": ledger.journal.of(each)} for each in subjects]
    if not found and not any(story["events"] for story in stories):
        raise UsageWrong(f"nothing here is called {arguments.name}")
    screen.journey(found, stories)
    return 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown user"
