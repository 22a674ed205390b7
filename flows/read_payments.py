"""Guide 5: what Twikey's feeds tell of money is entered in the ledger, once, under its event id."""

from __future__ import annotations

import json
from collections.abc import Sequence

from connectors.errors import FeedBusy
from connectors.ledger.payments import FEED
from connectors.ledger.records import NewMoney
from connectors.twikey.answers import FeedPage, PaymentEvent
from connectors.twikey.client import read_feed
from flows.run import Run
from flows.settle import read_twikey
from mappings.money_events import event_of, seen_event, told_before
from mappings.netting import net


def read_payments(run: Run) -> int:
    """Read both feeds to their ends, the payments first; return how many events are news.

    In this order an invoice's state is never older than the money that is known of it.
    """
    news = _read_payment_feed(run)
    read_twikey(run)
    if news is None:
        return _read_from_invoices(run) if not run.ledger.feed.ever_read(FEED) else 0
    return news


def _read_payment_feed(run: Run) -> int | None:
    """Enter the payment feed page by page; None where the account has no such feed."""
    ledger, absent, news = run.ledger, False, 0

    def fetch(after: int) -> FeedPage[PaymentEvent] | None:
        nonlocal absent
        page = run.connection.twikey.payment_feed(after)
        absent = page is None
        return page

    try:
        for page in read_feed(fetch, ledger.feed.position(FEED)):
            news += ledger.payments.read(_readable(run, page), page.position, run.now())
            run.tell("reading payments", news, None)
    except FeedBusy as busy:
        run.notes.append(f"{busy}; its news come with the next run. {busy.advice}")
    if absent and ledger.feed.ever_read(FEED):
        run.notes.append("Twikey does not serve the payment feed now; it is read by the next run")
    return None if absent else news


def _readable(run: Run, page: FeedPage[PaymentEvent]) -> list[NewMoney]:
    """Return the events of a page that can be booked; the others are alerts, never silence."""
    found, unreadable = [], list(page.unreadable)
    for event in page.items:
        try:
            found.append(event_of(event, run.connection.zone))
        except ValueError:
            unreadable.append(f"{event.event_id}: its time cannot be read")
    for line in unreadable:
        name, _, why = line.partition(": ")
        if name.endswith(" of the page"):  # it has no name, and another page may have such a one
            name += f" up to {page.position}"
        detail = f"{name}: {why}"
        run.ledger.alerts.alert(name, "PAYMENT_UNREADABLE", detail, run.id, run.now())
    return _first_told(run, found)


def _first_told(run: Run, found: Sequence[NewMoney]) -> list[NewMoney]:
    """Leave out what the other feed told before."""
    if run.ledger.facts.read(SEEN_FACT) is None:
        return list(found)
    known = run.ledger.payments.known_money([one.invoice_id for one in found if one.invoice_id])
    return [one for one in found if not told_before(one, known, run.connection.zone)]


SEEN_FACT = "payments were seen in the invoice feed"


def _read_from_invoices(run: Run) -> int:
    """Where there is no payment feed, an invoice's last payment stands in (decisions 7)."""
    ledger = run.ledger
    news: list[NewMoney] = []
    for invoice, state, amount, prepaid, last in ledger.feed.money_seen():
        active = net(ledger.payments.of([invoice])[invoice]).active
        left = amount - prepaid - sum(event.amount_cents for event in active)
        told = json.loads(last)
        event = seen_event(invoice, state, left, amount - prepaid, told, run.connection.zone)
        if event is not None:
            news.append(event)
    if not news:
        return 0
    with ledger.atomic():
        ledger.facts.write(SEEN_FACT, "yes")
        return ledger.payments.read(news, None, run.now())
