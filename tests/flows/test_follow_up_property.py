"""Money over thousands of random lives: whatever happens, both sides agree to the cent.

Customers pay, wholly, partly and twice; debits bounce; colleagues register payments in Teamleader;
answers are lost, come late, or never were; the program is killed at any exchange or commit; the
feed is replayed. After two quiet runs every invoice shows Twikey's confirmed money beside other
people's, who find their payments as they left them.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from connectors.errors import Trouble
from connectors.ledger.ledger import Ledger
from flows.settings import LEDGER_NAME
from tests.flows.small_world import AMOUNTS, WAIT, Killed, SmallWorld

EXAMPLES = int(os.environ.get("FOLLOW_UP_EXAMPLES", "2000"))
STEPS = 10
MOST_INVOICES = 4
WHICH = st.integers(0, MOST_INVOICES - 1)
LOSSES = st.sampled_from(["lost after", "lost before", "500 after", "late"])


class Life(RuleBasedStateMachine):
    """One life of a few invoices."""

    world: SmallWorld

    def __init__(self) -> None:
        super().__init__()
        self.world.start_over()
        self.ids = list(self.world.ids)
        self.others: dict[str, list[tuple[int, int]]] = {each: [] for each in self.ids}

    # ---- what is there

    def _pick(self, which: int) -> tuple[str, Any, Any]:
        """Return an invoice's id, its place in Teamleader and in Twikey (None while on its way)."""
        each = self.ids[which % len(self.ids)]
        self.world.later(7)
        return each, self.world.books.invoice(each), self.world.sandbox.twikey.books.invoice(each)

    def _others_stand(self, each: str) -> bool:
        there = Counter(self.world.books.invoice(each).payments)
        return not Counter(self.others[each]) - there

    # ---- what happens in Twikey

    @rule(which=WHICH, part=st.sampled_from([1, 2, 3]))
    def customer_pays(self, which: int, part: int) -> None:
        """A customer pays by link: all, a half, a third; or once more when it is paid."""
        _, _, invoice = self._pick(which)
        if invoice is not None and invoice.state != "PENDING":
            cents = None if part == 1 or invoice.state == "PAID" else invoice.due_cents // part
            self.world.bank.receive(invoice, "paylink", cents, linkMethod="bancontact")

    @rule(which=WHICH)
    def person_marks_paid(self, which: int) -> None:
        """Somebody marks an invoice as paid in Twikey."""
        _, _, invoice = self._pick(which)
        if invoice is not None and invoice.state in ("BOOKED", "EXPIRED"):
            self.world.bank.mark_paid(invoice, "cash", own=False)

    @rule(which=WHICH)
    def debit_is_offered(self, which: int) -> None:
        """An open invoice is given to the bank."""
        _, _, invoice = self._pick(which)
        if invoice is not None and invoice.state in ("BOOKED", "EXPIRED"):
            mandate = next(iter(self.world.sandbox.twikey.books.mandates.values()))
            self.world.bank.offer(invoice, mandate)

    @rule()
    def bank_reports(self) -> None:
        """The bank reports: first all debits as paid, then the truth."""
        self.world.later(7)
        self.world.bank.tick()

    @rule(which=WHICH)
    def debit_bounces(self, which: int) -> None:
        """The newest debit of an invoice is refused or charged back."""
        _, _, invoice = self._pick(which)
        collection = invoice.collection if invoice is not None else None
        if collection is not None and collection["stage"] != "failed":
            self.world.bank.fail(invoice, "MD06")

    @rule(which=WHICH)
    def merchant_refunds(self, which: int) -> None:
        """The newest payment that still stands is paid back whole."""
        each, _, invoice = self._pick(which)
        standing = self._standing(each)
        if invoice is not None and invoice.state == "PAID" and standing:
            self.world.bank.refund(invoice, standing[-1])

    def _standing(self, each: str) -> list[int]:
        """Return the amounts of link payments that were not paid back yet."""
        events = [
            event
            for event in self.world.sandbox.twikey.books.state.payments
            if event["origin"]["id"] == each
        ]
        paid = [e for e in events if e["details"]["source"] == "payment_link"]
        amounts = [round(event["amount"] * 100) for event in paid]
        for event in events:
            cents = round(event["amount"] * 100)
            if event["eventType"] == "refund" and cents in amounts:
                amounts.remove(cents)
        return amounts

    # ---- what happens in Teamleader

    @rule(which=WHICH, part=st.sampled_from([1, 2, 3]))
    def colleague_registers(self, which: int, part: int) -> None:
        """Somebody registers money that came elsewhere: never more than is due."""
        each, booked, _ = self._pick(which)
        if booked.due <= 3 or booked.paid or not self._others_stand(each):
            return
        when = self.world.books.now() - 18 * 3600 - len(self.others[each]) * 60
        self.others[each].append((when, booked.due // part))
        self.world.books.pay(each, booked.due // part, when)

    @rule(which=WHICH)
    def colleague_credits(self, which: int) -> None:
        """Somebody credits a part of what is due."""
        each, booked, _ = self._pick(which)
        if booked.due > 3 and not booked.paid and self._others_stand(each):
            self.world.books.credit(each, booked.due // 3)

    @rule(which=WHICH, day=st.sampled_from(["2026-10-30", "2026-11-30"]))
    def colleague_edits(self, which: int, day: str) -> None:
        """Somebody changes the due date."""
        each, *_ = self._pick(which)
        self.world.books.edit_invoice(each, due_on=day)

    @rule(cents=st.sampled_from(AMOUNTS), at=st.none() | st.integers(1, 40))
    def colleague_books(self, cents: int, at: int | None) -> None:
        """One more invoice is booked and imported; the import may be killed."""
        if len(self.ids) < MOST_INVOICES:
            booked = self.world.books.book(amount=cents, customer=self.customer)
            self.ids.append(booked)
            self.others[booked] = []
            self._run(self.world.imports, at)

    @property
    def customer(self) -> str | None:
        """The customer of all these invoices."""
        return str(self.world.books.invoice(self.ids[0]).customer_id)

    # ---- what happens to the program

    @rule()
    def follow_up(self) -> None:
        """The program runs in peace."""
        self._run(self.world.follow_up, None)

    @rule(losses=st.lists(LOSSES, min_size=1, max_size=3))
    def follow_up_losing_answers(self, losses: list[str]) -> None:
        """The program runs, and writes lose their answers."""
        self.world.faults[:] = losses
        self._run(self.world.follow_up, None)
        self.world.faults.clear()

    @rule(at=st.integers(1, 120), losses=st.lists(LOSSES, max_size=1))
    def follow_up_killed(self, at: int, losses: list[str]) -> None:
        """The program runs and is killed at some step."""
        self.world.faults[:] = losses
        self._run(self.world.follow_up, at)
        self.world.faults.clear()

    @rule()
    def feed_is_replayed(self) -> None:
        """The feeds are told again from the beginning."""
        ledger = Ledger(self.world.home / LEDGER_NAME)
        for feed in ("payments", "invoices"):
            ledger.feed.rewind(feed)
        ledger.close()

    def _run(self, work: Any, at: int | None) -> None:
        self.world.steps_left = at
        with suppress(Killed, Trouble):
            self.world.run(work)
        self.world.later(WAIT)

    # ---- in the end

    def teardown(self) -> None:
        """Two quiet runs, and both sides agree."""
        self.world.later(WAIT)
        if len(self.ids) > len(self.world.ids):
            self.world.run(self.world.imports)
        for _ in range(2):
            self.world.run(self.world.follow_up)
            self.world.later(WAIT)
        assert not self.world.world.errors
        ledger = Ledger(self.world.home / LEDGER_NAME)
        try:
            for each in self.ids:
                self._check(each, ledger)
        finally:
            ledger.close()

    def _check(self, each: str, ledger: Ledger) -> None:
        booked = self.world.books.invoice(each)
        invoice = self.world.sandbox.twikey.books.invoice(each)
        there, others = Counter(booked.payments), Counter(self.others[each])
        assert not others - there, "a payment of somebody else is gone"
        confirmed = invoice.received_cents if invoice else 0  # paid before it was imported: skipped
        confirmed -= self.world.own_marks.get(each, 0)
        others_cents = sum(cents for _, cents in self.others[each])
        room = booked.payable - booked.credited - others_cents
        ours = there - others
        assert sum(cents for _, cents in ours.elements()) == max(min(confirmed, room), 0)
        rows = ledger.payments.registrations([each])[each]
        assert {row.state for row in rows} <= {"done", "removed", "planned"}
        done = [row.amount_cents for row in rows if row.state == "done"]
        assert sorted(done) == sorted(cents for _, cents in ours.elements())
        assert each not in ledger.payments.blocked()


def test_money_agrees_after_any_life() -> None:
    """A42, C7, C8, C19: paid in Teamleader = Twikey's confirmed money + other people's, always."""
    Life.world = SmallWorld()
    try:
        run_state_machine_as_test(
            Life,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        Life.world.close()
