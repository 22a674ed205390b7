"""First of all: what an earlier run left open is settled by looking, never by sending again.

Decisions 5: an unknown outcome is looked up in a later run, and not before the wait W has passed,
because a write may still be applied after its answer was lost (reliability P2, P3).
"""

from __future__ import annotations

from datetime import timedelta

from connectors.errors import FeedBusy, NotFound
from connectors.ledger.crossing import OpenWrite, Verdict
from connectors.ledger.runs import text
from connectors.twikey.answers import BatchResult, TwikeyInvoice
from connectors.twikey.client import read_feed
from flows.run import Run
from mappings.answers import meaning

VERIFIED_AFTER = timedelta(hours=1)
VERIFIED_PER_RUN = 25


def read_twikey(run: Run) -> int:
    """Read the invoice feed until it is empty; return how many sights it brought.

    It shows what stands in Twikey under which number and whose it is: our own creates, invoices
    entered by hand, and after the loss of a ledger everything (complaints C17, C18).
    """
    feed, twikey = run.ledger.feed, run.connection.twikey
    count = 0
    try:
        for page in read_feed(twikey.invoice_feed, feed.position()):
            feed.invoices_seen(page.items, page.position, run.now())
            count += len(page.items)
            run.tell("reading what Twikey has", count, None)
    except FeedBusy as busy:
        run.notes.append(f"{busy}; its news come with the next run")
    return count


def settle(run: Run) -> int:
    """Settle every open write whose wait is over; return how many were settled."""
    crossings = run.ledger.crossings
    crossings.close_repeatable(run.now())
    for bulk in crossings.open_bulks():
        _ask_for_bulk(run, bulk["id"], bulk["twikey_batch"])
    open_writes = [w for w in crossings.open_writes() if w.not_before <= text(run.now())]
    for done, write in enumerate(open_writes, start=1):
        run.tell("looking up writes whose answer was lost", done, len(open_writes))
        _look_up(run, write)
    return len(open_writes)


def _ask_for_bulk(run: Run, batch: int, twikey_batch: str) -> None:
    """Read the result of a bulk that an earlier run could not wait for."""
    result = run.connection.twikey.batch(twikey_batch)
    if result.state != "busy":
        record_bulk(run, batch, result)


def record_bulk(run: Run, batch: int, result: BatchResult) -> list[Verdict]:
    """Record what a finished bulk says of its members; return those it refused.

    A member that the result does not name stays unknown and is looked up later; a bulk of which
    nothing was imported is looked up too before anything is sent again (reliability P3).
    """
    crossings = run.ledger.crossings
    members = set(crossings.members(batch))
    rows = {row.id: row for row in result.rows}
    done = [(i, i, None, None) for i in members if i in rows and rows[i].ok]
    refused = [
        Verdict(i, "held", "REFUSED", rows[i].status)
        for i in members
        if i in rows and not rows[i].ok
    ]
    with run.ledger.atomic():
        crossings.bulk_ended(batch, result.state)
        if done:
            crossings.sent(
                done,
                run.id,
                run.now(),
                how="created in Twikey (bulk)",
                new_profile=profile_to_set(run),
            )
        lost = sorted(members - set(rows))
        if lost:
            crossings.unknown(lost, "the result of the bulk does not name it", run.id, run.now())
    return refused


def profile_to_set(run: Run) -> str | None:
    """Return the default profile that new customers get, or None where Twikey decides."""
    settings = run.connection.settings
    return settings.new_customer_profile if settings.unknown_customers == "profile" else None


def _look_up(run: Run, write: OpenWrite) -> None:
    standing = find_in_twikey(run, write.booking_id, write.twikey_number)
    if standing is None:
        run.ledger.crossings.not_applied(
            [write.booking_id], run.id, run.now(), "looked up: not in Twikey"
        )
        return
    record_standing(run, write, standing)


def find_in_twikey(run: Run, booking_id: str, number: str) -> TwikeyInvoice | None:
    """Return what stands in Twikey under our id, else under the number, or None."""
    twikey, feed = run.connection.twikey, run.ledger.feed
    found = twikey.invoice(booking_id) or twikey.invoice_by_number(number)
    if found is not None:
        return found
    seen = feed.seen_under(number)
    return twikey.invoice(seen.id) if seen is not None else None


def record_standing(run: Run, write: OpenWrite, standing: TwikeyInvoice) -> str:
    """Compare what stands in Twikey with what was sent, and record it; return the meaning."""
    said, detail = meaning(
        standing,
        booking_id=write.booking_id,
        number=write.twikey_number,
        amount_cents=write.amount_cents,
        issued_on=write.issued_on,
        customer_id=write.customer_id,
    )
    row = (write.booking_id, standing.id, standing.url, standing.state)
    crossings = run.ledger.crossings
    if said == "ours":
        crossings.sent(
            [row], run.id, run.now(), how="found in Twikey", new_profile=profile_to_set(run)
        )
    elif said == "adopted":
        crossings.sent([row], run.id, run.now(), adopted=True, how="adopted")
    else:
        crossings.refused([Verdict(write.booking_id, "held", "DIFFERS", detail)], run.id, run.now())
    return said


def verify_bulk_creates(run: Run) -> None:
    """Look up bulk creates that Twikey reported as done and its feed has never shown.

    Whether a bulk reports ``OK`` for a number that it silently left out is not documented; such a
    booking is held. Bounded, because looking up is rate limited.
    """
    crossings = run.ledger.crossings
    before = text(run.now() - VERIFIED_AFTER)
    for write in crossings.sent_unseen(before, VERIFIED_PER_RUN):
        try:
            standing = run.connection.twikey.invoice(write.booking_id)
        except NotFound:
            standing = None
        if standing is not None:
            run.ledger.feed.invoices_seen([standing], None, run.now())
        else:
            crossings.refused(
                [
                    Verdict(
                        write.booking_id,
                        "held",
                        "DIFFERS",
                        "Twikey reported it as created, but it is not there",
                    )
                ],
                run.id,
                run.now(),
            )
