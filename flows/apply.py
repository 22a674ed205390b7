"""Apply: create what was decided in Twikey, each under an intent, each outcome written down.

Many go in a bulk, few go singly; the guarantee is the same: the id is the Teamleader id, an intent
is committed before the call, and what was not answered is looked up later (reliability P2, P3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from connectors.errors import (
    CallRefused,
    Halted,
    NotFound,
    OutcomeUnknown,
    ServiceUnavailable,
    UnexpectedAnswer,
)
from connectors.ledger.crossing import Crossing, OpenWrite, Verdict
from connectors.twikey.records import BatchResult, NewInvoice
from flows.decide import crossings_of, next_try, verdicts_of
from flows.run import Run
from flows.settle import find_in_twikey, record_bulk, record_standing
from mappings.bookings import payloads
from mappings.frames import rows as rows_of

BULK_FROM = 10
BULK_PATIENCE = 600.0
LOST_IN_A_ROW = 3
NOT_THERE = ("err_debtor_not_found", "err_not_found")
WRONG_PROFILE = ("err_no_such_ct", "err_invalid_ct")


def apply_chunk(run: Run, plan: pd.DataFrame, customers: pd.DataFrame) -> int:
    """Carry out one chunk of the plan; return how many creates left."""
    decided = plan[plan["action"].isin(["skip", "hold"])]
    run.ledger.crossings.decided(verdicts_of(run, decided), run.id, run.now())
    adopted = plan[plan["action"] == "adopt"]
    _adopt(run, adopted)
    chosen = plan[plan["action"] == "create"]
    crossings = crossings_of(chosen)
    if run.dry_run:
        run.ledger.crossings.planned(crossings, run.id)
    elif crossings:
        _create(run, crossings, payloads(plan, customers))
        run.ledger.customers.described(_told(customers, chosen))
    return len(crossings)


def _told(customers: pd.DataFrame, chosen: pd.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    """Return what these creates told Twikey of each customer that they described."""
    described = set(chosen.loc[chosen["describe_customer"], "customer_id"])
    told = customers[customers["id"].isin(described)].drop(columns="known")
    return [(row["id"], row) for row in rows_of(told)]


def _adopt(run: Run, adopted: pd.DataFrame) -> None:
    """Record bookings that already stand in Twikey (detail: under which id); nothing is sent."""
    columns = ("id", "detail", "twikey_number", "amount_cents")
    rows = list(zip(*(adopted[name].tolist() for name in columns), strict=True))
    run.ledger.crossings.adopted(rows, run.id, run.now())


def _create(run: Run, crossings: list[Crossing], invoices: list[NewInvoice]) -> None:
    if len(crossings) >= BULK_FROM:
        again = _create_in_bulk(run, crossings, invoices)
        kept = [(c, i) for c, i in zip(crossings, invoices, strict=True) if c.id in again]
    else:
        kept = list(zip(crossings, invoices, strict=True))
    lost = 0
    for crossing, invoice in kept:
        lost = lost + 1 if _create_one(run, crossing, invoice) == "unknown" else 0
        if lost == LOST_IN_A_ROW:
            raise ServiceUnavailable(f"Twikey left {lost} creates in a row without an answer")


# ---- one by one


def _create_one(run: Run, crossing: Crossing, invoice: NewInvoice) -> str:
    """Create one invoice; return done, held or unknown."""
    run.ledger.crossings.intend([crossing], run.id, run.now(), run.not_before())
    attempt = run.ledger.crossings.attempts([crossing.id])[crossing.id]
    try:
        answer = run.connection.twikey.create_invoice(invoice, attempt=attempt)
    except OutcomeUnknown as lost:
        run.ledger.crossings.unknown([crossing.id], str(lost), run.id, run.now())
        return "unknown"
    except CallRefused as refused:
        return _after_refusal(run, crossing, invoice, refused)
    except UnexpectedAnswer as odd:
        run.ledger.crossings.unknown([crossing.id], str(odd), run.id, run.now())
        raise
    except Halted as halt:
        run.ledger.crossings.not_applied([crossing.id], run.id, run.now(), str(halt))
        raise
    if answer.warning:
        run.notes.append(f"Twikey warns about {crossing.number}: {answer.warning}")
    write = _as_write(crossing, invoice)
    if record_standing(run, write, answer) == "look closer":
        _look_closer(run, write, answer.id)
    return "done"


def _look_closer(run: Run, write: OpenWrite, twikey_id: str) -> None:
    """An invoice with this number stands under a foreign id: compare its customer too."""
    standing = run.connection.twikey.invoice(twikey_id)
    if standing is not None:
        record_standing(run, write, standing)


def _after_refusal(run: Run, crossing: Crossing, invoice: NewInvoice, refused: CallRefused) -> str:
    """Decide what a refusal means: already there, customer renamed, parent unknown, or held."""
    if invoice.customerByRef is not None and _about_the_customer(refused):
        return _after_missing_customer(run, crossing, invoice)
    if invoice.relatedInvoiceNumber and "related" in refused.extra.lower():
        run.ledger.crossings.not_applied([crossing.id], run.id, run.now(), "unknown parent")
        return _create_one(run, crossing, invoice.model_copy(update={"relatedInvoiceNumber": None}))
    standing = find_in_twikey(run, crossing.id, crossing.number) if _may_stand(refused) else None
    if standing is not None:
        record_standing(run, _as_write(crossing, invoice), standing)
        return "done"
    reason = "PROFILE_UNKNOWN" if refused.code in WRONG_PROFILE else "REFUSED"
    detail = f"profile {invoice.ct}" if reason == "PROFILE_UNKNOWN" else str(refused)
    verdict = Verdict(crossing.id, "held", reason, detail, next_try_at=next_try(run, 0))
    run.ledger.crossings.refused([verdict], run.id, run.now())
    return "held"


def _about_the_customer(refused: CallRefused) -> bool:
    """Tell whether Twikey does not know the customer that was referred to."""
    return refused.code in NOT_THERE or "customer" in refused.extra.lower()


def _may_stand(refused: CallRefused) -> bool:
    """Tell whether a refusal may mean that the invoice is there already (API reference 10-1)."""
    words = f"{refused.code} {refused}".lower()
    return refused.status == 409 or any(w in words for w in ("duplicate", "exist", "unique"))


def _after_missing_customer(run: Run, crossing: Crossing, invoice: NewInvoice) -> str:
    """Twikey does not know a customer it had: renamed there (guide 4), or deleted."""
    ledger = run.ledger
    ledger.crossings.not_applied([crossing.id], run.id, run.now(), "customer number unknown")
    number = _number_in_twikey(run, crossing.customer_id)
    if number is None:
        ledger.customers.forgotten(crossing.customer_id, run.id, run.now())
        return "later"
    op = ledger.crossings.begin("rename", crossing.customer_id, run.id, run.now())
    try:
        run.connection.twikey.update_customer(number, {}, rename_to=crossing.customer_id)
    except (CallRefused, NotFound, OutcomeUnknown) as trouble:
        lost = isinstance(trouble, OutcomeUnknown)
        ledger.crossings.finish(op, "unknown" if lost else "refused", str(trouble), run.now())
        verdict = Verdict(
            crossing.id, "held", "REFUSED", str(trouble), next_try_at=next_try(run, 0)
        )
        ledger.crossings.decided([verdict], run.id, run.now())
        return "held"
    ledger.crossings.finish(op, "done", None, run.now())
    ledger.customers.number_reset(crossing.customer_id, number, run.id, run.now())
    run.notes.append(f"customer number {number} in Twikey was reset to {crossing.customer_id}")
    return _create_one(run, crossing, invoice)


def _number_in_twikey(run: Run, customer_id: str) -> str | None:
    """Return under which other number Twikey has a customer now, by its newest invoice there."""
    newest = run.ledger.customers.newest_booking(customer_id)
    standing = run.connection.twikey.invoice(newest) if newest else None
    number = standing.customer_number if standing else None
    return number if number != customer_id else None


def _as_write(crossing: Crossing, invoice: NewInvoice) -> OpenWrite:
    return OpenWrite(
        "", crossing.id, None, "", "", crossing.number, crossing.amount_cents, invoice.date,
        crossing.customer_id,
    )  # fmt: skip


# ---- in bulk


def _create_in_bulk(
    run: Run, crossings: Sequence[Crossing], invoices: list[NewInvoice]
) -> set[str]:
    """Create many in one call; return the refused ids, to be tried singly for the reason."""
    ledger = run.ledger
    ids = [c.id for c in crossings]
    batch = ledger.crossings.intend_bulk(crossings, run.id, run.now(), run.not_before())
    try:
        twikey_batch = run.connection.twikey.create_invoices(invoices)
    except OutcomeUnknown as lost:
        ledger.crossings.bulk_ended(batch, "unknown")
        ledger.crossings.unknown(ids, str(lost), run.id, run.now())
        return set()
    except CallRefused as refused:
        ledger.crossings.bulk_ended(batch, "none")
        ledger.crossings.not_applied(ids, run.id, run.now(), str(refused))
        return set(ids)
    except Halted as halt:
        ledger.crossings.bulk_ended(batch, "none")
        ledger.crossings.not_applied(ids, run.id, run.now(), str(halt))
        raise
    ledger.crossings.bulk_accepted(batch, twikey_batch)
    result = _wait_for(run, twikey_batch)
    if result is None:
        ledger.crossings.unknown(ids, "Twikey is still working on the bulk", run.id, run.now())
        return set()
    refused_ones = record_bulk(run, batch, result)
    ledger.crossings.not_applied(
        [v.id for v in refused_ones], run.id, run.now(), "refused in the bulk"
    )
    return {v.id for v in refused_ones}


def _wait_for(run: Run, twikey_batch: str) -> BatchResult | None:
    """Ask for a bulk's result, less and less often, for ten minutes at the most."""
    pause, waited = 0.25, 0.0
    while waited < BULK_PATIENCE:
        result = run.connection.twikey.batch(twikey_batch)
        if result.state != "busy":
            return result
        run.tell("waiting for Twikey to work through the bulk", int(waited), None)
        run.connection.clock.sleep(pause)
        waited += pause
        pause = min(pause * 2, 30.0)
    return None


def set_default_profiles(run: Run) -> int:
    """Give new customers their default profile, once (guide 2; staff may change it afterwards)."""
    todo = run.ledger.customers.profiles_to_set()
    for done, (customer_id, profile) in enumerate(todo, start=1):
        op = run.ledger.crossings.begin("profile", customer_id, run.id, run.now())
        try:
            run.connection.twikey.update_customer(customer_id, {}, profile=profile)
        except (CallRefused, NotFound) as trouble:
            run.ledger.crossings.finish(op, "refused", str(trouble), run.now())
            run.ledger.customers.profile_left(customer_id, str(trouble), run.id, run.now())
            run.notes.append(f"default profile of customer {customer_id} not set: {trouble}")
        except OutcomeUnknown as lost:
            run.ledger.crossings.finish(op, "unknown", str(lost), run.now())
            run.notes.append(f"default profile of customer {customer_id}: {lost}; set again later")
        else:
            run.ledger.crossings.finish(op, "done", None, run.now())
            run.ledger.customers.profile_set(customer_id, profile, run.id, run.now())
        run.tell("setting the default profile of new customers", done, len(todo))
    return len(todo)
