"""The remittance: the line by which a bank transfer finds its invoice (Twikey API reference 2.17).

Belgium's structured communication goes as its twelve digits, without the decoration, so that Twikey
matches it exactly; its check digits are Teamleader's affair. Any other reference goes as it is, and
without one the number goes. Example: ``+++084/2613/66074+++`` is ``084261366074``.
"""

from __future__ import annotations

import re

import pandas as pd

from mappings.frames import mask, text
from mappings.texts import clean, shorten
from mappings.verdicts import note

DECORATION = re.compile(r"[+*/\s]")
STRUCTURED = re.compile(r"[0-9]{12}")
REMITTANCE_LENGTH = 140


def remittance(reference: str | None, number: str | None) -> str:
    """Give the payment message, not yet cut, for a payment reference and a Twikey number."""
    cleaned = clean(reference)
    if cleaned is None:
        return number or ""
    digits = DECORATION.sub("", cleaned)
    return digits if STRUCTURED.fullmatch(digits) else cleaned


def write_remittances(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``remittance``, at most 140 characters; a cut is noted SHORTENED."""
    pairs = zip(frame["payment_reference"], frame["twikey_number"], strict=True)
    whole = [remittance(reference, number) for reference, number in pairs]
    written = frame.assign(
        remittance=text(frame, [shorten(line, REMITTANCE_LENGTH) for line in whole])
    )
    return note(written, mask(len(line) > REMITTANCE_LENGTH for line in whole), "SHORTENED")
