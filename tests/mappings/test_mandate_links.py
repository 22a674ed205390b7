"""Guide 10: what becomes of each mandate of a file, compared with what Twikey has."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.twikey.records import MandateDetail
from mappings.csv_text import read
from mappings.frames import rows
from mappings.mandate_files import check
from mappings.mandate_links import plan
from tests.mappings.mandates import ANNA, BETA, HEADER, IBAN, OTHER_IBAN, STRANGER, listed


def detail(number: str = "A1", **changes: Any) -> MandateDetail:
    """Return a signed mandate of a customer that nobody here knows."""
    plain: dict[str, Any] = {
        "number": number, "customer_number": "OLD-7", "holder": "A. Anna", "iban": IBAN,
        "signed": True,
    }  # fmt: skip
    return MandateDetail(**{**plain, **changes})


def planned(
    found: dict[str, MandateDetail | None],
    *lines: str,
    move: bool = False,
    in_doubt: dict[str, str] | None = None,
) -> list[tuple[str, str | None]]:
    """Return (action, code of the flaw) for each line of a file."""
    content = "\n".join([HEADER, *lines]).encode()
    _, mandates = check(read(content), listed(), len(content))
    links, wrong = plan(mandates, listed(), found, in_doubt or {}, move=move)
    codes = {row["line"]: row["code"] for row in rows(wrong)}
    return [(row["action"], codes.get(row["line"])) for row in rows(links)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("link", None)),
        ({"customer_number": None}, ("link", None)),
        ({"customer_number": ANNA}, ("known", None)),
        ({"customer_number": BETA}, ("held", "OTHER_CUSTOMER")),
        ({"customer_number": STRANGER}, ("held", "OTHER_CUSTOMER")),
        ({"holder": " beta NV "}, ("held", "OTHER_CUSTOMER")),
        ({"holder": "Anna =cmd()"}, ("link", None)),
        ({"holder": " "}, ("link", None)),
        ({"iban": OTHER_IBAN}, ("held", "OTHER_IBAN")),
        ({"iban": "BE68 5390 0754 7034"}, ("link", None)),
        ({"iban": None}, ("link", None)),
        ({"signed": False}, ("held", "NOT_SIGNED")),
        ({"signed": False, "customer_number": ANNA}, ("held", "NOT_SIGNED")),
    ],
)
def test_a_mandate_is_linked_only_where_that_is_safe(
    changes: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    """A26: signed, on the account of the file, and of no other Teamleader customer."""
    assert planned({"A1": detail(**changes)}, f"{ANNA},A1,{IBAN},") == [expected]


def test_a_mandate_changes_hands_only_when_asked_to() -> None:
    """Guide 10: a debit must not leave from somebody else's account by a slip."""
    line = f"{ANNA},A1,{IBAN},"
    assert planned({"A1": detail(customer_number=BETA)}, line, move=True) == [("link", None)]


def test_each_line_has_one_action() -> None:
    """C26: read = link + known + held + skipped + left, line by line."""
    lines = [f"{ANNA},A1,{IBAN},", f"{BETA},,,", f"{STRANGER},A2,{IBAN},"]
    assert planned({"A1": None}, *lines) == [
        ("held", "NOT_AT_TWIKEY"), ("skipped", None), ("held", None),
    ]  # fmt: skip
    assert planned({}, lines[0]) == [("left", None)]


def test_a_lost_link_to_another_customer_is_waited_for() -> None:
    """Decisions 5: what may still arrive must not overtake what is asked now."""
    line = f"{ANNA},A1,{IBAN},"
    assert planned({"A1": detail()}, line, in_doubt={"A1": BETA}) == [("held", "WAITS")]
    assert planned({"A1": detail()}, line, in_doubt={"A1": ANNA}) == [("link", None)]
