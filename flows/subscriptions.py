"""Guide 9: subscriptions whose invoices fall due on their own date, told once, or found beforehand.

A subscription has no date of change in Teamleader (API reference 3.10), so its profile field is
read again after a day by the schedule, and whenever a person imports or retries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from connectors.errors import (
    CallRefused,
    NotFound,
    NotPermitted,
    RecordUnreadable,
    Trouble,
)
from connectors.teamleader.records import Subscription
from flows.connection import Connection
from flows.run import Run, Tell

WELL_FOR = timedelta(hours=1)
PER_RUN = 100  # each may cost a call; the next run names the others
AT_ONCE = "DUE_AT_ONCE"


def tell_due_at_once(run: Run) -> None:
    """Name in this run's summary each subscription that was never named before (acceptance A45).

    Whatever run sent its invoice: a summary that a crash took away is told by the next one.
    """
    found = run.ledger.subscriptions.untold()[:PER_RUN]
    for subscription, _, known in found:
        if not known:
            _read(run, subscription)
    run.ledger.subscriptions.told([row[:2] for row in found], run.id, run.now())


def _read(run: Run, subscription_id: str) -> None:
    """Read a subscription for its title and its term.

    Whatever goes wrong, it is told by its id then: a title is not worth a run.
    """
    field_id = run.connection.settings.custom_fields.subscription
    try:
        found = run.connection.teamleader.subscription(subscription_id)
    except Trouble:
        return
    run.ledger.customers.subscription(found, field_id, run.now())


def term_in_words(kind: str | None, days: int | None) -> str:
    """Say a payment term for people (API reference 3.1)."""
    if kind == "cash":
        return "cash"
    if kind == "end_of_month":
        return f"{days or 0} days, end of month"
    return "not told" if days is None else f"{days} days"


def is_due_at_once(kind: str | None, days: int | None) -> bool:
    """Tell whether a term makes an invoice due on its own date: cash, or no days (guide 9)."""
    return kind == "cash" or (kind == "after_invoice_date" and (days or 0) <= 0)


# ---- beforehand: check --subscriptions


@dataclass(frozen=True)
class SubscriptionsReport:
    """What a look at all active subscriptions found.

    ``due_at_once`` are those to be changed, with title, customer, term and link; ``unreadable``
    are ids (or what is wrong) of which nobody can say.
    """

    active: int = 0
    due_at_once: list[dict[str, Any]] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    calls: int = 0

    @property
    def exit_code(self) -> int:
        """Return 0 when none falls due at once, 2 when one does or cannot be read."""
        return 2 if self.due_at_once or self.unreadable else 0


def check_subscriptions(connection: Connection, tell: Tell) -> SubscriptionsReport:
    """Find the active subscriptions whose invoices would fall due at once, one call for each.

    The term is only in the details (API reference 2.4). What was read within the hour and is well
    is not asked again, so that a look that was broken off goes on, and one after a correction is
    quick. The calls keep to Teamleader's limit as all others do.
    """
    teamleader, calls = connection.teamleader, connection.teamleader.calls
    listed, unreadable = _listed(connection, tell)
    well = _well(connection)
    found: list[Subscription] = []
    for done, one in enumerate(listed, start=1):
        if one.id not in well:
            read = _looked_at(connection, one, unreadable)
            if read is not None and is_due_at_once(read.term_type, read.term_days):
                found.append(replace(one, term_type=read.term_type, term_days=read.term_days))
        tell("reading the terms of subscriptions", done, len(listed))
    names = _names(connection, found)
    return SubscriptionsReport(
        active=len(listed),
        due_at_once=[_row(one, names) for one in found],
        unreadable=unreadable,
        calls=teamleader.calls - calls,
    )


def _listed(connection: Connection, tell: Tell) -> tuple[list[Subscription], list[str]]:
    listed: list[Subscription] = []
    unreadable: list[str] = []
    for subscriptions, broken in connection.teamleader.active_subscriptions():
        listed += subscriptions
        unreadable += broken
        tell("listing subscriptions", len(listed), None)
    return listed, unreadable


def _well(connection: Connection) -> set[str]:
    """Return the subscriptions that were read a moment ago and do not fall due at once."""
    since = connection.clock.now() - WELL_FOR
    read = connection.ledger.subscriptions.read_since(since)
    return {each for each, term in read.items() if not is_due_at_once(*term)}


def _looked_at(
    connection: Connection, one: Subscription, unreadable: list[str]
) -> Subscription | None:
    """Read one subscription and keep what it says; None when it is gone or cannot be read."""
    field_id = connection.settings.custom_fields.subscription
    try:
        found = connection.teamleader.subscription(one.id)
    except NotFound:
        return None
    except (CallRefused, RecordUnreadable) as odd:
        unreadable.append(f"{one.title or one.id}: {odd}")
        return None
    connection.ledger.customers.subscription(found, field_id, connection.clock.now())
    return found


def _names(connection: Connection, found: Sequence[Subscription]) -> dict[str, str]:
    """Return the names of the customers of some subscriptions, a hundred ids a call."""
    teamleader, names = connection.teamleader, {}
    for kind, listing in (("company", teamleader.companies), ("contact", teamleader.contacts)):
        ids = [one.customer_id for one in found if one.customer_id and one.customer_type == kind]
        try:
            for page in listing(ids=ids):
                for customer in page:
                    parts: Iterable[str | None] = (customer.first_name, customer.last_name)
                    own = " ".join(part for part in parts if part)
                    names[customer.id] = customer.company_name or own
        except NotPermitted:
            continue  # told without names
    return names


def _row(one: Subscription, names: dict[str, str]) -> dict[str, Any]:
    return {
        "code": AT_ONCE,
        "subscription_id": one.id,
        "title": one.title,
        "customer_id": one.customer_id,
        "customer": names.get(one.customer_id or ""),
        "term_type": one.term_type,
        "term_days": one.term_days,
        "web_url": one.web_url,
    }
