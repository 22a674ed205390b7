"""One invitation: asked of Twikey whether it left, sent under its intent, its outcome recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from connectors.errors import CallRefused, Halted, NotFound, OutcomeUnknown
from connectors.ledger.invitations import Candidate
from flows.gone import tell_gone
from flows.run import Run
from mappings.invitations import OVER

CHANNEL: Final = "send"
WRONG_STATE: Final = "err_invalid_state"


def look_in_twikey(run: Run, candidate: Candidate) -> str | None:
    """Read one invoice in Twikey and keep what it shows; return its state, None if it is gone."""
    standing = run.connection.twikey.invoice(candidate.twikey_id)
    if standing is not None:
        run.ledger.feed.invoices_seen([standing], None, run.now())
        return standing.state
    why = f"Twikey no longer knows {candidate.twikey_id}"
    tell_gone(run, candidate.id, why)
    return None


def left_already(run: Run, candidate: Candidate) -> bool:
    """Ask Twikey whether an invitation was delivered already (decisions 6).

    Nothing delivered is the usual answer, so that is what is asked for; an invoice that does not
    exist there any more is left to the call itself, which says so.
    """
    twikey = run.connection.twikey
    if twikey.delivery_is(candidate.twikey_id, "not_ok"):
        return False
    return twikey.delivery_is(candidate.twikey_id, "ok")


def invite(run: Run, candidate: Candidate, by: str) -> str:
    """Send one invitation under its intent; return invited, refused, lost, or over.

    ``over``: it was paid in Twikey a moment ago, so nothing left and nobody is asked any more.
    Raises a ``Halted``, with the intent taken back, when the call certainly never left.
    """
    invitations = run.ledger.invitations
    before = invitations.of(candidate.id)
    invitations.asked(candidate.id, CHANNEL, by, run.id, run.now())
    try:
        run.connection.twikey.invite(candidate.twikey_id, CHANNEL)
    except OutcomeUnknown as lost:
        invitations.ended(candidate.id, "unknown", str(lost), run.id, run.now())
        return "lost"
    except (CallRefused, NotFound) as refused:
        if _over_there(run, candidate, refused, before):
            return "over"
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


def _over_there(
    run: Run,
    candidate: Candidate,
    refused: CallRefused | NotFound,
    before: Mapping[str, Any] | None,
) -> bool:
    """Take an intent back that was refused because it was paid in Twikey a moment ago."""
    if not isinstance(refused, CallRefused) or refused.code != WRONG_STATE:
        return False
    try:
        over = look_in_twikey(run, candidate) in OVER
    except Halted:
        run.ledger.invitations.not_sent(candidate.id, before)
        raise
    if over:
        run.ledger.invitations.not_sent(candidate.id, before)
    return over


def _refused(run: Run, candidate: Candidate, refused: CallRefused | NotFound) -> None:
    """Record a refusal: nothing left, and a person should know."""
    now = run.now()
    with run.ledger.atomic():
        run.ledger.invitations.ended(candidate.id, "refused", str(refused), run.id, now)
        if isinstance(refused, NotFound):
            tell_gone(run, candidate.id, str(refused))
            return
        code = "INVITATION_UNDELIVERED"
        run.ledger.alerts.alert(candidate.id, code, str(refused), run.id, now)
