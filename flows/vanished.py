"""Gone without a word: deleted in Twikey, customers deleted or merged in Teamleader.

Neither service tells of it for certain, so the sweep looks at a few of each, those longest unseen
first. Nothing is created again by itself (Twikey reference 10-20; complaints C27, C38).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from connectors.errors import (
    CallRefused,
    NotFound,
    NotPermitted,
    RecordUnreadable,
    ServiceUnavailable,
    Throttled,
    UnexpectedAnswer,
)
from flows.paid_elsewhere import gone_in_twikey, settle
from flows.run import Run

LOOKS = 25  # at single invoices in Twikey, per sweep; Twikey rations them (reference 1.12)
CUSTOMERS = 100  # per sweep, each once a day: two calls at most
FRESH = timedelta(days=1)
NAMED = 3  # invoices that an alert about a customer names


def look_for_vanished(run: Run) -> None:
    """Look whether invoices are still in Twikey and customers still in Teamleader."""
    for booking_id in run.ledger.vanished.back_again():
        settle(run, booking_id, "GONE_IN_TWIKEY")
    _look_in_twikey(run)
    try:
        _look_at_customers(run)
    except NotPermitted as refused:
        run.notes.append(f"customers cannot be looked at: {refused}")
    _tell_customers_gone(run)


def _look_in_twikey(run: Run) -> None:
    unseen = run.ledger.vanished.unseen(LOOKS)
    for booking in run.ledger.follow.bookings(unseen).values():
        try:
            standing = run.connection.twikey.invoice(booking.twikey_id)
        except (CallRefused, UnexpectedAnswer) as odd:
            run.notes.append(f"{booking.number}: {odd}")
            continue
        except (ServiceUnavailable, Throttled) as trouble:
            run.notes.append(f"{trouble}; deletions in Twikey are looked for by a later run")
            return
        if standing is not None:
            run.ledger.feed.invoices_seen([standing], None, run.now())
        else:
            gone_in_twikey(run, booking)


# ---- customers


def _look_at_customers(run: Run) -> None:
    """Read customers of open bookings that nobody has read for a day, by ids."""
    teamleader = run.connection.teamleader
    unread = run.ledger.vanished.customers_unread(run.now() - FRESH, CUSTOMERS)
    for kind, listing, ask in (
        ("company", teamleader.companies, teamleader.company),
        ("contact", teamleader.contacts, teamleader.contact),
    ):
        missing = set(unread[kind])
        for page in listing(ids=unread[kind]) if missing else ():
            run.ledger.customers.read(page, run.id)
            missing -= {customer.id for customer in page}
        for customer_id in sorted(missing):
            if run.ledger.vanished.gone_before(customer_id):
                continue
            try:
                run.ledger.customers.read([ask(customer_id)], run.id)
            except NotFound:
                run.ledger.customers.gone(customer_id, kind, run.id, run.now())
            except (CallRefused, RecordUnreadable) as odd:
                run.notes.append(f"{kind} {customer_id} cannot be read: {odd}")


def _tell_customers_gone(run: Run) -> None:
    """Alert customers that are gone, or whose open invoices moved: one alert per customer."""
    vanished = run.ledger.vanished
    _tell(run, "CUSTOMER_DELETED", vanished.without_customer(), "{name}, of {numbers}")
    _tell(run, "CUSTOMER_MERGED", vanished.moved(), "{numbers} of {name}")


def _tell(run: Run, code: str, rows: Iterable[tuple[str, str, str]], said: str) -> None:
    names: dict[str, str] = {}
    numbers: dict[str, list[str]] = defaultdict(list)
    for customer, name, number in rows:
        names.setdefault(customer, name)
        numbers[customer].append(number)
    for alert in run.ledger.alerts.open(code):
        if alert["booking_id"] not in names:
            settle(run, alert["booking_id"], code)
    for customer, name in names.items():
        more = len(numbers[customer]) - NAMED
        listed = ", ".join(numbers[customer][:NAMED]) + (f" and {more} more" if more > 0 else "")
        detail = said.format(name=name, numbers=listed)
        run.ledger.alerts.alert(customer, code, detail, run.id, run.now())
