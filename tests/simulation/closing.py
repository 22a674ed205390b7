"""The end of a week: faults are off, the program ran until it was quiet, and both sides agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.simulation.notebook import Notebook
from tests.simulation.stage import Stage

DECIDED = ("sent", "held", "skipped", "closed")
GOOD_REASONS = {  # why one may be held: what people did, each with the note that proves it
    "CUSTOMER_GONE": "customer", "NUMBER_TAKEN": "number", "NUMBER_REUSED": "number",
    "DIFFERS": "number",
}  # fmt: skip


class Closing:
    """Compares both sides to the cent; ``differences`` says everything that is wrong."""

    def __init__(self, stage: Stage, notes: Notebook) -> None:
        self._stage = stage
        self._notes = notes
        self._there = stage.twikey.books.invoices
        names = ("stage", "reason", "twikey_id", "twikey_number", "amount_cents", "due_on")
        self._rows: dict[str, dict[str, Any]] = {
            row[0]: dict(zip(names, row[1:], strict=True))
            for row in stage.ask(f"SELECT id, {', '.join(names)} FROM bookings")
        }
        self._alerts: defaultdict[str, set[str]] = defaultdict(set)
        for booking, code in stage.ask(
            "SELECT booking_id, code FROM alerts WHERE settled_at IS NULL"
        ):
            self._alerts[booking].add(code)

    def differences(self) -> Iterator[str]:
        """Say what is not as it must be."""
        books = self._stage.books
        for booked in books.invoices.by_id.values():
            if booked.number is not None:
                yield from self._arrived(booked)
                yield from self._agrees(booked)
        for note in books.credit_notes.values():
            yield from self._arrived(note)
        yield from self._nothing_open()
        yield from self._one_to_one()

    # ---- every booking

    def _arrived(self, booked: Any) -> Iterator[str]:
        row = self._rows.get(booked.id)
        if row is None:
            yield f"{booked.number} is not in the ledger"
        elif row["stage"] not in DECIDED:
            yield f"{booked.number} is still {row['stage']}"
        elif row["stage"] == "sent":
            yield from self._stands(booked, row)
        elif row["stage"] == "held" and not self._good_reason(booked, row["reason"]):
            yield f"{booked.number} is held for {row['reason']}, and nothing is wrong with it"
        elif row["stage"] == "skipped":
            yield from self._rightly_skipped(booked, row)
        elif row["stage"] == "closed":
            yield f"{booked.number} is closed, and Teamleader has it"

    def _stands(self, booked: Any, row: dict[str, Any]) -> Iterator[str]:
        invoice = self._there.get(booked.id)
        if booked.id in self._notes.deleted_in_twikey:
            if invoice is not None:
                yield f"{booked.number} was deleted in Twikey and is there again"
        elif invoice is None:
            if row["twikey_id"] not in self._there:
                yield f"{booked.number} counts as sent and is not in Twikey"
        elif booked.id not in self._notes.edited and abs(invoice.cents) != booked.payable:
            yield f"{booked.number} is {invoice.cents} in Twikey instead of {booked.payable}"

    def _good_reason(self, booked: Any, reason: str) -> bool:
        if reason == "DIFFERS" and booked.id in self._notes.deleted_in_twikey:
            return True
        proof = GOOD_REASONS.get(reason)
        if proof == "customer":
            return booked.customer_id in self._notes.odd_customers
        taken = self._notes.taken_numbers
        return proof == "number" and (booked.number in taken or f"CN{booked.number}" in taken)

    def _rightly_skipped(self, booked: Any, row: dict[str, Any]) -> Iterator[str]:
        if booked.id in self._there:
            yield f"{booked.number} is skipped for {row['reason']}, and Twikey has it"
        elif booked.payable and not (booked.paid or getattr(booked, "due", 0) <= 0):
            yield f"{booked.number} is skipped for {row['reason']}, and is due"

    # ---- money

    def _agrees(self, booked: Any) -> Iterator[str]:
        each = booked.id
        if not self._notes.others_stand(each):
            yield f"a payment that a colleague registered on {booked.number} is gone"
        ours = sum(cents for _, cents in self._notes.ours(each).elements())
        held = self._stage.ask(
            "SELECT coalesce(sum(amount_cents), 0), count(*) FROM payment_events"
            " WHERE booking_id=? AND state='held'",
            each,
        )[0]
        confirmed = self._notes.confirmed(each) + held[0]
        room = booked.payable - booked.credited - self._notes.of_others(each)
        if ours != max(min(confirmed, room), 0):
            yield (
                f"{ours} of ours stand on {booked.number}; {confirmed} came in,"
                f" there is room for {room}"
            )
        if bool(held[1]) != ("PARTIAL_REFUND" in self._alerts[each]):
            yield f"what waits for a person on {booked.number} is not told, or told for nothing"
        too_much = bool(self._alerts[each] & {"OVERPAID", "DOUBLE_PAYMENT"})
        if too_much != (confirmed > max(room, 0)):
            yield f"money without a place on {booked.number}: told {too_much}, {confirmed}/{room}"
        yield from self._same_in_ledger(booked)

    def _same_in_ledger(self, booked: Any) -> Iterator[str]:
        rows = self._stage.ask(
            "SELECT state, amount_cents FROM registrations WHERE booking_id=?", booked.id
        )
        done = sorted(cents for state, cents in rows if state == "done")
        if done != sorted(cents for _, cents in self._notes.ours(booked.id).elements()):
            yield f"the ledger has {done} registered on {booked.number}: {booked.payments}"

    # ---- the rest

    def _nothing_open(self) -> Iterator[str]:
        for what, question in (
            ("writes", "SELECT subject FROM intents WHERE state IN ('intent', 'unknown')"),
            ("bulks", "SELECT id FROM batches WHERE state='sent'"),
            ("registrations", "SELECT event_id FROM registrations WHERE state IN"
             " ('sending', 'accepted', 'unknown')"),
            ("removals", "SELECT booking_id FROM reversals WHERE state <> 'done'"),
            ("invitations", "SELECT booking_id FROM invitations WHERE state='asked'"),
            ("holders of the lock", "SELECT flow FROM holder"),
        ):  # fmt: skip
            if found := self._stage.ask(question):
                yield f"{what} are still open: {found}"

    def _one_to_one(self) -> Iterator[str]:
        """Each customer of Teamleader is one customer in Twikey, with the same number (guide 4)."""
        owners: defaultdict[str, set[int]] = defaultdict(set)
        for booked in self._stage.books.invoices.by_id.values():
            invoice, customer = self._there.get(booked.id), str(booked.customer_id)
            if invoice is not None and customer not in self._notes.odd_customers:
                owners[customer].add(invoice.customer)
        for customer, found in owners.items():
            if len(found) > 1:
                yield f"customer {customer} is {len(found)} customers in Twikey"
            here = self._stage.books.customers.get(customer)
            there = self._stage.twikey.books.customers[min(found)]
            if here is None or there.number != customer:  # a changed number: seen with the next one
                continue
            if there.fields.get("email") != here.email:
                yield f"customer {customer} has {there.fields.get('email')}, not {here.email}"
