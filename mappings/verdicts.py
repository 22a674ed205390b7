"""How a rule speaks: it gives a reason to the rows that have none yet, or notes something.

The first reason found wins, so the order of the rules in :mod:`mappings.bookings` is the order of
their importance. The action follows from the kind of the reason (decisions 2).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mappings.frames import Mask, text
from mappings.reasons import REASONS
from mappings.texts import fit

ACTIONS = {"skipped": "skip", "held": "hold"}
DETAIL_LENGTH = 300


def open_verdicts(frame: pd.DataFrame) -> pd.DataFrame:
    """Add ``action`` (create), ``reason``, ``detail`` and ``notices`` (all missing)."""
    nothing = text(frame, [None] * len(frame))
    return frame.assign(
        action=text(frame, ["create"] * len(frame)),
        reason=nothing,
        detail=nothing,
        notices=nothing,
    )


def undecided(frame: pd.DataFrame) -> Mask:
    """Tell the rows that no rule has skipped, held or adopted."""
    return (frame["action"] == "create").to_numpy(dtype=bool)


def give(
    frame: pd.DataFrame, where: Mask, code: str, details: Sequence[str | None] | str | None = None
) -> pd.DataFrame:
    """Give the reason ``code`` to the undecided rows of ``where``; one detail, or one per row."""
    hit = undecided(frame) & where
    if not hit.any():
        return frame
    told = [details] * len(frame) if details is None or isinstance(details, str) else details
    shown = [fit(one, DETAIL_LENGTH) if yes else None for one, yes in zip(told, hit, strict=True)]
    return frame.assign(
        action=_where(frame, hit, ACTIONS[REASONS[code].kind], "action"),
        reason=_where(frame, hit, code, "reason"),
        detail=_where(frame, hit, np.array(shown, dtype=object), "detail"),
    )


def adopt(frame: pd.DataFrame, where: Mask, twikey_ids: Sequence[str | None]) -> pd.DataFrame:
    """Take the undecided rows of ``where`` as already at Twikey; ``detail`` is their Twikey id."""
    hit = undecided(frame) & where
    if not hit.any():
        return frame
    return frame.assign(
        action=_where(frame, hit, "adopt", "action"),
        notices=_where(frame, hit, "ADOPTED", "notices"),
        detail=_where(frame, hit, np.array(twikey_ids, dtype=object), "detail"),
    )


def note(frame: pd.DataFrame, where: Mask, code: str) -> pd.DataFrame:
    """Note ``code`` once on the undecided rows of ``where``: codes with commas between."""
    hit = undecided(frame) & where
    if not hit.any():
        return frame
    notices = frame["notices"].tolist()
    for place in np.flatnonzero(hit):
        codes = notices[place].split(",") if notices[place] else []
        notices[place] = ",".join(dict.fromkeys([*codes, code]))
    return frame.assign(notices=text(frame, notices))


def drop_idle_notices(frame: pd.DataFrame) -> pd.DataFrame:
    """Forget the notices of skipped and held rows: nothing was sent that they could be about."""
    idle = frame["reason"].notna().to_numpy(dtype=bool)
    return frame.assign(notices=_where(frame, idle, None, "notices"))


def _where(frame: pd.DataFrame, hit: Mask, value: object, name: str) -> pd.Series:
    """Put ``value`` into a text column where it is hit."""
    return text(frame, np.where(hit, value, frame[name].to_numpy(dtype=object)))  # type: ignore[call-overload]  # any object is fine, the stubs know numbers
