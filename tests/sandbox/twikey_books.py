"""What the sandbox's Twikey knows: profiles, customers, mandates, invoices, feeds and sessions.

Everything is plain enough for JSON, so that a snapshot is one text. Amounts are integer cents,
days are text, instants are ISO text in UTC or, where only compared, seconds since 1970.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")
NAMESPACE = UUID("6d3b8f9e-52f0-4a86-9f0c-3c1d2b7a5e40")


@dataclass(slots=True)
class Profile:
    """A profile (``ct``) with its options for invoices (reference 6, 2.12)."""

    ct: int
    name: str
    methods: list[str]
    send_on_booking: bool = False
    with_pdf: bool = False
    active: bool = True


@dataclass(slots=True)
class Customer:
    """A customer; ``key`` is ours and stays, the customer number may change (reference 4)."""

    key: int
    number: str | None
    ct: int | None
    fields: dict[str, str]
    created_at: str


@dataclass(slots=True)
class Mandate:
    """A mandate of a customer on one profile (reference 5)."""

    number: str
    customer: int
    ct: int
    iban: str
    bic: str
    signed_on: str
    state: str = "SIGNED"
    active: bool = True


@dataclass(slots=True)
class Invoice:
    """An invoice or, with a negative amount, a credit note (reference 2.2, 2.7)."""

    id: str
    number: str
    customer: int
    ct: int
    cents: int
    date: str
    duedate: str
    created_at: str
    origin: str  # "api", "bulk" or "hand"
    title: str = ""
    remittance: str = ""
    ref: str | None = None
    locale: str | None = None
    campaign: str | None = None
    cc: str | None = None
    email: str | None = None
    partner: str | None = None
    purpose: str = "qr"
    related: str | None = None
    manual: bool = False
    prepaid_cents: int = 0
    received_cents: int = 0
    state: str = "BOOKED"
    pdf: str | None = None  # base64
    pdf_url: str | None = None
    pdf_at: str | None = None
    pdfs: int = 0
    reminders: int = 0
    invitations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)
    collection: dict[str, Any] | None = None  # the newest direct debit or card transaction
    lastpayment: list[dict[str, Any]] = field(default_factory=list)  # replaced, never changed
    last_error: str | None = None
    last_event: int = -1  # index of its newest event in the invoice feed

    @property
    def due_cents(self) -> int:
        """What is still to be paid."""
        return self.cents - self.prepaid_cents - self.received_cents


@dataclass(slots=True)
class State:
    """Everything that a snapshot keeps."""

    profiles: list[Profile] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    mandates: list[Mandate] = field(default_factory=list)
    invoices: list[Invoice] = field(default_factory=list)
    deleted: list[dict[str, Any]] = field(default_factory=list)
    events: list[list[Any]] = field(default_factory=list)  # [invoice id, state, lastpayment]
    payments: list[dict[str, Any]] = field(default_factory=list)
    positions: dict[str, dict[str, int]] = field(default_factory=dict)  # key -> feed -> index
    busy: dict[str, int] = field(default_factory=dict)  # feed -> reads to refuse
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    login_times: list[float] = field(default_factory=list)
    logins: int = 0
    calls: dict[str, list[float]] = field(default_factory=dict)  # times per limit
    spent: dict[str, float] = field(default_factory=dict)  # idempotency keys
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)


_RECORDS = {"profiles": Profile, "customers": Customer, "mandates": Mandate, "invoices": Invoice}


def plain(record: Any) -> dict[str, Any]:
    """A record as a dict of its fields."""
    return {name: getattr(record, name) for name in record.__slots__}


def first_profiles() -> list[Profile]:
    """The profiles of the reference scenarios; 1400 is the account's default."""
    return [
        Profile(1400, "Account default", ["transfer", "paylink"]),
        Profile(1420, "Direct debit", ["sdd", "paylink", "transfer"]),
        Profile(1421, "Payment link", ["paylink"]),
        Profile(1422, "Direct debit, long term", ["sdd"]),
    ]


class Books:
    """The state with its indexes; records are added and renamed here only."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._index(State(profiles=first_profiles()))

    def _index(self, state: State) -> None:
        self.state = state
        self.profiles = {profile.ct: profile for profile in state.profiles}
        self.customers = state.customers  # position = key
        self.customer_keys = {c.number: c.key for c in reversed(state.customers) if c.number}
        self.emails = {
            c.fields["email"]: c.key for c in reversed(state.customers) if c.fields.get("email")
        }
        self.mandates: dict[str, Mandate] = {}
        self.mandates_of: dict[int, list[Mandate]] = {}
        for mandate in state.mandates:
            self.add_mandate(mandate)
        self.invoices = {invoice.id: invoice for invoice in state.invoices}
        self.invoice_ids = {invoice.number: invoice.id for invoice in state.invoices}

    def snapshot(self) -> str:
        """The whole state as JSON text."""
        self.state.profiles = list(self.profiles.values())
        self.state.mandates = list(self.mandates.values())
        self.state.invoices = list(self.invoices.values())
        saved = plain(self.state)
        saved.update({name: [plain(record) for record in saved[name]] for name in _RECORDS})
        return json.dumps(saved)

    def restore(self, saved: str) -> None:
        """Put the state back as it was at that snapshot."""
        state = json.loads(saved)
        for name, record in _RECORDS.items():
            state[name] = [record(**values) for values in state[name]]
        self._index(State(**state))

    def instant(self) -> str:
        """The world's time as Twikey writes it: UTC with milliseconds and Z."""
        return self.clock().astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"

    def today(self) -> str:
        """The day in Belgium."""
        return self.clock().astimezone(BRUSSELS).date().isoformat()

    def seconds(self) -> float:
        """The world's time in seconds since 1970."""
        return self.clock().timestamp()

    def count(self, kind: str, start: int = 1) -> int:
        """The next number of a kind; the same in every run that does the same."""
        number = self.state.counters.get(kind, start - 1) + 1
        self.state.counters[kind] = number
        return number

    def mint(self, kind: str) -> str:
        """A fresh UUID; the same in every run that does the same."""
        return str(uuid5(NAMESPACE, f"{kind}:{self.count(kind)}"))

    def add_customer(self, number: str | None, fields: dict[str, str]) -> Customer:
        """Register a new customer."""
        customer = Customer(len(self.customers), number, None, fields, self.instant())
        self.customers.append(customer)
        if number:
            self.customer_keys[number] = customer.key
        if fields.get("email"):
            self.emails.setdefault(fields["email"], customer.key)
        return customer

    def rename_customer(self, customer: Customer, number: str) -> None:
        """Give a customer another number; invoices and mandates stay with it."""
        if customer.number:
            self.customer_keys.pop(customer.number, None)
        customer.number = number
        self.customer_keys[number] = customer.key

    def customer_by_number(self, number: str) -> Customer | None:
        """The customer of that number."""
        key = self.customer_keys.get(number)
        return None if key is None else self.customers[key]

    def add_invoice(self, invoice: Invoice) -> None:
        """Register a new invoice."""
        self.invoices[invoice.id] = invoice
        self.invoice_ids[invoice.number] = invoice.id

    def drop_invoice(self, invoice: Invoice) -> None:
        """Delete an invoice; its number is free again."""
        del self.invoices[invoice.id]
        self.invoice_ids.pop(invoice.number, None)
        self.state.deleted.append({"id": invoice.id, "number": invoice.number, "ref": invoice.ref})

    def invoice(self, id_or_number: str) -> Invoice | None:
        """The invoice with that id, or else that number."""
        found = self.invoices.get(id_or_number.lower())
        return found or self.invoices.get(self.invoice_ids.get(id_or_number, ""))

    def add_mandate(self, mandate: Mandate) -> None:
        """Register a new mandate."""
        self.mandates[mandate.number] = mandate
        self.mandates_of.setdefault(mandate.customer, []).append(mandate)

    def move_mandate(self, mandate: Mandate, customer: Customer) -> None:
        """Give a mandate to another customer."""
        self.mandates_of[mandate.customer].remove(mandate)
        mandate.customer = customer.key
        self.mandates_of.setdefault(customer.key, []).append(mandate)

    def signed_mandate(self, customer: int, ct: int) -> Mandate | None:
        """The customer's most recently signed, active mandate on a profile."""
        own = self.mandates_of.get(customer, ())
        signed = [m for m in own if m.ct == ct and m.state == "SIGNED" and m.active]
        return max(signed, key=lambda mandate: mandate.signed_on, default=None)
