"""Guide 12: which customers changed in Teamleader, asked in as few calls as it takes.

A poll is one call per list where nothing changed. It cannot show who was deleted; so the customers
of open invoices are asked for by their ids once a day, and all of them when a person wants it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial

from connectors.errors import NotFound
from connectors.ledger.customers import DEACTIVATED, GONE
from connectors.ledger.runs import text
from connectors.teamleader.records import Customer
from flows.gone_customers import tell_gone
from flows.odd import ODD, answered, set_aside
from flows.reading import permitted, since
from flows.run import Run

RESOURCES = ("companies", "contacts")
KINDS = {"companies": "company", "contacts": "contact"}
LOOKED = "last look at the customers of open invoices"
EVERY = timedelta(days=1)
LONGEST = timedelta(days=390)  # an older instant may be refused (Teamleader API reference 10-U23)

Listing = Callable[..., Iterator[list[Customer]]]


def read_changed(run: Run) -> int:
    """Refresh customers of ours that changed since the last time; return how many these are.

    Ours are those of the ledger and those that Twikey's feed has shown. What was never read before
    and stands in Twikey is told in full.
    """
    found = 0

    def refresh(pages: Iterator[list[Customer]]) -> None:
        nonlocal found
        for page in pages:
            found += _refresh(run, page)
            run.tell("reading changed customers", found, None)

    for resource in RESOURCES:
        start = max(since(run, resource), run.now() - LONGEST)
        pages = _listing(run, KINDS[resource])(updated_since=start)
        if permitted(run, partial(refresh, pages)):
            run.ended_well(resource)
    return found


def _refresh(run: Run, page: Sequence[Customer]) -> int:
    ids = [c.id for c in page]
    kept = run.ledger.customers.kept(ids)
    ours = kept | run.ledger.customer_lists.shown(ids)
    with run.ledger.atomic():
        run.ledger.customers.read([c for c in page if c.id in ours], run.id, run.now())
        run.ledger.customers.to_be_told(sorted(ours - kept))
    return len(ours)


def look_daily(run: Run) -> int:
    """Once a day ask for the customers of open invoices: one may have been deleted or merged."""
    last = run.ledger.facts.read(LOOKED)
    if last is not None and timedelta() <= run.now() - datetime.fromisoformat(last) < EVERY:
        return 0
    found = read_by_ids(run, with_open_bookings=True) if last is not None else 0
    run.ledger.facts.write(LOOKED, text(run.now()))
    return found


def read_by_ids(run: Run, *, with_open_bookings: bool) -> int:
    """Read customers anew by their ids, all or those of open invoices; return how many came back.

    Who does not come back is asked for singly; what Teamleader does not know is gone, and told.
    """
    wanted = run.ledger.customer_lists.to_read(with_open_bookings=with_open_bookings)
    total, done = sum(map(len, wanted.values())), 0

    def read(kind: str, ids: Sequence[str], *, strangers: bool) -> None:
        nonlocal done
        missing = set(ids)
        for page in _listing(run, kind)(ids=ids):
            done += len(page)
            missing -= {c.id for c in page}
            _refresh(run, page)
            run.tell("reading customers", done, total)
        for customer_id in [] if strangers else sorted(missing):
            done += read_one(run, kind, customer_id)

    for kind in ("company", "contact"):
        permitted(run, partial(read, kind, wanted[kind], strangers=False))
        permitted(run, partial(read, kind, wanted["either"], strangers=True))
    return done


def read_one(run: Run, kind: str, customer_id: str) -> int:
    """Ask for one customer that the list did not give back: deactivated, or gone.

    Returns 1 when it is there. What waits for one that cannot be read is held, and told.
    """
    teamleader = run.connection.teamleader
    try:
        found = (teamleader.company if kind == "company" else teamleader.contact)(customer_id)
    except NotFound:
        tell_gone(run, kind, customer_id)
        return 0
    except ODD as odd:
        run.ledger.customers.unreadable(customer_id, str(odd))
        set_aside(run, "Teamleader", f"customer {customer_id} cannot be read", odd)
        return 0
    answered(run, "Teamleader")
    run.ledger.customers.read([found], run.id, run.now())
    return 1


def tell_statuses(run: Run) -> None:
    """Tell who was deactivated in Teamleader, or is back; Twikey has no such state to set."""
    for customer_id, what in run.ledger.customer_lists.news(run.id):
        if what != GONE:
            still_open = run.ledger.links.open_invoices(customer_id)
            rest = f"; {len(still_open)} of its invoices are open in Twikey" if still_open else ""
            who = run.ledger.links.name(customer_id)
            tell = run.ask if what == DEACTIVATED else run.notes.append
            tell(f"customer {who} ({customer_id}): {what}{rest}")


def _listing(run: Run, kind: str) -> Listing:
    teamleader = run.connection.teamleader
    return teamleader.companies if kind == "company" else teamleader.contacts
