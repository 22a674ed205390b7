"""Apply: carry out what was decided, each write under an intent, each outcome written down.

Many creates go in a bulk, few go singly; the guarantee is the same: the id is the Teamleader id, an
intent is committed before the call, and what was not answered is looked up later (reliability P2,
P3).
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from connectors.ledger.crossing import Crossing
from connectors.twikey.records import NewInvoice
from flows.bulk import create_in_bulk
from flows.creating import create_one
from flows.decide import crossings_of, verdicts_of
from flows.one_to_one import reset_numbers
from flows.run import Run
from flows.standing import held
from mappings.bookings import payloads
from mappings.frames import rows as rows_of

BULK_FROM = 10
LOST_IN_A_ROW = 3


def apply_chunk(run: Run, plan: pd.DataFrame, customers: pd.DataFrame) -> int:
    """Carry out one chunk of the plan; return how many creates left."""
    record_plan(run, plan)
    chosen = plan[plan["action"] == "create"]
    crossings = crossings_of(chosen)
    if run.dry_run:
        run.ledger.crossings.planned(crossings, run.id)
    elif crossings:
        _create(run, crossings, payloads(plan, customers))
        run.ledger.customers.described(_told(customers, chosen))
    return len(crossings)


def record_plan(run: Run, plan: pd.DataFrame) -> None:
    """Record what needs no call: what is skipped, held, or adopted as it stands in Twikey."""
    decided = plan[plan["action"].isin(["skip", "hold"])]
    run.ledger.crossings.decided(verdicts_of(run, decided), run.id, run.now())
    _adopt(run, plan[plan["action"] == "adopt"])


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


def _linked(
    run: Run, crossings: list[Crossing], invoices: list[NewInvoice]
) -> tuple[list[Crossing], list[NewInvoice]]:
    """Reset changed customer numbers first (guide 4); hold what would make a second customer."""
    failed = reset_numbers(run, [c.customer_id for c in crossings])
    if not failed:
        return crossings, invoices
    why = {c.id: failed[c.customer_id] for c in crossings if c.customer_id in failed}
    verdicts = [held(run, i, "REFUSED", f"its customer's number: {w}") for i, w in why.items()]
    run.ledger.crossings.decided(verdicts, run.id, run.now())
    return (
        [c for c in crossings if c.id not in why],
        [i for i in invoices if i.id not in why],
    )


def _create(run: Run, crossings: list[Crossing], invoices: list[NewInvoice]) -> None:
    """Create many in bulk; what a bulk refused or left out before, or was removed, goes singly."""
    crossings, invoices = _linked(run, crossings, invoices)
    ids = [c.id for c in crossings]
    singly = run.ledger.unsettled.left_out(ids) | run.ledger.tombstones.removed_before(ids)
    both = list(zip(crossings, invoices, strict=True))
    many = [(c, i) for c, i in both if c.id not in singly]
    if len(many) >= BULK_FROM:
        singly |= create_in_bulk(run, [c for c, _ in many], [i for _, i in many])
        both = [(c, i) for c, i in both if c.id in singly]
    lost = 0
    for crossing, invoice in both:
        lost = lost + 1 if create_one(run, crossing, invoice) == "unknown" else 0
        if lost == LOST_IN_A_ROW:
            run.in_doubt = f"Twikey left {lost} creates in a row without an answer"
            return
