"""Dates: Teamleader's own, day for day (decisions 3; guide 9).

A date is text and stays text: sent through UTC it would lose a day. A credit note has no due date
in Teamleader, while Twikey wants one: it gets its own date. An invoice that falls due on the day it
was issued (a payment term of 0 days) crosses with a notice, because it expires at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

import numpy as np
import pandas as pd

from mappings.amounts import invoices
from mappings.frames import Mask, mask, text
from mappings.rules import Rules
from mappings.verdicts import give, note

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_day(value: str | None) -> bool:
    """Tell whether a text is a day of the calendar, ``YYYY-MM-DD``."""
    if value is None or not DAY.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def date_bookings(frame: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Give credit notes a ``due_on``; hold DATE_MISSING and DUE_DATE_MISSING; note DUE_AT_ONCE.

    An invoice whose due date lies before ``rules.today`` is noted OVERDUE.
    """
    invoice = invoices(frame)
    due_on = np.where(invoice, frame["due_on"], frame["issued_on"])
    dated = frame.assign(due_on=text(frame, due_on))
    issued, due = dated["issued_on"].tolist(), dated["due_on"].tolist()
    dated = dated.pipe(give, ~_days(issued), "DATE_MISSING", _shown(issued)).pipe(
        give, ~_days(due), "DUE_DATE_MISSING", _shown(due)
    )
    at_once = mask((d or "") <= (i or "") for d, i in zip(due, issued, strict=True))
    overdue = mask((d or "") < rules.today for d in due)
    return dated.pipe(note, invoice & at_once, "DUE_AT_ONCE").pipe(
        note, invoice & overdue & ~at_once, "OVERDUE"
    )


def _days(listed: list[str | None]) -> Mask:
    """Tell which are days, each distinct one looked at once."""
    good = {one for one in set(listed) if is_day(one)}
    return mask(one in good for one in listed)


def _shown(listed: Iterable[str | None]) -> list[str]:
    """Show dates in a message."""
    return [f"'{one}'" if one else "none is given" for one in listed]
