"""An intent before each remote write, its outcome after it, and nothing in between is forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.ledger.crossing import Sent, Verdict
from connectors.ledger.ledger import Ledger
from connectors.ledger.runs import text
from connectors.ledger.unsettled import OpenWrite
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


def intend(ledger: Ledger, *names: str, run: int = 1) -> None:
    """Enter bookings and commit the intent to create each."""
    enter(ledger, *(booking(name) for name in names), run=run)
    ledger.crossings.intend([crossing(name) for name in names], run, NOW, LATER)


def open_ones(ledger: Ledger) -> list[str]:
    """Return the bookings of writes without a known outcome."""
    return [write.sent.booking_id for write in ledger.unsettled.writes()]


# ---- one by one


def test_an_intent_says_all_that_is_needed_to_look_it_up(ledger: Ledger) -> None:
    """I9, P2: committed before the call, with what is sent and when it may be looked up."""
    intend(ledger, "b1")
    found = one(ledger)
    assert (found["stage"], found["attempts"], found["ct"]) == ("sending", 1, "1420")
    (write,) = ledger.unsettled.writes()
    assert write == OpenWrite(text(LATER), Sent("b1", "2026 / b1", 12100, "2026-09-10", "c1"))


def test_intents_stand_together_or_not_at_all(ledger: Ledger) -> None:
    """I9: no booking is on its way without its intent."""
    intend(ledger, "b1")
    with pytest.raises(KeyError):
        ledger.crossings.intend([crossing("b1"), crossing("nobody")], 1, NOW, LATER)
    assert one(ledger)["attempts"] == 1


def test_what_is_open_longest_is_looked_up_first(ledger: Ledger) -> None:
    """P2: by the instant of the intent."""
    enter(ledger, booking("b1"), booking("b2"))
    ledger.crossings.intend([crossing("b2")], 1, NOW, LATER)
    ledger.crossings.intend([crossing("b1")], 1, LATER, LATER)
    assert open_ones(ledger) == ["b2", "b1"]


def test_what_stands_in_twikey_is_sent_for_good(ledger: Ledger) -> None:
    """P2: the outcome closes the intent; nothing is open, nothing is undecided."""
    intend(ledger, "b1")
    ledger.crossings.sent([("b1", "b1", "https://t/b1", "BOOKED")], 1, NOW)
    found = one(ledger)
    assert (found["stage"], found["twikey_id"], found["url"]) == ("sent", "b1", "https://t/b1")
    assert (open_ones(ledger), ledger.bookings.any_undecided(1)) == ([], False)
    assert events(ledger) == ["created in Twikey"]
    assert ledger.crossings.attempts(["b1"]) == {"b1": 1}


def test_a_lost_answer_stays_open_until_it_is_looked_up(ledger: Ledger) -> None:
    """P2, decisions 5: unknown is neither sent nor to be sent; it is shown as waiting."""
    intend(ledger, "b1")
    ledger.crossings.unknown(["b1"], "timed out", 1, NOW)
    assert open_ones(ledger) == ["b1"]
    assert not ledger.bookings.any_undecided(1)
    (waiting,) = ledger.desk.held()
    assert (waiting["reason"], waiting["detail"]) == ("UNSETTLED", "timed out")
    ledger.crossings.sent([("b1", "b1", None, None)], 2, NOW, how="found in Twikey")
    assert (open_ones(ledger), ledger.desk.held()) == ([], [])
    assert events(ledger) == ["answer lost", "found in Twikey"]


def test_what_certainly_came_to_nothing_is_tried_anew(ledger: Ledger) -> None:
    """P2: decided anew by a run that has read it itself, with another attempt."""
    intend(ledger, "b1")
    ledger.crossings.not_applied(["b1"], 1, NOW, "refused in the bulk")
    assert [row[0] for row in ledger.bookings.undecided(1, 10)] == ["b1"]
    ledger.crossings.intend([crossing("b1")], 1, NOW, LATER)
    assert ledger.crossings.attempts(["b1"]) == {"b1": 2}
    ledger.crossings.not_applied(["b1"], 2, NOW, "looked up: not in Twikey")
    assert (open_ones(ledger), ledger.bookings.undecided(2, 10)) == ([], [])
    assert ledger.desk.take_up_again(2, NOW) == [("b1", "invoice")]
    assert [row[0] for row in ledger.bookings.undecided(2, 10)] == ["b1"]


def test_a_refusal_holds_the_booking(ledger: Ledger) -> None:
    """P2: a documented refusal is final for this attempt; a person sees why."""
    intend(ledger, "b1")
    verdict = Verdict("b1", "held", "REFUSED", "err_invalid_params", next_try_at=LATER)
    ledger.crossings.refused([verdict], 1, NOW)
    found = one(ledger)
    assert (found["stage"], found["reason"], found["tries"]) == ("held", "REFUSED", 1)
    assert (found["next_try_at"], open_ones(ledger)) == (text(LATER), [])


# ---- decided without a write


def test_only_news_goes_into_the_journey(ledger: Ledger) -> None:
    """A held booking that is held again for the same reason says so once."""
    enter(ledger, booking())
    for reason in ("CURRENCY", "CURRENCY", "NUMBER_TAKEN"):
        ledger.crossings.decided([Verdict("b1", "held", reason, None)], 1, NOW)
    assert events(ledger) == ["held", "held"]
    assert one(ledger)["tries"] == 3


def test_what_was_decided_before_counts_for_the_run_that_did_it(ledger: Ledger) -> None:
    """I14: bookings that a killed run listed and another one decides are in its report."""
    enter(ledger, booking("b1"), booking("b2"), booking("b3"), run=1)
    send(ledger, "b1", run=2)
    ledger.crossings.decided([Verdict("b2", "skipped", "ZERO", None)], 2, NOW)
    ledger.crossings.adopted([("b3", "t3", "2026 / b3", 12100)], 2, NOW)
    tally = ledger.desk.tally(2)
    assert (tally.read, tally.sent, tally.skipped, tally.known, tally.adopted) == (3, 1, 1, 1, 1)


def test_an_adopted_booking_has_what_stands_in_twikey(ledger: Ledger) -> None:
    """U1: number and amount there, and the state that the feed showed."""
    enter(ledger, booking())
    ledger.feed.invoices_seen([sight("t1", number="2026/b1")], 1, NOW)
    ledger.crossings.adopted([("b1", "t1", "2026/b1", 12100)], 1, NOW)
    found = one(ledger)
    assert (found["stage"], found["twikey_id"], found["adopted"]) == ("sent", "t1", 1)
    assert (found["twikey_number"], found["twikey_state"]) == ("2026/b1", "BOOKED")
    (event,) = ledger.journal.of("b1")
    assert (event["what"], event["facts"]) == ("adopted", {"twikey_id": "t1"})


# ---- in bulk


def bulk(ledger: Ledger, *names: str) -> int:
    """Enter bookings and commit the intent of one bulk of them."""
    enter(ledger, *(booking(name) for name in names))
    return ledger.crossings.intend_bulk([crossing(n) for n in names], 1, NOW, LATER)


def test_a_bulk_that_was_never_accepted_is_looked_up_one_by_one(ledger: Ledger) -> None:
    """P3: a crash before the batch has a name leaves members that are open each for itself."""
    batch = bulk(ledger, "b1", "b2")
    assert open_ones(ledger) == ["b1", "b2"]
    assert ledger.unsettled.bulks() == []
    assert sorted(ledger.unsettled.members(batch)) == ["b1", "b2"]


def test_a_bulk_that_was_accepted_is_asked_as_a_whole(ledger: Ledger) -> None:
    """P3: any later run can ask how it went; until then its members are not looked up."""
    batch = bulk(ledger, "b1", "b2")
    ledger.unsettled.bulk_accepted(batch, "T-1")
    (asked,) = ledger.unsettled.bulks()
    assert asked == {"id": batch, "twikey_batch": "T-1", "not_before": text(LATER)}
    assert open_ones(ledger) == []
    ledger.unsettled.bulk_ended(batch, "done")
    ledger.crossings.sent([("b1", "b1", None, None)], 1, NOW)
    assert ledger.unsettled.members(batch) == ["b2"]
    assert open_ones(ledger) == ["b2"]


def test_a_bulk_whose_answer_was_lost_is_looked_up(ledger: Ledger) -> None:
    """P3: unknown as a whole is unknown for each."""
    batch = bulk(ledger, "b1", "b2")
    ledger.unsettled.bulk_ended(batch, "unknown")
    ledger.crossings.unknown(["b1", "b2"], "timed out", 1, NOW)
    assert open_ones(ledger) == ["b1", "b2"]


def test_what_a_bulk_reported_and_no_feed_ever_showed_is_named(ledger: Ledger) -> None:
    """P3: done, old enough, never seen; what the feed showed or went singly is not among them."""
    batch = bulk(ledger, "b1", "b2")
    ledger.unsettled.bulk_accepted(batch, "T-1")
    ledger.crossings.sent([("b1", "b1", None, None), ("b2", "b2", None, None)], 1, NOW)
    assert ledger.unsettled.unverified(text(LATER)) is None
    ledger.unsettled.bulk_ended(batch, "done")
    enter(ledger, booking("b3"))
    send(ledger, "b3")
    ledger.feed.invoices_seen([sight("b2")], 1, NOW)
    assert ledger.unsettled.unverified(text(LATER)) == (batch, ["b1"], True)
    assert ledger.unsettled.unverified(text(NOW)) is None


# ---- writes that set something


def test_a_write_that_sets_something_has_its_intent_too(ledger: Ledger) -> None:
    """P4: one that a crash left open is superseded, because what it set is still to do.

    Not the reset of a customer number (A21), which nothing else remembers.
    """
    ledger.customers.read([customer()], 1)
    done = ledger.intents.begin("profile", "c1", 1, NOW)
    ledger.intents.finish(done, "done", None, NOW)
    ledger.intents.begin("customer", "c1", 1, NOW)
    ledger.links.resetting("c1", "ABC", 1, NOW, NOW)
    intend(ledger, "b1")
    ledger.intents.close_repeatable(NOW)
    rows = ledger.crossings._store.tuples("SELECT kind, state FROM intents ORDER BY kind")
    assert rows == [
        ("create", "intent"), ("customer", "superseded"), ("profile", "done"), ("rename", "intent")
    ]  # fmt: skip


def test_a_dry_run_counts_what_it_would_send(ledger: Ledger) -> None:
    """The plan adds up as the run would."""
    enter(ledger, booking("b1"), booking("b2"))
    ledger.crossings.planned([crossing("b1"), crossing("b2", described=False)], 1)
    tally = ledger.desk.tally(1)
    assert (tally.read, tally.sent, tally.sent_cents, tally.customers) == (2, 2, 24200, 1)
    assert ledger.desk.profiles(1) == {"1420": 2}
    made = "SELECT id, twikey_customer FROM bookings ORDER BY id"
    assert ledger.crossings._store.tuples(made) == [("b1", "new"), ("b2", "known")]
