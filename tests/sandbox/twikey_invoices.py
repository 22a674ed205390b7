"""Invoices at the sandbox's Twikey: created, shown, changed, deleted (reference 2.2-2.10, 2.16)."""

import base64
import re
from typing import Any

from tests.sandbox import twikey_checks as checks
from tests.sandbox.bank import Bank
from tests.sandbox.twikey_books import Books, Customer, Invoice
from tests.sandbox.twikey_checks import Draft, Refusal
from tests.sandbox.twikey_customers import Customers
from tests.sandbox.twikey_feeds import Feeds, delivered
from tests.sandbox.twikey_rules import Switches
from tests.sandbox.twikey_sessions import Sessions
from tests.sandbox.twikey_shapes import Shapes
from tests.sandbox.wire import JSON, Headers, Request, Response

_PATH_SAFE = re.compile(r"[A-Za-z0-9._-]+")
_DAY_SECONDS = 86_400


class Invoices:
    """The invoice calls, but for bulk and actions."""

    def __init__(
        self,
        books: Books,
        rules: Switches,
        shapes: Shapes,
        feeds: Feeds,
        bank: Bank,
        customers: Customers,
        sessions: Sessions,
    ) -> None:
        self.books = books
        self.rules = rules
        self.shapes = shapes
        self.feeds = feeds
        self.bank = bank
        self.customers = customers
        self.sessions = sessions

    def create(self, request: Request, key: str) -> Response:
        """POST /invoice."""
        refused = self.sessions.turn_away(f"create:{key}", self.rules.create_limit)
        if refused is not None:
            return refused
        once = self._idempotency_key(request, key)
        try:
            invoice, _ = self.book(json_of(request), "api", request.headers)
        except Refusal:
            if once and self.rules.idempotency_used_by_refusal:
                self.books.state.spent[once] = self.books.seconds()
            raise
        if once:
            self.books.state.spent[once] = self.books.seconds()
        warning = self.rules.warn_on_create
        return Response(
            200, {"X-Warning": warning} if warning else {}, self.shapes.invoice(invoice)
        )

    def _idempotency_key(self, request: Request, key: str) -> str | None:
        given = request.headers.get("Idempotency-Key")
        if given is None or not self.rules.idempotency:
            return None
        if not 0 < len(given) <= 64:
            raise Refusal("err_invalid_params", "Idempotency-Key")
        once = f"{key}:{given}"
        spent_at = self.books.state.spent.get(once)
        if spent_at is not None and self.books.seconds() - spent_at < _DAY_SECONDS:
            raise Refusal("err_duplicate_ref", given, 409)
        return once

    def book(self, body: Any, origin: str, headers: Headers | None = None) -> tuple[Invoice, bool]:
        """Apply one create; the invoice, and whether it is new. Raises ``Refusal``."""
        draft = checks.invoice(body, self.rules)
        if draft.ct is not None and draft.ct not in self.books.profiles:
            raise Refusal("err_no_such_ct", "ct")
        existing = self._existing(draft)
        if existing is not None:
            return existing, False
        self._refuse_unusable(draft)
        invoice = self._draw_up(draft, self._customer(draft), origin, headers or Headers())
        self.books.add_invoice(invoice)
        self._settle_at_once(invoice)
        self._invite_at_booking(invoice)
        self.feeds.noticed(invoice, own=origin != "hand")
        return invoice, True

    def _existing(self, draft: Draft) -> Invoice | None:
        by_id = self.books.invoices.get(draft.id) if draft.id else None
        if by_id is not None and by_id.number != draft.number:
            if self.rules.existing_id == "refuse":
                raise Refusal("err_invalid_params", "id")
            return by_id
        existing = by_id or self.books.invoices.get(self.books.invoice_ids.get(draft.number, ""))
        if existing is not None and self.rules.existing_number == "400":
            raise Refusal("err_invalid_params", "number")
        if existing is not None and self.rules.existing_number == "409":
            raise Refusal("err_duplicate_ref", draft.number, 409)
        return existing

    def _refuse_unusable(self, draft: Draft) -> None:
        if self.rules.deleted_id == "refuse" and any(
            gone["id"] == draft.id for gone in self.books.state.deleted
        ):
            raise Refusal("err_invalid_params", "id")
        related = draft.text("relatedInvoiceNumber")
        strict = self.rules.unknown_related == "refuse"
        if related and strict and related not in self.books.invoice_ids:
            raise Refusal("err_invalid_params", "relatedInvoiceNumber")

    def _customer(self, draft: Draft) -> Customer:
        if draft.customer is not None:
            return self.customers.find_or_create(draft.customer, draft.ct)
        if "customerByRef" in draft.body:
            return self.customers.by_number(draft.body["customerByRef"])
        mandate = self.books.mandates.get(draft.body["customerByDocument"])
        if mandate is None:
            raise Refusal("err_no_contract", draft.body["customerByDocument"])
        return self.books.customers[mandate.customer]

    def _draw_up(self, draft: Draft, customer: Customer, origin: str, headers: Headers) -> Invoice:
        text, now = draft.text, self.books.instant()
        title = text("title") or f"Invoice {draft.number}"
        pdf = text("pdf")
        return Invoice(
            id=draft.id or self.books.mint("invoice"),
            number=draft.number,
            customer=customer.key,
            ct=draft.ct or customer.ct or self.rules.account_default,
            cents=draft.cents,
            date=draft.body["date"],
            duedate=draft.body["duedate"],
            created_at=now,
            origin=origin,
            title=title,
            remittance=text("remittance") or title,
            ref=text("ref"),
            locale=text("locale"),
            campaign=text("campaign"),
            cc=text("cc"),
            email=text("email"),
            partner=headers.get("X-PARTNER"),
            purpose=headers.get("X-Purpose", "qr"),
            related=text("relatedInvoiceNumber"),
            manual=draft.manual or headers.get("X-MANUAL") == "true",
            prepaid_cents=draft.prepaid_cents,
            pdf=pdf,
            pdf_url=text("pdfUrl"),
            pdf_at=now if pdf or text("pdfUrl") else None,
            pdfs=1 if pdf else 0,
        )

    def _settle_at_once(self, invoice: Invoice) -> None:
        """Nothing to pay: PAID. A signed mandate on the same profile: PENDING (2.8)."""
        if invoice.due_cents == 0:
            invoice.state = "PAID"
            return
        if self.rules.past_due_is_expired:
            invoice.state = self.bank.owed(invoice)
        if invoice.due_cents > 0 and not invoice.manual:
            mandate = self.books.signed_mandate(invoice.customer, invoice.ct)
            if mandate is not None:
                self.bank.offer(invoice, mandate)

    def _invite_at_booking(self, invoice: Invoice) -> None:
        profile = self.books.profiles[invoice.ct]
        has_pdf = bool(invoice.pdf or invoice.pdf_url)
        if (
            profile.send_on_booking
            and invoice.state != "PAID"
            and (has_pdf or not profile.with_pdf)
        ):
            self.invite(invoice, "email", "profile")

    def invite(self, invoice: Invoice, kind: str, by: str) -> None:
        """Record an invitation that leaves; without an address it fails (2.12)."""
        customer = self.books.customers[invoice.customer]
        to = invoice.email or customer.fields.get("email")
        ok = bool(to) and not self.rules.email_disabled
        invoice.invitations.append(
            {"type": kind, "by": by, "to": to, "at": self.books.instant(), "ok": ok}
        )

    def find(self, id_or_number: str) -> Invoice | Response:
        """The invoice of a path, or the answer for what is none (2.6)."""
        if not _PATH_SAFE.fullmatch(id_or_number):
            return Response(200)
        return self.books.invoice(id_or_number) or self._unknown(id_or_number)

    def by_id(self, id_: str) -> Invoice | Response:
        """The invoice of that id, no number, or the answer for what is none."""
        return self.books.invoices.get(id_.lower()) or self._unknown(id_)

    def _unknown(self, id_: str) -> Response:
        match self.rules.unknown_invoice:
            case "404":
                return Response(404)
            case "empty":
                return Response(200)
        return Refusal("err_not_found", id_).response()

    def details(self, request: Request, invoice: Invoice) -> Response:
        """GET /invoice/{id or number}."""
        wanted = request.argument("invite_state")
        if wanted is not None and wanted not in ("ok", "fail", "not_ok"):
            raise Refusal("err_invalid_params", "invite_state")
        if wanted is not None and not delivered(invoice, wanted):
            raise Refusal("err_not_found", invoice.id)
        includes = {value for name, value in request.query if name == "include"}
        return Response(200, {}, self.shapes.invoice(invoice, includes))

    def pdf(self, invoice: Invoice) -> Response:
        """GET /invoice/{id}/pdf."""
        if invoice.pdf is None:
            if self.rules.no_pdf == "404":
                return Response(404)
            raise Refusal("err_not_found", invoice.id)
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", invoice.number)
        headers = {
            "Content-Type": "application/pdf",
            "Content-Disposition": f"attachment; filename={name}.pdf",
        }
        return Response(200, headers, base64.b64decode(invoice.pdf))


def json_of(request: Request) -> Any:
    """The JSON body; raises ``Refusal`` for anything else."""
    if request.content_type != JSON:
        raise Refusal("err_invalid_params", "Content-Type")
    try:
        return request.json()
    except ValueError:
        raise Refusal("err_invalid_params") from None
