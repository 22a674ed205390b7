"""Notices of an import that name what they mean: a number alone would send nobody anywhere.

A credit note without its invoice, one by one (acceptance A49); a subscription whose invoices fall
due at once, once ever (acceptance A45).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.layout import clean, columns, hanging, shorten
from mappings.money import money

if TYPE_CHECKING:
    from flows.run import Run

MOST = 20
LONGEST = 36  # cells of a title or a name: a line of 100 holds both
ALONE, AT_ONCE = "PARENT_MISSING", "DUE_AT_ONCE"


def remarks_of(run: Run) -> list[dict[str, Any]]:
    """Return what a run's summary lists: code, number, whose, how much, and where to look."""
    alone = [
        {"code": ALONE, "number": row["twikey_number"] or row["number"], "booking_id": row["id"],
         "invoicee_name": row["invoicee_name"], "amount_cents": row["amount_cents"],
         "currency": row["currency"]}
        for row in run.ledger.desk.noticed(run.id, ALONE)
    ]  # fmt: skip
    at_once = [{"code": AT_ONCE, **row} for row in run.ledger.subscriptions.told_in(run.id)]
    return [*alone, *at_once]


def remark_lines(remarks: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    """Yield the remarks for people, each kind with what it means and what to do."""
    if not remarks:
        return
    from mappings.reasons import advice_of, sentence_of

    for code in dict.fromkeys(row["code"] for row in remarks):
        found = [row for row in remarks if row["code"] == code]
        yield ""
        yield from hanging(f"  {code}  ", sentence_of(code), width)
        for block in columns([_row(row) for row in found[:MOST]], width, indent=4):
            yield from block
        if len(found) > MOST:
            yield f"    ... and {len(found) - MOST} more (all of them with --json)"
        yield from hanging("    -> ", advice_of(code), width)


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    name = shorten(clean(row["invoicee_name"] or ""), LONGEST)
    if row["code"] == AT_ONCE:
        title = shorten(clean(row["title"] or row["subscription_id"]), LONGEST)
        seen = f"first seen on {clean(row['number'] or '')}"
        return f"subscription {title}", f"{name}  {seen}"
    amount = money(row["amount_cents"], clean(row["currency"]))
    return clean(row["number"] or row["booking_id"]), name, amount
