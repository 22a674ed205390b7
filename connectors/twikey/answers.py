"""What Twikey shows us, flat: amounts in cents, dates as the text that Twikey gives.

Plain dataclasses in a module of their own, because a poll that finds nothing must not pay for
pydantic. ``connectors.twikey.records`` hands them on together with what goes out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TwikeyInvoice:
    """An invoice as Twikey shows it in answers and feeds (API reference 2.7).

    ``customer_number`` is known only where the customer was included. ``last_payment`` is the
    newest element of ``lastpayment`` as received, or None. ``warning`` is the ``X-Warning`` header
    that came with the answer: a person should read it (API reference 1.8).
    """

    id: str
    number: str | None
    ref: str | None
    ct: str | None
    amount_cents: int | None
    issued_on: str | None
    due_on: str | None
    state: str | None
    url: str | None = None
    customer_number: str | None = None
    last_payment: dict[str, object] | None = None
    meta: dict[str, object] = field(default_factory=dict)
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """One event of the payment feed (API reference 3.5); ``amount_cents`` is always positive."""

    event_id: str
    event_type: str
    occurred_at: str
    amount_cents: int
    currency: str
    invoice_id: str | None
    invoice_number: str | None
    ref: str | None
    source: str | None
    details: dict[str, object]
    error: dict[str, object] | None


@dataclass(frozen=True)  # with slots, FeedPage[X](...) would fail
class FeedPage(Generic[T]):
    """One page of a feed and the position (``X-LAST``) after it, None when the header is absent."""

    items: list[T]
    position: int | None
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BatchRow:
    """The outcome of one member of a bulk: ``ok``, or Twikey's text for why not."""

    id: str
    ok: bool
    status: str


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What asking for a batch gave: still ``busy``, ``done`` with rows, or ``none`` imported."""

    state: Literal["busy", "done", "none"]
    rows: list[BatchRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mandate:
    """A mandate of a customer (API reference 5.4); ``state`` is upper case, ``SIGNED`` and such."""

    number: str
    state: str
    type: str | None
    iban: str | None


@dataclass(frozen=True, slots=True)
class MandateDetail:
    """One mandate in full (API reference 5.5), in Twikey's own spelling of its number.

    ``customer_number`` and ``holder`` are those of the customer whose it is now; ``signed`` is no
    for one that is only prepared or was cancelled.
    """

    number: str
    customer_number: str | None
    holder: str | None
    iban: str | None
    signed: bool
