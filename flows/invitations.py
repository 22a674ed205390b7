"""Guide 7: customers are invited at most once, and what became of it is looked at.

Who invites is declared per profile (decisions 6). Where it is this job: one ``send``, after the PDF
where the profile wants it, after reading in Teamleader whether it is still due and asking Twikey
whether an invitation left already, under an intent. A lost answer is never followed by a second
call: the delivery is looked up, or a person decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connectors.errors import CallRefused, ServiceUnavailable, UnexpectedAnswer
from connectors.ledger.invitations import Candidate
from connectors.ledger.runs import text
from flows.deliveries import look_at_deliveries
from flows.invitation import invite, left_already, look_in_twikey
from flows.look import PER_CALL, read_by_ids
from flows.odd import ODD, answered, set_aside
from flows.run import Run
from flows.settings import Settings
from mappings.invitations import InvitationRules, Policy, decide

JOB_SINCE: Final = ("the job invites for profile ", " since")  # a fact's name, around the profile
PER_RUN = 200  # each asks Twikey first, and such questions are rationed to about one a second
LEARNED_PER_RUN = 25
LOST_IN_A_ROW = 3


@dataclass(frozen=True)
class InvitationsReport:
    """One round of invitations in numbers of bookings.

    ``found`` had left already without us, ``over`` were paid in Twikey at that moment, ``waiting``
    are those that cannot be invited yet, by ``reasons`` (keys of ``mappings.invitations.WHY_NOT``);
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
    over: int = 0
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
    facts, profiles = run.ledger.facts, run.connection.settings.profiles
    ours = {ct for ct, profile in profiles.items() if profile.invitation == "job"}
    noted = facts.named(JOB_SINCE[0])
    since = {name.removesuffix(JOB_SINCE[1]): at for name, at in noted.items() if at}
    for ct in since.keys() - ours:
        facts.write(ct.join(JOB_SINCE), "")
    for ct in ours - since.keys():
        since[ct] = text(run.now())
        facts.write(ct.join(JOB_SINCE), since[ct])
    return {ct: since[ct] for ct in ours}


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

    Raises a ``Halted`` when Twikey, or for those about to be invited Teamleader, cannot be had. In
    a dry run nothing is asked or sent: ``left`` says how many would be invited.
    """
    since = note_policies(run)
    done: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    due: list[Candidate] = []
    rules = rules_of(run.connection.settings, since)
    if since:
        due = _due(run, rules, min(since.values()), reasons)
    if not run.dry_run:
        run.ledger.invitations.left_open(run.id, run.now())
        _invite_all(run, due[:PER_RUN], rules, done, reasons)
        look_at_deliveries(run, rules)
        due = due[PER_RUN:]
    return report_of(run, done, reasons, len(due))


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
    unseen = [one for one in candidates if one.ct is None and one.alert is None]
    if run.dry_run or not unseen:
        return candidates
    for one in unseen[:LEARNED_PER_RUN]:
        try:
            look_in_twikey(run, one)
        except ODD as odd:
            set_aside(run, "Twikey", one.number or one.id, odd)
        else:
            answered(run, "Twikey")
    return run.ledger.invitations.candidates(since)


def _invite_all(
    run: Run,
    due: Sequence[Candidate],
    rules: InvitationRules,
    done: Counter[str],
    reasons: Counter[str],
) -> None:
    lost = 0
    for count, candidate in enumerate(_still_due(run, due, rules, reasons), start=1):
        try:
            outcome = _find_or_invite(run, candidate)
        except (UnexpectedAnswer, CallRefused) as odd:
            run.notes.append(f"{candidate.number or candidate.id}: {odd}")
            reasons["NOT_SAID"] += 1
            outcome = "lost"
        else:
            done[outcome] += 1
        lost = lost + 1 if outcome == "lost" else 0
        if lost == LOST_IN_A_ROW:
            raise ServiceUnavailable(f"Twikey left {lost} invitations in a row without an answer")
        run.tell("inviting customers", count, len(due))


def _find_or_invite(run: Run, candidate: Candidate) -> str:
    """Invite unless Twikey shows that it left already; raises when it does not say."""
    if left_already(run, candidate):
        run.ledger.invitations.found(candidate.id, run.id, run.now())
        return "found"
    return invite(run, candidate, "the job")


def _still_due(
    run: Run, due: Sequence[Candidate], rules: InvitationRules, reasons: Counter[str]
) -> Iterator[Candidate]:
    """Yield those that Teamleader still shows as due, read by the hundred just before their turn.

    What the ledger knows may be an hour old, and a mail to somebody who paid cannot be taken back.
    """
    for start in range(0, len(due), PER_CALL):
        some = due[start : start + PER_CALL]
        fresh = read_anew(run, [one.id for one in some])
        for one in some:
            now = fresh.get(one.id)
            verdict, reason = decide(now, rules) if now is not None else ("wait", "NOT_READ_ANEW")
            if verdict == "invite" and now is not None:
                yield now
            elif verdict == "wait":
                reasons[str(reason)] += 1


def read_anew(run: Run, ids: Sequence[str]) -> dict[str, Candidate]:
    """Read at most a hundred bookings in Teamleader; return those it still knows, readably."""
    invitations, shown = run.ledger.invitations, read_by_ids(run, ids)
    fresh = {each: invitations.candidate(each) for each in ids if each in shown}
    return {each: one for each, one in fresh.items() if one is not None}


def report_of(run: Run, done: Counter[str], reasons: Counter[str], left: int) -> InvitationsReport:
    """Return what was done, and what the ledger shows afterwards."""
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
