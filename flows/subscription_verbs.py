"""What `check --subscriptions` prints; the look itself is in ``subscriptions`` (guide 9)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flows.connection import Connection
from flows.layout import clean, columns, hanging, width_of
from flows.progress import Progress
from flows.screen import Screen
from flows.subscriptions import SubscriptionsReport, check_subscriptions, term_in_words
from mappings.texts import many

CURE = (
    "Set their payment term above 0 days in Teamleader: else each of their invoices will expire,"
    " and may be reminded, on the day it is booked."
)


def check_subscription_terms(connection: Connection, screen: Screen, progress: Progress) -> int:
    """List the active subscriptions whose invoices fall due at once; 2 when there are any."""
    report = check_subscriptions(connection, progress)
    progress.close()
    screen.machine({**asdict(report), "exit_code": report.exit_code})
    if not screen.as_json:
        _print(report, screen)
    return report.exit_code


def _print(report: SubscriptionsReport, screen: Screen) -> None:
    width = width_of(sys.stdout)
    count, all_of_them = len(report.due_at_once), many(report.active, "active subscription")
    if report.exit_code == 0:
        screen.line(f"{all_of_them}: none makes invoices that fall due at once", "green")
        return
    verb = "makes" if count == 1 else "make"
    screen.line(f"{all_of_them}: {count} {verb} invoices that fall due at once", "yellow")
    for block in columns([_row(row) for row in report.due_at_once], width, indent=2):
        for text in block:
            screen.line(text)
    if count:
        for text in hanging("  -> ", CURE, width):
            screen.line(text)
    for said in report.unreadable:
        for text in hanging("  ! cannot be read: ", clean(said), width):
            screen.line(text, "red")


def _row(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (
        clean(row["title"] or row["subscription_id"]),
        clean(row["customer"] or row["customer_id"] or ""),
        term_in_words(row["term_type"], row["term_days"]),
        clean(row["web_url"] or ""),
    )
