"""Checks a file of signed mandates before anybody uploads or links it (guide 10; acceptance A25).

In goes a sheet and the customers of the ledger, out come FLAWS, and MANDATES: the rows themselves
under Twikey's names, each with a mark whether it can be used. A flaw of a row sets that row aside
and no other; only without the columns ``customerNumber`` and ``mandateNumber`` no row can be used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Any

import pandas as pd

from mappings.csv_text import Sheet
from mappings.customer_list import TEMPLATE, names
from mappings.frames import CENTS, FLAG, TEXT, Shape, frame, rows
from mappings.ibans import is_iban
from mappings.mandate_flaws import flaw, flaws

Found = dict[str, Any]

KNOWN = (*TEMPLATE, "contractNumber", "campaign")
"""Every column that Twikey's import names (API reference 5.8); others are a profile's own."""

NEEDED = ("customerNumber", "mandateNumber")
NEEDED_FOR_UPLOAD = (*NEEDED, "iban")
MOST_BYTES_AT_TWIKEY = 200_000
MOST_NAMED = 5

MANDATES: Shape = {
    "line": CENTS, "customerNumber": TEXT, "mandateNumber": TEXT, "iban": TEXT, "signDate": TEXT,
    "name": TEXT, "untouched": FLAG, "usable": FLAG,
}  # fmt: skip
"""The rows of a file. ``name`` is the customer's in Teamleader; ``untouched`` has no mandate yet;
``usable`` has no flaw."""

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MANDATE_NUMBER = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]{1,35}")
MADE_A_FIGURE = re.compile(r"[0-9][.,]?[0-9]*E\+[0-9]+", re.IGNORECASE)


def check(sheet: Sheet, customers: pd.DataFrame, size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return FLAWS and MANDATES of a sheet; ``customers`` are LISTED, ``size`` is in bytes."""
    about_file = [flaw(fault.code, fault.line, detail=fault.detail) for fault in sheet.faults]
    about_file += _of_header(sheet)
    if size > MOST_BYTES_AT_TWIKEY:
        about_file.append(flaw("TOO_LARGE", 1, detail=f"{size // 1000} KB"))
    if not all(name in sheet.header for name in NEEDED):
        return flaws(about_file), frame([], MANDATES)
    mandates = _mandates(sheet, customers)
    about_rows = [*_of_rows(sheet, mandates, customers), *_repeated(mandates)]
    bad = {one["line"] for one in about_rows}
    for mandate in mandates:
        mandate["usable"] = mandate["line"] not in bad
    return flaws(about_file + about_rows), frame(mandates, MANDATES)


def own_columns(sheet: Sheet) -> list[str]:
    """Return the columns that Twikey's import does not name: attributes of the profile."""
    return [name for name in sheet.header if name and name not in KNOWN and not _meant(name)]


# ---- the first line


def _of_header(sheet: Sheet) -> Iterator[Found]:
    if not sheet.header:
        return
    line = 2 if any(fault.code == "SEPARATOR_LINE" for fault in sheet.faults) else 1
    for name, count in Counter(sheet.header).items():
        meant = _meant(name)
        if count > 1 and name:
            yield flaw("COLUMN_TWICE", line, name, name)
        if meant:
            yield flaw("COLUMN_NAME", line, name, f"{name} is {meant}")
    for name in NEEDED_FOR_UPLOAD:
        if name not in sheet.header:
            yield flaw("COLUMN_MISSING", line, name, name)


def _meant(name: str) -> str | None:
    """Return Twikey's name for a column that is written differently, such as Customer Number."""
    if name in KNOWN:
        return None
    letters = re.sub(r"[\W_]", "", name).lower()
    return next((one for one in KNOWN if len(one) > 1 and one.lower() == letters), None)


# ---- the rows


def _mandates(sheet: Sheet, customers: pd.DataFrame) -> list[Found]:
    called = dict(zip(customers["id"], names(customers), strict=True))
    made = []
    for line, cells in sheet.rows:
        row = dict.fromkeys(MANDATES, "") | _named(sheet, cells)
        filled_in = any(row[name] for name in ("mandateNumber", "iban", "signDate"))
        untouched = not filled_in and _fits(sheet, cells)
        made.append({
            **{name: row[name] for name in MANDATES},
            "line": line, "name": called.get(row["customerNumber"], ""), "untouched": untouched,
        })  # fmt: skip
    return made


def _named(sheet: Sheet, cells: list[str]) -> dict[str, str]:
    """Return the cells by column; of a column that is there twice the first counts."""
    return dict(reversed([*zip(sheet.header, cells, strict=False)]))


def _fits(sheet: Sheet, cells: list[str]) -> bool:
    """Tell whether a line has as many cells as the first one; empty ones too many do no harm."""
    width = len(sheet.header)
    return len(cells) >= width and not any(cells[width:])


def _of_rows(sheet: Sheet, mandates: list[Found], customers: pd.DataFrame) -> Iterator[Found]:
    known = {row["id"]: row for row in rows(customers)}
    width = len(sheet.header)
    has_iban = "iban" in sheet.header
    for mandate, (line, cells) in zip(mandates, sheet.rows, strict=True):
        if not _fits(sheet, cells):
            yield flaw("CELLS", line, detail=f"{len(cells)} instead of {width}")
            continue
        yield from _of_customer(mandate, known)
        if mandate["untouched"]:
            yield flaw("MANDATE_MISSING", line, "mandateNumber")
        else:
            yield from _of_mandate(mandate, has_iban=has_iban)


def _of_customer(mandate: Found, known: Mapping[str, Found]) -> Iterator[Found]:
    number, line = mandate["customerNumber"], mandate["line"]
    code = _wrong_with(number, known.get(number))
    if code:
        yield flaw(code, line, "customerNumber", number)


def _wrong_with(number: str, customer: Found | None) -> str | None:
    """Return the code of what is wrong with a customer number."""
    if not number:
        return "NUMBER_EMPTY"
    if customer is None:
        return "NUMBER_UNKNOWN" if ID.fullmatch(number) else "NUMBER_MALFORMED"
    if customer["gone"]:
        return "NUMBER_GONE"
    return None if customer["known"] else "NUMBER_NOT_IN_TWIKEY"


def _of_mandate(mandate: Found, *, has_iban: bool) -> Iterator[Found]:
    line, number, account = mandate["line"], mandate["mandateNumber"], mandate["iban"]
    if not number:
        yield flaw("MANDATE_NUMBER_MISSING", line, "mandateNumber")
    elif not MANDATE_NUMBER.fullmatch(number) or MADE_A_FIGURE.fullmatch(number):
        yield flaw("MANDATE_NUMBER_MALFORMED", line, "mandateNumber", number)
    if has_iban and not account:
        yield flaw("IBAN_MISSING", line, "iban")
    elif account and not is_iban(account):
        yield flaw("IBAN_MALFORMED", line, "iban", account)
    if mandate["signDate"] and not _is_date(mandate["signDate"]):
        yield flaw("DATE_MALFORMED", line, "signDate", mandate["signDate"])


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _repeated(mandates: list[Found]) -> Iterator[Found]:
    """Say of every line with a number that another line has too where the others are.

    Lines on which nothing was filled in are to be deleted anyway and do not count.
    """
    filled_in = [mandate for mandate in mandates if not mandate["untouched"]]
    for column, code in (("customerNumber", "NUMBER_TWICE"),
                         ("mandateNumber", "MANDATE_NUMBER_TWICE")):  # fmt: skip
        lines: dict[str, list[int]] = {}
        for mandate in filled_in:
            if mandate[column]:
                lines.setdefault(mandate[column].upper(), []).append(mandate["line"])
        for mandate in filled_in:
            same = lines.get(mandate[column].upper(), [])
            if len(same) > 1:
                yield flaw(code, mandate["line"], column, _others(mandate, column, same))


def _others(mandate: Found, column: str, lines: list[int]) -> str:
    """Say on which other lines the same number stands, a few of them."""
    named = [*islice((str(line) for line in lines if line != mandate["line"]), MOST_NAMED)]
    more = f" and {len(lines) - 1 - len(named)} more" if len(lines) - 1 > len(named) else ""
    return f"{mandate[column]} stands on line {', '.join(named)}{more} too"
