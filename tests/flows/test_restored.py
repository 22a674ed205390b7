"""A ledger put back from a copy: what it did since the copy was made is recognised (C18, P12)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger.runs import text
from flows.by_hand import CONNECTED
from flows.settings import LEDGER_NAME
from tests.flows.following import alerts
from tests.flows.inviting import JOB
from tests.flows.office import Office


def copied(office: Office) -> Path:
    """Copy the ledger while nothing is at work."""
    copy = office.home.with_name("copy.db")
    with office.ledger():
        pass  # the last one out leaves the whole ledger in its one file
    shutil.copy(office.home / LEDGER_NAME, copy)
    return copy


def restore(office: Office, copy: Path) -> None:
    """Put a copy in its place and give access anew, as operating.md says."""
    for suffix in ("", "-wal", "-shm"):
        (office.home / f"{LEDGER_NAME}{suffix}").unlink(missing_ok=True)
    shutil.copy(copy, office.home / LEDGER_NAME)
    office.grant()
    with office.ledger() as ledger:
        ledger.facts.write(CONNECTED, text(office.clock.now()))
    assert office.imports(days=2).sent == 0


def later(office: Office, hours: int = 1) -> None:
    """Let time pass for both services and the job."""
    office.sandbox.world.advance(hours * 3600)
    office.clock.shift += timedelta(hours=hours)


def paid(office: Office) -> dict[str, list[int]]:
    """Return the cents of all payments in Teamleader by invoice."""
    books = office.sandbox.books.invoices
    return {str(one.number): [cents for _, cents in one.payments] for one in books if one.payments}


def wholly(act: dict[str, Callable[..., Any]]) -> None:
    """Pay all."""
    act["pay_link"]("2026 / 1")


def partly(act: dict[str, Callable[..., Any]]) -> None:
    """Pay forty of 121 euro."""
    act["partial"]("2026 / 1", 40.0)


@pytest.mark.parametrize("pays", [wholly, partly])
@pytest.mark.parametrize("known", [True, False], ids=["copied after", "copied before the import"])
def test_what_was_registered_since_the_copy_is_not_registered_again(
    office: Office, pays: Callable[..., None], *, known: bool
) -> None:
    """C18: neither once more, nor told as too much: that would be paid back."""
    office.configure(JOB)
    office.imports(days=30)
    office.sandbox.books.book(number="2026 / 1")
    if known:
        office.imports()
    copy = copied(office)
    office.imports()
    later(office)
    pays(office.sandbox.twikey.actions)
    office.run("follow-up", "--payments")
    before = paid(office)
    assert len(before) == 1
    later(office)
    restore(office, copy)
    office.run("follow-up", "--payments")
    assert paid(office) == before
    assert alerts(office) == []


def test_our_own_marking_since_the_copy_is_no_money(office: Office) -> None:
    """A42: paid elsewhere, set to paid by us, and forgotten: nobody is told to pay it back."""
    office.configure(JOB)
    booked = office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    copy = copied(office)
    later(office)
    office.sandbox.books.pay(booked)
    office.run("follow-up", "--payments")
    assert office.twikey_invoices()["2026 / 1"]["state"] == "PAID"
    later(office)
    restore(office, copy)
    for _ in range(2):
        office.run("follow-up", "--payments")
        later(office)
    assert alerts(office) == []


def test_money_that_came_twice_after_the_restore_is_told(office: Office) -> None:
    """A41: what Twikey tells of after access was given anew is compared as ever."""
    office.configure(JOB)
    booked = office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    restore(office, copied(office))
    later(office)
    office.sandbox.twikey.actions["pay_link"]("2026 / 1")
    office.sandbox.books.pay(booked)
    office.run("follow-up", "--payments")
    assert alerts(office) == [(booked, "OVERPAID")]


def test_nobody_is_mailed_again_for_what_the_copy_does_not_know(office: Office) -> None:
    """C13: an invitation that left since the copy was made leaves once."""
    office.configure(JOB)
    office.imports(days=30)
    office.sandbox.books.book(number="2026 / 1")
    office.imports()
    copy = copied(office)
    later(office)
    office.run("follow-up")
    assert len(office.sandbox.twikey.dump()["invites"]) == 1
    restore(office, copy)
    for _ in range(3):
        later(office)
        office.run("follow-up")
    assert len(office.sandbox.twikey.dump()["invites"]) == 1
