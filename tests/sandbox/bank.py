"""Money in the sandbox's Twikey: debits and their truth, other payments, and days going by.

On Twikey's test environment the bank first reports every debit as paid; whether it really is shows
in the next run, by the table of amounts in API reference 7.2.
"""

from typing import Any

from tests.sandbox.twikey_books import Books, Invoice, Mandate
from tests.sandbox.twikey_feeds import Feeds
from tests.sandbox.twikey_rules import Switches

_CODES = "AC01 AC04 AC06 AC13 AG01 FF01 MD01 MD02 MD07 PY01 RC01 SL01"  # for 21 to 32 euros
_SINGLE = _CODES.split()
_RANGES = ((5, "MS03"), (10, "AM04"), (15, "MS02"), (20, "MD06"))


def verdict(cents: int) -> str | None:
    """The bank code that a debit of this amount ends with; None when it is really paid."""
    euros = cents // 100
    if euros < 1:
        return None
    for top, code in _RANGES:
        if euros <= top:
            return code
    return _SINGLE[euros - 21] if euros - 21 < len(_SINGLE) else None


class Bank:
    """Moves invoices between their states and tells both feeds (reference 2.8, 3.4, 3.5)."""

    def __init__(self, books: Books, rules: Switches, feeds: Feeds) -> None:
        self.books = books
        self.rules = rules
        self.feeds = feeds

    def offer(self, invoice: Invoice, mandate: Mandate) -> None:
        """Start a direct debit: the invoice is in progress. Adds no event."""
        invoice.collection = {
            "method": "sdd",
            "id": self.books.count("payment", 884_213),
            "e2e": self.books.mint("e2e").replace("-", "").upper(),
            "pmtinf": f"ACME-{self.books.today().replace('-', '')}-RCUR",
            "mndtId": mandate.number,
            "iban": mandate.iban,
            "cents": invoice.due_cents,
            "stage": "offered",
        }
        invoice.state = "PENDING"

    def tick(self) -> dict[str, list[str]]:
        """One run of the bank: the truth about what it reported before, then first reports."""
        open_ = [invoice for invoice in self.books.invoices.values() if invoice.collection]
        told = [i for i in open_ if i.collection and i.collection["stage"] == "told"]
        offered = [i for i in open_ if i.collection and i.collection["stage"] == "offered"]
        failed = [invoice.number for invoice in told if self._truth(invoice)]
        for invoice in offered:
            self.report_paid(invoice)
        return {"paid": [invoice.number for invoice in offered], "failed": failed}

    def _truth(self, invoice: Invoice) -> bool:
        collection = invoice.collection or {}
        collection["stage"] = "settled"
        code = verdict(collection["cents"])
        if code is not None:
            self.fail(invoice, code)
        return code is not None

    def report_paid(self, invoice: Invoice) -> None:
        """The bank's first report on the newest debit or card collection: paid."""
        collection = invoice.collection
        if collection is None or collection["stage"] != "offered":
            raise ValueError(f"no collection under way for {invoice.number}")
        collection["stage"] = "told"
        payment = {
            "method": collection["method"],
            "action": "payment",
            **{name: collection[name] for name in ("id", "e2e", "pmtinf", "mndtId")},
            "rc": "PAID",
            "date": self.books.today(),
            "double": invoice.state == "PAID",
        }
        if collection["method"] == "sdd":
            payment["iban"] = collection["iban"]
        self._came_in(invoice, collection["cents"], payment, _collected(collection))

    def fail(self, invoice: Invoice, code: str) -> None:
        """The newest collection failed, before or after it was reported as paid."""
        collection = invoice.collection
        if collection is None or collection["stage"] == "failed":
            raise ValueError(f"nothing was collected for {invoice.number}")
        if collection["stage"] != "offered":
            invoice.received_cents -= collection["cents"]
        collection["stage"] = "failed"
        if invoice.due_cents > 0:
            invoice.state = self.owed(invoice)
        invoice.last_error = code
        ids = {name: collection[name] for name in ("id", "e2e", "pmtinf", "mndtId")}
        failure = {"method": collection["method"], "action": "payment_fail", **ids, "rc": code}
        invoice.lastpayment = [{**failure, "date": self.books.today()}]
        self.feeds.noticed(invoice)
        cents, details = collection["cents"], _collected(collection)
        self.feeds.money(invoice, "payment_failure", cents, details, code)

    def receive(self, invoice: Invoice, method: str, cents: int | None, **facts: Any) -> None:
        """Money by payment link or transfer; less than due is a partial payment."""
        if invoice.state == "ARCHIVED":
            raise ValueError(f"{invoice.number} is archived")
        amount = invoice.cents if cents is None and invoice.state == "PAID" else cents
        amount = invoice.due_cents if amount is None else amount
        payment: dict[str, Any] = {"method": method, "action": "payment"}
        if method == "paylink":
            payment["link"] = self.books.count("link", 812_589)
            payment["date"] = self.books.instant()
            details = {"source": "payment_link", "linkId": payment["link"], **facts}
        else:
            payment["id"] = self.books.count("reporting", 55_120)
            payment.update(facts, date=self.books.today())
            details = {"source": "transfer"}
        payment["double"] = invoice.state == "PAID"
        self._came_in(invoice, amount, payment, details)

    def charge_card(self, invoice: Invoice) -> None:
        """A recurring card payment, paid at once."""
        invoice.collection = {
            "method": "rcc",
            "id": self.books.count("payment", 884_213),
            "e2e": self.books.mint("e2e").replace("-", "").upper(),
            "pmtinf": f"CARD-{self.books.today().replace('-', '')}",
            "mndtId": "CARD1",
            "iban": None,
            "cents": invoice.due_cents,
            "stage": "offered",
        }
        self.report_paid(invoice)
        invoice.collection["stage"] = "settled"

    def mark_paid(self, invoice: Invoice, remark: str, *, own: bool) -> None:
        """A user or the API marks an invoice as paid (reference 2.9, 2.11)."""
        amount = invoice.due_cents
        invoice.received_cents += amount
        invoice.state = "PAID"
        payment = {"method": "manual", "action": "payment", "date": self.books.instant()}
        invoice.lastpayment = [{**payment, "msg": remark}]
        self.feeds.noticed(invoice, own=own)
        if self.rules.manual_in_payment_feed and (not own or self.rules.own_changes_in_feed):
            self.feeds.money(invoice, "payment", amount, {"source": "manual"})

    def reset(self, invoice: Invoice, *, own: bool) -> None:
        """A user or the API makes a paid or archived invoice owed again; no payment failed."""
        invoice.received_cents = 0
        invoice.state = self.owed(invoice)
        self.feeds.noticed(invoice, own=own)

    def refund(self, invoice: Invoice, cents: int | None) -> None:
        """The merchant pays money back (state afterwards: switch ``refund_reopens``).

        As long as other money covers the invoice, it stays paid (decisions 7: money decides).
        """
        if invoice.state != "PAID":
            raise ValueError(f"{invoice.number} is not paid")
        amount = invoice.received_cents if cents is None else cents
        reference = self.books.mint("refund").replace("-", "").upper()
        details = {
            "source": "credit_transfer",
            "customerIban": "BE71096123456769",
            "refundE2e": reference,
        }
        if self.rules.refund_reopens:
            invoice.received_cents -= amount
            if invoice.due_cents > 0:
                invoice.state = self.owed(invoice)
        self.feeds.noticed(invoice)
        self.feeds.money(invoice, "refund", amount, details)

    def age(self, invoice: Invoice) -> None:
        """The due date passed without payment: an ordinary event, no reversal."""
        if invoice.state != "BOOKED":
            raise ValueError(f"{invoice.number} is {invoice.state}")
        invoice.state = "EXPIRED"
        self.feeds.noticed(invoice)

    def owed(self, invoice: Invoice) -> str:
        """The state of an invoice that is not paid: booked, or expired after its due date."""
        return "EXPIRED" if invoice.duedate < self.books.today() else "BOOKED"

    def _came_in(
        self, invoice: Invoice, cents: int, payment: dict[str, Any], details: dict[str, Any]
    ) -> None:
        invoice.received_cents += cents
        if invoice.due_cents <= 0:
            invoice.state = "PAID"
            invoice.last_error = None
        invoice.lastpayment = [payment]
        self.feeds.noticed(invoice)
        self.feeds.money(invoice, "payment", cents, details)


def _collected(collection: dict[str, Any]) -> dict[str, Any]:
    source = "direct_debit" if collection["method"] == "sdd" else "recurring_card"
    return {
        "source": source,
        "paymentId": collection["id"],
        "transactionE2e": collection["e2e"],
        "mndtId": collection["mndtId"],
    }
