"""Whose each mandate is to be: what a file asks for against what stands in Twikey (guide 10).

Only a signed mandate is linked, only to a customer that Twikey has, and only when the account in
the file, where there is one, is the mandate's. One that belongs to another Teamleader customer is
held unless the operator says ``move``: a debit would leave from somebody else's account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from connectors.twikey.records import MandateDetail
from mappings.customer_list import names
from mappings.frames import CENTS, TEXT, Shape, frame, rows
from mappings.ibans import iban
from mappings.mandate_files import ID
from mappings.mandate_flaws import flaw, flaws

LINKS: Shape = {
    "line": CENTS, "mandate": TEXT, "customerNumber": TEXT, "name": TEXT, "holder": TEXT,
    "was": TEXT, "action": TEXT,
}  # fmt: skip
"""One row per row of the file. ``mandate`` is in Twikey's spelling, ``holder`` and ``was`` are the
name and the customer number that it has there now; ``action`` is ``link``, ``known`` (linked
already), ``held``, ``skipped`` (nothing filled in) or ``left`` (Twikey was not asked)."""


def plan(
    mandates: pd.DataFrame,
    customers: pd.DataFrame,
    found: Mapping[str, MandateDetail | None],
    in_doubt: Mapping[str, str],
    *,
    move: bool,
    renamed: Mapping[str, Sequence[str]] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return LINKS and FLAWS for the MANDATES of a file and LISTED customers.

    ``found`` holds the mandates by their number in the file, None for one that Twikey does not
    have; one that is not in it was not asked for. ``in_doubt`` is mandate to customer of links
    whose answer was lost and that may still arrive. ``renamed`` is number to customers whose
    invoices stand under it in Twikey although it is not their Teamleader id.
    """
    owners = renamed or {}
    called = dict(zip(customers["id"], names(customers), strict=True))
    made, wrong = [], []
    for row in rows(mandates):
        detail = found.get(row["mandateNumber"])
        action, code, text = _decide(row, found, in_doubt, called, owners, move=move)
        if code:
            wrong.append(flaw(code, row["line"], "mandateNumber", text))
        made.append({
            **row, "action": action, "mandate": detail.number if detail else row["mandateNumber"],
            "holder": detail and detail.holder, "was": detail and detail.customer_number,
        })  # fmt: skip
    return frame([{name: row[name] for name in LINKS} for row in made], LINKS), flaws(wrong)


def _decide(
    row: Mapping[str, Any],
    found: Mapping[str, MandateDetail | None],
    in_doubt: Mapping[str, str],
    called: Mapping[str, str],
    renamed: Mapping[str, Sequence[str]],
    *,
    move: bool,
) -> tuple[str, str | None, str]:
    """Return the action for one row; where it is held here, the code and its facts as well."""
    number = row["mandateNumber"]
    if row["untouched"]:
        return "skipped", None, ""
    if not row["usable"]:
        return "held", None, ""
    if number not in found:
        return "left", None, ""
    detail = found[number]
    if detail is None:
        return "held", "NOT_AT_TWIKEY", number
    if in_doubt.get(detail.number, row["customerNumber"]) != row["customerNumber"]:
        return "held", "WAITS", detail.number
    return _compare(row, detail, called, renamed, move=move)


def _compare(
    row: Mapping[str, Any],
    detail: MandateDetail,
    called: Mapping[str, str],
    renamed: Mapping[str, Sequence[str]],
    *,
    move: bool,
) -> tuple[str, str | None, str]:
    """Decide by what the mandate is in Twikey now."""
    was, wanted = detail.customer_number, row["customerNumber"]
    if not detail.signed:
        return "held", "NOT_SIGNED", detail.number
    if row["iban"] and detail.iban and iban(row["iban"]) != iban(detail.iban):
        return "held", "OTHER_IBAN", detail.number
    if was == wanted:
        return "known", None, ""
    others = [each for each in renamed.get(was or "", ()) if each != wanted]
    others += _namesakes(detail.holder, wanted, called)
    if was and not move and (was in called or others or ID.fullmatch(was.lower())):
        known = called.get(was) or next((called[each] for each in others if each in called), None)
        holder = known or detail.holder or "without a name"
        return "held", "OTHER_CUSTOMER", f"{detail.number} belongs to {holder} ({was})"
    return "link", None, ""


def _namesakes(holder: str | None, wanted: str, called: Mapping[str, str]) -> list[str]:
    """Return the customers that are called as the holder of a mandate, if the wanted one is not.

    A number that was changed in Twikey leads nowhere, and its feed may not have shown it yet.
    """
    name = (holder or "").strip().casefold()
    found = [each for each, one in called.items() if name and one.strip().casefold() == name]
    return [] if wanted in found else found
