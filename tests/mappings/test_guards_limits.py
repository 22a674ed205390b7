"""Where the guards begin and end to speak: to the cent, and to the second (decisions 7)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.ledger.records import IN_PART, REST_BACK, Mark, MoneyEvent, Registration
from mappings.guards import (
    OWED,
    agree_it_is_owed,
    asks_what_is_due,
    due_again,
    fell,
    has_room_again,
    is_over,
    long_seen,
    marked,
    settled,
    shown_failure,
    still_registered,
    unexplained_failure,
    written,
)
from tests.mappings.money import ZONE, booking, event, paid, registered

NOON = datetime(2026, 9, 10, 12, tzinfo=UTC)
SEEN = "2026-09-10T10:00:00+00:00"

# ---- what is due


def test_an_invoice_is_settled_when_nothing_is_due() -> None:
    """Reference 10-U6: a cent that is due is due; paid, nothing or too much is not."""
    assert not settled(booking(due_cents=1))
    for one in (booking(due_cents=0), booking(due_cents=-1), booking(due_cents=None)):
        assert settled(one)
    assert settled(booking(paid=True))


def test_twikey_asks_what_is_due_to_the_cent() -> None:
    """C11: of 100 less 20 sent as paid less 30 that came in, 50 are asked."""
    events = [event("p1", cents=3_000, state="registered")]
    assert asks_what_is_due(booking(prepaid_cents=2_000, due_cents=5_000), events)
    for due in (4_999, 5_001):
        assert not asks_what_is_due(booking(prepaid_cents=2_000, due_cents=due), events)
    ignored = [event("p1", cents=3_000, state="ignored")]
    assert asks_what_is_due(booking(due_cents=10_000), ignored)


def test_nothing_asked_and_too_much_paid_agree() -> None:
    """C9: Teamleader below nothing is nothing due; what is not known counts as nothing."""
    assert asks_what_is_due(booking(prepaid_cents=10_000, due_cents=-500), [])
    assert asks_what_is_due(booking(amount_cents=None, due_cents=None), [])


def test_only_what_stands_in_teamleader_is_written() -> None:
    """P9: an open write and a removed payment do not count."""
    ours = [registered("p1", 4_000), registered("p2", 3_000, "sending"),
            registered("p3", 2_000, "removed")]  # fmt: skip
    assert written(ours) == 4_000


# ---- a failure that only the invoice shows


def test_what_the_invoice_shows_is_named_as_the_events_name_it() -> None:
    """Reference 2.7: id, e2e and link of the invoice are the payment's names in the other feed."""
    last = {"action": "payment_fail", "id": 7, "e2e": "", "link": None, "date": "2026-09-10",
            "method": "sdd"}  # fmt: skip
    shown = shown_failure(booking(last_payment=json.dumps(last)))
    assert shown == {"paymentId": "7", "date": "2026-09-10"}
    last |= {"e2e": "E", "link": 3}
    shown = shown_failure(booking(last_payment=json.dumps(last)))
    assert shown == {
        "paymentId": "7", "transactionE2e": "E", "linkId": "3", "date": "2026-09-10",
    }  # fmt: skip
    assert shown_failure(booking()) is None


@pytest.mark.parametrize(("date", "told"), [("2026-09-11", True), ("2026-09-12", False)])
def test_a_nameless_failure_is_told_by_the_day_before_or_later(date: str, told: bool) -> None:
    """C7: two days as written by two clocks are one apart at most."""
    failing = booking(last_payment=json.dumps({"action": "payment_fail", "date": date}))
    events = [event("p1", "09:00"), event("f2", "10:00")]
    money = event("p3", "09:30", key="other")
    assert unexplained_failure(failing, [*events, money], {}) is not told


def test_a_failure_of_the_same_instant_as_its_payment_tells_it() -> None:
    """C8: only a failure that the payment followed is older than what is shown."""
    failing = booking(last_payment=json.dumps({"action": "payment_fail", "id": 1}))
    named = json.dumps({"paymentId": 1})
    again = event("p3", "10:00", key="other")
    told = [event("p1", "09:00"), event("f2", "10:00"), again]
    assert not unexplained_failure(failing, told, {"f2": named, "p3": named})
    late = [*told[:2], again._replace(occurred_at="2026-09-10T10:01:00.000+00:00")]
    assert unexplained_failure(failing, late, {"f2": named, "p3": named})


# ---- money that went back and that a person had registered


def test_what_a_person_registered_between_payment_and_failure_is_looked_at() -> None:
    """Decisions 7: from the day of the payment on and before the failure, and not larger."""
    bounced = [event("p1", "12:00"), event("f2", occurred_at="2026-09-12T11:00:00.000+00:00")]
    inside = [paid(10_000, "09T22:00:00"), paid(1, "11T08:00:00"), paid(500, "12T10:59:59")]
    outside = [paid(10_001, "11T08:00:00"), paid(500, "09T21:59:59"), paid(500, "12T11:00:00")]
    assert still_registered([*inside, *outside], bounced, set(), ZONE) == inside


def test_what_we_took_back_or_a_person_explained_is_not_looked_for() -> None:
    """Decisions 7: our own registration went already, and a dismissal is a person's word."""
    bounced = [event("p1"), event("f2", "12:00")]
    by_hand = [paid(10_000, "10T11:00:00")]
    assert still_registered(by_hand, bounced, {"p9"}, ZONE) == by_hand
    assert not still_registered(by_hand, bounced, {"p1"}, ZONE)
    dismissed = [bounced[0]._replace(note="dismissed by ann"), bounced[1]]
    assert not still_registered(by_hand, dismissed, set(), ZONE)
    assert not still_registered(by_hand, bounced[:1], set(), ZONE)


# ---- our own marking as paid


def test_our_mark_counts_until_money_went_back_after_it() -> None:
    """Decisions 7: a failure of before, one that undid nothing, and new money leave it."""
    mark = Mark("done", "2026-09-10T10:00:00.000+00:00", 1, None)
    assert marked(mark, [])
    assert marked(mark, [event("f1", "10:00", state="applied")])
    assert not marked(mark, [event("f1", "10:01", state="applied")])
    assert not marked(mark, [event("r1", "10:01", state="applied")])
    assert marked(mark, [event("f1", "10:01", state="ignored")])
    assert marked(mark, [event("p1", "10:01", state="applied")])
    assert not marked(mark._replace(state="intent"), [])
    assert not marked(mark._replace(state="over"), [])


@pytest.mark.parametrize("state", ["BOOKED", "EXPIRED", "PENDING"])
def test_an_invoice_is_owed_in_each_state_that_collects(state: str) -> None:
    """A43: such an invoice was reset, and our mark has served."""
    mark = Mark("done", SEEN, 1, None)
    assert state in OWED
    assert is_over(mark, booking(twikey_state=state))
    assert fell(booking(twikey_state=state), [], our_mark=True)


def test_without_a_mark_none_has_served() -> None:
    """Decisions 7: nothing was marked, so nothing is over."""
    assert not is_over(None, booking())


@pytest.mark.parametrize(("cents", "reset"), [(7_999, False), (8_000, True), (8_001, True)])
def test_an_invoice_that_must_be_paid_is_paid_to_the_cent(cents: int, reset: bool) -> None:
    """A43: what was sent as paid and what came in make it whole, or nothing was reset."""
    told = [event("p1", cents=cents, state="registered")]
    assert fell(booking(prepaid_cents=2_000), told, our_mark=False) is reset
    assert not fell(booking(twikey_state="GONE"), told, our_mark=True)


def test_what_a_person_corrects_is_not_left() -> None:
    """A43: a part that was paid back by hand is owed again; the rest without a place is not."""
    held = event("r2", "11:00", 3_000, key=None, state="held")
    told = [event("p1", state="registered")]
    assert not fell(booking(), [*told, held], our_mark=False)
    assert not fell(booking(), [*told, held._replace(state="dismissed")], our_mark=False)
    assert fell(booking(), [*told, held._replace(note=REST_BACK)], our_mark=False)
    assert fell(booking(), [*told, held._replace(state="ignored")], our_mark=False)


def test_both_sides_agree_that_it_is_owed() -> None:
    """A43: not while anything of ours stands there that is not due again, and not once settled."""
    assert agree_it_is_owed(booking(due_cents=10_000), [registered("p1")])
    assert not agree_it_is_owed(booking(due_cents=9_999), [registered("p1")])
    assert agree_it_is_owed(booking(due_cents=1), [registered("p1", state="removed")])
    assert not agree_it_is_owed(booking(due_cents=0), [])


# ---- due in Teamleader


def test_room_begins_with_a_cent() -> None:
    """C9: money waits, and what we registered is a cent less than the invoice."""
    waits = [event("p1", note=IN_PART)]
    assert has_room_again(booking(), waits, [registered("p1", 9_999)])
    assert not has_room_again(booking(), waits, [registered("p1", 10_000)])
    assert not has_room_again(booking(), [event("p1", note="dismissed")], [])
    assert not has_room_again(booking(), [event("f1", state="reported")], [])
    assert not has_room_again(booking(payable_cents=None), waits, [])


def shown_paid(
    due: int,
    events: Sequence[MoneyEvent] = (),
    ours: Sequence[Registration] = (),
    **given: Any,
) -> bool:
    """Tell whether an invoice that Twikey shows as paid for two hours is due again."""
    plain: dict[str, Any] = {"twikey_state": "PAID", "seen_at": SEEN, "due_cents": due}
    return due_again(booking(**{**plain, **given}), events, ours, NOON, our_mark=False)


def test_ours_is_missing_from_the_first_cent() -> None:
    """Decisions 7: more is due than the amount, what was paid before and what we wrote leave."""
    stands = [event("p1", cents=7_000, state="registered")]
    ours = [registered("p1", 7_000)]
    assert not shown_paid(1_000, prepaid_cents=2_000, events=stands, ours=ours, amount_cents=9_000)
    assert shown_paid(1_001, prepaid_cents=2_000, events=stands, ours=ours, amount_cents=9_000)


def test_what_a_person_paid_back_may_be_due() -> None:
    """Decisions 7: the part that went back by hand is due again without anything missing."""
    stands = [event("p1", state="registered"),
              event("r2", "11:00", 3_000, key=None, state="held")]  # fmt: skip
    assert not shown_paid(3_000, events=stands, ours=[registered("p1")])
    assert shown_paid(3_001, events=stands, ours=[registered("p1")])


def test_an_amount_that_grew_is_due_by_its_growth() -> None:
    """C33: what was added after booking never went to Twikey; a cent more has no reason."""
    assert not shown_paid(1_000, payable_cents=11_000)
    assert shown_paid(1_001, payable_cents=11_000)
    assert shown_paid(1, payable_cents=9_000)


def test_what_explains_itself_is_not_due_again() -> None:
    """Decisions 7: the money came, or Twikey keeps paid what was refunded."""
    came = [event("p1", cents=8_000, state="reported")]
    assert not shown_paid(5_000, prepaid_cents=2_000, events=came)
    assert shown_paid(5_000, prepaid_cents=1_999, events=came)
    refunded = [event("p1", state="undone"), event("r2", "11:00", key=None, state="applied")]
    assert not shown_paid(5_000, events=refunded)
    assert shown_paid(5_000, events=[event("f2", state="applied")])
    assert shown_paid(5_000, events=[event("r2", key=None, state="ignored")])


def test_money_that_a_person_settled_elsewhere_did_not_come_for_it() -> None:
    """Decisions 7: only what of it stands in Teamleader counts."""
    away = [event("p1", state="registered", note="dismissed by ann")]
    assert shown_paid(6_000, events=away, ours=[registered("p1", 4_000)])
    assert not shown_paid(6_000, events=away, ours=[registered("p1", 4_000)], amount_cents=4_000)
    assert not shown_paid(6_000, events=[away[0]._replace(note="in part")])


def test_held_money_has_its_own_alert() -> None:
    """Decisions 7: nothing is said twice; a held failure is no money."""
    assert not shown_paid(5_000, events=[event("p1", state="held")])
    assert shown_paid(5_000, events=[event("f1", state="held")])


def test_an_hour_is_waited_for_the_other_feed() -> None:
    """Reference 10-37: from the hour on; what was never seen is not long seen."""
    assert long_seen(booking(seen_at="2026-09-10T11:00:00+00:00"), NOON)
    assert not long_seen(booking(seen_at="2026-09-10T11:00:01+00:00"), NOON)
    assert not long_seen(booking(seen_at=None), NOON)


def test_another_payment_does_not_make_a_failure_older() -> None:
    """C8: only a later success of the same payment does; what has other names is another one."""
    failing = booking(last_payment=json.dumps({"action": "payment_fail", "id": 1}))
    told = [event("p0", "08:00", key="other"), event("p1", "09:00"), event("f2", "10:00"),
            event("p3", "12:00", key="paymentId:9")]  # fmt: skip
    details = {"f2": json.dumps({"paymentId": 1}), "p3": json.dumps({"paymentId": 9})}
    assert not unexplained_failure(failing, told, details)
