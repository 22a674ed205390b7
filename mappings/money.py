"""Amounts as people read them, the same in every report: -123456 is ``-EUR 1,234.56``."""

from __future__ import annotations


def money(amount_cents: int | None, currency: str | None) -> str:
    """Write cents with their currency; ``nothing`` when there is no amount."""
    if amount_cents is None:
        return "nothing"
    whole, rest = divmod(abs(amount_cents), 100)
    return f"{'-' * (amount_cents < 0)}{currency or 'EUR'} {whole:,}.{rest:02}"


def euro(amount_cents: int) -> str:
    """Write euro cents: 1240810 is ``EUR 12,408.10``."""
    return money(amount_cents, "EUR")
