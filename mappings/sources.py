"""What is taken from Teamleader at all: booked, of our departments, and readable (guide 1, 5).

Drafts are not even listed; one that comes by is skipped. What could not be read, or was missed
while gathering, is held with the reason found there (decisions 2, 3, 9).
"""

from __future__ import annotations

import pandas as pd

from mappings.frames import mask
from mappings.reasons import REASONS
from mappings.rules import Rules
from mappings.texts import printable
from mappings.verdicts import give, note

BOOKED = {"invoice": ("outstanding", "matched"), "credit_note": ("booked",)}
"""Teamleader's words for booked (Teamleader API reference 3.2, 3.5)."""

ID_LENGTH, CUSTOMER_NUMBER_LENGTH = 36, 50


def hold_unreadable(frame: pd.DataFrame) -> pd.DataFrame:
    """Hold UNREADABLE: found so while gathering, or with an id that Twikey cannot take."""
    told = [
        (detail or "no details") if problem == "UNREADABLE" else _unusable(booking_id, customer_id)
        for problem, detail, booking_id, customer_id in zip(
            frame["source_problem"],
            frame["source_detail"],
            frame["id"],
            frame["customer_id"],
            strict=True,
        )
    ]
    return give(frame, mask(one is not None for one in told), "UNREADABLE", told)


def skip_unbooked(frame: pd.DataFrame) -> pd.DataFrame:
    """Skip NOT_BOOKED."""
    unbooked = mask(
        status not in BOOKED.get(kind, ())
        for kind, status in zip(frame["kind"], frame["status"], strict=True)
    )
    return give(frame, unbooked, "NOT_BOOKED", [status or "unknown" for status in frame["status"]])


def skip_other_departments(frame: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Skip OTHER_DEPARTMENT, where the settings name departments."""
    if not rules.departments:
        return frame
    other = ~frame["department_id"].isin(rules.departments).to_numpy(dtype=bool)
    names = [rules.department_name(one) for one in frame["department_id"]]
    return give(frame, other, "OTHER_DEPARTMENT", names)


def hold_source_problems(frame: pd.DataFrame) -> pd.DataFrame:
    """Hold what was found while gathering, CUSTOMER_GONE for one; an unknown code is UNREADABLE."""
    problems = frame["source_problem"].tolist()
    for code in {_held(problem) for problem in problems if problem is not None}:
        where = mask(problem is not None and _held(problem) == code for problem in problems)
        details = [
            detail or customer or problem
            for detail, customer, problem in zip(
                frame["source_detail"], frame["customer_id"], problems, strict=True
            )
        ]
        frame = give(frame, where, code, details)
    return frame


def note_on_hold(frame: pd.DataFrame) -> pd.DataFrame:
    """Note ON_HOLD_IN_TEAMLEADER: reminders are paused there (Teamleader API reference 10-U35)."""
    return note(frame, frame["on_hold_since"].notna().to_numpy(dtype=bool), "ON_HOLD_IN_TEAMLEADER")


def _held(problem: str) -> str:
    """Give the reason for a problem found while gathering."""
    return problem if problem in REASONS and REASONS[problem].kind == "held" else "UNREADABLE"


def _unusable(booking_id: str | None, customer_id: str | None) -> str | None:
    """Say which id Twikey could not take, or None."""
    if not booking_id or len(booking_id) > ID_LENGTH or printable(booking_id) != booking_id:
        return "its id cannot be used"
    if customer_id and (
        len(customer_id) > CUSTOMER_NUMBER_LENGTH
        or printable(customer_id) not in (customer_id, None)
    ):
        return "its customer's id cannot be used"
    return None
