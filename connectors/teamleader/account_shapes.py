"""What is set up in the account: users, departments, custom fields, subscriptions, documents."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints

from connectors.teamleader.records import (
    Department,
    DownloadLink,
    FieldDefinition,
    PaymentMethod,
    Subscription,
    User,
)
from connectors.teamleader.shapes import (
    CustomField,
    Id,
    Ref,
    Shape,
    id_of,
    instant,
    text,
    values,
)


class Term(Shape):
    """A payment term."""

    type: str | None = None
    days: int | None = None


class Subscriber(Shape):
    """Who is invoiced by a subscription."""

    customer: Ref | None = None


class SubscriptionInfo(Shape):
    """A subscription (A13); the list leaves the term and the custom fields out."""

    id: Id
    title: str | None = None
    payment_term: Term | None = None
    custom_fields: list[CustomField] | None = None
    status: str | None = None
    invoicee: Subscriber | None = None
    web_url: str | None = None

    def record(self) -> Subscription:
        """Return the subscription."""
        term = self.payment_term or Term()
        who = self.invoicee.customer if self.invoicee else None
        return Subscription(
            self.id,
            self.title,
            term.type,
            term.days,
            values(self.custom_fields),
            status=self.status,
            customer_type=who.type if who else None,
            customer_id=id_of(who),
            web_url=self.web_url,
        )


class Option(Shape):
    """One choice of a custom field."""

    id: str
    value: str


class Choices(Shape):
    """What a custom field offers: objects, or plain strings before version 2023-09-26 (A14)."""

    options: list[Option | str] | None = None


class Definition(Shape):
    """A custom field's definition; an empty ``configuration`` may come as a list."""

    id: Id
    context: str
    type: str
    label: str = ""
    configuration: Choices | list[Any] | None = None

    def record(self) -> FieldDefinition:
        """Return the definition."""
        chosen = self.configuration.options if isinstance(self.configuration, Choices) else None
        options = dict(
            (one, one) if isinstance(one, str) else (one.id, one.value) for one in chosen or []
        )
        return FieldDefinition(self.id, self.context, self.type, self.label, options)


class DepartmentShape(Shape):
    """A department (A24)."""

    id: Id
    name: str = ""
    currency: str | None = None
    status: str | None = None

    def record(self) -> Department:
        """Return the department."""
        return Department(self.id, self.name, self.currency, self.status)


class PaymentMethodShape(Shape):
    """A payment method (A18)."""

    id: Id
    name: str = ""
    status: str | None = None

    def record(self) -> PaymentMethod:
        """Return the payment method."""
        return PaymentMethod(self.id, self.name, self.status)


class Me(Shape):
    """The answer of ``users.me`` (A4)."""

    id: Id
    account: Ref
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None

    def record(self) -> User:
        """Return the user."""
        names = [name for name in (text(self.first_name), text(self.last_name)) if name]
        return User(self.id, self.account.id, " ".join(names), text(self.email))


class Link(Shape):
    """The answer of ``invoices.download`` and ``creditNotes.download`` (A19)."""

    location: Annotated[str, StringConstraints(min_length=1)]
    expires: str | None = None

    def record(self) -> DownloadLink:
        """Return the link."""
        return DownloadLink(self.location, instant(self.expires, "expires"))
