"""The two feeds of the sandbox's Twikey: what happened, and what each key has read (reference 3).

A sequence number is ``FIRST`` plus the index of the event, plus one: never 0, so that 0 means
"from the start". Positions belong to the API key and move when a page is served, heard or not.
"""

from collections.abc import Callable
from typing import Any

from tests.sandbox.twikey_books import Books, Invoice
from tests.sandbox.twikey_checks import Refusal
from tests.sandbox.twikey_rules import Switches
from tests.sandbox.twikey_shapes import Shapes
from tests.sandbox.wire import Request, Response

FIRST = {"invoice": 90_000, "payment": 500}
_ERRORS = {
    "AM04": ("insufficient_funds", "Insufficient funds", "funds"),
    "MS02": ("refused_by_debtor", "Refused by the debtor", "debtor"),
    "MD06": ("refund_by_debtor", "Refund requested by the debtor", "debtor"),
    "PY01": ("not_routable", "Bank not reachable", "other"),
}


class Feeds:
    """Adds events and serves pages."""

    def __init__(self, books: Books, rules: Switches, shapes: Shapes) -> None:
        self.books = books
        self.rules = rules
        self.shapes = shapes

    def noticed(self, invoice: Invoice, *, own: bool = False) -> None:
        """Add an event to the invoice feed; ``own`` changes were made over the API."""
        if own and not self.rules.own_changes_in_feed:
            return
        events = self.books.state.events
        invoice.last_event = len(events)
        events.append([invoice.id, invoice.state, invoice.lastpayment])

    def money(
        self,
        invoice: Invoice,
        kind: str,
        cents: int,
        details: dict[str, Any],
        code: str | None = None,
    ) -> dict[str, Any]:
        """Add an event to the payment feed (reference 3.5); ``code`` is a failure's bank code."""
        origin = {"object": "invoice", "id": invoice.id, "number": invoice.number}
        if invoice.ref:
            origin["ref"] = invoice.ref
        event: dict[str, Any] = {
            "eventId": "evt_" + self.books.mint("event").replace("-", "")[:13],
            "eventType": kind,
            "occurredAt": self.books.instant(),
            "amount": abs(cents) / 100,
            "currency": "EUR",
            "origin": origin,
            "gateway": _gateway(details["source"]),
            "details": details,
        }
        if code is not None:
            event["error"] = _error(code)
        self.books.state.payments.append(event)
        return event

    def read_invoices(self, request: Request, key: str) -> Response:
        """GET /invoice."""
        includes = {value for name, value in request.query if name == "include"}
        wanted = _invite_state(request)
        events = self.books.state.events

        def item(index: int) -> dict[str, Any] | None:
            id_, state, lastpayment = events[index]
            invoice = self.books.invoices.get(id_)
            if invoice is None or (self.rules.feed_collapses and invoice.last_event != index):
                return None
            if wanted and not delivered(invoice, wanted):
                return None
            seen = (state, lastpayment) if self.rules.feed_item == "event" else None
            return self.shapes.invoice(invoice, includes, seen)

        return self._page("invoice", "Invoices", request, key, len(events), item)

    def read_payments(self, request: Request, key: str) -> Response:
        """GET /invoice/payment/feed, where this server has it."""
        if self.rules.payment_feed == "404":
            return Response(404)
        if self.rules.payment_feed == "400":
            raise Refusal("err_not_found")
        events = self.books.state.payments
        return self._page("payment", "Payments", request, key, len(events), events.__getitem__)

    def _page(
        self,
        feed: str,
        envelope: str,
        request: Request,
        key: str,
        end: int,
        item: Callable[[int], dict[str, Any] | None],
    ) -> Response:
        self._refuse_parallel(feed)
        at = self._start(feed, request, key, end)
        items: list[dict[str, Any]] = []
        last = None
        while at < end and len(items) < self.rules.feed_page_size:
            shown = item(at)
            at += 1
            if shown is not None:
                items.append(shown)
                last = at
        self.books.state.positions.setdefault(key, {})[feed] = at
        headers = {} if last is None else {"X-LAST": str(FIRST[feed] + last)}
        return Response(200, headers, {envelope: items})

    def _refuse_parallel(self, feed: str) -> None:
        left = self.books.state.busy.get(feed, 0)
        if left:
            self.books.state.busy[feed] = left - 1
            raise Refusal("err_call_in_progress")

    def _start(self, feed: str, request: Request, key: str, end: int) -> int:
        after = request.headers.get("X-RESUME-AFTER")
        if after is not None:
            if not (after.isascii() and after.isdigit()):
                raise Refusal("err_invalid_params", "X-RESUME-AFTER")
            return min(end, max(0, int(after) - FIRST[feed]))
        fresh = end if self.rules.feed_start == "now" else 0
        return self.books.state.positions.get(key, {}).get(feed, fresh)


def delivered(invoice: Invoice, wanted: str) -> bool:
    """Whether an invoice's newest invitation is in that state (reference 2.12)."""
    newest = invoice.invitations[-1]["ok"] if invoice.invitations else None
    return {"ok": newest is True, "fail": newest is False, "not_ok": newest is not True}[wanted]


def _invite_state(request: Request) -> str | None:
    wanted = request.argument("invite_state")
    if wanted not in (None, "ok", "fail", "not_ok"):
        raise Refusal("err_invalid_params", "invite_state")
    return wanted


def _gateway(source: str) -> dict[str, Any] | None:
    if source == "manual":
        return None
    if source == "payment_link":
        return {"id": 1579, "name": "Mollie", "type": "psp", "iban": None}
    return {
        "id": 847,
        "name": "KBC BE68XXXXXXXX7034",
        "type": "bank",
        "iban": "BE68539007547034",
    }


def _error(code: str) -> dict[str, Any]:
    name, description, category = _ERRORS.get(code, ("other", f"Bank code {code}", "other"))
    return {
        "code": name,
        "description": description,
        "category": category,
        "externalCode": code,
        "action": "send_payment_link",
        "actionStep": 1,
    }
