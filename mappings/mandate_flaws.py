"""What can be wrong with a file of mandates: a code, its sentence, and its cure.

``flaw`` makes one row of FLAWS, which the command line shows and ``--json`` prints. A code is no
reason of the import: nothing is held in the ledger for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

from mappings.frames import CENTS, TEXT, Shape, frame

FLAWS: Shape = {
    "line": CENTS, "column": TEXT, "code": TEXT, "sentence": TEXT, "cure": TEXT,
}  # fmt: skip
"""What is wrong, by line of the file; ``line`` is a whole number as cents are."""


class Meaning(NamedTuple):
    """What a code says, with ``{}`` where its facts go, and what to do about it."""

    sentence: str
    cure: str


NEW_TEMPLATE = "Take the first line from `teamleader-twikey mandates template`."
EXCEL = "In Excel: Save as, `CSV UTF-8 (Comma delimited)`."

FILE = {
    "NOT_CSV": Meaning("This is no CSV file: {}", EXCEL),
    "EMPTY_FILE": Meaning("The file is empty{}", NEW_TEMPLATE),
    "ENCODING": Meaning("The file is not written in UTF-8 ({})", EXCEL),
    "SEPARATOR": Meaning("The cells are separated by {}", "Save it with commas or semicolons."),
    "SEPARATOR_LINE": Meaning("The first line is {}, which only Excel reads", "Delete that line."),
    "UNREADABLE_ROW": Meaning(
        "From this line on the file cannot be read ({})",
        "Look for a quotation mark that is not closed, or stands alone.",
    ),
    "COLUMN_MISSING": Meaning("There is no column {}", NEW_TEMPLATE),
    "COLUMN_TWICE": Meaning("The column {} is there more than once", "Keep one of them."),
    "COLUMN_NAME": Meaning("Twikey's name for the column {}", NEW_TEMPLATE),
    "TOO_LARGE": Meaning(
        "The file has {}; Twikey takes 200 KB", "Split it, with the first line in every part."
    ),
}
"""About the file or its first line."""

ROW = {
    "CELLS": Meaning(
        "This line does not have as many cells as the first ({})",
        "Put a text that holds a separator between quotation marks.",
    ),
    "NUMBER_EMPTY": Meaning(
        "There is no customer number", "Fill in the id that the customer has in Teamleader."
    ),
    "NUMBER_MALFORMED": Meaning(
        "{} is no id of a Teamleader customer", "Copy it again from the template."
    ),
    "NUMBER_UNKNOWN": Meaning(
        "No customer with the number {} is known here",
        "Copy the number from a new template; if it is right, import an invoice of that customer.",
    ),
    "NUMBER_NOT_IN_TWIKEY": Meaning(
        "The customer {} is not in Twikey yet", "Import an invoice of that customer first."
    ),
    "NUMBER_GONE": Meaning(
        "Teamleader no longer has the customer {}", "Use the customer that replaced it."
    ),
    "NUMBER_TWICE": Meaning(
        "The customer number {}",
        "Twikey takes it once per file: put the other mandate into a file of its own.",
    ),
    "MANDATE_MISSING": Meaning(
        "No mandate was filled in", "Fill in mandateNumber and iban, or delete the line."
    ),
    "MANDATE_NUMBER_MISSING": Meaning(
        "There is no mandate number", "Fill in the number that stands on the signed mandate."
    ),
    "MANDATE_NUMBER_MALFORMED": Meaning(
        "{} cannot be a mandate number",
        "Copy it from the mandate: at most 35 letters, digits and / - ? : ( ) . , ' +. If a"
        " spreadsheet made a figure of it, mark the column as text first.",
    ),
    "MANDATE_NUMBER_TWICE": Meaning("The mandate number {}", "Keep the line that is right."),
    "IBAN_MISSING": Meaning("There is no IBAN", "Fill in the account number of the mandate."),
    "IBAN_MALFORMED": Meaning(
        "{} is no IBAN: its check digits, length or letters are wrong", "Copy it from the mandate."
    ),
    "DATE_MALFORMED": Meaning("{} is no date such as 2026-11-22", "Write year-month-day."),
}
"""About one line."""

LINK = {
    "NOT_AT_TWIKEY": Meaning(
        "Twikey has no mandate {}", "Upload it first: Twikey imports signed mandates from a file."
    ),
    "NOT_SIGNED": Meaning("The mandate {} is not signed in Twikey", "Have it signed first."),
    "OTHER_IBAN": Meaning(
        "The mandate {} is on another account in Twikey",
        "See which of the two is right before anything is collected.",
    ),
    "OTHER_CUSTOMER": Meaning(
        "The mandate {}",
        "If it is really to change hands, repeat the command with --move.",
    ),
    "WAITS": Meaning(
        "An earlier link of the mandate {} was not answered and may still arrive",
        "Nothing to do: repeat the command in some minutes.",
    ),
    "REFUSED_BY_TWIKEY": Meaning("{}", "Correct what Twikey names, or link it in Twikey."),
    "LOST": Meaning(
        "{}; the link may or may not have arrived",
        "Repeat the command: it looks first, and setting the same again changes nothing.",
    ),
}
"""About a mandate at Twikey; what ``link`` found."""

MEANINGS = {**FILE, **ROW, **LINK}


def flaw(code: str, line: int, column: str | None = None, detail: str = "") -> dict[str, Any]:
    """Return one row of FLAWS."""
    meaning = MEANINGS[code]
    sentence = f"{meaning.sentence.format(detail).rstrip('.')}."
    return {"line": line, "column": column, "code": code, "sentence": sentence,
            "cure": meaning.cure}  # fmt: skip


def flaws(found: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return FLAWS in the order of their lines; what is about the file comes first."""
    ordered = sorted(found, key=lambda one: (one["code"] not in FILE, one["line"]))
    return frame(ordered, FLAWS)
