"""The sandbox's own controls of its Twikey: what people, customers and banks do there."""

from collections.abc import Callable
from typing import Any

from tests.sandbox.bank import Bank
from tests.sandbox.twikey_books import Customer, Invoice, plain
from tests.sandbox.twikey_checks import Refusal
from tests.sandbox.twikey_feeds import FIRST, Feeds
from tests.sandbox.twikey_invoices import Invoices
from tests.sandbox.twikey_mandates import Mandates
from tests.sandbox.twikey_sessions import Sessions

_IBAN = "BE68539007547034"


class Controls:
    """What a person, a customer or a bank does at Twikey; ``invoice`` is an id or a number.

    Money is in euros, days are yyyy-mm-dd. A control that makes no sense raises ``ValueError``.
    """

    def __init__(
        self, invoices: Invoices, mandates: Mandates, bank: Bank, feeds: Feeds, sessions: Sessions
    ) -> None:
        self.books = invoices.books
        self.invoices = invoices
        self.mandates = mandates
        self.bank = bank
        self.feeds = feeds
        self.sessions = sessions

    def all(self) -> dict[str, Callable[..., object]]:
        """The controls by name."""
        own = (name for name in vars(Controls) if not name.startswith("_") and name != "all")
        return {name: getattr(self, name) for name in own}

    def pay_debit(self, invoice: str) -> dict[str, Any]:
        """The bank reports a debit in progress as paid; `tick` tells the truth later (7.2)."""
        return self._after(invoice, self.bank.report_paid)

    def tick(self) -> dict[str, list[str]]:
        """One run of the bank; the numbers now reported as paid, and those that failed."""
        return self.bank.tick()

    def pay_link(
        self, invoice: str, amount: float | None = None, method: str = "bancontact"
    ) -> dict[str, Any]:
        """The customer pays by link; default the amount still due."""
        cents = None if amount is None else round(amount * 100)
        return self._after(
            invoice, lambda it: self.bank.receive(it, "paylink", cents, linkMethod=method)
        )

    def pay_transfer(
        self, invoice: str, amount: float | None = None, iban: str = "BE71096123456769"
    ) -> dict[str, Any]:
        """A transfer is matched with the invoice; default the amount still due."""
        cents = None if amount is None else round(amount * 100)
        facts = {"iban": iban, "bic": "GKCCBEBB"}
        return self._after(
            invoice,
            lambda it: self.bank.receive(it, "transfer", cents, msg=it.remittance, **facts),
        )

    def pay_card(self, invoice: str) -> dict[str, Any]:
        """A recurring card is charged."""
        return self._after(invoice, self.bank.charge_card)

    def partial(self, invoice: str, amount: float) -> dict[str, Any]:
        """The customer pays less than is due, by link."""
        if round(amount * 100) >= self._invoice(invoice).due_cents:
            raise ValueError("that is no part of what is due")
        return self.pay_link(invoice, amount)

    def double(self, invoice: str) -> dict[str, Any]:
        """The customer pays a paid invoice again, by link."""
        if self._invoice(invoice).state != "PAID":
            raise ValueError("it is not paid yet")
        return self.pay_link(invoice)

    def refuse(self, invoice: str, code: str = "MS03") -> dict[str, Any]:
        """The bank or the customer refuses a collection, before or after it was paid (guide 8)."""
        return self._after(invoice, lambda it: self.bank.fail(it, code))

    def refund(self, invoice: str, amount: float | None = None) -> dict[str, Any]:
        """The merchant pays money back."""
        cents = None if amount is None else round(amount * 100)
        return self._after(invoice, lambda it: self.bank.refund(it, cents))

    def age(self, invoice: str | None = None) -> list[str]:
        """Expire one invoice, or all booked ones past their due date; their numbers."""
        today = self.books.today()
        booked = (it for it in self.books.invoices.values() if it.state == "BOOKED")
        late = [it for it in booked if it.duedate < today] if invoice is None else []
        for it in late or ([self._invoice(invoice)] if invoice else []):
            self.bank.age(it)
        return [it.number for it in late] or ([invoice] if invoice else [])

    def manual_paid(self, invoice: str, remark: str = "cash at counter") -> dict[str, Any]:
        """A user marks the invoice as paid."""
        return self._after(invoice, lambda it: self.bank.mark_paid(it, remark, own=False))

    def manual_reset(self, invoice: str) -> dict[str, Any]:
        """A user sets the invoice back to booked; no payment failed."""
        return self._after(invoice, lambda it: self.bank.reset(it, own=False))

    def archive(self, invoice: str) -> dict[str, Any]:
        """A user archives the invoice."""
        self._invoice(invoice).state = "ARCHIVED"
        return self._after(invoice, self.feeds.noticed)

    def delete_invoice(self, invoice: str) -> None:
        """A user deletes the invoice."""
        self.books.drop_invoice(self._invoice(invoice))

    def enter_by_hand(self, number: str, amount: float, **fields: Any) -> dict[str, Any]:
        """A user types an invoice in Twikey; ``fields`` are those of POST /invoice."""
        today = self.books.today()
        body = {"number": number, "amount": amount, "date": today, "duedate": today, **fields}
        if not {"customer", "customerByRef", "customerByDocument"} & set(fields):
            body["customer"] = {"customerNumber": "by-hand", "companyName": "Typed by hand"}
        try:
            invoice, new = self.invoices.book(body, "hand")
        except Refusal as refusal:
            raise ValueError(f"{refusal.code} {refusal.extra}") from None
        if not new:
            raise ValueError(f"{number} exists already")
        return self.invoices.shapes.invoice(invoice)

    def rename_customer(self, number: str, new: str) -> None:
        """A user changes a customer number (guide 4)."""
        if self.books.customer_by_number(new):
            raise ValueError(f"{new} exists already")
        self.books.rename_customer(self._customer(number), new)

    def set_customer_profile(self, number: str, ct: int | None) -> None:
        """A user changes a customer's default profile (guide 3.2)."""
        if ct is not None and ct not in self.books.profiles:
            raise ValueError(f"no such profile: {ct}")
        self._customer(number).ct = ct

    def edit_customer(self, number: str, **fields: str) -> None:
        """A user changes fields of a customer."""
        self.invoices.customers.change(self._customer(number), fields)

    def sign_mandate(
        self, number: str, ct: int = 1420, mandate: str | None = None, iban: str = _IBAN
    ) -> dict[str, Any]:
        """The customer signs a mandate on a profile; ``number`` is the customer number."""
        self._customer(number)
        fields = {"customerNumber": number}
        try:
            signed = self.mandates.add(fields, ct, mandate, iban, "KREDBEBB", self.books.today())
        except Refusal as refusal:
            raise ValueError(f"{refusal.code} {refusal.extra}") from None
        return plain(signed)

    def set_profile(self, ct: int, **options: Any) -> dict[str, Any]:
        """Change the options of a profile: send_on_booking, with_pdf, methods, name, active."""
        profile = self.books.profiles[ct]
        for name, value in options.items():
            if name == "ct" or not hasattr(profile, name):
                raise ValueError(f"a profile has no option {name}")
            setattr(profile, name, value)
        return plain(profile)

    def reset_feed(self, feed: str = "invoice", position: int = 0, key: str | None = None) -> None:
        """Move the server's position of a key, or of all keys (reference 1.13, 3.2)."""
        for name in [key] if key else list(self.sessions.rules.keys):
            index = max(0, position - FIRST[feed])
            self.books.state.positions.setdefault(name, {})[feed] = index

    def occupy_feed(self, feed: str = "invoice", reads: int = 1) -> None:
        """Another reader is at work: so many reads are answered err_call_in_progress."""
        self.books.state.busy[feed] = reads

    def expire_tokens(self, key: str | None = None) -> int:
        """End the sessions of a key, or all; how many."""
        return self.sessions.expire(key)

    def _invoice(self, id_or_number: str) -> Invoice:
        invoice = self.books.invoice(id_or_number)
        if invoice is None:
            raise ValueError(f"no such invoice: {id_or_number}")
        return invoice

    def _customer(self, number: str) -> Customer:
        customer = self.books.customer_by_number(number)
        if customer is None:
            raise ValueError(f"no such customer: {number}")
        return customer

    def _after(self, id_or_number: str, change: Callable[[Invoice], None]) -> dict[str, Any]:
        invoice = self._invoice(id_or_number)
        change(invoice)
        return self.invoices.shapes.invoice(invoice, ("meta", "lastpayment", "customer"))
