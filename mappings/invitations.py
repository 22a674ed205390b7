"""Who is invited now, and why not (guide 7; decisions 6): one booking at a time, nothing asked.

Per profile: Twikey's own profile invites (the default), this job does, or nobody. The job invites
once, after the PDF where the profile wants it, and never for what came with a silent first load or
before the job was made responsible. Free of pandas: an idle follow-up must not pay for it.
Example: profile 1420 with ``invitation = "job"`` and ``needs_pdf = true``, no PDF yet: it waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

Verdict = Literal["invite", "wait", "no"]
OVER = ("PAID", "ARCHIVED")


class Policy(NamedTuple):
    """What is declared about one profile."""

    invitation: Literal["twikey", "job", "off"] = "twikey"
    needs_pdf: bool = True


class Invitable(Protocol):
    """What decides about one booking; instants are UTC text."""

    @property
    def kind(self) -> str:
        """``invoice`` or ``credit_note``."""

    @property
    def ct(self) -> str | None:
        """The profile on which it stands in Twikey, None while that is not known."""

    @property
    def twikey_state(self) -> str | None:
        """Its state in Twikey as last seen."""

    @property
    def silent(self) -> bool:
        """Whether it came with a silent load."""

    @property
    def sent_at(self) -> str:
        """When it crossed."""

    @property
    def has_pdf(self) -> bool:
        """Whether Twikey has its PDF."""

    @property
    def invitation(self) -> str | None:
        """The state of its invitation, None when there was none."""

    @property
    def draft(self) -> bool:
        """Whether it is a draft again in Teamleader."""

    @property
    def nothing_due(self) -> bool:
        """Whether it is paid in Teamleader, or nothing is due there any more."""

    @property
    def alert(self) -> str | None:
        """The code of an open alert that a person must look at first."""


@dataclass(frozen=True, slots=True)
class InvitationRules:
    """The policies by profile, and since when (UTC text) the job invites for a profile."""

    policies: Mapping[str, Policy] = field(default_factory=dict)
    job_since: Mapping[str, str] = field(default_factory=dict)

    def policy(self, ct: str | None) -> Policy:
        """Return the policy of a profile; one that is not declared is Twikey's own task."""
        return self.policies.get(ct or "", Policy())


WHY_NOT = {
    "INVITED": "It was invited already.",
    "CREDIT_NOTE": "It is a credit note: there is nothing to pay.",
    "OVER": "It is paid or archived in Twikey.",
    "NOTHING_DUE": "It is paid or credited: nothing is due in Teamleader any more.",
    "DRAFT_AGAIN": "It is a draft again in Teamleader.",
    "DELETED_IN_TEAMLEADER": "It was deleted in Teamleader: look at its alert first.",
    "GONE_IN_TWIKEY": "It is no longer in Twikey: look at its alert first.",
    "AMOUNT_CHANGED": "Its amount was changed after booking: look at its alert first.",
    "NOT_SAID": "Twikey did not say whether an invitation left already: it is asked again.",
    "NOT_READ_ANEW": "It cannot be read in Teamleader just now: whether it is due is not known.",
    "SILENT": "It came with a silent first load: nobody is invited by itself.",
    "PROFILE_NOT_SEEN": "Twikey has not shown yet on which profile it stands.",
    "TWIKEY_INVITES": "Its profile invites by itself: Twikey's task.",
    "OFF": "Nobody is invited for its profile.",
    "BEFORE_THE_JOB": "It crossed before this job was made responsible for its profile.",
    "WAITS_FOR_PDF": "Its invitation follows when Twikey has its PDF.",
}


def decide(booking: Invitable, rules: InvitationRules) -> tuple[Verdict, str | None]:
    """Return whether a booking is invited now, waits, or is not invited, and the reason.

    The first reason that holds is given; it is a key of ``WHY_NOT``, None for ``invite``.
    """
    reason = _never(booking)
    if reason is not None:
        return "no", reason
    if booking.ct is None:
        return "wait", "PROFILE_NOT_SEEN"
    policy = rules.policy(booking.ct)
    if policy.invitation != "job":
        return "no", "TWIKEY_INVITES" if policy.invitation == "twikey" else "OFF"
    since = rules.job_since.get(booking.ct)
    if since is None or booking.sent_at < since:
        return "no", "BEFORE_THE_JOB"
    no_pdf = "WAITS_FOR_PDF" if policy.needs_pdf and not booking.has_pdf else None
    reason = booking.alert or no_pdf
    return ("invite", None) if reason is None else ("wait", reason)


def _never(booking: Invitable) -> str | None:
    if booking.invitation is not None:
        return "INVITED"
    return nothing_to_ask(booking) or ("SILENT" if booking.silent else None)


def nothing_to_ask(booking: Invitable) -> str | None:
    """Return why nobody is to be asked for its money, by hand neither; None when there is money."""
    if booking.kind != "invoice":
        return "CREDIT_NOTE"
    if booking.twikey_state in OVER:
        return "OVER"
    if booking.nothing_due:
        return "NOTHING_DUE"
    return "DRAFT_AGAIN" if booking.draft else None
