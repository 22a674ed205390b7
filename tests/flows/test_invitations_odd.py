"""Guide 7 under odd answers: one invoice in trouble holds nobody up and mails nobody twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.errors import AlreadyInvited, ServiceUnavailable, UnexpectedAnswer, UsageWrong
from connectors.ledger.ledger import Ledger
from flows.documents import attach_pdfs
from mappings.invitations import WHY_NOT
from tests.flows.following import actions, alerts, follow, journey
from tests.flows.inviting import (
    DAY,
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

BOTH = (
    CONFIG.replace('invitation = "off"', 'invitation = "job"\nneeds_pdf = false')
    + '[profiles.1421]\ninvitation = "twikey"\nneeds_pdf = false\n'
)


def page_for(office: Office, booking: str, **when: int) -> None:
    """Let Twikey answer a web page when it is asked about one invoice."""
    path = f"/invoice/{booking}$"
    office.sandbox.world.fault("html", service="twikey", method="GET", path=path, **when)


def test_one_odd_answer_holds_up_nobody_else(office: Office) -> None:
    """C13: Twikey answers a web page about one invoice: the others are invited all the same."""
    first, *others = sorted(booked(settled(office, JOB_AT_ONCE), 3))
    page_for(office, first)
    report = invite(office)
    assert (report.invited, report.reasons) == (2, {"NOT_SAID": 1})
    assert sorted(invitations(office)) == [(each, "api") for each in others]
    with pytest.raises(UnexpectedAnswer):
        by_hand(office, first)
    office.sandbox.world.faults.clear()
    assert invite(office).invited == 1
    assert len(actions(office)) == 3


def test_three_odd_answers_in_a_row_stop_the_run(office: Office) -> None:
    """C13: a Twikey that answers web pages only is not asked two hundred times."""
    booked(settled(office, JOB_AT_ONCE), 5)
    office.sandbox.world.fault("html", service="twikey", method="GET", path="/invoice/")
    with pytest.raises(ServiceUnavailable, match="3 invitations in a row"):
        invite(office)
    assert actions(office) == []


def test_an_odd_answer_about_a_delivery_is_asked_again_later(office: Office) -> None:
    """C14: a look at one delivery goes wrong: the others are looked at, this one an hour later."""
    ids = booked(settled(office, JOB_AT_ONCE), 2)
    page_for(office, ids[0], nth=2)
    assert invite(office).invited == 2
    office.sandbox.world.faults.clear()
    office.forget_calls()
    invite(office)
    assert office.calls("twikey") == []
    later(office, timedelta(hours=2))
    invite(office)
    assert {call.path.rpartition("/")[2] for call in office.calls("twikey")} == {ids[0]}


def test_paid_a_moment_ago_is_no_failure_of_an_invitation(office: Office) -> None:
    """C13: paid in Twikey since the feed was read: nothing left, no alert, nothing recorded."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.twikey.actions["pay_link"](booking)
    report = invite(office)
    assert (report.over, report.refused, alerts(office)) == (1, 0, [])
    assert state_of(office, booking) is None
    assert invite(office).over == 0
    with pytest.raises(UsageWrong, match="is paid"):
        by_hand(office, booking)
    assert invitations(office) == []


def test_paid_a_moment_ago_is_said_to_a_person_too(office: Office) -> None:
    """A39: asked for by hand: it is paid, and what was recorded of the first one stays."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    invite(office)
    office.sandbox.twikey.actions["pay_link"](booking)
    with pytest.raises(UsageWrong, match="is paid"):
        by_hand(office, booking, again=True)
    assert state_of(office, booking) == "done"


def test_a_refusal_that_cannot_be_looked_into_stays_without_a_mail(office: Office) -> None:
    """C13: paid a moment ago and then no answer: the next run finds out, and nothing is unknown."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.twikey.actions["pay_link"](booking)
    page_for(office, booking, nth=2)
    invite(office)
    assert state_of(office, booking) is None
    office.sandbox.world.faults.clear()
    invite(office)
    assert (invitations(office), alerts(office)) == ([], [])


def test_gone_before_its_profile_was_seen_is_said_and_asked_for_once(office: Office) -> None:
    """C12: an invoice deleted in Twikey is an alert, not a question in every run for ever."""
    settled(office, JOB_AT_ONCE)
    later(office)
    customer = office.sandbox.books.new_customer()
    for _ in range(2):
        booking = office.sandbox.books.book(customer=customer)
        office.imports()
        later(office)
    office.sandbox.twikey.actions["delete_invoice"](booking)
    assert invite(office).invited == 1
    assert alerts(office) == [(booking, "GONE_IN_TWIKEY")]
    office.forget_calls()
    later(office, timedelta(minutes=1))
    invite(office)
    asked = [call.path for call in office.calls("twikey") if booking in call.path]
    assert asked == []


def test_what_twikey_sent_after_a_refusal_counts(office: Office) -> None:
    """A39: our call was refused, then the profile mailed at the PDF: by hand that is the first."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.world.rules.change({"twikey_email_disabled": True})
    assert invite(office).refused == 1
    office.sandbox.world.rules.change({"twikey_email_disabled": False})
    office.sandbox.twikey.actions["set_profile"](1420, send_on_booking=True, with_pdf=True)
    later(office, DAY)
    assert follow(office, attach_pdfs).attached == 1
    with pytest.raises(AlreadyInvited, match="Twikey itself"):
        by_hand(office, booking)
    assert invitations(office) == [(booking, "profile")]
    assert state_of(office, booking) == "done"


def test_each_profile_follows_its_own_policy(office: Office) -> None:
    """A37: the job invites on its profile, Twikey on the other, whatever the customer."""
    settled(office, BOTH)
    office.sandbox.twikey.actions["set_profile"](1421, send_on_booking=True)
    (ours,) = booked(office)
    field = office.sandbox.books.definition("invoice")
    office.configure(f'{BOTH}[custom_fields]\ninvoice = "{field}"\n')
    later(office)
    theirs = office.sandbox.books.book(field_value="1421")
    office.imports()
    for _ in range(3):
        invite(office)
        later(office, DAY)
        office.imports()
    assert sorted(invitations(office)) == sorted([(ours, "api"), (theirs, "profile")])


def test_a_profile_that_was_left_out_for_a_while_does_not_mail_that_while(office: Office) -> None:
    """A23: its section removed from the settings and put back: what crossed in between is past."""
    settled(office, JOB_AT_ONCE)
    office.configure("new_customer_profile = 1420\nstrict_mode = true\nsettle_after_seconds = 0\n")
    booked(office)
    later(office)
    office.configure(JOB_AT_ONCE)
    assert invite(office).invited == 0
    (new,) = booked(office)
    assert invite(office).invited == 1
    assert invitations(office) == [(new, "api")]


def test_twikeys_task_is_not_alarmed_for_what_is_not_due(office: Office) -> None:
    """C14: credited before any mail arrived: nobody needs one, so nobody is alarmed."""
    office.sandbox.twikey.actions["set_profile"](1420, send_on_booking=False)
    credited, owed = booked(settled(office, TWIKEY), 2)
    office.sandbox.books.credit(credited)
    later(office, DAY)
    office.imports()
    later(office, timedelta(hours=2))
    invite(office)
    assert (owed, "INVITATION_UNDELIVERED") in alerts(office)
    assert (credited, "INVITATION_UNDELIVERED") not in alerts(office)


def test_every_reason_has_its_sentence(office: Office) -> None:
    """A37: whatever keeps somebody from being invited is one clear sentence."""
    for sentence in WHY_NOT.values():
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    invite(office)
    assert "invitation done" in journey(office, booking)


def test_facts_are_found_by_how_their_name_begins(office: Office) -> None:
    """A23: whoever the job invites for is found again in the ledger, names with odd signs too."""
    with office.ledger() as ledger:
        assert isinstance(ledger, Ledger)
        ledger.facts.write("who %_ a", "1")
        ledger.facts.write("who x_ b", "2")
        assert ledger.facts.named("who %_ ") == {"a": "1"}
