"""The list calls of the pretend Teamleader: select, order, page, render (API reference 2).

Paging is by offset over the live set. A selection is kept until the books change, so that page
500 costs no more than page 1.
"""

import random
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import blake2b
from itertools import groupby
from typing import Any

from tests.sandbox import render
from tests.sandbox.books import Books
from tests.sandbox.entities import CreditNote, Customer, Invoice, Subscription
from tests.sandbox.indexes import by_date, by_number
from tests.sandbox.queries import LISTINGS, Query, checked
from tests.sandbox.world import World

Key = Callable[[Any], Any]
_KEPT_ROWS = 20_000  # rendered invoices that are kept, 1.5 kB each
_NARROW = 4  # an index is used when it leaves less than a quarter of all invoices


class Lists:
    """Answers every ``*.list`` call from the books."""

    def __init__(self, world: World, books: Books) -> None:
        self.world, self.books = world, books
        self._kept: dict[Any, list[Any]] = {}
        self.asked = 0  # how often something came in an order of chance
        self._answers: dict[str, Callable[[Query], tuple[Sequence[Any], Key]]] = {
            "invoices.list": self._invoices,
            "creditNotes.list": self._credit_notes,
            "contacts.list": lambda query: self._customers("contact", query),
            "companies.list": lambda query: self._customers("company", query),
            "subscriptions.list": self._subscriptions,
            "customFieldDefinitions.list": self._definitions,
            "paymentMethods.list": self._payment_methods,
            "departments.list": self._departments,
            "paymentTerms.list": lambda _: (self.books.payment_terms, _nothing),
        }

    def answer(self, verb: str, body: dict[str, Any], version: str) -> str:
        """The JSON of one page; `Refused` when the request is wrong."""
        query = checked(verb, body, self.world.rules, self.world.now())
        found, key = self._answers[verb](query)
        start = (query.number - 1) * query.size
        page = self._ties(found, key, start, start + query.size)
        rows = render.array([self._row(one, query, version) for one in page])
        return f'{{"data":{rows}{self._meta(verb, query, len(found))}}}'

    def _meta(self, verb: str, query: Query, matches: int) -> str:
        if verb == "paymentTerms.list":
            default = self.books.payment_terms[0]["id"]
            return f',"meta":{{"default":"{default}"}}'
        asked = "pagination" in query.includes and LISTINGS[verb].meta
        if not asked or not self.world.rules.pagination_meta:
            return ""
        page = f'{{"size":{query.size},"number":{query.number}}}'
        return f',"meta":{{"page":{page},"matches":{matches}}}'

    def _row(self, one: Any, query: Query, version: str) -> str:
        match one:
            case Invoice():
                return self._invoice_row(one, late_fees="late_fees" in query.includes)
            case CreditNote():
                return render.credit_note_row(one)
            case Customer():
                asked = "custom_fields" in query.includes
                return render.customer_row(one, self._customer_field(one.kind) if asked else None)
            case Subscription():
                return render.subscription_row(one)
        return render.plain(one, version)

    def _invoice_row(self, one: Invoice, *, late_fees: bool) -> str:
        kept, now = self.books.invoices.rendered, self.books.now()
        row = None if late_fees else kept.get(one.id)
        if row is None:
            row = render.invoice_row(one, now, late_fees=late_fees)
            if len(kept) < _KEPT_ROWS and not late_fees and now >= one.file_at:
                kept[one.id] = row
        return row

    def _customer_field(self, kind: str) -> str:
        return self.books.definition(kind) if kind == "company" else ""

    def _kept_or(self, key: tuple[Any, ...], build: Callable[[], list[Any]]) -> list[Any]:
        if key not in self._kept:
            if len(self._kept) >= 16:
                self._kept.clear()
            self._kept[key] = build()
        return self._kept[key]

    def start_over(self, asked: int) -> None:
        """Forget every page kept; the books are others now. ``asked`` is as it was then."""
        self._kept.clear()
        self.asked = asked

    # -- order among equals ------------------------------------------------------------------

    def _chance(self) -> random.Random:
        """The next order of chance; the same in every world that was asked the same."""
        self.asked += 1
        return random.Random(self.asked)

    def _ties(self, found: Sequence[Any], key: Key, start: int, end: int) -> Sequence[Any]:
        """A page, the order inside groups of equal keys shuffled or by hash, never by age."""
        if key is _nothing or start >= len(found):
            return found[start:end]
        first, last = start, min(end, len(found))
        while first > 0 and key(found[first - 1]) == key(found[start]):
            first -= 1
        while last < len(found) and key(found[last]) == key(found[last - 1]):
            last += 1
        chance = self._chance()
        settled: list[Any] = []
        for _, equals in groupby(found[first:last], key):
            group = list(equals)
            if len(group) > 1 and self.world.rules.shuffle_ties:
                chance.shuffle(group)
            elif len(group) > 1:
                group.sort(key=lambda one: _hash(one.id))
            settled += group
        return settled[start - first : end - first]

    # -- invoices ----------------------------------------------------------------------------

    def _invoices(self, query: Query) -> tuple[list[Invoice], Key]:
        index, rules = self.books.invoices, self.world.rules
        key = (index.version, repr(sorted(query.filter.items())), query.sort, query.descending)
        modes = (rules.number_sort, rules.updated_since_inclusive)
        found = self._kept_or((*key, *modes), lambda: self._select_invoices(query))
        if query.sort == "invoice_date":
            return found, lambda one: one.date
        return found, lambda one: one.number

    def _select_invoices(self, query: Query) -> list[Invoice]:
        order: Key = by_date if query.sort == "invoice_date" else by_number
        if query.sort == "invoice_number" and self.world.rules.number_sort == "text":
            order = _by_number_text
        candidates, ordered = self._candidates(query)
        tests = self._invoice_tests(query.filter)
        found = [one for one in candidates if all(test(one) for test in tests)]
        if ordered is not order:
            found.sort(key=order)
        if query.descending:
            found.reverse()
        return found

    def _candidates(self, query: Query) -> tuple[Sequence[Invoice], Key | None]:
        asked, index = query.filter, self.books.invoices
        if "ids" in asked:
            known = index.by_id
            return [known[one] for one in dict.fromkeys(asked["ids"]) if one in known], None
        if "customer" in asked:
            return index.of_customer(asked["customer"]["id"]), None
        narrow: list[list[Invoice]] = []
        if "updated_since" in asked:
            inclusive = self.world.rules.updated_since_inclusive
            narrow.append(index.since(_second(asked["updated_since"]), inclusive=inclusive))
        if "invoice_date_after" in asked or "invoice_date_before" in asked:
            window = asked.get("invoice_date_after"), asked.get("invoice_date_before")
            narrow.append(index.between(*window))
        smallest = min(narrow, key=len, default=index.numbered)
        if len(smallest) * _NARROW < len(index):
            return smallest, None
        if query.sort == "invoice_date":
            return index.dated, by_date
        return index.numbered, by_number

    def _invoice_tests(self, asked: dict[str, Any]) -> list[Callable[[Invoice], bool]]:
        tests: list[Callable[[Invoice], bool]] = []
        if "updated_since" in asked:
            start = _second(asked["updated_since"])
            start += 0 if self.world.rules.updated_since_inclusive else 1
            tests.append(lambda one: one.updated_at >= start)
        if "status" in asked:
            words = frozenset(asked["status"])
            tests.append(lambda one: one.status in words)
        if "invoice_date_after" in asked:
            after = asked["invoice_date_after"]
            tests.append(lambda one: one.date is not None and one.date >= after)
        if "invoice_date_before" in asked:
            before = asked["invoice_date_before"]
            tests.append(lambda one: one.date is not None and one.date <= before)
        if "term" in asked:
            term = asked["term"].lower()
            tests.append(lambda one: term in _searched(one))
        equal = {
            "invoice_number": "number",
            "department_id": "department",
            "subscription_id": "subscription",
            "purchase_order_number": "purchase_order",
            "payment_reference": "reference",
        }
        tests += [_equals(equal[name], value) for name, value in asked.items() if name in equal]
        if "customer" in asked:
            tests += [_equals("customer_kind", asked["customer"]["type"])]
        if {"deal_id", "project_id"} & set(asked):
            tests.append(lambda one: False)
        return tests

    # -- the others --------------------------------------------------------------------------

    def _credit_notes(self, query: Query) -> tuple[list[CreditNote], Key]:
        found = self._select_credit_notes(query.filter)
        if self.world.rules.shuffle_credit_notes:
            self._chance().shuffle(found)
        return found, _nothing

    def _select_credit_notes(self, asked: dict[str, Any]) -> list[CreditNote]:
        found = [one for one in self.books.credit_notes.values() if self._credit_fits(one, asked)]
        return sorted(found, key=lambda one: _hash(one.id))

    def _credit_fits(self, one: CreditNote, asked: dict[str, Any]) -> bool:
        customer = asked.get("customer")
        return (
            ("ids" not in asked or one.id in asked["ids"])
            and asked.get("department_id") in (None, one.department)
            and asked.get("invoice_id") in (None, one.invoice)
            and "project_id" not in asked
            and (not customer or customer == {"type": one.customer_kind, "id": one.customer_id})
            and self._since(asked, one.updated_at)
            and asked.get("credit_note_date_after", "") <= one.date
            and one.date < asked.get("credit_note_date_before", "9999")  # exclusive: quirk 9
        )

    def _since(self, asked: dict[str, Any], updated_at: int) -> bool:
        if "updated_since" not in asked:
            return True
        since = _second(asked["updated_since"])
        return updated_at > since or (
            updated_at == since and bool(self.world.rules.updated_since_inclusive)
        )

    def _customers(self, kind: str, query: Query) -> tuple[list[Customer], Key]:
        key: Key = {
            "name": lambda one: one.display_name.lower(),
            "added_at": lambda one: one.added_at,
            "updated_at": lambda one: one.updated_at,
        }[query.sort or "name"]
        kept = (self.books.customers_version, kind, repr(sorted(query.filter.items())))
        inclusive = self.world.rules.updated_since_inclusive
        return self._kept_or(
            (*kept, query.sort, query.descending, inclusive),
            lambda: sorted(
                self._people(kind, query.filter),
                key=lambda one: (key(one), one.serial),
                reverse=query.descending,
            ),
        ), key

    def _people(self, kind: str, asked: dict[str, Any]) -> list[Customer]:
        known = self.books.customers
        if "ids" in asked:
            some = [known[one] for one in dict.fromkeys(asked["ids"]) if one in known]
        else:
            some = list(known.values())
        return [one for one in some if one.kind == kind and self._person_fits(one, asked)]

    def _person_fits(self, one: Customer, asked: dict[str, Any]) -> bool:
        mails = f"{one.email} {one.invoicing_email}"
        words = f"{one.display_name} {mails} {one.vat_number} {one.phone} {one.mobile}".lower()
        return (
            self._since(asked, one.updated_at)
            and self._status_fits(one, asked.get("status"))
            and asked.get("email", {}).get("email") in (None, one.email)
            and asked.get("term", "").lower() in words
            and set(asked.get("tags", ())) <= set(one.tags)
            and asked.get("vat_number") in (None, one.vat_number)
            and asked.get("national_identification_number") in (None, one.enterprise_number)
            and not asked.get("marketing_mails_consent")
            and "company_id" not in asked
        )

    def _status_fits(self, one: Customer, asked: str | None) -> bool:
        """Whether deactivated ones come without being asked for is unknown (2.3, U22)."""
        if asked is None:
            return one.status == "active" or bool(self.world.rules.lists_deactivated)
        return asked == one.status

    def _subscriptions(self, query: Query) -> tuple[list[Subscription], Key]:
        asked = query.filter
        ids = set(asked["ids"]) if "ids" in asked else None
        if "invoice_id" in asked:
            parent = self.books.invoices.by_id.get(asked["invoice_id"])
            ids = {parent.subscription or ""} if parent else set()
        customer = asked.get("customer")
        found = [
            one
            for one in self.books.subscriptions.values()
            if (ids is None or one.id in ids)
            and asked.get("department_id") in (None, one.department)
            and one.status in asked.get("status", (one.status,))
            and (not customer or customer == {"type": one.customer_kind, "id": one.customer_id})
            and "deal_id" not in asked
        ]
        name = query.sort or "title"
        found.sort(key=lambda one: (getattr(one, name), one.serial), reverse=query.descending)
        return found, lambda one: getattr(one, name)

    def _definitions(self, query: Query) -> tuple[list[dict[str, Any]], Key]:
        found = _plain(self.books.definitions, query.filter)
        name = query.sort or "label"
        found.sort(key=lambda one: str(one[name]), reverse=query.descending)
        return found, _nothing

    def _payment_methods(self, query: Query) -> tuple[list[dict[str, Any]], Key]:
        return _plain(self.books.payment_methods, query.filter), _nothing

    def _departments(self, query: Query) -> tuple[list[dict[str, Any]], Key]:
        rows: list[dict[str, Any]] = [
            {
                "id": one.id,
                "name": one.name,
                "vat_number": one.vat_number,
                "currency": one.currency,
                "emails": [{"type": "primary", "email": "info@voorbeeld.be"}],
                "status": one.status,
            }
            for one in self.books.departments
        ]
        return _plain(rows, query.filter), _nothing


def _nothing(one: Any) -> None:
    return None


def _plain(rows: Sequence[dict[str, Any]], asked: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        row
        for row in rows
        if ("ids" not in asked or row["id"] in asked["ids"])
        and ("status" not in asked or row["status"] in asked["status"])
        and asked.get("context") in (None, row.get("context"))
    ]


def _equals(name: str, value: Any) -> Callable[[Invoice], bool]:
    return lambda one: bool(getattr(one, name) == value)


def _searched(one: Invoice) -> str:
    return f"{one.number} {one.purchase_order} {one.reference} {one.name}".lower()


def _second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _hash(key: str) -> bytes:
    return blake2b(key.encode("utf-8", "replace"), digest_size=8).digest()


def _by_number_text(one: Invoice) -> tuple[str, int]:
    return one.number or "", one.serial
