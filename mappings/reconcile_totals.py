"""What a reconciliation adds up to: buckets, the proof for both sides, the table for accountants.

The proof compares two ways of adding: what each side listed, before anything was joined, and what
the buckets hold. Where they differ by a cent or a document, nothing may be printed as a result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from mappings.amounts import plain, sign_amounts
from mappings.frames import mask, text, values
from mappings.reconcile_cases import BUCKETS, CASES
from mappings.reconcile_frames import NOBODYS

EURO = "EUR"
NOTHING = (0, 0)
"""No documents, no cents."""

AMOUNTS = ("teamleader_amount", "teamleader_due", "twikey_amount", "difference")
"""Columns of the table that hold plain figures, a minus before some of them."""


def totals(rows: pd.DataFrame) -> pd.DataFrame:
    """Add up each bucket, by currency: ``teamleader`` and ``twikey`` count, the others are cents.

    Each side counts in its own currency. Buckets come in the order of ``BUCKETS``, empty ones not.
    """
    sides = [
        _summed(rows[rows["here"]], "teamleader", "currency"),
        _summed(rows[rows["there"]], "twikey", "twikey_currency"),
    ]
    both = sides[0].merge(sides[1], how="outer", on=["bucket", "currency"], validate="one_to_one")
    figures = [name for name in both.columns if name not in ("bucket", "currency")]
    both = both.assign(**{name: both[name].fillna(0).astype("int64") for name in figures})
    order = {name: place for place, name in enumerate(BUCKETS)}
    places = [order.get(name, len(order)) for name in both["bucket"]]
    both = both.assign(place=places).sort_values(["place", "currency"])
    return both.drop(columns="place")


def _summed(rows: pd.DataFrame, side: str, currency: str) -> pd.DataFrame:
    """Count one side's documents and add up their cents, by bucket and currency."""
    found = pd.DataFrame({
        "bucket": text(rows, values(rows["bucket"])),
        "currency": text(rows, [one or EURO for one in values(rows[currency])]),
        side: 1,
        f"{side}_cents": [amount or 0 for amount in values(rows[f"{side}_cents"])],
    })  # fmt: skip
    return found.groupby(["bucket", "currency"], as_index=False).sum()


def untied(rows: pd.DataFrame, teamleader: pd.DataFrame, twikey: pd.DataFrame) -> list[str]:
    """Return what does not add up: each side's list against its buckets, in documents and cents."""
    wrong = []
    if set(values(rows["bucket"])) - set(BUCKETS):
        wrong.append("a document is in no bucket")
    signed = values(sign_amounts(teamleader)["amount_cents"])
    lists = {
        "teamleader": (_count(teamleader["currency"], signed), teamleader["id"], "here"),
        "twikey": (
            _count(twikey["twikey_currency"], values(twikey["twikey_cents"])),
            twikey["twikey_id"], "there",
        ),
    }  # fmt: skip
    summed = totals(rows)
    for side, (listed, ids, where) in lists.items():
        wrong += _gaps(side, listed, summed)
        shown = rows.loc[rows[where], "id" if side == "teamleader" else "twikey_id"]
        if sorted(values(shown)) != sorted(values(ids)):
            wrong.append(f"{side.capitalize()}'s documents are not those of the buckets")
    return wrong


def _count(currencies: pd.Series, amounts: Sequence[int | None]) -> dict[str, tuple[int, int]]:
    """Count one side's list by currency, without any frame in between."""
    found: dict[str, tuple[int, int]] = {}
    for currency, amount in zip(values(currencies), amounts, strict=True):
        count, cents = found.get(currency or EURO, NOTHING)
        found[currency or EURO] = (count + 1, cents + (amount or 0))
    return found


def _gaps(side: str, listed: dict[str, tuple[int, int]], summed: pd.DataFrame) -> list[str]:
    held: dict[str, tuple[int, int]] = {}
    for currency, count, cents in zip(
        values(summed["currency"]), values(summed[side]), values(summed[f"{side}_cents"]),
        strict=True,
    ):  # fmt: skip
        before = held.get(currency, NOTHING)
        held[currency] = (before[0] + count, before[1] + cents)
    both = [
        (currency, *listed.get(currency, NOTHING), *held.get(currency, NOTHING))
        for currency in {**held, **listed}
    ]
    return [
        f"{side.capitalize()} listed {count} for {currency} {plain(cents)}, the buckets hold"
        f" {kept} for {plain(kept_cents)}"
        for currency, count, cents, kept, kept_cents in both
        if (count, cents) != (kept, kept_cents)
    ]


def to_ask(rows: pd.DataFrame, *, every: bool = False) -> list[str]:
    """Name the invoices to ask Twikey for once more, what matters most first.

    Those on which the sides disagree, those that only the ledger knows, and those that an alert
    says are gone; ``every`` adds whatever else should stand in Twikey. Of equals the one that was
    not seen for longest comes first, so that in a few runs each has its turn.
    """
    order = {code: place for place, code in enumerate(CASES) if CASES[code].ask}
    wanted: list[tuple[int, str, str]] = []
    for code, key, sight, seen_at, alerts in zip(
        values(rows["code"]), values(rows["key"]), values(rows["sight"]), values(rows["seen_at"]),
        values(rows["alerts"]), strict=True,
    ):  # fmt: skip
        gone = "GONE_IN_TWIKEY" in (alerts or "")
        if key.startswith(NOBODYS):
            continue
        if code in order:
            wanted.append((order[code], seen_at or "", key))
        elif sight == "ledger" or (sight and (gone or every)):
            wanted.append((len(CASES), seen_at or "", key))
    return [key for _, _, key in sorted(wanted)]


def differing(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that need a person."""
    return rows[mask(BUCKETS[name].differs for name in values(rows["bucket"]))]


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Write the rows as ``reconciliation.csv``: one row per document, figures with two decimals.

    In the order of the buckets, then by date and number.
    """
    rows = _in_order(rows)
    here, there = values(rows["teamleader_cents"]), values(rows["twikey_cents"])
    listed, stands = rows["here"].tolist(), rows["there"].tolist()
    ours = [_figure(a, shown=yes) for a, yes in zip(here, listed, strict=True)]
    theirs = [_figure(a, shown=yes) for a, yes in zip(there, stands, strict=True)]
    gaps = [plain((a or 0) - (b or 0)) for a, b in zip(here, there, strict=True)]
    columns: dict[str, Iterable[Any]] = {
        "bucket": rows["bucket"],
        "differs": ["yes" if BUCKETS[b].differs else "no" for b in values(rows["bucket"])],
        "kind": _either(rows, "kind", "ledger_kind"),
        "department_id": rows["department_id"],
        "teamleader_id": _either(rows, "id", "ledger_id"),
        "number": _either(rows, "number", "ledger_number"),
        "name": rows["invoicee_name"],
        "date": _either(rows, "issued_on", "twikey_on"),
        "currency": _currencies(rows),
        "teamleader_amount": ours,
        "teamleader_due": [
            None if due is None else plain(due) for due in values(rows["due_cents"])
        ],
        "teamleader_status": rows["status"],
        "twikey_id": rows["twikey_id"],
        "twikey_number": rows["twikey_number"],
        "twikey_amount": theirs,
        "twikey_currency": rows["twikey_currency"],
        "twikey_state": rows["twikey_state"],
        "difference": gaps,
        "why": rows["why"],
        "what_to_do": rows["advice"],
        "stage": rows["stage"],
        "pdf": rows["pdf"],
        "alerts": rows["alerts"],
        "teamleader_link": rows["web_url"],
        "twikey_link": rows["twikey_url"],
    }
    return pd.DataFrame({name: text(rows, found) for name, found in columns.items()})


def _in_order(rows: pd.DataFrame) -> pd.DataFrame:
    places = {name: place for place, name in enumerate(BUCKETS)}
    keys = zip(
        values(rows["bucket"]), _either(rows, "issued_on", "twikey_on"),
        _either(rows, "number", "twikey_number"), values(rows["key"]), strict=True,
    )  # fmt: skip
    order = [(places[bucket], day or "", name or "", key) for bucket, day, name, key in keys]
    return rows.iloc[sorted(range(len(order)), key=order.__getitem__)]


def _figure(amount: int | None, *, shown: bool) -> str | None:
    return plain(amount or 0) if shown else None


def _either(rows: pd.DataFrame, first: str, second: str) -> list[str | None]:
    pairs = zip(values(rows[first]), values(rows[second]), strict=True)
    return [a if a is not None else b for a, b in pairs]


def _currencies(rows: pd.DataFrame) -> list[str]:
    """Name the currency in which a row is counted: the booking's, else Twikey's, else euro."""
    return [one or EURO for one in _either(rows, "currency", "twikey_currency")]
