"""Invoices and credit notes as Teamleader lists them (API reference 2.4, 3.1-3.5)."""

from __future__ import annotations

from connectors.teamleader.records import Booking, InvoiceDetail, Payment
from connectors.teamleader.shapes import (
    CustomField,
    Id,
    Money,
    Ref,
    Shape,
    day,
    id_of,
    instant,
    text,
    values,
)


class Attention(Shape):
    """Whom an invoice is for the attention of."""

    name: str | None = None


class Invoicee(Shape):
    """Who is invoiced."""

    name: str | None = None
    email: str | None = None
    customer: Ref | None = None
    for_attention_of: Attention | None = None


_NOBODY = Invoicee.model_construct()


class InvoiceTotal(Shape):
    """What an invoice asks, and what is left of it."""

    payable: Money
    due: Money


class CreditNoteTotal(Shape):
    """What a credit note gives back."""

    payable: Money


class Invoice(Shape):
    """One row of ``invoices.list`` (API reference A5)."""

    id: Id
    status: str
    paid: bool
    total: InvoiceTotal
    department: Ref | None = None
    invoice_number: str | None = None
    invoice_date: str | None = None
    due_on: str | None = None
    payment_reference: str | None = None
    invoicee: Invoicee | None = None
    subscription: Ref | None = None
    updated_at: str | None = None
    web_url: str | None = None

    def record(self) -> Booking:
        """Return the invoice as a booking."""
        payable, due = self.total.payable, self.total.due
        who = self.invoicee or _NOBODY
        return Booking(
            id=self.id,
            kind="invoice",
            number=self.invoice_number,
            department_id=id_of(self.department),
            status=self.status,
            issued_on=day(self.invoice_date, "invoice_date"),
            due_on=day(self.due_on, "due_on"),
            paid=self.paid,
            payable_cents=payable.cents("total.payable"),
            due_cents=due.cents("total.due"),
            currency=payable.currency,
            due_currency=due.currency,
            payment_reference=self.payment_reference,
            customer_type=who.customer.type if who.customer else None,
            customer_id=id_of(who.customer),
            invoicee_name=who.name,
            attention_of=who.for_attention_of.name if who.for_attention_of else None,
            subscription_id=id_of(self.subscription),
            related_id=None,
            updated_at=instant(self.updated_at, "updated_at"),
            web_url=self.web_url,
        )


class CreditNote(Shape):
    """One row of ``creditNotes.list``, or the answer of ``creditNotes.info`` (A11, A12)."""

    id: Id
    status: str
    paid: bool
    total: CreditNoteTotal
    department: Ref | None = None
    credit_note_number: str | None = None
    credit_note_date: str | None = None
    invoice: Ref | None = None
    invoicee: Invoicee | None = None
    updated_at: str | None = None

    def record(self) -> Booking:
        """Return the credit note as a booking with a positive amount (API reference 3.5)."""
        payable = self.total.payable
        who = self.invoicee or _NOBODY
        return Booking(
            id=self.id,
            kind="credit_note",
            number=self.credit_note_number,
            department_id=id_of(self.department),
            status=self.status,
            issued_on=day(self.credit_note_date, "credit_note_date"),
            due_on=None,
            paid=self.paid,
            payable_cents=abs(payable.cents("total.payable")),
            due_cents=None,
            currency=payable.currency,
            due_currency=None,
            payment_reference=None,
            customer_type=who.customer.type if who.customer else None,
            customer_id=id_of(who.customer),
            invoicee_name=who.name,
            attention_of=who.for_attention_of.name if who.for_attention_of else None,
            subscription_id=None,
            related_id=id_of(self.invoice),
            updated_at=instant(self.updated_at, "updated_at"),
            web_url=None,
        )


class PaymentMade(Shape):
    """A payment on an invoice."""

    paid_at: str
    payment: Money


class InvoiceInfo(Shape):
    """The answer of ``invoices.info`` (A6); ``payments`` must be there, money rests on it."""

    id: Id
    status: str
    paid: bool
    total: InvoiceTotal
    payments: list[PaymentMade]
    invoice_number: str | None = None
    invoicee: Invoicee | None = None
    on_hold_since: str | None = None
    custom_fields: list[CustomField] | None = None

    def record(self) -> InvoiceDetail:
        """Return the detail of the invoice."""
        return InvoiceDetail(
            id=self.id,
            number=self.invoice_number,
            status=self.status,
            paid=self.paid,
            payable_cents=self.total.payable.cents("total.payable"),
            due_cents=self.total.due.cents("total.due"),
            email=text(self.invoicee.email) if self.invoicee else None,
            on_hold_since=day(self.on_hold_since, "on_hold_since"),
            custom_fields=values(self.custom_fields),
            payments=[
                Payment(
                    one.payment.cents("payments.payment"),
                    one.payment.currency,
                    instant(one.paid_at, "payments.paid_at") or "",
                )
                for one in self.payments
            ],
        )
