"""What an intent and its outcome keep of a booking, and what they leave alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.ledger.crossing import Verdict
from connectors.ledger.ledger import Ledger
from connectors.ledger.runs import text
from tests.connectors.fakes import NOW
from tests.connectors.ledger.sample import (
    booking,
    crossing,
    customer,
    enter,
    events,
    one,
    send,
    sight,
)

LATER = NOW + timedelta(minutes=5)


def intents(ledger: Ledger) -> list[tuple[Any, ...]]:
    """Return subject, state and answer of every intent, in order."""
    return ledger.crossings._store.tuples(
        "SELECT subject, state, answer FROM intents ORDER BY rowid"
    )


@pytest.mark.parametrize(("due", "prepaid"), [(12100, 0), (10000, 2100), (None, 0)])
def test_what_was_paid_before_is_kept_with_the_intent(
    ledger: Ledger, due: int | None, prepaid: int
) -> None:
    """C11: what is sent as paid already is never asked again, and never told as paid elsewhere."""
    enter(ledger, booking(due_cents=due))
    ledger.crossings.intend([crossing()], 1, NOW, LATER)
    assert one(ledger)["prepaid_cents"] == prepaid


@pytest.mark.parametrize(("due_on", "told"), [("2026-10-10", "2026-10-10"), (None, "2026-09-10")])
def test_the_dates_and_the_customer_that_were_told_are_kept(
    ledger: Ledger, due_on: str | None, told: str
) -> None:
    """C33: a later change is seen against what was sent, and not against what was read last."""
    enter(ledger, booking(due_on=due_on))
    ledger.crossings.intend([crossing(described=False)], 1, NOW, LATER)
    found = one(ledger)
    assert (found["told_due_on"], found["told_customer"]) == (told, "c1")
    assert found["twikey_customer"] == "known"
    ledger.crossings.intend([crossing(notices="NO_EMAIL")], 1, NOW, LATER)
    found = one(ledger)
    assert (found["twikey_customer"], found["notices"]) == ("new", "NO_EMAIL")


def test_a_bulk_begins_as_an_intent(ledger: Ledger) -> None:
    """P3: until Twikey has accepted it nothing is said of it, and each member is open."""
    enter(ledger, booking())
    batch = ledger.crossings.intend_bulk([crossing()], 1, NOW, LATER)
    rows = ledger.crossings._store.tuples("SELECT id, state, at, not_before FROM batches")
    assert rows == [(batch, "intent", text(NOW), text(LATER))]


def test_a_lost_answer_is_that_of_its_own_create_only(ledger: Ledger) -> None:
    """P2: the creates beside it, and those of before, keep what is known of them."""
    enter(ledger, booking("b1"), booking("b2"))
    ledger.crossings.intend([crossing("b1")], 1, NOW, LATER)
    ledger.crossings.not_applied(["b1"], 1, NOW, "refused in the bulk")
    ledger.crossings.intend([crossing("b1"), crossing("b2")], 1, NOW, LATER)
    ledger.crossings.unknown(["b1"], "timed out", 1, NOW)
    assert intents(ledger) == [
        ("b1", "refused", "refused in the bulk"), ("b1", "unknown", "timed out"),
        ("b2", "intent", None),
    ]  # fmt: skip
    ledger.crossings.sent([("b1", "b1", None, None)], 1, NOW)
    assert [row[1] for row in intents(ledger)] == ["refused", "done", "intent"]


def test_the_journey_says_why_something_is_sent_again(ledger: Ledger) -> None:
    """C26: a lost answer and a create that came to nothing are told with their reason."""
    enter(ledger, booking())
    ledger.crossings.intend([crossing()], 1, NOW, LATER)
    ledger.crossings.unknown(["b1"], "timed out", 1, NOW)
    ledger.crossings.not_applied(["b1"], 1, NOW, "looked up: not in Twikey")
    told = [(event["what"], event["facts"]) for event in ledger.journal.of("b1")]
    assert told == [
        ("answer lost", {"why": "timed out"}),
        ("to be sent again", {"why": "looked up: not in Twikey"}),
    ]


def test_the_journey_names_a_foreign_id_only(ledger: Ledger) -> None:
    """U1: under our own id there is nothing to tell; another one is needed to find it."""
    enter(ledger, booking("b1"), booking("b2"))
    for name, there in (("b1", "b1"), ("b2", "t2")):
        ledger.crossings.intend([crossing(name)], 1, NOW, LATER)
        ledger.crossings.sent([(name, there, None, None)], 1, NOW)
    facts = [ledger.journal.of(name)[0]["facts"] for name in ("b1", "b2")]
    assert facts == [{}, {"twikey_id": "t2"}]
    assert events(ledger, "b2") == ["created in Twikey"]


def test_a_customer_is_known_by_what_made_it_known(ledger: Ledger) -> None:
    """P4: seen with an adopted invoice, created with a profile to set with one of ours."""
    ledger.customers.read([customer("c1"), customer("c2")], 1)
    enter(ledger, booking("b1", customer_id="c1"), booking("b2", customer_id="c2"))
    ledger.crossings.adopted([("b1", "t1", "2026 / b1", 12100)], 1, NOW)
    send(ledger, "b2")
    rows = ledger.crossings._store.tuples(
        "SELECT id, known, known_how, profile_to_set, changed FROM customers ORDER BY id"
    )
    assert rows == [("c1", 1, "seen", None, 0), ("c2", 1, "created", "1420", 0)]


def test_a_customer_of_an_earlier_try_is_looked_at_anew(ledger: Ledger) -> None:
    """P4: what changed since a create of another run, whose answer was lost, follows."""
    ledger.customers.read([customer("c1")], 1)
    enter(ledger, booking())
    ledger.crossings.intend([crossing()], 1, NOW, LATER)
    ledger.crossings.sent([("b1", "b1", None, None)], 2, NOW, how="found in Twikey")
    assert ledger.crossings._store.tuples("SELECT known, changed FROM customers") == [(1, 1)]


def test_two_writes_of_one_run_have_two_names(ledger: Ledger) -> None:
    """P4: the second intent does not take the place of the first."""
    first, second = (ledger.intents.begin("customer", "c1", 1, NOW) for _ in range(2))
    assert first != second
    ledger.intents.finish(first, "done", "200", NOW)
    assert intents(ledger) == [("c1", "done", "200"), ("c1", "intent", None)]


# ---- bulks whose outcome was never seen


def done_bulk(ledger: Ledger, *names: str) -> int:
    """Let a bulk end well, and all of it be taken for created."""
    enter(ledger, *(booking(name) for name in names))
    batch = ledger.crossings.intend_bulk([crossing(name) for name in names], 1, NOW, LATER)
    ledger.unsettled.bulk_accepted(batch, f"T-{batch}")
    ledger.crossings.sent([(name, name, None, None) for name in names], 1, NOW)
    ledger.unsettled.bulk_ended(batch, "done")
    return batch


def test_bulks_are_verified_oldest_first(ledger: Ledger) -> None:
    """P3: one at a time; nothing of it seen is told apart from all of it seen."""
    first, second = done_bulk(ledger, "b2", "b1"), done_bulk(ledger, "b3")
    assert ledger.unsettled.unverified(text(LATER)) == (first, ["b1", "b2"], False)
    ledger.feed.invoices_seen([sight("b1"), sight("b2")], 1, NOW)
    assert ledger.unsettled.unverified(text(LATER)) == (first, [], True)
    ledger.unsettled.bulk_ended(first, "verified")
    assert ledger.unsettled.unverified(text(LATER)) == (second, ["b3"], False)


@pytest.mark.parametrize(
    ("state", "left"),
    [("none", {"b1"}), ("done", {"b1"}), ("verified", {"b1"}), ("unknown", set())],
)
def test_what_a_bulk_left_out_is_known_once_it_was_read(
    ledger: Ledger, state: str, left: set[str]
) -> None:
    """P3: only of a bulk that Twikey had accepted, and only of those asked about."""
    enter(ledger, booking("b1"), booking("b2"))
    batch = ledger.crossings.intend_bulk([crossing("b1"), crossing("b2")], 1, NOW, LATER)
    ledger.unsettled.bulk_ended(batch, state)
    assert ledger.unsettled.left_out(["b1"]) == set()
    ledger.unsettled.bulk_accepted(batch, "T-1")
    assert ledger.unsettled.left_out(["b1"]) == set()
    ledger.unsettled.bulk_ended(batch, state)
    assert ledger.unsettled.left_out(["b1", "b9"]) == left


def test_what_is_held_says_since_when_and_why(ledger: Ledger) -> None:
    """C26: since it was first held, until it is skipped or crosses; the journey has the facts."""
    enter(ledger, booking())
    for at, stage in ((NOW, "held"), (LATER, "held")):
        ledger.crossings.decided([Verdict("b1", stage, "CURRENCY", "USD")], 1, at)
        assert one(ledger)["held_at"] == text(NOW)
    assert one(ledger)["tries"] == 2
    assert ledger.journal.of("b1")[-1]["facts"] == {"reason": "CURRENCY", "detail": "USD"}
    ledger.crossings.decided([Verdict("b1", "skipped", "ZERO", None)], 1, LATER)
    assert (one(ledger)["held_at"], one(ledger)["tries"]) == (None, 2)


def test_bulks_are_asked_oldest_first_with_all_that_is_open(ledger: Ledger) -> None:
    """P3: a member whose answer was lost is a member; one that was settled is none any more."""
    batches = []
    for names in (("b1", "b2"), ("b3",)):
        enter(ledger, *(booking(name) for name in names))
        made = [crossing(name) for name in names]
        batches.append(ledger.crossings.intend_bulk(made, 1, NOW, LATER))
        ledger.unsettled.bulk_accepted(batches[-1], "T")
    assert [one["id"] for one in ledger.unsettled.bulks()] == batches
    ledger.crossings.unknown(["b1"], "timed out", 1, NOW)
    assert sorted(ledger.unsettled.members(batches[0])) == ["b1", "b2"]
    ledger.crossings.sent([("b2", "b2", None, None)], 1, NOW)
    assert ledger.unsettled.members(batches[0]) == ["b1"]


def test_a_lost_answer_to_what_sets_something_is_superseded_too(ledger: Ledger) -> None:
    """P4: what it set is still to do; what is done stays done, with its answer."""
    unknown, done = (ledger.intents.begin("customer", name, 1, NOW) for name in ("c1", "c2"))
    ledger.intents.finish(unknown, "unknown", "timed out", NOW)
    ledger.intents.finish(done, "done", "200", NOW)
    ledger.intents.close_repeatable(LATER)
    assert intents(ledger) == [("c1", "superseded", "timed out"), ("c2", "done", "200")]
