"""Colleagues in Teamleader: they book, credit, change, register payments, and delete."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.simulation.notebook import Notebook
from tests.simulation.somebody import Somebody
from tests.simulation.stage import Stage

AMOUNTS = (12_100, 12_100, 10_000, 24_299, 99_999, 1_800, 2_150)  # the last two bounce (7.2)


class Colleagues(Somebody):
    """Each deed returns its story, or None where it makes no sense now."""

    def __init__(self, stage: Stage, notes: Notebook, chance: Random, customers: list[str]) -> None:
        super().__init__(stage, notes, chance, customers)
        self._drafts: list[str] = []

    def _customer(self) -> str:
        if not self.customers or self.chance.random() < 0.25:
            kind = self.chance.choice(["company", "contact"])
            self.customers.append(self.books.new_customer(kind))
        return self.chance.choice(self.customers[-4:])

    def _booked(self) -> Any:
        """Pick a booked invoice of Teamleader, mostly one of the newest."""
        found = [one for one in self.books.invoices.by_id.values() if one.number is not None]
        return self.chance.choice(found[-5:]) if found else None

    def book(self) -> str:
        """A colleague books some invoices."""
        count = self.chance.choice([1, 1, 2, 2, 5])
        made = [
            self.books.book(amount=self.chance.choice(AMOUNTS), customer=self._customer())
            for _ in range(count)
        ]
        names = ", ".join(str(self.books.invoice(each).number) for each in made)
        return f"a colleague books {names}"

    def draft(self) -> str:
        """A colleague writes a draft, or books an earlier one."""
        if not self._drafts:
            self._drafts.append(self.books.book(customer=self._customer(), draft=True))
            return "a colleague writes a draft"
        each = self._drafts.pop()
        day = self.books.today().isoformat()
        number = self.books.next_number("invoice", self.books.departments[0].id, day)
        self.books.edit_invoice(each, number=number, date=day)
        return f"a colleague books the draft {number}"

    def book_oddly(self) -> str:
        """A colleague books one that is paid, partly paid or worth nothing from the beginning."""
        how = self.chance.choice(["paid", "in part", "zero"])
        cents = 0 if how == "zero" else 12_100
        each = self.books.book(amount=cents, customer=self._customer())
        if cents:
            self._register(each, cents if how == "paid" else 3_000)
        return f"a colleague books {self.books.invoice(each).number}, {how}"

    def credit(self) -> str | None:
        """A colleague credits a part of what is still due, or all of it."""
        one = self._booked()
        if one is None or one.paid or one.due < 4 or not self.notes.others_stand(one.id):
            return None
        if self.notes.being_undone(one.id):
            return None
        cents = one.due // self.chance.choice([1, 4])
        self.books.credit(one.id, cents)
        return f"a colleague credits {cents} of {one.number}"

    def move_due_date(self) -> str | None:
        """A colleague moves the due date."""
        one = self._booked()
        if one is None or one.due_on is None:
            return None
        year, rest = one.due_on.split("-", 1)
        self.books.edit_invoice(one.id, due_on=f"{int(year) + 1}-{rest.replace('02-29', '03-01')}")
        return f"a colleague moves the due date of {one.number}"

    def change_amount(self) -> str | None:
        """A colleague changes the amount of one that nobody has paid anything of."""
        one = self._booked()
        if one is None or one.payments or one.credited or self.notes.events(one.id):
            return None
        if one.payable == 0:
            return None
        self.books.edit_invoice(one.id, amount=one.payable + 500)
        self.notes.edited.add(one.id)
        return f"a colleague changes the amount of {one.number}"

    def register(self) -> str | None:
        """A colleague registers money from elsewhere, a part or all."""
        one = self._booked()
        if one is None or one.paid or one.due <= 3 or self._undoing(one.id):
            return None
        cents = one.due // self.chance.choice([1, 4])
        self._register(one.id, cents)
        return f"a colleague registers {cents} on {one.number}"

    def _undoing(self, each: str) -> bool:
        return self.notes.being_undone(each) or not self.notes.others_stand(each)

    def _register(self, each: str, cents: int) -> None:
        when = self.books.now() - 18 * 3600 - len(self.notes.others[each]) * 60
        self.notes.others[each].append((when, cents))
        self.books.pay(each, cents, when)

    def unregister(self) -> str | None:
        """A colleague takes the newest of their own payments away again."""
        one = self._booked()
        if one is None or not self.notes.others[one.id] or self._undoing(one.id):
            return None
        theirs = self.notes.others[one.id].pop()
        left = list(one.payments)
        left.remove(theirs)
        self.books.edit_invoice(one.id, payments=tuple(left))
        return f"a colleague removes {theirs[1]} from {one.number}"

    def delete_last(self) -> str | None:
        """A colleague deletes the last invoice; its number is given out again."""
        found = [one for one in self.books.invoices.by_id.values() if one.number is not None]
        last = max(found, key=lambda one: one.serial, default=None)
        if last is None or last.payments or last.credited or self.notes.events(last.id):
            return None
        try:
            self.books.delete_invoice(last.id)
        except ValueError:
            return None
        self.notes.deleted_in_teamleader.add(last.id)
        self.notes.taken_numbers.add(str(last.number))
        return f"a colleague deletes {last.number}"

    def edit_customer(self) -> str | None:
        """A colleague changes the address of a customer."""
        if not self.customers:
            return None
        who, serial = self.chance.choice(self.customers), self.books.next_serial()
        self.books.edit_customer(who, email=f"nieuw{serial}@voorbeeld.example")
        return f"a colleague changes the address of {self._name(who)}"

    def merge_customers(self) -> str | None:
        """A colleague merges two customers."""
        kinds = {each: self.books.customers[each].kind for each in self.customers}
        pairs = [(a, b) for a in kinds for b in kinds if a != b and kinds[a] == kinds[b]]
        if not pairs or len(self.customers) < 4:
            return None
        gone, into = self.chance.choice(pairs)
        told = f"a colleague merges {self._name(gone)} into {self._name(into)}"
        self.books.merge_customers(gone, into)
        self.customers.remove(gone)
        self.notes.odd_customers |= {gone, into}
        return told

    def delete_customer(self) -> str | None:
        """A colleague deletes a customer."""
        if len(self.customers) < 4:
            return None
        who = self.chance.choice(self.customers)
        told = f"a colleague deletes {self._name(who)}"
        self.books.delete_customer(who)
        self.customers.remove(who)
        self.notes.odd_customers.add(who)
        return told
