"""CSV files as bytes: written the way that was asked for, read the way that they are.

Written: UTF-8, a comma or (Belgian Excel) a semicolon, a byte order mark on request, lines ended as
RFC 4180 says, cells defused. Read: whatever a spreadsheet may have made of it, with what is wrong
said rather than guessed away; every cell comes back without the apostrophe of ``csv_cells``.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import pandas as pd

from mappings.csv_cells import bare, defuse
from mappings.frames import text, values

SEPARATORS = (",", ";")
WRONG_SEPARATORS = ("\t", "|", ":")
OTHER_KINDS = {
    b"PK\x03\x04": "an Excel or other zipped workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
}
LOST_NUL = "\ufffd"
FIGURE = re.compile(r"-?[0-9]+\.[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a file as such: a code of ``mappings.mandate_flaws``, and its facts."""

    code: str
    line: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A CSV file: its header, its rows with the line on which each begins, and how it is written.

    ``cells`` holds as many texts as stand on that line, which may differ from the header. Without
    a ``header`` the file could not be read.
    """

    header: list[str] = field(default_factory=list)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    separator: str = ","
    bom: bool = False
    faults: list[Fault] = field(default_factory=list)


def written(
    table: pd.DataFrame, *, bom: bool, semicolon: bool, figures: Collection[str] = ()
) -> bytes:
    """Return a frame as the bytes of a CSV file; missing is an empty cell.

    A plain figure (``-30.00``) in a column of ``figures`` stays a figure: its minus begins nothing.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if semicolon else ",", lineterminator="\r\n")
    safe = defuse(table)
    for name in figures:
        safe = safe.assign(**{name: text(safe, _figures(table[name], safe[name]))})
    writer.writerow(safe.columns)
    columns = [values(safe[name]) for name in safe.columns]
    writer.writerows(zip(*columns, strict=True))
    return (codecs.BOM_UTF8 if bom else b"") + out.getvalue().encode("utf-8", "replace")


def _figures(cells: pd.Series, safe: pd.Series) -> list[str | None]:
    """Take the cells that are nothing but a figure as they are, the others defused."""
    return [
        cell if cell is not None and FIGURE.fullmatch(cell) else harmless
        for cell, harmless in zip(values(cells), values(safe), strict=True)
    ]


def read(content: bytes) -> Sheet:
    """Return what stands in a file, and what is wrong with it as a file; never raises."""
    for beginning, kind in OTHER_KINDS.items():
        if content.startswith(beginning):
            return Sheet(faults=[Fault("NOT_CSV", 1, f"this is {kind}")])
    bom = content.startswith(codecs.BOM_UTF8)
    text, faults = _decoded(content)
    if text.startswith("sep="):
        faults.append(Fault("SEPARATOR_LINE", 1, text[:5]))
    return _parsed(text, faults, bom=bom)


def _decoded(content: bytes) -> tuple[str, list[Fault]]:
    """Decode, preferably as UTF-8; anything else is said, with the line where it shows first."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace"), [Fault("ENCODING", 1, "UTF-16")]
    try:
        text, faults = content.decode("utf-8-sig"), []
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        text, faults = content.decode("cp1252", "replace"), [Fault("ENCODING", line, "not UTF-8")]
    if "\x00" in text:
        faults.append(Fault("ENCODING", text.count("\n", 0, text.index("\x00")) + 1, "NUL bytes"))
    return text.replace("\x00", LOST_NUL), faults


def _parsed(text: str, faults: list[Fault], *, bom: bool) -> Sheet:
    skipped = 1 if text.startswith("sep=") else 0
    body = text.partition("\n")[2] if skipped else text
    separator = _separator(body)
    if separator not in SEPARATORS:
        faults.append(Fault("SEPARATOR", 1 + skipped, {"\t": "tabs"}.get(separator, separator)))
    rows = list(_rows(body, separator, skipped, faults))
    if not rows:
        return Sheet(bom=bom, faults=faults or [Fault("EMPTY_FILE", 1)])
    (_, header), *rest = rows
    header = [name.strip() for name in header]
    return Sheet(header, rest, separator, bom, faults)


def _separator(text: str) -> str:
    """Return what separates the first line: what stands in it most often, else a comma."""
    first = text.lstrip("\r\n").partition("\n")[0]
    return max((*SEPARATORS, *WRONG_SEPARATORS), key=first.count)


def _rows(
    text: str, separator: str, skipped: int, faults: list[Fault]
) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with its first line; say where reading had to stop."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            faults.append(Fault("UNREADABLE_ROW", line, str(problem)))
            return
        if any(cell.strip() for cell in cells):
            yield line, [bare(cell).strip() for cell in cells]
