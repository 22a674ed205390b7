"""The words and figures that `flows.screen` prints: reports in pairs of a name and a fact."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flows.layout import clean, shorten
from flows.report import ImportReport
from mappings.money import euro, money
from mappings.money_events import bank_code

if TYPE_CHECKING:
    from flows.follow_up import FollowUpReport

NUMBER, SENTENCE = 60, 600  # cells that a number (50 letters at most) and a reason may take


def steps_of(report: FollowUpReport) -> list[tuple[str, str]]:
    """Return the figures of a follow-up's steps; what is nothing is left out."""
    facts: list[tuple[str, str]] = []
    if report.payments is not None:
        states = ", ".join(f"{n} {state}" for state, n in sorted(report.payments.open.items()))
        facts += [("events", f"{report.payments.events} read" + (f"; {states}" if states else ""))]
    if report.guards is not None and report.guards.looked_at:
        guards = report.guards
        facts += [("guards", f"{guards.looked_at} open bookings compared, "
                             f"{guards.set_to_paid} set to paid in Twikey")]  # fmt: skip
    if report.documents is not None:
        why = ", ".join(f"{n} {code}" for code, n in sorted(report.documents.reasons.items()))
        pdfs = f"{report.documents.attached} attached, {report.documents.still_missing} missing"
        facts += [("PDFs", pdfs + (f" ({why})" if why else ""))]
    if report.invitations is not None:
        invited = report.invitations
        why = ", ".join(f"{n} {code}" for code, n in sorted(invited.reasons.items()))
        waiting = f"{invited.waiting} waiting" + (f" ({why})" if why else "")
        facts += [("invitations", f"{invited.invited} sent, {waiting}, {invited.silent} silent")]
    calls = ", ".join(f"{count} to {name}" for name, count in report.calls.items())
    return [*facts, ("calls", calls)]


def mailed(mail: Mapping[str, Any]) -> str:
    """Say when the last summary left, and what is wrong with the newest."""
    if mail["off"]:
        return f"off: {mail['off']}"
    last = f"last sent {instant(mail['last_sent'])} UTC" if mail["last_sent"] else "none sent yet"
    return last + (f"; the newest: {clean(mail['problem'])}" if mail["problem"] else "")


def figures_of(report: ImportReport) -> list[tuple[str, str]]:
    """Return what a summary says under its line that adds up; an empty one is left out."""
    from mappings.reasons import REASONS

    skipped = {c: n for c, n in report.reasons.items() if c in REASONS
               and REASONS[c].kind == "skipped"}  # fmt: skip
    mails = f"{report.invitations} may leave" if report.dry_run and report.invitations else ""
    return [
        ("profiles", ", ".join(_on_profile(n, name) for name, n in report.profiles.items())),
        ("customers", f"{report.new_customers} new to Twikey" if report.new_customers else ""),
        ("adopted", f"{report.adopted} stood in Twikey already" if report.adopted else ""),
        ("run", "" if report.dry_run else str(report.run_id or "")),
        ("skipped", counted(skipped)),
        ("notices", counted(report.notices)),
        ("invitations", mails),
        ("calls", ", ".join(f"{n} to {name}" for name, n in report.calls.items())),
    ]


def _on_profile(count: int, name: str) -> str:
    return f"{count} on {name if name.isdecimal() else f'the {name}'}"


def counted(codes: Mapping[str, int]) -> str:
    """Write how often each code came."""
    return ", ".join(f"{n} {code}" for code, n in sorted(codes.items()))


def held_row(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Return what is shown of a held booking: number, whose, how much, why."""
    return (
        shorten(clean(row["number"] or row["id"]), NUMBER),
        shorten(clean(row["invoicee_name"]), 28),
        money_of(row),
        shown_sentence(row["reason"], row["detail"] or ""),
    )


def shown_sentence(code: str, detail: str) -> str:
    """Say a reason with its facts; the end of what somebody wrote without end is left out."""
    from mappings.reasons import sentence_of

    return shorten(clean(sentence_of(code, detail)), SENTENCE)


def money_of(row: Mapping[str, Any]) -> str:
    """Write what a booking is about, a credit note with a minus; nothing when it is not known."""
    cents = row["payable_cents"]
    if cents is None:
        return ""
    signed = -abs(cents) if row.get("kind") == "credit_note" else cents
    return money(signed, shorten(clean(row["currency"]), 8))


def natural(number: str | None) -> list[Any]:
    """Return a key that sorts 2026 / 9 before 2026 / 10."""
    return [int(p) if p.isdecimal() else p for p in re.split(r"(\d+)", number or "")]


def instant(at: str) -> str:
    """Write the ledger's UTC instant for people."""
    return at[:19].replace("T", " ")


def event_row(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return when and by whom, and what happened with its facts."""
    who = f"run {event['run']}" if event["run"] else "by hand"
    return f"{instant(event['at'])}  {who}", clean(f"{event['what']} {_said(event['facts'])}")


SEVERAL = ("events", "to be put back")  # lists that are no change from one to another


def _said(facts: Mapping[str, Any]) -> str:
    """Write the facts of an event in brackets; what is empty is left out."""
    named = {
        name: _fact(name, value) for name, value in facts.items() if value not in (None, False)
    }
    said = ", ".join(f"{_name(name)}: {fact}" for name, fact in named.items() if fact)
    return f"({said})" if said else ""


def _name(name: str) -> str:
    """Write a fact's name as a person would: cents are an amount, paid_at is paid at."""
    return {"cents": "amount"}.get(name, name.removesuffix("_cents").replace("_", " "))


def _fact(name: str, value: object) -> str:
    """Write a fact; a change is kept as [before, after] and an amount in cents."""
    if isinstance(value, list) and len(value) == 2 and name not in SEVERAL:
        return " -> ".join(_fact(name, one) or "none" for one in value)
    if isinstance(value, list):
        return ", ".join(_fact(name, one) for one in value)
    if isinstance(value, dict):
        told = [one for one in value.items() if isinstance(one[1], str) or one[0].endswith("cents")]
        return "; ".join(_fact(*one) for one in told)
    if name.endswith("cents") and isinstance(value, int):
        return euro(value)
    if name == "paid" and isinstance(value, int):
        return "yes" if value else "no"
    return "" if value is None else _in_words(name, str(value))


def _in_words(name: str, text: str) -> str:
    """Write an instant, or what the bank said, as a person would read it out."""
    if name.endswith("_at") and "T" in text:
        return f"{instant(text)} UTC"
    return _bank_says(text) if name == "reason" and text.startswith("{") else text


def _bank_says(error: str) -> str:
    """Write the bank's reason: ``MD06 refund_by_debtor, Refund requested by the debtor``."""
    try:
        parts = (bank_code(error), json.loads(error).get("description"))
    except ValueError:  # no object of Twikey's
        return error
    return ", ".join(str(part) for part in parts if part) or error


def ago(seconds: float) -> str:
    """Write a span for people: 40 s, 3 min, 2 h, 5 days."""
    for size, unit in ((2 * 86400, "days"), (2 * 3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // {'days': 86400, 'h': 3600, 'min': 60}[unit]:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
