"""First of all: what an earlier run left open is settled by looking, never by sending again.

Decisions 5: an unknown outcome is looked up in a later run, and not before the wait W has passed,
because a write may still be applied after its answer was lost (reliability P2, P3).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from connectors.errors import CallRefused, FeedBusy, OtherAccount
from connectors.ledger.crossing import Sent
from connectors.ledger.runs import text
from connectors.twikey.client import read_feed
from flows.bulk import settle_bulk
from flows.odd import ODD, answered, set_aside
from flows.one_to_one import settle_resets
from flows.removals import settle_removals
from flows.run import Run
from flows.standing import find_in_twikey, held, record_standing

ACCOUNT = "twikey account"
VERIFIED_AFTER = timedelta(hours=1)
BUSY_AT_MOST = timedelta(hours=1)


def read_twikey(run: Run) -> int:
    """Read the invoice feed until it is empty; return how many sights it brought.

    It shows what stands in Twikey under which number and whose it is: our own creates, invoices
    entered by hand, and after the loss of a ledger everything (complaints C17, C18).
    """
    same_account(run)
    feed, twikey = run.ledger.feed, run.connection.twikey
    count = 0
    try:
        for page in read_feed(twikey.invoice_feed, feed.position()):
            feed.invoices_seen(page.items, page.position, run.now())
            count += len(page.items)
            run.notes += [f"Twikey's feed holds something unreadable: {u}" for u in page.unreadable]
            run.tell("reading what Twikey has", count, None)
    except FeedBusy as busy:
        run.notes.append(f"{busy}; its news come with the next run")
    except CallRefused as refused:
        run.notes.append(f"what Twikey has could not be read beforehand: {refused}")
    return count


def same_account(run: Run) -> None:
    """Refuse one ledger for two Twikey accounts: what one has, the other would never get."""
    merchant = run.connection.twikey.merchant()
    if merchant is None:
        return
    place = "beta " if ".beta." in run.connection.secrets.twikey_api_url else ""
    known, here = run.ledger.facts.read(ACCOUNT), f"{place}{merchant}"
    if known is None:
        run.ledger.facts.write(ACCOUNT, here)
    elif known != here:
        raise OtherAccount(f"This ledger belongs to Twikey account {known}, the key is of {here}")


def settle(run: Run) -> int:
    """Settle every open write whose wait is over; return how many were settled."""
    settle_resets(run)
    settle_removals(run)
    run.ledger.intents.close_repeatable(run.now())
    for bulk in run.ledger.unsettled.bulks():
        overdue = bulk["not_before"] <= text(run.now() - BUSY_AT_MOST)
        settle_bulk(run, bulk["id"], bulk["twikey_batch"], overdue=overdue)
    found, now = run.ledger.unsettled.writes(), text(run.now())
    writes = [write.sent for write in found if write.not_before <= now]
    for done, sent in enumerate(writes, start=1):
        run.tell("looking up writes whose answer was lost", done, len(writes))
        try:
            _look_up(run, sent)
        except ODD as odd:  # it stays open, and nothing else waits for it
            set_aside(run, "Twikey", sent.number, odd)
        else:
            answered(run, "Twikey")
    return len(writes)


def _look_up(run: Run, sent: Sent) -> None:
    """Find out what became of one create, and record it."""
    standing = find_in_twikey(run, sent.booking_id, sent.number, sent.sent_as)
    if standing is not None:
        record_standing(run, sent, standing)
    else:
        why = "looked up: not in Twikey"
        run.ledger.crossings.not_applied([sent.booking_id], run.id, run.now(), why)


def verify_bulk_creates(run: Run) -> None:
    """Look up bulk creates that Twikey reported as done and its feed has never shown.

    Whether a bulk reports ``OK`` for a number that it silently left out is not documented. Where
    the feed shows creates at all, what it does not show is looked up; where it shows none, a few
    are enough as long as they stand there. One that does not waits for a person: somebody may have
    deleted it, and nothing is created again by itself (complaint C27).
    """
    found = run.ledger.unsettled.unverified(text(run.now() - VERIFIED_AFTER))
    if found is None:
        return
    batch, unseen, echoes = found
    looked = unseen if echoes else _spread(unseen)
    missing = [i for i in looked if not _stands(run, i)]
    if missing:
        missing += [i for i in unseen if i not in looked and not _stands(run, i)]
    for booking_id in missing:
        verdict = held(run, booking_id, "DIFFERS", "Twikey said it was created, but has it not")
        if not _typed_meanwhile(run, booking_id):
            verdict = replace(verdict, next_try_at=None)
        run.ledger.crossings.refused([verdict], run.id, run.now())
    run.ledger.unsettled.bulk_ended(batch, "verified")


def _typed_meanwhile(run: Run, booking_id: str) -> bool:
    """Tell whether Twikey has the number under another id: deciding anew adopts it (C17)."""
    number = run.ledger.bookings.number_sent(booking_id)
    return any(one.id != booking_id for one in run.ledger.feed.seen_under(number))


def _spread(ids: list[str]) -> list[str]:
    """Return the first, the middle and the last."""
    return sorted({ids[0], ids[len(ids) // 2], ids[-1]}) if ids else []


def _stands(run: Run, booking_id: str) -> bool:
    """Tell whether a create stands in Twikey; what is answered oddly is taken as standing."""
    try:
        standing = run.connection.twikey.invoice(booking_id)
    except ODD as odd:  # the word of the bulk holds, as for those that are not looked up
        set_aside(run, "Twikey", booking_id, odd)
        return True
    answered(run, "Twikey")
    if standing is not None:
        run.ledger.feed.invoices_seen([standing], None, run.now())
    return standing is not None
