"""Account numbers: whether one can be an IBAN at all (ISO 13616)."""

from __future__ import annotations

import re

SHAPE = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
LENGTHS = {"BE": 16, "NL": 18, "LU": 20, "DE": 22, "FR": 27, "GB": 22, "ES": 24, "IT": 27, "AT": 20,
           "PT": 25, "IE": 22, "PL": 28, "DK": 18, "SE": 24, "FI": 18, "CH": 21}  # fmt: skip
BLANKS = re.compile(r"[\s.\-]")


def iban(written: str) -> str:
    """Return an account number as IBANs are kept: capitals, without blanks, dots and dashes."""
    return BLANKS.sub("", written).upper()


def is_iban(written: str) -> bool:
    """Tell whether shape, the country's length and the check digits (mod 97) are right."""
    number = iban(written)
    if not SHAPE.fullmatch(number) or len(number) != LENGTHS.get(number[:2], len(number)):
        return False
    if not 2 <= int(number[2:4]) <= 98:  # 00, 01 and 99 would pass the sum, but are never given
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1
