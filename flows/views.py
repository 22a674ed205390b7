"""What an operator sees of a run in Prefect's pages: a name that tells, tables, a page of health.

Made from the reports and the ledger, without Prefect; ``prefect_artifacts`` publishes it. A run
without news shows nothing but its health, so that Prefect's database stays small. Names of
customers stand only where somebody must act (acceptance 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flows.import_booked import ImportRequest
from mappings.mails import safe_link
from mappings.markdown import cell
from mappings.money import euro
from mappings.money import money as amount
from mappings.money_events import bank_code
from mappings.reasons import REASONS, advice_of, sentence_of
from mappings.texts import many, need_you

if TYPE_CHECKING:
    from connectors.ledger.ledger import Ledger
    from flows.connection import Connection
    from flows.customers import CustomersReport
    from flows.follow_up import FollowUpReport
    from flows.reconcile import ReconcileReport
    from flows.report import ImportReport

MOST = 400
Row = dict[str, str]


@dataclass(frozen=True)
class Artifact:
    """One page: a table (``body`` is its rows) or Markdown (``body`` is text), with its key.

    ``standing`` shows how things are, not what a run did: it is published when it changed.
    ``empty`` says that there is nothing to show, which is news only after there was something.
    """

    key: str
    description: str
    body: list[Row] | str
    standing: bool = False
    empty: bool = False


@dataclass(frozen=True)
class View:
    """What a finished run shows; no ``name`` keeps the one it began with."""

    name: str | None = None
    artifacts: list[Artifact] = field(default_factory=list)


def money(row: Mapping[str, Any], column: str = "cents") -> str:
    """Write an amount of a row with its currency; nothing when it is not known."""
    cents = row[column]
    return "" if cents is None else amount(cents, cell(row["currency"]))


# ---- the import


def import_view(connection: Connection, report: ImportReport) -> View:
    """Show an import: its plan when it was dry, else what it did, and what needs a person."""
    if report.dry_run:
        return View(f"{report.name} (dry run): {report.sent} would be sent", [plan_of(report)])
    if not (asked(report) or report.sent or report.adopted or report.problems):
        return View(None, [needs_you(connection.ledger)] if report.run_id else [])
    parts = [f"{n} {word}" for n, word in ((report.sent, "sent"), (report.held, "held")) if n]
    name = f"{report.name}: {', '.join(parts) or 'nothing new'}"
    figures = summary(report.name, report.headline(), _imported(report))
    return View(name, [figures, needs_you(connection.ledger)])


def asked(report: ImportReport) -> bool:
    """Tell whether a person asked for this import: then it always says what it did."""
    return report.run_id is not None and report.name != ImportRequest().name()


def _imported(report: ImportReport) -> list[Row]:
    rows = [
        _line("Read from Teamleader", report.read),
        _line("Sent to Twikey", report.sent, euro(report.sent_cents) if report.sent else ""),
        _line("Known already", report.known, _adopted(report)),
        _line("Skipped by rule", report.skipped),
        _line("Held", report.held),
    ]
    rows += [_line(f"- {code}", count, _kind(code)) for code, count in report.reasons.items()]
    rows += [_line(f"Profile {name}", count) for name, count in report.profiles.items()]
    if report.new_customers:
        rows.append(_line("Customers new to Twikey", report.new_customers))
    rows += [_line(f"Notice {c}", n, _plainly(c)) for c, n in report.notices.items()]
    return [*rows, *_calls(report.calls), *_said(report.problems, report.notes)]


def _adopted(report: ImportReport) -> str:
    return f"{report.adopted} stood in Twikey already" if report.adopted else ""


def _kind(code: str) -> str:
    return f"{REASONS[code].kind}: {_plainly(code)}" if code in REASONS else ""


def _plainly(code: str) -> str:
    """Say what a reason means, without the detail of one booking."""
    return sentence_of(code, "").replace(" (not told)", "")


def plan_of(report: ImportReport) -> Artifact:
    """Show what a dry run would do with each booking."""
    rows = [
        {
            "number": cell(row["twikey_number"] or row["number"] or row["id"]),
            "what": DOES.get(row["stage"], "known already"),
            "amount": money(row, "amount_cents" if row["amount_cents"] else "payable_cents"),
            "profile": cell(row["profile"] or "") if row["stage"] == "planned" else "",
            "why": _why(row),
            "due": cell(row["due_on"]),
            "date": cell(row["issued_on"]),
            "Teamleader": safe_link(row["web_url"]) or "",
        }
        for row in report.plan[:MOST]
    ]
    more = f" (the first {MOST} of {report.read})" if report.read > MOST else ""
    said = f"{report.name}, dry run, nothing was sent: {report.tie_out()}{more}"
    return Artifact("plan", cell(said), rows or [{"plan": "nothing to do"}])


DOES = {"planned": "would be sent", "held": "held", "skipped": "skipped", "seen": "undecided"}


def _why(row: Mapping[str, Any]) -> str:
    if row["stage"] == "planned":
        return cell(row["why_profile"] or "")
    return cell(row["reason"] or "")


# ---- follow-up


def follow_up_view(connection: Connection, report: FollowUpReport) -> View:
    """Show a follow-up: the money it moved, row by row, and what needs a person."""
    if report.run_id is None:
        return View()
    shown = connection.ledger.shown
    written = [_payment(row) for row in shown.payments_written(report.run_id)]
    taken = [
        {**_payment(row), "bank says": cell(bank_code(row["error"]))}
        for row in shown.reversed(report.run_id)
    ]
    artifacts = []
    did = _did(report)
    if did or report.problems:
        artifacts.append(summary(report.name, report.headline(), _followed(report)))
    if written:
        told = f"{many(len(written), 'payment')} registered in Teamleader"
        artifacts.append(Artifact("payments-written", told, written[:MOST]))
    if taken:
        told = f"{many(len(taken), 'payment')} taken back in Teamleader"
        artifacts.append(Artifact("reversals", told, taken[:MOST]))
    name = f"follow-up: {', '.join(did)}" if did else None
    return View(name, [*artifacts, needs_you(connection.ledger)])


def _did(report: FollowUpReport) -> list[str]:
    parts: list[tuple[int, str, str]] = []
    if report.payments is not None:
        parts.append((report.payments.registered, "payment", "payments"))
        parts.append((report.payments.undone, "reversal", "reversals"))
    if report.documents is not None:
        parts.append((report.documents.attached, "PDF", "PDFs"))
    if report.invitations is not None:
        parts.append((report.invitations.invited, "invited", "invited"))
    return [f"{count} {one if count == 1 else many}" for count, one, many in parts if count]


def _payment(row: Mapping[str, Any]) -> Row:
    return {
        "number": cell(row["number"] or row["twikey_number"]),
        "amount": money(row),
        "paid at (UTC)": cell(row["paid_at"])[:16].replace("T", " "),
        "method": cell(row["method"] or ""),
        "Teamleader": safe_link(row["web_url"]) or "",
    }


def _followed(report: FollowUpReport) -> list[Row]:
    rows: list[Row] = []
    if report.payments is not None:
        found = report.payments
        rows.append(_line("Events read from Twikey", found.events))
        rows.append(_line("Payments registered", found.registered, euro(found.registered_cents)))
        rows.append(_line("Payments undone", found.undone, euro(found.undone_cents)))
        rows.append(_line("Payments of others put back", found.put_back))
        rows.append(_line("To be looked up", found.unsettled))
    if report.documents is not None:
        rows.append(_line("PDFs attached", report.documents.attached))
        rows.append(_line("PDFs missing", report.documents.still_missing))
    if report.invitations is not None:
        rows.append(_line("Customers invited", report.invitations.invited))
    return [*rows, *_calls(report.calls), *_said(report.problems, report.notes)]


# ---- customers, reconciliation


def customers_view(connection: Connection, report: CustomersReport) -> View:
    """Show which customers followed: counts, never who."""
    news = report.told or report.refused or report.gone or report.reset or report.problems
    if not news:
        return View(None, [needs_you(connection.ledger)] if report.run_id else [])
    rows = [
        _line("Read anew", report.read), _line("Updated in Twikey", report.told),
        _line("Not taken by Twikey", report.refused), _line("No longer in Teamleader", report.gone),
        _line("Customer numbers reset", report.reset),
        *_calls(report.calls), *_said(report.problems, report.notes),
    ]  # fmt: skip
    name = f"{report.name}: {report.told} updated" if report.told else None
    shown = summary(report.name, report.headline(), rows)
    return View(name, [shown, needs_you(connection.ledger)])


def reconcile_view(_: Connection, report: ReconcileReport) -> View:
    """Show what differs between the two sides; all documents are in the CSV of the command line."""
    from flows.reconcile_verbs import table_rows

    rows = [{name: cell(text) for name, text in row.items()} for row in table_rows(report, MOST)]
    differ = len(report.differing)
    name = f"{report.name}: {f'{differ} differ' if differ else 'agrees'}"
    found = rows or [{"reconciliation": "both sides agree to the cent"}]
    return View(name, [Artifact("reconciliation", cell(report.headline()), found)])


# ---- what needs a person


def needs_you(ledger: Ledger) -> Artifact:
    """Show everything that is held and every open alert, with what to do."""
    rows = [_open(row, row["reason"], row["held_at"]) for row in ledger.desk.held()]
    rows += [_open(row, row["code"], row["raised_at"]) for row in ledger.alerts.open()]
    more = f"; the first {MOST} are here, all in `teamleader-twikey held` and `status`"
    count = need_you(len(rows))
    said = f"{count}{more if len(rows) > MOST else ''}" if rows else "Nothing needs you"
    nothing: list[Row] = [{"held": "nothing is held and nothing needs you"}]
    return Artifact("held-items", said, rows[:MOST] or nothing, standing=True, empty=not rows)


def _open(row: Mapping[str, Any], code: str, since: str | None) -> Row:
    return {
        "number": cell(row["number"] or row["twikey_number"] or row.get("booking_id") or row["id"]),
        "amount": money(row, "payable_cents"),
        "reason": cell(code),
        "what to do": cell(advice_of(code)),
        "what is wrong": cell(sentence_of(code, row["detail"] or "")),
        "customer": cell(row["invoicee_name"])[:40],
        "since": datetime.fromisoformat(since).strftime("%Y-%m-%d") if since else "",
        "Teamleader": safe_link(row["web_url"]) or "",
    }


# ---- the summary of any run


def summary(name: str, headline: str, rows: list[Row]) -> Artifact:
    """Show what a run did, in figures."""
    return Artifact("run-summary", cell(f"{name}: {headline}"), rows)


def _line(what: str, count: int, note: str = "") -> Row:
    return {"what": cell(what), "count": str(count), "note": cell(note)}


def _calls(calls: Mapping[str, int]) -> list[Row]:
    return [_line(f"Calls to {name}", count) for name, count in calls.items()]


def _said(problems: Sequence[str], notes: Sequence[str]) -> list[Row]:
    return [
        *({"what": "Problem", "count": "", "note": cell(text)} for text in problems),
        *({"what": "Note", "count": "", "note": cell(text)} for text in notes),
    ]
