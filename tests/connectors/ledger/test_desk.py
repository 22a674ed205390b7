"""What people ask: what is held, what is taken up again, and a run that always adds up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.ledger.crossing import Verdict
from connectors.ledger.desk import Tally
from connectors.ledger.ledger import Ledger
from connectors.teamleader.records import Page, Unreadable
from tests.connectors.fakes import NOW
from tests.connectors.ledger.sample import (
    booking,
    crossing,
    customer,
    enter,
    events,
    in_memory,
    one,
    send,
    sight,
)

LATER = NOW + timedelta(hours=1)

# ---- what can happen to a booking in a run

Happening = Callable[[Ledger, str, int], object]


def decided(stage: str, reason: str) -> Happening:
    """Decide without a write."""
    return lambda ledger, name, run: ledger.crossings.decided(
        [Verdict(name, stage, reason, None)], run, NOW
    )


def intended(outcome: Happening) -> Happening:
    """Commit an intent, then its outcome."""

    def both(ledger: Ledger, name: str, run: int) -> None:
        ledger.crossings.intend([crossing(name)], run, NOW, NOW)
        outcome(ledger, name, run)

    return both


def sent(ledger: Ledger, name: str, run: int) -> None:
    """Let it stand in Twikey."""
    ledger.crossings.sent([(name, name, None, None)], run, NOW)


def adopted(ledger: Ledger, name: str, run: int) -> None:
    """Find it in Twikey."""
    ledger.crossings.adopted([(name, f"t-{name}", f"2026 / {name}", 12100)], run, NOW)


def unknown(ledger: Ledger, name: str, run: int) -> None:
    """Lose the answer."""
    ledger.crossings.unknown([name], "timed out", run, NOW)


def not_applied(ledger: Ledger, name: str, run: int) -> None:
    """Find that nothing came of it."""
    ledger.crossings.not_applied([name], run, NOW, "not there")


def refused(ledger: Ledger, name: str, run: int) -> None:
    """Hear no."""
    ledger.crossings.refused([Verdict(name, "held", "REFUSED", "no")], run, NOW)


def planned(ledger: Ledger, name: str, run: int) -> None:
    """Plan it, in a dry run."""
    ledger.crossings.planned([crossing(name)], run)


def listed(ledger: Ledger, name: str, run: int) -> None:
    """Find it in a list."""
    enter(ledger, booking(name), run=run)


def changed(ledger: Ledger, name: str, run: int) -> None:
    """Find it changed in a list."""
    enter(ledger, booking(name, attention_of=f"run {run}"), run=run)


def unreadable(ledger: Ledger, name: str, run: int) -> None:
    """Find it broken in a list."""
    ledger.bookings.listed(Page([], [Unreadable(name, "invoice", None, "odd")]), run, NOW)


def closed(ledger: Ledger, name: str, run: int) -> None:
    """Find it deleted, though not what this very run has sent."""
    if one(ledger, name)["sent_run"] != run:
        ledger.bookings.closed(name, run, NOW)


def again(ledger: Ledger, name: str, run: int) -> None:
    """Release it and take it up."""
    ledger.desk.release([name], NOW, "Els")
    ledger.desk.take_up_again(run, NOW)


def nothing(ledger: Ledger, name: str, run: int) -> None:
    """Die on the way."""


IN_LISTS = (listed, changed, unreadable, closed)
POSSIBLE: dict[str, tuple[Happening, ...]] = {
    "seen": (
        intended(sent), intended(nothing), intended(unknown), intended(not_applied),
        intended(refused), adopted, planned, decided("held", "CURRENCY"),
        decided("skipped", "ZERO"), again, *IN_LISTS,
    ),
    "sending": (sent, unknown, not_applied, refused, *IN_LISTS),
    "held": (again, *IN_LISTS),
    "skipped": IN_LISTS,
    "sent": IN_LISTS,
    "planned": (nothing,),
    "closed": (listed,),
}  # fmt: skip
STORIES = st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 99)), max_size=9))


@settings(max_examples=150, deadline=None)
@given(STORIES)
def test_every_run_adds_up_at_its_end(runs: list[list[tuple[int, int]]]) -> None:
    """I14, A29: read = sent + known + skipped + held, whatever happened to each booking."""
    ledger = in_memory()
    for run, happenings in enumerate(runs, start=1):
        for place, chosen in happenings:
            name = f"b{place}"
            if not ledger.bookings.find(name):
                listed(ledger, name, run)
            possible = POSSIBLE[one(ledger, name)["stage"]]
            possible[chosen % len(possible)](ledger, name, run)
        adds_up(ledger, run, ledger.desk.tally(run))
    ledger.close()


def adds_up(ledger: Ledger, run: int, tally: Tally) -> None:
    """Compare what a run tells with what the ledger holds."""
    ask = ledger.desk._store.one
    read = ask("SELECT count(*) FROM bookings WHERE read_run=?", (run,))[0]
    count, cents = ask(
        "SELECT count(*), coalesce(sum(amount_cents), 0) FROM bookings WHERE sent_run=?"
        " AND (stage='planned' OR (stage='sent' AND NOT adopted))",
        (run,),
    )
    assert tally.read == tally.sent + tally.known + tally.skipped + tally.held == read
    assert (tally.sent, tally.sent_cents) == (count, cents)
    assert sum(tally.reasons.values()) == tally.skipped + tally.held
    assert tally.adopted <= tally.known
    assert sum(ledger.desk.profiles(run).values()) == tally.sent


def test_a_run_that_read_nothing_adds_up_to_nothing(ledger: Ledger) -> None:
    """The commonest run of all."""
    assert ledger.desk.tally(1) == Tally()


def test_new_customers_are_counted_once(ledger: Ledger) -> None:
    """A19: two invoices of one new customer are one new customer."""
    ledger.customers.read([customer("c1"), customer("c2")], 1)
    enter(ledger, booking("b1"), booking("b2"), booking("b3", customer_id="c2"))
    ledger.crossings.intend(
        [crossing("b1"), crossing("b2"), crossing("b3", described=False)], 1, NOW, NOW
    )
    ledger.crossings.sent([(n, n, None, None) for n in ("b1", "b2", "b3")], 1, NOW)
    assert ledger.desk.tally(1).customers == 1


# ---- held


def held(ledger: Ledger, name: str, reason: str = "CURRENCY", number: str | None = None) -> None:
    """Enter a booking that is held and tried again in an hour."""
    enter(ledger, booking(name, number=number or name))
    ledger.crossings.decided([Verdict(name, "held", reason, "", next_try_at=LATER)], 1, NOW)


def test_what_waits_is_shown_by_reason_number_or_id(ledger: Ledger) -> None:
    """A person asks for what they see: a code, a number, an id; nothing asked is everything."""
    held(ledger, "b1", number="2026 / 1")
    held(ledger, "b2", reason="NUMBER_TAKEN", number="2026 / 2")
    enter(ledger, booking("b3"), booking("b4"))
    ledger.crossings.intend([crossing("b3")], 1, NOW, NOW)
    send(ledger, "b4")

    def names(*asked: str) -> list[str]:
        return [row["id"] for row in ledger.desk.held(asked)]

    assert names() == ["b1", "b2", "b3"]
    assert names("CURRENCY") == ["b1"]
    assert names("2026 / 2", "b3") == ["b2", "b3"]
    assert names("UNSETTLED") == ["b3"]
    assert names("2026 / 9") == []


def test_a_credit_note_counts_with_a_minus(ledger: Ledger) -> None:
    """Guide 11: wherever what waits is shown, whatever the sign it was read with."""
    for name, cents in (("b1", 2500), ("b2", -2500)):
        enter(ledger, booking(name, kind="credit_note", payable_cents=cents))
        ledger.crossings.decided([Verdict(name, "held", "CURRENCY", "", next_try_at=LATER)], 1, NOW)
        ledger.alerts.alert(name, "OVERPAID", "x", 1, NOW)
    held(ledger, "b3")
    assert [row["payable_cents"] for row in ledger.desk.held()] == [-2500, -2500, 12100]
    assert [row["payable_cents"] for row in ledger.alerts.open()] == [-2500, -2500]


def test_what_is_released_is_taken_up_by_the_next_run(ledger: Ledger) -> None:
    """A29: by a person now, by itself when its time has come, each once."""
    held(ledger, "b1", number="2026 / 1")
    held(ledger, "b2", number="2026 / 2")
    assert ledger.desk.take_up_again(2, NOW) == []
    assert ledger.desk.release(["2026 / 1"], NOW, "Els", confirm=True) == ["2026 / 1"]
    assert ledger.desk.take_up_again(2, NOW) == [("b1", "invoice")]
    found = one(ledger, "b1")
    assert (found["stage"], found["confirmed"], found["read_run"]) == ("seen", 1, 2)
    assert ledger.journal.of("b1")[-1]["facts"] == {"by": "Els", "confirmed": True}
    assert [i for i, _ in ledger.desk.take_up_again(3, LATER)] == ["b1", "b2"]


def test_what_a_killed_run_took_up_is_read_again_by_the_next(ledger: Ledger) -> None:
    """K1: dead between taking up and reading: what was corrected in Teamleader is not missed."""
    held(ledger, "b1")
    ledger.desk.release((), NOW, "Els")
    assert ledger.desk.take_up_again(2, NOW) == [("b1", "invoice")]
    assert ledger.desk.take_up_again(3, NOW) == [("b1", "invoice")]
    send(ledger, "b1", run=3)
    assert ledger.desk.take_up_again(4, LATER) == []


def test_only_what_is_held_can_be_released(ledger: Ledger) -> None:
    """Decisions 5: a write whose outcome is unknown is never released by hand."""
    enter(ledger, booking("b1"), booking("b2"))
    ledger.crossings.intend([crossing("b1")], 1, NOW, NOW)
    send(ledger, "b2")
    assert ledger.desk.release((), NOW, "Els", confirm=True) == []
    assert "released" not in events(ledger, "b1")


# ---- before anything is sent


def test_the_load_counts_what_is_about_to_be_created(ledger: Ledger) -> None:
    """The brake: open, undecided, not in Twikey already; the old ones among them, the oldest."""
    enter(
        ledger,
        booking("b1", issued_on="2026-06-01"),
        booking("b2"),
        booking("b3"),
        booking("b4", number="2026 / 4"),
        booking("b5", paid=True),
        booking("b6", due_cents=0),
        booking("b7", kind="credit_note", due_cents=None),
    )
    ledger.feed.invoices_seen([sight("b3"), sight("t4", number="BE-2026 / 4")], 1, NOW)
    load, old = ledger.desk.load(1, "2026-07-01", {"d1": "BE-"})
    assert (load.bookings, load.cents, load.oldest, old) == (2, 24200, "2026-06-01", 1)


def test_a_ledger_knows_whether_anything_ever_crossed(ledger: Ledger) -> None:
    """Decisions 6: a first load is silent."""
    enter(ledger, booking())
    assert not ledger.desk.ever_sent()
    ledger.crossings.intend([crossing()], 1, NOW, NOW)
    assert ledger.desk.ever_sent()


def test_notices_and_profiles_of_a_run_are_counted(ledger: Ledger) -> None:
    """A29: what was sent to which profile, and what to look at."""
    enter(ledger, booking("b1"), booking("b2"), booking("b3"))
    for name, ct, notices in (
        ("b1", "1420", "OVERDUE,NO_EMAIL"),
        ("b2", None, "OVERDUE"),
        ("b3", "1420", None),
    ):
        ledger.crossings.intend([crossing(name, ct=ct, notices=notices)], 1, NOW, NOW)
        ledger.crossings.sent([(name, name, None, None)], 1, NOW)
    assert ledger.desk.notices(1) == {"OVERDUE": 2, "NO_EMAIL": 1}
    assert ledger.desk.profiles(1) == {"1420": 2, "customer's own": 1}
    assert ledger.desk.stages() == {"sent": 3}
