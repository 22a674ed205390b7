"""People in Twikey, customers who pay, and the bank that collects and takes back."""

from __future__ import annotations

from tests.simulation.somebody import Somebody

OWED = ("BOOKED", "EXPIRED")


class Payers(Somebody):
    """Each deed returns its story, or None where it makes no sense now."""

    # ---- in Twikey

    def rename(self) -> str | None:
        """A person gives a customer another number."""
        found = [one for one in self.customers if self.twikey.books.customer_by_number(one)]
        if not found:
            return None
        who = self.chance.choice(found)
        self.twikey.actions["rename_customer"](who, f"KL-{self.books.next_serial()}")
        return f"a person changes the number of {self._name(who)} in Twikey"

    def reset(self) -> str | None:
        """A person sets a paid or archived invoice back to booked."""
        one = self._crossed("PAID", "ARCHIVED")
        if one is None or self.notes.being_marked(one.id):
            return None
        self.notes.fallen[one.id] += one.received_cents
        self.bank.reset(one, own=False)
        return f"a person sets {one.number} back in Twikey"

    def archive(self) -> str | None:
        """A person archives an invoice."""
        one = self._crossed("BOOKED", "EXPIRED", "PAID")
        if one is None:
            return None
        self.twikey.actions["archive"](one.id)
        return f"a person archives {one.number} in Twikey"

    def delete_there(self) -> str | None:
        """A person deletes an invoice of which nothing was paid."""
        one = self._crossed(*OWED)
        if one is None or self.notes.events(one.id) or not self.notes.was_seen(one.id):
            return None
        self.twikey.books.drop_invoice(one)
        self.notes.deleted_in_twikey.add(one.id)
        return f"a person deletes {one.number} in Twikey"

    def type_by_hand(self) -> str | None:
        """A person types an invoice in Twikey under the number that Teamleader gives out next."""
        day = self.books.today().isoformat()
        series = ("invoice", self.books.departments[0].id, day[:4])
        number = f"{day[:4]} / {self.books.last_numbers.get(series, 0) + 1}"
        if number in self.twikey.books.invoice_ids:
            return None
        self.twikey.actions["enter_by_hand"](number, 55.5)
        self.notes.taken_numbers.add(number)
        return f"a person types {number} in Twikey"

    # ---- money

    def pay_link(self) -> str | None:
        """A customer pays by link."""
        one = self._crossed(*OWED)
        if one is None:
            return None
        self.bank.receive(one, "paylink", None, linkMethod="bancontact")
        return f"{one.number} is paid by link"

    def pay_part(self) -> str | None:
        """A customer pays a third."""
        one = self._crossed(*OWED)
        if one is None:
            return None
        self.bank.receive(one, "paylink", one.due_cents // 3 or 1, linkMethod="bancontact")
        return f"a part of {one.number} is paid by link"

    def transfer(self) -> str | None:
        """A transfer is matched."""
        one = self._crossed(*OWED)
        if one is None:
            return None
        self.bank.receive(one, "transfer", None, iban="BE71096123456769")
        return f"{one.number} is paid by transfer"

    def card(self) -> str | None:
        """A card is charged."""
        one = self._crossed(*OWED)
        if one is None:
            return None
        self.bank.charge_card(one)
        return f"{one.number} is paid by card"

    def debit(self) -> str | None:
        """A debit is offered to the bank, on a mandate that is signed when it is needed."""
        one = self._crossed(*OWED)
        if one is None:
            return None
        number = self.twikey.books.customers[one.customer].number
        if number is None:
            return None
        if self.twikey.books.signed_mandate(one.customer, 1420) is None:
            self.twikey.actions["sign_mandate"](number)
        mandate = self.twikey.books.signed_mandate(one.customer, 1420)
        if mandate is None:
            return None
        self.bank.offer(one, mandate)
        return f"a debit of {one.number} is offered"

    def tick(self) -> str | None:
        """The bank reports: what was offered is paid, what bounces by its amount bounces."""
        told = self.bank.tick()
        if not any(told.values()):
            return None
        return f"the bank reports paid {told['paid']}, failed {told['failed']}"

    def bounce(self) -> str | None:
        """The newest collection of an invoice bounces."""
        one = self._crossed("BOOKED", "EXPIRED", "PENDING", "PAID")
        if one is None or one.collection is None or one.collection["stage"] == "failed":
            return None
        known = one.collection["id"] in self.notes.standing(one.id)
        if one.collection["stage"] != "offered" and not known:
            return None
        self.bank.fail(one, "MD06")
        return f"the collection of {one.number} bounces"

    def refund(self) -> str | None:
        """A payment, or the last two together, are paid back."""
        one = self._crossed("PAID")
        if one is None or (one.collection or {}).get("stage") == "told":
            return None  # nobody pays back what the bank may still take back
        standing = self.notes.standing(one.id)
        back = list(standing)[self.chance.choice([-2, -1, -1]) :]
        cents = sum(standing[each] for each in back)
        if not back or cents > one.received_cents:
            return None
        self.notes.paid_back[one.id] += back
        self.bank.refund(one, cents)
        return f"{cents} of {one.number} is paid back"

    def double(self) -> str | None:
        """A customer pays a paid invoice again."""
        one = self._crossed("PAID")
        if one is None:
            return None
        self.bank.receive(one, "paylink", None, linkMethod="bancontact")
        return f"{one.number} is paid once more by link"

    def mark_by_hand(self) -> str | None:
        """A person marks an invoice as paid in Twikey."""
        one = self._crossed(*OWED)
        if one is None or self.notes.being_marked(one.id):
            return None
        if self.books.invoices.by_id[one.id].due <= 0:
            return None  # a mark that says it is settled elsewhere, and no money
        self.bank.mark_paid(one, "cash", own=False)
        return f"a person marks {one.number} as paid in Twikey"

    def age(self) -> str | None:
        """An invoice expires."""
        one = self._crossed("BOOKED")
        if one is None:
            return None
        self.bank.age(one)
        return f"{one.number} expires"
