"""What became of invitations: a few are looked at in each run, until they arrived or are hopeless.

Twikey tells of a delivery only on request and rations the requests (API reference 1.12, 2.12), so
every booking is asked about a limited number of times: an idle follow-up asks nothing.
"""

from __future__ import annotations

from datetime import timedelta

from connectors.errors import CallRefused, UnexpectedAnswer
from connectors.ledger.invitations import Watched
from connectors.ledger.runs import text
from flows.run import Run
from mappings.invitations import InvitationRules

LOOKS_PER_RUN = 25
TAKEN_PER_RUN = 200
ALARM_AFTER = timedelta(hours=24)  # without a delivery
FOLLOWED_FOR = timedelta(days=30)
PAUSES = (
    timedelta(hours=1),
    timedelta(hours=23),
    timedelta(days=1),
    timedelta(days=2),
    timedelta(days=3),
)
CODES = ("INVITATION_UNDELIVERED", "INVITATION_UNKNOWN")


def look_at_deliveries(run: Run, rules: InvitationRules) -> int:
    """Look at the next deliveries and raise or settle their alerts; return how many were asked."""
    _settle_what_is_over(run)
    now = run.now()
    wait = timedelta(seconds=run.connection.settings.settle_after_seconds)
    watched = run.ledger.invitations.watched(
        now,
        before=text(now - wait),
        by_twikey_until=text(now - ALARM_AFTER),
        since=text(now - FOLLOWED_FOR),
        limit=TAKEN_PER_RUN,
    )
    asked = 0
    for one in watched:
        if asked == LOOKS_PER_RUN:
            break
        if one.state is not None or _is_twikeys_task(run, one, rules):
            _look_or_put_off(run, one)
            asked += 1
    return asked


def _look_or_put_off(run: Run, one: Watched) -> None:
    """Look at one delivery; an odd answer about one keeps the others from nothing."""
    try:
        _look(run, one)
    except (UnexpectedAnswer, CallRefused) as odd:
        run.notes.append(f"{one.number or one.id}: {odd}")
        run.ledger.invitations.looked(one.id, "none", run.now() + PAUSES[0], counts=False)


def _settle_what_is_over(run: Run) -> None:
    """Close the alerts of what is paid, archived or gone by now: nobody needs a mail any more."""
    rows = run.ledger.alerts.open(*CODES)
    over = set(run.ledger.invitations.over([row["booking_id"] for row in rows]))
    for row in rows:
        if row["booking_id"] in over:
            run.ledger.alerts.settle(row["booking_id"], row["code"], run.id, run.now())


def _is_twikeys_task(run: Run, one: Watched, rules: InvitationRules) -> bool:
    """Tell whether Twikey should have invited by now; what it should not is put aside."""
    policy = rules.policy(one.ct)
    if policy.invitation != "twikey":
        run.ledger.invitations.looked(one.id, "none", None, counts=False)
        return False
    if policy.needs_pdf and not one.has_pdf:
        later = run.now() + timedelta(hours=1)
        run.ledger.invitations.looked(one.id, "none", later, counts=False)
        return False
    return True


def _look(run: Run, one: Watched) -> None:
    """Ask how one invitation fared, and say so."""
    twikey = run.connection.twikey
    if twikey.delivery_is(one.twikey_id, "ok"):
        _arrived(run, one)
    elif twikey.delivery_is(one.twikey_id, "fail"):
        _not_arrived(run, one, "fail", "Twikey reports that it could not be delivered")
    else:
        _not_arrived(run, one, "none", "Twikey shows no delivery")


def _arrived(run: Run, one: Watched) -> None:
    with run.ledger.atomic():
        if one.state == "unknown":
            run.ledger.invitations.ended(one.id, "done", "looked up: delivered", run.id, run.now())
        run.ledger.invitations.looked(one.id, "ok", None)
        for code in CODES:
            run.ledger.alerts.settle(one.id, code, run.id, run.now())


def _not_arrived(run: Run, one: Watched, state: str, detail: str) -> None:
    """Alert at once about a failure and a lost answer, after a day where nothing is shown."""
    now = run.now()
    last = one.looks >= len(PAUSES)
    with run.ledger.atomic():
        run.ledger.invitations.looked(one.id, state, None if last else now + PAUSES[one.looks])
        if one.state == "unknown" and state == "fail":
            run.ledger.invitations.ended(one.id, "done", "looked up: failed", run.id, now)
            run.ledger.alerts.settle(one.id, "INVITATION_UNKNOWN", run.id, now)
        elif one.state == "unknown":
            run.ledger.alerts.alert(one.id, "INVITATION_UNKNOWN", detail, run.id, now)
            return
        if state == "fail" or one.since <= text(now - ALARM_AFTER):
            run.ledger.alerts.alert(one.id, "INVITATION_UNDELIVERED", detail, run.id, now)
