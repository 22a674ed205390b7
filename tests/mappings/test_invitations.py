"""Who is invited, who waits and who is not: the first reason that holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from mappings.invitations import WHY_NOT, InvitationRules, Policy, decide, nothing_to_ask

SINCE = "2026-09-01T08:00:00+00:00"
RULES = InvitationRules(
    {"1": Policy("job"), "2": Policy("off"), "3": Policy("job", needs_pdf=False)},
    {"1": SINCE, "3": SINCE},
)


@dataclass
class Asked:
    """An invoice on profile 1, with its PDF in Twikey, that crossed as the job began there."""

    kind: str = "invoice"
    ct: str | None = "1"
    twikey_state: str | None = "BOOKED"
    silent: bool = False
    sent_at: str = SINCE
    has_pdf: bool = True
    invitation: str | None = None
    draft: bool = False
    nothing_due: bool = False
    alert: str | None = None


def test_an_invoice_with_its_pdf_is_invited() -> None:
    """Guide 7: from the moment on that the job was made responsible, that moment included."""
    assert decide(Asked(), RULES) == ("invite", None)
    assert decide(Asked(sent_at="2026-09-01T08:00:01+00:00"), RULES) == ("invite", None)
    assert decide(Asked(twikey_state=None), RULES) == ("invite", None)


NO: list[tuple[dict[str, Any], str]] = [
    ({"invitation": "sent"}, "INVITED"),
    ({"kind": "credit_note"}, "CREDIT_NOTE"),
    ({"twikey_state": "PAID"}, "OVER"),
    ({"twikey_state": "ARCHIVED"}, "OVER"),
    ({"nothing_due": True}, "NOTHING_DUE"),
    ({"draft": True}, "DRAFT_AGAIN"),
    ({"silent": True}, "SILENT"),
    ({"ct": "9"}, "TWIKEY_INVITES"),
    ({"ct": "2"}, "OFF"),
    ({"sent_at": "2026-09-01T07:59:59+00:00"}, "BEFORE_THE_JOB"),
]
WAITS: list[tuple[dict[str, Any], str]] = [
    ({"ct": None}, "PROFILE_NOT_SEEN"),
    ({"alert": "AMOUNT_CHANGED"}, "AMOUNT_CHANGED"),
    ({"alert": "GONE_IN_TWIKEY"}, "GONE_IN_TWIKEY"),
    ({"alert": "DELETED_IN_TEAMLEADER"}, "DELETED_IN_TEAMLEADER"),
    ({"has_pdf": False}, "WAITS_FOR_PDF"),
]


@pytest.mark.parametrize(("change", "reason"), NO)
def test_who_is_not_invited_is_told_why(change: dict[str, Any], reason: str) -> None:
    """Guide 7: nobody is asked for money without need, and the reason is a sentence."""
    assert decide(replace(Asked(), **change), RULES) == ("no", reason)
    assert WHY_NOT[reason]


@pytest.mark.parametrize(("change", "reason"), WAITS)
def test_who_waits_is_told_for_what(change: dict[str, Any], reason: str) -> None:
    """Guide 7: what may still come is waited for."""
    assert decide(replace(Asked(), **change), RULES) == ("wait", reason)
    assert WHY_NOT[reason]


def test_the_first_reason_is_told() -> None:
    """Guide 7: the reasons stand in an order, and the surest comes first."""
    everything: dict[str, Any] = {}
    for change, _ in reversed([*NO[:7], WAITS[0], NO[8], NO[9], WAITS[1], WAITS[-1]]):
        everything = {**everything, **change}
    order = [
        "INVITED", "CREDIT_NOTE", "OVER", "NOTHING_DUE", "DRAFT_AGAIN", "SILENT",
        "PROFILE_NOT_SEEN", "OFF", "BEFORE_THE_JOB", "AMOUNT_CHANGED", "WAITS_FOR_PDF",
    ]  # fmt: skip
    cures: list[dict[str, Any]] = [
        {"invitation": None}, {"kind": "invoice"}, {"twikey_state": "BOOKED"},
        {"nothing_due": False}, {"draft": False}, {"silent": False}, {"ct": "2"}, {"ct": "1"},
        {"sent_at": SINCE}, {"alert": None}, {"has_pdf": True},
    ]  # fmt: skip
    asked, told = replace(Asked(), **everything), []
    for cure in cures:
        told.append(decide(asked, RULES)[1])
        asked = replace(asked, **cure)
    assert told == order
    assert decide(asked, RULES) == ("invite", None)


def test_a_profile_may_do_without_the_pdf() -> None:
    """Guide 7: where the PDF is not needed it is not waited for; the others wait by default."""
    assert decide(Asked(ct="3", has_pdf=False), RULES) == ("invite", None)
    assert Policy() == Policy("twikey", needs_pdf=True)


def test_a_profile_without_a_first_day_invites_nobody() -> None:
    """Decisions 6: until it is known since when, nothing that crossed is the job's."""
    assert decide(Asked(), replace(RULES, job_since={})) == ("no", "BEFORE_THE_JOB")


def test_by_hand_an_invited_one_may_be_asked_again_but_not_for_nothing() -> None:
    """Guide 7: a person may insist on a silent or an invited one, never where nothing is owed."""
    assert nothing_to_ask(Asked(invitation="sent", silent=True, ct=None)) is None
    assert nothing_to_ask(Asked(nothing_due=True, draft=True)) == "NOTHING_DUE"
