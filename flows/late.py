"""Acceptance A30: what is not in Twikey within the hour is named, and settles by itself.

An invoice that Teamleader told of, and that nothing keeps from Twikey, is an alert of its own. When
no import ends well, nobody reads Teamleader: then the ledger only knows that it is behind. So
``status`` says that, a run that Twikey stops still asks Teamleader what waits, and the first run
that works names what came late.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from connectors.errors import Trouble
from flows.connection import Connection
from flows.reading import since
from flows.run import Run

LATE, BEHIND = "NOT_YET_IN_TWIKEY", "BEHIND"
IMPORT = "import"
MOST = 50  # alerts of one kind at a time; when these are gone, the next ones are raised
NAMED = 5
log = logging.getLogger(__name__)


def limit_of(connection: Connection) -> timedelta | None:
    """Return how soon after booking an invoice is to be in Twikey, or None when nobody asked."""
    hours = connection.settings.watch.late_after_hours
    return timedelta(hours=hours) if hours and connection.settings.automatic else None


def alerts_now(connection: Connection) -> list[dict[str, Any]]:
    """Return the open alerts, with those that only a look at the clock can raise.

    From the ledger alone, so that it holds when the schedule does not run at all.
    """
    found = connection.ledger.alerts.open()
    named = {row["booking_id"] for row in found if row["code"] == LATE}
    now = connection.clock.now()
    late = [
        {**row, "code": LATE, "detail": _detail(connection, row), "raised_at": row["since"]}
        for row in _late(connection, now)[:MOST]
        if row["booking_id"] not in named
    ]
    return [*found, *_behind(connection, now), *late]


def tell_late(run: Run) -> list[dict[str, Any]]:
    """Raise an alert for each invoice that is late, settle those that are not any more."""
    alerts, late = run.ledger.alerts, _late(run.connection, run.now())
    names = {row["booking_id"] for row in late}
    for row in alerts.open(LATE):
        if row["booking_id"] not in names:
            alerts.settle(row["booking_id"], LATE, run.id, run.now())
    for row in late[:MOST]:
        alerts.alert(row["booking_id"], LATE, _detail(run.connection, row), run.id, run.now())
    return alerts.open(LATE)


def tell_late_although_stopped(run: Run) -> None:
    """Name what is late although a scheduled run was stopped; that it stopped is told as ever.

    Where it never came to read Teamleader, because Twikey is away, Teamleader is asked here: only
    so can the invoices be named. They are entered as read and not decided, as a killed run would.
    """
    if run.dry_run:
        return
    try:
        if run.connection.teamleader.calls == 0 and _is_behind(run.connection, run.now()):
            pages = run.connection.teamleader.booked_invoices(updated_since=since(run, "invoices"))
            for page in pages:
                run.ledger.bookings.listed(page, run.id, run.now())
        tell_late(run)
    except Trouble as trouble:
        log.info("What is late could not be named: %s", trouble)


def tell_arrived_late(run: Run) -> None:
    """Note which invoices of a scheduled run came later than they should, and why."""
    limit, seen = limit_of(run.connection), run.ledger.watermarks.read("invoices")
    if limit is None or seen is None or run.now() - seen <= limit:
        return
    numbers = run.ledger.late.arrived(run.id, run.now() - limit)
    if numbers:
        some = ", ".join(numbers[:NAMED])
        more = f" and {len(numbers) - NAMED} more" if len(numbers) > NAMED else ""
        run.notes.append(
            f"{len(numbers)} came later than {_hours(limit)} after they were booked, because no"
            f" import ended well since {_local(run.connection, seen)}: {some}{more}"
        )


# ---- what is late


def _late(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    limit = limit_of(connection)
    if limit is None:
        return []
    ledger = connection.ledger
    seen, departments = ledger.watermarks.read("invoices"), connection.settings.departments
    return ledger.late.waiting(now - limit, seen, departments)


def _detail(connection: Connection, row: dict[str, Any]) -> str:
    return f"Teamleader has it since {_local(connection, datetime.fromisoformat(row['since']))}"


def _is_behind(connection: Connection, now: datetime) -> bool:
    limit, seen = limit_of(connection), connection.ledger.watermarks.read("invoices")
    return limit is not None and seen is not None and now - seen > limit


def _behind(connection: Connection, now: datetime) -> list[dict[str, Any]]:
    seen = connection.ledger.watermarks.read("invoices")
    if seen is None or not _is_behind(connection, now):
        return []
    blank = dict.fromkeys(
        ("number", "twikey_number", "invoicee_name", "payable_cents", "currency", "web_url", "url")
    )
    detail = f"no import ended well since {_local(connection, seen)}"
    return [{**blank, "booking_id": IMPORT, "code": BEHIND, "detail": detail,
             "raised_at": seen.isoformat(timespec="seconds")}]  # fmt: skip


def _hours(limit: timedelta) -> str:
    hours = int(limit.total_seconds() // 3600)
    return "an hour" if hours == 1 else f"{hours} hours"


def _local(connection: Connection, at: datetime) -> str:
    return at.astimezone(connection.zone).strftime("%Y-%m-%d %H:%M")
