"""Numbers at Twikey: Teamleader's own, once each (decisions 3; guide 4, 11).

A number goes as Teamleader shows it, with a prefix where its department has one, and a credit note
as its pattern says. It is never shortened. Twikey wants each number once over all departments
(Twikey API reference 2.5, 9.4), so of two bookings with one number the earlier one crosses and the
later one is held before anything is sent. Example: ``2026 / 417``, or ``NL-2026 / 417``.
"""

from __future__ import annotations

import pandas as pd

from mappings.credit_notes import credit_note_number
from mappings.frames import mask, text
from mappings.rules import Rules
from mappings.texts import printable
from mappings.verdicts import give

NUMBER_LENGTH = 50


def twikey_number(
    kind: str, number: str | None, department_id: str | None, rules: Rules
) -> str | None:
    """Give the number of a booking at Twikey, or None where Teamleader has none."""
    shown = printable(number)
    if shown is None:
        return None
    prefixed = rules.number_prefix.get(department_id or "", "") + shown
    if kind == "credit_note":
        prefixed = credit_note_number(prefixed, rules.credit_note_number)
    return printable(prefixed)


def number_bookings(frame: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Add ``twikey_number``, and ``printed_number`` as it stands on the PDF."""
    rows = zip(frame["kind"], frame["number"], frame["department_id"], strict=True)
    return frame.assign(
        twikey_number=text(frame, [twikey_number(*row, rules) for row in rows]),
        printed_number=text(frame, [printable(number) for number in frame["number"]]),
    )


def hold_unusable_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Hold NUMBER_MISSING and NUMBER_TOO_LONG (Twikey takes 50 characters)."""
    numbers = frame["twikey_number"].tolist()
    return frame.pipe(give, mask(number is None for number in numbers), "NUMBER_MISSING").pipe(
        give,
        mask(len(number or "") > NUMBER_LENGTH for number in numbers),
        "NUMBER_TOO_LONG",
        numbers,
    )


def hold_clashes(frame: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Hold NUMBER_TAKEN where an earlier booking of the frame crosses under the same number.

    Earlier is what Twikey has already, then the older invoice date, then the smaller id; the
    detail names the department and the booking that keeps the number.
    """
    names = ["action", "issued_on", "id", "twikey_number", "number", "department_id"]
    crossing = frame.loc[frame["action"].isin(["create", "adopt"]), names]
    if not crossing["twikey_number"].duplicated().any():
        return frame
    ordered = sorted(zip(*(crossing[name] for name in names), strict=True), key=_age)
    keepers: dict[str, str] = {}
    details: dict[str, str] = {}
    for _, _, booking_id, taken, number, department in ordered:
        keeper = keepers.setdefault(taken, booking_id)
        if keeper == booking_id:
            details[taken] = holder_name(number, rules.department_name(department), booking_id)
    told = [
        None if keepers.get(taken, booking_id) == booking_id else details[taken]
        for taken, booking_id in zip(frame["twikey_number"], frame["id"], strict=True)
    ]
    return give(frame, mask(one is not None for one in told), "NUMBER_TAKEN", told)


def holder_name(number: str | None, department: str, booking_id: str | None) -> str:
    """Name a booking to a person: number, department, Teamleader's id."""
    return f"{number} of department {department} (Teamleader {booking_id})"


def _age(row: tuple[str, str | None, str, str, str, str]) -> tuple[bool, str, str]:
    """Order bookings: at Twikey first, then by date, then by id."""
    action, issued_on, booking_id, *_ = row
    return action != "adopt", issued_on or "", booking_id
