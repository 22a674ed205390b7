"""The money of bookings: events entered once, tied to their booking, written to Teamleader."""

from __future__ import annotations

import json

import pytest

from connectors.ledger.ledger import Ledger
from connectors.ledger.records import IN_PART
from tests.connectors.fakes import NOW
from tests.connectors.ledger.money import money, register, states, told, write
from tests.connectors.ledger.sample import booking, enter, events, send, sight


@pytest.fixture
def sent(ledger: Ledger) -> Ledger:
    """Return a ledger with b1 in Twikey, and b2 that was only read."""
    enter(ledger, booking("b1"), booking("b2"))
    send(ledger, "b1")
    return ledger


# ---- events


def test_an_event_is_entered_once_with_the_position_after_it(sent: Ledger) -> None:
    """P7: a page that is read again brings no news; the position stands with it."""
    assert not sent.feed.ever_read("payments")
    assert told(sent, money("p1"), money("f2"), position=7) == 2
    assert told(sent, money("p1"), money("r3"), position=8) == 1
    assert sent.feed.ever_read("payments")
    assert sent.payments._store.tuples("SELECT feed, position FROM feeds") == [("payments", 8)]
    assert [one.event_id for one in sent.payments.of(["b1"])["b1"]] == ["p1", "f2", "r3"]
    assert told(sent, money("p4")) == 1
    assert sent.payments._store.tuples("SELECT position FROM feeds") == [(8,)]


def test_an_event_belongs_to_its_booking_waits_or_is_a_strangers(sent: Ledger) -> None:
    """P7: what is on its way waits; once it crossed, its money is news of it."""
    told(sent, money("p1"), money("p2", "b2"), money("p3", "nobody"), money("p4", None))
    assert states(sent) == {
        "p1": ("b1", "new", None), "p2": (None, "waiting", "its invoice is on its way"),
        "p3": (None, "ignored", "not an invoice of ours"),
        "p4": (None, "ignored", "not an invoice of ours"),
    }  # fmt: skip
    assert sent.payments.counts() == {"new": 1, "unknown": 2, "waiting": 1}
    send(sent, "b2")
    sent.payments.assign(1, NOW)
    assert states(sent)["p2"] == ("b2", "new", None)
    assert sent.payments.at_work() == ["b1", "b2"]
    assert sent.payments.waiting(["b2", "b3"]) == {"b2"}
    told(sent, money("p5"))  # later news of the first does not put it behind the second
    assert sent.payments.at_work() == ["b1", "b2"]


def test_the_journey_tells_what_twikey_told(sent: Ledger) -> None:
    """C7: the bank's reason is kept with the failure."""
    told(sent, money("p1"), money("f2", error='{"externalCode": "MD06"}'), money("r3", cents=5))
    (paid, failed, back) = sent.journal.of("b1")[-3:]
    assert (paid["what"], failed["what"], back["what"]) == (
        "paid in Twikey", "payment failed in Twikey", "paid back by Twikey",
    )  # fmt: skip
    assert paid["facts"] == {
        "event": "p1", "cents": 12100, "occurred_at": "2026-09-14T08:00:01.000+00:00",
        "by": "direct_debit",
    }  # fmt: skip
    assert failed["facts"]["reason"] == '{"externalCode": "MD06"}'


def test_a_note_goes_into_the_journey_once(sent: Ledger) -> None:
    """C26: what was decided again for the same reason is no news."""
    told(sent, money("p1"))
    for note in ("it is in USD", "it is in USD", None, "why"):
        sent.payments.decided([("p1", "held", note)], 1, NOW)
    assert states(sent)["p1"] == ("b1", "held", "why")
    assert events(sent)[-2:] == ["payment event held", "payment event held"]
    assert len(events(sent)) == 4
    assert sent.journal.of("b1")[-1]["facts"] == {"event": "p1", "why": "why"}


def test_what_was_held_or_reported_is_decided_anew(sent: Ledger) -> None:
    """C9: reported money with the rests, held money with its note; a refund waits for a person."""
    told(sent, *(money(name) for name in ("p1", "p2", "p3", "p4", "r5")))
    sent.payments.decided(
        [("p1", "reported", "no room"), ("p2", "registered", IN_PART),
         ("p3", "registered", None), ("p4", "held", "strict"), ("r5", "held", "a part")],
        1, NOW,
    )  # fmt: skip
    assert sent.payments.left_over() == ["b1"]
    sent.payments.reopen("b1", "reported")
    found = {name: row[1:] for name, row in states(sent).items()}
    assert found == {
        "p1": ("new", None), "p2": ("new", None), "p3": ("registered", None),
        "p4": ("held", "strict"), "r5": ("held", "a part"),
    }  # fmt: skip
    assert sent.payments.left_over() == []
    sent.payments.reopen("b1", "held")
    assert states(sent)["p4"][1:] == ("new", "strict")
    assert states(sent)["r5"][1:] == ("held", "a part")


def test_what_an_invoice_shows_of_money_is_that_of_invoices_sent(sent: Ledger) -> None:
    """Reference 2.7: only where Twikey shows a payment, and with what was sent as paid."""
    seen = {"action": "payment", "id": 1}
    sent.feed.invoices_seen(
        [sight("b1", last_payment=seen), sight("b2", last_payment=seen)], 1, NOW
    )
    assert sent.feed.money_seen() == [("b1", "BOOKED", 12100, 0, json.dumps(seen))]
    assert sent.payments.known_money(["b1"]) == []
    told(sent, money("p1"), money("p2", "b2"))
    assert sent.payments.known_money(["b1"]) == [
        ("p1", "b1", "payment", "paymentId:1", "2026-09-14T08:00:01.000+00:00")
    ]


# ---- registrations


def test_a_registration_is_open_until_it_is_seen(sent: Ledger) -> None:
    """P8: sent, accepted and unknown are open and block; once seen the event is registered."""
    told(sent, money("p1"))
    sent.payments.begin(write(), NOW)
    assert sent.payments.open_registrations() == [write()]
    for state in ("accepted", "unknown"):
        sent.payments.ended(write(), state, 1, NOW, why="timed out")
        assert [one.state for one in sent.payments.open_registrations()] == [state]
        assert sent.payments.blocked() == {"b1"}
    assert states(sent)["p1"][1] == "new"
    sent.payments.ended(write(), "done", 1, NOW)
    assert (sent.payments.open_registrations(), sent.payments.blocked()) == ([], set())
    assert (states(sent)["p1"][1], sent.payments.waiting(["b1"])) == ("registered", set())
    assert sent.journal.of("b1")[-2]["facts"]["why"] == "timed out"
    assert "why" not in sent.journal.of("b1")[-1]["facts"]


@pytest.mark.parametrize(
    ("cents", "state", "note"),
    [(1, "registered", IN_PART), (12099, "registered", IN_PART), (12100, "registered", None)],
)
def test_a_payment_says_how_much_of_it_stands(
    sent: Ledger, cents: int, state: str, note: str | None
) -> None:
    """C9: from a cent to a cent less than all it is in part."""
    told(sent, money("p1"))
    register(sent, write(cents=cents))
    assert states(sent)["p1"] == ("b1", state, note)


def test_a_rest_counts_with_its_payment_and_is_no_event_of_money(sent: Ledger) -> None:
    """C9: 100.00 and 21.00 make the whole of 121.00; a dismissal stays as it was said."""
    told(sent, money("p1"))
    register(sent, write(cents=10000))
    assert states(sent)["p1"][2] == IN_PART
    register(sent, write("p1#rest1", 2100))
    assert states(sent)["p1"] == ("b1", "registered", None)
    assert [one.event_id for one in sent.payments.of(["b1"])["b1"]] == ["p1"]
    assert sent.payments.counts() == {"registered": 1}
    assert states(sent)["p1#rest1"] == ("b1", "rest", None)
    parts = sent.payments.registrations(["b1"])["b1"]
    assert [one.amount_cents for one in parts] == [10000, 2100]
    sent.payments.decided([("p1", "registered", "dismissed by ann")], 1, NOW)
    register(sent, write(cents=5000))
    assert states(sent)["p1"][2] == "dismissed by ann"


def test_a_marker_that_a_person_took_the_place_of_is_kept(sent: Ledger) -> None:
    """P8: the row is the same, with the newest instant, amount, method and limit."""
    told(sent, money("p1"))
    sent.payments.begin(write(), NOW)
    again = write(cents=5)._replace(paid_at="2026-09-13T00:00:00+00:00", method_id="n")
    sent.payments.begin(again, NOW)
    assert sent.payments.registrations(["b1"]) == {"b1": [again]}
