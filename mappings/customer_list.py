"""Customers as CSV tables: the list of guide 10, and the template for their signed mandates.

Both show the customers that Twikey has, under the number that links the two sides: Teamleader's id
(guide 4, 10). The template has the columns of Twikey's own import of signed mandates (API reference
5.8), with what is known of each customer filled in. A mobile number begins with ``00`` there, which
Twikey takes as well as ``+`` (API reference 2.3), because a spreadsheet would run a ``+``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from connectors.twikey.records import Mandate
from mappings.customers import describe
from mappings.frames import CUSTOMERS, FLAG, Shape, text, true, values

LISTED: Shape = {**CUSTOMERS, "gone": FLAG}
"""The customers of the ledger; ``gone`` says that Teamleader no longer has one."""

EXPORTED = ("customerNumber", "name", "email", "language", "mandate_count", "mandates")
"""The customer list. ``mandate_count`` is empty where Twikey was not asked; the numbers of signed
mandates stand in ``mandates`` with a blank between them."""

TEMPLATE = (
    "customerNumber", "mandateNumber", "iban", "bic", "signDate", "email", "l", "companyName",
    "lastname", "firstname", "mobile", "coc", "address", "zip", "city", "country",
)  # fmt: skip
"""The template's columns, all of them Twikey's own (API reference 5.8)."""

FILLED_IN_BY_HAND = ("mandateNumber", "iban", "bic", "signDate")
SAME_IN_TWIKEY = tuple(
    name for name in TEMPLATE if name not in ("customerNumber", "mobile", *FILLED_IN_BY_HAND)
)


def in_twikey(customers: pd.DataFrame) -> pd.DataFrame:
    """Keep the LISTED customers that Twikey has and Teamleader still has."""
    kept = true(customers["known"]) & ~true(customers["gone"])
    return customers[kept].reset_index(drop=True)


def customer_list(
    customers: pd.DataFrame, mandates: Mapping[str, Sequence[Mandate]]
) -> pd.DataFrame:
    """Return the table EXPORTED for LISTED customers; ``mandates`` are the signed ones by id.

    A customer that is not in ``mandates`` was not asked for.
    """
    shown = in_twikey(customers)
    described = describe(shown)
    ids = values(shown["id"])
    asked = [mandates.get(one) for one in ids]
    numbers = [[m.number for m in found or () if m.state in ("", "SIGNED")] for found in asked]
    columns = {
        "customerNumber": ids,
        "name": names(shown),
        "email": described["email"],
        "language": described["l"],
        "mandate_count": [
            None if found is None else str(len(signed))
            for found, signed in zip(asked, numbers, strict=True)
        ],
        "mandates": [" ".join(signed) for signed in numbers],
    }
    return _table(shown, columns)


def mandate_template(customers: pd.DataFrame) -> pd.DataFrame:
    """Return the table TEMPLATE for LISTED customers: one row each, the mandate to be filled in."""
    shown = in_twikey(customers)
    described = describe(shown)
    columns = {
        "customerNumber": values(shown["id"]),
        **{name: [None] * len(shown) for name in FILLED_IN_BY_HAND},
        **{name: described[name] for name in SAME_IN_TWIKEY},
        "mobile": [one and "00" + one.removeprefix("+") for one in values(described["mobile"])],
    }
    return _table(shown, {name: columns[name] for name in TEMPLATE})


def names(customers: pd.DataFrame) -> list[str]:
    """Return the name of each customer as people write it."""
    described = describe(customers)
    parts = (values(described[name]) for name in ("companyName", "firstname", "lastname"))
    return [" ".join(part for part in row if part) for row in zip(*parts, strict=True)]


def _table(customers: pd.DataFrame, columns: Mapping[str, object]) -> pd.DataFrame:
    made = {name: text(customers, found) for name, found in columns.items()}  # type: ignore[arg-type]  # lists and columns alike
    return pd.DataFrame(made, index=customers.index)
