"""One create at a time: an intent, the call, and what its answer or refusal means."""

from __future__ import annotations

from connectors.errors import (
    CallRefused,
    Halted,
    NotFound,
    OutcomeUnknown,
    UnexpectedAnswer,
)
from connectors.ledger.crossing import Crossing, Sent
from connectors.twikey.records import NewInvoice
from flows.run import Run
from flows.standing import find_in_twikey, held, record_standing

NOT_THERE = ("err_debtor_not_found", "err_not_found")
WRONG_PROFILE = ("err_no_such_ct", "err_invalid_ct")


def create_one(run: Run, crossing: Crossing, invoice: NewInvoice, *, renamed: bool = False) -> str:
    """Create one invoice; return done, held, later or unknown.

    ``renamed``: the customer's number was reset just before, so that is not tried again.
    """
    crossings = run.ledger.crossings
    crossings.intend([crossing], run.id, run.now(), run.not_before())
    attempt = crossings.attempts([crossing.id])[crossing.id]
    try:
        answer = run.connection.twikey.create_invoice(invoice, attempt=attempt)
    except OutcomeUnknown as lost:
        crossings.unknown([crossing.id], str(lost), run.id, run.now())
        return "unknown"
    except CallRefused as refused:
        return _after_refusal(run, crossing, invoice, refused, renamed=renamed)
    except UnexpectedAnswer as odd:
        crossings.unknown([crossing.id], str(odd), run.id, run.now())
        raise
    except Halted as halt:
        crossings.not_applied([crossing.id], run.id, run.now(), str(halt))
        raise
    if answer.warning:
        run.notes.append(f"Twikey warns about {crossing.number}: {answer.warning}")
    record_standing(run, _sent(crossing, invoice), answer, "created in Twikey")
    return "done"


def _after_refusal(
    run: Run, crossing: Crossing, invoice: NewInvoice, refused: CallRefused, *, renamed: bool
) -> str:
    """Decide what a refusal means: already there, customer renamed, parent unknown, or held."""
    crossings = run.ledger.crossings
    if invoice.customerByRef is not None and _about_the_customer(refused) and not renamed:
        crossings.not_applied([crossing.id], run.id, run.now(), "customer number unknown")
        return _after_missing_customer(run, crossing, invoice)
    if invoice.relatedInvoiceNumber and "related" in refused.extra.lower():
        crossings.not_applied([crossing.id], run.id, run.now(), "unknown parent")
        alone = invoice.model_copy(update={"relatedInvoiceNumber": None})
        return create_one(run, crossing, alone, renamed=renamed)
    standing = find_in_twikey(run, crossing.id, crossing.number) if _may_stand(refused) else None
    if standing is not None:
        record_standing(run, _sent(crossing, invoice), standing)
        return "done"
    if refused.code in WRONG_PROFILE:
        verdict = held(run, crossing.id, "PROFILE_UNKNOWN", f"profile {invoice.ct}")
    else:
        verdict = held(run, crossing.id, "REFUSED", str(refused))
    crossings.refused([verdict], run.id, run.now())
    return "held"


def _about_the_customer(refused: CallRefused) -> bool:
    """Tell whether Twikey does not know the customer that was referred to."""
    return refused.code in NOT_THERE or "customer" in refused.extra.lower()


def _may_stand(refused: CallRefused) -> bool:
    """Tell whether a refusal may mean that the invoice is there already (API reference 10-1)."""
    words = f"{refused.code} {refused}".lower()
    said = any(word in words for word in ("duplicate", "exist", "unique"))
    return refused.status == 409 or said or refused.extra.lower() in ("id", "number")


def _after_missing_customer(run: Run, crossing: Crossing, invoice: NewInvoice) -> str:
    """Twikey does not know a customer it had: renamed there (guide 4), or deleted."""
    ledger, customer_id = run.ledger, crossing.customer_id
    number = _number_in_twikey(run, customer_id)
    if number is None:
        ledger.customers.forgotten(customer_id, run.id, run.now())
        return "later"
    op = ledger.crossings.begin("rename", customer_id, run.id, run.now())
    try:
        run.connection.twikey.update_customer(number, {}, rename_to=customer_id)
    except (CallRefused, NotFound, OutcomeUnknown) as trouble:
        state = "unknown" if isinstance(trouble, OutcomeUnknown) else "refused"
        ledger.crossings.finish(op, state, str(trouble), run.now())
        verdict = held(run, crossing.id, "REFUSED", str(trouble))
        ledger.crossings.decided([verdict], run.id, run.now())
        return "held"
    ledger.crossings.finish(op, "done", None, run.now())
    ledger.customers.number_reset(customer_id, number, run.id, run.now())
    run.notes.append(f"customer number {number} in Twikey was reset to {customer_id}")
    return create_one(run, crossing, invoice, renamed=True)


def _number_in_twikey(run: Run, customer_id: str) -> str | None:
    """Return under which other number Twikey has a customer now, by its newest invoice there."""
    newest = run.ledger.customers.newest_booking(customer_id)
    standing = run.connection.twikey.invoice(newest) if newest else None
    number = standing.customer_number if standing else None
    return number if number != customer_id else None


def _sent(crossing: Crossing, invoice: NewInvoice) -> Sent:
    return Sent(
        crossing.id, crossing.number, crossing.amount_cents, invoice.date, crossing.customer_id
    )
