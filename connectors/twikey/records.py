"""What goes to Twikey and what comes back, checked at the edge: amounts in cents, dates as text.

``NewInvoice`` and ``NewCustomer`` refuse anything that Twikey's contract would refuse (lengths,
required fields; API reference 2.2, 2.3), so a mapping bug is found here and not in somebody's bank.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from connectors.twikey.answers import (
    BatchResult,
    BatchRow,
    FeedPage,
    Mandate,
    MandateDetail,
    PaymentEvent,
    TwikeyInvoice,
)

__all__ = [
    "BatchResult",
    "BatchRow",
    "FeedPage",
    "Mandate",
    "MandateDetail",
    "NewCustomer",
    "NewInvoice",
    "PaymentEvent",
    "TwikeyInvoice",
]

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class NewCustomer(BaseModel):
    """The customer object of a new invoice (API reference 2.3)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customerNumber: str = Field(min_length=1, max_length=50)  # noqa: N815 - Twikey's own name
    email: str | None = Field(None, max_length=70)
    firstname: str | None = Field(None, max_length=50)
    lastname: str | None = Field(None, max_length=50)
    companyName: str | None = Field(None, max_length=140)  # noqa: N815
    coc: str | None = Field(None, max_length=50)
    vatno: str | None = Field(None, max_length=50)
    l: str | None = Field(None, min_length=2, max_length=2)  # noqa: E741
    address: str | None = Field(None, max_length=70)
    city: str | None = Field(None, max_length=50)
    zip: str | None = Field(None, max_length=50)
    country: str | None = Field(None, min_length=2, max_length=2)
    mobile: str | None = Field(None, max_length=50)


class NewInvoice(BaseModel):
    """One invoice or credit note to create (API reference 2.2). ``amount_cents`` may be negative.

    Exactly one of ``customer`` (described in full: new to Twikey) and ``customerByRef`` (the number
    of a customer that Twikey has) is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=36)
    number: str = Field(min_length=1, max_length=50)
    ref: str
    title: str = Field(max_length=140)
    remittance: str = Field(max_length=140)
    amount_cents: int
    paid_cents: int | None = None
    date: Day
    duedate: Day
    ct: str | None = Field(None, pattern=r"^\d{1,4}$")
    locale: str | None = None
    cc: str | None = None
    campaign: str | None = None
    manual: bool = False
    relatedInvoiceNumber: str | None = None  # noqa: N815
    customer: NewCustomer | None = None
    customerByRef: str | None = Field(None, max_length=50)  # noqa: N815
