"""Text laid out for a terminal: columns that line up, sentences that wrap, nothing ever cut.

Widths are what a terminal shows: a letter is one cell wide, an emoji two, an accent none. Written
by hand because rich, which could do it too, takes a tenth of a second to import.
"""

from __future__ import annotations

import shutil
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

WIDEST = 120
ELSEWHERE = 100
GAP = "  "


def width_of(stream: TextIO) -> int:
    """Return how many cells a line may take: the terminal's, 100 in a file, at most 120."""
    found = shutil.get_terminal_size((ELSEWHERE, 0)).columns if stream.isatty() else ELSEWHERE
    return min(max(found, 40), WIDEST)


def clean(value: object) -> str:
    """Return text that cannot move the cursor, colour the screen or reverse the line."""
    return "".join(c if c.isprintable() else " " for c in str(value if value is not None else ""))


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return sum(_cells_of(letter) for letter in text)


def _cells_of(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def shorten(text: str, most: int) -> str:
    """Return a text of at most ``most`` cells; dots say that something was left out."""
    text = " ".join(text.split())
    wide, kept = 0, 0
    for letter in text:
        wide += _cells_of(letter)
        if wide > most:
            return text[:kept].rstrip() + "..."
        kept += wide <= most - 3
    return text


def wrap(text: str, width: int) -> list[str]:
    """Return a text in lines of ``width``; a link or an id that is longer stays whole."""
    return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]


def hanging(first: str, text: str, width: int) -> Iterator[str]:
    """Yield a text that begins after ``first`` and whose later lines begin under its beginning."""
    indent = cells(first)
    for place, line in enumerate(wrap(text, width - indent)):
        yield (first if place == 0 else " " * indent) + line


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return a text filled up with blanks to ``width`` cells."""
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


def columns(
    rows: Iterable[Sequence[str]], width: int, *, indent: int = 0, right: Sequence[int] = ()
) -> Iterator[list[str]]:
    """Yield each row as its lines, in columns that line up; those named in ``right`` end flush.

    The last column wraps. Every row has as many texts as the first.
    """
    kept = [list(row) for row in rows]
    if not kept:
        return
    widths = [max(cells(row[place]) for row in kept) for place in range(len(kept[0]) - 1)]
    for row in kept:
        first = " " * indent + "".join(
            pad(text, widths[place], right=place in right) + GAP
            for place, text in enumerate(row[:-1])
        )
        yield [line.rstrip() for line in hanging(first, row[-1], width)]
