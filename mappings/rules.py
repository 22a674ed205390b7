"""The settings that the mappings need, as plain values (guide 2, 3; decisions 3, 4, 9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from mappings.languages import LANGUAGES

PROFILE = re.compile(r"[0-9]{1,4}")
"""A profile's number: at most four digits (Twikey's contract, API reference 2.2 and 6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRule:
    """What is declared about one Twikey profile: currency, who invites, whether after the PDF."""

    currency: str = "EUR"
    invitation: Literal["twikey", "job", "off"] = "twikey"
    needs_pdf: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The values that decide; nothing here is read from a clock, a file or the environment.

    ``options`` maps an option of the custom fields to its value, ``department_names`` serves
    messages only, ``today`` is the day in the connection's time zone. Raises ValueError where a
    value could never be sent.
    """

    new_customer_profile: str
    today: str
    unknown_customers: Literal["profile", "omit"] = "profile"
    profiles: Mapping[str, ProfileRule] = field(default_factory=dict)
    number_prefix: Mapping[str, str] = field(default_factory=dict)
    credit_note_number: str = "CN{number}"
    departments: tuple[str, ...] = ()
    department_names: Mapping[str, str] = field(default_factory=dict)
    invoice_field_on: bool = False
    subscription_field_on: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    campaign: str | None = None
    default_locale: str = "en"

    def __post_init__(self) -> None:
        if not PROFILE.fullmatch(self.new_customer_profile):
            raise ValueError("new_customer_profile is not a number of one to four digits")
        if self.default_locale not in LANGUAGES:
            raise ValueError("default_locale is not one of " + ", ".join(LANGUAGES))
        if "{number}" not in self.credit_note_number:
            raise ValueError("credit_note_number does not contain {number}")

    def currency_of(self, profile: str | None) -> str:
        """Name the currency of a profile: EUR unless declared otherwise (decisions 3)."""
        declared = self.profiles.get(profile) if profile else None
        return declared.currency if declared else "EUR"

    def department_name(self, department_id: str | None) -> str:
        """Name a department for a message."""
        return self.department_names.get(department_id or "") or department_id or "unknown"
