"""How rules speak: the first reason wins, a detail is cut, and notices stand beside each other."""

from __future__ import annotations

import numpy as np

from mappings.frames import BOOKINGS, frame, rows
from mappings.verdicts import adopt, drop_idle_notices, give, note, open_verdicts, undecided

BOTH = np.array([True, True])
FIRST = np.array([True, False])


def test_the_first_reason_stays_with_its_facts() -> None:
    """C26: a later rule does not change what a person is told; each row has its own detail."""
    table = open_verdicts(frame([{"id": "a"}, {"id": "b"}], BOOKINGS))
    held = give(table, FIRST, "CURRENCY", ["USD", "GBP"])
    both = give(held, BOTH, "ZERO", "nothing")
    told = [(row["action"], row["reason"], row["detail"]) for row in rows(both)]
    assert told == [("hold", "CURRENCY", "USD"), ("skip", "ZERO", "nothing")]
    assert undecided(held).tolist() == [False, True]


def test_a_detail_is_cut_at_300_characters() -> None:
    """C26: a whole page of Teamleader's does not become a line of a report."""
    table = open_verdicts(frame([{"id": "a"}], BOOKINGS))
    (row,) = rows(give(table, np.array([True]), "UNREADABLE", "x" * 301))
    assert row["detail"] == "x" * 300


def test_notices_stand_beside_each_other_once() -> None:
    """C26: codes with commas between, in the order in which they were noted."""
    table = open_verdicts(frame([{"id": "a"}, {"id": "b"}], BOOKINGS))
    for code, where in (("NO_EMAIL", FIRST), ("OVERDUE", BOTH), ("NO_EMAIL", BOTH)):
        table = note(table, where, code)
    assert [row["notices"] for row in rows(table)] == ["NO_EMAIL,OVERDUE", "OVERDUE,NO_EMAIL"]
    held = drop_idle_notices(give(table, FIRST, "CURRENCY"))
    assert [row["notices"] for row in rows(held)] == [None, "OVERDUE,NO_EMAIL"]


def test_what_is_adopted_is_decided() -> None:
    """C17: its detail is the Twikey id, and nothing is noted or held of it afterwards."""
    table = open_verdicts(frame([{"id": "a"}, {"id": "b"}], BOOKINGS))
    done = note(give(adopt(table, FIRST, ["t1", "t2"]), BOTH, "CURRENCY"), BOTH, "OVERDUE")
    told = [(row["action"], row["detail"], row["notices"]) for row in rows(done)]
    assert told == [("adopt", "t1", "ADOPTED"), ("hold", None, None)]
