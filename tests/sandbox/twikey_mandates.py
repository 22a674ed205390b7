"""Mandates at the sandbox's Twikey: imported, looked up, moved (reference 5)."""

import re

from tests.sandbox import twikey_checks as checks
from tests.sandbox.twikey_books import Books, Mandate
from tests.sandbox.twikey_checks import Refusal
from tests.sandbox.twikey_customers import PATCHED, Customers
from tests.sandbox.twikey_rules import Switches
from tests.sandbox.twikey_sessions import form_of
from tests.sandbox.twikey_shapes import Shapes
from tests.sandbox.wire import Request, Response


class Mandates:
    """Imports, shows and moves mandates."""

    def __init__(self, books: Books, rules: Switches, shapes: Shapes, customers: Customers) -> None:
        self.books = books
        self.rules = rules
        self.shapes = shapes
        self.customers = customers

    def sign(self, request: Request) -> Response:
        """POST /sign with method=import: an agreement signed elsewhere (5.3)."""
        form = form_of(request)
        for name in ("ct", "method"):
            if not form.get(name):
                raise Refusal("err_missing_params", name)
        ct = checks.profile(form["ct"])
        if ct not in self.books.profiles:
            raise Refusal("err_no_such_ct", "ct")
        if form["method"] != "import":
            raise Refusal("err_not_authorised", "method")
        fields = checks.customer({n: v for n, v in form.items() if n in checks.CUSTOMER_TEXTS})
        signed_on = form.get("signDate", "")[:10] or self.books.today()
        mandate = self.add(
            fields, ct, form.get("mandateNumber"), form.get("iban", ""), form.get("bic", ""),
            checks.day(signed_on, "signDate"),
        )  # fmt: skip
        return Response(200, {}, {"Msg": "OK", "MndtId": mandate.number})

    def add(
        self,
        fields: dict[str, str],
        ct: int,
        number: str | None,
        iban: str,
        bic: str,
        signed_on: str,
    ) -> Mandate:
        """Register a signed mandate; its number comes out in capitals."""
        number = (number or f"ACME{self.books.count('mandate', 1001)}").upper()
        if not valid_iban(iban):
            raise Refusal("err_invalid_iban", "iban")
        if number in self.books.mandates:
            raise Refusal("err_invalid_params", "mandateNumber")
        customer = self.customers.find_or_create(fields)
        mandate = Mandate(number, customer.key, ct, iban.replace(" ", ""), bic, signed_on)
        self.books.add_mandate(mandate)
        return mandate

    def query(self, request: Request) -> Response:
        """GET /mandate/query by customer number, e-mail or IBAN (5.4)."""
        wanted = {
            name: value
            for name in ("customerNumber", "email", "iban")
            if (value := request.argument(name))
        }
        if not wanted:
            raise Refusal("err_missing_params", "customerNumber")
        state, page = request.argument("state") or "SIGNED", request.argument("page") or "0"
        if state not in ("SIGNED", "PREPARED", "CANCELLED") or not page.isdigit():
            raise Refusal("err_invalid_params", "state")
        found = [
            self.shapes.mandate(mandate)
            for mandate in self.books.mandates.values()
            if mandate.state == state and self._is_of(mandate, wanted)
        ]
        start = int(page) * 500
        body = {"Contracts": found[start : start + 500], "_links": {"self": request.path}}
        return Response(200, {}, body)

    def _is_of(self, mandate: Mandate, wanted: dict[str, str]) -> bool:
        customer = self.books.customers[mandate.customer]
        facts = {
            "customerNumber": customer.number,
            "email": customer.fields.get("email"),
            "iban": mandate.iban,
        }
        return all(facts[name] == value for name, value in wanted.items())

    def detail(self, request: Request) -> Response:
        """GET /mandate/detail?mndtId= (5.5)."""
        mandate = self.by_number(request.argument("mndtId"))
        if mandate.state != "SIGNED" and request.argument("force") != "true":
            raise Refusal("err_invalid_state", mandate.number)
        collectable = mandate.state == "SIGNED" and mandate.active
        headers = {"X-STATE": mandate.state, "X-COLLECTABLE": str(collectable).lower()}
        return Response(200, headers, {"Mndt": self.shapes.mandate_detail(mandate)})

    def update(self, request: Request) -> Response:
        """POST /mandate/update: among others, move it to another customer or profile (5.6)."""
        form = form_of(request)
        mandate = self.by_number(form.get("mndtId"))
        known = {name: value for name, value in form.items() if name in PATCHED and value}
        checks.texts(dict(known), PATCHED)
        checks.customer_values(known)
        self._check_update(form)
        if "customerNumber" in known:
            self.books.move_mandate(mandate, self.customers.by_number(known.pop("customerNumber")))
        if "companyName" not in known:
            known.pop("coc", None)
        self.customers.change(self.books.customers[mandate.customer], known)
        mandate.active = form.get("state", "active" if mandate.active else "passive") == "active"
        mandate.ct = checks.profile(form["ct"]) if "ct" in form else mandate.ct
        mandate.iban, mandate.bic = form.get("iban", mandate.iban), form.get("bic", mandate.bic)
        return Response(204)

    def _check_update(self, form: dict[str, str]) -> None:
        if form.get("state") not in (None, "active", "passive"):
            raise Refusal("err_invalid_params", "state")
        if "ct" in form and checks.profile(form["ct"]) not in self.books.profiles:
            raise Refusal("err_no_such_ct", "ct")
        if "iban" in form and not valid_iban(form["iban"]):
            raise Refusal("err_invalid_iban", "iban")

    def by_number(self, number: str | None) -> Mandate:
        """The mandate of that number, in its exact spelling, or a refusal."""
        if not number:
            raise Refusal("err_missing_params", "mndtId")
        if number not in self.books.mandates:
            raise Refusal("err_no_contract", number)
        return self.books.mandates[number]


def valid_iban(iban: str) -> bool:
    """Whether the check digits of an IBAN are right (ISO 13616, mod 97)."""
    compact = iban.replace(" ", "").upper()
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}", compact):
        return False
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1
