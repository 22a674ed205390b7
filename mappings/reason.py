"""What a reason is; the tables are in ``reasons`` and ``alerts``."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["skipped", "held", "notice", "alert"]


class Reason(NamedTuple):
    """One reason: its sentence (``{detail}`` stands for the facts), what to do, and its source."""

    code: str
    kind: Kind
    sentence: str
    advice: str
    source: str


NOTHING = "Nothing to do."
AND_RETRY = "then run `teamleader-twikey retry`."
