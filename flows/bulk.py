"""Many creates in one call: one intent for all, and an outcome for each (reliability P3)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.errors import CallRefused, Halted, OutcomeUnknown
from connectors.ledger.crossing import Crossing
from connectors.twikey.answers import BatchResult
from connectors.twikey.records import NewInvoice
from flows.run import Run
from flows.standing import profile_to_set

PATIENCE = 600.0
LOST = "the result of the bulk does not name it"


def create_in_bulk(
    run: Run, crossings: Sequence[Crossing], invoices: Sequence[NewInvoice]
) -> set[str]:
    """Create many in one call; return the refused ids, to be tried singly for the reason.

    When its outcome cannot be had now, the run is ``in_doubt`` and sends nothing more: at most one
    bulk of a run is ever in doubt, and the next run asks for it.
    """
    ledger = run.ledger
    ids = [c.id for c in crossings]
    batch = ledger.crossings.intend_bulk(crossings, run.id, run.now(), run.not_before())
    try:
        twikey_batch = run.connection.twikey.create_invoices(invoices)
    except OutcomeUnknown as lost:
        ledger.unsettled.bulk_ended(batch, "unknown")
        ledger.crossings.unknown(ids, str(lost), run.id, run.now())
        run.in_doubt = str(lost)
        return set()
    except CallRefused as refused:
        ledger.unsettled.bulk_ended(batch, "none")
        ledger.crossings.not_applied(ids, run.id, run.now(), str(refused))
        return set(ids)
    except Halted as halt:
        ledger.unsettled.bulk_ended(batch, "none")
        ledger.crossings.not_applied(ids, run.id, run.now(), str(halt))
        raise
    ledger.unsettled.bulk_accepted(batch, twikey_batch)
    result = _wait_for(run, twikey_batch)
    if result is None:
        run.in_doubt = f"Twikey is still working on a bulk of {len(ids)}"
        ledger.crossings.unknown(ids, run.in_doubt, run.id, run.now())
        return set()
    return record_bulk(run, batch, result)


def _wait_for(run: Run, twikey_batch: str) -> BatchResult | None:
    """Ask for a bulk's result, less and less often, for ten minutes at the most."""
    pause, waited = 0.05, 0.0
    while waited < PATIENCE:
        result = _ask(run, twikey_batch)
        if result.state != "busy":
            return result
        run.tell("waiting for Twikey to work through the bulk", int(waited), None)
        run.connection.clock.sleep(pause)
        waited += pause
        pause = min(pause * 2, 30.0)
    return None


def _ask(run: Run, twikey_batch: str) -> BatchResult:
    """Ask for a result; a question that Twikey refuses leaves the members to be looked up."""
    try:
        return run.connection.twikey.batch(twikey_batch)
    except CallRefused as refused:
        run.notes.append(f"a bulk's result could not be read: {refused}")
        return BatchResult("none")


def record_bulk(run: Run, batch: int, result: BatchResult) -> set[str]:
    """Record what a finished bulk says of its members; return the ids that it refused.

    A member that the result does not name stays unknown and is looked up later; a bulk of which
    nothing was imported is looked up too before anything is sent again.
    """
    crossings = run.ledger.crossings
    members = set(run.ledger.unsettled.members(batch))
    rows = {row.id: row for row in result.rows if row.id in members}
    done = [(i, i, None, None) for i, row in rows.items() if row.ok]
    refused = {i: row.status for i, row in rows.items() if not row.ok}
    lost = sorted(members - set(rows))
    with run.ledger.atomic():
        run.ledger.unsettled.bulk_ended(batch, result.state)
        if done:
            how, profile = "created in Twikey (bulk)", profile_to_set(run)
            crossings.sent(done, run.id, run.now(), how=how, new_profile=profile)
        if lost:
            crossings.unknown(lost, LOST, run.id, run.now())
        for booking_id, status in refused.items():
            why = f"refused in the bulk: {status}"
            crossings.not_applied([booking_id], run.id, run.now(), why)
    return set(refused)


def settle_bulk(run: Run, batch: int, twikey_batch: str, *, overdue: bool) -> None:
    """Read the result of a bulk that an earlier run could not wait for.

    One that stays busy too long is given up: its members are looked up one by one.
    """
    result = _ask(run, twikey_batch)
    if result.state != "busy":
        record_bulk(run, batch, result)
    elif overdue:
        run.ledger.unsettled.bulk_ended(batch, "unknown")
