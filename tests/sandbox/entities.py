"""The things in the pretend Teamleader's books, kept flat and small: fifty thousand must fit.

Amounts are integer cents, days are text (``YYYY-MM-DD``), instants are seconds since 1970 in UTC.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Absent(Enum):
    """A property that is not there at all, which differs from null."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(slots=True)
class Department:
    """A company entity that invoices; numbers run per department."""

    id: str
    name: str
    vat_number: str
    currency: str = "EUR"
    status: str = "active"


@dataclass(slots=True)
class Customer:
    """A contact or a company (API reference 3.6, 3.7)."""

    id: str
    serial: int
    kind: str  # "contact" or "company"
    name: str = ""  # of a company
    first_name: str | None = None
    last_name: str = ""
    email: str | None = None
    invoicing_email: str | None = None  # companies only
    vat_number: str | None = None
    enterprise_number: str | None = None
    language: str | None = "nl"
    address: tuple[str | None, str | None, str | None, str] | None = None  # line, code, city, land
    invoicing_address: tuple[str | None, str | None, str | None, str] | None = None
    phone: str | None = None
    mobile: str | None = None  # contacts only
    iban: str | None = None
    status: str = "active"
    tags: tuple[str, ...] = ()
    term: tuple[str, int] | None = None
    added_at: int = 0
    updated_at: int = 0

    @property
    def display_name(self) -> str:
        """The name as it stands on an invoice and in a sorted list."""
        return self.name or " ".join(part for part in (self.first_name, self.last_name) if part)


@dataclass(slots=True)
class Invoice:
    """An invoice; a draft has no number and no date (API reference 3.1)."""

    id: str
    serial: int
    department: str
    number: str | None
    date: str | None
    due_on: str | None
    net: int
    payable: int
    rate: float = 0.21
    currency: str = "EUR"
    reference: str | None = None
    purchase_order: str | None = None
    customer_kind: str | None = None
    customer_id: str | None = None
    name: str = ""
    vat_number: str | None = None
    attention_name: str | None = None
    attention_contact: str | None = None
    email: str | None = None
    subscription: str | None = None
    field_value: Any = ABSENT
    payments: tuple[tuple[int, int], ...] = ()  # (instant, cents)
    credited: int = 0
    settled: bool = False  # matched without a payment of ours: a credit note, or by hand
    on_hold_since: str | None = None
    expected_method: str | None = None
    note: str | None = None
    sent: bool = True
    term: tuple[str, int] = ("after_invoice_date", 30)
    file_at: int = 0  # when the document is, or was, rendered
    created_at: int = 0
    updated_at: int = 0

    @property
    def due(self) -> int:
        """Cents left to pay after payments and credit notes (API reference 3.3)."""
        if not self.payments:
            return self.payable - self.credited
        return self.payable - self.credited - sum(cents for _, cents in self.payments)

    @property
    def paid(self) -> bool:
        """Fully settled by payments; a credit note alone need not do it (unknown U6)."""
        return self.settled or bool(self.payments and self.due <= 0)

    @property
    def status(self) -> str:
        """One of draft, outstanding, matched (API reference 3.2)."""
        if self.number is None:
            return "draft"
        return "matched" if self.paid else "outstanding"


@dataclass(slots=True)
class CreditNote:
    """A credit note, always booked, its totals positive (API reference 3.5)."""

    id: str
    serial: int
    department: str
    number: str
    date: str
    net: int
    payable: int
    invoice: str | None = None
    rate: float = 0.21
    currency: str = "EUR"
    customer_kind: str | None = None
    customer_id: str | None = None
    name: str = ""
    vat_number: str | None = None
    paid: bool = False
    paid_at: int | None = None
    created_at: int = 0
    updated_at: int = 0


@dataclass(slots=True)
class Subscription:
    """A subscription; it has no updated_at (API reference 3.10)."""

    id: str
    serial: int
    title: str
    department: str
    customer_kind: str
    customer_id: str
    net: int
    payable: int
    starts_on: str
    term: tuple[str, int] = ("after_invoice_date", 30)
    status: str = "active"
    action: str = "book_and_send"
    field_value: Any = None
    created_at: int = 0


def number_key(number: str | None) -> tuple[int, int]:
    """An invoice number as it counts: book year, then number; drafts come first."""
    if number is None:
        return (0, 0)
    year, _, rest = number.partition("/")
    digits = "".join(sign for sign in rest if sign.isdigit())
    year_digits = "".join(sign for sign in year if sign.isdigit())
    return (int(year_digits or 0), int(digits or 0))


Clock = Callable[[], float]
