"""Answers gone wrong: whole ones made from a contract's schemas, and ways to spoil them.

A whole answer has every property of its schema, each with the contract's own example. Spoiling
takes any place of it and leaves the key out, or puts something there that nobody promised.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

CONTRACTS = Path(__file__).parents[2] / ".." / "shared" / "reference" / "contracts"
UUID = "9f3e7a52-0c4d-0b8e-a17f-6d2c90e4b511"
PLAIN: dict[str | None, object] = {
    "string": "text", "number": 12, "integer": 3, "boolean": False, None: None,
}  # fmt: skip
Place = tuple[str | int, ...]


class Deep:
    """Stands for lists in lists, so many; Python's own writer could not write them."""

    def __init__(self, depth: int) -> None:
        self.depth = depth

    def __repr__(self) -> str:
        return f"Deep({self.depth})"


ODD: list[object] = [
    None, True, False, 0, -1, 7, 10**30, -(10**400), 0.1 + 0.2, 1e308, float("nan"), float("inf"),
    "", " ", "0", "1e5", "\u0661\u0662", "9" * 400, "-1.005", "x" * 10_000, "a\x00b", "\x1b[31m",
    "\ud800", "\udfff\ud800", "\u202egnihtemos", "=1+1", "<script>", "'; DROP TABLE bookings; --",
    "2026-13-45", "0000-00-00", "2026-09-14T08:01:27", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-09-14T08:01:27+99:99", UUID, UUID.upper(), "../../etc",
    [], [None], [[]], [1, "a", None], {}, {"id": None}, {"": {"": {}}}, {"amount": "12"},
    {"id": UUID, "type": 7}, Deep(150), Deep(960), Deep(985), Deep(100_000),
]  # fmt: skip


@cache
def schemas_of_teamleader() -> dict[str, Any]:
    """Return the schema of every method's good answer; skips where the contract is absent."""
    path = CONTRACTS / "teamleader.openapi.json"
    if not path.exists():
        pytest.skip("the contract of Teamleader is not beside this repository")
    found = json.loads(path.read_text("utf-8"))["paths"]
    good = {m.strip("/"): one["post"]["responses"].get("200", {}) for m, one in found.items()}
    return {
        method: one["content"]["application/json"]["schema"]
        for method, one in good.items()
        if "schema" in one.get("content", {}).get("application/json", {})
    }


def whole(schema: dict[str, Any]) -> Any:
    """Return a value with everything that a schema names; numbers of money have two decimals."""
    if schema.get("anyOf"):
        return whole(schema["anyOf"][0])
    if "properties" in schema:
        return {name: whole(part) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return [whole(schema.get("items", {}))]
    if "example" in schema:
        return schema["example"]
    return schema["enum"][0] if schema.get("enum") else PLAIN.get(schema.get("type"))


def variants(schema: dict[str, Any]) -> list[Any]:
    """Return every other value that a schema allows at its top: choices, alternatives, null."""
    found = [*schema.get("enum", []), *(whole(one) for one in schema.get("anyOf", []))]
    return [*found, None] if schema.get("nullable") else found


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Yield the way to every part of a value."""
    yield at
    if isinstance(value, dict):
        for name, part in value.items():
            yield from places(part, (*at, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from places(part, (*at, number))


def allowed_at(schema: dict[str, Any], at: Place) -> list[Any]:
    """Return what a schema allows at a place besides what ``whole`` puts there."""
    for step in at:
        if isinstance(step, int):
            schema = schema.get("items", {})
        else:
            schema = schema.get("properties", {}).get(step, {})
    return variants(schema)


def replaced(value: Any, at: Place, change: Any) -> Any:
    """Return a copy with a change at a place: None drops it, a tuple holds what goes there."""
    if not at:
        return value if change is None else change[0]
    step, rest = at[0], at[1:]
    copied: Any = dict(value) if isinstance(value, dict) else list(value)
    if rest or change is not None:
        copied[step] = replaced(copied[step], rest, change)
    else:
        del copied[step]
    return copied


@st.composite
def spoiled(draw: st.DrawFn, value: Any, schema: dict[str, Any] | None = None) -> Any:
    """Draw a value with one to three places changed, dropped, or filled with what is odd."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(list(places(value))))
        within = allowed_at(schema, at) if schema else []
        odd = st.sampled_from([*ODD, *within]) | st.text(max_size=20) | st.integers() | st.floats()
        value = replaced(value, at, draw(st.none() | st.tuples(odd)))
    return value


def body(value: Any) -> bytes:
    """Return a value as JSON, what only half of the world calls JSON (NaN) included."""
    text = json.dumps(value, default=lambda deep: f"deep{deep.depth}")
    for deep in {one.depth for one in ODD if isinstance(one, Deep)}:
        text = text.replace(f'"deep{deep}"', "[" * deep + "]" * deep)
    return text.encode()
