"""What everybody in a week has in common: what they see, and a choice of their own."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.simulation.notebook import Notebook
from tests.simulation.stage import Stage


class Somebody:
    """A person at work on the stage; ``customers`` are shared by all."""

    def __init__(self, stage: Stage, notes: Notebook, chance: Random, customers: list[str]) -> None:
        self.stage, self.notes, self.chance = stage, notes, chance
        self.books, self.twikey, self.bank = stage.books, stage.twikey, stage.twikey.bank
        self.customers = customers

    def _name(self, customer: str) -> str:
        return str(self.books.customers[customer].display_name)

    def _crossed(self, *states: str) -> Any:
        """Pick an invoice in Twikey that came from Teamleader, in one of some states."""
        known = self.books.invoices.by_id
        found = [
            one for one in self.twikey.books.invoices.values()
            if one.id in known and one.cents > 0 and (not states or one.state in states)
        ]  # fmt: skip
        return self.chance.choice(found[-5:]) if found else None
