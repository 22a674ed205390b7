"""Everybody but the program: who does what next, and what may happen while the program runs."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.simulation.colleagues import Colleagues
from tests.simulation.notebook import Notebook
from tests.simulation.payers import Payers
from tests.simulation.stage import Stage

Deed = Callable[[], str | None]


class People:
    """Picks a deed at a time; a deed returns its story, or None where it makes no sense now."""

    def __init__(self, stage: Stage, notes: Notebook, chance: Random) -> None:
        self.stage, self.chance = stage, chance
        customers: list[str] = []
        they = Colleagues(stage, notes, chance, customers)
        others = Payers(stage, notes, chance, customers)
        self._deeds: dict[Deed, int] = {
            they.book: 10, they.draft: 1, they.book_oddly: 2, they.credit: 2, they.move_due_date: 1,
            they.change_amount: 1, they.register: 3, they.unregister: 1, they.delete_last: 1,
            they.edit_customer: 2, they.merge_customers: 1, they.delete_customer: 1,
            others.rename: 1, others.reset: 1, others.archive: 1, others.delete_there: 1,
            others.type_by_hand: 1, others.pay_link: 5, others.pay_part: 3, others.transfer: 1,
            others.card: 2, others.debit: 4, others.tick: 4, others.bounce: 4, others.refund: 2,
            others.double: 1, others.mark_by_hand: 1, others.age: 1,
        }  # fmt: skip
        self._at_any_moment: dict[Deed, int] = {
            they.book: 4, they.draft: 1, they.edit_customer: 1, others.pay_link: 2,
            others.pay_part: 1, others.tick: 2, others.debit: 1, others.bounce: 1,
        }  # fmt: skip

    def act(self, *, during_a_run: bool = False) -> str | None:
        """Let somebody do something; ``during_a_run`` only what no program could be fooled by."""
        deeds = self._at_any_moment if during_a_run else self._deeds
        for _ in range(4):
            deed = self.chance.choices(list(deeds), list(deeds.values()))[0]
            told = deed()
            if told is not None:
                self.stage.world.advance(3)
                self.stage.figures["deeds"] += 1
                return told
        return None
