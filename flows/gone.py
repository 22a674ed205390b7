"""Gone from Twikey: told once, and never asked for again unless Twikey shows it again."""

from __future__ import annotations

from flows.run import Run


def tell_gone(run: Run, booking_id: str, why: str) -> None:
    """Alert that Twikey no longer has a booking; it is not created again (reference 10-20).

    What a person said is deleted on purpose, or what nobody owes any more, is not told anew.
    """
    with run.ledger.atomic():
        if run.ledger.feed.gone(booking_id):
            run.ledger.alerts.alert(booking_id, "GONE_IN_TWIKEY", why, run.id, run.now())
