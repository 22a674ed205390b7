"""One create at a time: an intent, the call, and what its answer or refusal means."""

from __future__ import annotations

from dataclasses import replace

from connectors.errors import (
    CallRefused,
    Halted,
    OutcomeUnknown,
    UnexpectedAnswer,
)
from connectors.ledger.crossing import Crossing, Sent
from connectors.twikey.records import NewInvoice
from flows.not_taken import called, settle
from flows.one_to_one import reset_number
from flows.removals import stands_again, under_another_id
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
    if not stands_again(run, crossing, answer):
        return "held"
    if answer.warning:
        run.notes.append(f"Twikey warns about {crossing.number}: {answer.warning}")
    record_standing(run, _sent(crossing, invoice), answer, "created in Twikey")
    return "done"


def _after_refusal(
    run: Run, crossing: Crossing, invoice: NewInvoice, refused: CallRefused, *, renamed: bool
) -> str:
    """Decide what a refusal means: already there, customer renamed, parent unknown, or held."""
    crossings = run.ledger.crossings
    by_reference = invoice.customerByRef is not None and not renamed
    if by_reference and _about_the_customer(refused, invoice):
        crossings.not_applied([crossing.id], run.id, run.now(), "customer number unknown")
        return _after_missing_customer(run, crossing, invoice)
    if invoice.relatedInvoiceNumber and "related" in refused.extra.lower():
        crossings.not_applied([crossing.id], run.id, run.now(), "unknown parent")
        alone = invoice.model_copy(update={"relatedInvoiceNumber": None})
        return create_one(run, _alone(crossing), alone, renamed=renamed)
    if _may_stand(refused, invoice):
        sent = _sent(crossing, invoice)
        standing = find_in_twikey(run, crossing.id, crossing.number, sent.sent_as)
        if standing is not None:
            record_standing(run, sent, standing)
            return "done"
        renewed = under_another_id(run, invoice)
        if renewed is not None:
            return create_one(run, crossing, renewed, renamed=renamed)
    if refused.code in WRONG_PROFILE:
        verdict = held(run, crossing.id, "PROFILE_UNKNOWN", f"profile {invoice.ct}")
    else:
        verdict = held(run, crossing.id, "REFUSED", str(refused))
    crossings.refused([verdict], run.id, run.now())
    return "held"


def _alone(crossing: Crossing) -> Crossing:
    """Note that a credit note crosses without its invoice, so that it is listed (guide 11)."""
    codes = [*filter(None, (crossing.notices or "").split(",")), "PARENT_MISSING"]
    return replace(crossing, notices=",".join(dict.fromkeys(codes)))


def _about_the_customer(refused: CallRefused, invoice: NewInvoice) -> bool:
    """Tell whether Twikey does not know the customer that was referred to."""
    if refused.extra.lower() == invoice.id.lower():
        return False
    return refused.code in NOT_THERE or "customer" in refused.extra.lower()


def _may_stand(refused: CallRefused, invoice: NewInvoice) -> bool:
    """Tell whether a refusal may mean that the invoice is, or was, there (API reference 10-1)."""
    words = f"{refused.code} {refused}".lower()
    said = any(word in words for word in ("duplicate", "exist", "unique"))
    named = refused.extra.lower() in ("id", "number", invoice.id.lower())
    return refused.status == 409 or said or named


def _after_missing_customer(run: Run, crossing: Crossing, invoice: NewInvoice) -> str:
    """Twikey does not know a customer it had: renamed there (guide 4), or deleted.

    Where no invoice of it stands there, nobody can tell which: a person says (never a second one).
    """
    link = reset_number(run, crossing.customer_id)
    if link.state == "reset":
        return create_one(run, crossing, invoice, renamed=True)
    if link.state == "absent" and not run.ledger.desk.is_confirmed(crossing.id):
        who = called(run, crossing.customer_id)
        verdict = held(run, crossing.id, "CUSTOMER_UNKNOWN", who)
        run.ledger.crossings.decided([verdict], run.id, run.now())
        return "held"
    if link.state in ("absent", "same"):
        settle(run, [crossing.customer_id])
        run.ledger.customers.forgotten(crossing.customer_id, run.id, run.now())
        return "later"
    verdict = held(run, crossing.id, "REFUSED", f"its customer's number: {link.detail}")
    run.ledger.crossings.decided([verdict], run.id, run.now())
    return "held"


def _sent(crossing: Crossing, invoice: NewInvoice) -> Sent:
    return Sent(
        crossing.id,
        crossing.number,
        crossing.amount_cents,
        invoice.date,
        crossing.customer_id,
        invoice.id if invoice.id != crossing.id else None,
    )
