"""Mobile numbers, as Twikey wants them: international (Twikey API reference 2.3).

Teamleader's are free text; without ``+`` or ``00`` the country of the address decides (Teamleader
API reference 3.8), for the five countries whose way of writing is certain. What cannot be read is
left out: a text message to a stranger is worse than none. Example: ``0499 12 34 45`` in Belgium is
``+32499123445``.
"""

from __future__ import annotations

import re

CODES = {"BE": "32", "NL": "31", "FR": "33", "DE": "49", "LU": "352"}
WITHOUT_ZERO = "LU"
TRUNK_ZERO = re.compile(r"\(\s*0\s*\)")
PUNCTUATION = re.compile(r"[\s().\-/]")
INTERNATIONAL = re.compile(r"\+[1-9][0-9]{7,14}")


def international(number: str | None, country: str | None) -> str | None:
    """Write a number with ``+`` and its country's code, or None where that cannot be known."""
    bare = PUNCTUATION.sub("", TRUNK_ZERO.sub("", number or ""))
    code = CODES.get(country or "")
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    elif code and country == WITHOUT_ZERO and not bare.startswith(("+", "0")):
        bare = f"+{code}{bare}"
    elif code and country != WITHOUT_ZERO and bare.startswith("0"):
        bare = f"+{code}{bare[1:]}"
    return bare if INTERNATIONAL.fullmatch(bare) else None
