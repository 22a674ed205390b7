"""Guide 5: the summary of an import, which always adds up: read = sent + known + skipped + held."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flows.remarks import remarks_of
from mappings.money import euro
from mappings.texts import need_you

if TYPE_CHECKING:
    from flows.run import Run


@dataclass(frozen=True)
class ImportReport:
    """One run in numbers of bookings; ``sent_cents`` is euro cents.

    ``outcome`` is clean, held, failed or off; the exit code follows from it (decisions 10).
    ``alerts`` are what this run found to differ, ``remarks`` its notices that name what they mean,
    ``plan`` is what a dry run decided (500 bookings at most).
    """

    name: str
    outcome: str
    read: int = 0
    sent: int = 0
    known: int = 0
    skipped: int = 0
    held: int = 0
    adopted: int = 0
    sent_cents: int = 0
    new_customers: int = 0
    run_id: int | None = None
    dry_run: bool = False
    reasons: dict[str, int] = field(default_factory=dict)
    notices: dict[str, int] = field(default_factory=dict)
    profiles: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    invitations: int = 0
    waiting: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[dict[str, Any]] = field(default_factory=list)
    plan: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def off(cls, name: str) -> ImportReport:
        """Report a scheduled run of a connection whose automatic import is off (decisions 8)."""
        return cls(
            name, "off",
            notes=["automatic import is off: a scheduled run sends nothing;"
                   " `teamleader-twikey import --days N` imports by hand"],
        )  # fmt: skip

    @classmethod
    def of(cls, run: Run, name: str) -> ImportReport:
        """Add up a run from its ledger."""
        tally = run.ledger.desk.tally(run.id)
        profiles = run.ledger.desk.profiles(run.id)
        waiting = run.ledger.desk.held()
        connection = run.connection
        return cls(
            name=name,
            outcome="failed" if run.problems else "held" if waiting or run.alerts else "clean",
            read=tally.read, sent=tally.sent, known=tally.known, skipped=tally.skipped,
            held=tally.held, adopted=tally.adopted, sent_cents=tally.sent_cents,
            new_customers=tally.customers, run_id=run.id, dry_run=run.dry_run,
            reasons=tally.reasons, notices=run.ledger.desk.notices(run.id), profiles=profiles,
            problems=[f"{problem}. {problem.advice}" for problem in run.problems],
            notes=list(run.notes),
            calls={"Teamleader": connection.teamleader.calls, "Twikey": connection.twikey.calls},
            invitations=sum(
                count for profile, count in run.ledger.desk.to_be_mailed(run.id).items()
                if connection.settings.profile(profile).invitation != "off"
            ),
            waiting=waiting, alerts=list(run.alerts), remarks=remarks_of(run),
            plan=run.ledger.shown.plan(run.id) if run.dry_run else [],
        )  # fmt: skip

    @property
    def exit_code(self) -> int:
        """Return 0 clean, 1 could not do all its work, 2 something is held or differs."""
        return {"clean": 0, "off": 0, "held": 2}.get(self.outcome, 1)

    def tie_out(self) -> str:
        """Write the line that must add up."""
        return (
            f"read {self.read} = sent {self.sent} + known {self.known}"
            f" + skipped {self.skipped} + held {self.held}"
        )

    def headline(self) -> str:
        """Say the verdict first."""
        if self.outcome == "off":
            return "automatic import is off"
        sent = "would be sent" if self.dry_run else "sent"
        none = "nothing new" if self.read == self.known else f"nothing {sent}"
        parts = [f"{self.sent} {sent}, {euro(self.sent_cents)}" if self.sent else none]
        if self.held:
            parts.insert(0, f"{self.held} held")
        elif self.waiting:
            parts.append(f"{len(self.waiting)} still held")
        if self.alerts:
            parts.insert(0, need_you(len(self.alerts)))
        if self.problems:
            parts.insert(0, "not everything could be read")
        return "; ".join(parts)

    def counts(self) -> dict[str, object]:
        """Return the numbers for the run book."""
        return {
            "read": self.read, "sent": self.sent, "known": self.known, "skipped": self.skipped,
            "held": self.held, "adopted": self.adopted, "sent_cents": self.sent_cents,
            "new_customers": self.new_customers, "reasons": self.reasons, "calls": self.calls,
        }  # fmt: skip
