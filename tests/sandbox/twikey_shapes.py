"""How the sandbox's Twikey shows what it knows: answers of the API, and the whole for tests."""

import base64
import hashlib
import json
from collections.abc import Collection
from typing import Any

from tests.sandbox.twikey_books import Books, Customer, Invoice, Mandate, plain
from tests.sandbox.twikey_rules import Switches

Shape = dict[str, Any]


class Shapes:
    """Records as the API shows them; keys without a value are missing (reference 2.7)."""

    def __init__(self, books: Books, rules: Switches) -> None:
        self.books = books
        self.rules = rules

    def invoice(
        self,
        invoice: Invoice,
        includes: Collection[str] = (),
        seen: tuple[str, list[Shape]] | None = None,
    ) -> Shape:
        """An invoice; ``seen`` is the state and last payment to show instead of today's."""
        state, lastpayment = seen or (invoice.state, invoice.lastpayment)
        amount = invoice.cents / 100
        shape: Shape = {
            "id": invoice.id,
            "number": invoice.number,
            "title": invoice.title,
            "remittance": invoice.remittance,
            "ct": invoice.ct,
            "amount": f"{amount:.2f}" if self.rules.amount_as_text else amount,
            "date": invoice.date,
            "duedate": invoice.duedate,
            "status" if self.rules.state_as_status else "state": state,
            "manual": invoice.manual,
            "url": self._url(invoice),
        }
        if invoice.ref:
            shape["ref"] = invoice.ref
        if "customer" in includes:
            shape["customer"] = self.customer_block(self.books.customers[invoice.customer])
        if "meta" in includes:
            shape["meta"] = _meta(invoice, lastpayment)
        if "lastpayment" in includes and lastpayment:
            shape["lastpayment"] = lastpayment
        return shape

    def _url(self, invoice: Invoice) -> str:
        address = f"{self.rules.app_url}/{self.rules.merchant}/{invoice.id}"
        return f"{address}?redirect" if invoice.purpose == "redirect" else address

    def customer_block(self, customer: Customer) -> Shape:
        """The customer inside an invoice."""
        shape: Shape = dict(customer.fields)
        if "mobile" in shape:
            shape["mobile"] = shape["mobile"].removeprefix("+").removeprefix("00")
        if customer.number:
            shape = {"customerNumber": customer.number, **shape}
        return shape

    def customer(self, customer: Customer) -> Shape:
        """The customer of the undocumented GET (reference 4.2)."""
        shape = self.customer_block(customer)
        if "l" in shape:
            shape["language"] = shape.pop("l")
        return shape

    def mandate(self, mandate: Mandate) -> Shape:
        """A mandate in the answer of a query (reference 5.4)."""
        return {
            "type": "CORE",
            "state": mandate.state,
            "mandateNumber": mandate.number,
            "signDate": mandate.signed_on,
            "iban": mandate.iban,
            "bic": mandate.bic,
        }

    def mandate_detail(self, mandate: Mandate) -> Shape:
        """A mandate in full (reference 5.5)."""
        customer = self.books.customers[mandate.customer]
        fields = customer.fields
        name = fields.get("companyName") or " ".join(
            fields[part] for part in ("firstname", "lastname") if part in fields
        )
        return {
            "MndtId": mandate.number,
            "LclInstrm": "CORE",
            "Ocrncs": {"SeqTp": "RCUR", "Frqcy": "ADHO", "Drtn": {"FrDt": mandate.signed_on}},
            "Dbtr": {
                "Nm": name,
                "PstlAdr": {
                    "AdrLine": fields.get("address", ""),
                    "PstCd": fields.get("zip", ""),
                    "TwnNm": fields.get("city", ""),
                    "Ctry": fields.get("country", ""),
                },
                "CtctDtls": {"EmailAdr": fields.get("email", ""), "Othr": customer.number or ""},
            },
            "DbtrAcct": mandate.iban,
            "DbtrAgt": {"FinInstnId": {"BICFI": mandate.bic}},
            "RfrdDoc": str(mandate.ct),
            "SplmtryData": [{"Key": "TemplateId", "Value": mandate.ct}],
        }

    def dump(self) -> Shape:
        """Everything, for tests and the control page; amounts in cents, PDFs as hash and size.

        What is returned is a copy: the books may move on.
        """
        copy: Shape = json.loads(json.dumps(self._everything()))
        return copy

    def _everything(self) -> Shape:
        state = self.books.state
        invoices = [self._dumped(invoice) for invoice in self.books.invoices.values()]
        return {
            "invoices": invoices,
            "deleted": state.deleted,
            "customers": [
                {"customerNumber": c.number, "ct": c.ct, "created_at": c.created_at, **c.fields}
                for c in self.books.customers
            ],
            "mandates": [
                {**plain(mandate), "customer": self.books.customers[mandate.customer].number}
                for mandate in self.books.mandates.values()
            ],
            "profiles": [plain(profile) for profile in self.books.profiles.values()],
            "invites": [
                {"invoice": invoice["id"], "number": invoice["number"], **invitation}
                for invoice in invoices
                for invitation in invoice["invitations"]
            ],
            "payments": state.payments,
            "feeds": {
                "invoice": len(state.events),
                "payment": len(state.payments),
                "positions": state.positions,
            },
            "logins": state.logins,
            "batches": state.batches,
        }

    def _dumped(self, invoice: Invoice) -> Shape:
        shape = plain(invoice)
        shape["customerNumber"] = self.books.customers[shape.pop("customer")].number
        del shape["last_event"]
        if invoice.pdf is not None:
            content = base64.b64decode(invoice.pdf)
            shape["pdf"] = {
                "sha256": hashlib.sha256(content).hexdigest(),
                "bytes": len(content),
                "at": invoice.pdf_at,
            }
        return shape


def _meta(invoice: Invoice, lastpayment: list[Shape]) -> Shape:
    meta: Shape = {"reminderLevel": invoice.reminders}
    if invoice.received_cents and invoice.due_cents > 0:
        meta["partial"] = invoice.received_cents / 100
    if invoice.last_error:
        meta["lastError"] = invoice.last_error
    if lastpayment:
        meta["paymentMethod"] = lastpayment[0]["method"]
    return meta
