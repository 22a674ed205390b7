"""Twikey's verbs, in the order of its API (reference chapters 2 to 6).

Identity goes out as given and is never invented; invoices are addressed by their UUID. A write
returns when it is done and raises ``CallRefused`` when Twikey refused it (``NotFound`` when it does
not know the id); ``OutcomeUnknown`` says that it may or may not have happened. Reads raise
``ServiceUnavailable``, ``Throttled`` or ``UnexpectedAnswer`` when Twikey cannot be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from connectors.errors import CallRefused, NotFound, ProfileMissing, UnexpectedAnswer
from connectors.http import PARTNER, Http
from connectors.twikey import bulks, mandates, parse, payload
from connectors.twikey.answers import (
    BatchResult,
    FeedPage,
    Mandate,
    MandateDetail,
    PaymentEvent,
    TwikeyInvoice,
)
from connectors.twikey.bulks import MOST_IN_BULK
from connectors.twikey.calls import (
    JSON,
    Calls,
    gone_is_said,
    json_of,
    not_found,
    require_no_content,
    written_invoice,
)
from connectors.twikey.customers import CUSTOMER_FIELDS, WhyLeftOut, update
from connectors.twikey.deliveries import Delivery, delivery_is
from connectors.twikey.feeds import feed_page, read_feed
from connectors.twikey.session import TwikeySession

if TYPE_CHECKING:
    from connectors.twikey.records import NewInvoice

__all__ = ["CUSTOMER_FIELDS", "MOST_IN_BULK", "Twikey", "read_feed"]

INCLUDES = [("include", "customer"), ("include", "meta"), ("include", "lastpayment")]
UUID_LIKE = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
NUMBER_FOR_A_PATH = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
PATHS_OF_TWIKEY = frozenset({"bulk", "ubl", "payment"})

InvoiceState = Literal["booked", "archived", "paid"]
Channel = Literal["send", "email", "sms", "letter", "peppol", "reminder", "reoffer"]


class Twikey:
    """One Twikey account, seen through one API key."""

    def __init__(self, http: Http, session: TwikeySession) -> None:
        self._calls = Calls(http, session)

    @property
    def calls(self) -> int:
        """How many calls were made, logins not counted."""
        return self._calls.count

    def merchant(self) -> str | None:
        """Return the number of the Twikey account behind the key (reference 1.3)."""
        return self._calls.merchant()

    # ---- invoices (reference chapter 2)

    def create_invoice(self, invoice: NewInvoice, *, attempt: int = 1) -> TwikeyInvoice:
        """Create one invoice; never repeated by itself (reference 2.2, decisions 5).

        What comes back may be an invoice that was there before: compare id, number and amount.
        ``attempt`` counts the tries with the same content, 1 first (reference 10-4).
        """
        body = payload.one(invoice)
        key = payload.idempotency_key(invoice, body, attempt)
        what = f"the creation of invoice {invoice.number}"
        answer = self._calls.write(
            "POST", "/invoice", what=what, repeatable=False, body=body,
            headers={**JSON, "X-PARTNER": PARTNER, "Idempotency-Key": key},
        )  # fmt: skip
        return written_invoice(answer, what)

    def create_invoices(self, invoices: Sequence[NewInvoice]) -> str:
        """Hand over at most 5,000 invoices at once; return the batch's id (reference 2.14).

        Accepted is not created: ``batch`` tells. Never repeated by itself.
        """
        return bulks.create(self._calls, invoices)

    def batch(self, batch_id: str) -> BatchResult:
        """Return how far a bulk is; invoices missing in the rows are unknown (reference 2.14).

        ``none`` means that nothing was imported, or that Twikey does not know the batch.
        """
        return bulks.result(self._calls, batch_id)

    def invoice(self, invoice_id: str) -> TwikeyInvoice | None:
        """Return an invoice with customer, meta and last payment, or None (reference 2.1, 2.6).

        Asks only by UUID: for anything else the answer is None without a call. Rate limited.
        """
        if not UUID_LIKE.fullmatch(invoice_id):
            return None
        return self._invoice(invoice_id)

    def invoice_by_number(self, number: str) -> TwikeyInvoice | None:
        """Return the invoice with that number, or None; see ``invoice`` (reference 2.6).

        Numbers that a path cannot carry safely (``2026 / 417``) are not asked for: None.
        """
        if not NUMBER_FOR_A_PATH.fullmatch(number) or number in PATHS_OF_TWIKEY:
            return None
        found = self._invoice(number)
        return found if found is not None and found.number in (None, number) else None

    def _invoice(self, name: str) -> TwikeyInvoice | None:
        what = f"the details of invoice {name}"
        answer = self._calls.read(f"/invoice/{name}", what=what, params=INCLUDES, budgeted=True)
        if not_found(answer):
            return None
        try:
            return parse.invoice(json_of(answer, what))
        except ValueError as problem:
            raise UnexpectedAnswer(f"Twikey's {what} cannot be used: {problem}") from None

    def update_invoice(
        self,
        invoice_id: str,
        *,
        date: str,
        duedate: str,
        title: str | None = None,
        pdf: bytes | None = None,
        state: InvoiceState | None = None,
    ) -> TwikeyInvoice:
        """Set dates and title, attach a PDF, or set a state (reference 2.9).

        Both dates go along each time, unchanged, and nothing else that was not asked for: an
        echoed state would be a command. With a PDF it is not repeated by itself, because Twikey may
        invite the customer when the PDF arrives (reliability P5).
        """
        body = payload.changes(date=date, duedate=duedate, title=title, pdf=pdf, state=state)
        what, path = f"the update of invoice {invoice_id}", _invoice_path(invoice_id)
        with gone_is_said(self._calls, path, what):
            answer = self._calls.write(
                "PUT", path, what=what, repeatable=pdf is None, headers=JSON, body=body
            )
            return written_invoice(answer, what)

    def delete_invoice(self, invoice_id: str) -> None:
        """Delete an invoice; one that Twikey does not know counts as deleted (reference 2.10).

        Never repeated by itself: between two tries it may have been paid, and which states Twikey
        lets go is not all documented (2.8). What is lost is looked up.
        """
        what, path = f"the deletion of invoice {invoice_id}", _invoice_path(invoice_id)
        with suppress(NotFound), gone_is_said(self._calls, path, what):
            answer = self._calls.write("DELETE", path, what=what, repeatable=False)
            require_no_content(answer, what)

    def invite(self, invoice_id: str, channel: Channel = "send") -> None:
        """Have the customer invited to pay; never repeated by itself (reference 2.11)."""
        what, path = f"the invitation for invoice {invoice_id}", _invoice_path(invoice_id)
        with gone_is_said(self._calls, path, what):
            answer = self._calls.write(
                "POST", f"{path}/action", what=what, repeatable=False, form={"type": channel}
            )
            require_no_content(answer, what)

    def delivery_is(self, invoice_id: str, state: Delivery) -> bool:
        """Tell whether an invitation was delivered (``ok``), failed (``fail``), or is ``not_ok``.

        ``not_ok`` holds for none at all as well; an unknown invoice is in no state (2.12).
        Rate limited.
        """
        return delivery_is(self._calls, _invoice_path(invoice_id), state)

    def invoice_pdf(self, invoice_id: str) -> bytes | None:
        """Return the PDF that Twikey has for an invoice, or None (reference 2.16). Rate limited."""
        what = f"the PDF of invoice {invoice_id}"
        answer = self._calls.read(
            f"{_invoice_path(invoice_id)}/pdf", what=what, budgeted=True,
            headers={"Accept": "application/pdf"},
        )  # fmt: skip
        if not_found(answer):
            return None
        if answer.status == 200 and b"%PDF-" in answer.body[:1024]:
            return answer.body
        json_of(answer, what)
        raise UnexpectedAnswer(f"Twikey's answer to {what} is not a PDF")

    # ---- feeds (reference chapter 3); read_feed turns the pages

    def invoice_feed(self, after: int) -> FeedPage[TwikeyInvoice]:
        """Return the page of changed invoices after a position, 0 for the beginning (3.2, 3.4).

        Raises ``FeedBusy`` and ``FeedBroken``.
        """
        what = "the invoice feed"
        answer = self._calls.read(
            "/invoice", what=what, params=INCLUDES, headers={"X-RESUME-AFTER": str(after)}
        )
        return feed_page(answer, what, "Invoices", parse.invoice)

    def payment_feed(self, after: int) -> FeedPage[PaymentEvent] | None:
        """Return the page of payment events after a position; None where there is no such feed.

        It is young: an account may answer 400 or 404 (reference 3.5, 10-31). Raises ``FeedBusy``
        and ``FeedBroken``.
        """
        what = "the payment feed"
        answer = self._calls.read(
            "/invoice/payment/feed", what=what, headers={"X-RESUME-AFTER": str(after)}
        )
        try:
            return feed_page(answer, what, "Payments", parse.payment_event)
        except (CallRefused, UnexpectedAnswer):
            if answer.status in (400, 404):
                return None
            raise

    # ---- customers, mandates, profiles (reference chapters 4 to 6)

    def update_customer(
        self,
        customer_number: str,
        changes: dict[str, str],
        *,
        rename_to: str | None = None,
        profile: str | None = None,
    ) -> dict[str, WhyLeftOut]:
        """Set fields of a customer; return those that were left out, each with the reason.

        ``blank`` values are never sent (nobody knows what they do), ``unknown`` names have no
        parameter, and ``refused`` are the company name and number, without which a call refused
        with ``err_invalid_params`` is repeated once (reference 4.1). ``rename_to`` sets another
        customer number, ``profile`` the default profile. Raises ``NotFound`` for a customer that
        Twikey does not have yet.
        """
        return update(self._calls, customer_number, changes, rename_to=rename_to, profile=profile)

    def mandates(self, customer_number: str) -> list[Mandate]:
        """Return the signed mandates of a customer, the first 500 (reference 5.4). Rate limited."""
        what = f"the mandates of customer {customer_number}"
        answer = self._calls.read(
            "/mandate/query", what=what, params=[("customerNumber", customer_number)], budgeted=True
        )
        return [] if not_found(answer) else parse.mandates(json_of(answer, what))

    def mandate(self, number: str) -> MandateDetail | None:
        """Return a mandate, signed or not, or None (reference 5.5). Rate limited.

        The number is matched exactly; capitals are what Twikey itself makes of it (reference 5.3).
        """
        return mandates.detail(self._calls, number)

    def link_mandate(self, number: str, customer_number: str) -> None:
        """Move a mandate to the customer with that number (reference 5.6).

        It sets a value, so that it is safe to repeat: the same again changes nothing.
        """
        mandates.link(self._calls, number, customer_number)

    def payment_methods(self, profile: str) -> list[str]:
        """Return the names of a profile's payment methods (reference chapter 6).

        Raises ``ProfileMissing`` when Twikey has no such profile.
        """
        what = f"the payment methods of profile {profile}"
        answer = self._calls.read("/payment/methods", what=what, params=[("ct", profile)])
        if answer.status == 200 and not answer.body.strip():
            return []
        try:
            return parse.method_names(json_of(answer, what))
        except CallRefused as refusal:
            if refusal.code in ("err_no_such_ct", "err_invalid_ct"):
                raise ProfileMissing(f"Twikey has no profile {profile}") from refusal
            raise


def _invoice_path(invoice_id: str) -> str:
    """Return the path of an invoice; raises ``NotFound`` for what cannot be an id (2.6)."""
    if not UUID_LIKE.fullmatch(invoice_id):
        raise NotFound(f"Twikey cannot know an invoice by the id {invoice_id!r}")
    return f"/invoice/{invoice_id}"
