"""One odd item never stops its neighbours: it is noted, and left for a later run.

A refusal concerns its one item. An answer that makes no sense, or a missing right, may concern the
service as a whole: three of them in a row stop the run.
"""

from __future__ import annotations

from connectors.errors import (
    CallRefused,
    Halted,
    NotPermitted,
    RecordUnreadable,
    Trouble,
    UnexpectedAnswer,
)
from flows.run import Run

ODD = (CallRefused, NotPermitted, RecordUnreadable, UnexpectedAnswer)
IN_A_ROW = 3


def set_aside(run: Run, service: str, what: str, odd: Trouble) -> None:
    """Note what a service answers oddly about; raises the third trouble of it in a row.

    Only a ``Halted`` one counts: what is refused says nothing about the next item.
    """
    run.notes.append(f"{what}: {odd}")
    if not isinstance(odd, Halted):
        return
    run.odd_in_a_row[service] = run.odd_in_a_row.get(service, 0) + 1
    if run.odd_in_a_row[service] >= IN_A_ROW:
        raise odd


def answered(run: Run, service: str) -> None:
    """Note that a service answered plainly about an item."""
    run.odd_in_a_row.pop(service, None)
