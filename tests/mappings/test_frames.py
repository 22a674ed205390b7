"""Frames have one declared shape, with rows or without."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd
import pytest

from connectors.teamleader.records import Customer
from mappings.frames import (
    BOOKINGS,
    CENTS,
    CUSTOMERS,
    FLAG,
    PLAN,
    TAKEN,
    TEXT,
    Shape,
    frame,
    look_up,
    rows,
)
from tests.mappings.sample import booking, customer, taken

SMALL: Shape = {"name": TEXT, "amount": CENTS, "paid": FLAG}


class Row(NamedTuple):
    """A record with one field too many, in another order."""

    paid: bool
    name: str | None
    amount: int | None
    more: str


@pytest.mark.parametrize(
    ("shape", "row"), [(BOOKINGS, booking()), (CUSTOMERS, customer()), (TAKEN, taken()), (PLAN, {})]
)
def test_an_empty_frame_has_the_types_of_a_full_one(shape: Shape, row: dict[str, object]) -> None:
    """Columns and dtypes do not depend on the number of rows or on missing values."""
    assert frame([], shape).dtypes.to_dict() == dict(frame([row], shape).dtypes)
    assert {name: str(dtype) for name, dtype in frame([], shape).dtypes.items()} == dict(shape)


def test_rows_may_be_sequences_mappings_or_records() -> None:
    """A ledger's tuples, dictionaries and named tuples give the same frame."""
    expected = [{"name": None, "amount": 12, "paid": True}]
    assert rows(frame([(None, 12, 1)], SMALL)) == expected
    assert rows(frame([{"amount": 12, "paid": True}], SMALL)) == expected
    assert rows(frame([Row(paid=True, name=None, amount=12, more="x")], SMALL)) == expected


def test_a_customer_record_fits_the_customers_frame() -> None:
    """What the connector gives becomes a row; what it does not know (``known``) is missing."""
    blank = dict.fromkeys(Customer.__dataclass_fields__)
    made = frame([Customer(**{**blank, "id": "c", "type": "contact"})], CUSTOMERS)  # type: ignore[arg-type]  # a blank record
    assert rows(made)[0]["id"] == "c"
    assert rows(made)[0]["known"] is None


def test_values_come_out_as_plain_python() -> None:
    """Numbers and flags can go straight into JSON or a database."""
    (out,) = rows(frame([("a", 5, 0)], SMALL))
    assert [type(value) for value in out.values()] == [str, int, bool]


def test_every_kind_of_missing_comes_out_as_none() -> None:
    """None, NaN and NA are one thing outside of a frame."""
    table = pd.DataFrame({"a": pd.Series([None, float("nan"), pd.NA], dtype=object)})
    assert rows(table) == [{"a": None}] * 3


def test_a_row_of_the_wrong_length_is_refused() -> None:
    """A sequence that does not fit the shape is a mistake of ours and stops at once."""
    with pytest.raises(ValueError, match="zip"):
        frame([("a", 5)], SMALL)


def test_a_broken_character_passes_through_a_frame() -> None:
    """Half a character in a name must not end a run."""
    assert rows(frame([("\ud800", None, None)], SMALL))[0]["name"] == "\ud800"


def test_look_up_gives_blanks_for_unknown_keys() -> None:
    """The answer is in the order of the keys and keeps the types; the last of a double counts."""
    table = frame([("a", 1, True), ("b", 2, False), ("a", 3, True)], SMALL)
    found = look_up(["b", "?", "a", None], table, "name")
    assert rows(found[["amount"]]) == [{"amount": value} for value in (2, None, 3, None)]
    assert dict(found.dtypes) == dict(table.dtypes)
