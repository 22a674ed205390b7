"""The verb ``customers`` (guide 12): its options, and what it does."""

from __future__ import annotations

import argparse
import os

from connectors.errors import UsageWrong
from flows.connection import Connection
from flows.mandate_verbs import export_customers, export_options, refuse_export_options
from flows.progress import Progress
from flows.screen import Screen


def customer_options(parser: argparse.ArgumentParser) -> None:
    """Add what the verb ``customers`` takes."""
    parser.add_argument(
        "--all", action="store_true", help="read all of them anew and compare, not only changes"
    )
    parser.add_argument(
        "--scheduled", action="store_true", help="as the schedule does: nothing if automatic is off"
    )
    export_options(parser)


def customers(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:
    """Let changed customers, or all of them, follow to Twikey."""
    from flows.customer_view import show
    from flows.customers import CustomersRequest, follow_customers
    from flows.verbs import _user

    if arguments.all and arguments.scheduled:
        raise UsageWrong("--all is for hands, --scheduled for the schedule: take one of them")
    if arguments.export is not None:
        return export_customers(arguments, screen, progress)
    refuse_export_options(arguments)
    request = CustomersRequest(
        every=arguments.all,
        by_hand=not arguments.scheduled,
        started_by=f"command line ({_user()})",
    )
    with _open(arguments, progress) as connection:
        if os.environ.get("PREFECT_API_URL"):
            from flows.prefect_command_line import customers_on_prefect

            report = customers_on_prefect(connection, request)
        else:
            report = follow_customers(connection, request, tell=progress)
    progress.close()
    show(screen, report)
    return report.exit_code


def _open(arguments: argparse.Namespace, progress: Progress) -> Connection:
    return Connection.from_environment(
        config=arguments.config, name=arguments.connection, on_wait=progress.waiting
    )
