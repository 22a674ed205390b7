"""What events of money come to: what is registered, undone, set aside, and told."""

from __future__ import annotations

import pytest

from connectors.ledger.records import Mark
from connectors.twikey.records import PaymentEvent
from mappings.guards import fell, marked, unexplained_failure
from mappings.money_events import SEEN, bank_code, event_of, moment, seen_event, told_before
from mappings.payments import Wish, decide, is_echo, left_over, method_of, set_aside, shares
from tests.mappings.money import ZONE, booking, event, registered

# ---- what is to be done


def test_new_money_is_registered_and_gone_money_undone() -> None:
    """A44: paid, failed, paid again: the first is undone, the second registered."""
    told = [
        event("p1", state="registered"), event("f2", "11:00"),
        event("p3", "12:00", key="paymentId:3"),
    ]  # fmt: skip
    found = decide(told, [registered("p1")])
    assert (found.undo, [one.id for one in found.register]) == (["p1"], ["p3"])
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
    wishes = [Wish(event("p1"), "p1", 6_000), Wish(event("p2"), "p2", 6_000)]
    assert [cents for _, cents in shares(wishes, 10_000)] == [6_000, 4_000]
    assert [cents for _, cents in shares(wishes, 0)] == [0, 0]
    assert [cents for _, cents in shares([Wish(event("p1"), "p1", 9_999)], 10_000)] == [9_999]


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
    assert set_aside(event("p1", cents=4_000, source="manual"), booking(), mark) is not None
    assert set_aside(event("p1", "11:00", source="manual"), booking(), mark) is not None
    assert set_aside(event("p1", "11:00", 4_000, source="manual"), booking(), mark) is None
    assert set_aside(event("p1", source="manual"), booking(), mark._replace(echo="p0")) is None


def test_a_host_whose_clock_runs_ahead_knows_its_own_mark() -> None:
    """A44: an hour of error in our clock does not make a stranger's payment of our own marking."""
    mark = Mark("done", "2026-09-10T11:00:00+00:00", 10_000, None)
    assert is_echo(event("p1", "10:00", source="manual"), mark)
    assert not is_echo(event("p1", "10:00", 4_000, source="manual"), mark)
    assert not is_echo(event("p1", "08:00", source="manual"), mark)


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


# ---- rests


def test_the_rest_of_a_payment_is_registered_when_it_is_decided_anew() -> None:
    """C9: 40 of 100 had room: the other 60 are wished for under an id of their own, once."""
    part = registered("p1", 4_000)
    again = decide([event("p1")], [part])
    assert again.register == [Wish(event("p1"), "p1#rest1", 6_000)]
    rest = registered("p1", 6_000)._replace(event_id="p1#rest1")
    for state in ("sending", "accepted", "unknown"):
        assert not any(decide([event("p1")], [part, rest._replace(state=state)]))
    planned = decide([event("p1")], [part, rest._replace(state="planned")])
    assert [(one.id, one.cents) for one in planned.register] == [("p1#rest1", 6_000)]
    assert decide([event("p1")], [part, rest]).marks == [("p1", "registered", None)]
    assert left_over([event("p1", state="registered")], [part, rest]) == 0


def test_a_failure_takes_back_a_payment_with_its_rest() -> None:
    """C7: both registrations of it go."""
    rest = registered("p1", 6_000)._replace(event_id="p1#rest1")
    found = decide([event("p1", state="registered"), event("f2", "11:00")],
                   [registered("p1", 4_000), rest])  # fmt: skip
    assert found.undo == ["p1", "p1#rest1"]


def test_dismissed_money_is_left_alone() -> None:
    """C9: neither told nor registered, whole or in part."""
    assert not any(decide([event("p1", state="dismissed")], []))
    note = "dismissed by ann"
    part = event("p1", state="registered", note=note)
    assert not any(decide([part], [registered("p1", 4_000)]))
    assert left_over([part], [registered("p1", 4_000)]) == 0
    assert left_over([event("p1", state="dismissed")], []) == 0


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
    assert unexplained_failure(failing, [event("p1")], {})
    assert not unexplained_failure(failing, [event("f1")], {})
    assert not unexplained_failure(booking(), [], {})


def test_our_mark_ends_with_money_that_goes_back() -> None:
    """Decisions 7: after a failure, the booking may be paid elsewhere anew."""
    mark = Mark("done", "2026-09-10T09:00:00+00:00", 1, None)
    assert marked(mark, [event("p1")])
    assert not marked(mark, [event("f1", state="applied")])
    assert not marked(None, [])
