"""Where a payment begins to be an echo, a rest or somebody's affair: to the cent and second."""

from __future__ import annotations

import pytest

from connectors.ledger.records import IN_PART, Mark
from mappings.payments import (
    DELETED,
    Wish,
    decide,
    held_as,
    is_echo,
    left_over,
    method_of,
    rest_paid_back,
    set_aside,
    shares,
)
from tests.mappings.money import booking, event, registered

MARK = Mark("done", "2026-09-10T12:00:00+00:00", 10_000, None)

# ---- the echo of our own marking


@pytest.mark.parametrize(
    ("at", "cents", "echo"),
    [
        ("12:05:00.000", 1, True), ("12:05:00.001", 1, False), ("12:05:00.001", 10_000, True),
        ("11:55:00.000", 1, True), ("11:54:59.999", 1, False), ("11:54:59.999", 10_000, True),
        ("10:00:00.001", 10_000, True), ("10:00:00.000", 10_000, False),
        ("23:00:00.000", 10_000, True), ("23:00:00.000", 9_999, False),
    ],
)  # fmt: skip
def test_the_echo_is_known_by_its_time_or_by_its_amount(at: str, cents: int, echo: bool) -> None:
    """Reference 3.4: within five minutes any amount, from two hours before on the very amount."""
    one = event("p1", cents=cents, occurred_at=f"2026-09-10T{at}+00:00", source="manual")
    assert is_echo(one, MARK) is echo


def test_a_marking_that_may_never_have_come_there_echoes_for_a_day() -> None:
    """Decisions 5: of an open intent nobody knows; of a done one the echo may come late."""
    next_day = event("p1", occurred_at="2026-09-11T12:00:00.000+00:00", source="manual")
    later = next_day._replace(occurred_at="2026-09-11T12:00:00.001+00:00")
    intent = MARK._replace(state="intent")
    assert is_echo(next_day, intent)
    assert not is_echo(later, intent)
    assert is_echo(later, MARK)


def test_only_a_payment_by_hand_is_an_echo_and_only_one() -> None:
    """Reference 3.4: a debit, a failure, and what follows an echo that came are real money."""
    manual = event("p1", "12:00", source="manual")
    assert is_echo(manual, MARK)
    assert not is_echo(manual._replace(source="direct_debit"), MARK)
    assert not is_echo(manual._replace(type="refund"), MARK)
    assert not is_echo(manual, MARK._replace(echo="p0"))


@pytest.mark.parametrize(
    ("source", "method"),
    [("credit_card", "rcc"), ("credit_transfer", "transfer"), ("reporting", "transfer"),
     ("", "unknown"), ("sdd", "sdd")],
)  # fmt: skip
def test_a_way_of_paying_has_one_name_in_both_feeds(source: str, method: str) -> None:
    """A31: the invoice feed's names are those that the settings use, and are kept."""
    assert method_of(source) == method


# ---- who says that money is held


def test_what_is_set_aside_says_why() -> None:
    """A48: an echo is known before a deletion, and a deletion before a currency."""
    echo = event("p1", "12:00", source="manual", currency="USD")
    gone = booking(stage="closed")
    assert set_aside(echo, gone, MARK) == ("ignored", "the echo of our own marking as paid")
    assert set_aside(echo, gone, None) == ("reported", "its invoice was deleted in Teamleader")
    assert set_aside(echo, booking(), None) == ("held", "it is in USD, its invoice in EUR")


def test_what_is_held_waits_under_its_own_alert() -> None:
    """A48: by its note where it was set aside, by its kind otherwise."""
    assert held_as(event("p1", state="held", note="it is in USD")) == "PAYMENT_HELD"
    assert held_as(event("p1", state="held", note=DELETED)) == "PAYMENT_HELD"
    assert held_as(event("r1", state="held", note="it is in USD")) == "PAYMENT_HELD"
    assert held_as(event("p1", state="held")) == "STRICT_MODE"
    assert held_as(event("r1", state="held", note="only a part")) == "PARTIAL_REFUND"
    assert held_as(event("p1", state="reported", note=DELETED)) is None


# ---- what is registered, and what waits


def test_what_teamleader_had_in_part_is_completed() -> None:
    """C9: a payment that is noted as in part, or is new again, asks for its rest."""
    part = registered("p1", 4_000)
    for again in (event("p1"), event("p1", state="registered", note=IN_PART)):
        (wish,) = decide([again], [part]).register
        assert (wish.id, wish.cents) == ("p1#rest1", 6_000)
    assert not any(decide([event("p1", state="registered")], [part]))
    whole = event("p1", state="registered", note=IN_PART)
    assert not any(decide([whole], [registered("p1", 10_000)]))
    assert not any(decide([whole], [registered("p1", 10_001)]))
    assert decide([event("p1", cents=1)], []).register == [Wish(event("p1", cents=1), "p1", 1)]


def test_a_registration_that_was_removed_is_used_again() -> None:
    """P9: the same row of the ledger stands for the same money, whatever became of it."""
    for state in ("removed", "planned"):
        found = decide([event("p1", state="reported")], [registered("p1", state=state)])
        assert [(one.id, one.cents) for one in found.register] == [("p1", 10_000)]


def test_a_plan_that_is_no_longer_wanted_is_dropped_and_nothing_else() -> None:
    """P9: a removed registration of a failed payment is history; its failure is done with."""
    told = [event("p1", state="undone"), event("f2", "11:00", state="applied")]
    planned, removed = registered("p1", state="planned"), registered("p1", state="removed")
    assert decide(told, [planned]).drop == [planned]
    assert not any(decide(told, [removed]))
    assert decide([told[0]._replace(state="ignored"), told[1]], []).marks == []
    assert decide([told[0], event("f2", "11:00")], []).marks == [("f2", "applied", None)]


def test_what_changes_nothing_is_noted_once() -> None:
    """C8: a failure that undoes nothing is noted when it is new, or no longer undoes anything."""
    for state in ("new", "applied"):
        assert decide([event("f1", state=state)], []).marks[0][:2] == ("f1", "ignored")
    for state in ("ignored", "held"):
        assert decide([event("f1", state=state)], []).marks == []


def test_too_much_paid_leaves_no_share() -> None:
    """C9: below nothing is nothing; the shares are whole before they are parts."""
    wishes = [Wish(event("p1"), "p1", 4_000), Wish(event("p2"), "p2", 4_000)]
    assert [cents for _, cents in shares(wishes, -1)] == [0, 0]
    assert [cents for _, cents in shares(wishes, 4_001)] == [4_000, 1]


# ---- rests


def test_a_refund_of_exactly_the_rest_is_of_the_rest() -> None:
    """C9: 80 of 100 stand in Teamleader; 20 paid back by Twikey correct nothing there."""
    payment = event("p1", state="registered", note=IN_PART)
    refund = event("r2", "11:00", 2_000, key=None, state="held")
    ours = [registered("p1", 8_000)]
    assert rest_paid_back([payment, refund], ours) == (refund, payment)
    assert rest_paid_back([payment, refund], [registered("p1", 8_000, "accepted")]) is not None
    for change in ({"amount_cents": 1_999}, {"currency": "USD"}, {"state": "dismissed"},
                   {"occurred_at": payment.occurred_at}):  # fmt: skip
        assert rest_paid_back([payment, refund._replace(**change)], ours) is None
    assert rest_paid_back([payment, refund], [registered("p1", 8_000, "removed")]) is None
    assert rest_paid_back([payment._replace(note=None), refund], ours) is None
    assert (
        rest_paid_back([payment, event("f2", "11:00", 2_000, key="x", state="held")], ours) is None
    )


def test_a_rest_of_several_parts_is_what_none_of_them_placed() -> None:
    """C9: 50 and 30 of 100 stand; the refund of 20 is of the last payment that was in part."""
    payment = event("p1", state="registered", note=IN_PART)
    refund = event("r2", "11:00", 2_000, key=None, state="held")
    parts = [registered("p1", 5_000), registered("p1", 3_000)._replace(event_id="p1#rest1")]
    assert rest_paid_back([payment, refund], parts) == (refund, payment)
    other = event("p0", "09:00", 500, key="other", state="registered")
    assert rest_paid_back([other, payment, refund], parts) == (refund, payment)


def test_only_money_that_was_worked_on_is_left_over() -> None:
    """C9: reported and registered money counts less what is placed; new and held money waits."""
    for state in ("registered", "reported"):
        assert left_over([event("p1", state=state)], [registered("p1", 8_000)]) == 2_000
    for state in ("new", "held"):
        assert left_over([event("p1", state=state)], [registered("p1", 8_000)]) == 0
    done = event("p1", state="registered")
    assert left_over([done], [registered("p1", 8_000, "accepted")]) == 2_000
    assert left_over([done], [registered("p1", 8_000, "planned")]) == 10_000
    assert left_over([done], [registered("p2", 8_000)]) == 10_000
