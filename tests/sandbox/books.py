"""The books of a Belgian company in the pretend Teamleader, and what a test may do to them.

Made once from a seed (`Books.make`), then changed as a person in Teamleader would: book, edit, pay,
credit, delete. Amounts in and out are integer cents, days are text, instants seconds since 1970.
"""

import pickle
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.sandbox.believable import Maker
from tests.sandbox.checkdigits import structured_reference
from tests.sandbox.entities import (
    CreditNote,
    Customer,
    Department,
    Invoice,
    Subscription,
    number_key,
)
from tests.sandbox.indexes import InvoiceIndex
from tests.sandbox.switches import TEAMLEADER_RULES
from tests.sandbox.world import Rules

BRUSSELS = ZoneInfo("Europe/Brussels")
_OUTSIDE = ("clock", "rules")  # belong to the world, not to a snapshot of the books


class Books:
    """Departments, customers, subscriptions, invoices and credit notes, and their changes."""

    def __init__(self, seed: int = 1) -> None:
        self.clock: Callable[[], float] = time.time
        self.rules = Rules(TEAMLEADER_RULES)
        self.random = random.Random(seed)
        self.departments: list[Department] = []
        self.customers: dict[str, Customer] = {}
        self.customers_version = 0
        self.subscriptions: dict[str, Subscription] = {}
        self.invoices = InvoiceIndex()
        self.credit_notes: dict[str, CreditNote] = {}
        self.definitions: list[dict[str, Any]] = []
        self.payment_methods: list[dict[str, str]] = []
        self.payment_terms: list[dict[str, Any]] = []
        self.oddities: dict[str, list[str]] = defaultdict(list)  # what is odd -> ids
        self.serial = 0
        self.last_numbers: dict[tuple[str, str, str], int] = {}  # (kind, department, year)

    @classmethod
    def make(
        cls,
        invoices: int = 200,
        days: int = 45,
        seed: int = 1,
        today: date | None = None,
        *,
        departments: int = 1,
        odd: float = 1.0,
    ) -> "Books":
        """Believable books: so many invoices over so many days up to and including today.

        `odd` scales the share of paid, partly paid, drafts and strange ones; 0 gives only plain
        outstanding invoices of customers with an e-mail address. `oddities` tells which are odd.
        """
        books = cls(seed)
        Maker(books, odd=odd).fill(invoices, days, today or books.today(), departments)
        return books

    # -- what the books know -----------------------------------------------------------------

    def now(self) -> int:
        """The books' clock in whole seconds since 1970."""
        return int(self.clock())

    def today(self) -> date:
        """The day in Belgium by the books' clock."""
        return datetime.fromtimestamp(self.clock(), BRUSSELS).date()

    def new_id(self) -> str:
        """An id in the shape of Teamleader's, which is seldom version 4 (API reference 1.2)."""
        text = f"{self.random.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-0{text[13:16]}-{text[16:20]}-{text[20:]}"

    def next_serial(self) -> int:
        """The next number of the order in which things were made."""
        self.serial += 1
        return self.serial

    def next_number(self, kind: str, department: str, day: str) -> str:
        """The next number of a series: ``2026 / 417``, credit notes ``2026/31``."""
        key = (kind, department, day[:4])
        self.last_numbers[key] = last = self.last_numbers.get(key, 0) + 1
        return f"{day[:4]} / {last}" if kind == "invoice" else f"{day[:4]}/{last}"

    def invoice(self, invoice_id: str) -> Invoice:
        """The invoice of that id, to look at: changes go through `edit_invoice`.

        KeyError when there is none (any more).
        """
        return self.invoices.by_id[invoice_id]

    def definition(self, context: str) -> str:
        """The id of the custom field of a context: ``invoice`` or ``subscription``."""
        return next(str(one["id"]) for one in self.definitions if one["context"] == context)

    def snapshot(self) -> bytes:
        """Everything but clock and switches."""
        state = {name: value for name, value in vars(self).items() if name not in _OUTSIDE}
        return pickle.dumps(state, pickle.HIGHEST_PROTOCOL)

    def restore(self, saved: bytes) -> None:
        """Put everything back as it was at `snapshot`."""
        version = max(self.invoices.version, self.customers_version) + 1
        vars(self).update(pickle.loads(saved))  # noqa: S301 - our own bytes, never left memory
        self.invoices.version = self.customers_version = version

    # -- what a person does in Teamleader ----------------------------------------------------

    def book(
        self,
        *,
        amount: int = 12_100,
        customer: str | None = "",
        date: str | None = None,
        due: str | None = "",
        department: str | None = None,
        number: str | None = "",
        draft: bool = False,
        **details: Any,
    ) -> str:
        """Book an invoice and return its id; the defaults make a plain outstanding one.

        `amount` is the payable sum in cents, tax of 21 % included. `customer` is an id (default: a
        plain one), None for none. `details` are fields of `Invoice`: currency, email,
        subscription, field_value, reference, on_hold_since, ...
        """
        day = date or self.today().isoformat()
        entity = department or self.departments[0].id
        if due == "":
            due = _plus(day, 30)
        if number == "":
            number = None if draft else self.next_number("invoice", entity, day)
        elif number is not None:
            self._remember_number(entity, number)
        now, serial = self.now(), self.next_serial()
        made: dict[str, Any] = {
            "net": round(amount / 1.21),
            "reference": structured_reference(4_000_000_000 + serial),
            "created_at": now,
            "updated_at": now,
            "file_at": now + self.rules.rendering_seconds,
            **self._invoicee(customer),
            **details,
        }
        booked = Invoice(
            id=made.pop("id", "") or self.new_id(),
            serial=serial,
            department=entity,
            number=number,
            date=None if draft else day,
            due_on=due,
            payable=amount,
            **made,
        )
        self.invoices.add(booked)
        return booked.id

    def edit_invoice(self, invoice: str, *, touch: bool = True, **changes: Any) -> None:
        """Change fields of an invoice; `touch` moves updated_at, as an edit by a person does."""
        found = self.invoice(invoice)
        self.invoices.remove(found)
        try:
            if "amount" in changes:
                found.payable = changes.pop("amount")
                found.net = round(found.payable / 1.21)
            if "customer" in changes:
                changes = {**self._invoicee(changes.pop("customer")), **changes}
            _set(found, changes)
            if touch and "updated_at" not in changes:
                found.updated_at = self.now()
        finally:
            self.invoices.add(found)

    def pay(self, invoice: str, amount: int | None = None, when: int | None = None) -> None:
        """Register a payment in cents (default: what is due) at an instant (default: now)."""
        found = self.invoice(invoice)
        payment = (self.now() if when is None else when, found.due if amount is None else amount)
        self.edit_invoice(
            invoice,
            touch=self.rules.payments_touch_updated_at,
            payments=(*found.payments, payment),
        )

    def remove_payments(self, invoice: str) -> None:
        """Take all payments away; the document is rendered again (API reference 4.2)."""
        self.edit_invoice(
            invoice,
            touch=self.rules.payments_touch_updated_at,
            payments=(),
            settled=False,
            file_at=self.now() + self.rules.rendering_seconds,
        )

    def delete_invoice(self, invoice: str) -> None:
        """Delete a draft or the last booked invoice of its series, whose number becomes free.

        ValueError for any other: Teamleader does not allow it (API reference 3.2).
        """
        found = self.invoice(invoice)
        if found.number is not None:
            year, count = number_key(found.number)
            series = ("invoice", found.department, str(year))
            if self.last_numbers.get(series, count) != count:
                raise ValueError(f"only the last booked invoice may be deleted, not {found.number}")
            self.last_numbers[series] = count - 1
        self.invoices.remove(found)
        self.invoices.gone.add(found.id)

    def credit(
        self,
        invoice: str | None = None,
        amount: int | None = None,
        *,
        customer: str | None = "",
        date: str | None = None,
        **details: Any,
    ) -> str:
        """Credit an invoice (whole unless `amount` in cents says less), or nothing in particular.

        Returns the credit note's id. The invoice's due goes down (API reference 3.5).
        """
        parent = self.invoice(invoice) if invoice else None
        cents = amount if amount is not None else (parent.due if parent else 12_100)
        day, now = date or self.today().isoformat(), self.now()
        entity = details.pop("department", "") or (
            parent.department if parent else self.departments[0].id
        )
        if parent and customer == "":
            who = {name: getattr(parent, name) for name in _INVOICEE}
        else:
            who = self._invoicee(customer)
        note = CreditNote(
            id=self.new_id(),
            serial=self.next_serial(),
            department=entity,
            number=details.pop("number", "") or self.next_number("credit note", entity, day),
            date=day,
            net=round(cents / 1.21),
            payable=cents,
            invoice=invoice,
            **{"currency": parent.currency if parent else "EUR", **who},
            created_at=now,
            updated_at=details.pop("updated_at", now),
            **details,
        )
        self.credit_notes[note.id] = note
        if parent:
            settled = self.rules.credit_marks_paid and parent.due <= cents
            self.edit_invoice(
                parent.id,
                touch=self.rules.credits_touch_updated_at,
                credited=parent.credited + cents,
                settled=parent.settled or settled,
            )
        return note.id

    def new_customer(self, kind: str = "company", **details: Any) -> str:
        """Add a contact or a company with sensible defaults; returns its id."""
        serial, now = self.next_serial(), self.now()
        plain: dict[str, Any] = {"email": f"klant{serial}@voorbeeld.example", "language": "nl"}
        if kind == "company":
            plain["name"] = f"Nieuwe Klant {serial} BV"
        else:
            plain |= {"first_name": "Nieuwe", "last_name": f"Klant {serial}"}
        plain |= {"address": ("Kerkstraat 1", "9000", "Gent", "BE"), "id": self.new_id()}
        plain |= {"added_at": now, "updated_at": now}
        added = Customer(serial=serial, kind=kind, **{**plain, **details})
        self.customers[added.id] = added
        self.customers_version += 1
        return added.id

    def edit_customer(self, customer: str, *, touch: bool = True, **changes: Any) -> None:
        """Change fields of a contact or company; updated_at moves unless told otherwise."""
        found = self.customers[customer]
        _set(found, changes)
        if touch and "updated_at" not in changes:
            found.updated_at = self.now()
        self.customers_version += 1

    def delete_customer(self, customer: str) -> None:
        """Delete a contact or company; its invoices keep the reference."""
        del self.customers[customer]
        self.customers_version += 1

    def merge_customers(self, customer: str, into: str) -> None:
        """Merge a contact or company into another of its kind: the first one is no more (U8).

        Whether its invoices name the other one afterwards is a switch; an edit it is not.
        """
        gone, other = self.customers[customer], self.customers[into]
        if customer == into or gone.kind != other.kind:
            raise ValueError("a customer is merged into another one of its kind")
        if self.rules.merge_moves_invoices:
            mine = [one.id for one in self.invoices.by_id.values() if one.customer_id == customer]
            for invoice in mine:
                self.edit_invoice(invoice, customer=into)
        self.delete_customer(customer)
        self.edit_customer(into)

    def new_subscription(self, customer: str | None = None, **details: Any) -> str:
        """Add a subscription of a customer (default: a plain one); returns its id."""
        who = self.customers[customer or self.plain_customer()]
        plain: dict[str, Any] = {
            "title": "Onderhoudscontract",
            "department": self.departments[0].id,
            "net": 10_000,
            "payable": 12_100,
            "starts_on": self.today().isoformat(),
            "created_at": self.now(),
        }
        added = Subscription(
            id=self.new_id(),
            serial=self.next_serial(),
            customer_kind=who.kind,
            customer_id=who.id,
            **{**plain, **details},
        )
        self.subscriptions[added.id] = added
        return added.id

    def plain_customer(self, kind: str = "company") -> str:
        """The id of the first customer of a kind about whom nothing is odd."""
        strange = {found for ids in self.oddities.values() for found in ids}
        plain = (one for one in self.customers.values() if one.kind == kind)
        found = next((one.id for one in plain if one.id not in strange), None)
        return found or self.new_customer(kind)

    def _remember_number(self, department: str, number: str) -> None:
        year, count = number_key(number)
        series = ("invoice", department, str(year))
        self.last_numbers[series] = max(count, self.last_numbers.get(series, 0))

    def _invoicee(self, customer: str | None) -> dict[str, Any]:
        if customer is None:
            return {"name": "Kassaklant", "customer_kind": None, "customer_id": None}
        who = self.customers[customer or self.plain_customer()]
        return {
            "name": who.display_name,
            "vat_number": who.vat_number,
            "customer_kind": who.kind,
            "customer_id": who.id,
        }


_INVOICEE = ("name", "vat_number", "customer_kind", "customer_id")


def _set(thing: Invoice | Customer, changes: dict[str, Any]) -> None:
    known = {one.name for one in fields(thing)}
    for name, value in changes.items():
        if name not in known:
            raise TypeError(f"{type(thing).__name__} has no field {name}")
        setattr(thing, name, value)


def _plus(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def instant(moment: int) -> str:
    """Seconds since 1970 as Teamleader writes them: UTC, whole seconds, ``+00:00``."""
    return datetime.fromtimestamp(moment, UTC).isoformat()
