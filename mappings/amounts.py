"""Amounts: signed cents, what is paid already, and what is not worth sending (decisions 3).

Sent is the total payable; what has been paid of it goes along as the paid amount, so that the
figures stay those of the PDF. A credit note is the same with a minus (guide 11). Integers only: a
cent lost to a float is a booking that never reconciles. Example: 121.00 payable of which 100.00 is
due gives 12100 and 2100.
"""

from __future__ import annotations

import pandas as pd

from mappings.frames import Mask, cents, mask, true, values
from mappings.verdicts import give


def sign_amounts(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``amount_cents`` (negative for credit notes) and ``paid_cents`` (missing where none)."""
    rows = zip(
        frame["kind"], values(frame["payable_cents"]), values(frame["due_cents"]), strict=True
    )
    signed = [_signed(kind, payable, due) for kind, payable, due in rows]
    return frame.assign(
        amount_cents=cents(frame, [amount for amount, _ in signed]),
        paid_cents=cents(frame, [paid for _, paid in signed]),
    )


def skip_by_amount(frame: pd.DataFrame) -> pd.DataFrame:
    """Skip ZERO, ALREADY_PAID and NEGATIVE.

    An invoice is paid when Teamleader says so or nothing is due (Teamleader API reference 3.2); a
    credit note is not skipped for being paid, because it still lowers what is to be collected.
    """
    invoice = invoices(frame)
    paid = true(frame["paid"]) | true(frame["due_cents"] <= 0)
    negative = true(frame["payable_cents"] < 0)
    return (
        frame.pipe(give, true(frame["payable_cents"] == 0), "ZERO")
        .pipe(give, invoice & negative, "NEGATIVE")
        .pipe(give, invoice & paid, "ALREADY_PAID")
    )


def hold_disagreeing_amounts(frame: pd.DataFrame) -> pd.DataFrame:
    """Hold AMOUNTS_DISAGREE where total and due do not add up or are in two currencies."""
    rows = zip(
        frame["kind"],
        values(frame["payable_cents"]),
        values(frame["due_cents"]),
        frame["currency"],
        frame["due_currency"],
        strict=True,
    )
    details = [_disagreement(*row) for row in rows]
    wrong = mask(detail is not None for detail in details)
    return give(frame, wrong, "AMOUNTS_DISAGREE", details)


def invoices(frame: pd.DataFrame) -> Mask:
    """Tell invoices from credit notes."""
    return (frame["kind"] != "credit_note").to_numpy(dtype=bool)


def plain(amount_cents: int | None) -> str:
    """Write cents as a bare figure, for files and details: 12100 is ``121.00``."""
    if amount_cents is None:
        return "nothing"
    whole, rest = divmod(abs(amount_cents), 100)
    return f"{'-' if amount_cents < 0 else ''}{whole}.{rest:02}"


def _signed(kind: str, payable: int | None, due: int | None) -> tuple[int | None, int | None]:
    """Give the amount and the paid part of one booking."""
    if kind == "credit_note":
        return (None if payable is None else -abs(payable)), None
    if payable is None or due is None or due >= payable:
        return payable, None
    return payable, payable - due


def _disagreement(
    kind: str, payable: int | None, due: int | None, currency: str | None, due_currency: str | None
) -> str | None:
    """Say what does not add up, or None."""
    if payable is None:
        return "it has no total"
    if kind == "credit_note":
        return None
    if due is None:
        return f"of {plain(payable)} payable it is not known what is due"
    if due_currency is not None and due_currency != currency:
        return f"payable is in {currency} and due in {due_currency}"
    if due > payable:
        return f"{plain(due)} is due of {plain(payable)} payable"
    return None
