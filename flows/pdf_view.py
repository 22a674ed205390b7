"""Which invoices have their PDF, and which still wait for it, in a terminal (guide 6)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from flows.layout import clean, hanging, shorten
from mappings.documents import WAITING

MOST = 10  # numbers that are shown; `status --json` has all
WORDS = {"none": "not tried yet", "unknown": "not known yet"}


def pdf_counts(counts: Mapping[str, int]) -> str:
    """Return how many PDFs are attached, waiting, refused or not tried yet, in words."""
    return ", ".join(f"{n} {WORDS.get(state, state)}" for state, n in sorted(counts.items()))


def pdf_lines(waiting: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    """Yield those that were tried and have no PDF yet, by reason, each reason with its cure."""
    tried = sorted(
        (row for row in waiting if row["reason"]),
        key=lambda row: (row["reason"], row["number"] or ""),
    )
    for reason, rows in groupby(tried[:MOST], key=lambda row: str(row["reason"])):
        yield reason
        for row in rows:
            number = shorten(clean(row["number"] or row["id"]), 60)
            again = clean(row["next_try_at"] or "")[:16].replace("T", " ")
            after = f"; again from {again} UTC" if again else ""
            yield f"  {number}  {row['tries']} tried{after}"
        if found := WAITING.get(reason):
            yield from hanging("  -> ", f"{found.sentence} {found.advice}", width)
    if len(tried) > MOST:
        yield f"... and {len(tried) - MOST} more (`teamleader-twikey status --json` names all)"
