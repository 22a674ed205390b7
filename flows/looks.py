"""Single invoices are asked for sparingly: when something about them changed, or once a day.

A list of a hundred costs one call, a look at one invoice's payments costs one each; so what was
looked at and waits for a person is not asked for in every sweep, and one run asks for a few hundred
at the most, the others for theirs (decisions 7; acceptance A48).
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from connectors.ledger.records import Followed
from connectors.ledger.runs import text
from flows.run import Run

PER_RUN = 200
EVERY = timedelta(days=1)
LOOK = "last look at "  # how the facts are named, around the booking


def may_look(run: Run) -> bool:
    """Take one of the looks that a run has; False when it has none left, which its notes say."""
    run.looks += 1
    if run.looks == PER_RUN + 1:
        run.notes.append(
            f"{PER_RUN} invoices were looked at singly; the others have their turn in the next runs"
        )
    return run.looks <= PER_RUN


def has_looks(run: Run) -> bool:
    """Tell whether a run may still have a look left."""
    return run.looks <= PER_RUN


def is_news(run: Run, booking: Followed) -> bool:
    """Tell whether an invoice is to be looked at again: its figures changed, or a day passed."""
    said = run.ledger.facts.read(f"{LOOK}{booking.id}")
    if not said:
        return True
    at, before = json.loads(said)
    age = run.now() - datetime.fromisoformat(at)
    return before != _figures(run, booking) or not timedelta() <= age < EVERY


def looked(run: Run, booking_id: str) -> None:
    """Remember a look that changed nothing, with the figures as they are now."""
    booking = run.ledger.follow.bookings([booking_id])[booking_id]
    said = json.dumps([text(run.now()), _figures(run, booking)])
    run.ledger.facts.write(f"{LOOK}{booking_id}", said)


def forget_look(run: Run, booking_id: str) -> None:
    """Let an invoice be looked at again as soon as it is settled: it was not for a while."""
    run.ledger.facts.write(f"{LOOK}{booking_id}", "")


def _figures(run: Run, booking: Followed) -> list[object]:
    notes = run.ledger.credits.of([booking.id]).get(booking.id, [])
    credited = [[one.id, one.cents, bool(one.paid)] for one in notes]
    registered = run.ledger.payments.registrations([booking.id])[booking.id]
    return [
        booking.status, booking.payable_cents, booking.due_cents, booking.twikey_state, credited,
        [[one.event_id, one.state] for one in registered],
    ]  # fmt: skip
