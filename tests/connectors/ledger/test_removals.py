"""Removals of payments: planned before they leave, everything else put back, nothing twice."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from connectors.ledger.ledger import Ledger
from connectors.ledger.records import IN_PART, Survivor
from connectors.ledger.reversals import still_standing
from connectors.ledger.runs import text
from tests.connectors.fakes import NOW
from tests.connectors.ledger.money import LATER, PAID_AT, money, register, states, told, write
from tests.connectors.ledger.sample import booking, enter, events, send


@pytest.fixture
def sent(ledger: Ledger) -> Ledger:
    """Return a ledger with b1 in Twikey, and b2 that was only read."""
    enter(ledger, booking("b1"), booking("b2"))
    send(ledger, "b1")
    return ledger


def survivor(**given: Any) -> Survivor:
    """Return a payment of EUR 21.00 that must stand again."""
    return Survivor(**{"amount_cents": 2100, "currency": "EUR", "paid_at": PAID_AT, **given})


def test_a_removal_is_planned_before_it_leaves(sent: Ledger) -> None:
    """P9: with all that must stand again, and nobody else writes to the booking meanwhile."""
    told(sent, money("p1"))
    register(sent, write())
    plan = sent.reversals.plan("b1", ["p1"], NOW)
    assert sent.reversals.open() == [plan]
    assert sent.payments.blocked() == {"b1"}
    plan.survivors.append(survivor(method_id="m", event_id="p2"))
    sent.reversals.removing(plan, 1, NOW, LATER)
    (found,) = sent.reversals.open()
    assert (found.state, found.not_before, found.survivors) == (
        "removing", text(LATER), plan.survivors,
    )  # fmt: skip
    assert sent.journal.of("b1")[-1]["facts"] == {
        "events": ["p1"], "to be put back": [asdict(plan.survivors[0])],
    }  # fmt: skip


def test_what_was_removed_is_undone_and_what_had_no_room_is_looked_at_anew(sent: Ledger) -> None:
    """P9: the payment and its rest; reported and partly placed money is news once it is done."""
    told(sent, money("p1"), money("p2"), money("p3"), money("p4"), money("r5"))
    register(sent, write(cents=10000), write("p1#rest1", 2100), write("p4", 50))
    sent.payments.decided(
        [("p2", "reported", "no room"), ("p3", "registered", IN_PART),
         ("p4", "registered", None), ("r5", "reported", None)], 1, NOW,
    )  # fmt: skip
    plan = sent.reversals.plan("b1", ["p1", "p1#rest1"], NOW)
    sent.reversals.removed(plan, 1, NOW)
    assert sent.reversals.open()[0].state == "restoring"
    assert states(sent)["p1"] == ("b1", "undone", None)
    ours = [one.state for one in sent.payments.registrations(["b1"])["b1"]]
    assert ours == ["removed", "removed", "done"]
    sent.reversals.done(plan, 1, NOW)
    assert (sent.reversals.open(), sent.payments.blocked()) == ([], set())
    found = {name: row[1:] for name, row in states(sent).items() if name[0] in "pr"}
    assert found["p2"] == found["p3"] == ("new", None)
    assert (found["p4"], found["r5"]) == (("registered", None), ("reported", None))
    assert sent.journal.of("b1")[-1]["facts"] == {"put_back": 0}
    assert sent.figures.undone_in(1) == (2, 12100)


def test_a_survivor_of_ours_counts_with_what_it_is_now(sent: Ledger) -> None:
    """P9: put back with more than before, or not at all where somebody else paid for it."""
    told(sent, money("p1"), money("p2"))
    register(sent, write(cents=10000), write("p2", 2100))
    plan = sent.reversals.plan("b1", ["p1"], NOW)
    ours = survivor(amount_cents=12100, method_id="m", event_id="p2")
    plan.survivors += [ours, survivor()]
    sent.reversals.removed(plan, 1, NOW)
    sent.reversals.putting_back(plan, ours, NOW, LATER)
    assert sent.reversals.open()[0].not_before == text(LATER)
    assert sent.payments.registrations(["b1"])["b1"][1].amount_cents == 12100
    assert states(sent)["p2"] == ("b1", "registered", None)
    sent.reversals.put_back(plan, ours, 1, NOW)
    sent.reversals.put_back(plan, plan.survivors[1], 1, NOW)
    facts = [event["facts"] for event in sent.journal.of("b1")[-2:]]
    assert facts[0] == {"cents": 12100, "paid_at": PAID_AT}
    assert facts[1]["method"] == "not known: Teamleader does not tell it"
    assert sent.figures.put_back_in(1) == 2
    sent.reversals.no_room(plan, ours, NOW)
    assert states(sent)["p2"][1] == "reported"
    parts = sent.payments.registrations(["b1"])["b1"]
    assert [one.state for one in parts] == ["removed", "removed"]
    assert still_standing(plan, parts) == parts[:1]
    assert [one.event_id for one in sent.reversals.open()[0].survivors] == [None]


def test_a_payment_that_was_not_there_is_undone_without_a_call(sent: Ledger) -> None:
    """P9: the reason is kept; only where ours was not among the payments it is told again."""
    told(sent, money("p1"), money("p2"))
    register(sent, write(cents=5))
    sent.payments.decided([("p2", "reported", "no room")], 1, NOW)
    for why, found in (("gone", set()), ("ours is not among the payments in Teamleader", {"p1"})):
        plan = sent.reversals.plan("b1", ["p1#rest1"], NOW)
        sent.reversals.waits(plan, NOW, LATER)
        assert sent.reversals.open()[0].not_before == text(LATER)
        sent.reversals.nothing_there(plan, 1, NOW, why)
        assert sent.reversals.not_found("b1") == found
    assert sent.reversals.not_found("b2") == set()
    assert (states(sent)["p1"][1], states(sent)["p2"][1]) == ("undone", "new")
    assert events(sent)[-1] == "nothing to undo"


def test_a_payment_put_back_by_hand_takes_the_survivors_place(sent: Ledger) -> None:
    """P9: with the instant that the person gave it."""
    told(sent, money("p1"), money("p2"))
    register(sent, write(), write("p2", 2100))
    plan = sent.reversals.plan("b1", ["p1"], NOW)
    plan.survivors.append(survivor(event_id="p2"))
    sent.reversals.found_again(plan, plan.survivors[0], "2026-09-13T00:00:00+00:00", NOW)
    at = [one.paid_at for one in sent.payments.registrations(["b1"])["b1"]]
    assert at == [PAID_AT, "2026-09-13T00:00:00+00:00"]
    assert sent.reversals.open()[0].survivors[0].paid_at == "2026-09-13T00:00:00+00:00"
    sent.reversals.set(plan, "held", NOW, "why")
    sent.reversals.set(plan, "held", NOW)
    assert sent.payments._store.tuples("SELECT state, note FROM reversals") == [("held", "why")]
