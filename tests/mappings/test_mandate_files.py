"""Guide 10: files of mandates are checked row by row, before anybody uploads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.twikey.records import Mandate
from mappings.csv_text import read, written
from mappings.customer_list import (
    EXPORTED,
    LISTED,
    TEMPLATE,
    customer_list,
    in_twikey,
    mandate_template,
)
from mappings.frames import frame, rows
from mappings.mandate_files import KNOWN, check, own_columns
from mappings.mandate_flaws import MEANINGS
from tests.mappings.mandates import (
    ANNA,
    BETA,
    HEADER,
    HELD,
    IBAN,
    LOST,
    OTHER_IBAN,
    STRANGER,
    listed,
)


def test_only_customers_on_both_sides_are_listed() -> None:
    """Guide 10: neither one that Twikey lacks nor one that Teamleader lost; numbered anew."""
    kept = in_twikey(listed())
    assert kept["id"].tolist() == [ANNA, BETA]
    assert (list(kept.columns), list(kept.index)) == (list(LISTED), [0, 1])


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


@pytest.mark.parametrize(
    ("line", "column"),
    [
        (f"{STRANGER},A1,{IBAN},", "customerNumber"),
        (f"{ANNA},,,", "mandateNumber"),
        (f"{ANNA},,{IBAN},", "mandateNumber"),
        (f"{ANNA},A_1,{IBAN},", "mandateNumber"),
        (f"{ANNA},A1,,", "iban"),
        (f"{ANNA},A1,BE68539007547035,", "iban"),
        (f"{ANNA},A1,{IBAN},2023-02-30", "signDate"),
        (f"{ANNA},A1,{IBAN}", None),
    ],
)
def test_a_flaw_names_the_column_to_look_at(line: str, column: str | None) -> None:
    """A25: one cell is to be corrected; a line that has too few of them is wrong as a whole."""
    wrong, _ = check(read(f"{HEADER}\n{line}".encode()), listed(), 100)
    assert [row["column"] for row in rows(wrong)] == [column]


def test_a_line_is_shown_with_the_name_of_its_customer() -> None:
    """A25: a number says nothing to a person; a number that nobody has gets no name."""
    lines = [f"{BETA},B1,{IBAN},", f"{STRANGER},A1,{OTHER_IBAN},"]
    _, mandates = check(read("\n".join([HEADER, *lines]).encode()), listed(), 100)
    assert list(mandates["name"]) == ["Beta NV", ""]


def test_a_number_that_is_there_twice_is_told_on_both_lines() -> None:
    """A25: nobody guesses which of the two is right."""
    assert checked(f"{ANNA},A1,{IBAN},", f"{BETA},B1,{IBAN},", f"{ANNA},A2,{IBAN},") == [
        (2, "NUMBER_TWICE"), (4, "NUMBER_TWICE"),
    ]  # fmt: skip
    assert checked(f"{ANNA},a1,{IBAN},", f"{BETA},A1,{IBAN},") == [
        (2, "MANDATE_NUMBER_TWICE"), (3, "MANDATE_NUMBER_TWICE"),
    ]  # fmt: skip


def test_lines_to_be_deleted_and_empty_cells_repeat_nothing() -> None:
    """A25: a line of the template that nobody filled in is no second mandate."""
    assert checked(f"{ANNA},,,", f"{ANNA},A1,{IBAN},") == [(2, "MANDATE_MISSING")]
    assert checked(f"{ANNA},,{IBAN},", f"{BETA},,{OTHER_IBAN},") == [
        (2, "MANDATE_NUMBER_MISSING"), (3, "MANDATE_NUMBER_MISSING"),
    ]  # fmt: skip


def test_a_number_that_is_there_twice_is_told_with_the_other_line() -> None:
    """A25: the other line alone where there is one; six others are five and one more."""
    lines = [f"{ANNA},A{place},{IBAN}," for place in range(7)]
    for count, said in ((2, "line 3 too."), (6, "line 3, 4, 5, 6, 7 too."),
                        (7, "line 3, 4, 5, 6, 7 and 1 more too.")):  # fmt: skip
        content = "\n".join([HEADER, *lines[:count]]).encode()
        wrong, _ = check(read(content), listed(), 100)
        assert wrong["sentence"][0] == f"The customer number {ANNA} stands on {said}"


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
    header = f"{HEADER},contractNumber,campaign,,Sign Date,L,accountManager"
    assert own_columns(read(header.encode())) == ["L", "accountManager"]


@pytest.mark.parametrize(("before", "line"), [("", 1), ("sep=,\n", 2)])
def test_a_wrong_header_is_told_with_its_line(before: str, line: int) -> None:
    """A25: the first line, unless that is one for Excel."""
    sheet = read(f"{before}customerNumber,Sign Date,iban,iban\n".encode())
    wrong, _ = check(sheet, listed(), 100)
    about_header = [row for row in rows(wrong) if row["code"] != "SEPARATOR_LINE"]
    assert [(row["code"], row["line"]) for row in about_header] == [
        ("COLUMN_NAME", line), ("COLUMN_TWICE", line), ("COLUMN_MISSING", line),
    ]  # fmt: skip


@pytest.mark.parametrize("missing", ["customerNumber", "mandateNumber"])
def test_without_a_column_that_is_needed_no_line_can_be_used(missing: str) -> None:
    """A25: the column is told once, not every line for it."""
    header = HEADER.replace(f"{missing},", "")
    wrong, mandates = check(read(f"{header}\nx,{IBAN},\n".encode()), listed(), 100)
    assert [row["code"] for row in rows(wrong)] == ["COLUMN_MISSING"]
    assert mandates.empty


def test_a_file_that_cannot_be_read_is_told_as_that_alone() -> None:
    """A25: a workbook has no columns that could be missing."""
    wrong, _ = check(read(b"PK\x03\x04"), listed(), 100)
    assert [row["code"] for row in rows(wrong)] == ["NOT_CSV"]


def test_a_file_that_twikey_does_not_take_is_told() -> None:
    """A25: its import ends at 200 KB (API reference 5.8)."""
    sheet = read(f"{HEADER}\n{ANNA},A1,{IBAN},\n".encode())
    assert rows(check(sheet, listed(), 200_000)[0]) == []
    (large,) = rows(check(sheet, listed(), 250_000)[0])
    assert (large["code"], large["line"]) == ("TOO_LARGE", 1)
    assert large["sentence"] == "The file has 250 KB; Twikey takes 200 KB."
    assert [row["code"] for row in rows(check(sheet, listed(), 200_001)[0])] == ["TOO_LARGE"]


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
