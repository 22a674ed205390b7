"""What was taken back may come again: a person lifts its tombstone, the next import decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import UsageWrong
from flows.connection import Connection
from flows.run import at_work
from flows.undo import FLOW, LAST


@dataclass
class ForgetReport:
    """What may be imported again: numbers as in Teamleader."""

    name: str
    dry_run: bool
    lifted: list[str] = field(default_factory=list)


def forget(connection: Connection, name: str, *, by: str, dry_run: bool = False) -> ForgetReport:
    """Lift the tombstones of a run, or of one booking; the next import decides about them anew.

    Raises ``UsageWrong`` when nothing under that name was taken back, or two things have it.
    """
    parameters: dict[str, object] = {"name": f"undo --forget {name}"}
    with at_work(connection, FLOW, started_by=by, parameters=parameters, dry_run=dry_run) as run:
        wanted = name
        if name == LAST:
            wanted = str(run.ledger.tombstones.newest() or name)
        rows = run.ledger.tombstones.named(wanted)
        _require_one_meaning(rows, name)
        run.ledger.tombstones.lift([row["booking_id"] for row in rows], by, run.id, run.now())
        report = ForgetReport(name, dry_run, [row["number"] or row["booking_id"] for row in rows])
        message = f"{len(rows)} may be imported again"
        run.ledger.runs.end(run.id, run.now(), "clean", message, {"lifted": len(rows)})
        return report


def _require_one_meaning(rows: Sequence[dict[str, Any]], name: str) -> None:
    if not rows:
        raise UsageWrong(f"nothing that was taken back, and stays away, is called {name}")
    if len({bool(row["by_run"]) for row in rows}) > 1:
        raise UsageWrong(f"{name} is a run and a booking; give the booking's id instead")
