"""Guide 5 to 8: payments come back to the cent, PDFs arrive later, customers are invited once.

Three steps, each of which can be started alone. Money goes first: what was paid or bounced decides
whether anybody is still to be invited.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flows.connection import Connection
from flows.documents import attach_pdfs
from flows.documents_report import DocumentsReport
from flows.guards import SweepReport, sweep
from flows.invitations import InvitationsReport, invite_due
from flows.invite_by_hand import invite_one
from flows.mail import with_summary
from flows.payments import PaymentsReport, write_back
from flows.run import Run, Steps, Tell, at_work, plainly, silently
from flows.watch import watched
from mappings.texts import need_you

FLOW = "follow-up"


@dataclass(frozen=True)
class FollowUpRequest:
    """What is asked of a follow-up: all three steps, unless some are named.

    ``numbers`` and ``missing`` narrow or widen the PDFs (acceptance A34). ``by_hand`` works where
    automatic is off. ``started_by`` is named in the run book.
    """

    payments: bool = True
    pdfs: bool = True
    invitations: bool = True
    numbers: tuple[str, ...] = ()
    missing: bool = False
    by_hand: bool = False
    started_by: str = "command line"

    @property
    def is_whole(self) -> bool:
        """Tell whether all three steps are asked for, of everything that is open."""
        return self.payments and self.pdfs and self.invitations and not self.numbers

    def name(self) -> str:
        """Say in a few words what this follow-up is."""
        chosen = [n for n in ("payments", "pdfs", "invitations") if getattr(self, n)]
        return FLOW if len(chosen) == 3 else f"{FLOW}: {', '.join(chosen)}"


@dataclass
class FollowUpReport:
    """What each step did; a step that was not asked for is None."""

    name: str
    outcome: str = "clean"
    run_id: int | None = None
    payments: PaymentsReport | None = None
    guards: SweepReport | None = None
    documents: DocumentsReport | None = None
    invitations: InvitationsReport | None = None
    alerts: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """Return 0 clean, 1 could not do all its work, 2 something needs a person."""
        return {"clean": 0, "off": 0, "held": 2}.get(self.outcome, 1)

    def headline(self) -> str:
        """Say the verdict in one line."""
        if self.outcome == "off":
            return "automatic is off"
        parts = []
        if self.alerts:
            parts.append(need_you(len(self.alerts)))
        if self.payments is not None:
            parts.append(self.payments.headline())
        if self.documents is not None:
            parts.append(self.documents.headline())
        if self.invitations is not None:
            parts.append(f"{self.invitations.invited} invited")
        return "; ".join(parts)

    def counts(self) -> dict[str, object]:
        """Return the numbers for the run book."""
        parts = (self.payments, self.guards, self.documents, self.invitations)
        found: dict[str, object] = {"alerts": len(self.alerts), "calls": self.calls}
        for part in filter(None, parts):
            found |= {k: v for k, v in part.__dict__.items() if isinstance(v, int)}
        return found


def follow_up(
    connection: Connection,
    request: FollowUpRequest,
    *,
    steps: Steps = plainly,
    tell: Tell = silently,
) -> FollowUpReport:
    """Write payments back, attach PDFs, invite; raises a ``Halted`` when it cannot do its work."""
    if not connection.settings.automatic and not request.by_hand:
        note = "automatic is off: a scheduled follow-up does nothing; by hand it works"
        return watched(connection, FLOW, FollowUpReport(request.name(), "off", notes=[note]))
    report = with_summary(
        connection, FLOW, lambda: _follow_up(connection, request, steps, tell),
        by_hand=request.by_hand, steps=steps,
    )  # fmt: skip
    return watched(connection, FLOW, report) if request.is_whole else report


def _follow_up(
    connection: Connection, request: FollowUpRequest, steps: Steps, tell: Tell
) -> FollowUpReport:
    connection.access.token()
    parameters: dict[str, object] = {
        "name": request.name(), "numbers": list(request.numbers), "by_hand": request.by_hand,
    }  # fmt: skip
    with at_work(
        connection, FLOW, started_by=request.started_by, parameters=parameters, tell=tell
    ) as run:
        report = FollowUpReport(request.name(), run_id=run.id)
        if request.payments:
            report.payments = steps("write payments back", write_back, run)
            report.guards = steps("guard open bookings", _guard, run, request)
        if request.pdfs:
            report.documents = steps("attach PDFs", _attach, run, request)
        if request.invitations:
            report.invitations = steps("invite", invite_due, run)
        return _close(run, report)


def invite(connection: Connection, number: str, *, again: bool, by: str) -> FollowUpReport:
    """Invite one customer because a person asks, at most once unless ``again`` (acceptance A39)."""
    connection.access.token()
    parameters: dict[str, object] = {"number": number, "again": again}
    with at_work(connection, "invite", started_by=by, parameters=parameters) as run:
        report = FollowUpReport(f"invitation for {number}", run_id=run.id)
        report.invitations = invite_one(run, number, again=again, by=by)
        return _close(run, report)


def _guard(run: Run, request: FollowUpRequest) -> SweepReport:
    return sweep(run, always=request.by_hand)


def _attach(run: Run, request: FollowUpRequest) -> DocumentsReport:
    return attach_pdfs(run, request.numbers, missing=request.missing)


def _close(run: Run, report: FollowUpReport) -> FollowUpReport:
    connection = run.connection
    report.alerts = run.ledger.alerts.open()
    report.problems = [f"{problem}. {problem.advice}" for problem in run.problems]
    report.notes = list(run.notes)
    report.calls = {
        "Teamleader": connection.teamleader.calls,
        "Twikey": connection.twikey.calls,
    }
    report.outcome = "failed" if report.problems else "held" if report.alerts else "clean"
    run.ledger.runs.end(run.id, run.now(), report.outcome, report.headline(), report.counts())
    return report
