"""Languages: what Twikey speaks, and the title of a booking in it.

Twikey knows seven languages by two letters; Teamleader's customers may carry others, some of them
country codes such as ``jp`` (Teamleader API reference 3.8, Twikey API reference 2.2 and 2.3). A
language that Twikey does not know is left out of the customer, and the title is in the configured
language, which is English. Example: ``nl-BE`` is ``nl``, and its title "Factuur 2026 / 417".
"""

from __future__ import annotations

import pandas as pd

from mappings.frames import text
from mappings.texts import fit

TITLES = {
    "en": ("Invoice", "Credit note"),
    "nl": ("Factuur", "Creditnota"),
    "fr": ("Facture", "Note de crédit"),
    "de": ("Rechnung", "Gutschrift"),
    "it": ("Fattura", "Nota di credito"),
    "es": ("Factura", "Nota de crédito"),
    "pt": ("Fatura", "Nota de crédito"),
}
LANGUAGES = tuple(TITLES)
TITLE_LENGTH = 140


def language(code: str | None) -> str | None:
    """Give the two letters that Twikey knows for a language or a regional form of it, or None."""
    spoken = (code or "").strip().lower().replace("_", "-").partition("-")[0]
    return spoken if spoken in TITLES else None


def title(kind: str, number: str | None, locale: str) -> str:
    """Name a booking to its customer; ``number`` is Teamleader's own, which stands on the PDF."""
    invoice, credit_note = TITLES[locale]
    name = credit_note if kind == "credit_note" else invoice
    return fit(f"{name} {number or ''}", TITLE_LENGTH) or name


def name_in_language(frame: pd.DataFrame, default_locale: str) -> pd.DataFrame:
    """Add ``locale`` and ``title`` by the customer's ``language``."""
    locales = [language(code) or default_locale for code in frame["language"]]
    named = zip(frame["kind"], frame["printed_number"], locales, strict=True)
    return frame.assign(
        locale=text(frame, locales),
        title=text(frame, [title(kind, number, locale) for kind, number, locale in named]),
    )
