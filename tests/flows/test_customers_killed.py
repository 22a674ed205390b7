"""Killed at any exchange or commit of `customers`: the next runs converge and tell it all, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from connectors.ledger.ledger import Ledger
from flows.connection import Connection
from flows.customers import CustomersRequest, follow_customers
from flows.settings import LEDGER_NAME
from tests.flows.small_world import WAIT, Killed, SmallWorld

TOLD = ("customer number reset", "updated in Twikey", "not found in Teamleader", "alert")


@pytest.fixture(scope="module")
def world() -> Iterator[SmallWorld]:
    """Open a small world for this module."""
    opened = SmallWorld()
    yield opened
    opened.close()


def follow(connection: Connection) -> object:
    """Let all customers follow."""
    return follow_customers(connection, CustomersRequest(every=True))


def customer_of(world: SmallWorld) -> str:
    """Return the id of the one customer."""
    return str(world.books.invoice(world.ids[0]).customer_id)


def edited(world: SmallWorld) -> None:
    """Street and e-mail changed in Teamleader."""
    world.later()
    world.books.edit_customer(
        customer_of(world), email="new@klant.example", address=("Plein 1", "1000", "Brussel", "BE")
    )
    world.later()


def renamed(world: SmallWorld) -> None:
    """Changed in Teamleader, and the number changed in Twikey."""
    edited(world)
    world.sandbox.twikey.actions["rename_customer"](customer_of(world), "ABC")
    world.later()


def deleted(world: SmallWorld) -> None:
    """Deleted in Teamleader, with open invoices in Twikey."""
    world.later()
    world.books.delete_customer(customer_of(world))
    world.later()


def result(world: SmallWorld) -> tuple[object, ...]:
    """Return Twikey's customers and invoices, and what the ledger tells of the customer."""
    dump = world.sandbox.twikey.dump()
    customers = [
        {k: v for k, v in c.items() if k not in ("created_at", "at")} for c in dump["customers"]
    ]
    invoices = sorted((i["number"], i["customerNumber"]) for i in dump["invoices"])
    ledger = Ledger(world.home / LEDGER_NAME)
    try:
        subject = customer_of(world)
        told = Counter(e["what"] for e in ledger.journal.of(subject) if e["what"] in TOLD)
        left = ledger.links.open_resets(), ledger.customers.any_to_tell()
        codes = [row["code"] for row in ledger.alerts.open()]
    finally:
        ledger.close()
    return customers, invoices, told, left, codes


@pytest.mark.parametrize("fault", [None, "lost after", "lost before"])
@pytest.mark.parametrize(
    ("scene", "wanted"),
    [
        (edited, {"updated in Twikey": 1}),
        (renamed, {"customer number reset": 1, "updated in Twikey": 1}),
        (deleted, {"not found in Teamleader": 1, "alert": 1}),
    ],
)
def test_killed_at_every_step_both_sides_end_the_same(
    world: SmallWorld,
    scene: Callable[[SmallWorld], None],
    wanted: dict[str, int],
    fault: str | None,
) -> None:
    """A21, A50, C27: every exchange and every commit, with lost answers too: the same end, once."""
    world.start_over()
    scene(world)
    world.steps = 0
    world.run(follow)
    points = world.steps
    world.later(WAIT)
    world.run(follow)
    calm = result(world)
    assert calm[2] == Counter(wanted)
    assert points > 20
    for point in range(1, points + 1):
        world.start_over()
        scene(world)
        world.faults[:] = [fault] if fault else []
        world.steps_left = point
        with suppress(Killed):
            world.run(follow)
        world.faults.clear()
        for _ in range(2):
            world.later(WAIT)
            world.run(follow)
        assert result(world) == calm, f"killed at step {point} of {points}"
