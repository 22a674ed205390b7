"""What a value in a request must look like, one check per kind (API reference 1.2, 1.3, 2.3).

A check takes the name and the value and raises `Refused`; titles follow "<name> must be ...".
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from tests.sandbox.refusals import Refused
from tests.sandbox.world import Rules

Check = Callable[[str, Any, Rules], None]

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DAY = re.compile(r"\d{4}-\d\d-\d\d")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_CURRENCIES = (
    "BAM CAD CHF CLP CNY COP CZK DKK EUR GBP INR ISK JPY MAD MXN NOK PEN PLN RON SEK TRY USD ZAR"
)


def uuid(name: str, value: Any, rules: Rules) -> None:
    """A lower-case id of 8-4-4-4-12 hexadecimal digits, any version."""
    if not isinstance(value, str) or not UUID.fullmatch(value):
        raise Refused(f"{name} must be a valid UUID")


def uuids(name: str, value: Any, rules: Rules) -> None:
    """A list of ids, no longer than the limit."""
    _list(name, value)
    if len(value) > rules.max_ids:
        raise Refused(f"{name} must have at most {rules.max_ids} items")
    for one in value:
        uuid(name, one, rules)


def text(name: str, value: Any, rules: Rules) -> None:
    """A string that is not empty."""
    if not isinstance(value, str) or not value:
        raise Refused(f"{name} must be a string")


def texts(name: str, value: Any, rules: Rules) -> None:
    """A list of strings."""
    _list(name, value)
    for one in value:
        text(name, one, rules)


def boolean(name: str, value: Any, rules: Rules) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise Refused(f"{name} must be a boolean")


def day(name: str, value: Any, rules: Rules) -> None:
    """A calendar day without time (quirk 24)."""
    if not isinstance(value, str) or not DAY.fullmatch(value):
        raise Refused(f"{name} must be valid")
    try:
        date.fromisoformat(value)
    except ValueError:
        raise Refused(f"{name} must be valid") from None


def instant(name: str, value: Any, rules: Rules) -> None:
    """A full datetime with offset; no ``Z`` and no fraction (quirks 23, 24)."""
    if not isinstance(value, str) or not (match := INSTANT.fullmatch(value)):
        raise Refused(f"{name} must be valid")
    if rules.strict_datetimes and (match[1] or match[2] == "Z"):
        raise Refused(f"{name} must be valid")
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise Refused(f"{name} must be valid") from None


def one_of(*words: str) -> Check:
    """One word out of these."""

    def check(name: str, value: Any, rules: Rules) -> None:
        if not isinstance(value, str) or value not in words:
            raise Refused(f"{name} must be in {{{', '.join(words)}}}")

    return check


def some_of(*words: str) -> Check:
    """A list of words out of these; a bare string is refused (quirk 7)."""
    single = one_of(*words)

    def check(name: str, value: Any, rules: Rules) -> None:
        _list(name, value)
        for one in value:
            single(name, one, rules)

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these keys and no others."""
    known = {**required, **(optional or {})}

    def check(name: str, value: Any, rules: Rules) -> None:
        if not isinstance(value, dict):
            raise Refused(f"{name} must be an object")
        for key in required:
            if key not in value:
                raise Refused(f"{key} must be present")
        for key, part in value.items():
            if key in known:
                known[key](key, part, rules)
            elif rules.unknown_keys == "refuse":
                raise Refused(f"{key} is not expected in {name}")

    return check


def amount(name: str, value: Any, rules: Rules) -> None:
    """A JSON number of units, above zero, with at most two decimals."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{name} must be a number")
    if not 0 < value < 10**12 or abs(round(value * 100) - value * 100) > 1e-6:
        raise Refused(f"{name} must be valid")


customer = shape({"type": one_of("contact", "company"), "id": uuid})
email = shape({"type": one_of("primary"), "email": text})
currency = one_of(*_CURRENCIES.split())
money = shape({"amount": amount, "currency": currency})


def _list(name: str, value: Any) -> None:
    if not isinstance(value, list):
        raise Refused(f"{name} must be an array")
