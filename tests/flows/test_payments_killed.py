"""Killed at any exchange or commit of the payments: the next runs converge, nothing doubles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from connectors.ledger.ledger import Ledger
from flows.settings import LEDGER_NAME
from tests.flows.small_world import WAIT, Killed, SmallWorld

OTHERS = 2_107


@pytest.fixture(scope="module")
def world() -> Iterator[SmallWorld]:
    """Open a small world for this module."""
    opened = SmallWorld()
    yield opened
    opened.close()


def paid_beside_others(world: SmallWorld) -> None:
    """Two payments by link, beside one of a colleague, all registered; then the first fails."""
    invoice = world.in_twikey(0)
    world.books.pay(world.ids[0], OTHERS, world.books.now() - 18 * 3600)
    world.bank.charge_card(invoice)
    world.later()
    world.run(world.follow_up)
    world.bank.fail(invoice, "MD06")
    world.later()
    world.bank.receive(invoice, "paylink", 5_000, linkMethod="bancontact")
    world.later()


def paid_elsewhere(world: SmallWorld) -> None:
    """One invoice is paid in Teamleader by a colleague, one partly in Twikey."""
    world.books.pay(world.ids[1], None, world.books.now() - 18 * 3600)
    invoice = world.in_twikey(0)
    world.bank.receive(invoice, "paylink", 5_000, linkMethod="bancontact")
    world.later()


def result(world: SmallWorld) -> tuple[object, ...]:
    """Return both sides' money, and what is still open; ids and clock times left out."""
    ledger = Ledger(world.home / LEDGER_NAME)
    try:
        left = ledger.payments.blocked(), [row["code"] for row in ledger.alerts.open()]
        counts = ledger.payments.counts()
    finally:
        ledger.close()
    money = [sorted(c for _, c in world.books.invoice(each).payments) for each in world.ids]
    states = [i.state for i in world.sandbox.twikey.books.invoices.values()]
    return money, states, left, counts


@pytest.mark.parametrize("scene", [paid_beside_others, paid_elsewhere])
@pytest.mark.parametrize("fault", [None, "lost after", "lost before"])
def test_killed_at_every_step_both_sides_end_the_same(
    world: SmallWorld, scene: Callable[[SmallWorld], None], fault: str | None
) -> None:
    """A42: every exchange and every commit of a follow-up, all of them, with lost answers too."""
    world.start_over()
    scene(world)
    world.steps = 0
    world.run(world.follow_up)
    points = world.steps
    world.later(WAIT)
    world.run(world.follow_up)
    wanted = result(world)
    assert points > 60
    for point in range(1, points + 1):
        world.start_over()
        scene(world)
        world.faults[:] = [fault] if fault else []
        world.steps_left = point
        with suppress(Killed):
            world.run(world.follow_up)
        world.faults.clear()
        for _ in range(2):
            world.later(WAIT)
            world.run(world.follow_up)
        assert result(world) == wanted, f"killed at step {point} of {points}"
