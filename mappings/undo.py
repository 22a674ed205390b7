"""What of an import may leave Twikey again, and why the rest is kept (guide 4, 10; acceptance A22).

Twikey deletes what is unpaid and not in progress (API reference 2.8, 2.10); which other states it
lets go is not documented, so nothing else is ever asked for. Beyond that, nothing leaves that money
came in for, that Teamleader was told about, that a credit note needs, or that a customer was
invited to. Pure rules: what is asked is looked up by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mappings.money import euro

DELETABLE = ("BOOKED", "EXPIRED")

KEPT = {
    "ADOPTED": "it stood in Twikey before this import",
    "UNSETTLED": "the answer to its creation is not known yet; a later run looks it up",
    "REGISTERED": "a payment of it was written to Teamleader",
    "PARTLY_PAID": "money came in for it through Twikey: {detail}",
    "CREDITED": "a credit note stands in Twikey for it: {detail}",
    "IN_PROGRESS": "a collection is in progress",
    "PAID": "it is paid",
    "ARCHIVED": "it is archived",
    "STATE": "Twikey shows it as {detail}",
    "INVITED": "its customer was invited to pay it (--invited removes it all the same)",
    "REFUSED": "Twikey refused: {detail}",
    "NOT_SAID": "Twikey did not say how it stands: {detail}",
    "LOST": "Twikey's answer was lost; a later run looks whether it is still there",
}
"""Why a booking is kept, by the word that `--json` gives."""


class Kept(NamedTuple):
    """Why a booking stays in Twikey: a key of ``KEPT``, and its facts."""

    reason: str
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Say it in a few words."""
        return KEPT[self.reason].replace("{detail}", self.detail or "not told")


class Known(NamedTuple):
    """What the ledger knows about the money of one booking; cents came in through Twikey.

    ``settling`` says that its own removal is not settled, ``written`` that a payment was, or may
    have been, registered in Teamleader.
    """

    stood_before: bool
    created: bool
    settling: bool
    written: bool
    came_in_cents: int
    credited_by: str | None


def keep_unseen(known: Known) -> Kept | None:
    """Return why a booking is kept without asking Twikey, or None."""
    if known.settling:
        return Kept("LOST")
    if not known.created:
        return Kept("UNSETTLED")
    return Kept("ADOPTED") if known.stood_before else None


def keep_by_money(known: Known) -> Kept | None:
    """Return why a booking is kept as far as the ledger knows, whatever Twikey shows, or None.

    Also of what is no longer in Twikey: a payment that was registered may still bounce.
    """
    if known.written:
        return Kept("REGISTERED")
    if known.came_in_cents:
        return Kept("PARTLY_PAID", euro(known.came_in_cents))
    return Kept("CREDITED", known.credited_by) if known.credited_by else None


def keep_by_state(state: str | None) -> Kept | None:
    """Return why an invoice in this state is kept, or None (API reference 2.8)."""
    named = {"PENDING": "IN_PROGRESS", "PAID": "PAID", "ARCHIVED": "ARCHIVED"}
    if state in named:
        return Kept(named[state])
    return None if state in DELETABLE else Kept("STATE", state or "nothing that is known")


def keep_by_payment(
    last_payment: Mapping[str, object] | None, meta: Mapping[str, object]
) -> Kept | None:
    """Return why an unpaid invoice is kept as its last payment shows, or None (2.7)."""
    if last_payment is not None and last_payment.get("action") == "payment":
        return Kept("PARTLY_PAID", f"{last_payment.get('method')}, {last_payment.get('date')}")
    return Kept("PARTLY_PAID", "in part") if meta.get("partial") else None
