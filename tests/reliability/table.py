"""The table of the fault matrix in ``docs/reliability.md``, between its two markers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.reliability.kinds import FAULTS
from tests.reliability.matrix import STATED, Cell, Stated

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- fault matrix: begin -->", "<!-- fault matrix: end -->"


class Ran(NamedTuple):
    """What became of one cell of a flow: what was wrong, nothing when it held."""

    flow: str
    cell: Cell
    wrong: list[str]


def table(ran: Sequence[Ran]) -> str:
    """Return both tables: by flow and kind of call, and by fault."""
    total, held = len(ran), sum(not one.wrong for one in ran)
    lines = [f"{held} of {total} cells hold.", ""]
    lines += _rows("flow | call", ((f"{one.flow} | `{one.cell.kind}`", one.wrong) for one in ran))
    lines.append("")
    lines += _rows("fault", ((one.cell.fault, one.wrong) for one in ran))
    lines += ["", "What a lost or a lying answer may leave, and nothing else:", ""]
    lines += [f"- {_named(one)}: {one.why}." for one in STATED]
    return "\n".join(lines)


def _named(one: Stated) -> str:
    faults = "any fault" if len(one.faults) == len(FAULTS) else ", ".join(one.faults)
    return f"`{one.kind}`, {faults}{f' ({one.flow})' if one.flow else ''}"


def _rows(name: str, ran: Iterable[tuple[str, list[str]]]) -> list[str]:
    cells: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for row, wrong in ran:
        cells[row] += 1
        held[row] += not wrong
    columns = name.count("|") + 1
    head = [f"| {name} | cells | hold |", "| --- " * columns + "| ---: | ---: |"]
    return head + [f"| {row} | {count} | {held[row]} |" for row, count in cells.items()]


def written(document: str, new: str) -> str:
    """Return a document with a new table between the markers."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{new}\n\n{END}{after}"


def rows_of(document: str) -> list[tuple[str, str, int]]:
    """Return what the table says: flow, kind of call, how many cells; all of which hold."""
    inside = document.partition(BEGIN)[2].partition(END)[0]
    found = []
    for line in inside.splitlines():
        parts = [part.strip() for part in line.strip("|").split("|")]
        if len(parts) == 4 and parts[2].isdigit():
            assert parts[2] == parts[3], line
            found.append((parts[0], parts[1].strip("`"), int(parts[2])))
    return found
