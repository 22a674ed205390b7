"""Guide 7: one customer invited because a person asks, at most once unless that person insists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.errors import AlreadyInvited, UsageWrong
from connectors.ledger.invitations import Candidate
from flows.invitation import invite, left_already
from flows.invitations import InvitationsReport, read_anew, report_of
from flows.read_customers import read_one
from flows.run import Run
from mappings.invitations import WHY_NOT, nothing_to_ask


def invite_one(run: Run, number: str, *, again: bool, by: str) -> InvitationsReport:
    """Invite the customer of one booking because a person asks; ``by`` is that person's name.

    Raises ``AlreadyInvited``, which names when and how the first one left, unless ``again``;
    ``UsageWrong`` when the number is not one invoice that is open on both sides, read anew, or when
    an alert is to be looked at first.
    """
    candidate = _the_one(run, number)
    if not again:
        _require_first(run, candidate, number)
    if run.dry_run:
        return report_of(run, Counter(), Counter(), 1)
    _tell_address(run, candidate, number)
    outcome = invite(run, candidate, by)
    if outcome == "over":
        raise _not_invited(number, "OVER")
    return report_of(run, Counter({outcome: 1}), Counter(), 0)


def _the_one(run: Run, number: str) -> Candidate:
    found = [row["id"] for row in run.ledger.bookings.find(number) if row["stage"] == "sent"]
    if len(found) > 1:
        raise UsageWrong(f"{len(found)} bookings are called {number}; give the id of one")
    candidate = run.ledger.invitations.candidate(found[0]) if found else None
    if candidate is None:
        _refuse_deleted(run, number)
        raise UsageWrong(f"nothing that stands in Twikey is called {number}")
    _require_money(candidate, number)
    fresh = read_anew(run, [candidate.id]).get(candidate.id)
    if fresh is None:
        _refuse_deleted(run, number)
        raise _not_invited(number, "NOT_READ_ANEW")
    _require_money(fresh, number)
    return fresh


def _tell_address(run: Run, candidate: Candidate, number: str) -> None:
    """Let the customer in Twikey follow first: a second mail must not go to the old address.

    Raises ``UsageWrong`` when Teamleader or Twikey leaves that undone: then nothing is mailed.
    """
    booking = run.ledger.bookings.find(candidate.id)[0]
    kind, customer_id = booking["customer_type"], booking["customer_id"]
    if customer_id is None or not read_one(run, kind, customer_id):
        why = run.notes[-1] if run.notes else "Teamleader does not know it"
    else:
        from flows.tell_customers import tell_one  # needs pandas, which a refusal does not pay

        outcome = tell_one(run, customer_id)
        if outcome == "done":
            return
        why = run.notes[-1] if run.notes else outcome
    raise UsageWrong(f"{number} is not invited: its customer cannot follow to Twikey first; {why}")


def _require_money(candidate: Candidate, number: str) -> None:
    """Refuse what nobody is to be asked for, or not before somebody looked at its alert."""
    if reason := nothing_to_ask(candidate) or candidate.alert:
        raise _not_invited(number, reason)


def _refuse_deleted(run: Run, number: str) -> None:
    if any(row["stage"] == "closed" for row in run.ledger.bookings.find(number)):
        raise _not_invited(number, "DELETED_IN_TEAMLEADER")


def _not_invited(number: str, reason: str) -> UsageWrong:
    why = WHY_NOT[reason]
    return UsageWrong(f"{number} is not invited: {why[0].lower()}{why[1:-1]}")


def _require_first(run: Run, candidate: Candidate, number: str) -> None:
    """Refuse a second invitation, whether the first was ours or Twikey's own."""
    row = run.ledger.invitations.of(candidate.id)
    if row is not None and row["state"] != "refused":
        raise AlreadyInvited(f"{number} was invited already: {_told(row)}")
    if left_already(run, candidate):
        run.ledger.invitations.found(candidate.id, run.id, run.now())
        raise AlreadyInvited(f"{number} was invited already: by Twikey itself")


def _told(row: Mapping[str, Any]) -> str:
    """Say when, how and by whom an invitation left, or that this is not known."""
    at = datetime.fromisoformat(row["at"])
    if row["channel"] is None:
        return f"by {row['by']} itself, seen on {at:%Y-%m-%d at %H:%M} UTC"
    said = f"on {at:%Y-%m-%d at %H:%M} UTC, channel {row['channel']}, by {row['by']}"
    return said if row["state"] == "done" else f"{said} (the answer was lost, it may have left)"
