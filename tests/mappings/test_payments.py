"""What events of money come to: which payments stand, how much of each, and their markers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.records import Followed, Mark, MoneyEvent, Registration, Survivor
from connectors.teamleader.records import Payment
from connectors.twikey.records import PaymentEvent
from mappings.guards import fell, marked, unexplained_failure
from mappings.money_events import SEEN, bank_code, event_of, moment, seen_event, told_before
from mappings.payments import (
    Wanted,
    decide,
    left_over,
    marker,
    method_of,
    missing,
    net,
    set_aside,
    shares,
    survivors,
    take,
)

ZONE = ZoneInfo("Europe/Brussels")
NOW = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)


def event(name: str, at: str = "10:00", cents: int = 10_000, **given: Any) -> MoneyEvent:
    """Make one event; its name begins with p (payment), f (failure) or r (refund)."""
    kinds = {"p": "payment", "f": "payment_failure", "r": "refund"}
    plain: dict[str, Any] = {
        "seq": int(name[1:]), "event_id": name, "booking_id": "b", "type": kinds[name[0]],
        "occurred_at": f"2026-09-10T{at}:00.000+00:00", "amount_cents": cents, "currency": "EUR",
        "source": "direct_debit", "key": "paymentId:1", "error": None, "state": "new", "note": None,
    }  # fmt: skip
    return MoneyEvent(**{**plain, **given})


def registered(name: str, cents: int = 10_000, state: str = "done", **given: Any) -> Registration:
    """Make the registration of an event."""
    plain: dict[str, Any] = {
        "event_id": name, "booking_id": "b", "amount_cents": cents, "currency": "EUR",
        "paid_at": f"2026-09-10T08:00:{int(name[1:]) * 7:02}+00:00", "method_id": "m",
        "state": state, "not_before": "",
    }  # fmt: skip
    return Registration(**{**plain, **given})


def booking(**given: Any) -> Followed:
    """Make a booking of EUR 100 that crossed."""
    plain: dict[str, Any] = {
        **dict.fromkeys(Followed._fields), "id": "b", "twikey_id": "b", "kind": "invoice",
        "stage": "sent", "currency": "EUR", "amount_cents": 10_000, "payable_cents": 10_000,
        "due_cents": 10_000, "prepaid_cents": 0, "paid": False, "adopted": False,
        "twikey_state": "BOOKED",
    }  # fmt: skip
    return Followed(**{**plain, **given})


# ---- what stands


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
    assert net([paid, event("r2", "11:00", 20_000, key=None)]).idle[0][1] == "ignored"


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


# ---- what is to be done


def test_new_money_is_registered_and_gone_money_undone() -> None:
    """A44: paid, failed, paid again: the first is undone, the second registered."""
    told = [
        event("p1", state="registered"), event("f2", "11:00"),
        event("p3", "12:00", key="paymentId:3"),
    ]  # fmt: skip
    found = decide(told, [registered("p1")])
    assert (found.undo, [one.event_id for one in found.register]) == (["p1"], ["p3"])
    assert not found.marks


def test_what_was_never_registered_needs_no_call() -> None:
    """A payment that failed before it was registered is only marked."""
    found = decide([event("p1"), event("f2", "11:00")], [])
    assert not (found.undo or found.register)
    assert found.marks == [("p1", "undone", None), ("f2", "applied", None)]
    planned = decide([event("p1"), event("f2", "11:00")], [registered("p1", state="planned")])
    assert [one.event_id for one in planned.drop] == ["p1"]


@pytest.mark.parametrize("state", ["sending", "unknown", "accepted"])
def test_nothing_is_decided_about_a_write_that_is_open(state: str) -> None:
    """Decisions 5: first it is settled."""
    found = decide([event("p1"), event("f2", "11:00")], [registered("p1", state=state)])
    assert not (found.undo or found.register or found.marks or found.drop)


def test_a_decision_that_was_carried_out_decides_nothing_more() -> None:
    """A32: replays and repeated runs are no-ops."""
    done = [
        event("p1", state="undone"), event("f2", "11:00", state="applied"),
        event("p3", "12:00", state="registered", key="paymentId:3"),
    ]  # fmt: skip
    found = decide(done, [registered("p1", state="removed"), registered("p3")])
    assert not any(found)


@pytest.mark.parametrize("state", ["ignored", "held"])
def test_what_was_set_aside_is_not_registered(state: str) -> None:
    """What a person or a rule took out stays out."""
    assert not any(decide([event("p1", state=state)], []))


def test_never_more_than_is_due_is_registered() -> None:
    """C9, C35: shares in order, what is over stays over, and a cent less is a cent less."""
    told = [event("p1", cents=6_000), event("p2", "11:00", cents=6_000)]
    assert [cents for _, cents in shares(told, 10_000)] == [6_000, 4_000]
    assert [cents for _, cents in shares(told, 0)] == [0, 0]
    assert [cents for _, cents in shares([event("p1", cents=9_999)], 10_000)] == [9_999]


def test_what_has_no_place_is_left_over() -> None:
    """C9: EUR 100 on EUR 80 due leaves EUR 20; what is undone leaves nothing."""
    paid = event("p1", state="registered")
    assert left_over([paid], [registered("p1", 8_000)]) == 2_000
    assert left_over([paid, event("f2", "11:00")], [registered("p1", 8_000)]) == 0
    assert left_over([event("p1", state="ignored")], []) == 0


def test_what_is_never_written_back_is_set_aside() -> None:
    """A48: credit notes never; other currencies and deleted invoices wait; echoes are known."""
    assert set_aside(event("p1"), booking(kind="credit_note"), None) == (
        "ignored",
        "credit notes are never written back",
    )
    assert (set_aside(event("p1", currency="USD"), booking(), None) or ("",))[0] == "held"
    assert (set_aside(event("p1"), booking(stage="closed"), None) or ("",))[0] == "reported"
    assert set_aside(event("p1"), booking(), None) is None
    mark = Mark("intent", "2026-09-10T09:59:00+00:00", 10_000, None)
    assert set_aside(event("p1", source="manual"), booking(), mark) is not None
    assert set_aside(event("p1", cents=4_000, source="manual"), booking(), mark) is None
    assert set_aside(event("p1", source="manual"), booking(), mark._replace(echo="p0")) is None


@pytest.mark.parametrize(
    ("source", "method"),
    [
        ("direct_debit", "sdd"), ("recurring_card", "rcc"), ("payment_link", "paylink"),
        ("transfer", "transfer"), ("manual", "manual"), (None, "unknown"),
    ],
)  # fmt: skip
def test_each_way_of_paying_has_its_name(source: str | None, method: str) -> None:
    """A31: Twikey's sources are the names that the settings use."""
    assert method_of(source) == method


# ---- markers


@given(st.text(min_size=1, max_size=30), st.integers(0, 400 * 86_400))
def test_a_marker_keeps_the_day_and_never_lies_ahead(name: str, ago: int) -> None:
    """P8: whole seconds, the value date in Brussels, not later than now, the same each time."""
    at = (NOW - timedelta(seconds=ago)).isoformat(timespec="milliseconds")
    one = event("p1", occurred_at=at, event_id=name)
    found = marker("b", one, NOW, ZONE)
    assert found == marker("b", one, NOW, ZONE)
    assert found.astimezone(ZONE).date() == datetime.fromisoformat(at).astimezone(ZONE).date()
    assert (found.microsecond, found.utcoffset()) == (0, timedelta())
    assert found <= NOW
    assert 6 <= found.hour < 18


def test_a_marker_before_six_is_now() -> None:
    """P8: just after midnight in Brussels, the day has no earlier second to take."""
    night = datetime(2026, 9, 13, 22, 30, 5, 900, tzinfo=UTC)
    one = event("p1", occurred_at="2026-09-13T22:10:00.000+00:00")
    assert marker("b", one, night, ZONE) == night.replace(microsecond=0)


def test_two_markers_of_one_booking_are_apart() -> None:
    """P8: an instant that is taken is not taken twice."""
    first = marker("b", event("p1"), NOW, ZONE)
    second = marker("b", event("p1"), NOW, ZONE, [first.isoformat()])
    assert abs(first - second) >= timedelta(seconds=5)


def paid(cents: int, at: str) -> Payment:
    """Make a payment as Teamleader shows it."""
    return Payment(cents, "EUR", f"2026-09-{at}+00:00")


def test_a_payment_is_found_by_amount_and_instant() -> None:
    """Reference 4.1: within a second, and each row is taken once."""
    rows = [paid(500, "10T08:00:01"), paid(500, "10T08:00:01"), paid(700, "10T08:00:00")]
    found, left = take(rows, [Wanted(500, "2026-09-10T08:00:00+00:00")] * 3, ZONE)
    assert [one is not None for one in found] == [True, True, False]
    assert left == [rows[2]]


def test_a_payment_without_time_of_day_is_found_by_its_day() -> None:
    """Reference 10-U5: should Teamleader keep only the day, ours is still recognised."""
    rows = [paid(500, "10T00:00:00"), paid(500, "09T22:00:00"), paid(500, "10T11:00:00")]
    wanted = [Wanted(500, "2026-09-10T08:00:00+00:00")]
    assert take(rows[:1], wanted, ZONE)[0] == rows[:1]
    assert take(rows[1:2], wanted, ZONE)[0] == rows[1:2]
    assert take(rows[2:], wanted, ZONE)[0] == [None]


# ---- survivors


def test_everybody_elses_payment_survives_a_reversal() -> None:
    """A42: EUR 21 by transfer stays with its own date when EUR 100 bounces."""
    rows = [paid(2_100, "02T00:00:00"), paid(10_000, "10T08:00:07")]
    stands, kept = survivors(rows, 0, [registered("p1")], [], {}, ZONE)
    assert stands
    assert kept == [Survivor(2_100, "EUR", "2026-09-02T00:00:00+00:00")]
    assert missing([], kept, ZONE) == kept
    assert not missing(rows[:1], kept, ZONE)


def test_our_other_payment_survives_with_its_method_and_all_that_came_in() -> None:
    """What had no room beside the failed payment has room after it."""
    rows = [paid(6_000, "10T08:00:07"), paid(4_000, "10T08:00:14")]
    ours = registered("p2", 4_000)
    _, kept = survivors(rows, 0, [registered("p1", 6_000)], [ours], {"p2": 6_000}, ZONE)
    assert kept == [Survivor(6_000, "EUR", ours.paid_at, "m", "p2")]


def test_a_payment_that_is_not_there_is_not_undone() -> None:
    """P9: what a colleague removed already leaves nothing to undo, and others' stays."""
    rows = [paid(10_000, "10T11:11:11")]
    stands, kept = survivors(rows, 0, [registered("p1")], [], {}, ZONE)
    assert (stands, [one.amount_cents for one in kept]) == (False, [10_000])


# ---- events out of the feeds


def test_an_event_is_kept_in_utc_with_its_key_and_reason() -> None:
    """Reference 3.5: sorted by instant, paired by payment, the bank's code kept."""
    found = event_of(
        PaymentEvent(
            "evt", "payment_failure", "2026-08-10T05:12:01.002Z", 48_400, "EUR", "ABC", None, None,
            "direct_debit", {"paymentId": 884213}, {"code": "not_routable", "externalCode": "PY01"},
        ),
        ZONE,
    )  # fmt: skip
    assert (found.invoice_id, found.key) == ("abc", "paymentId:884213")
    assert found.occurred_at == "2026-08-10T05:12:01.002+00:00"
    assert bank_code(found.error) == "PY01 not_routable"
    assert moment("2026-07-20", ZONE) == "2026-07-19T22:00:00.000+00:00"
    assert moment("2026-07-20T10:00:00", ZONE) == "2026-07-20T10:00:00.000+00:00"
    with pytest.raises(ValueError, match="soon"):
        moment("soon", ZONE)


def test_the_invoice_feed_stands_in_for_a_missing_payment_feed() -> None:
    """Decisions 7: one event per invoice and last payment; partial and odd ones tell nothing."""
    last = {"method": "sdd", "action": "payment", "id": 7, "date": "2026-09-10"}
    paid_event = seen_event("b", "PAID", 4_000, 10_000, last, ZONE)
    assert paid_event is not None
    assert (paid_event.amount_cents, paid_event.key) == (4_000, "paymentId:7")
    assert paid_event.event_id.startswith(SEEN)
    assert seen_event("b", "BOOKED", 4_000, 10_000, last, ZONE) is None
    assert seen_event("b", "PAID", 1, 1, {**last, "date": "?"}, ZONE) is None
    failed = seen_event("b", "EXPIRED", 0, 10_000, {**last, "action": "payment_fail"}, ZONE)
    assert failed is not None
    assert (failed.type, failed.amount_cents) == ("payment_failure", 10_000)
    known = [("evt", "b", "payment", "paymentId:7", "2026-09-10T05:00:00.000+00:00")]
    assert told_before(paid_event, known, ZONE)
    assert not told_before(paid_event, [("evt", "c", *known[0][2:])], ZONE)
    assert not told_before(paid_event, [("evt", "b", "payment", "paymentId:8", "x")], ZONE)
    assert not told_before(paid_event, [(SEEN, *known[0][1:])], ZONE)
    assert told_before(
        paid_event, [("evt", "b", "payment", None, "2026-09-10T05:00:00.000+00:00")], ZONE
    )


# ---- states that explain themselves


def test_a_fall_from_paid_without_a_failure_is_a_reset() -> None:
    """A43: all came in and stands, yet Twikey shows it as open."""
    told = [event("p1", state="registered")]
    assert fell(booking(), told, our_mark=False)
    assert not fell(booking(twikey_state="PAID"), told, our_mark=False)
    assert not fell(booking(), [event("p1", cents=5_000)], our_mark=False)


def test_a_failure_that_only_the_invoice_shows_is_waited_for() -> None:
    """Reference 10-37: nothing orders the two feeds."""
    failing = booking(last_payment='{"action": "payment_fail", "id": 1}')
    assert unexplained_failure(failing, [event("p1")])
    assert not unexplained_failure(failing, [event("f1")])
    assert not unexplained_failure(booking(), [])


def test_our_mark_ends_with_money_that_goes_back() -> None:
    """Decisions 7: after a failure, the booking may be paid elsewhere anew."""
    mark = Mark("done", "2026-09-10T09:00:00+00:00", 1, None)
    assert marked(mark, [event("p1")])
    assert not marked(mark, [event("f1", state="applied")])
    assert not marked(None, [])
