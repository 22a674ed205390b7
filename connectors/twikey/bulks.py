"""Many invoices in one call, and what became of them (API reference 2.14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from connectors.errors import OutcomeUnknown, UnexpectedAnswer
from connectors.twikey import parse, payload
from connectors.twikey.answers import BatchResult
from connectors.twikey.calls import JSON, Calls, json_of, not_found

if TYPE_CHECKING:
    from connectors.twikey.records import NewInvoice

MOST_IN_BULK = 5_000


def create(calls: Calls, invoices: Sequence[NewInvoice]) -> str:
    """Do what ``Twikey.create_invoices`` promises."""
    if not 0 < len(invoices) <= MOST_IN_BULK:
        raise ValueError(f"a bulk holds 1 to {MOST_IN_BULK} invoices, not {len(invoices)}")
    what = f"the creation of {len(invoices)} invoices"
    answer = calls.write(
        "POST", "/invoice/bulk", what=what, repeatable=False, headers=JSON,
        body=payload.many(invoices),
    )  # fmt: skip
    try:
        batch_id = parse.json_in(answer)["batchId"]
    except (ValueError, KeyError, TypeError):
        batch_id = None
    if not (isinstance(batch_id, str) and batch_id):
        raise OutcomeUnknown(f"Twikey accepted {what} without naming a batch")
    return batch_id


def result(calls: Calls, batch_id: str) -> BatchResult:
    """Do what ``Twikey.batch`` promises."""
    what = "the result of a bulk"
    answer = calls.read("/invoice/bulk", what=what, params=[("batchId", batch_id)])
    if answer.status == 409:
        return BatchResult("busy")
    if not_found(answer) and (answer.status != 200 or answer.body):
        return BatchResult("none")
    rows = json_of(answer, what)
    if not isinstance(rows, list):
        raise UnexpectedAnswer(f"Twikey's answer to {what} is not a list")
    return BatchResult("done", parse.batch_rows(rows))
