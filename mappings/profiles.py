"""Which profile, that is: how a booking can be paid (guide 3.1-3.3; decisions 4).

In this order: the invoice's custom field; the subscription's custom field; for a customer that
Twikey knows no profile at all, so that the customer's own default in Twikey wins (guide 3.2); for a
new customer the configured profile. A field is read only in advanced mode, and a value that cannot
be a profile holds the booking: paying in a wrong way is worse than waiting.
Example: the field ``" 1421 "`` is profile 1421, the field ``"14x1"`` holds PROFILE_UNKNOWN.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from mappings.frames import mask, text, true
from mappings.rules import PROFILE, Rules
from mappings.texts import fit
from mappings.verdicts import give


class Field(NamedTuple):
    """What a custom field says: a profile, a reason why not, or neither where it is empty."""

    profile: str | None = None
    reason: str | None = None
    detail: str | None = None


class Choice(NamedTuple):
    """The profile of one booking and where it comes from, or the reason for none."""

    ct: str | None
    source: str | None
    reason: str | None = None
    detail: str | None = None


EMPTY = Field()


def read_field(raw_json: str | None, options: Mapping[str, str]) -> Field:
    """Read the profile from a custom field's value, given as JSON text.

    A text, a whole number, a list of one, or the id of an option (guide 3.3; API reference 3.9).
    Blank is empty. Anything else is PROFILE_UNKNOWN, two values are PROFILE_AMBIGUOUS.
    """
    if raw_json is None:
        return EMPTY
    try:
        value = json.loads(raw_json)
    except (ValueError, RecursionError):
        return _unknown(raw_json)
    filled = [one for one in (value if isinstance(value, list) else [value]) if not _blank(one)]
    if len(filled) > 1:
        shown = " and ".join(str(_read(one, options)) for one in filled)
        return Field(reason="PROFILE_AMBIGUOUS", detail=fit(shown, 100))
    if not filled:
        return EMPTY
    return _profile(_read(filled[0], options), raw_json)


def choose_profiles(frame: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Add ``ct`` and ``ct_source``; holds PROFILE_UNKNOWN and PROFILE_AMBIGUOUS."""
    on_invoice = _read_all(frame["invoice_field"], rules.invoice_field_on, rules)
    on_subscription = _read_all(frame["subscription_field"], rules.subscription_field_on, rules)
    rows = zip(on_invoice, on_subscription, true(frame["known"]), strict=True)
    choices = [choose(*row, rules) for row in rows]
    chosen = frame.assign(
        ct=text(frame, [choice.ct for choice in choices]),
        ct_source=text(frame, [choice.source for choice in choices]),
    )
    details = [choice.detail for choice in choices]
    for code in ("PROFILE_UNKNOWN", "PROFILE_AMBIGUOUS"):
        chosen = give(chosen, mask(choice.reason == code for choice in choices), code, details)
    return chosen


def choose(invoice: Field, subscription: Field, known: bool, rules: Rules) -> Choice:  # noqa: FBT001 - one row's value
    """Choose the profile of one booking, in the order of decisions 4."""
    for found, source in ((invoice, "invoice field"), (subscription, "subscription field")):
        if found.reason:
            return Choice(None, None, found.reason, f"{found.detail} ({source})")
        if found.profile:
            return Choice(found.profile, source)
    if known:
        return Choice(None, "customer's own")
    if rules.unknown_customers == "profile":
        return Choice(rules.new_customer_profile, "new customer")
    return Choice(None, "left to Twikey")


def hold_currencies(frame: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Hold CURRENCY where the booking's currency is not its profile's (decisions 3).

    Twikey's invoices have no currency (API reference 10-30), so a figure in another one would be
    collected as euro. A customer's own default profile counts as EUR.
    """
    currencies, profiles = frame["currency"].tolist(), frame["ct"].tolist()
    wrong = mask(
        currency != rules.currency_of(profile)
        for currency, profile in zip(currencies, profiles, strict=True)
    )
    return give(frame, wrong, "CURRENCY", [currency or "no currency" for currency in currencies])


def _profile(value: Any, raw_json: str) -> Field:
    """Tell whether one filled value is a profile; an option may stand for blank."""
    if not isinstance(value, str):
        return _unknown(raw_json)
    if not value:
        return EMPTY
    return Field(profile=value) if PROFILE.fullmatch(value) else _unknown(value)


def _read_all(raw: Iterable[str | None], on: bool, rules: Rules) -> list[Field]:  # noqa: FBT001 - a setting
    """Read a column of fields, each distinct value once; simple mode reads none (guide 3.3)."""
    listed = list(raw)
    if not on:
        return [EMPTY] * len(listed)
    found = {one: read_field(one, rules.options) for one in set(listed)}
    return [found[one] for one in listed]


def _read(value: Any, options: Mapping[str, str]) -> Any:
    """Give the text of a value, or of the option it is the id of; other kinds stay as they are."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**18 else "a very large number"
    if isinstance(value, str):
        return options.get(value.strip(), value).strip()
    return value


def _blank(value: Any) -> bool:
    """Tell a value that means nothing was chosen."""
    return value is None or (isinstance(value, str) and not value.strip())


def _unknown(value: str) -> Field:
    """Say that a value is no profile."""
    return Field(reason="PROFILE_UNKNOWN", detail=f"'{fit(value, 60)}' is not a profile's number")
