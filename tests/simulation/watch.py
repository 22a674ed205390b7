"""What must hold at every moment, whatever just happened; and what may leave the program."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from connectors.http import Answer
from tests.sandbox.messages import Request
from tests.sandbox.twikey_feeds import FIRST
from tests.simulation.notebook import Notebook
from tests.simulation.stage import Stage, Violated

OURS_OR_GONE = ("sent", "closed", "removing", "held")


class Watch:
    """Looks over the program's shoulder: at each write as it leaves, at everything after a step."""

    def __init__(self, stage: Stage, notes: Notebook, late: set[tuple[str, bytes]]) -> None:
        self._stage = stage
        self._notes = notes
        self._late = late  # writes that were sent and are not applied yet

    # ---- as a write leaves

    def leaves(self, service: str, request: Request) -> None:
        """Judge a request before a service sees it; raises ``Violated``."""
        path = request.path
        for ending, judge in self._judges.items():
            if request.method == "POST" and path.endswith(ending):
                judge(request)
        if service == "twikey" and request.method == "PUT" and b'"paid"' in request.body:
            self._marks(path.rpartition("/")[2])

    @property
    def _judges(self) -> dict[str, Callable[[Request], None]]:
        return {
            "/creditor/invoice": lambda request: self._creates([request.json()]),
            "/creditor/invoice/bulk": lambda request: self._creates(request.json()),
            "/invoices.registerPayment": self._registers,
            "/invoices.removePayments": self._removes,
            "/action": self._invites,
        }

    def _creates(self, members: list[dict[str, Any]]) -> None:
        for one in members:
            each = one["id"]
            if not self._stage.ask(
                "SELECT 1 FROM intents WHERE subject=? AND kind='create' AND state='intent'", each
            ):
                raise Violated(f"{one['number']} is created without an intent")
            if each in self._stage.twikey.books.invoices:
                raise Violated(f"{one['number']} is sent again although Twikey has it")
            if any(each.encode() in body for path, body in self._late if "invoice" in path):
                raise Violated(f"{one['number']} is sent again while the first may still arrive")

    def _registers(self, request: Request) -> None:
        asked = request.json()
        cents = round(asked["payment"]["amount"] * 100)
        if not self._stage.ask(
            "SELECT 1 FROM registrations WHERE booking_id=? AND state='sending' UNION"
            " SELECT 1 FROM reversals WHERE booking_id=? AND state <> 'done'",
            asked["id"], asked["id"],
        ):  # fmt: skip
            raise Violated(f"{cents} are registered on {asked['id']} without an intent")
        if (request.path, request.body) in self._late:
            raise Violated(f"{cents} are registered again while the first may still arrive")

    def _removes(self, request: Request) -> None:
        each = request.json()["id"]
        if not self._notes.being_undone(each):
            raise Violated(f"payments of {each} are removed without a plan")

    def _invites(self, request: Request) -> None:
        each = request.path.split("/")[-2]
        if not self._stage.ask(
            "SELECT 1 FROM invitations WHERE booking_id=? AND state='asked'", each
        ):
            raise Violated(f"the customer of {each} is invited without an intent")
        if any(path == request.path for path, _ in self._late):
            raise Violated(f"the customer of {each} is invited twice")

    def _marks(self, each: str) -> None:
        booked = self._stage.books.invoices.by_id.get(each)
        if booked is None:
            return
        owed = booked.payable - booked.credited - self._notes.of_others(each)
        if owed > self._notes.confirmed(each):
            raise Violated(f"{booked.number} is set to paid although money is wanting")

    def answers(self, service: str, request: Request, answer: Answer) -> None:
        """Judge what a service made of it; raises ``Violated``."""
        if self._stage.world.errors:
            raise Violated(f"the sandbox stumbled: {self._stage.world.errors[0]}")

    # ---- after every step

    def look(self) -> None:
        """Look at everything; raises ``Violated`` with all that is wrong."""
        wrong = [line for check in self._checks for line in check()]
        self._stage.figures["looks"] += 1
        if wrong:
            raise Violated("; ".join(wrong))

    @property
    def _checks(self) -> tuple[Callable[[], Iterator[str]], ...]:
        return (self._twice, self._mailed_twice, self._money, self._watermark, self._feeds)

    def _twice(self) -> Iterator[str]:
        books = self._stage.twikey.books
        numbers = Counter(one.number for one in books.invoices.values())
        yield from (f"{number} stands twice in Twikey" for number, n in numbers.items() if n > 1)
        refs = Counter(one.ref for one in books.invoices.values() if one.ref)
        yield from (f"{ref} stands twice in Twikey" for ref, n in refs.items() if n > 1)
        gone = {one["id"] for one in books.state.deleted}
        yield from (f"{each} was created again" for each in gone & set(books.invoices))

    def _mailed_twice(self) -> Iterator[str]:
        for one in self._stage.twikey.books.invoices.values():
            if len(one.invitations) > 1:
                yield f"the customer of {one.number} got {len(one.invitations)} invitations"

    def _money(self) -> Iterator[str]:
        undoing = {row[0] for row in self._stage.ask(
            "SELECT booking_id FROM reversals WHERE state <> 'done'"
        )}  # fmt: skip
        for one in self._stage.books.invoices.by_id.values():
            if one.id not in undoing and not self._notes.others_stand(one.id):
                yield f"a payment that a colleague registered on {one.number} is gone"
            ours = self._notes.ours(one.id)
            if any(count > 1 for count in ours.values()):
                yield f"a payment stands twice on {one.number}: {one.payments}"
            cents = sum(cents for _, cents in ours.elements())
            if one.id not in undoing and cents > self._notes.gross(one.id):
                yield f"{cents} stand on {one.number}, {self._notes.gross(one.id)} ever came in"

    def _watermark(self) -> Iterator[str]:
        """Whatever changed before the watermark is in the ledger as it is in Teamleader."""
        marks = {
            resource: datetime.fromisoformat(at).timestamp()
            for resource, at in self._stage.ask("SELECT resource, at FROM watermarks")
        }
        known = {
            row[0]: row[1:]
            for row in self._stage.ask("SELECT id, payable_cents, due_on, stage FROM bookings")
        }
        passed = marks.get("invoices", 0.0)
        for one in self._stage.books.invoices.by_id.values():
            if one.number is None or one.updated_at >= passed:
                continue
            if one.id not in known:
                yield f"the watermark passed {one.number}, which is not in the ledger"
            elif known[one.id][:2] != (one.payable, one.due_on):
                yield f"the watermark passed {one.number}, which the ledger has as it was"
        passed = marks.get("credit notes", 0.0)
        for note in self._stage.books.credit_notes.values():
            if note.updated_at < passed and note.id not in known:
                yield f"the watermark passed credit note {note.number}"

    def _feeds(self) -> Iterator[str]:
        """Whatever the feeds told before our positions is in the ledger."""
        positions = dict(self._stage.ask("SELECT feed, position FROM feeds"))
        state = self._stage.twikey.books.state
        told = state.payments[: max(0, positions.get("payments", 0) - FIRST["payment"])]
        kept = {row[0] for row in self._stage.ask("SELECT event_id FROM payment_events")}
        yield from (
            f"the feed position passed payment event {event['eventId']}"
            for event in told
            if event["eventId"] not in kept
        )
        shown = state.events[: max(0, positions.get("invoices", 0) - FIRST["invoice"])]
        seen = {row[0] for row in self._stage.ask("SELECT id FROM twikey_invoices")}
        there = {event[0] for event in shown} & set(self._stage.twikey.books.invoices)
        yield from (f"the feed position passed invoice {each}" for each in there - seen)

    # ---- after a run that ended well

    def accounted_for(self) -> None:
        """Every booking is decided or within the next run's reach; raises ``Violated``."""
        stages = dict(self._stage.ask("SELECT id, stage FROM bookings"))
        marks = dict(self._stage.ask("SELECT resource, at FROM watermarks"))
        reach = datetime.fromisoformat(marks["invoices"]).timestamp() - 600
        for one in self._stage.books.invoices.by_id.values():
            if one.number is not None and one.id not in stages and one.updated_at < reach:
                raise Violated(f"{one.number} is neither in the ledger nor within reach")


def shortly(found: object) -> str:
    """Return something as one line of a story."""
    return json.dumps(found, default=str)[:120]
