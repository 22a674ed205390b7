"""Guide 7: invited once, never twice (acceptance A36-A39, A23, complaints C12-C14)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from connectors.errors import AlreadyInvited, BrakePulled, UsageWrong
from flows.documents import attach_pdfs
from flows.invitations import InvitationsReport, invite_due
from flows.invite_by_hand import invite_one
from tests.flows.following import actions, alerts, follow, journey, killed_at
from tests.flows.inviting import (
    DAY,
    JOB,
    JOB_AT_ONCE,
    TWIKEY,
    booked,
    by_hand,
    invitations,
    invite,
    later,
    settled,
    state_of,
)
from tests.flows.office import CONFIG, Office

OpenOffice = Callable[..., Office]


# ---- who invites, and when


@pytest.mark.parametrize("by_number", [False, True], ids=["on schedule", "by hand"])
def test_the_invitation_follows_the_pdf(by_number: bool, office: Office) -> None:
    """A36: nothing leaves at the import, exactly one invitation after the PDF."""
    (booking,) = booked(settled(office, JOB))
    report = invite(office)
    assert (report.invited, report.reasons) == (0, {"WAITS_FOR_PDF": 1})
    assert invitations(office) == []
    later(office)
    numbers = (booking,) if by_number else ()
    assert follow(office, lambda run: attach_pdfs(run, numbers)).attached == 1
    for _ in range(3):
        invite(office)
        later(office)
    assert invitations(office) == [(booking, "api")]
    (sent,) = actions(office)
    assert sent.parameters == {"type": "send"}


def test_without_the_need_of_a_pdf_it_leaves_after_the_import(office: Office) -> None:
    """A37: PDF not required: exactly one invitation directly after the import."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    assert invite(office).invited == 1
    assert invite(office).invited == 0
    assert invitations(office) == [(booking, "api")]
    assert journey(office, booking)[-2:] == ["invitation asked for", "invitation done"]


@pytest.mark.parametrize("config", [CONFIG, TWIKEY], ids=["off", "twikey"])
def test_none_leaves_from_the_job_unless_it_is_its_task(config: str, office: Office) -> None:
    """A38: policy off or twikey: no invitation ever leaves from the job."""
    booked(settled(office, config), 3)
    for _ in range(3):
        follow(office, attach_pdfs)
        invite(office)
        later(office, DAY)
    assert actions(office) == []


def test_a_second_invitation_by_hand_is_refused_unless_again_is_said(office: Office) -> None:
    """A39: refused with time and channel of the first; --again sends and names the person."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    at = f"{office.clock.now():%Y-%m-%d at %H:}"
    invite(office)
    number = next(iter(office.twikey_invoices()))
    with pytest.raises(AlreadyInvited, match=f"{at}.*channel send, by the job") as refused:
        by_hand(office, number)
    assert "--again" in refused.value.advice
    assert by_hand(office, number, again=True).invited == 1
    assert len(invitations(office)) == 2
    with office.ledger() as ledger:
        asked = [e for e in ledger.journal.of(booking) if e["what"] == "invitation asked for"]
    assert [event["facts"]["by"] for event in asked] == ["the job", "Ann"]


def test_an_invitation_of_twikeys_own_counts_as_the_first(office: Office) -> None:
    """A39: what Twikey's profile sent already is not sent again, by hand or by the job."""
    office.sandbox.twikey.actions["set_profile"](1420, send_on_booking=True)
    (mine,) = booked(settled(office, TWIKEY))
    with pytest.raises(AlreadyInvited, match="Twikey itself"):
        by_hand(office, mine)
    office.configure(JOB_AT_ONCE)
    invite(office)
    (other,) = booked(office)
    assert invite(office).found == 1
    assert invite(office) == InvitationsReport()
    assert invitations(office) == [(mine, "profile"), (other, "profile")]


def test_by_hand_only_one_open_invoice_in_twikey_is_invited(office: Office) -> None:
    """A39: an unknown number, a paid invoice, a credit note: said, and nothing leaves."""
    (booking,) = booked(settled(office, CONFIG))
    note = office.sandbox.books.credit(booking, 1000)
    later(office)
    office.imports(credit_notes=True)
    with pytest.raises(UsageWrong, match="2099 / 1"):
        by_hand(office, "2099 / 1")
    with pytest.raises(UsageWrong, match="credit note"):
        by_hand(office, note)
    office.sandbox.twikey.actions["pay_link"](booking)
    office.imports()
    with pytest.raises(UsageWrong, match="is paid"):
        by_hand(office, booking)
    assert actions(office) == []


def test_paid_invoices_and_credit_notes_are_not_invited(office: Office) -> None:
    """A37: nobody is asked to pay what is paid, or what goes back to them."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.books.credit(booking, 1000)
    office.sandbox.twikey.actions["pay_link"](booking)
    later(office)
    office.imports(credit_notes=True)
    assert invite(office) == InvitationsReport()
    assert invitations(office) == []


# ---- the silent first load


def test_a_first_load_is_silent(office: Office) -> None:
    """A23: a first load mails nobody, however often the flow runs; later invoices are invited."""
    office.configure(JOB_AT_ONCE)
    for _ in range(3):
        office.sandbox.books.book()
    office.imports(days=30)
    for _ in range(3):
        report = invite(office)
        later(office)
    assert (report.invited, report.silent) == (0, 3)
    assert invitations(office) == []
    (booking,) = booked(office)
    assert invite(office).invited == 1
    assert invitations(office) == [(booking, "api")]


def test_a_first_load_that_is_killed_stays_silent(
    office: Office,
) -> None:
    """A23: the rest of a first load that broke off is as silent as its beginning."""
    office.configure(JOB_AT_ONCE)
    for _ in range(4):
        office.sandbox.books.book()
    office.sandbox.world.fault("status", service="twikey", path="/invoice$", method="POST", nth=2)
    office.sandbox.world.fault("reset_before", service="twikey", method="POST", path="/invoice$")
    assert office.imports(days=30).outcome == "failed"
    office.sandbox.world.faults.clear()
    office.imports(days=30)
    office.imports()
    assert len(office.twikey_invoices()) == 4
    assert invite(office).invited == 0
    assert invitations(office) == []


def test_a_load_beyond_the_brake_is_silent_unless_said_otherwise(open_office: OpenOffice) -> None:
    """A23: a backfill that needs --yes mails nobody, unless invitations are asked for too."""
    for wanted, asked in ((0, {}), (3, {"invite": True})):
        office = settled(open_office(), JOB_AT_ONCE + "[brake]\nbookings = 2\n")
        for _ in range(3):
            office.sandbox.books.book()
        with pytest.raises(BrakePulled):
            office.imports(days=30, yes=False)
        office.imports(days=30, **asked)
        assert invite(office).invited == wanted


def test_making_the_job_responsible_does_not_mail_the_past(office: Office) -> None:
    """A23: what crossed before the policy became "job" is not invited by itself, only by hand."""
    (old,) = booked(settled(office, CONFIG))
    later(office)
    office.configure(JOB_AT_ONCE)
    assert invite(office).invited == 0
    (new,) = booked(office)
    assert invite(office).invited == 1
    assert by_hand(office, old).invited == 1
    assert sorted(invitations(office)) == sorted([(new, "api"), (old, "api")])


# ---- never twice


def test_a_hundred_runs_send_one_invitation_each(office: Office) -> None:
    """C12: the flow run 100 times: one action per invoice left, ever."""
    ids = booked(settled(office, JOB_AT_ONCE), 2)
    for _ in range(100):
        invite(office)
    assert sorted(invitations(office)) == sorted((each, "api") for each in ids)
    assert len(actions(office)) == 2


@pytest.mark.parametrize("kind", ["reset_after", "status_after", "bad_json", "hang"])
def test_a_lost_answer_never_sends_a_second_mail(kind: str, office: Office) -> None:
    """C13: it left and its answer was lost: the next run looks, finds it delivered, sends none."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    settings = {"seconds": 0.1, "handled": True} if kind == "hang" else {}
    office.sandbox.world.fault(kind, service="twikey", path="/action$", times=1, **settings)
    assert invite(office).lost in (0, 1)
    for _ in range(3):
        later(office, DAY)
        invite(office)
    assert len(actions(office)) == 1
    assert invitations(office) == [(booking, "api")]
    assert state_of(office, booking) == "done"
    assert alerts(office) == []


@pytest.mark.parametrize("kind", ["reset_before", "status"])
def test_a_call_that_may_not_have_arrived_is_left_to_a_person(kind: str, office: Office) -> None:
    """C13: nothing shows that it was delivered: an alert, no second call until a person says so."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.world.fault(kind, service="twikey", path="/action$", times=1)
    invite(office)
    for _ in range(3):
        later(office, DAY)
        report = invite(office)
    assert report.unknown == 1
    assert alerts(office) == [(booking, "INVITATION_UNKNOWN")]
    assert len(actions(office)) == 1
    with pytest.raises(AlreadyInvited, match="may have left"):
        by_hand(office, booking)
    by_hand(office, booking, again=True)
    assert invitations(office) == [(booking, "api")]
    assert alerts(office) == []


def test_a_mail_that_failed_is_not_claimed_as_sent(office: Office) -> None:
    """C13: the action was accepted and the mail failed: shown as undelivered, until it is paid."""
    settled(office, JOB_AT_ONCE)
    customer = office.sandbox.books.new_customer(name="No Mail NV", email=None)
    later(office)
    booking = office.sandbox.books.book(customer=customer)
    office.imports()
    assert invite(office).invited == 1
    later(office)
    assert invite(office).undelivered == 1
    assert alerts(office) == [(booking, "INVITATION_UNDELIVERED")]
    office.sandbox.twikey.actions["pay_link"](booking)
    office.imports()
    assert invite(office).undelivered == 0
    assert alerts(office) == []


def test_a_refused_invitation_is_an_alert_and_may_be_asked_for_by_hand(office: Office) -> None:
    """C13: Twikey's mail is switched off: nothing left, so a person needs no --again."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.world.rules.change({"twikey_email_disabled": True})
    assert invite(office).refused == 1
    assert invite(office).refused == 0
    assert alerts(office) == [(booking, "INVITATION_UNDELIVERED")]
    office.sandbox.world.rules.change({"twikey_email_disabled": False})
    assert by_hand(office, booking).invited == 1
    assert alerts(office) == []


@pytest.mark.parametrize("sends", [True, False])
def test_twikeys_task_is_alarmed_after_a_day_without_delivery(sends: bool, office: Office) -> None:
    """C14: policy twikey: the job sends none, and says after 24 hours that none arrived."""
    office.sandbox.twikey.actions["set_profile"](1420, send_on_booking=sends)
    (booking,) = booked(settled(office, TWIKEY))
    later(office, timedelta(hours=20))
    assert invite(office).undelivered == 0
    later(office, timedelta(hours=5))
    invite(office)
    assert alerts(office) == ([] if sends else [(booking, "INVITATION_UNDELIVERED")])
    assert actions(office) == []


@pytest.mark.parametrize("mails", [True, False], ids=["profile mails", "job mails"])
def test_one_invitation_follows_the_pdf_whoever_sends_it(mails: bool, office: Office) -> None:
    """C14: the profile with PDF sends at the upload, or the job after it: one either way."""
    office.sandbox.twikey.actions["set_profile"](1420, send_on_booking=mails, with_pdf=mails)
    config = TWIKEY.replace("needs_pdf = false", "needs_pdf = true") if mails else JOB
    (booking,) = booked(settled(office, config))
    later(office)
    for _ in range(3):
        follow(office, attach_pdfs)
        invite(office)
        later(office, DAY)
    assert invitations(office) == [(booking, "profile" if mails else "api")]
    assert alerts(office) == []


def test_looking_at_deliveries_ends(office: Office) -> None:
    """C14: each invitation is looked at a limited number of times; then a run costs nothing."""
    office.sandbox.twikey.actions["set_profile"](1420, send_on_booking=False)
    booked(settled(office, TWIKEY), 2)
    for _ in range(12):
        later(office, DAY)
        invite(office)
    office.forget_calls()
    for _ in range(5):
        later(office, DAY)
        invite(office)
    assert office.calls("twikey") == []


def test_nothing_to_do_asks_nobody(office: Office) -> None:
    """C12: once every invitation is known to have arrived, a run costs no call."""
    booked(settled(office, JOB_AT_ONCE), 2)
    invite(office)
    invite(office)
    office.forget_calls()
    invite(office)
    assert office.sandbox.world.journal == []


def test_a_dry_run_sends_nothing(office: Office) -> None:
    """C12: a dry run says how many would leave."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    assert follow(office, invite_due, dry_run=True).left == 1
    report = follow(
        office, lambda run: invite_one(run, booking, again=False, by="Ann"), dry_run=True
    )
    assert report.left == 1
    assert actions(office) == []


# ---- killed at every step


def test_a_kill_at_any_call_or_commit_mails_nobody_twice(open_office: OpenOffice) -> None:
    """C12: killed before or after any call or commit: at most one mail each, none forgotten."""
    step = 0
    while True:
        office = settled(open_office(), JOB_AT_ONCE)
        ids = booked(office, 2)
        killed = killed_at(step, partial(invite, office))
        for _ in range(3):
            later(office, DAY)
            invite(office)
        left = [one for one, _ in invitations(office)]
        assert len(left) == len(set(left)), f"two mails when killed at moment {step}"
        doubtful = [booking for booking, _ in alerts(office)]
        assert sorted({*left, *doubtful}) == sorted(ids), f"forgotten when killed at {step}"
        if not killed:
            break
        step += 1
    assert step >= 20
