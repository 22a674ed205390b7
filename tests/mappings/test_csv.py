"""CSV files that no spreadsheet can be made to run, and what is read of the files of others."""

from __future__ import annotations

import codecs
import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mappings.csv_cells import STARTERS, bare, defused
from mappings.csv_text import read, written
from mappings.frames import TEXT, frame

BEGINNINGS = STARTERS.replace("\\", "")
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
HOSTILE = st.builds(
    str.__add__, st.text("'=+-@ \t\r\n\u00a0\u200b\ufeff\uff1d\uff0b,;\"", max_size=6), ANY_TEXT
)


@given(st.one_of(ANY_TEXT, HOSTILE))
@example("'=1+1")
@example("''=1+1")
@example("'t Hof")
@example("'")
def test_a_defused_cell_comes_back_as_it_was(cell: str) -> None:
    """A24: whatever a cell holds, taking the apostrophe away gives it back, and only that."""
    assert bare(defused(cell)) == cell


@given(st.one_of(ANY_TEXT, HOSTILE))
def test_no_cell_begins_with_a_formula(cell: str) -> None:
    """A24: what a spreadsheet sees first, blanks and control characters aside, is harmless."""
    shown = defused(cell).lstrip("".join(map(chr, range(0x21))) + "\u00a0\u200b\ufeff\u2028")
    assert not shown.startswith(tuple(BEGINNINGS))
    assert not defused(cell).startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_every_beginning_of_a_formula_is_defused(beginning: str) -> None:
    """A24: ASCII and full-width alike, also behind a blank."""
    assert defused(f"{beginning}cmd|' /C calc'!A0") == f"'{beginning}cmd|' /C calc'!A0"
    assert defused(f" {beginning}1") == f"' {beginning}1"


@pytest.mark.parametrize(
    "name", ["'t Hof van Heden", "O'Neil", "Klant NV", "", "3-pack", "a=b", "X-treme"]
)
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    """A24: an apostrophe that belongs to a name is not touched."""
    assert defused(name) == bare(name) == name


@given(st.lists(st.tuples(ANY_TEXT, HOSTILE), min_size=1, max_size=5), st.booleans(), st.booleans())
def test_a_file_that_is_written_is_read_as_it_was(
    rows: list[tuple[str, str]], bom: bool, semicolon: bool
) -> None:
    """A24: separators, quotes, line ends and apostrophes survive both ways of writing."""
    kept = [("x" + first, second.replace("\x00", "")) for first, second in rows]
    kept = [(first.replace("\x00", ""), second) for first, second in kept]
    content = written(frame(kept, {"a": TEXT, "b": TEXT}), bom=bom, semicolon=semicolon)
    sheet = read(content)
    assert (sheet.header, sheet.faults, sheet.bom) == (["a", "b"], [], bom)
    assert sheet.separator == (";" if semicolon else ",")
    assert [cells for _, cells in sheet.rows] == [[a.strip(), b.strip()] for a, b in kept]


def test_a_file_is_written_as_asked() -> None:
    """Acceptance 4: UTF-8, a byte order mark and semicolons on request, lines as in RFC 4180."""
    table = frame([("Café", None)], {"a": TEXT, "b": TEXT})
    assert written(table, bom=False, semicolon=False) == "a,b\r\nCafé,\r\n".encode()
    assert written(table, bom=True, semicolon=True) == codecs.BOM_UTF8 + "a;b\r\nCafé;\r\n".encode()


def test_half_a_character_does_not_break_the_file() -> None:
    """Odd names: what UTF-8 cannot hold becomes a question mark."""
    table = frame([("A\ud800",)], {"a": TEXT})
    assert written(table, bom=False, semicolon=False) == b"a\r\nA?\r\n"


HEADER = "customerNumber,mandateNumber,iban\r\n"


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "EMPTY_FILE", 1),
        (b"\r\n \r\n", "EMPTY_FILE", 1),
        (b"PK\x03\x04xlsx", "NOT_CSV", 1),
        (b"\xd0\xcf\x11\xe0xls", "NOT_CSV", 1),
        (b"%PDF-1.7", "NOT_CSV", 1),
        ((HEADER + "a,b,c\r\nCaf\xe9,b,c\r\n").encode("latin-1"), "ENCODING", 3),
        ((HEADER + "a,b,c\r\n").encode("utf-16"), "ENCODING", 1),
        ((HEADER + "a\x00,b,c\r\n").encode(), "ENCODING", 2),
        (HEADER.replace(",", "\t").encode(), "SEPARATOR", 1),
        (HEADER.replace(",", "|").encode(), "SEPARATOR", 1),
        (("sep=,\r\n" + HEADER).encode(), "SEPARATOR_LINE", 1),
        ((HEADER + 'a,b,c\r\n"a,b,c\r\n').encode(), "UNREADABLE_ROW", 3),
        ((HEADER + '"a"x,b,c\r\n').encode(), "UNREADABLE_ROW", 2),
    ],
    ids=str,
)
def test_a_file_that_is_not_right_says_so(content: bytes, code: str, line: int) -> None:
    """A25: wrong encoding, separator or kind of file is told with its line, never guessed away."""
    assert [(fault.code, fault.line) for fault in read(content).faults] == [(code, line)]


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    """A25: blank lines and line ends inside of quotes do not shift the numbers."""
    sheet = read(b'a,b\r\n\r\n"one\r\ntwo",2\r\n3,4\r\n')
    assert sheet.rows == [(3, ["one\r\ntwo", "2"]), (5, ["3", "4"])]


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(content: bytes) -> None:
    """A25: anything at all is read, or said to be wrong."""
    sheet = read(content)
    assert sheet.header or sheet.faults


def test_another_program_reads_what_is_written() -> None:
    """A24: the standard reader of CSV sees the same cells."""
    table = frame([('a "b"; c', "d,e\nf")], {"x": TEXT, "y": TEXT})
    content = written(table, bom=True, semicolon=True).decode("utf-8-sig")
    found = list(csv.reader(io.StringIO(content, newline=""), delimiter=";"))
    assert found == [["x", "y"], ['a "b"; c', "d,e\nf"]]


def test_only_a_figure_of_a_figures_column_begins_with_a_minus() -> None:
    """A24: beside it a formula and an empty cell are what they are in any other column."""
    table = frame([{"sum": "-30.00"}, {"sum": "-1+cmd"}, {"sum": None}], {"sum": TEXT})
    content = written(table, bom=False, semicolon=False, figures=["sum"])
    assert content == b'sum\r\n-30.00\r\n\'-1+cmd\r\n""\r\n'
    assert written(table[:1], bom=False, semicolon=False) == b"sum\r\n'-30.00\r\n"


def test_bytes_that_are_no_utf8_are_told_with_their_line() -> None:
    """A25: counted from the first, also in the first."""
    assert [one.line for one in read(b"a,b\n\xe9,1\n").faults] == [2]
    assert [one.line for one in read(b"\xe9,b\n").faults] == [1]
    assert [one.line for one in read(b"a\nb\n\x00,1\n").faults if one.code == "ENCODING"] == [3]
    assert [one.line for one in read(b"\n\xe9,b\n").faults] == [2]
    assert [one.line for one in read(b"\n\x00,b\n").faults] == [2]


@pytest.mark.parametrize(
    ("content", "code", "detail"),
    [
        (b"sep=;\r\na;b\r\n", "SEPARATOR_LINE", "sep=;"),
        (b"a\tb\n", "SEPARATOR", "tabs"),
        (b"a:b\n", "SEPARATOR", ":"),
        ("a,b\n".encode("utf-16"), "ENCODING", "UTF-16"),
        (codecs.BOM_UTF16_LE + b"a\x00,", "ENCODING", "UTF-16"),
        (b"\x1f\x8b\x08", "NOT_CSV", "this is a compressed file"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_file_is_named(content: bytes, code: str, detail: str) -> None:
    """A25: which separator, which encoding, which kind of file; half a character breaks nothing."""
    assert [(fault.code, fault.detail) for fault in read(content).faults] == [(code, detail)]


def test_a_line_for_excel_shifts_no_number_and_hides_no_row() -> None:
    """A25: the header follows it, and lines are counted with it."""
    sheet = read(b"sep=;\r\na;b\r\n1;2\r\n")
    assert (sheet.header, sheet.rows) == (["a", "b"], [(3, ["1", "2"])])
    faults = read(b"sep=\t\r\na\tb\r\n").faults
    assert [(one.code, one.line) for one in faults] == [("SEPARATOR_LINE", 1), ("SEPARATOR", 2)]


def test_only_the_first_line_says_what_separates() -> None:
    """A25: a file of one column has none, whatever stands below."""
    sheet = read(b"X\r\na;b\r\n")
    assert (sheet.header, sheet.separator, sheet.rows) == (["X"], ",", [(2, ["a;b"])])


def test_what_is_lost_in_a_cell_is_seen_there() -> None:
    """A25: a NUL byte becomes the sign for a character that cannot be shown."""
    assert read(b"a,b\nx\x00y,1\n").rows == [(2, ["x\ufffdy", "1"])]


def test_a_file_that_cannot_be_read_holds_nothing() -> None:
    """A25: no header, no rows, and nothing made up about how it is written."""
    sheet = read(b"%PDF-1.7")
    assert (sheet.header, sheet.rows, sheet.separator, sheet.bom) == ([], [], ",", False)
