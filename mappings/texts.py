"""Texts that Twikey and a bank statement can carry: cleaned, and cut where a cut does no harm.

Control characters, marks that turn the direction of writing, invisible blanks and broken
characters go; blanks and line ends become one blank. Names, addresses and titles may be shortened
with a notice; a number, a customer number or an e-mail address is never (Twikey API reference 13,
unknown 32).
"""

from __future__ import annotations

import re

UNPRINTABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters that are not blanks
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction of writing
    "\u00ad\u200b\u2060\ufeff"  # invisible
    "\ud800-\udfff\ufffe\uffff]"  # halves of a character, and no characters at all
)
BREAKS = re.compile("\r\n|[\t-\r\x1c-\x1f\x85\u2028\u2029]")


def printable(value: str | None) -> str | None:
    """Drop what cannot be shown and the blanks around; nothing left is None.

    Blanks inside stay as many as they are; a tab or a line end is one of them.
    """
    shown = _shown(value or "")
    return (shown if shown.isprintable() else BREAKS.sub(" ", shown)).strip() or None


def clean(value: str | None) -> str | None:
    """Drop what cannot be shown and make all blanks single; nothing left is None."""
    return " ".join(_shown(value or "").split()) or None


def many(count: int, thing: str) -> str:
    """Say how many of a thing: ``1 payment``, ``0 payments``, ``12 payments``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def need_you(count: int) -> str:
    """Say how many things a person must see to: ``1 needs you``, ``3 need you``."""
    return f"{count} needs you" if count == 1 else f"{count} need you"


def shorten(value: str, length: int) -> str:
    """Cut a cleaned text to ``length`` characters."""
    return value if len(value) <= length else value[:length].rstrip()


def fit(value: str | None, length: int) -> str | None:
    """Clean a text and cut it to ``length`` characters."""
    cleaned = clean(value)
    return None if cleaned is None else shorten(cleaned, length)


def _shown(value: str) -> str:
    """Drop what cannot be shown; nearly every text passes the quick look."""
    return value if value.isprintable() else UNPRINTABLE.sub("", value)
