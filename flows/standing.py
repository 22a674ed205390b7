"""What stands in Twikey, compared with what was to be sent; and how a booking comes to wait."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.errors import UnexpectedAnswer
from connectors.ledger.crossing import Sent, Verdict
from connectors.twikey.answers import TwikeyInvoice
from flows.run import Run
from mappings.answers import meaning

PATIENCE = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))


def next_try(run: Run, tries: int) -> datetime:
    """Return when a held booking is looked at again by itself: later each time, daily at last."""
    return run.now() + PATIENCE[min(tries, len(PATIENCE) - 1)]


def held(run: Run, booking_id: str, reason: str, detail: str) -> Verdict:
    """Return the verdict that lets one booking wait, with its next try by itself."""
    tries = run.ledger.bookings.tries([booking_id]).get(booking_id, 0)
    return Verdict(booking_id, "held", reason, detail, next_try_at=next_try(run, tries))


def profile_to_set(run: Run) -> str | None:
    """Return the default profile that new customers get, or None where Twikey decides."""
    settings = run.connection.settings
    return settings.new_customer_profile if settings.unknown_customers == "profile" else None


def find_in_twikey(
    run: Run, booking_id: str, number: str, sent_as: str | None = None
) -> TwikeyInvoice | None:
    """Return what stands in Twikey under our id, else under the number, or None.

    ``sent_as`` is the id that it was sent with, where its own is spent.
    """
    twikey, feed = run.connection.twikey, run.ledger.feed
    found = twikey.invoice(booking_id)
    found = found or (twikey.invoice(sent_as) if sent_as else None)
    found = found or twikey.invoice_by_number(number)
    if found is not None:
        return found
    for seen in feed.seen_under(number):
        standing = twikey.invoice(seen.id)
        if standing is not None:
            return standing
        feed.forget(seen.id)
    return None


def record_standing(
    run: Run, sent: Sent, standing: TwikeyInvoice, how: str = "found in Twikey"
) -> None:
    """Compare what stands in Twikey with what was sent, and record it.

    A foreign id is looked at with its customer before anything is recorded: adopted only when
    amount, date and customer agree, else held.
    """
    said, detail = _meaning(standing, sent)
    if said == "look closer":
        closer = run.connection.twikey.invoice(standing.id)
        if closer is None:
            raise UnexpectedAnswer(f"Twikey named invoice {standing.id} and does not know it")
        standing = closer
        said, detail = _meaning(standing, sent)
    row = (sent.booking_id, standing.id, standing.url, standing.state)
    crossings = run.ledger.crossings
    if said == "ours":
        crossings.sent([row], run.id, run.now(), how=how, new_profile=profile_to_set(run))
    elif said == "adopted":
        crossings.sent([row], run.id, run.now(), adopted=True, how="adopted")
    else:
        verdict = held(run, sent.booking_id, "DIFFERS", detail)
        crossings.refused([verdict], run.id, run.now())


def _meaning(standing: TwikeyInvoice, sent: Sent) -> tuple[str, str]:
    ours = sent.sent_as if standing.id == sent.sent_as else sent.booking_id
    return meaning(
        standing,
        booking_id=ours or sent.booking_id,
        number=sent.number,
        amount_cents=sent.amount_cents,
        issued_on=sent.issued_on,
        customer_id=sent.customer_id,
    )
