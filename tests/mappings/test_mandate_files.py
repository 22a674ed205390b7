"""Guide 10: files of mandates are checked row by row, and compared with what Twikey has."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.twikey.records import Mandate, MandateDetail
from mappings.csv_text import read, written
from mappings.customer_list import (
    EXPORTED,
    LISTED,
    TEMPLATE,
    customer_list,
    mandate_template,
)
from mappings.frames import frame, rows
from mappings.mandate_files import KNOWN, check, own_columns
from mappings.mandate_flaws import MEANINGS
from mappings.mandate_links import plan

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


def checked(*lines: str, header: str = HEADER) -> list[tuple[int, str]]:
    """Return the flaws of a file: (line, code)."""
    content = "\n".join([header, *lines]).encode()
    wrong, _ = check(read(content), listed(), len(content))
    return [(row["line"], row["code"]) for row in rows(wrong)]


# ---- the two tables


def test_the_list_has_number_name_mail_language_and_mandates() -> None:
    """A24: one row per customer that Twikey has; who was not asked for is left open."""
    mandates = {ANNA: [Mandate("A1", "SIGNED", "CORE", IBAN), Mandate("A2", "", "B2B", None)]}
    table = customer_list(listed(), mandates)
    assert tuple(table.columns) == EXPORTED
    assert rows(table) == [
        {"customerNumber": ANNA, "name": "Anna =cmd()", "email": "anna@x.example",
         "language": "nl", "mandate_count": "2", "mandates": "A1 A2"},
        {"customerNumber": BETA, "name": "Beta NV", "email": None, "language": None,
         "mandate_count": None, "mandates": ""},
    ]  # fmt: skip


def test_the_template_has_twikeys_columns_and_our_numbers() -> None:
    """A25: each customer's Teamleader id in customerNumber; nothing a spreadsheet would run."""
    table = mandate_template(listed())
    assert tuple(table.columns) == TEMPLATE
    assert list(table["customerNumber"]) == [ANNA, BETA]
    assert table["mobile"][0] == "0032499123445"
    assert set(TEMPLATE) <= set(KNOWN)
    sheet = read(written(table, bom=True, semicolon=True))
    assert sheet.rows[0][1][TEMPLATE.index("lastname")] == "=cmd()"
    assert b";'=cmd();" in written(table, bom=True, semicolon=True)


def test_an_empty_ledger_gives_empty_tables() -> None:
    """A24: no customers is a header and nothing else."""
    nobody = frame([], LISTED)
    assert tuple(customer_list(nobody, {}).columns) == EXPORTED
    assert tuple(mandate_template(nobody).columns) == TEMPLATE


# ---- checking


def test_a_file_without_mistakes_has_no_flaws() -> None:
    """A25: with commas or semicolons, dates or none, mixed lines of both customers."""
    assert checked(f"{ANNA},A1,{IBAN},2023-05-04", f"{BETA},B-1/2,{OTHER_IBAN},") == []
    semicolons = [f"{ANNA};A1;{IBAN};2023-05-04", f"{BETA};B1;be68 5390 0754 7034;"]
    assert checked(*semicolons, header=HEADER.replace(",", ";")) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f",A1,{IBAN},", "NUMBER_EMPTY"),
        (f"{STRANGER},A1,{IBAN},", "NUMBER_UNKNOWN"),
        (f"{ANNA.upper()},A1,{IBAN},", "NUMBER_MALFORMED"),
        (f"'=1+1,A1,{IBAN},", "NUMBER_MALFORMED"),
        (f"{HELD},A1,{IBAN},", "NUMBER_NOT_IN_TWIKEY"),
        (f"{LOST},A1,{IBAN},", "NUMBER_GONE"),
        (f"{ANNA},,,", "MANDATE_MISSING"),
        (f"{ANNA},,{IBAN},", "MANDATE_NUMBER_MISSING"),
        (f"{ANNA},{'A' * 36},{IBAN},", "MANDATE_NUMBER_MALFORMED"),
        (f"{ANNA},A_1,{IBAN},", "MANDATE_NUMBER_MALFORMED"),
        (f"{ANNA},1.23E+12,{IBAN},", "MANDATE_NUMBER_MALFORMED"),
        (f'{ANNA},"1,23457E+12",{IBAN},', "MANDATE_NUMBER_MALFORMED"),
        (f"{ANNA},A1,,", "IBAN_MISSING"),
        (f"{ANNA},A1,BE68539007547035,", "IBAN_MALFORMED"),
        (f"{ANNA},A1,{IBAN},04/05/2023", "DATE_MALFORMED"),
        (f"{ANNA},A1,{IBAN},20230504", "DATE_MALFORMED"),
        (f"{ANNA},A1,{IBAN},2023-02-30", "DATE_MALFORMED"),
        (f"{ANNA},A1,{IBAN}", "CELLS"),
        (f"{ANNA};A1;{IBAN};", "CELLS"),
        (f"{ANNA},A1,{IBAN},,more", "CELLS"),
    ],
)
def test_a_bad_line_is_told_and_blocks_no_other(line: str, code: str) -> None:
    """A25: unknown, empty, malformed: with its line; the good line after it stays good."""
    content = "\n".join([HEADER, line, f"{BETA},B1,{OTHER_IBAN},"]).encode()
    wrong, mandates = check(read(content), listed(), len(content))
    assert [(row["line"], row["code"]) for row in rows(wrong)] == [(2, code)]
    assert list(mandates["usable"]) == [False, True]
    assert all(row["sentence"].endswith(".") and row["cure"] for row in rows(wrong))


def test_a_number_that_is_there_twice_is_told_on_both_lines() -> None:
    """A25: nobody guesses which of the two is right."""
    assert checked(f"{ANNA},A1,{IBAN},", f"{BETA},B1,{IBAN},", f"{ANNA},A2,{IBAN},") == [
        (2, "NUMBER_TWICE"), (4, "NUMBER_TWICE"),
    ]  # fmt: skip
    assert checked(f"{ANNA},a1,{IBAN},", f"{BETA},A1,{IBAN},") == [
        (2, "MANDATE_NUMBER_TWICE"), (3, "MANDATE_NUMBER_TWICE"),
    ]  # fmt: skip


def test_a_number_that_fills_the_file_is_told_in_short() -> None:
    """A25: a sentence names five other lines and counts the rest, however long the file is."""
    lines = [f"{ANNA},A{place},{IBAN}," for place in range(5_000)]
    content = "\n".join([HEADER, *lines]).encode()
    wrong, _ = check(read(content), listed(), 100)
    assert len(wrong) == 5_000
    assert wrong["sentence"][0].endswith("stands on line 3, 4, 5, 6, 7 and 4994 more too.")
    assert wrong["sentence"].str.len().max() < 120


@pytest.mark.parametrize(
    ("header", "codes"),
    [
        ("customernumber,mandateNumber,iban,signDate", ["COLUMN_NAME", "COLUMN_MISSING"]),
        ("Customer Number,Mandate number,IBAN,sign_date",
         ["COLUMN_NAME"] * 4 + ["COLUMN_MISSING"] * 3),
        ("customerNumber,mandateNumber", ["COLUMN_MISSING"]),
        ("customerNumber,mandateNumber,iban,iban", ["COLUMN_TWICE"]),
        ("a", ["COLUMN_MISSING"] * 3),
    ],
)  # fmt: skip
def test_wrong_headers_are_told_with_twikeys_own_name(header: str, codes: list[str]) -> None:
    """A25: a column that is missing, written differently, or there twice."""
    content = f"{header}\n".encode()
    wrong, mandates = check(read(content), listed(), len(content))
    assert sorted(row["code"] for row in rows(wrong)) == sorted(codes)
    assert mandates.empty


def test_columns_of_ones_own_are_no_mistake() -> None:
    """A25: Twikey takes attributes of a profile as columns too (API reference 5.8)."""
    sheet = read(f"{HEADER},accountManager\n{ANNA},A1,{IBAN},,Jan\n".encode())
    wrong, _ = check(sheet, listed(), 100)
    assert (rows(wrong), own_columns(sheet)) == ([], ["accountManager"])


def test_a_file_that_twikey_does_not_take_is_told() -> None:
    """A25: its import ends at 200 KB (API reference 5.8)."""
    wrong, _ = check(read(f"{HEADER}\n{ANNA},A1,{IBAN},\n".encode()), listed(), 200_001)
    assert [row["code"] for row in rows(wrong)] == ["TOO_LARGE"]


@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=6), max_size=6))
def test_no_cells_break_the_check(lines: list[list[str]]) -> None:
    """A25: every line is either usable or has a flaw, whatever stands in it."""
    content = (HEADER + "\n" + "\n".join(",".join(cells) for cells in lines)).encode(
        "utf-8", "replace"
    )
    wrong, mandates = check(read(content), listed(), len(content))
    bad = {row["line"] for row in rows(wrong)}
    for mandate in rows(mandates):
        assert mandate["usable"] == (mandate["line"] not in bad)
    assert all(row["code"] in MEANINGS for row in rows(wrong))


# ---- what becomes of each mandate


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
