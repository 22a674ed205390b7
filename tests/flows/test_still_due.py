"""Guide 7: nobody is mailed for what is not due, or what a person must look at first (A37)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.errors import ServiceUnavailable, UsageWrong
from flows.guards import sweep
from tests.flows.following import actions, alerts, follow
from tests.flows.inviting import (
    JOB_AT_ONCE,
    booked,
    by_hand,
    invitations,
    invite,
    later,
    settled,
)
from tests.flows.office import Office


def pay_in_teamleader(office: Office, booking: str) -> None:
    """Let somebody pay by another road, registered by hand in Teamleader."""
    office.sandbox.books.pay(booking)


def credit_whole(office: Office, booking: str) -> None:
    """Credit all of it in Teamleader."""
    office.sandbox.books.credit(booking)


@pytest.mark.parametrize("end", [pay_in_teamleader, credit_whole])
@pytest.mark.parametrize("seen", [True, False], ids=["seen by a sweep", "not seen yet"])
def test_what_is_not_due_in_teamleader_is_not_invited(
    end: Callable[[Office, str], None], seen: bool, office: Office
) -> None:
    """A37: paid or credited in Teamleader: no mail asks for it, however fresh that is."""
    paid, owed = booked(settled(office, JOB_AT_ONCE), 2)
    end(office, paid)
    if seen:
        later(office)
        office.imports()
    report = invite(office)
    assert (report.invited, report.reasons) == (1, {})
    assert invitations(office) == [(owed, "api")]
    with pytest.raises(UsageWrong, match="nothing is due in Teamleader"):
        by_hand(office, paid)
    with pytest.raises(UsageWrong, match="nothing is due in Teamleader"):
        by_hand(office, paid, again=True)
    assert len(actions(office)) == 1


def test_what_is_due_again_after_all_is_invited_once(office: Office) -> None:
    """A37: paid in Teamleader by mistake and put right: the one invitation follows then."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.books.pay(booking)
    assert invite(office).invited == 0
    office.sandbox.books.remove_payments(booking)
    later(office)
    office.imports()
    for _ in range(3):
        invite(office)
    assert invitations(office) == [(booking, "api")]


@pytest.mark.parametrize("seen", [True, False], ids=["alert is open", "not seen yet"])
def test_a_changed_amount_waits_for_a_person(seen: bool, office: Office) -> None:
    """A37: Twikey would ask for the wrong amount: it waits with its reason, by hand too."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.books.edit_invoice(booking, amount=20_000)
    if seen:
        for _ in range(2):
            follow(office, lambda run: sweep(run, always=True))
        assert alerts(office) == [(booking, "AMOUNT_CHANGED")]
    report = invite(office)
    assert (report.invited, report.waiting, report.reasons) == (0, 1, {"AMOUNT_CHANGED": 1})
    with pytest.raises(UsageWrong, match="amount was changed"):
        by_hand(office, booking, again=True)
    assert actions(office) == []


def test_what_is_gone_in_twikey_is_not_asked_for(office: Office) -> None:
    """A37: an open alert that it is gone in Twikey keeps it from being invited."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    with office.ledger() as ledger:
        ledger.alerts.alert(booking, "GONE_IN_TWIKEY", "gone", 1, office.clock.now())
    assert invite(office).reasons == {"GONE_IN_TWIKEY": 1}
    with pytest.raises(UsageWrong, match="no longer in Twikey"):
        by_hand(office, booking)
    assert actions(office) == []


@pytest.mark.parametrize("by_person", [True, False], ids=["by hand", "on schedule"])
def test_what_was_deleted_in_teamleader_is_not_invited(by_person: bool, office: Office) -> None:
    """A37: deleted since it crossed: nobody is mailed, and the alert says so."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.books.delete_invoice(booking)
    if by_person:
        with pytest.raises(UsageWrong, match="deleted in Teamleader"):
            by_hand(office, booking)
    else:
        assert invite(office).invited == 0
    with pytest.raises(UsageWrong, match="deleted in Teamleader"):
        by_hand(office, booking)
    assert alerts(office) == [(booking, "DELETED_IN_TEAMLEADER")]
    assert actions(office) == []


def test_what_teamleader_does_not_show_readably_waits(office: Office) -> None:
    """A37: a figure that cannot be read anew is not trusted: nobody is mailed on it."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.books.edit_invoice(booking, touch=False, date="soon")
    assert invite(office).reasons == {"NOT_READ_ANEW": 1}
    with pytest.raises(UsageWrong, match="cannot be read"):
        by_hand(office, booking)
    assert actions(office) == []


def test_teamleader_down_means_no_mail(office: Office) -> None:
    """A37: whether it is still due cannot be asked: the invitation waits for the next run."""
    (booking,) = booked(settled(office, JOB_AT_ONCE))
    office.sandbox.world.fault("reset_before", service="teamleader", path="/invoices")
    with pytest.raises(ServiceUnavailable):
        invite(office)
    assert actions(office) == []
    office.sandbox.world.faults.clear()
    invite(office)
    assert invitations(office) == [(booking, "api")]


def test_reading_anew_costs_one_call_per_page(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C12: only what is about to be invited is read anew, by ids; an idle run reads nothing."""
    monkeypatch.setattr("flows.invitations.PER_CALL", 2)
    booked(settled(office, JOB_AT_ONCE), 3)
    assert invite(office).invited == 3
    calls = [call.path for call in office.calls("teamleader")]
    assert calls == ["/invoices.list"] * 2
    office.forget_calls()
    later(office)
    invite(office)
    assert office.calls("teamleader") == []
