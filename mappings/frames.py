"""The declared shapes of every frame: one way in, one way out.

The commonest batch is the empty one, and pandas types an empty or an all-missing column
differently from a full one. So each shape is written down once, and every frame has exactly its
columns and dtypes, with rows or without.

Text is ``object`` and a missing text is None: a ``str`` column may be stored by pyarrow where that
is installed, which refuses the broken characters (lone surrogates) that a name can hold. Cents are
``Int64``, yes-or-no is ``boolean``; a missing one is ``pd.NA``. Dates are text, ``YYYY-MM-DD``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from operator import attrgetter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Shape = Mapping[str, str]
Mask = npt.NDArray[np.bool_]

TEXT, CENTS, FLAG = "object", "Int64", "boolean"

BOOKINGS: Shape = {
    "id": TEXT,
    "kind": TEXT,
    "number": TEXT,
    "department_id": TEXT,
    "status": TEXT,
    "issued_on": TEXT,
    "due_on": TEXT,
    "paid": FLAG,
    "payable_cents": CENTS,
    "due_cents": CENTS,
    "currency": TEXT,
    "due_currency": TEXT,
    "payment_reference": TEXT,
    "customer_type": TEXT,
    "customer_id": TEXT,
    "invoicee_name": TEXT,
    "attention_of": TEXT,
    "subscription_id": TEXT,
    "related_id": TEXT,
    "related_number": TEXT,
    "invoice_field": TEXT,
    "subscription_field": TEXT,
    "invoice_email": TEXT,
    "on_hold_since": TEXT,
    "confirmed": FLAG,
    "source_problem": TEXT,
    "source_detail": TEXT,
}
"""What the ledger knows of bookings that want a decision.

``related_number`` is the number, at Twikey, of the invoice that a credit note belongs to, where we
sent it. The two ``*_field`` columns hold a custom field's value as JSON text. ``confirmed`` says
that the operator released the booking by hand. ``source_problem`` is a reason that was found while
gathering, ``source_detail`` its facts.
"""

CUSTOMERS: Shape = {
    "id": TEXT,
    "type": TEXT,
    "status": TEXT,
    "company_name": TEXT,
    "first_name": TEXT,
    "last_name": TEXT,
    "email": TEXT,
    "invoicing_email": TEXT,
    "vat_number": TEXT,
    "enterprise_number": TEXT,
    "language": TEXT,
    "street": TEXT,
    "postal_code": TEXT,
    "city": TEXT,
    "country": TEXT,
    "mobile": TEXT,
    "updated_at": TEXT,
    "web_url": TEXT,
    "known": FLAG,
}
"""Teamleader's customers; ``known`` says that Twikey has them (created or seen by our ledger)."""

TAKEN: Shape = {
    "number": TEXT,
    "holder": TEXT,
    "holder_id": TEXT,
    "department_id": TEXT,
    "department_name": TEXT,
    "amount_cents": CENTS,
    "issued_on": TEXT,
    "customer_number": TEXT,
    "ref": TEXT,
    "state": TEXT,
    "gone": FLAG,
}
"""Twikey numbers in use. ``holder`` is ``ledger`` (``holder_id`` is Teamleader's id) or ``twikey``
(Twikey's id); ``gone`` says that the holder was deleted in Teamleader; cents are signed."""

PLAN: Shape = {
    **BOOKINGS,
    "action": TEXT,
    "reason": TEXT,
    "detail": TEXT,
    "notices": TEXT,
    "twikey_number": TEXT,
    "ct": TEXT,
    "ct_source": TEXT,
    "amount_cents": CENTS,
    "paid_cents": CENTS,
    "title": TEXT,
    "locale": TEXT,
    "remittance": TEXT,
    "email": TEXT,
    "cc": TEXT,
    "campaign": TEXT,
    "manual": FLAG,
    "describe_customer": FLAG,
}
"""What is to be done with each booking; see :func:`mappings.bookings.plan`."""


def column(values: Iterable[Any], dtype: str, index: pd.Index[Any] | None = None) -> pd.Series:
    """Make a column of a declared dtype; None is missing, 0 and 1 are good for a flag."""
    listed = list(values)
    if dtype == FLAG:
        listed = [None if value is None or value is pd.NA else bool(value) for value in listed]
    made = listed if dtype == TEXT else pd.array(listed, dtype=dtype)  # type: ignore[call-overload]  # one of three names; the stubs want a literal
    return pd.Series(made, index=index, dtype=dtype)


def text(frame: pd.DataFrame, values: Iterable[Any]) -> pd.Series:
    """Make a text column for ``frame``."""
    return column(values, TEXT, frame.index)


def cents(frame: pd.DataFrame, values: Iterable[Any]) -> pd.Series:
    """Make a column of whole cents for ``frame``."""
    return column(values, CENTS, frame.index)


def flag(frame: pd.DataFrame, values: Iterable[Any]) -> pd.Series:
    """Make a yes-or-no column for ``frame``."""
    return column(values, FLAG, frame.index)


def true(flags: pd.Series) -> Mask:
    """Read a yes-or-no column as a plain mask, in which missing is no."""
    return flags.to_numpy(dtype=bool, na_value=False)


def mask(answers: Iterable[bool]) -> Mask:
    """Make a mask of plain answers."""
    return np.fromiter(answers, dtype=bool)


def values(series: pd.Series) -> list[Any]:
    """Read a column as plain Python values: every kind of missing is None."""
    listed = series.to_numpy(dtype=object).tolist()
    empty = series.isna().to_numpy(dtype=bool)
    if not empty.any():
        return listed
    return [None if gone else value for value, gone in zip(listed, empty, strict=True)]


def frame(rows: Sequence[Any], shape: Shape) -> pd.DataFrame:
    """Make a frame of ``shape``; a column that the rows do not have is missing throughout.

    A row is a mapping, a record (dataclass or named tuple), or a plain sequence in the order of
    the shape. All rows are of the same kind.
    """
    if not rows:
        return pd.DataFrame({name: column((), dtype) for name, dtype in shape.items()})
    read = _reader(rows[0], shape)
    columns = zip(*map(read, rows), strict=True)
    return pd.DataFrame(
        {name: column(found, shape[name]) for name, found in zip(shape, columns, strict=True)}
    )


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Read a frame as plain dictionaries, one per row: every kind of missing is None."""
    names = [str(name) for name in table.columns]
    columns = [values(table[name]) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def look_up(keys: Iterable[Any], table: pd.DataFrame, key: str) -> pd.DataFrame:
    """Give the row of ``table`` for each key, in the order of the keys; unknown keys give blanks.

    Where a key stands in the table more than once its last row counts.
    """
    places = {value: place for place, value in enumerate(table[key]) if value is not None}
    wanted = [places.get(value, -1) for value in keys]
    return pd.DataFrame({name: _taken(table[name], wanted) for name in table.columns})


def _taken(series: pd.Series, places: list[int]) -> pd.Series:
    """Take the values at ``places``; place -1 is a blank."""
    found = [*values(series), None]
    return column([found[place] for place in places], str(series.dtype))


def _reader(row: Any, shape: Shape) -> Callable[[Any], Iterable[Any]]:
    """Say how to read one row of this kind in the order of the shape."""
    names = list(shape)
    if isinstance(row, Mapping):
        return lambda one: [one.get(name) for name in names]
    if is_dataclass(row) or hasattr(row, "_fields"):
        if all(hasattr(row, name) for name in names):
            return attrgetter(*names)
        return lambda one: [getattr(one, name, None) for name in names]
    return lambda one: one
