"""Gone without a word: deleted in Twikey, or moved to another customer in Teamleader.

Twikey tells of no deletion for certain, so the sweep looks at a few invoices, those longest unseen
first. Nothing is created again by itself (Twikey reference 10-20; complaints C27, C38).
"""

from __future__ import annotations

from collections import defaultdict

from connectors.errors import (
    CallRefused,
    ServiceUnavailable,
    Throttled,
    UnexpectedAnswer,
)
from flows.paid_elsewhere import gone_in_twikey, settle
from flows.run import Run

LOOKS = 25  # at single invoices in Twikey, per sweep; Twikey rations them (reference 1.12)
MERGED = "CUSTOMER_MERGED"
NAMED = 3  # invoices that an alert about a customer names


def look_for_vanished(run: Run) -> None:
    """Look whether invoices are still in Twikey and customers still in Teamleader."""
    for booking_id in run.ledger.vanished.back_again():
        settle(run, booking_id, "GONE_IN_TWIKEY")
    _look_in_twikey(run)
    _tell_moved(run)


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
