"""Two-way reconciliation: each document is in exactly one bucket, and both sides add up (B4).

Three frames go in: the bookings that Teamleader lists, what this ledger knows of them, and the
invoices that Twikey has. They are joined one to one (Teamleader's id, then Twikey's), and the first
case that holds decides; so no document can be in two buckets, and none can be in no bucket. Pure:
nothing is asked, and nothing but the frames is looked at.
"""

from __future__ import annotations

from shlex import quote

import pandas as pd

from mappings.frames import Mask, mask, text, true, values
from mappings.money import money
from mappings.reasons import advice_of as reason_advice
from mappings.reconcile_cases import CASES, sentence_of
from mappings.reconcile_codes import OPEN_WRITE, Codes, held_for, named, side, texts, unreadable
from mappings.reconcile_frames import join
from mappings.reconcile_one_side import Situation, only_here, only_there
from mappings.rules import Rules
from mappings.sources import BOOKED
from mappings.texts import printable

__all__ = ["Situation", "reconcile"]

CROSSED = ("sent", "closed")
MONEY_OPEN = {"OVERPAID", "DOUBLE_PAYMENT", "PARTIAL_REFUND", "CREDITED_AFTER_PAYMENT"}


def reconcile(
    teamleader: pd.DataFrame,
    ledger: pd.DataFrame,
    twikey: pd.DataFrame,
    rules: Rules,
    situation: Situation,
) -> pd.DataFrame:
    """Put every booking and every invoice into one bucket, together where they belong together.

    Adds ``code``, ``bucket``, ``why``, ``advice``, ``here`` and ``there`` (on which side it is) to
    the joined frame. Raises pandas' ``MergeError`` when a frame has an id twice.
    """
    pairs = join(teamleader, ledger, twikey)
    codes = Codes(len(pairs))
    _both(pairs, codes)
    only_here(pairs, codes, rules, situation)
    only_there(pairs, codes)
    return pairs.assign(
        code=text(pairs, codes.codes),
        bucket=text(pairs, [CASES[code].bucket for code in codes.codes]),
        why=text(pairs, map(sentence_of, codes.codes, codes.details)),
        advice=text(pairs, _advice(pairs, codes)),
    )


def _advice(pairs: pd.DataFrame, codes: Codes) -> list[str]:
    """Say what to do about each, with its own date and number; a held one has its reason's."""
    rows = zip(
        codes.codes, texts(pairs, "reason"), texts(pairs, "issued_on"), texts(pairs, "number"),
        strict=True,
    )  # fmt: skip
    return [
        reason_advice(reason or "UNREADABLE")
        if code == "HELD"
        else CASES[code]
        .advice.replace("DATE", day or "DATE")
        .replace("NUMBER", quote(printable(number) or "NUMBER"))
        for code, reason, day, number in rows
    ]


# ---- on both sides


def _both(pairs: pd.DataFrame, codes: Codes) -> None:
    """Decide about what both services have."""
    both = side(pairs, "here") & side(pairs, "there")
    stage = pairs["stage"]
    credit_note = named(pairs, "kind", "credit_note")
    codes.set(both & stage.isin(OPEN_WRITE).to_numpy(dtype=bool), "LOST_ANSWER")
    codes.set(both & named(pairs, "stage", "undone"), "BACK_AGAIN")
    codes.set(both & (named(pairs, "stage", "held") | unreadable(pairs)), "HELD", held_for(pairs))
    codes.set(both & ~pairs["stage"].isin(CROSSED).to_numpy(dtype=bool), "NOT_LINKED")
    codes.set(both & _amount_differs(pairs), "AMOUNT", _two_amounts(pairs))
    codes.set(both & _unbooked(pairs), "UNBOOKED", texts(pairs, "status"))
    no_pdf = ~named(pairs, "pdf", "attached")
    pdf = [f" ({reason})" if reason else "" for reason in texts(pairs, "pdf_reason")]
    codes.set(both & credit_note & no_pdf, "NO_PDF", pdf)
    codes.set(both & credit_note, "MATCHED")

    settled = true(pairs["paid"]) | true(pairs["due_cents"] <= 0)
    paid, archived = (named(pairs, "twikey_state", one) for one in ("PAID", "ARCHIVED"))
    figures = _two_states(pairs)
    told = [set((one or "").split()) & MONEY_OPEN for one in texts(pairs, "alerts")]
    codes.set(both & settled & mask(map(bool, told)), "MONEY", [", ".join(sorted(t)) for t in told])
    codes.set(both & settled & (paid | archived), "MATCHED")
    differs = settled | paid | archived | _partly(pairs)
    codes.set(both & differs & true(pairs["moving"]), "PAYMENT_COMES", figures)
    codes.set(both & settled, "PAID_HERE", figures)
    codes.set(both & paid, "PAID_THERE", figures)
    codes.set(both & archived, "ARCHIVED", figures)
    codes.set(both & _partly(pairs) & true(pairs["adopted"]), "PREPAID", figures)
    codes.set(both & _partly(pairs), "PARTLY", figures)
    codes.set(both & no_pdf, "NO_PDF", pdf)
    codes.set(both, "OPEN")


def _amount_differs(pairs: pd.DataFrame) -> Mask:
    cents_differ = ~true(pairs["teamleader_cents"] == pairs["twikey_cents"])
    return cents_differ | _currency_differs(pairs)


def _currency_differs(pairs: pd.DataFrame) -> Mask:
    return mask(
        here is not None and there is not None and here != there
        for here, there in zip(
            texts(pairs, "currency"), texts(pairs, "twikey_currency"), strict=True
        )
    )


def _unbooked(pairs: pd.DataFrame) -> Mask:
    return mask(
        status not in BOOKED.get(kind or "", ())
        for kind, status in zip(texts(pairs, "kind"), texts(pairs, "status"), strict=True)
    )


def _partly(pairs: pd.DataFrame) -> Mask:
    """Tell where another sum is due in Teamleader than Twikey still asks."""
    return mask(
        due is not None and due != asked
        for due, asked in zip(values(pairs["due_cents"]), _asked(pairs), strict=True)
    )


def _asked(pairs: pd.DataFrame) -> list[int]:
    """Return what Twikey still asks: its amount, less what was paid before and what came in."""
    parts = zip(
        values(pairs["twikey_cents"]), values(pairs["prepaid_cents"]),
        values(pairs["came_in_cents"]), strict=True,
    )  # fmt: skip
    return [(amount or 0) - (before or 0) - (came_in or 0) for amount, before, came_in in parts]


def _two_amounts(pairs: pd.DataFrame) -> list[str | None]:
    rows = zip(
        values(pairs["teamleader_cents"]), texts(pairs, "currency"), values(pairs["twikey_cents"]),
        texts(pairs, "twikey_currency"), strict=True,
    )  # fmt: skip
    return [
        f"{money(here, here_in)} in Teamleader, {money(there, there_in)} in Twikey."
        for here, here_in, there, there_in in rows
    ]


def _two_states(pairs: pd.DataFrame) -> list[str | None]:
    rows = zip(
        values(pairs["due_cents"]), texts(pairs, "currency"), texts(pairs, "twikey_state"),
        _asked(pairs), strict=True,
    )  # fmt: skip
    return [
        f"{money(due, currency)} is due in Teamleader, Twikey shows {state or 'no state'}"
        + ("" if state in ("PAID", "ARCHIVED") else f" and asks {money(max(asked, 0), currency)}")
        for due, currency, state, asked in rows
    ]
