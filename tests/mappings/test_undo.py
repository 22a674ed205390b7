"""What may leave Twikey again, and why the rest is kept: the first reason that holds."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.undo import (
    KEPT,
    Kept,
    Known,
    keep_by_money,
    keep_by_payment,
    keep_by_state,
    keep_unseen,
)


def known(**given: Any) -> Known:
    """Return what the ledger knows of an invoice that an import created, without any money."""
    plain: dict[str, Any] = {
        "stood_before": False, "created": True, "settling": False, "written": False,
        "came_in_cents": 0, "credited_by": None,
    }  # fmt: skip
    return Known(**{**plain, **given})


def test_what_an_import_created_may_leave_again() -> None:
    """A22: nothing keeps an unpaid invoice of that import."""
    assert keep_unseen(known()) is None
    assert keep_by_money(known()) is None
    for state in ("BOOKED", "EXPIRED"):
        assert keep_by_state(state) is None
    assert keep_by_payment(None, {}) is None


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"stood_before": True}, "ADOPTED"), ({"created": False}, "UNSETTLED"),
        ({"settling": True}, "LOST"), ({"created": False, "stood_before": True}, "UNSETTLED"),
        ({"settling": True, "created": False, "stood_before": True}, "LOST"),
    ],
)  # fmt: skip
def test_what_is_not_surely_of_the_import_is_kept(given: dict[str, Any], reason: str) -> None:
    """A22: an open answer first, then what stood in Twikey before."""
    assert keep_unseen(known(**given)) == Kept(reason)


def test_money_keeps_an_invoice() -> None:
    """A22: registered in Teamleader, came in through Twikey to the last cent, or credited there."""
    assert keep_by_money(known(came_in_cents=1)) == Kept("PARTLY_PAID", "EUR 0.01")
    assert keep_by_money(known(credited_by="CN7")) == Kept("CREDITED", "CN7")
    assert keep_by_money(known(came_in_cents=1, credited_by="CN7")) == Kept(
        "PARTLY_PAID", "EUR 0.01"
    )
    all_of_it = known(written=True, came_in_cents=1, credited_by="CN7")
    assert keep_by_money(all_of_it) == Kept("REGISTERED")


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ("PENDING", Kept("IN_PROGRESS")), ("PAID", Kept("PAID")), ("ARCHIVED", Kept("ARCHIVED")),
        ("NEW_STATE", Kept("STATE", "NEW_STATE")), (None, Kept("STATE", "nothing that is known")),
        ("", Kept("STATE", "nothing that is known")),
    ],
)  # fmt: skip
def test_only_what_twikey_surely_lets_go_is_asked_for(state: str | None, kept: Kept) -> None:
    """Reference 2.8: paid, archived, in progress, and whatever a later version may show."""
    assert keep_by_state(state) == kept


def test_a_payment_that_twikey_shows_keeps_an_unpaid_invoice() -> None:
    """Reference 2.7: a part that was paid; a payment that failed is none."""
    paid = {"action": "payment", "method": "sdd", "date": "2026-09-10"}
    assert keep_by_payment(paid, {}) == Kept("PARTLY_PAID", "sdd, 2026-09-10")
    assert keep_by_payment({**paid, "action": "payment_fail"}, {}) is None
    assert keep_by_payment({**paid, "action": "payment_fail"}, {"partial": True}) == Kept(
        "PARTLY_PAID", "in part"
    )
    assert keep_by_payment(None, {"partial": False}) is None


def test_every_reason_to_keep_is_a_sentence_with_its_facts() -> None:
    """C26: the words that `--json` gives stay, and no fact is left open."""
    assert list(KEPT) == [
        "ADOPTED", "UNSETTLED", "REGISTERED", "PARTLY_PAID", "CREDITED", "IN_PROGRESS", "PAID",
        "ARCHIVED", "STATE", "INVITED", "REFUSED", "NOT_SAID", "LOST",
    ]  # fmt: skip
    assert Kept("STATE", "NEW_STATE").sentence == "Twikey shows it as NEW_STATE"
    assert Kept("REFUSED").sentence == "Twikey refused: not told"
    assert all("{" not in Kept(reason).sentence for reason in KEPT)
