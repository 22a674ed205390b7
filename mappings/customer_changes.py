"""What Twikey is to be told of customers that changed, and what it cannot be told (guide 12).

Only what changed goes, and never a blank: nobody knows what a blank does. So a field that was
emptied in Teamleader stays in Twikey, and so do the parts for which Twikey's call has no parameter
(Twikey API reference 4.1): the VAT number, and the addresses in copy, which travel with the next
invoices instead. A person is told of all of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from mappings.customers import PARTS, describe
from mappings.emails import recipients
from mappings.frames import rows, values

PATCHABLE = tuple(part for part in PARTS if part != "vatno")
"""What ``PATCH /customer`` takes (Twikey API reference 4.1); the VAT number is not among it."""

WORDS = {
    "companyName": "company name",
    "firstname": "first name",
    "lastname": "last name",
    "address": "street",
    "zip": "postal code",
    "city": "city",
    "coc": "enterprise number",
    "vatno": "VAT number",
    "l": "language",
    "country": "country",
    "mobile": "mobile number",
    "email": "e-mail address",
}
"""Twikey's names in words (Twikey API reference 2.3)."""


class Change(NamedTuple):
    """What changed of one customer.

    ``told`` are the parameters of a PATCH. ``stays`` are the parts, in words, that Twikey keeps as
    they are because they were emptied in Teamleader or have no parameter. ``copies`` are the
    addresses that later invoices have in copy, None where these did not change.
    """

    told: dict[str, str]
    stays: tuple[str, ...] = ()
    copies: str | None = None


NOTHING = Change({})


def compare(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, Change]:
    """Compare customers, CUSTOMERS frames, with what Twikey was told of them last; by id.

    A customer whose ``before`` is empty is told all that there is. Never the profile, which is the
    merchant's. Twikey updates ``coc`` only when the company name changes in the same call, so the
    name goes along, and a person is told where that is the same. Customers without a change, or
    without a ``before``, are not in the answer.
    """
    old = {row["id"]: row for row in rows(describe(before))}
    was, now = _copies(before), _copies(after)
    answer: dict[str, Change] = {}
    for row in rows(describe(after)):
        each, then = row["id"], old.get(row["id"])
        if then is None:
            continue
        copies = (now[each] or "") if now[each] != was[each] else None
        change = Change(_told(then, row), _stays(then, row), copies)
        if change != NOTHING:
            answer[each] = change
    return answer


def changes(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Say only what Twikey is to be told: id to the parameters of a PATCH."""
    return {each: one.told for each, one in compare(before, after).items() if one.told}


def _told(then: dict[str, Any], now: dict[str, Any]) -> dict[str, str]:
    """Give the parameters of a PATCH: what is there and is not what it was."""
    told = {part: now[part] for part in PATCHABLE if now[part] not in (None, then[part])}
    if "coc" in told and now["companyName"]:
        told["companyName"] = now["companyName"]
    return told


def _stays(then: dict[str, Any], now: dict[str, Any]) -> tuple[str, ...]:
    """Name what cannot follow: what was emptied, a VAT number, an enterprise number by itself.

    A contact's VAT number is not looked at: lists do not show it (Teamleader API reference 2.4).
    """
    parts = [part for part in PATCHABLE if then[part] and not now[part]]
    if then["companyName"] is not None:
        parts += ["vatno"] if now["vatno"] != then["vatno"] else []
        alone = now["coc"] not in (None, then["coc"]) and now["companyName"] == then["companyName"]
        parts += ["coc"] if alone else []
    return tuple(WORDS[part] for part in parts)


def _copies(customers: pd.DataFrame) -> dict[str, str | None]:
    """Give the addresses in copy by the customer's own fields, an invoice's own not counted."""
    columns = zip(*(values(customers[name]) for name in FIELDS), strict=True)
    return {each: recipients(own, invoicing, None).cc for each, own, invoicing in columns}


FIELDS = ("id", "email", "invoicing_email")
