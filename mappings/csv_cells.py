"""Cells of a CSV file that a spreadsheet cannot take for a formula, and back (acceptance 4).

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@``, or with their full-width
forms, also behind blanks, tabs and line ends. Such a cell gets an apostrophe in front, which makes
it text; so does one that already has apostrophes before such a beginning, so that the way back
takes away exactly what was added. An ordinary apostrophe (``'t Hof``) is left alone. A tab or a
line end in front is marked as well, because some programs drop it and look at what follows.
Example: ``=1+1`` is written ``'=1+1``; read again it is ``=1+1``.
"""

from __future__ import annotations

import re

import pandas as pd

from mappings.frames import text, values

STARTERS = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\u2212"
"""What begins a formula: ASCII, full-width, small forms, and the real minus sign."""

INVISIBLE = "\\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
DANGEROUS = re.compile(f"'*(?:[{INVISIBLE}]*[{STARTERS}]|[\t\r\n\x00])")


def defused(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet could run."""
    return f"'{cell}" if DANGEROUS.match(cell) else cell


def bare(cell: str) -> str:
    """Take away the apostrophe that ``defused`` put there, and no other."""
    return cell[1:] if cell.startswith("'") and DANGEROUS.match(cell) else cell


def defuse(table: pd.DataFrame) -> pd.DataFrame:
    """Defuse every text of a frame; missing ones stay missing."""
    return pd.DataFrame(
        {
            name: text(table, [None if one is None else defused(str(one)) for one in values(cells)])
            for name, cells in table.items()
        }
    )
