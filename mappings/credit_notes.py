"""Credit notes: numbered CN, tied to their invoice, never collected (guide 11; decisions 3).

Teamleader counts credit notes and invoices apart, so the same number may exist twice; the ``CN``
keeps them apart at Twikey. ``manual`` stops Twikey from collecting by itself (Twikey API reference
2.13). The invoice is named only where Twikey has it: sent earlier, or in the same plan.
Example: credit note ``2024 / 7`` is ``CN2024 / 7``, related to ``2024 / 100``.
"""

from __future__ import annotations

import pandas as pd

from mappings.amounts import invoices
from mappings.frames import flag, mask, text
from mappings.texts import printable
from mappings.verdicts import note


def credit_note_number(number: str, pattern: str) -> str:
    """Give a credit note's number at Twikey; ``{number}`` in the pattern is Teamleader's."""
    return pattern.replace("{number}", number)


def relate_credit_notes(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``manual``, settle ``related_number``, note PARENT_MISSING where an invoice is missing.

    Only invoices that stand above in the frame count as being at Twikey: they are sent first.
    """
    invoice = invoices(frame)
    crossing = (frame["action"].isin(["create", "adopt"])).to_numpy(dtype=bool) & invoice
    arriving = dict(zip(frame["id"][crossing], frame["twikey_number"][crossing], strict=True))
    rows = zip(invoice, frame["related_number"], frame["related_id"], strict=True)
    related = [None if own else printable(at) or arriving.get(parent) for own, at, parent in rows]
    tied = frame.assign(manual=flag(frame, ~invoice), related_number=text(frame, related))
    missing = mask(
        parent is not None and number is None
        for parent, number in zip(frame["related_id"], related, strict=True)
    )
    return note(tied, ~invoice & missing, "PARENT_MISSING")
