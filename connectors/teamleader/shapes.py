"""The kit that the shapes of Teamleader's answers are made of (API reference 1.3).

Lean on purpose: unknown keys are dropped while parsing, absent keys are tolerated unless a field is
mandatory in its shape. Each shape of an object turns itself into one flat record with ``record()``,
which raises ``ValueError`` naming the field that cannot be used. All shapes are imported on first
need: an idle run has nothing to read.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from connectors.teamleader import money

MOST_UNITS = 10**12  # beyond this a JSON number no longer holds cents

# Old ids are not UUIDv4, so only the hex pattern is checked (API reference 1.2).
Id = Annotated[
    str,
    StringConstraints(
        pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", to_lower=True
    ),
]
Amount = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-MOST_UNITS, le=MOST_UNITS)]


def day(value: str | None, name: str) -> str | None:
    """Return a date exactly as given, or raise ``ValueError`` when it is none."""
    if value is not None:
        try:
            sound = date.fromisoformat(value).isoformat() == value
        except ValueError:
            sound = False
        if not sound:
            raise ValueError(f"{name} is not a date")
    return value


def instant(value: str | None, name: str) -> str | None:
    """Return an instant as text in UTC with offset, or raise ``ValueError`` when it is none."""
    if value is None:
        return None
    try:
        parsed = datetime.fromisoformat(value)
        if value.endswith("+00:00") and len(value) == 25:
            return value
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=UTC)
        return parsed.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):  # the second one beyond the years 1 and 9999
        raise ValueError(f"{name} is not a date and time") from None


def text(value: str | None) -> str | None:
    """Return trimmed text, or None for blank."""
    return (value.strip() or None) if value else None


class Shape(BaseModel):
    """A part of an answer; built on first use."""

    model_config = ConfigDict(strict=True, defer_build=True)


class Ref(Shape):
    """A reference to something else."""

    id: Id
    type: str | None = None


def id_of(ref: Ref | None) -> str | None:
    """Return the id behind a reference that may be absent."""
    return None if ref is None else ref.id


class Money(Shape):
    """An amount in units of its currency."""

    amount: Amount
    currency: str

    def cents(self, name: str) -> int:
        """Return the amount in cents; ``name`` is the field for the sentence."""
        try:
            return money.cents(self.amount)
        except ValueError as problem:
            raise ValueError(f"{name}.amount {problem}") from None


class CustomField(Shape):
    """The value of a custom field, of any JSON type (API reference 3.9)."""

    definition: Ref
    value: Any = None


def values(fields: list[CustomField] | None) -> dict[str, object]:
    """Return custom fields as definition id -> value, exactly as received."""
    return {one.definition.id: one.value for one in fields or ()}


S = TypeVar("S", bound=Shape)


class Listed(Shape, Generic[S]):
    """A page of a list; ``meta`` comes on request only and is not relied on."""

    data: list[S]
    meta: Any = None
