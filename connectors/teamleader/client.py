"""Teamleader's API, in the order of its documentation, in our records (API reference 2-5).

Every call is a POST with a JSON body. What an error means for the operator is decided here: one
thing that is set aside (``CallRefused``, ``NotFound``, ``RecordUnreadable``), or the end of the run
(all others). A list that cannot be read whole always ends the run, never as an empty page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from connectors.errors import FilterIgnored
from connectors.http import Http
from connectors.teamleader import parse
from connectors.teamleader.auth import Access
from connectors.teamleader.calls import Calls, usable
from connectors.teamleader.listing import Asked, in_utc
from connectors.teamleader.money import units
from connectors.teamleader.parse import Rows
from connectors.teamleader.records import (
    Booking,
    Customer,
    Department,
    DownloadLink,
    FieldDefinition,
    InvoiceDetail,
    Kind,
    Page,
    PaymentMethod,
    Subscription,
    Unreadable,
    User,
)

BOOKED = ("outstanding", "matched")
BY_NUMBER = [{"field": "invoice_number", "order": "asc"}]
BY_AGE = [{"field": "added_at", "order": "asc"}]  # changed customers keep their place (2.6)
BY_CREATION = [{"field": "created_at", "order": "asc"}]
BY_NAME = [{"field": "name", "order": "asc"}]


class Teamleader:
    """One account of Teamleader Focus.

    ``http`` is paced by the limit of the API, ``access`` gives the token for each call.
    """

    def __init__(self, http: Http, access: Access) -> None:
        self._calls = Calls(http, access)

    @property
    def calls(self) -> int:
        """How many calls were made."""
        return self._calls.count

    @property
    def server_date(self) -> datetime | None:
        """The service's clock at the first answer (UTC), None before."""
        return self._calls.server_date

    @property
    def api_version_seen(self) -> str | None:
        """The API version that the newest answer was made with."""
        return self._calls.api_version_seen

    @property
    def limit_seen(self) -> str | None:
        """The limit of requests that the newest answer named."""
        return self._calls.limit_seen

    # ---- the account

    def me(self) -> User:
        """Return who gave the consent, and in which account (``users.me``)."""
        user: User = self._calls.one("users.me", {}, parse.ME)
        return user

    def departments(self) -> list[Department]:
        """Return all departments, archived ones too (``departments.list``, which has no pages)."""
        found: list[Department] = self._calls.unpaged(
            "departments.list", {"sort": BY_NAME}, parse.DEPARTMENT
        )
        return found

    # ---- customers

    def companies(
        self, *, ids: Sequence[str] | None = None, updated_since: datetime | None = None
    ) -> Iterator[list[Customer]]:
        """Yield companies, by ids or those changed since an instant (``companies.list``)."""
        return self._customers("companies.list", parse.COMPANY, ids, updated_since)

    def company(self, company_id: str) -> Customer:
        """Return one company (``companies.info``)."""
        customer: Customer = self._calls.one("companies.info", {"id": company_id}, parse.COMPANY)
        return customer

    def contacts(
        self, *, ids: Sequence[str] | None = None, updated_since: datetime | None = None
    ) -> Iterator[list[Customer]]:
        """Yield contacts, by ids or those changed since an instant (``contacts.list``)."""
        return self._customers("contacts.list", parse.CONTACT, ids, updated_since)

    def contact(self, contact_id: str) -> Customer:
        """Return one contact (``contacts.info``)."""
        customer: Customer = self._calls.one("contacts.info", {"id": contact_id}, parse.CONTACT)
        return customer

    # ---- invoices

    def booked_invoices(
        self,
        *,
        updated_since: datetime | None = None,
        issued_from: str | None = None,
        issued_to: str | None = None,
        ids: Sequence[str] | None = None,
        department: str | None = None,
        number: str | None = None,
    ) -> Iterator[Page]:
        """Yield booked invoices (``invoices.list``); both dates are inclusive, ``YYYY-MM-DD``.

        ``ids`` asks for whatever these have become, drafts too; ids that do not come back are gone.
        ``number`` is compared exactly on our side: the filter is known to find too much (quirk 11).
        Raises ``FilterIgnored`` for a row that was not asked for, ``ListingUnstable``.
        """
        asked = Asked(
            "invoices.list",
            statuses=() if ids is not None else BOOKED,
            updated_since=updated_since,
            issued_from=issued_from,
            issued_to=issued_to,
            department=department,
            dates="invoice_date",
        )
        extra: dict[str, object] = {"sort": BY_NUMBER}
        if ids is None:
            extra["includes"] = "pagination"
        if number is not None:
            extra["filter"] = {"invoice_number": number}
        for rows in self._calls.listed(asked, parse.INVOICE, ids, extra):
            page = _page("invoice", rows)
            if number is not None:
                page.bookings[:] = [row for row in page.bookings if row.number == number]
            yield page

    def invoice(self, invoice_id: str) -> InvoiceDetail:
        """Return what only ``invoices.info`` tells; raises ``NotFound`` when it is deleted."""
        detail: InvoiceDetail = self._calls.one(
            "invoices.info", {"id": invoice_id}, parse.INVOICE_INFO
        )
        return detail

    def download_invoice(self, invoice_id: str) -> DownloadLink:
        """Return a link to the PDF that dies within seconds or minutes (``invoices.download``)."""
        return self._download("invoices.download", invoice_id)

    def register_payment(
        self,
        invoice_id: str,
        amount_cents: int,
        currency: str,
        paid_at: datetime,
        method_id: str | None = None,
    ) -> None:
        """Register a payment (``invoices.registerPayment``): sent once, never repeated (4.1).

        Raises ``OutcomeUnknown`` when it may or may not have happened.
        """
        if amount_cents <= 0:
            raise ValueError("a payment is more than nothing")
        body: dict[str, object] = {
            "id": invoice_id,
            "payment": {"amount": units(amount_cents), "currency": currency},
            "paid_at": in_utc(paid_at),
        }
        if method_id is not None:
            body["payment_method_id"] = method_id
        self._calls.write("invoices.registerPayment", body)

    def remove_payments(self, invoice_id: str) -> None:
        """Remove ALL payments of an invoice (``invoices.removePayments``), also those of others."""
        self._calls.write("invoices.removePayments", {"id": invoice_id})

    # ---- credit notes

    def credit_notes(
        self,
        *,
        updated_since: datetime | None = None,
        issued_from: str | None = None,
        issued_to: str | None = None,
        ids: Sequence[str] | None = None,
        department: str | None = None,
    ) -> Iterator[Page]:
        """Yield credit notes (``creditNotes.list``); both dates are inclusive here as well.

        The list has no order and no total: rows that swap places show as duplicates and are read
        again, a row deleted while reading may hide another until the next look at that window.
        """
        asked = Asked(
            "creditNotes.list",
            updated_since=updated_since,
            issued_from=issued_from,
            issued_to=issued_to,
            department=department,
            dates="credit_note_date",
            open_end=True,
        )
        for rows in self._calls.listed(asked, parse.CREDIT_NOTE, ids, {}):
            yield _page("credit_note", rows)

    def credit_note(self, credit_note_id: str) -> Booking:
        """Return one credit note (``creditNotes.info``, array or object)."""
        booking: Booking = self._calls.one(
            "creditNotes.info", {"id": credit_note_id}, parse.CREDIT_NOTE
        )
        return booking

    def download_credit_note(self, credit_note_id: str) -> DownloadLink:
        """Return a link to the PDF (``creditNotes.download``)."""
        return self._download("creditNotes.download", credit_note_id)

    # ---- subscriptions and settings

    def subscription(self, subscription_id: str) -> Subscription:
        """Return a subscription with its custom fields (``subscriptions.info``)."""
        found: Subscription = self._calls.one(
            "subscriptions.info", {"id": subscription_id}, parse.SUBSCRIPTION
        )
        return found

    def subscriptions(self, invoice_id: str) -> list[Subscription]:
        """Return what produced an invoice, without custom fields (``subscriptions.list``)."""
        question = {"filter": {"invoice_id": invoice_id}}
        return self._calls.every("subscriptions.list", question, parse.SUBSCRIPTION)

    def active_subscriptions(self) -> Iterator[tuple[list[Subscription], list[str]]]:
        """Yield active subscriptions, oldest first, and what is wrong with those not readable.

        Neither term nor custom fields are in the list (``subscriptions.list``, reference 3.10).
        """
        method = "subscriptions.list"
        question = {"filter": {"status": ["active"]}, "sort": BY_CREATION}
        for rows in self._calls.listed(Asked(method), parse.SUBSCRIPTION, None, question):
            for one in rows.rows:
                if one.status not in (None, "active"):
                    raise FilterIgnored(f"{method} listed {one.id} with status {one.status}")
            yield rows.rows, [f"{bad.id or 'a subscription'}: {bad.problem}" for bad in rows.broken]

    def custom_field_definitions(self, context: str) -> list[FieldDefinition]:
        """Return the custom fields of ``invoice``, ``subscription``, ``contact`` or ``company``."""
        method = "customFieldDefinitions.list"
        found: list[FieldDefinition] = self._calls.every(
            method, {"filter": {"context": context}}, parse.DEFINITION
        )
        for one in found:
            if one.context != context:
                raise FilterIgnored(f"{method} listed {one.id} with context {one.context}")
        return found

    def payment_methods(self) -> list[PaymentMethod]:
        """Return all payment methods, archived ones too (``paymentMethods.list``)."""
        return self._calls.every("paymentMethods.list", {}, parse.PAYMENT_METHOD)

    # ---- parts of the above

    def _customers(
        self, method: str, shape: str, ids: Sequence[str] | None, updated_since: datetime | None
    ) -> Iterator[list[Customer]]:
        asked = Asked(method, updated_since=updated_since)
        for rows in self._calls.listed(asked, shape, ids, {"sort": BY_AGE}):
            yield usable(method, rows)

    def _download(self, method: str, document_id: str) -> DownloadLink:
        body = {"id": document_id, "format": "pdf"}
        link: DownloadLink = self._calls.one(method, body, parse.LINK)
        return link


def _page(kind: Kind, rows: Rows[Booking]) -> Page:
    broken = [Unreadable(bad.id, kind, bad.number, bad.problem) for bad in rows.broken]
    return Page(rows.rows, broken)
