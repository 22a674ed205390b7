"""Gather: what Teamleader has that this ledger has not decided yet (guide 4, 5, 11, 12).

Lists are cheap and details dear (API reference 9.1): two hundred customers cost two calls when
their ids are gathered over the run, an invoice's custom field costs one call each and is asked only
for invoices never seen before, and only when a field is configured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from connectors.errors import NotFound, NotPermitted
from connectors.ledger.bookings import Listed
from connectors.teamleader.records import Customer, Page
from flows.gone_customers import settle_gone
from flows.odd import ODD, answered, set_aside
from flows.read_customers import look_daily, read_changed, read_one, tell_statuses
from flows.reading import permitted, since
from flows.run import Run

SUBSCRIPTION_FRESH = timedelta(hours=24)
RESOURCES = ("invoices", "credit notes", "companies", "contacts")


@dataclass(frozen=True)
class Window:
    """What a run reads: since the watermark (``days`` None), by date, or by number.

    Dates are inclusive calendar days as text; ``numbers`` are Teamleader invoice numbers.
    """

    scheduled: bool
    issued_from: str | None = None
    issued_to: str | None = None
    numbers: tuple[str, ...] = ()
    credit_notes: bool = True
    again: bool = False


def gather(run: Run, window: Window) -> Listed:
    """List bookings, then complete them with details and customers; return what was listed.

    ``again`` reads only held bookings whose time has come; a scheduled run reads these too.
    """
    listed = Listed()
    if window.scheduled or window.again:
        listed += _take_up_again(run)
    if not window.again:
        listed += _invoices(run, window)
        if window.credit_notes:
            listed += _credit_notes(run, window)
    if window.scheduled:
        read_changed(run)
        look_daily(run)
    complete_routing(run, fresh=SUBSCRIPTION_FRESH if window.scheduled else timedelta())
    complete_customers(run, refresh=not window.scheduled)
    tell_statuses(run)
    settle_gone(run)
    return listed


# ---- lists


def _invoices(run: Run, window: Window) -> Listed:
    teamleader = run.connection.teamleader
    if window.numbers:
        pages = _numbered(run, window.numbers)
    elif window.scheduled:
        pages = teamleader.booked_invoices(updated_since=since(run, "invoices"))
    else:
        pages = teamleader.booked_invoices(
            issued_from=window.issued_from, issued_to=window.issued_to
        )
    return _enter(run, pages, "invoices", window)


def _numbered(run: Run, numbers: tuple[str, ...]) -> Iterator[Page]:
    for number in numbers:
        found = 0
        for page in run.connection.teamleader.booked_invoices(number=number):
            found += len(page.bookings)
            yield page
        if not found:
            run.notes.append(f"Teamleader has no booked invoice {number}{_hint(number)}")


def _hint(number: str) -> str:
    by_date = "; a credit note comes by its date: `import --since DATE --credit-notes`"
    return by_date if re.fullmatch(r"(CN)?\d+/\d+", number.strip()) else ""


def _credit_notes(run: Run, window: Window) -> Listed:
    teamleader = run.connection.teamleader
    if window.numbers:
        return Listed()
    if window.scheduled:
        pages = teamleader.credit_notes(updated_since=since(run, "credit notes"))
    else:
        pages = teamleader.credit_notes(issued_from=window.issued_from, issued_to=window.issued_to)
    return _enter(run, pages, "credit notes", window)


def _enter(run: Run, pages: Iterator[Page], resource: str, window: Window) -> Listed:
    """Enter pages as they come; a list that the access may not read is reported, not fatal."""
    listed = Listed()

    def read() -> None:
        nonlocal listed
        for page in pages:
            listed += run.ledger.bookings.listed(
                page, run.id, run.now(), by_hand=not window.scheduled
            )
            run.tell(f"reading {resource}", listed.new + listed.changed + listed.same, None)

    if permitted(run, read) and not window.numbers:
        run.ended_well(resource, moves=window.scheduled or window.issued_to is None)
    return listed


def _take_up_again(run: Run) -> Listed:
    """Read held bookings whose time has come anew, in hundreds by id."""
    again = run.ledger.desk.take_up_again(run.id, run.now())
    listed = Listed()
    teamleader = run.connection.teamleader
    for kind, listing in (
        ("invoice", teamleader.booked_invoices),
        ("credit_note", teamleader.credit_notes),
    ):
        wanted = [
            i for i, its_kind in again if its_kind == kind and not i.startswith("unreadable:")
        ]
        found: set[str] = set()
        for page in listing(ids=wanted):
            run.ledger.bookings.listed(page, run.id, run.now())
            found.update(b.id for b in page.bookings)
            found.update(r.id for r in page.unreadable if r.id)
        for missing in set(wanted) - found:
            close_if_deleted(run, missing, kind)
        listed += Listed(changed=len(wanted))
    return listed


def close_if_deleted(run: Run, booking_id: str, kind: str = "invoice") -> bool:
    """Close a booking that Teamleader no longer has; return whether it is gone."""
    teamleader = run.connection.teamleader
    try:
        teamleader.invoice(booking_id) if kind == "invoice" else teamleader.credit_note(booking_id)
    except NotFound:
        run.ledger.bookings.closed(booking_id, run.id, run.now())
        return True
    except ODD as odd:  # not gone for all that
        set_aside(run, "Teamleader", booking_id, odd)
    return False


# ---- details


def complete_routing(run: Run, *, fresh: timedelta) -> None:
    """Read the profile fields of what is undecided; subscriptions unless read since ``fresh``."""
    _details(run)
    _subscriptions(run, fresh)


def _details(run: Run) -> None:
    field = run.connection.settings.custom_fields.invoice
    if field is None:
        return
    wanted = run.ledger.bookings.without_details(run.id)
    for done, invoice_id in enumerate(wanted, start=1):
        try:
            detail = run.connection.teamleader.invoice(invoice_id)
        except NotFound:
            run.ledger.bookings.closed(invoice_id, run.id, run.now())
        except ODD as odd:
            run.ledger.bookings.source_problem([invoice_id], "UNREADABLE", str(odd))
            set_aside(run, "Teamleader", invoice_id, odd)
        else:
            answered(run, "Teamleader")
            run.ledger.bookings.detailed(detail, field, run.id)
        run.tell("reading the profile field of invoices", done, len(wanted))


def _subscriptions(run: Run, fresh: timedelta) -> None:
    field = run.connection.settings.custom_fields.subscription
    if field is None:
        return
    wanted = run.ledger.bookings.subscriptions_wanted(run.id, run.now() - fresh)
    for done, subscription_id in enumerate(wanted, start=1):
        try:
            subscription = run.connection.teamleader.subscription(subscription_id)
        except NotFound:
            run.notes.append(f"Teamleader no longer has subscription {subscription_id}")
            continue
        except NotPermitted as trouble:
            _unroutable(run, wanted[done - 1 :], trouble)
            return
        except ODD as odd:
            run.ledger.bookings.subscription_problem(subscription_id, run.id, str(odd))
            set_aside(run, "Teamleader", f"subscription {subscription_id}", odd)
            continue
        answered(run, "Teamleader")
        run.ledger.customers.subscription(subscription, field, run.now())
        run.tell("reading the profile field of subscriptions", done, len(wanted))


def _unroutable(run: Run, subscriptions: Sequence[str], trouble: NotPermitted) -> None:
    """Hold the invoices of subscriptions that may not be read; all the others go on."""
    run.problems.append(trouble)
    for each in subscriptions:
        run.ledger.bookings.subscription_problem(each, run.id, "no right to read its subscription")


def complete_customers(run: Run, *, refresh: bool) -> None:
    """Read the customers of undecided bookings, a hundred ids a call, gathered over the run."""
    wanted = run.ledger.bookings.customers_wanted(run.id, refresh=refresh)
    teamleader, total = run.connection.teamleader, sum(map(len, wanted.values()))
    for kind, listing in (("company", teamleader.companies), ("contact", teamleader.contacts)):
        read = partial(_read_customers, run, kind, wanted[kind], listing, total)
        if not permitted(run, read):
            for customer_id in wanted[kind]:
                run.ledger.customers.unreadable(customer_id, f"no right to read its {kind}")


def _read_customers(
    run: Run, kind: str, wanted: list[str], listing: Callable[..., Iterator[list[Customer]]],
    total: int,
) -> None:  # fmt: skip
    missing, done = set(wanted), 0
    for page in listing(ids=wanted):
        run.ledger.customers.read(page, run.id, run.now())
        missing -= {c.id for c in page}
        done += len(page)
        run.tell("reading customers", done, total)
    for customer_id in sorted(missing):
        read_one(run, kind, customer_id)
