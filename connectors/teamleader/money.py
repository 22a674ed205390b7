"""Money between JSON numbers in units and integer cents, exact to the cent both ways.

Teamleader writes ``121``, ``121.5`` or ``121.50``, never text (API reference 1.3).
"""

from __future__ import annotations


def cents(amount: float) -> int:
    """Return a JSON number of units as cents.

    Exact: it must be the very number that two decimals spell, else ``ValueError``. Up to ten
    million million units, two decimals and the nearest binary number stand for each other.
    """
    whole = round(amount * 100)
    if whole / 100 != amount:
        raise ValueError(f"{amount!r} has more than two decimals")
    return whole


def units(amount_cents: int) -> int | float:
    """Return cents as the JSON number of units: ``242`` for 24200, ``60.5`` for 6050."""
    return amount_cents / 100 if amount_cents % 100 else amount_cents // 100
