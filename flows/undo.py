"""Guide 4, 10: "you can easily delete the import afterwards": an import leaves Twikey again.

Gather what the run itself created, look each up, decide, delete under an intent. What is paid, in
progress, credited or invited to is kept and named. Customers stay. What left does not come back by
itself: a tombstone keeps it away until ``--forget`` lifts it (acceptance A22).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from connectors.errors import ServiceUnavailable, UsageWrong
from connectors.ledger.undo import ImportRun, Made
from connectors.twikey.answers import TwikeyInvoice
from flows.connection import Connection
from flows.gone_customers import settle_gone
from flows.odd import ODD, answered, set_aside
from flows.read_payments import read_payments
from flows.removals import remove
from flows.run import Run, Tell, at_work, silently
from flows.settle import settle
from mappings.guards import came_in
from mappings.money import euro
from mappings.undo import Kept, Known, keep_by_money, keep_by_payment, keep_by_state, keep_unseen

FLOW = "undo"
LAST = "last"
LOST_IN_A_ROW = 3


@dataclass(frozen=True)
class UndoRequest:
    """What is asked: ``run`` is the number of an import or ``last``; ``by`` is a person's name.

    Without ``yes``, and in a dry run, only the plan is made. ``invited`` removes those too whose
    customers were invited already.
    """

    run: str
    yes: bool = False
    dry_run: bool = False
    invited: bool = False
    by: str = "unknown user"

    @property
    def plan_only(self) -> bool:
        """Tell whether nothing is to be removed yet."""
        return self.dry_run or not self.yes


@dataclass
class UndoReport:
    """What left Twikey, or would leave it; cents are signed (a credit note counts less).

    ``gone`` of the removed had left already, ``set_aside`` were read by the import and never sent,
    ``earlier`` were taken back before. ``kept`` names each that stays, with the reason.
    """

    undone: ImportRun
    plan_only: bool
    dry_run: bool
    run_id: int | None = None
    removed: int = 0
    removed_cents: int = 0
    gone: int = 0
    set_aside: int = 0
    earlier: int = 0
    kept: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def anything(self) -> bool:
        """Tell whether there is anything to remove."""
        return bool(self.removed or self.set_aside)

    @property
    def exit_code(self) -> int:
        """Return 0 all removed, 1 waits for --yes, 2 some are kept (decisions 10)."""
        if self.plan_only and not self.dry_run and self.anything:
            return 1
        return 2 if self.kept else 0

    def headline(self) -> str:
        """Say the verdict first."""
        would = "would be " if self.plan_only else ""
        parts = [f"{self.removed} {would}removed from Twikey, {euro(self.removed_cents)}"]
        if not self.removed:
            parts = [f"nothing {'to remove' if self.plan_only else 'removed'}"]
        if self.kept:
            parts.append(f"{len(self.kept)} kept")
        if self.set_aside:
            parts.append(f"{self.set_aside} never sent {would}set aside")
        return "; ".join(parts)

    def counts(self) -> dict[str, object]:
        """Return the numbers for the run book."""
        return {
            "removed": self.removed, "removed_cents": self.removed_cents, "kept": len(self.kept),
            "set_aside": self.set_aside, "undone_run": self.undone.id,
        }  # fmt: skip


def undo(connection: Connection, request: UndoRequest, *, tell: Tell = silently) -> UndoReport:
    """Take an import back where Twikey allows it, or plan to.

    Raises ``UsageWrong`` for a run that is no import; a ``Halted`` when it cannot do its work: what
    was removed until then is in the ledger, and the same command goes on from there.
    """
    undone = _the_import(connection, request.run)
    parameters: dict[str, object] = {"name": f"undo of run {undone.id}", "undone": undone.id}
    with at_work(
        connection, FLOW, started_by=request.by, parameters=parameters,
        dry_run=request.plan_only, tell=tell,
    ) as run:  # fmt: skip
        read_payments(run)
        run.ledger.payments.assign(run.id, run.now())
        if not run.dry_run:
            settle(run)
        report = UndoReport(undone, request.plan_only, request.dry_run, run_id=run.id)
        report.earlier = run.ledger.tombstones.earlier(undone.id)
        _work_through(run, request, report)
        unsent = run.ledger.undo.unsent(undone.id)
        run.ledger.tombstones.set_aside(
            [each for each, _ in unsent], undone.id, run.id, request.by, run.now()
        )
        report.set_aside = len(unsent)
        settle_gone(run)
        report.notes = list(run.notes)
        outcome = "held" if report.kept else "clean"
        run.ledger.runs.end(run.id, run.now(), outcome, report.headline(), report.counts())
        return report


def _the_import(connection: Connection, name: str) -> ImportRun:
    """Return the import that is meant; raises ``UsageWrong``."""
    ledger = connection.ledger.undo
    newest = ledger.imports(5)
    if name == LAST and not newest:
        raise UsageWrong("no import has anything in Twikey that it created itself")
    number = newest[0] if name == LAST else None
    if number is None and name.isascii() and name.isdecimal() and len(name) < 18:
        number = int(name)
    found = ledger.run(number) if number is not None else None
    if found is None:
        known = ", ".join(map(str, newest)) or "none"
        raise UsageWrong(f"there is no run {name}; imports that can be taken back: {known}")
    if found.flow != "import":
        raise UsageWrong(f"run {found.id} is no import but {found.name}: it cannot be taken back")
    return found


class _Round:
    """One round over what an import made: what the ledger knows of it, and who leaves."""

    def __init__(self, run: Run, request: UndoRequest, report: UndoReport) -> None:
        self.run, self.request, self.report = run, request, report
        ledger = run.ledger
        self.made = ledger.undo.made_by(report.undone.id)
        ids = [one.id for one in self.made]
        self.events = ledger.payments.of(ids)
        self.written = ledger.payments.registrations(ids)
        self.blocked = ledger.payments.blocked()
        self.settling = {one.booking_id for one in ledger.undo.unsettled()}
        self.leaving: set[str] = set()

    def known(self, made: Made) -> Known:
        """Gather what the ledger knows of one; credit notes that leave as well do not count."""
        written = any(one.state != "removed" for one in self.written[made.id])
        credits_ = (made.credited_by or "").splitlines()
        return Known(
            stood_before=made.found,
            created=made.created == "done",
            settling=made.id in self.settling,
            written=written or made.id in self.blocked,
            came_in_cents=came_in(self.events[made.id]),
            credited_by=", ".join(n for n in credits_ if n not in self.leaving) or None,
        )

    def left(self, made: Made) -> None:
        """Note one that leaves."""
        self.leaving.add(made.number)
        self.report.removed += 1
        self.report.removed_cents += made.cents
        self.report.numbers.append(made.number)

    def stays(self, made: Made, kept: Kept) -> None:
        """Note one that is kept, and why."""
        self.report.kept.append(
            {"id": made.id, "number": made.number, "kind": made.kind, "cents": made.cents,
             "reason": kept.reason, "sentence": kept.sentence}
        )  # fmt: skip
        self.run.ledger.journal.add(
            self.run.id, self.run.now(), made.id, "kept by undo",
            why=kept.sentence, by=self.request.by,
        )  # fmt: skip


def _work_through(run: Run, request: UndoRequest, report: UndoReport) -> None:
    """Look at each, credit notes first, and remove it or say why not."""
    one_round, lost = _Round(run, request, report), 0
    what = "looking at" if run.dry_run else "removing"
    for done, made in enumerate(one_round.made, start=1):
        run.tell(f"{what} what run {report.undone.id} created", done, len(one_round.made))
        standing = None
        try:
            kept, standing = _decide(run, made, request, one_round.known(made))
            if kept is None:
                kept = _take(run, made, request, report, standing)
                lost = lost + 1 if kept is not None and kept.reason == "LOST" else 0
        except ODD as odd:  # a removal under its intent ends in itself: this was only a look
            set_aside(run, "Twikey", made.number, odd)
            kept = Kept("NOT_SAID", str(odd))
        else:
            answered(run, "Twikey")
        if kept is None:
            one_round.left(made)
        else:
            one_round.stays(made, kept)
        if lost == LOST_IN_A_ROW:
            raise ServiceUnavailable(f"Twikey left {lost} removals in a row without an answer")


def _decide(
    run: Run, made: Made, request: UndoRequest, known: Known
) -> tuple[Kept | None, TwikeyInvoice | None]:
    """Return why one is kept, if it is, and what stands in Twikey, if that was asked."""
    kept = keep_unseen(known)
    if kept is not None:
        return kept, None
    standing = run.connection.twikey.invoice(made.twikey_id)
    if standing is None:
        return keep_by_money(known._replace(credited_by=None)), None
    run.ledger.feed.invoices_seen([standing], None, run.now())
    kept = keep_by_state(standing.state) or keep_by_money(known)
    kept = kept or keep_by_payment(standing.last_payment, standing.meta)
    if kept is None and not request.invited and _invited(run, made, standing):
        kept = Kept("INVITED")
    return kept, standing


def _invited(run: Run, made: Made, standing: TwikeyInvoice) -> bool:
    """Tell whether an invitation left, by this job or, where the profile sends, by Twikey."""
    if made.invitation in ("asked", "done", "unknown") or made.delivered:
        return True
    profile = run.connection.settings.profile(standing.ct or made.ct or "")
    if made.kind != "invoice" or profile.invitation != "twikey":
        return False
    return run.connection.twikey.delivery_is(made.twikey_id, "ok")


def _take(
    run: Run, made: Made, request: UndoRequest, report: UndoReport, standing: TwikeyInvoice | None
) -> Kept | None:
    """Remove one, or plan to; return why it is kept after all."""
    ledger = run.ledger
    if standing is None:
        report.gone += 1
        ledger.undo.vanished(made, report.undone.id, run.id, request.by, run.now())
        return None
    if run.dry_run:
        return None
    if request.invited and made.invitation is None and _invited(run, made, standing):
        ledger.undo.mailed(made.id, run.now())
    refusal = remove(run, made, report.undone.id, request.by)
    if refusal == "unknown":
        return Kept("LOST")
    return None if refusal is None else _why_refused(run, made, refusal)


def _why_refused(run: Run, made: Made, refusal: str) -> Kept | None:
    """Look again at what Twikey would not delete: it has changed since it was looked at."""
    standing = run.connection.twikey.invoice(made.twikey_id)
    if standing is None:
        return Kept("REFUSED", refusal)
    run.ledger.feed.invoices_seen([standing], None, run.now())
    changed = keep_by_state(standing.state)
    changed = changed or keep_by_payment(standing.last_payment, standing.meta)
    return changed or Kept("REFUSED", refusal)
