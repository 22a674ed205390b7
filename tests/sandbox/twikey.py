"""The sandbox's Twikey: which call goes where (API reference chapters 1-6, 12)."""

import re
from collections.abc import Callable
from typing import Any

from tests.sandbox.bank import Bank
from tests.sandbox.twikey_actions import Changes, InvoiceActions
from tests.sandbox.twikey_books import Books, Invoice
from tests.sandbox.twikey_bulk import Bulk
from tests.sandbox.twikey_checks import Refusal
from tests.sandbox.twikey_controls import Controls
from tests.sandbox.twikey_customers import Customers
from tests.sandbox.twikey_feeds import Feeds
from tests.sandbox.twikey_invoices import Invoices
from tests.sandbox.twikey_mandates import Mandates
from tests.sandbox.twikey_rules import Switches
from tests.sandbox.twikey_sessions import Sessions
from tests.sandbox.twikey_shapes import Shapes
from tests.sandbox.wire import Request, Response
from tests.sandbox.world import World

BASE = "/creditor"
_INVOICE = re.compile(r"/invoice/(.+?)(/pdf|/action)?", re.DOTALL)
_CUSTOMER = re.compile(r"/customer/(.+)", re.DOTALL)


class Twikey:
    """Answers on paths below ``/creditor``; call ``handle`` under the world's lock.

    ``actions`` are the controls (see ``Controls``), switches are ``world.rules.twikey_...``.
    """

    def __init__(self, world: World) -> None:
        self.rules = Switches(world.rules)
        self.books = Books(world.now)
        self.sessions = Sessions(self.books, self.rules)
        self.shapes = Shapes(self.books, self.rules)
        self.feeds = Feeds(self.books, self.rules, self.shapes)
        self.bank = Bank(self.books, self.rules, self.feeds)
        self.customers = Customers(self.books, self.rules, self.shapes)
        self.mandates = Mandates(self.books, self.rules, self.shapes, self.customers)
        self.invoices = Invoices(
            self.books, self.rules, self.shapes, self.feeds, self.bank, self.customers,
            self.sessions,
        )  # fmt: skip
        self.bulk = Bulk(self.books, self.rules, self.invoices)
        self.changes = Changes(self.books, self.rules, self.invoices, self.bank)
        self.invoice_actions = InvoiceActions(self.books, self.rules, self.invoices, self.bank)
        self.actions: dict[str, Callable[..., object]] = Controls(
            self.invoices, self.mandates, self.bank, self.feeds, self.sessions
        ).all()
        self._fixed: dict[str, dict[str, Callable[[Request, str], Response]]] = {
            "/invoice": {"POST": self.invoices.create, "GET": self.feeds.read_invoices},
            "/invoice/bulk": {"POST": self.bulk.create, "GET": self.bulk.result},
            "/invoice/payment/feed": {"GET": self.feeds.read_payments},
            "/payment/methods": {"GET": self._payment_methods},
            "/template": {"GET": self._templates},
            "/mandate/query": {"GET": self._limited(self.mandates.query)},
            "/mandate/detail": {"GET": self._limited(self.mandates.detail)},
            "/mandate/update": {"POST": lambda request, _: self.mandates.update(request)},
            "/sign": {"POST": lambda request, _: self.mandates.sign(request)},
        }

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        self.bulk.apply_late()
        path = request.path.removeprefix(BASE)
        if not request.path.startswith(BASE) or path[:1] not in ("", "/"):
            return _page(404)
        if path in ("", "/") and request.method == "POST":
            return self.sessions.login(request)
        key = self.sessions.key_of(request)
        if key is None:
            return Response(401, {}, {"message": "Not logged in"}, authorised=False)
        try:
            response = self._answer(request, path, key)
        except Refusal as refusal:
            response = refusal.response()
        response.authorised = True
        return response

    def snapshot(self) -> str:
        """The whole state, for `restore`."""
        return self.books.snapshot()

    def restore(self, state: str) -> None:
        """Put the state back as it was at that snapshot; restoring twice is fine."""
        self.books.restore(state)

    def dump(self) -> dict[str, Any]:
        """The whole state as JSON (see ``Shapes.dump``)."""
        return self.shapes.dump()

    def _answer(self, request: Request, path: str, key: str) -> Response:
        if path in ("", "/"):
            gone = self.sessions.logout(request) if request.method == "GET" else None
            return gone or _page(405)
        if path in self._fixed:
            call = self._fixed[path].get(request.method)
            return call(request, key) if call else _page(405)
        if match := _INVOICE.fullmatch(path):
            return self._on_invoice(request, key, match[1], match[2] or "")
        if match := _CUSTOMER.fullmatch(path):
            return self._on_customer(request, match[1])
        return _page(404)

    def _on_invoice(self, request: Request, key: str, name: str, part: str) -> Response:
        one = f"{request.method} {part}"
        if one in ("GET ", "GET /pdf"):
            call = self._limited(lambda request: self._look(request, name, part))
            return call(request, key)
        change: dict[str, Callable[[Request, Invoice], Response]] = {
            "PUT ": self.changes.update,
            "DELETE ": lambda _, invoice: self.changes.delete(invoice),
            "POST /action": self.invoice_actions.act,
        }
        if one not in change:
            return _page(405)
        found = self.invoices.find(name) if part == "/action" else self.invoices.by_id(name)
        return found if isinstance(found, Response) else change[one](request, found)

    def _look(self, request: Request, name: str, part: str) -> Response:
        found = self.invoices.by_id(name) if part else self.invoices.find(name)
        if isinstance(found, Response):
            return found
        return self.invoices.pdf(found) if part else self.invoices.details(request, found)

    def _on_customer(self, request: Request, number: str) -> Response:
        if request.method == "PATCH":
            return self.customers.patch(request, number)
        return self.customers.show(number) if request.method == "GET" else _page(405)

    def _payment_methods(self, request: Request, key: str) -> Response:
        """GET /payment/methods?ct=; the shape of the rows is a guess."""
        ct = request.argument("ct")
        if not ct:
            raise Refusal("err_missing_params", "ct")
        profile = self.books.profiles.get(int(ct)) if ct.isascii() and ct.isdigit() else None
        if profile is None:
            raise Refusal("err_no_such_ct", "ct")
        return Response(200, {}, [{"method": method} for method in profile.methods])

    def _templates(self, request: Request, key: str) -> Response:
        """GET /template, undocumented (reference 6)."""
        if not self.rules.templates:
            return _page(404)
        rows = [
            {"id": p.ct, "name": p.name, "active": p.active, "type": "CORE", "Attributes": []}
            for p in self.books.profiles.values()
        ]
        return Response(200, {}, rows)

    def _limited(self, call: Callable[[Request], Response]) -> Callable[[Request, str], Response]:
        """A call that is rate limited: 1.12 and rule 14."""

        def paced(request: Request, key: str) -> Response:
            name, limit = f"detail:{key}", self.rules.detail_limit
            refused = self.sessions.turn_away(name, limit)
            if refused is not None:
                return refused
            try:
                response = call(request)
            except Refusal as refusal:
                response = refusal.response()
            if limit is not None:
                response.headers["X-Rate-Limit-Remaining"] = self.sessions.left(name, limit)
            return response

        return paced


def _page(status: int) -> Response:
    """A page that says little, as web servers do where nothing is."""
    html = f"<html><body><h1>{status}</h1></body></html>"
    return Response(status, {"Content-Type": "text/html"}, html)
