"""Existing invoices are ignored: what Twikey has is adopted, never made again (guide 5).

Under our own id the booking is ours, whatever the ledger lost: it is adopted when the amount
agrees. Under another id it was made by hand or by another import: it is adopted when amount, date
and customer agree, otherwise it is held (decisions 3; Twikey API reference 2.5). A number whose
booking was deleted in Teamleader may return on another one; that waits for the operator's word.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from mappings.amounts import plain
from mappings.frames import TAKEN, mask, true, values
from mappings.numbers import holder_name
from mappings.rules import Rules
from mappings.verdicts import adopt, give, undecided


class Holder(NamedTuple):
    """One row of TAKEN: who has a number at Twikey. Cents are signed."""

    number: str | None
    holder: str
    holder_id: str
    department_id: str | None
    department_name: str | None
    amount_cents: int | None
    issued_on: str | None
    customer_number: str | None
    ref: str | None
    state: str | None
    gone: bool | None


class Booking(NamedTuple):
    """What of a booking is compared. Cents are signed."""

    id: str
    twikey_number: str | None
    amount_cents: int | None
    issued_on: str | None
    customer_id: str | None
    confirmed: bool


class Finding(NamedTuple):
    """What the comparison found: a reason and its detail, or the Twikey id to adopt."""

    reason: str | None = None
    detail: str | None = None
    twikey_id: str | None = None


class Holders:
    """The rows of TAKEN, by number and by whose they are."""

    def __init__(self, taken: pd.DataFrame, bookings: Iterable[str]) -> None:
        every = [Holder(*row) for row in zip(*(values(taken[name]) for name in TAKEN), strict=True)]
        ledger = [one for one in every if one.holder == "ledger"]
        self.gone = {one.holder_id for one in ledger if one.gone}
        self.ours = {one.holder_id for one in ledger if not one.gone} | set(bookings)
        self.at_twikey = {one.holder_id: one for one in every if one.holder == "twikey"}
        self.by_number: dict[str, list[Holder]] = {}
        for one in every:
            if one.number is not None:
                self.by_number.setdefault(one.number, []).append(one)

    def compare(self, booking: Booking, rules: Rules) -> Finding:
        """Compare one booking with who has its number, the surest knowledge first."""
        own = self.at_twikey.get(booking.id)
        if own is not None:
            return Finding("DIFFERS", _difference(booking, own, ours=True))
        others = [
            one
            for one in self.by_number.get(booking.twikey_number or "", ())
            if one.holder_id != booking.id
        ]
        for one in others:
            if one.holder_id in self.ours:
                return Finding("NUMBER_TAKEN", _name(one, rules))
        for one in others:
            if one.holder_id in self.gone and not booking.confirmed:
                return Finding("NUMBER_REUSED", _name(one, rules))
        strangers = [one for one in others if one.holder_id not in self.gone]
        return _meet(booking, strangers[0]) if strangers else Finding()


def adopt_own(frame: pd.DataFrame, taken: pd.DataFrame) -> pd.DataFrame:
    """Adopt what stands at Twikey under our own id with the same amount (state lost)."""
    known = taken[(taken["holder"] == "twikey") & taken["holder_id"].isin(frame["id"])]
    if known.empty:
        return frame
    there = dict(zip(known["holder_id"], values(known["amount_cents"]), strict=True))
    ids, amounts = frame["id"].tolist(), values(frame["amount_cents"])
    same = mask(
        amount is not None and there.get(booking_id) == amount
        for booking_id, amount in zip(ids, amounts, strict=True)
    )
    return adopt(frame, same, ids)


def compare_with_taken(frame: pd.DataFrame, taken: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Adopt what agrees; hold DIFFERS, NUMBER_TAKEN and NUMBER_REUSED."""
    concerned = taken["number"].isin(frame["twikey_number"]) | taken["holder_id"].isin(frame["id"])
    if not concerned.any():
        return frame
    holders = Holders(taken, frame["id"])
    bookings = zip(
        frame["id"],
        frame["twikey_number"],
        values(frame["amount_cents"]),
        frame["issued_on"],
        frame["customer_id"],
        true(frame["confirmed"]).tolist(),
        strict=True,
    )
    found = [
        holders.compare(Booking(*row), rules) if yes else Finding()
        for row, yes in zip(bookings, undecided(frame), strict=True)
    ]
    details = [one.detail for one in found]
    for reason in ("DIFFERS", "NUMBER_TAKEN", "NUMBER_REUSED"):
        frame = give(frame, mask(one.reason == reason for one in found), reason, details)
    ids = [one.twikey_id for one in found]
    return adopt(frame, mask(one is not None for one in ids), ids)


def _meet(booking: Booking, stranger: Holder) -> Finding:
    """Adopt an invoice at Twikey that we did not send, if it is the same."""
    difference = _difference(booking, stranger, ours=False)
    if difference is None:
        return Finding(twikey_id=stranger.holder_id)
    return Finding("DIFFERS", difference)


def _difference(booking: Booking, there: Holder, *, ours: bool) -> str | None:
    """Say in what the two differ, or None; under our own id only the amount counts."""
    told = []
    if booking.amount_cents is None or booking.amount_cents != there.amount_cents:
        here = plain(booking.amount_cents)
        told.append(f"the amount is {here} here and {plain(there.amount_cents)} there")
    if not ours and booking.issued_on != there.issued_on:
        told.append(f"the date is {booking.issued_on} here and {there.issued_on} there")
    if not ours and not _same_customer(booking, there):
        told.append("the customer is another one, or cannot be told")
    return f"{', '.join(told)} (Twikey invoice {there.holder_id})" if told else None


def _same_customer(booking: Booking, there: Holder) -> bool:
    """Compare the customer; where Twikey does not tell it, our id as its reference will do."""
    if there.customer_number is None:
        return there.ref == booking.id
    return there.customer_number == booking.customer_id


def _name(holder: Holder, rules: Rules) -> str:
    """Name the holder of a number to a person."""
    department = holder.department_name or rules.department_name(holder.department_id)
    return holder_name(holder.number, department, holder.holder_id)
