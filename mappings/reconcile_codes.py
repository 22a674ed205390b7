"""The case of each row of a reconciliation, and how its columns are read (acceptance B4)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mappings.frames import Mask, values
from mappings.reasons import sentence_of

OPEN_WRITE = ("sending", "removing")


class Codes:
    """The case of each row: the first that is set stays."""

    def __init__(self, count: int) -> None:
        self.codes: list[str] = [""] * count
        self.details: list[str | None] = [None] * count

    def set(self, where: Mask, code: str, details: Sequence[str | None] | None = None) -> None:
        """Set a case on the rows of ``where`` that have none yet."""
        for place in np.flatnonzero(where).tolist():
            if not self.codes[place]:
                self.codes[place] = code
                self.details[place] = details[place] if details is not None else None


def side(pairs: pd.DataFrame, name: str) -> Mask:
    """Tell which rows are on a side: ``here`` or ``there``."""
    return pairs[name].to_numpy(dtype=bool)


def named(pairs: pd.DataFrame, name: str, value: str) -> Mask:
    """Tell which rows have this text in a column."""
    return (pairs[name] == value).to_numpy(dtype=bool)


def texts(pairs: pd.DataFrame, name: str) -> list[str | None]:
    """Return the texts of a column; a missing one is None."""
    return values(pairs[name])


def unreadable(pairs: pd.DataFrame) -> Mask:
    """Tell which bookings cannot be used as Teamleader gives them."""
    return pairs["problem"].notna().to_numpy(dtype=bool)


def held_for(pairs: pd.DataFrame) -> list[str | None]:
    """Say why a booking is held: by the ledger, or because it cannot be read now."""
    rows = zip(texts(pairs, "problem"), texts(pairs, "reason"), texts(pairs, "detail"), strict=True)
    return [
        sentence_of(reason, detail) if reason else sentence_of("UNREADABLE", problem or "")
        for problem, reason, detail in rows
    ]
