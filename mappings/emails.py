"""E-mail addresses: one to write to, the others in copy.

A customer has one address at Twikey. Teamleader's field may hold several; a company may have an
address for invoices besides, which goes in copy where both exist (guide 12; Teamleader API
reference 3.7), as does the address given on the invoice itself. What cannot be an address, or is
longer than 70 characters, is left out with a notice and never cut.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

from mappings.frames import mask, text
from mappings.texts import clean
from mappings.verdicts import note

EMAIL_LENGTH = 70
ADDRESS = re.compile(r"[^@\s,;:<>()\[\]\\\"]+@[^@\s,;:<>()\[\]\\\".]+(\.[^@\s,;:<>()\[\]\\\".]+)+")
SEPARATORS = re.compile(r"[;,]")
IN_BRACKETS = re.compile(r"<([^<>]*)>")


class Recipients(NamedTuple):
    """Who gets mail: an address or None, those in copy, and what was noticed."""

    email: str | None = None
    cc: str | None = None
    several: bool = False
    unusable: bool = False


def addresses(field: str | None) -> list[str]:
    """Split a field into what stands for addresses; ``Jan <jan@x.be>`` is ``jan@x.be``."""
    if not field:
        return []
    parts = [(clean(part) or "") for part in SEPARATORS.split(field)]
    bare = [found.group(1) if (found := IN_BRACKETS.search(part)) else part for part in parts]
    return [part.strip().removeprefix("mailto:") for part in bare if part.strip()]


def is_usable(address: str) -> bool:
    """Tell whether Twikey can take an address; strange but possible ones pass."""
    return len(address) <= EMAIL_LENGTH and ADDRESS.fullmatch(address) is not None


def recipients(primary: str | None, invoicing: str | None, invoice: str | None) -> Recipients:
    """Choose who gets mail: the customer's field, the company's for invoices, the invoice's."""
    own = addresses(primary)
    every = [*own, *addresses(invoicing), *addresses(invoice)]
    usable = {address.lower(): address for address in reversed(every) if is_usable(address)}
    ordered = list(dict.fromkeys(usable[one.lower()] for one in every if one.lower() in usable))
    return Recipients(
        email=ordered[0] if ordered else None,
        cc=",".join(ordered[1:]) or None,
        several=len(own) > 1,
        unusable=any(not is_usable(address) for address in every),
    )


def address_bookings(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``email`` and ``cc``; note NO_EMAIL, SEVERAL_EMAILS and EMAIL_UNUSABLE."""
    fields = [frame["primary_email"], frame["invoicing_email"], frame["invoice_email"]]
    rows = list(zip(*fields, strict=True))
    chosen = {row: recipients(*row) for row in set(rows)}
    found = [chosen[row] for row in rows]
    addressed = frame.assign(
        email=text(frame, [one.email for one in found]),
        cc=text(frame, [one.cc for one in found]),
    )
    return (
        addressed.pipe(note, mask(one.email is None for one in found), "NO_EMAIL")
        .pipe(note, mask(one.several for one in found), "SEVERAL_EMAILS")
        .pipe(note, mask(one.unusable for one in found), "EMAIL_UNUSABLE")
    )
