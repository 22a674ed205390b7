"""Gone without a word: deleted in Twikey, or moved to another customer in Teamleader.

Twikey tells of no deletion for certain, so the sweep looks at a few invoices, those longest unseen
first. Nothing is created again by itself (Twikey reference 10-20; complaints C27, C38).
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import timedelta

from connectors.errors import ServiceUnavailable, Throttled
from flows.odd import ODD, answered, set_aside
from flows.paid_elsewhere import gone_in_twikey, settle
from flows.run import Run

LOOKS = 25  # at single invoices in Twikey, per sweep; Twikey rations them (reference 1.12)
PAID_EVERY = timedelta(days=1)  # paid in Twikey and deleted in Teamleader: a person is at it
MERGED = "CUSTOMER_MERGED"
NAMED = 3  # invoices that an alert about a customer names


def look_for_vanished(run: Run) -> None:
    """Look whether invoices are still in Twikey and customers still in Teamleader."""
    vanished = run.ledger.vanished
    for booking_id in (*vanished.back_again(), *vanished.not_missed()):
        settle(run, booking_id, "GONE_IN_TWIKEY")
    with suppress(*ODD):  # three odd answers in a row, which the notes name
        _look_in_twikey(run)
    _tell_moved(run)


def _look_in_twikey(run: Run) -> None:
    unseen = run.ledger.vanished.unseen(LOOKS, run.now() - PAID_EVERY)
    for booking in run.ledger.follow.bookings(unseen).values():
        try:
            standing = run.connection.twikey.invoice(booking.twikey_id)
        except ODD as odd:
            set_aside(run, "Twikey", booking.number or booking.id, odd)
            continue
        except (ServiceUnavailable, Throttled) as trouble:
            run.notes.append(f"{trouble}; deletions in Twikey are looked for by a later run")
            return
        answered(run, "Twikey")
        if standing is not None:
            run.ledger.feed.invoices_seen([standing], None, run.now())
        else:
            gone_in_twikey(run, booking)


# ---- customers


def _tell_moved(run: Run) -> None:
    """Alert customers whose open invoices are another's in Teamleader: one alert per customer."""
    names: dict[str, str] = {}
    numbers: dict[str, list[str]] = defaultdict(list)
    for customer, name, number in run.ledger.vanished.moved():
        names.setdefault(customer, name)
        numbers[customer].append(number)
    for alert in run.ledger.alerts.open(MERGED):
        if alert["booking_id"] not in names:
            settle(run, alert["booking_id"], MERGED)
    for customer, name in names.items():
        more = len(numbers[customer]) - NAMED
        listed = ", ".join(numbers[customer][:NAMED]) + (f" and {more} more" if more > 0 else "")
        detail = f"{listed} of {name}"
        run.ledger.alerts.alert(customer, MERGED, detail, run.id, run.now())
