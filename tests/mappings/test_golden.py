"""Golden files: whole plans and payloads beside their inputs.

Each ``golden/NAME.json`` holds bookings, customers, taken numbers and rules;
``golden/NAME.expected.json`` what is planned and sent for them. After a change that is meant, write
the expectations anew with ``python -m tests.mappings.test_golden`` and read the difference.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mappings.bookings import payloads, plan
from mappings.frames import BOOKINGS, CUSTOMERS, TAKEN, frame, rows
from mappings.rules import ProfileRule, Rules

GOLDEN = Path(__file__).parent / "golden"
INPUTS = sorted(path for path in GOLDEN.glob("*.json") if ".expected" not in path.name)


def outcome(path: Path) -> dict[str, Any]:
    """Plan and payloads of one input, without what is missing."""
    given = json.loads(path.read_text("utf-8"))
    profiles = {name: ProfileRule(**rule) for name, rule in given["rules"].pop("profiles").items()}
    by = Rules(**given["rules"], profiles=profiles)
    customers = frame(given["customers"], CUSTOMERS)
    found = plan(frame(given["bookings"], BOOKINGS), customers, frame(given["taken"], TAKEN), by)
    added = ["id", *found.columns[len(BOOKINGS) :], "due_on", "related_number"]
    return {
        "plan": [_filled(row) for row in rows(found[added])],
        "payloads": [one.model_dump(exclude_none=True) for one in payloads(found, customers)],
    }


def expected(path: Path) -> Path:
    """The file of expectations of an input."""
    return path.with_suffix(".expected.json")


def _filled(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is missing."""
    return {name: value for name, value in row.items() if value is not None}


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_the_plan_is_the_golden_one(path: Path) -> None:
    """Any change in what is planned or sent shows here."""
    assert outcome(path) == json.loads(expected(path).read_text("utf-8"))


if __name__ == "__main__":
    for source in INPUTS:
        written = json.dumps(outcome(source), indent=1, ensure_ascii=False)
        expected(source).write_text(written + "\n", "utf-8")
