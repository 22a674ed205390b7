"""Customers at the sandbox's Twikey (reference 4)."""

import re

from tests.sandbox import twikey_checks as checks
from tests.sandbox.twikey_books import Books, Customer
from tests.sandbox.twikey_checks import Refusal
from tests.sandbox.twikey_rules import Switches
from tests.sandbox.twikey_shapes import Shapes
from tests.sandbox.wire import Request, Response

PATCHED: dict[str, int | None] = {
    name: longest
    for name, longest in checks.CUSTOMER_TEXTS.items()
    if name not in ("vatno", "peppol")
}
UNDOCUMENTED: dict[str, int | None] = {"vatno": 50, "peppol": 50, "delivery": None}
_NAMES = ("companyName", "lastname", "firstname")


class Customers:
    """Finds, creates and changes customers."""

    def __init__(self, books: Books, rules: Switches, shapes: Shapes) -> None:
        self.books = books
        self.rules = rules
        self.shapes = shapes

    def find(self, fields: dict[str, str]) -> Customer | None:
        """The customer of that number; without a number, the first of that e-mail (2.3)."""
        if "customerNumber" in fields:
            return self.books.customer_by_number(fields["customerNumber"])
        key = self.books.emails.get(fields["email"])
        customer = None if key is None else self.books.customers[key]
        moved_on = customer is not None and customer.fields.get("email") != fields["email"]
        return None if moved_on else customer

    def find_or_create(self, fields: dict[str, str], ct: int | None = None) -> Customer:
        """The customer an invoice or mandate is for; an existing one is not changed (2.3)."""
        known = self.find(fields)
        described = {name: value for name, value in fields.items() if name != "customerNumber"}
        if known is None:
            if self.rules.name_required and not any(name in described for name in _NAMES):
                raise Refusal("err_name_required", "customer")
            known = self.books.add_customer(fields.get("customerNumber"), described)
            if ct is not None and self.rules.ct_sets_default:
                known.ct = ct
        elif self.rules.create_overwrites:
            known.fields.update(described)
        return known

    def by_number(self, number: str) -> Customer:
        """The customer of that number, or err_debtor_not_found."""
        customer = self.books.customer_by_number(number)
        if customer is None:
            raise Refusal("err_debtor_not_found", number)
        return customer

    def patch(self, request: Request, number: str) -> Response:
        """PATCH /customer/{number}: query only, the body is not looked at (4.1)."""
        customer = self.by_number(number)
        values = self._patch_values(request)
        new_number = values.pop("customerNumber", None)
        ct = self._patched_profile(request)
        if new_number and new_number != number:
            if self.books.customer_by_number(new_number):
                raise Refusal("err_duplicate_ref", new_number)
            self.books.rename_customer(customer, new_number)
        if values.get("companyName", customer.fields.get("companyName")) == customer.fields.get(
            "companyName"
        ):
            values.pop("coc", None)
        self.change(customer, values)
        customer.ct = ct or customer.ct
        return Response(204)

    def change(self, customer: Customer, values: dict[str, str]) -> None:
        """Set fields; blank ones are cleared."""
        customer.fields.update(values)
        for name in [name for name, value in customer.fields.items() if not value]:
            del customer.fields[name]
        if values.get("email"):
            self.books.emails[values["email"]] = customer.key

    def _patch_values(self, request: Request) -> dict[str, str]:
        table = PATCHED | UNDOCUMENTED if self.rules.patch_undocumented else PATCHED
        values = {name: value for name, value in request.query if name in table}
        for name in [name for name, value in values.items() if not value]:
            if self.rules.blank_parameter == "refuse" or name == "customerNumber":
                raise Refusal("err_invalid_params", name)
            if self.rules.blank_parameter == "ignore":
                del values[name]
        checks.texts(dict(values), table)
        checks.customer_values({name: value for name, value in values.items() if value})
        return values

    def _patched_profile(self, request: Request) -> int | None:
        value = request.argument("ct")
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]{1,4}", value) or int(value) not in self.books.profiles:
            raise Refusal("err_invalid_params", "ct")
        return int(value)

    def show(self, number: str) -> Response:
        """GET /customer/{number}, undocumented (4.2)."""
        if not self.rules.customer_get:
            raise Refusal("err_invalid_params", "customer")
        customer = self.books.customer_by_number(number)
        if customer is None:
            raise Refusal("err_not_found", number)
        return Response(200, {}, self.shapes.customer(customer))
