"""What Teamleader tells us, flat and checked: amounts in cents, dates as text.

Dates (``*_on``) stay the strings that Teamleader gives (``YYYY-MM-DD``), instants (``*_at``) are
text in UTC with offset, and money is an integer number of cents. Nothing here does I/O, so mappings
may import it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["invoice", "credit_note"]


class Booking(NamedTuple):
    """A booked invoice or credit note as a list call gives it (API reference 2.4, 3.1, 3.5).

    A tuple, because it goes straight into the ledger, ten thousand at a time. ``payable_cents`` is
    ``total.payable``; ``due_cents`` is ``total.due`` and None for credit notes, whose amounts are
    positive here as they are in Teamleader.
    """

    id: str
    kind: Kind
    number: str | None
    department_id: str | None
    status: str
    issued_on: str | None
    due_on: str | None
    paid: bool
    payable_cents: int
    due_cents: int | None
    currency: str
    due_currency: str | None
    payment_reference: str | None
    customer_type: str | None
    customer_id: str | None
    invoicee_name: str | None
    attention_of: str | None
    subscription_id: str | None
    related_id: str | None
    updated_at: str | None
    web_url: str | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A listed record that cannot be used: its id where there is one, and what is wrong."""

    id: str | None
    kind: Kind
    number: str | None
    problem: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list of bookings."""

    bookings: list[Booking]
    unreadable: list[Unreadable]


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment on an invoice: cents, and the instant as Teamleader returns it."""

    amount_cents: int
    currency: str
    paid_at: str


@dataclass(frozen=True, slots=True)
class InvoiceDetail:
    """What only ``invoices.info`` tells (API reference 2.4).

    ``custom_fields`` maps a definition id to the value exactly as received (JSON types).
    """

    id: str
    number: str | None
    status: str
    paid: bool
    payable_cents: int
    due_cents: int | None
    email: str | None
    on_hold_since: str | None
    custom_fields: dict[str, object] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Customer:
    """A contact or a company, flat (API reference 3.6-3.8). Unknown parts are None."""

    id: str
    type: Literal["contact", "company"]
    status: str | None
    company_name: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    invoicing_email: str | None
    vat_number: str | None
    enterprise_number: str | None
    language: str | None
    street: str | None
    postal_code: str | None
    city: str | None
    country: str | None
    mobile: str | None
    updated_at: str | None
    web_url: str | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription: its custom fields and payment term, which only its details tell."""

    id: str
    title: str | None
    term_type: str | None
    term_days: int | None
    custom_fields: dict[str, object] = field(default_factory=dict)
    status: str | None = None
    customer_type: str | None = None
    customer_id: str | None = None
    web_url: str | None = None


@dataclass(frozen=True, slots=True)
class FieldDefinition:
    """A custom field; ``options`` maps an option's id to its value (equal before 2023-09-26)."""

    id: str
    context: str
    type: str
    label: str
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Department:
    """A company entity that invoices."""

    id: str
    name: str
    currency: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A payment method of the account."""

    id: str
    name: str
    status: str | None


@dataclass(frozen=True, slots=True)
class User:
    """Who gave the consent, and in which account."""

    id: str
    account_id: str
    name: str
    email: str | None


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """A temporary link to a rendered document; never stored, never logged."""

    location: str = field(repr=False)
    expires_at: str | None
