"""Contacts and companies (API reference 3.6-3.8)."""

from __future__ import annotations

from typing import Literal

from connectors.teamleader.records import Customer
from connectors.teamleader.shapes import Id, Shape, instant, text


class Email(Shape):
    """An e-mail address with its type."""

    type: str | None = None
    email: str | None = None


class Telephone(Shape):
    """A telephone number with its type."""

    type: str | None = None
    number: str | None = None


class Address(Shape):
    """A postal address."""

    line_1: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None


class TypedAddress(Shape):
    """An address of ``.info``, with its type."""

    type: str | None = None
    address: Address | None = None


class CustomerShape(Shape):
    """What contacts and companies share; ``.list`` and ``.info`` differ in the address only."""

    id: Id
    status: str | None = None
    emails: list[Email] | None = None
    telephones: list[Telephone] | None = None
    vat_number: str | None = None
    language: str | None = None
    primary_address: Address | None = None
    addresses: list[TypedAddress] | None = None
    updated_at: str | None = None
    web_url: str | None = None

    def _record(self, kind: Literal["contact", "company"], **names: str | None) -> Customer:
        """Return the customer; ``names`` are the fields that the two kinds fill differently."""
        address = self._address()
        language = text(self.language)
        return Customer(
            id=self.id,
            type=kind,
            status=self.status,
            company_name=names.get("company_name"),
            first_name=names.get("first_name"),
            last_name=names.get("last_name"),
            email=self._email("primary"),
            invoicing_email=self._email("invoicing"),
            vat_number=text(self.vat_number),
            enterprise_number=names.get("enterprise_number"),
            language=language and language.lower(),
            street=text(address.line_1),
            postal_code=text(address.postal_code),
            city=text(address.city),
            country=text(address.country),
            mobile=self._mobile(),
            updated_at=instant(self.updated_at, "updated_at"),
            web_url=self.web_url,
        )

    def _email(self, kind: str) -> str | None:
        return next((text(one.email) for one in self.emails or () if one.type == kind), None)

    def _mobile(self) -> str | None:
        return next(
            (text(one.number) for one in self.telephones or () if one.type == "mobile"), None
        )

    def _address(self) -> Address:
        """Return the primary address, which ``.list`` and ``.info`` agree on, else any."""
        if self.primary_address:
            return self.primary_address
        typed = {one.type: one.address for one in self.addresses or () if one.address}
        return typed.get("primary") or typed.get("invoicing") or Address()


class Company(CustomerShape):
    """A company (A8, A10)."""

    name: str | None = None
    national_identification_number: str | None = None

    def record(self) -> Customer:
        """Return the company as a customer."""
        return self._record(
            "company",
            company_name=text(self.name),
            enterprise_number=text(self.national_identification_number),
        )


class Contact(CustomerShape):
    """A contact (A9); its national number is a person's and stays unread."""

    first_name: str | None = None
    last_name: str | None = None

    def record(self) -> Customer:
        """Return the contact as a customer."""
        return self._record(
            "contact", first_name=text(self.first_name), last_name=text(self.last_name)
        )
