"""The pretend Teamleader: who may call, how often, in which words, and what each call does.

Lists are in `teamleader_lists`, consent and tokens in `teamleader_oauth`, files in
`teamleader_documents`. Every rule comes from the API reference; appendix B is `switches`.
"""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from tests.sandbox import credentials, render, shapes
from tests.sandbox.books import Books
from tests.sandbox.entities import Invoice
from tests.sandbox.limiter import Limiter
from tests.sandbox.queries import LISTINGS
from tests.sandbox.refusals import Refused
from tests.sandbox.shapes import Check
from tests.sandbox.switches import TEAMLEADER_RULES
from tests.sandbox.teamleader_documents import Documents
from tests.sandbox.teamleader_lists import Lists
from tests.sandbox.teamleader_oauth import Authority
from tests.sandbox.wire import JSON, Request, Response
from tests.sandbox.world import World

_PAYMENT = {"id": shapes.uuid, "payment": shapes.money, "paid_at": shapes.instant}
_BAD_GATEWAY = "<html><body><h1>500 Internal Server Error</h1></body></html>"


class Teamleader:
    """The service half: hand `handle` to a `Wire`."""

    def __init__(self, world: World, books: Books) -> None:
        world.rules.declare(TEAMLEADER_RULES)
        self.world, self.books = world, books
        books.rules = world.rules
        books.clock = lambda: world.now().timestamp()
        self.authority = Authority(world)
        self.limiter = Limiter(world)
        self.documents = Documents(world)
        self.lists = Lists(world, books)
        self.webhooks: list[dict[str, Any]] = []
        self.authorised_calls = 0
        self._verbs: dict[str, Callable[[Request, dict[str, Any]], str | None]] = {
            "users.me": self._users_me,
            "invoices.info": self._invoice_info,
            "invoices.download": self._invoice_download,
            "invoices.registerPayment": self._register_payment,
            "invoices.removePayments": self._remove_payments,
            "creditNotes.info": self._credit_note_info,
            "creditNotes.download": self._credit_note_download,
            "contacts.info": lambda _, body: self._customer_info("contact", body),
            "companies.info": lambda _, body: self._customer_info("company", body),
            "subscriptions.info": self._subscription_info,
            "webhooks.list": self._webhooks_list,
            "webhooks.register": self._webhooks_register,
        }

    # -- saving and showing ------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """The books, the tokens and the window, for the world's `restore`."""
        authority = self.authority
        return {
            "books": self.books.snapshot(),
            "codes": dict(authority.codes),
            "grants": [vars(grant).copy() for grant in authority.by_access.values()],
            "window": list(self.limiter.seen),
            "links": dict(self.documents.links),
            "webhooks": list(self.webhooks),
            "asked": self.lists.asked,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Put back what `snapshot` gave."""
        self.books.restore(saved["books"])
        self.authority.load(saved["codes"], saved["grants"])
        self.limiter.seen.clear()
        self.limiter.seen.extend(saved["window"])
        self.documents.links = dict(saved["links"])
        self.webhooks = list(saved["webhooks"])
        self.lists.start_over(saved["asked"])

    def dump(self) -> dict[str, Any]:
        """The state that matters for comparing two worlds: every document with its payments."""
        now, definition = self.books.now(), self.books.definition("invoice")
        infos = [render.invoice_info(one, now, definition) for one in self.books.invoices.numbered]
        return {
            "invoices": [json.loads(one) for one in infos],
            "credit_notes": [
                json.loads(render.credit_note_row(one)) for one in self.books.credit_notes.values()
            ],
            "customers": [
                json.loads(render.customer_row(one, None)) for one in self.books.customers.values()
            ],
            "oddities": dict(self.books.oddities),
        }

    # -- the gate ----------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request to any of the service's addresses."""
        if request.path == "/oauth2/authorize":
            return self.authority.authorize(request)
        if request.path == "/oauth2/access_token":
            return self.authority.token(request)
        if request.path.startswith("/doc/"):
            return self.documents.fetch(request)
        scheme, _, token = str(request.headers.get("authorization", "")).partition(" ")
        if scheme != "Bearer" or not self.authority.knows(token):
            response = Refused("Unauthorized", 401).response()
            response.authorised = False
            return response
        response = self._limited(request)
        response.headers = {
            **response.headers,
            **self.limiter.headers(),
            "X-Api-Version": self._version(request) or self.world.rules.client_version,
        }
        response.authorised = True
        return response

    def _limited(self, request: Request) -> Response:
        if not self.limiter.take():
            return Refused("Too many requests", 429).response()
        self.authorised_calls += 1
        every = self.world.rules.html_error_every
        if every and self.authorised_calls % every == 0:
            return Response(500, {"Content-Type": "text/html"}, _BAD_GATEWAY)
        try:
            return self._called(request)
        except Refused as refusal:
            return refusal.response()

    def _called(self, request: Request) -> Response:
        verb = request.path.removeprefix("/")
        if verb not in LISTINGS and verb not in self._verbs:
            raise Refused("Method not found", 404)
        if request.method != "POST":
            raise Refused("Method not allowed", 405, Allow="POST")
        if {verb, verb.partition(".")[0]} & set(self.world.rules.forbidden):
            raise Refused("You do not have access to this module", 403)
        version = self._version(request)
        if version is None:
            raise Refused("X-Api-Version must be valid")
        body = self._body(request)
        if verb in LISTINGS:
            return self._shown(self.lists.answer(verb, body, version))
        answer = self._verbs[verb](request, body)
        return Response(204) if answer is None else self._shown(f'{{"data":{answer}}}')

    def _body(self, request: Request) -> dict[str, Any]:
        if request.content_type != JSON:
            raise Refused("Content-Type must be application/json")
        try:
            body = request.json()
        except ValueError:
            raise Refused("The body must be JSON") from None
        if not isinstance(body, dict):
            raise Refused("The body must be an object")
        return body

    def _version(self, request: Request) -> str | None:
        """The version that applies: asked for when newer, else the client's own (1.4)."""
        asked = request.headers.get("x-api-version")
        own = str(self.world.rules.client_version)
        if asked is None:
            return own
        try:
            date.fromisoformat(asked)
        except ValueError:
            return None
        return max(own, str(asked))

    def _shown(self, answer: str) -> Response:
        """The answer as the user may see it: hidden properties and nulls left out on demand."""
        rules = self.world.rules
        if rules.hidden_properties or rules.omit_nulls:
            kept = _without(json.loads(answer), set(rules.hidden_properties), rules.omit_nulls)
            answer = json.dumps(kept, ensure_ascii=False)
        return Response(200, {"Content-Type": JSON}, answer)

    # -- reading one -------------------------------------------------------------------------

    def _check(self, body: dict[str, Any], optional: dict[str, Check] | None = None) -> str:
        shapes.shape({"id": shapes.uuid}, optional)("the body", body, self.world.rules)
        return str(body["id"])

    def _users_me(self, request: Request, body: dict[str, Any]) -> str:
        shapes.shape({})("the body", body, self.world.rules)
        account = self.world.rules.account_id or credentials.TEAMLEADER_ACCOUNT_ID
        me: dict[str, Any] = {
            "id": "d1a7c03e-44f2-0e9b-8c30-7b6f51aa9e02",
            "account": {"type": "account", "id": account},
            "first_name": "Integratie",
            "last_name": "Boekhouding",
            "email": "api@voorbeeld.be",
            "email_verification_status": "confirmed",
            "telephones": [],
            "language": "nl-BE",
            "function": None,
            "time_zone": "Europe/Brussels",
            "preferences": {
                "invoiceable": True,
                "historic_time_tracking_limit": None,
                "whitelabeling": False,
            },
        }
        return json.dumps(me)

    def _invoice_info(self, request: Request, body: dict[str, Any]) -> str:
        found = self._invoice(self._check(body, {"includes": shapes.one_of("late_fees")}))
        return render.invoice_info(found, self.books.now(), self.books.definition("invoice"))

    def _credit_note_info(self, request: Request, body: dict[str, Any]) -> str:
        found = self.books.credit_notes.get(self._check(body))
        if found is None:
            raise Refused("Credit note not found", 404)
        shown = render.credit_note_info(found)
        return f"[{shown}]" if self.world.rules.credit_note_info == "array" else shown

    def _customer_info(self, kind: str, body: dict[str, Any]) -> str:
        wanted = self._check(body, {"includes": shapes.text})
        found = self.books.customers.get(wanted)
        if found is None or found.kind != kind:
            raise Refused(f"{kind.capitalize()} not found", 404)
        definition = self.books.definition("company") if kind == "company" else ""
        return render.customer_info(found, definition)

    def _subscription_info(self, request: Request, body: dict[str, Any]) -> str:
        found = self.books.subscriptions.get(self._check(body))
        if found is None:
            raise Refused("Subscription not found", 404)
        return render.subscription_info(found, self.books.definition("subscription"))

    def _invoice(self, key: str) -> Invoice:
        found = self.books.invoices.by_id.get(key)
        if found is None:
            raise Refused("Invoice not found", 404)
        return found

    # -- documents ---------------------------------------------------------------------------

    def _invoice_download(self, request: Request, body: dict[str, Any]) -> str:
        kind = self._download(body)
        found = self._invoice(str(body["id"]))
        waiting = self.books.now() < found.file_at
        if waiting and self.world.rules.unrendered_download == "refuse":
            raise Refused("The document is not available yet")
        state = "paid" if found.paid else "open"
        link = self.documents.link(request, f"{found.number} {found.due} {state}", kind)
        return json.dumps(link["data"])

    def _credit_note_download(self, request: Request, body: dict[str, Any]) -> str:
        kind = self._download(body)
        found = self.books.credit_notes.get(str(body["id"]))
        if found is None:
            raise Refused("Credit note not found", 404)
        return json.dumps(self.documents.link(request, found.number, kind)["data"])

    def _download(self, body: dict[str, Any]) -> str:
        known = {"id": shapes.uuid, "format": shapes.text}
        shapes.shape(known)("the body", body, self.world.rules)
        return self.documents.check(body["format"])

    # -- writing -----------------------------------------------------------------------------

    def _register_payment(self, request: Request, body: dict[str, Any]) -> None:
        rules = self.world.rules
        shapes.shape(_PAYMENT, {"payment_method_id": shapes.uuid})("the body", body, rules)
        self._payment_method(body.get("payment_method_id"))
        found = self._invoice(str(body["id"]))
        cents = round(body["payment"]["amount"] * 100)
        moment = int(datetime.fromisoformat(body["paid_at"]).timestamp())
        if found.status == "draft":
            raise Refused("Cannot register a payment on a draft")
        if body["payment"]["currency"] != found.currency:
            raise Refused("currency must be that of the invoice")
        if rules.refuse_future_paid_at and moment > self.books.now() + 60:
            raise Refused("paid_at must be valid")
        if (found.paid or found.due <= 0) and rules.pay_paid == "refuse":
            raise Refused("The invoice is already paid")
        if cents > found.due > 0 and rules.overpay == "refuse":
            raise Refused("amount must not be more than the amount due")
        self.books.pay(found.id, cents, moment)

    def _payment_method(self, key: str | None) -> None:
        methods = {one["id"] for one in self.books.payment_methods if one["status"] == "active"}
        if key is not None and key not in methods:
            raise Refused("payment_method_id must be valid")

    def _remove_payments(self, request: Request, body: dict[str, Any]) -> None:
        self.books.remove_payments(self._invoice(self._check(body)).id)

    # -- webhooks, which are only hints ------------------------------------------------------

    def _webhooks_list(self, request: Request, body: dict[str, Any]) -> str:
        shapes.shape({})("the body", body, self.world.rules)
        return json.dumps(sorted(self.webhooks, key=lambda hook: str(hook["url"])))

    def _webhooks_register(self, request: Request, body: dict[str, Any]) -> None:
        known = {"url": shapes.text, "types": shapes.texts}
        shapes.shape(known)("the body", body, self.world.rules)
        self.webhooks.append({"url": body["url"], "types": body["types"]})


def _without(value: Any, names: set[str], nulls: bool) -> Any:
    if isinstance(value, list):
        return [_without(one, names, nulls) for one in value]
    if isinstance(value, dict):
        return {
            name: _without(one, names, nulls)
            for name, one in value.items()
            if name not in names and not (nulls and one is None)
        }
    return value
