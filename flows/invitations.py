"""Guide 7: customers are invited at most once, and what became of it is looked at.

Who invites is declared per profile (decisions 6). Where it is this job: one ``send``, after the PDF
where the profile wants it, after asking Twikey whether an invitation left already, under an intent.
A lost answer is never followed by a second call: the delivery is looked up, or a person decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from connectors.errors import (
    AlreadyInvited,
    CallRefused,
    Halted,
    NotFound,
    OutcomeUnknown,
    ServiceUnavailable,
    UsageWrong,
)
from connectors.ledger.invitations import Candidate
from connectors.ledger.runs import text
from flows.deliveries import look_at_deliveries
from flows.run import Run
from flows.settings import Settings
from mappings.invitations import InvitationRules, Policy, decide

CHANNEL: Final = "send"
PER_RUN = 200  # each asks Twikey first, and such questions are rationed to about one a second
LEARNED_PER_RUN = 25
LOST_IN_A_ROW = 3


@dataclass(frozen=True)
class InvitationsReport:
    """One round of invitations in numbers of bookings.

    ``found`` had left already without us, ``waiting`` for their PDF or profile, by ``reasons``;
    ``unknown`` and ``undelivered`` are the open alerts afterwards, ``silent`` those of a silent
    first load that nobody invites by itself.
    """

    invited: int = 0
    found: int = 0
    waiting: int = 0
    refused: int = 0
    lost: int = 0
    left: int = 0
    unknown: int = 0
    undelivered: int = 0
    silent: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


def rules_of(settings: Settings, job_since: Mapping[str, str]) -> InvitationRules:
    """Turn the settings into what the mapping decides by."""
    return InvitationRules(
        {ct: Policy(p.invitation, p.needs_pdf) for ct, p in settings.profiles.items()}, job_since
    )


def note_policies(run: Run) -> dict[str, str]:
    """Return since when (UTC text) this job invites for each profile, noting what is new.

    What crossed before is not invited by itself: switching a profile over must not mail the past.
    """
    facts, since = run.ledger.facts, {}
    for ct, profile in run.connection.settings.profiles.items():
        name = f"the job invites for profile {ct} since"
        noted = facts.read(name)
        if profile.invitation != "job":
            if noted:
                facts.write(name, "")
        elif noted:
            since[ct] = noted
        else:
            since[ct] = text(run.now())
            facts.write(name, since[ct])
    return since


def prepare_invitations(run: Run, *, silent: bool, aloud: bool = False) -> None:
    """Before an import sends anything: note who invites, and silence what must not be mailed.

    ``aloud``: a person wants invitations, also for what an earlier import had silenced.

    Committed before the first create, so that a crash in the middle of a silent load cannot turn
    the rest of it into a load that mails (decisions 6; guide 10).
    """
    note_policies(run)
    if silent:
        run.ledger.invitations.silence()
    elif aloud:
        run.ledger.invitations.unsilence(run.id)


# ---- all that are due


def invite_due(run: Run) -> InvitationsReport:
    """Invite whose turn it is, then look at how earlier invitations fared.

    Raises a ``Halted`` when Twikey cannot be had. In a dry run nothing is asked or sent: ``left``
    says how many would be invited.
    """
    since = note_policies(run)
    done: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    due: list[Candidate] = []
    if since:
        rules = rules_of(run.connection.settings, since)
        due = _due(run, rules, min(since.values()), reasons)
    if not run.dry_run:
        run.ledger.invitations.left_open(run.id, run.now())
        _invite_all(run, due[:PER_RUN], done)
        look_at_deliveries(run, rules_of(run.connection.settings, since))
    return _report(run, done, reasons, len(due) - sum(done.values()))


def _due(run: Run, rules: InvitationRules, since: str, reasons: Counter[str]) -> list[Candidate]:
    due = []
    for candidate in _learn_profiles(run, since):
        verdict, reason = decide(candidate, rules)
        if verdict == "invite":
            due.append(candidate)
        elif verdict == "wait":
            reasons[str(reason)] += 1
    return due


def _learn_profiles(run: Run, since: str) -> list[Candidate]:
    """Return the candidates; for a few whose profile no feed has shown, ask Twikey."""
    candidates = run.ledger.invitations.candidates(since)
    unseen = [one for one in candidates if one.ct is None][:LEARNED_PER_RUN]
    if run.dry_run or not unseen:
        return candidates
    for one in unseen:
        standing = run.connection.twikey.invoice(one.twikey_id)
        if standing is not None:
            run.ledger.feed.invoices_seen([standing], None, run.now())
    return run.ledger.invitations.candidates(since)


def _invite_all(run: Run, due: list[Candidate], done: Counter[str]) -> None:
    lost = 0
    for count, candidate in enumerate(due, start=1):
        if _left_already(run, candidate):
            run.ledger.invitations.found(candidate.id, run.id, run.now())
            done["found"] += 1
            continue
        outcome = _invite(run, candidate, "the job")
        done[outcome] += 1
        lost = lost + 1 if outcome == "lost" else 0
        if lost == LOST_IN_A_ROW:
            raise ServiceUnavailable(f"Twikey left {lost} invitations in a row without an answer")
        run.tell("inviting customers", count, len(due))


def _left_already(run: Run, candidate: Candidate) -> bool:
    """Ask Twikey whether an invitation was delivered already (decisions 6).

    Nothing delivered is the usual answer, so that is what is asked for; an invoice that does not
    exist there any more is left to the call itself, which says so.
    """
    twikey = run.connection.twikey
    if twikey.delivery_is(candidate.twikey_id, "not_ok"):
        return False
    return twikey.delivery_is(candidate.twikey_id, "ok")


def _invite(run: Run, candidate: Candidate, by: str) -> str:
    """Send one invitation under its intent; return invited, refused or lost."""
    invitations = run.ledger.invitations
    before = invitations.of(candidate.id)
    invitations.asked(candidate.id, CHANNEL, by, run.id, run.now())
    try:
        run.connection.twikey.invite(candidate.twikey_id, CHANNEL)
    except OutcomeUnknown as lost:
        invitations.ended(candidate.id, "unknown", str(lost), run.id, run.now())
        return "lost"
    except (CallRefused, NotFound) as refused:
        _refused(run, candidate, refused)
        return "refused"
    except Halted:
        invitations.not_sent(candidate.id, before)
        raise
    with run.ledger.atomic():
        invitations.ended(candidate.id, "done", None, run.id, run.now())
        for code in ("INVITATION_UNKNOWN", "INVITATION_UNDELIVERED"):
            run.ledger.alerts.settle(candidate.id, code, run.id, run.now())
    return "invited"


def _refused(run: Run, candidate: Candidate, refused: CallRefused | NotFound) -> None:
    """Record a refusal: nothing left, and a person should know."""
    now = run.now()
    with run.ledger.atomic():
        run.ledger.invitations.ended(candidate.id, "refused", str(refused), run.id, now)
        code = "GONE_IN_TWIKEY" if isinstance(refused, NotFound) else "INVITATION_UNDELIVERED"
        run.ledger.alerts.alert(candidate.id, code, str(refused), run.id, now)


def _report(run: Run, done: Counter[str], reasons: Counter[str], left: int) -> InvitationsReport:
    alerts = run.ledger.alerts
    return InvitationsReport(
        waiting=sum(reasons.values()),
        left=left,
        unknown=len(alerts.open("INVITATION_UNKNOWN")),
        undelivered=len(alerts.open("INVITATION_UNDELIVERED")),
        silent=run.ledger.invitations.silent(),
        reasons=dict(reasons),
        **done,
    )


# ---- one, by hand


def invite_one(run: Run, number: str, *, again: bool, by: str) -> InvitationsReport:
    """Invite the customer of one booking because a person asks; ``by`` is that person's name.

    Raises ``AlreadyInvited``, which names when and how the first one left, unless ``again``;
    ``UsageWrong`` when the number is not one open invoice in Twikey.
    """
    candidate = _the_one(run, number)
    if not again:
        _require_first(run, candidate, number)
    if run.dry_run:
        return _report(run, Counter(), Counter(), 1)
    outcome = _invite(run, candidate, by)
    return _report(run, Counter({outcome: 1}), Counter(), 0)


def _the_one(run: Run, number: str) -> Candidate:
    found = [row["id"] for row in run.ledger.bookings.find(number) if row["stage"] == "sent"]
    if len(found) > 1:
        raise UsageWrong(f"{len(found)} bookings are called {number}; give the id of one")
    candidate = run.ledger.invitations.candidate(found[0]) if found else None
    if candidate is None:
        raise UsageWrong(f"nothing that stands in Twikey is called {number}")
    if candidate.kind != "invoice":
        raise UsageWrong(f"{number} is a credit note: there is nothing to pay")
    if candidate.twikey_state in ("PAID", "ARCHIVED"):
        raise UsageWrong(f"{number} is {candidate.twikey_state.lower()} in Twikey")
    return candidate


def _require_first(run: Run, candidate: Candidate, number: str) -> None:
    """Refuse a second invitation, whether the first was ours or Twikey's own."""
    row = run.ledger.invitations.of(candidate.id)
    if row is not None and row["state"] != "refused":
        raise AlreadyInvited(f"{number} was invited already: {_told(row)}")
    if row is None and _left_already(run, candidate):
        run.ledger.invitations.found(candidate.id, run.id, run.now())
        raise AlreadyInvited(f"{number} was invited already: by Twikey itself")


def _told(row: Mapping[str, Any]) -> str:
    """Say when, how and by whom an invitation left, or that this is not known."""
    at = datetime.fromisoformat(row["at"])
    if row["channel"] is None:
        return f"by {row['by']} itself, seen on {at:%Y-%m-%d at %H:%M} UTC"
    said = f"on {at:%Y-%m-%d at %H:%M} UTC, channel {row['channel']}, by {row['by']}"
    return said if row["state"] == "done" else f"{said} (the answer was lost, it may have left)"
