"""What stands on both sides and in the ledger after a run, and what may never be so."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from flows.settings import LEDGER_NAME
from tests.flows.both_sides import both_sides
from tests.flows.office import Office
from tests.sandbox.twikey_feeds import FIRST

THEIRS = 2_100  # cents that a colleague registered
# Of a booking: how it came there, and what a later look at Twikey adds.
PASSING = ("tries", "detail", "adopted", "twikey_state", "url", "source_problem", "notices")
LASTING = {
    "documents": "SELECT booking_id, state, sha256 FROM documents",
    "invitations": "SELECT booking_id, state FROM invitations",
    "payment events": "SELECT booking_id, type, amount_cents, state FROM payment_events",
    "registrations": "SELECT event_id, amount_cents, date(paid_at), state FROM registrations",
    "reversals": "SELECT booking_id, event_ids, state FROM reversals",
    "marked paid": "SELECT booking_id, state, cents FROM marked_paid",
    "alerts": "SELECT booking_id, code FROM alerts WHERE settled_at IS NULL",
    "removed": "SELECT booking_id, state FROM undone WHERE state IN ('asked', 'unknown', 'done')",
    "mandates": "SELECT mandate, customer_id FROM mandate_links WHERE state = 'done'",
    "open mandates": "SELECT mandate FROM mandate_links WHERE state IN ('intent', 'unknown')",
    "told": "SELECT id, told_due_on, silent FROM bookings",
}


def sides(office: Office) -> dict[str, Any]:
    """Return both sides and the ledger, less instants and how often something was tried."""
    found = both_sides(office.sandbox, office.home)
    for booking in found["bookings"].values():
        for name in PASSING:
            booking.pop(name)
    for name in ("seen", "feed"):
        found.pop(name)
    dump = office.sandbox.twikey.dump()
    for invoice in found["invoices in Twikey"].values():
        invoice.pop("pdf_at")
        invoice["lastpayment"] = [{**one, "date": None} for one in invoice["lastpayment"]]
    found["deleted in Twikey"] = sorted(each["id"] for each in dump["deleted"])
    found["mandates in Twikey"] = sorted((m["number"], m["customer"]) for m in dump["mandates"])
    found["mails"] = sorted((i["invoice"], i["by"]) for i in dump["invites"])
    made = payments(office)
    found["payments in Teamleader"] = {one: _to_the_day(each) for one, each in made.items()}
    with closing(sqlite3.connect(office.home / LEDGER_NAME)) as ledger:
        for name, question in LASTING.items():
            found[name] = sorted(ledger.execute(question).fetchall(), key=str)
    return found


def payments(office: Office) -> dict[str, list[tuple[int, int]]]:
    """Return what is registered in Teamleader: invoice -> (instant, cents)."""
    booked = office.sandbox.books.invoices.by_id.values()
    return {one.id: sorted(one.payments) for one in booked}


def _to_the_day(made: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return payments with the exact instant of other people's, and the day of ours.

    Ours carry a mark in their time of day, which depends on when they were written.
    """
    return sorted((w if cents == THEIRS else w // 86_400, cents) for w, cents in made)


def violations(office: Office) -> Iterator[str]:
    """Say which invariants do not hold at this moment, whatever just happened."""
    dump = office.sandbox.twikey.dump()
    for name in ("id", "number"):
        twice = [one for one, n in Counter(i[name] for i in dump["invoices"]).items() if n > 1]
        if twice:
            yield f"twice in Twikey: {twice}"
    mailed = Counter(i["invoice"] for i in dump["invites"])
    if any(count > 1 for count in mailed.values()):
        yield f"mailed twice: {mailed}"
    for invoice, made in payments(office).items():
        if len(set(made)) < len(made):
            yield f"a payment stands twice on {invoice}: {made}"
    with closing(sqlite3.connect(office.home / LEDGER_NAME)) as ledger:
        yield from _ahead(office, ledger)


def _ahead(office: Office, ledger: sqlite3.Connection) -> Iterator[str]:
    """Say where a watermark or a feed position has passed something that is not in the ledger."""
    marks = dict(ledger.execute("SELECT resource, unixepoch(at) FROM watermarks"))
    known = {row[0] for row in ledger.execute("SELECT id FROM bookings")}
    books = office.sandbox.books
    for name, booked in (("invoices", books.invoices.by_id), ("credit notes", books.credit_notes)):
        for one in booked.values():
            draft = getattr(one, "number", None) is None
            if not draft and one.updated_at < marks.get(name, 0) and one.id not in known:
                yield f"the watermark of {name} passed {one.number}, which is not in the ledger"
    position = dict(ledger.execute("SELECT feed, position FROM feeds")).get("payments", 0)
    kept = {row[0] for row in ledger.execute("SELECT event_id FROM payment_events")}
    told = office.sandbox.twikey.books.state.payments[: max(0, position - FIRST["payment"])]
    lost = [event["eventId"] for event in told if event["eventId"] not in kept]
    if lost:
        yield f"the feed position {position} passed {lost}"
