"""What really happened in a week, noted beside the program: the truth to hold it against."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.stage import Stage


@dataclass
class Notebook:
    """Who did what to which invoice; ids are Teamleader's, amounts cents.

    ``others`` are payments that colleagues registered and that must stand; ``fallen`` is the money
    that Twikey forgot when a person set an invoice back; ``own_marks`` is what only our own marking
    as paid put there.
    """

    stage: Stage
    others: defaultdict[str, list[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    paid_back: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    own_marks: Counter[str] = field(default_factory=Counter)
    fallen: Counter[str] = field(default_factory=Counter)
    deleted_in_teamleader: set[str] = field(default_factory=set)
    deleted_in_twikey: set[str] = field(default_factory=set)
    edited: set[str] = field(default_factory=set)  # amounts
    odd_customers: set[str] = field(default_factory=set)  # merged, deleted, or merged into
    taken_numbers: set[str] = field(default_factory=set)  # by hand in Twikey, or used twice

    def marked(self, invoice: Any, cents: int) -> None:
        """Note that we set an invoice to paid ourselves."""
        self.own_marks[invoice.id] += cents

    # ---- money

    def of_others(self, each: str) -> int:
        """Return the cents that colleagues registered."""
        return sum(cents for _, cents in self.others[each])

    def others_stand(self, each: str) -> bool:
        """Tell whether everything that colleagues registered is there at this moment."""
        return not Counter(self.others[each]) - Counter(self.stage.books.invoice(each).payments)

    def ours(self, each: str) -> Counter[tuple[int, int]]:
        """Return the payments in Teamleader that nobody else registered."""
        return Counter(self.stage.books.invoice(each).payments) - Counter(self.others[each])

    def confirmed(self, each: str) -> int:
        """Return what Twikey really brought; nothing of an invoice that never crossed."""
        invoice = self.stage.twikey.books.invoices.get(each)
        if invoice is None:
            return 0
        received: int = invoice.received_cents
        return received + self.fallen[each] - self.own_marks[each]

    def events(self, each: str) -> list[dict[str, Any]]:
        """Return Twikey's payment events of an invoice."""
        told = self.stage.twikey.books.state.payments
        return [event for event in told if event["origin"]["id"] == each]

    def gross(self, each: str) -> int:
        """Return all that ever came in, whatever became of it."""
        return sum(
            round(event["amount"] * 100)
            for event in self.events(each)
            if event["eventType"] == "payment"
        )

    def standing(self, each: str) -> dict[Any, int]:
        """Return what came in through Twikey and did not go back: payment or link -> cents."""
        found: dict[Any, int] = {}
        for event in self.events(each):
            name = event["details"].get("paymentId") or event["details"].get("linkId")
            if event["eventType"] == "payment" and name is not None:
                found[name] = round(event["amount"] * 100)
            elif event["eventType"] == "payment_failure":
                found.pop(name, None)
        return {name: cents for name, cents in found.items() if name not in self.paid_back[each]}

    # ---- what the ledger says

    def being_marked(self, each: str) -> bool:
        """Tell whether we marked it ourselves and do not know yet: nobody could tell the two."""
        return bool(
            self.stage.ask("SELECT 1 FROM marked_paid WHERE booking_id=? AND echo IS NULL", each)
        )

    def was_seen(self, each: str) -> bool:
        """Tell whether Twikey ever showed it to us; before, nobody could know of a deletion."""
        return bool(
            self.stage.ask(
                "SELECT 1 FROM bookings b JOIN twikey_invoices t ON t.id = b.twikey_id"
                " WHERE b.id=? AND b.stage='sent'",
                each,
            )
        )

    def being_undone(self, each: str) -> bool:
        """Tell whether a plan of ours holds its payments at this moment."""
        return bool(
            self.stage.ask("SELECT 1 FROM reversals WHERE booking_id=? AND state <> 'done'", each)
        )
