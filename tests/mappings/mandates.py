"""Customers and the columns of a file of mandates, as the tests of such files have them."""

from __future__ import annotations

import pandas as pd

from mappings.customer_list import LISTED
from mappings.frames import frame

ANNA = "2d8309e1-a005-0d4c-8674-5eb981ecd2c3"
BETA = "f47ac10b-58cc-0372-a567-0e02b2c3d479"
HELD = "c56bd20a-12ab-0f8e-9c3d-1a2b3c4d5e6f"
LOST = "d56bd20a-12ab-0f8e-9c3d-1a2b3c4d5e6f"
STRANGER = "e56bd20a-12ab-0f8e-9c3d-1a2b3c4d5e6f"
IBAN = "BE68539007547034"
OTHER_IBAN = "NL95BUNQ2025545371"
HEADER = "customerNumber,mandateNumber,iban,signDate"


def listed() -> pd.DataFrame:
    """Return four customers: two in Twikey, one not yet, one that Teamleader no longer has."""
    return frame(
        [
            {"id": ANNA, "type": "contact", "first_name": "Anna", "last_name": "=cmd()",
             "email": "anna@x.example", "language": "nl", "mobile": "0499123445", "country": "BE",
             "known": True, "gone": False},
            {"id": BETA, "type": "company", "company_name": "Beta NV", "known": True,
             "gone": False},
            {"id": HELD, "type": "company", "company_name": "Gamma", "known": False,
             "gone": False},
            {"id": LOST, "type": "company", "company_name": "Delta", "known": True, "gone": True},
        ],
        LISTED,
    )  # fmt: skip
