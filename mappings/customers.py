"""Customers: Teamleader's words into Twikey's, one way only (guide 4, 12).

The customer number at Twikey is Teamleader's id, always: that is the one-to-one link, and it makes
a customer without VAT number or e-mail one customer however often it comes by. A company has a
company name, a contact a first and a last name. Names and addresses are cut to Twikey's lengths
with a notice; what Twikey could not take (a country that is not two letters, a mobile number that
cannot be read) is left out.
"""

from __future__ import annotations

import re

import pandas as pd

from mappings.emails import recipients
from mappings.frames import TEXT, Shape, flag, look_up, mask, text, true
from mappings.languages import language
from mappings.phones import international
from mappings.texts import clean, printable, shorten
from mappings.verdicts import give, note

LENGTHS = {
    "companyName": 140,
    "firstname": 50,
    "lastname": 50,
    "address": 70,
    "zip": 50,
    "city": 50,
}
"""What may be cut, and where (Twikey API reference 2.3)."""

CODE_LENGTH = 50
NOT_A_CODE = re.compile(r"[^A-Z0-9]")
COUNTRY = re.compile(r"[A-Z]{2}")

PARTS = (*LENGTHS, "coc", "vatno", "l", "country", "mobile", "email")
DESCRIBED: Shape = {"id": TEXT, **dict.fromkeys(PARTS, TEXT)}
"""Customers in Twikey's words (Twikey API reference 2.3)."""

NEEDED = ["id", "known", "language", "email", "invoicing_email"]


def describe(customers: pd.DataFrame) -> pd.DataFrame:
    """Put CUSTOMERS into Twikey's words, shape DESCRIBED, row for row."""
    whole = _texts(customers)
    countries = [country(one) for one in customers["country"]]
    mails = zip(customers["email"], customers["invoicing_email"], strict=True)
    phones = zip(customers["mobile"], countries, strict=True)
    parts = {
        **{part: _cut(LENGTHS[part], found) for part, found in whole.items()},
        "coc": [code(one) for one in customers["enterprise_number"]],
        "vatno": [code(one) for one in customers["vat_number"]],
        "l": [language(one) for one in customers["language"]],
        "country": countries,
        "mobile": [international(clean(number), where) for number, where in phones],
        "email": [recipients(own, invoicing, None).email for own, invoicing in mails],
    }
    described = {part: text(customers, found) for part, found in parts.items()}
    return customers[["id"]].assign(**described)


def match_customers(bookings: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Add what the rules need of each booking's customer; hold CUSTOMER_MISSING and CUSTOMER_GONE.

    Added: ``known``, ``language``, ``primary_email``, ``invoicing_email``, and
    ``describe_customer`` (Twikey does not have this customer: the booking carries all of it). A
    described name or address that was cut is noted SHORTENED.
    """
    wanted = customers[customers["id"].isin(bookings["customer_id"])]
    wanted = wanted[NEEDED].assign(shortened=flag(wanted, _shortened(wanted)))
    found = look_up(bookings["customer_id"], wanted, "id").set_axis(bookings.index)
    matched = bookings.assign(
        known=found["known"],
        language=found["language"],
        primary_email=found["email"],
        invoicing_email=found["invoicing_email"],
        describe_customer=flag(bookings, ~true(found["known"])),
    )
    numbers = [printable(one) for one in bookings["customer_id"]]
    return (
        matched.pipe(give, mask(one is None for one in numbers), "CUSTOMER_MISSING")
        .pipe(give, found["id"].isna().to_numpy(dtype=bool), "CUSTOMER_GONE", numbers)
        .pipe(note, true(matched["describe_customer"]) & true(found["shortened"]), "SHORTENED")
    )


def code(value: str | None) -> str | None:
    """Write a VAT or enterprise number in capitals without dots and blanks; too long is none."""
    bare = NOT_A_CODE.sub("", (value or "").upper())
    return bare if 0 < len(bare) <= CODE_LENGTH else None


def country(value: str | None) -> str | None:
    """Give a country's two letters in capitals, or None for anything else."""
    letters = (value or "").strip().upper()
    return letters if COUNTRY.fullmatch(letters) else None


def _texts(customers: pd.DataFrame) -> dict[str, list[str | None]]:
    """Give the names and addresses, cleaned and not yet cut; only companies have a company name."""
    company = (customers["type"] == "company").to_numpy(dtype=bool)
    everyone = company | True
    columns = {
        "companyName": ("company_name", company),
        "firstname": ("first_name", ~company),
        "lastname": ("last_name", ~company),
        "address": ("street", everyone),
        "zip": ("postal_code", everyone),
        "city": ("city", everyone),
    }
    return {
        part: [clean(one) if yes else None for one, yes in zip(customers[name], where, strict=True)]
        for part, (name, where) in columns.items()
    }


def _shortened(customers: pd.DataFrame) -> list[bool]:
    """Tell the customers of whom a name or an address has to be cut."""
    over = [
        [one is not None and len(one) > LENGTHS[part] for one in found]
        for part, found in _texts(customers).items()
    ]
    return [any(row) for row in zip(*over, strict=True)]


def _cut(length: int, found: list[str | None]) -> list[str | None]:
    """Cut the texts of a column to what Twikey takes."""
    return [None if one is None else shorten(one, length) for one in found]
