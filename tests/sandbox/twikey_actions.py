"""Changes to an invoice at the sandbox's Twikey: PUT, DELETE and actions (reference 2.9-2.11)."""

from collections.abc import Callable
from typing import Any

from tests.sandbox import twikey_checks as checks
from tests.sandbox.bank import Bank
from tests.sandbox.twikey_books import Books, Invoice
from tests.sandbox.twikey_checks import Refusal
from tests.sandbox.twikey_invoices import Invoices, json_of
from tests.sandbox.twikey_rules import Switches
from tests.sandbox.twikey_sessions import form_of
from tests.sandbox.wire import Request, Response

_INVITATIONS = frozenset(
    {"send", "email", "sms", "letter", "peppol", "invoice", "letterWithInvoice"}
)
_REMINDERS = frozenset({"reminder", "smsreminder"})
_BY_MAIL = frozenset({"send", "email", "invoice", "reminder"})


class Changes:
    """PUT and DELETE /invoice/{id}."""

    def __init__(self, books: Books, rules: Switches, invoices: Invoices, bank: Bank) -> None:
        self.books = books
        self.rules = rules
        self.invoices = invoices
        self.bank = bank

    def update(self, request: Request, invoice: Invoice) -> Response:
        """PUT /invoice/{id} (2.9): everything is checked before anything changes."""
        body = json_of(request)
        if not isinstance(body, dict):
            raise Refusal("err_invalid_params", "invoice")
        checks.texts(body, {"title": 140, "ref": None, "pdf": None, "state": None})
        dates = self._new_dates(body, invoice)
        state = self._new_state(body, invoice)
        pdf = self._new_pdf(body, invoice)
        if not isinstance(body.get("extra", {}), dict):
            raise Refusal("err_invalid_params", "extra")
        invoice.date, invoice.duedate = dates
        invoice.title = body.get("title") or invoice.title
        invoice.ref = body.get("ref", invoice.ref)
        if pdf:
            self._attach(invoice, pdf)
        self._turn(invoice, state)
        return Response(200, {}, self.invoices.shapes.invoice(invoice))

    def _new_dates(self, body: dict[str, Any], invoice: Invoice) -> tuple[str, str]:
        strict = self.rules.strict_put
        dates = {"date": invoice.date, "duedate": invoice.duedate}
        for name in dates:
            if strict or name in body:
                dates[name] = checks.day(body.get(name), name)
        new = (dates["date"], dates["duedate"])
        if strict and invoice.state == "PENDING" and new != (invoice.date, invoice.duedate):
            raise Refusal("err_invalid_state", invoice.id)
        return new

    def _new_state(self, body: dict[str, Any], invoice: Invoice) -> str | None:
        state: str | None = body.get("state")
        if state not in (None, "booked", "archived", "paid"):
            raise Refusal("err_invalid_params", "state")
        pending = invoice.state == "PENDING" and self.rules.strict_put
        if state and (pending or (state == "paid" and invoice.state == "ARCHIVED")):
            raise Refusal("err_invalid_state", invoice.id)
        return state

    def _new_pdf(self, body: dict[str, Any], invoice: Invoice) -> str | None:
        if not body.get("pdf"):
            return None
        if invoice.state == "PENDING" and not self.rules.pdf_while_pending:
            raise Refusal("err_invalid_state", invoice.id)
        if invoice.pdf is not None and self.rules.second_pdf == "refuse":
            raise Refusal("err_invalid_params", "pdf")
        return checks.pdf(body["pdf"], self.rules.pdf_limit)

    def _attach(self, invoice: Invoice, pdf: str) -> None:
        invoice.pdf, invoice.pdf_at = pdf, self.books.instant()
        invoice.pdfs += 1
        profile = self.books.profiles[invoice.ct]
        if not (profile.send_on_booking and profile.with_pdf and self.rules.invite_on_pdf):
            return
        invited = any(invitation["by"] == "profile" for invitation in invoice.invitations)
        if self.rules.invite_on_every_pdf or not invited:
            self.invoices.invite(invoice, "email", "profile")

    def _turn(self, invoice: Invoice, state: str | None) -> None:
        if state == "paid" and invoice.state != "PAID":
            self.bank.mark_paid(invoice, "marked as paid over the API", own=True)
        elif state == "booked" and invoice.state in ("PAID", "ARCHIVED"):
            self.bank.reset(invoice, own=True)
        else:
            invoice.state = "ARCHIVED" if state == "archived" else invoice.state
            self.bank.feeds.noticed(invoice, own=True)

    def delete(self, invoice: Invoice) -> Response:
        """DELETE /invoice/{id}: only what is unpaid and not in progress (2.8, 2.10)."""
        if invoice.state not in ("BOOKED", "EXPIRED"):
            raise Refusal("err_invalid_state", invoice.id)
        self.books.drop_invoice(invoice)
        return Response(204)


class InvoiceActions:
    """POST /invoice/{id}/action: none of these is idempotent (reference 2.11)."""

    def __init__(self, books: Books, rules: Switches, invoices: Invoices, bank: Bank) -> None:
        self.books = books
        self.rules = rules
        self.invoices = invoices
        self.bank = bank

    def act(self, request: Request, invoice: Invoice) -> Response:
        """Take the action of the form's ``type`` and remember it."""
        form = form_of(request)
        kind = form.get("type", "")
        if not kind:
            raise Refusal("err_missing_params", "type")
        if kind in _INVITATIONS | _REMINDERS:
            self._write_to_customer(invoice, kind)
        else:
            steps: dict[str, Callable[[Invoice, dict[str, str]], None]] = {
                "reoffer": self._reoffer,
                "refund": self._refund,
                "paymentplan": self._plan,
                "manualPayment": self._mark_paid,
            }
            if kind not in steps:
                raise Refusal("err_invalid_params", "type")
            steps[kind](invoice, form)
        invoice.actions.append({"type": kind, "at": self.books.instant()})
        return Response(204)

    def _write_to_customer(self, invoice: Invoice, kind: str) -> None:
        if invoice.state in ("PAID", "ARCHIVED"):
            raise Refusal("err_invalid_state", invoice.id)
        if self.rules.email_disabled and kind in _BY_MAIL:
            raise Refusal("err_email_disabled")
        if kind in _REMINDERS:
            invoice.reminders = min(4, invoice.reminders + 1)
        else:
            self.invoices.invite(invoice, kind, "api")

    def _reoffer(self, invoice: Invoice, form: dict[str, str]) -> None:
        if invoice.state == "PENDING":
            raise Refusal("err_transaction_invalid_action", invoice.id)
        if invoice.state not in ("BOOKED", "EXPIRED"):
            raise Refusal("err_invalid_state", invoice.id)
        mandate = self.books.signed_mandate(invoice.customer, invoice.ct)
        if mandate is None:
            raise Refusal("err_no_contract", invoice.id)
        self.bank.offer(invoice, mandate)
        self.bank.feeds.noticed(invoice, own=True)

    def _refund(self, invoice: Invoice, form: dict[str, str]) -> None:
        if not form.get("message"):
            raise Refusal("err_msg_missing", "message")
        if invoice.state != "PAID":
            raise Refusal("err_invalid_state", invoice.id)
        try:
            amount = checks.cents(float(form.get("amount", invoice.cents / 100)), "amount")
        except ValueError:
            raise Refusal("err_invalid_amount", "amount") from None
        if not 0 < amount <= invoice.cents:
            raise Refusal("err_invalid_amount", "amount")
        self.bank.refund(invoice, amount)

    def _plan(self, invoice: Invoice, form: dict[str, str]) -> None:
        if not form.get("initialAmount"):
            raise Refusal("err_missing_params", "initialAmount")

    def _mark_paid(self, invoice: Invoice, form: dict[str, str]) -> None:
        if invoice.state not in ("BOOKED", "EXPIRED"):
            raise Refusal("err_invalid_state", invoice.id)
        self.bank.mark_paid(invoice, form.get("rsn", ""), own=True)
