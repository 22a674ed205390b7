"""How a flow run ends: green for a work list, red for a machine that needs help.

The name of the state says what kind of end it was, its message the verdict and the line that adds
up (acceptance 4). A run that another one was in the way of is ``Skipped``, green.
"""

from __future__ import annotations

from typing import Any, Protocol

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from connectors.errors import AnotherRunAtWork, Trouble
from flows.customers import CustomersReport
from flows.follow_up import FollowUpReport
from flows.reconcile import ReconcileReport
from flows.report import ImportReport
from mappings.markdown import masked


class Ended(Protocol):
    """What a state needs of any report."""

    @property
    def outcome(self) -> str:
        """Clean, held, failed or off."""

    @property
    def problems(self) -> list[str]:
        """What could not be done, each with its advice."""

    def headline(self) -> str:
        """Say the verdict in one line."""


def stopped_state(trouble: Trouble) -> State[Any]:
    """Return what ended a run early: Skipped when another one is at work, else Failed."""
    if isinstance(trouble, AnotherRunAtWork):
        return Completed(name="Skipped", message=masked(trouble))
    return Failed(message=masked(f"{str(trouble).rstrip('.')}. {trouble.advice}"))


def final_state(report: ImportReport) -> State[Any]:
    """Return how an import ended, with the line that adds up."""
    said = f"{report.headline()} ({report.tie_out()})"
    return _ended(report, said, held="CompletedWithHeld", new=bool(report.sent))


def followed_state(report: FollowUpReport) -> State[Any]:
    """Return how a follow-up ended."""
    parts = (report.payments, report.documents, report.invitations)
    did = any(
        getattr(part, name, 0)
        for part in parts
        for name in ("registered", "undone", "put_back", "attached", "invited")
    )
    return _ended(report, report.headline(), held="CompletedWithAlerts", new=did)


def customers_state(report: CustomersReport) -> State[Any]:
    """Return how a run of the customers ended."""
    return _ended(report, report.headline(), held="CompletedWithAlerts", new=bool(report.told))


def reconciled_state(report: ReconcileReport) -> State[Any]:
    """Return how a reconciliation ended; a difference is a work list, not a fault."""
    name = "CompletedWithDifferences" if report.differing else "Completed"
    return Completed(name=name, message=masked(f"{report.name}: {report.headline()}"))


def _ended(report: Ended, said: str, *, held: str, new: bool) -> State[Any]:
    if report.outcome == "failed":
        return Failed(message=masked(f"{said}. {' '.join(report.problems)}"))
    name = {"held": held, "off": "AutomaticOff"}.get(report.outcome, "Completed")
    if report.outcome == "clean" and not new:
        name = "NothingNew"
    return Completed(name=name, message=masked(said))
