"""What was measured, beside what must hold and what is aimed at."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Say = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """One figure: ``must`` and ``goal`` are bounds, from above or (``at_least``) from below."""

    part: str
    what: str
    measured: float | None
    unit: str = "x"
    must: float | None = None
    goal: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """Say how the figure stands to its bounds: goal, ok, MISSED, or nothing where it has none.

        A bound is judged on what is shown: 3.00 of at most 3.00 is kept.
        """
        if self.measured is None:
            return "not run" if self.must is not None else ""
        if self.must is not None and not self._keeps(self.must):
            return "MISSED"
        if self.goal is not None and self._keeps(self.goal):
            return "goal"
        return "ok" if self.must is not None else ""

    def _keeps(self, bound: float) -> bool:
        shown = round(self.measured or 0.0, 2)
        return shown >= bound if self.at_least else shown <= bound

    def plain(self) -> dict[str, Any]:
        """Return the row for machines."""
        return {**asdict(self), "verdict": self.verdict}


def table(rows: Sequence[Row]) -> str:
    """Lay the rows out for a terminal."""
    heads = ("part", "what", "measured", "must", "goal", "verdict", "note")
    lines = [heads] + [
        (
            row.part, row.what, _shown(row.measured, row.unit), _bound(row, row.must),
            _bound(row, row.goal), row.verdict, row.note,
        )
        for row in rows
    ]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    digits = 0 if float(value).is_integer() and value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"


def _bound(row: Row, bound: float | None) -> str:
    return "" if bound is None else f"{'>=' if row.at_least else '<='} {bound:g}"
