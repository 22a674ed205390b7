"""Invitations in the ledger: at most one each by itself, and who is watched afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.ledger.ledger import Ledger
from connectors.ledger.runs import text
from tests.connectors.fakes import NOW
from tests.connectors.ledger.sample import booking, enter, events, send, sight

LATER = NOW + timedelta(minutes=5)
SINCE = text(NOW)


@pytest.fixture
def sent(ledger: Ledger) -> Ledger:
    """Return a ledger with one invoice in Twikey."""
    enter(ledger, booking())
    send(ledger, "b1")
    return ledger


def change(ledger: Ledger, **values: Any) -> None:
    """Change columns of the booking."""
    names = ", ".join(f"{name}=?" for name in values)
    ledger.invitations._store.write(f"UPDATE bookings SET {names}", tuple(values.values()))


def candidates(ledger: Ledger) -> list[str]:
    """Return who might be invited."""
    return [one.id for one in ledger.invitations.candidates(SINCE)]


def watched(ledger: Ledger, **given: Any) -> list[tuple[str, str | None, int]]:
    """Return whose delivery is looked at now: id, invitation, looks."""
    plain: dict[str, Any] = {
        "now": NOW, "before": SINCE, "by_twikey_until": SINCE, "since": SINCE, "limit": 9,
    }  # fmt: skip
    found = ledger.invitations.watched(**{**plain, **given})
    return [(one.id, one.state, one.looks) for one in found]


# ---- who might be invited


def test_an_open_invoice_that_was_never_invited_is_a_candidate(sent: Ledger) -> None:
    """P6: with all that decides about it, from the instant on at which it crossed."""
    (one,) = sent.invitations.candidates(SINCE)
    assert one == sent.invitations.candidate("b1")
    assert (one.kind, one.number, one.twikey_id, one.ct) == ("invoice", "2026 / b1", "b1", "1420")
    assert (one.sent_at, one.invitation, one.alert) == (SINCE, None, None)
    assert not (one.silent or one.has_pdf or one.draft or one.nothing_due)
    assert sent.invitations.candidates(text(LATER)) == []
    assert sent.invitations.candidate("b2") is None


def test_each_comes_once_with_its_own_pdf(sent: Ledger) -> None:
    """Guide 6, 7: what waits for its PDF is told from what has it; nobody comes twice."""
    enter(sent, booking("b2"), booking("b3"))
    send(sent, "b2")
    send(sent, "b3")
    for name in ("b2", "b3"):
        sent.documents.attached(name, "5ha", 5, 1, NOW)
    found = sent.invitations.candidates(SINCE)
    assert [(one.id, one.has_pdf) for one in found] == [("b1", False), ("b2", True), ("b3", True)]


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "credit_note"}, {"silent": 1}, {"paid": 1}, {"due_cents": 0}, {"stage": "closed"},
        {"twikey_state": "PAID"}, {"twikey_state": "ARCHIVED"}, {"twikey_state": "GONE"},
    ],
)  # fmt: skip
def test_nobody_is_asked_for_nothing(sent: Ledger, values: dict[str, Any]) -> None:
    """Guide 7: paid, credited, over in Twikey, silent, or gone: no candidate, nor watched."""
    change(sent, **values)
    assert candidates(sent) == []
    assert watched(sent) == []


def test_a_cent_that_is_due_is_asked_for(sent: Ledger) -> None:
    """Reference 10-U6: what Teamleader does not say is not taken for paid."""
    change(sent, paid=None)
    for due in (1, None):
        change(sent, due_cents=due)
        assert candidates(sent) == ["b1"]
        assert [one.nothing_due for one in sent.invitations.candidates(SINCE)] == [False]
    change(sent, due_cents=0)
    found = sent.invitations.candidate("b1")
    assert found is not None
    assert found.nothing_due


@pytest.mark.parametrize("code", ["CREDITED", "PARTLY_CREDITED"])
def test_what_was_credited_is_a_persons_affair(sent: Ledger, code: str) -> None:
    """C11: Twikey would ask more than is due, until the alert settles."""
    sent.alerts.alert("b1", code, "CN7", 1, NOW)
    assert candidates(sent) == []
    sent.alerts.settle("b1", code, 1, NOW)
    assert candidates(sent) == ["b1"]


@pytest.mark.parametrize(
    ("values", "alert"),
    [({"payable_cents": 13000}, "AMOUNT_CHANGED"), ({"twikey_state": "GONE"}, "GONE_IN_TWIKEY")],
)
def test_what_a_person_must_look_at_first_is_told(
    sent: Ledger, values: dict[str, Any], alert: str
) -> None:
    """C33: a changed amount and a lost invoice say so even before their alert is there."""
    change(sent, **values)
    found = sent.invitations.candidate("b1")
    assert found is not None
    assert found.alert == alert


def test_an_open_alert_is_told_until_it_settles(sent: Ledger) -> None:
    """Guide 7: a deletion in Teamleader stops the invitation; other alerts do not."""
    sent.alerts.alert("b1", "OVERPAID", "x", 1, NOW)
    found = sent.invitations.candidate("b1")
    assert found is not None
    assert found.alert is None
    sent.alerts.alert("b1", "DELETED_IN_TEAMLEADER", "x", 1, NOW)
    found = sent.invitations.candidate("b1")
    assert found is not None
    assert found.alert == "DELETED_IN_TEAMLEADER"


def test_the_profile_and_state_that_twikey_shows_count(sent: Ledger) -> None:
    """Reference 2.7: what was sent is only taken where Twikey has not shown anything."""
    sent.feed.invoices_seen([sight(ct="9", state="EXPIRED")], 1, NOW)
    found = sent.invitations.candidate("b1")
    assert found is not None
    assert (found.ct, found.twikey_state) == ("9", "EXPIRED")


# ---- silence


def test_a_silent_load_is_counted_while_it_is_open(ledger: Ledger) -> None:
    """Decisions 6: what is undecided is silenced; what a run has read anew may be let out."""
    enter(ledger, booking("b1"), booking("b2"), run=1)
    assert ledger.invitations.silence() == 2
    assert ledger.invitations.unsilence(2) == 0
    send(ledger, "b1", "b2")
    assert (ledger.invitations.silent(), candidates(ledger)) == (2, [])
    ledger.invitations.asked("b1", "email", "ann", 1, NOW)
    assert ledger.invitations.silent() == 1
    change(ledger, paid=1)
    assert ledger.invitations.silent() == 0
    assert ledger.invitations.silence() == 0
    enter(ledger, booking("b3"), run=3)
    ledger.invitations.silence()
    assert ledger.invitations.unsilence(3) == 1


# ---- asked, and what became of it


def test_an_invitation_is_asked_for_once(sent: Ledger) -> None:
    """P6: the intent is committed before the call; whoever has one is no candidate."""
    sent.invitations.asked("b1", "email", "the job", 1, NOW)
    row = sent.invitations.of("b1")
    assert row is not None
    assert (row["state"], row["channel"], row["by"], row["at"]) == (
        "asked", "email", "the job", SINCE,
    )  # fmt: skip
    assert (candidates(sent), sent.invitations.counts()) == ([], {"asked": 1})
    sent.invitations.left_open(2, NOW)
    row = sent.invitations.of("b1")
    assert row is not None
    assert (row["state"], row["detail"]) == ("unknown", "the run ended before the answer")
    assert events(sent)[-2:] == ["invitation asked for", "invitation unknown"]


def test_an_intent_that_never_left_is_taken_back(sent: Ledger) -> None:
    """P6: what stood there before stands again; only what was asked is left open."""
    sent.invitations.asked("b1", "email", "the job", 1, NOW)
    sent.invitations.not_sent("b1", None)
    assert sent.invitations.of("b1") is None
    sent.invitations.asked("b1", "email", "the job", 1, NOW)
    sent.invitations.ended("b1", "refused", "no address", 1, NOW)
    before = sent.invitations.of("b1")
    sent.invitations.asked("b1", "sms", "ann", 2, LATER)
    row = sent.invitations.of("b1")
    assert row is not None
    assert (row["state"], row["channel"], row["detail"]) == ("asked", "sms", None)
    sent.invitations.not_sent("b1", before)
    assert sent.invitations.of("b1") == before
    sent.invitations.left_open(2, NOW)
    assert sent.invitations.of("b1") == before


def test_an_invitation_that_had_left_is_found_and_changes_no_other(sent: Ledger) -> None:
    """C12: a refused one had left after all; one that is done stays as it was."""
    sent.invitations.found("b1", 1, NOW)
    row = sent.invitations.of("b1")
    assert row is not None
    assert (row["state"], row["by"], row["detail"]) == ("done", "Twikey", "it had left already")
    sent.invitations.asked("b1", "email", "ann", 1, NOW)
    sent.invitations.found("b1", 1, NOW)
    assert sent.invitations.counts() == {"asked": 1}
    sent.invitations.ended("b1", "refused", "no", 1, NOW)
    sent.invitations.found("b1", 1, NOW)
    assert sent.invitations.counts() == {"done": 1}


# ---- deliveries


@pytest.mark.parametrize(
    ("state", "seen"), [("done", True), ("unknown", True), ("refused", False), ("asked", False)]
)
def test_what_may_have_left_is_watched(sent: Ledger, state: str, seen: bool) -> None:
    """C13: done and unknown, from the instant on at which it was asked for."""
    sent.invitations.asked("b1", "email", "the job", 1, NOW)
    sent.invitations.ended("b1", state, None, 1, NOW)
    assert watched(sent) == ([("b1", state, 0)] if seen else [])
    assert watched(sent, before="2026-09-13") == []


def test_a_look_is_counted_and_the_next_one_waited_for(sent: Ledger) -> None:
    """C13: a limited number of looks; one that was put off does not count."""
    assert watched(sent) == [("b1", None, 0)]
    assert watched(sent, by_twikey_until="2026-09-13") == []
    assert watched(sent, since=text(LATER)) == []
    sent.invitations.looked("b1", "none", LATER)
    assert watched(sent) == []
    assert watched(sent, now=LATER) == [("b1", None, 1)]
    sent.invitations.looked("b1", "none", NOW, counts=False)
    assert watched(sent) == [("b1", None, 1)]
    sent.invitations.looked("b1", "ok", None)
    assert watched(sent, now=LATER) == []
    sent.invitations.asked("b1", "email", "ann", 1, NOW)
    sent.invitations.ended("b1", "done", None, 1, NOW)
    assert watched(sent) == [("b1", "done", 0)]


def test_ours_are_watched_first_then_the_less_looked_at_then_the_older(ledger: Ledger) -> None:
    """C13: and never more at once than there is time for."""
    names = ["b1", "b2", "b3", "b4"]
    enter(ledger, *(booking(name) for name in names))
    for place, name in enumerate(names):
        ledger.crossings.sent([(name, name, None, None)], 1, NOW + timedelta(seconds=4 - place))
    ledger.invitations.looked("b4", "none", NOW)
    ledger.invitations.asked("b1", "email", "ann", 1, NOW)
    ledger.invitations.ended("b1", "done", None, 1, NOW)
    found = watched(ledger, by_twikey_until=text(LATER), now=LATER)
    assert [name for name, *_ in found] == ["b1", "b3", "b2", "b4"]
    assert len(watched(ledger, by_twikey_until=text(LATER), now=LATER, limit=2)) == 2


def test_what_is_over_is_told(ledger: Ledger) -> None:
    """Guide 7: paid on either side, archived, gone or closed; of those asked about."""
    values: dict[str, dict[str, Any]] = {
        "b1": {}, "b2": {"twikey_state": "PAID"}, "b3": {"stage": "closed"}, "b4": {"paid": 1},
        "b5": {"due_cents": 0}, "b6": {"twikey_state": "BOOKED"},
    }  # fmt: skip
    enter(ledger, *(booking(name) for name in values))
    send(ledger, *values)
    for name, changed in values.items():
        for column, value in changed.items():
            ledger.invitations._store.write(
                f"UPDATE bookings SET {column}=? WHERE id=?", (value, name)
            )
    ledger.feed.invoices_seen([sight("b6", state="ARCHIVED")], 1, NOW)
    assert sorted(ledger.invitations.over([*values, "b7"])) == ["b2", "b3", "b4", "b5", "b6"]
    assert ledger.invitations.over(["b1"]) == []
