"""Which payments stand, once failures and refunds took theirs back."""

from __future__ import annotations

from itertools import permutations

from mappings.money_events import seen_event
from mappings.netting import net
from mappings.payments import decide
from tests.mappings.money import ZONE, event, registered

# ---- failures and single refunds


def test_a_failure_undoes_the_payment_it_names() -> None:
    """C7: a later failure with the same key takes its payment back, and no other."""
    other = event("p2", "10:30", key="paymentId:2")
    found = net([event("p1"), other, event("f3", "11:00")])
    assert (found.undone, found.active) == ({"p1": "f3"}, [other])


def test_a_failure_older_than_its_payment_changes_nothing() -> None:
    """C8: fail(10:00) delivered after paid(11:00) for the same attempt: still paid, and noted."""
    found = net([event("p1", "11:00"), event("f2", "10:00")])
    assert not found.undone
    assert found.idle == [("f2", "ignored", "older than the payment it names, or named once more")]


def test_the_order_of_delivery_does_not_matter() -> None:
    """C8: however the feed tells them, the same payments stand."""
    told = [event("p1", "10:00"), event("f2", "11:00"), event("p3", "12:00", key="paymentId:3")]
    for order in permutations(told):
        assert [one.event_id for one in net(order).active] == ["p3"]


def test_events_of_one_instant_count_in_the_order_of_the_feed() -> None:
    """Where only days are told, payment and failure of one day keep their order."""
    assert net([event("p1"), event("f2")]).undone == {"p1": "f2"}
    assert not net([event("f1"), event("p2")]).undone


def test_a_failure_without_a_name_takes_the_newest_of_its_amount() -> None:
    """A failure that names nothing undoes the newest earlier payment of the same amount."""
    told = [
        event("p1", "09:00", key="a:1"), event("p2", "10:00", key="a:2"),
        event("p3", "10:30", 500, key="a:3"), event("f4", "11:00", key=None),
    ]  # fmt: skip
    assert net(told).undone == {"p2": "f4"}


def test_a_failed_first_collection_undoes_nothing() -> None:
    """A debit that failed before it was ever paid leaves other money alone."""
    found = net([event("p1", key="linkId:7"), event("f2", "11:00")])
    assert not found.undone
    assert found.idle[0][1:] == ("ignored", "nothing had been paid by this attempt")


def test_a_refund_undoes_the_newest_payment_of_its_amount() -> None:
    """A whole refund takes a payment back; a part of one is for a person."""
    paid = event("p1", key="linkId:7")
    assert net([paid, event("r2", "11:00", key=None)]).undone == {"p1": "r2"}
    assert net([paid, event("r2", "11:00", 3_000, key=None)]).idle[0][1] == "held"
    assert net([paid, event("r2", "11:00", 20_000, key=None)]).idle[0][1] == "held"
    assert net([event("r2", "11:00", key=None), event("p3", "12:00")]).idle[0][1] == "ignored"


def test_a_failure_comes_before_a_refund_that_only_tells_an_amount() -> None:
    """The failed payment is the named one, so the refund was of the other."""
    told = [
        event("p1", "10:00", key="paymentId:9"), event("p2", "10:30"),
        event("r3", "11:00", key=None), event("f4", "12:00"),
    ]  # fmt: skip
    assert net(told).undone == {"p2": "f4", "p1": "r3"}


def test_an_event_of_a_later_version_is_ignored() -> None:
    """Unknown kinds are noted, never guessed."""
    found = net([event("p1"), event("f2", type="payout")])
    assert found.idle == [("f2", "ignored", "an event of the unknown kind payout")]


# ---- refunds, where several payments stand


def test_a_refund_of_several_payments_takes_them_back_together() -> None:
    """A40: 60 and 40 refunded as 100 undoes both; a part of them is for a person, never nothing."""
    told = [event("p1", "09:00", 6_000, key="a:1"), event("p2", "10:00", 4_000, key="a:2")]
    assert net([*told, event("r3", "11:00", 10_000, key=None)]).undone == {"p1": "r3", "p2": "r3"}
    older = event("p0", "08:00", 3_000, key="a:0")
    found = net([older, *told, event("r3", "11:00", 10_000, key=None)])
    assert (found.undone, found.active) == ({"p1": "r3", "p2": "r3"}, [older])
    for cents in (5_000, 10_001):
        assert net([*told, event("r3", "11:00", cents, key=None)]).idle[0][1] == "held"


def test_a_refund_among_doubles_takes_what_is_not_in_teamleader() -> None:
    """A32: the reported double goes back first, whenever it came, and stays gone."""
    first = event("p1", "09:00", key="a:1", state="reported")
    second = event("p2", "10:00", key="a:2", state="registered")
    back = event("r3", "11:00", key=None)
    assert net([first, second, back]).undone == {"p1": "r3"}
    assert net([first._replace(state="undone"), second, back]).undone == {"p1": "r3"}
    assert net([first._replace(state="registered"), second, back]).undone == {"p2": "r3"}


def test_a_refund_takes_back_again_what_it_took_back_before() -> None:
    """P9: what went back by a refund stays the refunded one, also beside a reported double."""
    first = event("p1", "09:00", key="a:1", state="undone")
    second = event("p2", "10:00", key="a:2", state="reported")
    third = event("p3", "10:30", key="a:3", state="registered")
    back = event("r4", "11:00", key=None)
    assert net([first, second, third, back]).undone == {"p1": "r4"}


def test_the_reason_of_a_refund_that_takes_nothing_back_is_told() -> None:
    """C9: a part of one payment, more than all of them, and a refund of nothing at all."""
    told = [event("p1", "09:00", 6_000, key="a:1"), event("p2", "10:00", 4_000, key="a:2")]
    part, none = "only a part was paid back", "nothing had been paid before"
    other = "the amount is that of no payment, nor of several together"
    for cents, state, why in [(5_999, "held", part), (6_001, "held", other)]:
        found = net([*told, event("r3", "11:00", cents, key=None)])
        assert found.idle == [("r3", state, why)]
    assert net([event("r3", "11:00", key=None)]).idle == [("r3", "ignored", none)]


def test_a_refund_of_one_of_two_is_of_that_one() -> None:
    """A40: 100 and then 60 came in; 100 paid back are the first, and the 60 stand."""
    told = [event("p1", "09:00", 10_000, key="a:1"), event("p2", "10:00", 6_000, key="a:2")]
    found = net([*told, event("r3", "11:00", 10_000, key=None)])
    assert (found.undone, found.active) == ({"p1": "r3"}, told[1:])


def test_money_that_was_ignored_is_not_paid_back() -> None:
    """Decisions 7: the echo of our own marking came from nobody."""
    echo = event("p1", key="a:1", state="ignored")
    found = net([echo, event("r2", "11:00", key=None)])
    assert (found.undone, found.idle[0][1]) == ({}, "held")


def test_a_named_failure_takes_the_newest_of_its_name() -> None:
    """C7: an attempt that was paid, failed and was paid again loses the second payment too."""
    told = [event("p1", "09:00"), event("f2", "10:00"), event("p3", "11:00"), event("f4", "12:00")]
    assert net(told).undone == {"p1": "f2", "p3": "f4"}
    twice = [event("p1", "09:00"), event("p2", "10:00"), event("f3", "11:00")]
    assert net(twice).undone == {"p2": "f3"}


def test_a_failure_without_a_name_says_why_it_changes_nothing() -> None:
    """C7: no payment of the amount came before it."""
    found = net([event("p1", cents=500), event("f2", "11:00", key=None)])
    assert found.idle == [("f2", "ignored", "nothing had been paid by this attempt")]


def test_a_refund_in_another_currency_takes_nothing_back() -> None:
    """What is in another currency is for a person."""
    found = net([event("p1"), event("r2", "11:00", key=None, currency="USD")])
    assert (found.undone, found.idle[0][1]) == ({}, "held")


def test_a_refund_is_done_with_only_when_all_it_takes_back_is_undone() -> None:
    """P9: the payment that needs no call does not close a refund whose other one still stands."""
    told = [
        event("p1", "09:00", 6_000, key="a:1", state="registered"),
        event("p2", "10:00", 4_000, key="a:2", state="reported"), event("r3", "11:00", key=None),
    ]  # fmt: skip
    found = decide(told, [registered("p1", 6_000)])
    assert (found.undo, found.marks) == (["p1"], [("p2", "undone", None)])
    told[0], told[1] = told[0]._replace(state="undone"), told[1]._replace(state="undone")
    done = decide(told, [registered("p1", 6_000, "removed")])
    assert (done.undo, done.marks) == ([], [("r3", "applied", None)])


def test_a_dismissed_refund_takes_nothing_back() -> None:
    """C9: what a person settled by hand is not undone once more."""
    found = net([event("p1"), event("r2", "11:00", key=None, state="dismissed")])
    assert not (found.undone or found.idle)


# ---- days without a time


def test_a_failure_of_a_bare_day_is_not_older_than_its_payment_of_that_day() -> None:
    """C8: the invoice feed tells only the day; it means the whole day when it names the payment."""
    last = {"method": "sdd", "action": "payment_fail", "id": 1, "date": "2026-09-10"}
    failed = seen_event("b", "EXPIRED", 0, 10_000, last, ZONE)
    assert failed is not None
    late = event("f2", occurred_at=failed.occurred_at, key=failed.key)
    assert net([event("p1", "15:00"), late]).undone == {"p1": "f2"}
    next_day = event("p1", occurred_at="2026-09-10T22:00:00.000+00:00")
    assert not net([next_day, late]).undone
    nameless = seen_event("b", "EXPIRED", 0, 10_000, {**last, "id": None}, ZONE)
    assert nameless is not None
    assert nameless.occurred_at == "2026-09-09T22:00:00.000+00:00"
