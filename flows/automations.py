"""Alerts from Prefect's server: who is told, and the verb that installs them."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

from connectors.address import check_address
from connectors.errors import NoPrefectServer, UsageWrong
from flows.connection import Connection
from flows.mail_settings import Outgoing, outgoing
from flows.progress import Progress
from flows.screen import Screen


@dataclass(frozen=True)
class Receivers:
    """Who is told: the address of a webhook (a secret; empty is none), and how to mail."""

    webhook: str
    mail: Outgoing | None


@dataclass(frozen=True)
class Watched:
    """What became of each automation, by name, and through what alerts leave."""

    automations: dict[str, str]
    told: list[str]
    dry_run: bool


def automations_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the verb."""
    parser.add_argument(
        "--webhook", metavar="URL",
        help="who is told (better in TEAMLEADER_TWIKEY_WEBHOOK_URL, where nobody reads it)",
    )  # fmt: skip
    parser.add_argument("--dry-run", action="store_true", help="show what would change")


def automations(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Install the automations on the server of PREFECT_API_URL; 2 when nobody would be told."""
    webhook = _checked(arguments.webhook)
    if not os.environ.get("PREFECT_API_URL"):
        raise NoPrefectServer(
            "PREFECT_API_URL is not set (`export PREFECT_API_URL=http://127.0.0.1:4200/api`)"
        )
    progress("asking Prefect", 0, None)
    with Connection.from_environment(
        config=arguments.config, name=arguments.connection, on_wait=progress.waiting
    ) as connection:
        from flows.prefect_automations import install

        secrets = connection.secrets
        given = webhook or secrets.teamleader_twikey_webhook_url.get_secret_value()
        receivers = Receivers(given, outgoing(connection.settings.mail, secrets))
        done = install(connection.settings.watch, receivers, dry_run=arguments.dry_run)
    progress.close()
    screen.machine({**done.__dict__, "exit_code": 0 if done.told else 2})
    _show(done, screen)
    return 0 if done.told else 2


def _show(done: Watched, screen: Screen) -> None:
    screen.line("Prefect would watch:" if done.dry_run else "Prefect watches:")
    for name, became in done.automations.items():
        screen.line(f"  {became:10} {name}")
    if done.told:
        screen.line(f"Alerts leave by {' and '.join(done.told)}.")
    else:
        screen.line(
            "Nobody would be told: set TEAMLEADER_TWIKEY_WEBHOOK_URL, or recipients under [mail]"
            " and SMTP_HOST, then repeat the command.", "yellow",
        )  # fmt: skip


def _checked(webhook: str | None) -> str:
    """Return the address of the webhook; a wrong one is not quoted."""
    if not webhook:
        return ""
    try:
        check_address("--webhook", webhook)
    except ValueError as wrong:
        raise UsageWrong(str(wrong)) from None
    return webhook
