"""Imports taken back: what each brought, what left, what stays away, and the run book beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.ledger.ledger import Ledger
from connectors.ledger.runs import text
from connectors.ledger.undo import Made, Removal
from tests.connectors.fakes import NOW
from tests.connectors.ledger.money import money, states, told
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


def change(ledger: Ledger, name: str, **values: Any) -> None:
    """Change columns of a booking."""
    names = ", ".join(f"{column}=?" for column in values)
    ledger.undo._store.write(f"UPDATE bookings SET {names} WHERE id=?", (*values.values(), name))


def made(ledger: Ledger, run: int = 1) -> dict[str, Made]:
    """Return what an import brought, by booking."""
    return {each.id: each for each in ledger.undo.made_by(run)}


@pytest.fixture
def sent(ledger: Ledger) -> Ledger:
    """Return a ledger whose first import sent b1, and found b2 in Twikey."""
    ledger.runs.start("import", NOW, "ann", {"name": "import 30 days"})
    ledger.customers.read([customer()], 1)
    enter(ledger, booking("b1"), booking("b2"))
    send(ledger, "b1")
    ledger.crossings.adopted([("b2", "t2", "2026 / b2", 12100)], 1, NOW)
    return ledger


# ---- what an import brought


def test_an_import_made_what_it_created_and_adopted(sent: Ledger) -> None:
    """A22: with all that decides whether it may leave; what was adopted stood there before."""
    assert made(sent) == {
        "b1": Made("b1", "invoice", "2026 / b1", "b1", 12100, "sent", "1420", "done", found=False,
                   invitation=None, delivered=False, credited_by=None),
        "b2": Made("b2", "invoice", "2026 / b2", "t2", 12100, "sent", None, "done", found=True,
                   invitation=None, delivered=False, credited_by=None),
    }  # fmt: skip
    assert made(sent, 2) == {}
    assert sent.undo.imports(9) == [1]
    assert sent.undo.made("b1") == made(sent)["b1"]


def test_what_decides_is_read_beside_it(sent: Ledger) -> None:
    """A22: the profile that Twikey shows, the invitation, and whether it arrived."""
    sent.feed.invoices_seen([sight("b1", ct="9")], 1, NOW)
    sent.invitations.asked("b1", "email", "ann", 1, NOW)
    sent.invitations.looked("b1", "ok", None)
    found = made(sent)["b1"]
    assert (found.ct, found.invitation, found.delivered) == ("9", "asked", True)
    sent.invitations.looked("b1", "fail", None)
    assert not made(sent)["b1"].delivered


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"stage": "sent"}, "CN1"), ({"stage": "sending"}, "CN1"), ({"stage": "removing"}, "CN1"),
        ({"stage": "closed", "twikey_id": "c1"}, "CN1"), ({"stage": "closed"}, None),
        ({"stage": "held"}, None), ({"stage": "sent", "kind": "invoice"}, None),
        ({"stage": "sent", "related_id": "b2"}, None),
    ],
)  # fmt: skip
def test_a_credit_note_in_twikey_keeps_its_invoice(
    sent: Ledger, values: dict[str, Any], named: str | None
) -> None:
    """A22: by its number there, as long as it stands there or may."""
    enter(sent, booking("c1", kind="credit_note", related_id="b1"))
    change(sent, "c1", **{"twikey_number": "CN1", "twikey_id": None, **values})
    assert made(sent)["b1"].credited_by == named


def test_a_create_that_is_open_is_of_its_import(ledger: Ledger) -> None:
    """A22: intent and unknown are told; what was refused, or is of a later life, is not its own."""
    enter(ledger, booking("b1"))
    ledger.crossings.intend([crossing("b1")], 1, NOW, LATER)
    assert (made(ledger)["b1"].created, ledger.undo.imports(9)) == ("intent", [])
    ledger.crossings.unknown(["b1"], "timed out", 1, NOW)
    assert made(ledger)["b1"].created == "unknown"
    ledger.crossings.not_applied(["b1"], 1, NOW, "not there")
    assert made(ledger) == {}
    send(ledger, "b1", run=2)
    assert (made(ledger), list(made(ledger, 2))) == ({}, ["b1"])
    assert ledger.undo.imports(9) == [2]


def test_what_a_run_found_although_it_meant_to_create_it_is_not_its_own(ledger: Ledger) -> None:
    """A22: it stood in Twikey before; found by a later run it is what the first one made."""
    enter(ledger, booking("b1"), booking("b2"))
    for name, run in (("b1", 1), ("b2", 2)):
        ledger.crossings.intend([crossing(name)], 1, NOW, LATER)
        ledger.crossings.sent([(name, name, None, None)], run, NOW, how="found in Twikey")
    assert [each.found for each in ledger.undo.made_by(1)] == [True, False]


def test_what_was_read_and_not_sent_is_named_too(ledger: Ledger) -> None:
    """A22: of that import, in the order of the numbers."""
    enter(ledger, booking("b2", number="2"), booking("b1", number="1"), run=1)
    enter(ledger, booking("b3"), run=2)
    assert ledger.undo.unsent(1) == [("b1", "1"), ("b2", "2")]
    send(ledger, "b1")
    assert ledger.undo.unsent(1) == [("b2", "2")]
    send(ledger, "b2")
    assert ledger.undo.imports(9) == [1]


def test_a_run_is_named_as_it_was_started(sent: Ledger) -> None:
    """A22: by the name of its parameters, else by its flow."""
    run = sent.undo.run(1)
    assert run is not None
    assert (run.flow, run.name, run.started_by) == ("import", "import 30 days", "ann")
    sent.runs.start("follow-up", NOW, "cron", {})
    other = sent.undo.run(2)
    assert other is not None
    assert other.name == "follow-up"
    assert sent.undo.run(3) is None


# ---- removals


def test_a_removal_is_open_until_its_outcome_is_known(sent: Ledger) -> None:
    """A22: asked before the call; unknown is looked up later, back is followed as before."""
    sent.undo.asked(made(sent)["b1"], 1, 2, "ann", NOW, LATER)
    assert sent.undo.unsettled() == [Removal("b1", "b1", text(LATER))]
    assert one(sent)["stage"] == "removing"
    assert list(made(sent)) == ["b1", "b2"]
    sent.undo.unknown("b1", "timed out", 2, NOW)
    sent.undo.asked(sent.undo.made("b2"), 1, 2, "ann", NOW, LATER)
    assert [each.booking_id for each in sent.undo.unsettled()] == ["b1", "b2"]
    sent.undo.gone("b2", 2, NOW)
    sent.undo.back("b1", "it is paid", 2, NOW)
    assert (sent.undo.unsettled(), one(sent)["stage"]) == ([], "sent")
    rows = sent.undo._store.tuples("SELECT state, answer, ended_at FROM undone")
    assert rows[0] == ("back", "it is paid", text(NOW))
    assert events(sent)[-3:] == [
        "to be removed from Twikey", "answer lost while removing it", "not removed from Twikey",
    ]  # fmt: skip


def test_what_left_stays_away_and_its_life_there_is_over(sent: Ledger) -> None:
    """A22: its alerts, its sight and its refused invitation go; its tombstone says who and why."""
    sent.feed.invoices_seen([sight("b1")], 1, NOW)
    for name in ("b1", "b2"):
        sent.alerts.alert(name, "OVERPAID", "x", 1, NOW)
        sent.follow.marking(name, 12100, NOW)
    sent.invitations.asked("b1", "email", "ann", 1, NOW)
    sent.invitations.ended("b1", "refused", "no", 1, NOW)
    sent.undo.asked(made(sent)["b1"], 1, 2, "ann", NOW, LATER)
    sent.undo.gone("b1", 2, NOW)
    found = one(sent)
    assert (found["stage"], found["reason"], found["twikey_id"]) == ("undone", "UNDONE", None)
    assert found["detail"] == f"import 1, {text(NOW)[:10]}, ann"
    assert (found["prepaid_cents"], found["tries"], found["sent_at"]) == (0, 0, None)
    assert [sent.alerts.is_open(name, "OVERPAID") for name in ("b1", "b2")] == [False, True]
    assert list(sent.follow.marks_of(["b1", "b2"])) == ["b2"]
    assert sent.invitations.of("b1") is None
    assert sent.undo._store.tuples("SELECT id FROM twikey_invoices") == []
    assert events(sent)[-2:] == ["alert settled", "removed from Twikey"]
    assert (sent.tombstones.lives("b1"), sent.tombstones.lives("b2")) == (1, 0)
    assert sent.tombstones.removed_before(["b1", "b2"]) == {"b1"}


def test_money_for_what_left_is_its_bookings_all_the_same(sent: Ledger) -> None:
    """A22: only once it is gone for certain; until then it may still stand there."""
    there = made(sent)["b1"]
    sent.undo.asked(there, 1, 2, "ann", NOW, LATER)
    told(sent, money("p1", invoice=there.twikey_id))
    assert states(sent)["p1"][0] is None
    sent.undo.gone("b1", 2, NOW)
    sent.payments.assign(1, NOW)
    assert states(sent)["p1"] == ("b1", "new", None)


def test_an_invitation_that_left_stays_known(sent: Ledger) -> None:
    """P6: nobody is mailed a second time in another life, and it is not looked for there."""
    sent.undo.mailed("b1", NOW)
    sent.undo.mailed("b1", LATER)
    sent.undo.vanished(made(sent)["b1"], 1, 2, "ann", NOW)
    row = sent.invitations.of("b1")
    assert row is not None
    assert (row["state"], row["by"], row["at"]) == ("done", "Twikey", text(NOW))
    assert row["detail"] == "before it was removed"
    looked = sent.undo._store.tuples("SELECT state, looks, next_look_at FROM deliveries")
    assert looked == [("none", 0, None)]
    assert events(sent)[-1] == "was no longer in Twikey"


# ---- what stays away


def test_what_stays_away_is_found_by_every_name(sent: Ledger) -> None:
    """A22: the run's number, the booking's on either side, its id; lifted it is found no more."""
    enter(sent, booking("b3", number="2027"))
    sent.undo.vanished(made(sent)["b1"], 1, 2, "ann", NOW)
    sent.tombstones.set_aside(["b3"], 1, 2, "ann", NOW)
    assert [sent.tombstones.earlier(run) for run in (1, 2)] == [2, 0]
    assert sent.tombstones.newest() == 1
    for name, ids in (("1", ["b1", "b3"]), ("2026 / b1", ["b1"]), ("b1", ["b1"]), ("2027", ["b3"])):
        assert [row["booking_id"] for row in sent.tombstones.named(name)] == ids
    for name in ("2", "nobody", "9" * 99, "\uff11"):
        assert sent.tombstones.named(name) == []
    assert [row["by_run"] for row in sent.tombstones.named("1")] == [1, 1]
    assert [row["by_run"] for row in sent.tombstones.named("2027")] == [0]
    sent.tombstones.lift(["b1"], "bob", 3, NOW)
    assert (sent.tombstones.earlier(1), sent.tombstones.named("b1")) == (1, [])
    found = one(sent)
    assert (found["stage"], found["reason"], found["read_run"]) == ("seen", None, None)
    assert events(sent)[-1] == "may be imported again"
    assert sent.journal.of("b1")[-1]["facts"] == {"by": "bob"}
    sent.tombstones.lift(["b3"], "bob", 3, NOW)
    assert sent.tombstones.newest() is None
    assert sent.tombstones.removed_before(["b1", "b3"]) == {"b1"}


def test_a_tombstone_is_lifted_once_and_alone(sent: Ledger) -> None:
    """A22: the journal of removals keeps who lifted what; what is in doubt is not lifted."""
    sent.tombstones.set_aside(["b1"], 1, 2, "ann", NOW)
    sent.tombstones.lift(["b1"], "bob", 3, NOW)
    sent.tombstones.set_aside(["b1"], 4, 5, "ann", NOW)
    sent.undo.asked(sent.undo.made("b2"), 6, 7, "ann", NOW, LATER)
    assert sent.tombstones.newest() == 4
    sent.tombstones.lift(["b2"], "eve", 8, NOW)
    rows = "SELECT booking_id, state, lifted_by FROM undone ORDER BY seq"
    before = [("b1", "never", "bob"), ("b1", "never", None), ("b2", "asked", None)]
    assert sent.undo._store.tuples(rows) == before
    sent.undo.gone("b2", 7, NOW)
    assert sent.tombstones.newest() == 6
    sent.tombstones.lift(["b1", "b2"], "eve", 8, NOW)
    assert [row[2] for row in sent.undo._store.tuples(rows)] == ["bob", "eve", "eve"]


def test_a_spent_id_is_replaced_for_its_booking_alone(sent: Ledger) -> None:
    """A22: what was removed is created under another id; its neighbour keeps its own."""
    sent.tombstones.sends_as("b2", "another")
    rows = sent.undo._store.tuples("SELECT id, sent_as FROM bookings ORDER BY id")
    assert dict(rows)["b2"] == "another"
    assert dict(rows)["b1"] is None


def test_what_teamleader_deleted_stays_closed(sent: Ledger) -> None:
    """A22: it cannot come back, whoever lifts what."""
    change(sent, "b1", stage="closed", reason="DELETED_IN_SOURCE")
    sent.undo.vanished(made(sent)["b1"], 1, 2, "ann", NOW)
    assert (one(sent)["stage"], one(sent)["reason"]) == ("closed", "DELETED_IN_SOURCE")
    sent.tombstones.lift(["b1"], "bob", 3, NOW)
    assert one(sent)["stage"] == "closed"


# ---- the run book


def test_what_a_run_noted_says_whether_it_asks_for_a_person(ledger: Ledger) -> None:
    """C26: the summary by mail tells the two apart."""
    ledger.journal.note(7, NOW, ["one", "two"], {"two"})
    facts = [event["facts"] for event in ledger.journal.of("run 7")]
    assert facts == [{"note": "one", "asks": False}, {"note": "two", "asks": True}]
