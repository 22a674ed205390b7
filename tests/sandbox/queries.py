"""What a list call may ask, endpoint by endpoint (API reference 2.1-2.3), and how it is checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.sandbox import shapes
from tests.sandbox.refusals import Refused
from tests.sandbox.shapes import Check
from tests.sandbox.world import Rules

CONTEXTS = (
    "contact company sale project product invoice subscription ticket meeting todo callback"
    " meeting_report pro_external_cost werkbonnen"
)


@dataclass(frozen=True)
class Listing:
    """What one list endpoint understands."""

    filters: Mapping[str, Check] = field(default_factory=dict)
    sorts: tuple[str, ...] = ()
    default_order: str = "asc"
    includes: tuple[str, ...] = ()
    paged: bool = True
    meta: bool = True  # False: not even when pagination is asked (contacts)


@dataclass
class Query:
    """A list request that passed every check."""

    filter: dict[str, Any]
    sort: str | None
    descending: bool
    number: int
    size: int
    includes: set[str]


_PEOPLE: dict[str, Check] = {
    "ids": shapes.uuids,
    "email": shapes.email,
    "term": shapes.text,
    "updated_since": shapes.instant,
    "tags": shapes.texts,
    "status": shapes.one_of("active", "deactivated"),
    "marketing_mails_consent": shapes.boolean,
}
_PEOPLE_SORTS = ("name", "added_at", "updated_at")
LISTINGS: dict[str, Listing] = {
    "invoices.list": Listing(
        {
            "ids": shapes.uuids,
            "term": shapes.text,
            "invoice_number": shapes.text,
            "department_id": shapes.uuid,
            "deal_id": shapes.uuid,
            "project_id": shapes.uuid,
            "subscription_id": shapes.uuid,
            "status": shapes.some_of("draft", "outstanding", "matched"),
            "updated_since": shapes.instant,
            "purchase_order_number": shapes.text,
            "payment_reference": shapes.text,
            "invoice_date_after": shapes.day,
            "invoice_date_before": shapes.day,
            "customer": shapes.customer,
        },
        ("invoice_number", "invoice_date"),
        "desc",  # the sources differ (2.2): a client that relies on asc must notice
        ("late_fees",),
    ),
    "creditNotes.list": Listing(
        {
            "ids": shapes.uuids,
            "department_id": shapes.uuid,
            "invoice_id": shapes.uuid,
            "project_id": shapes.uuid,
            "customer": shapes.customer,
            "updated_since": shapes.instant,
            "credit_note_date_after": shapes.day,
            "credit_note_date_before": shapes.day,
        },
    ),
    "contacts.list": Listing(
        {**_PEOPLE, "company_id": shapes.uuid},
        _PEOPLE_SORTS,
        includes=("custom_fields", "price_list"),
        meta=False,
    ),
    "companies.list": Listing(
        {**_PEOPLE, "vat_number": shapes.text, "national_identification_number": shapes.text},
        _PEOPLE_SORTS,
        includes=("custom_fields", "price_list"),
    ),
    "subscriptions.list": Listing(
        {
            "ids": shapes.uuids,
            "invoice_id": shapes.uuid,
            "deal_id": shapes.uuid,
            "department_id": shapes.uuid,
            "customer": shapes.customer,
            "status": shapes.some_of("active", "deactivated"),
        },
        ("title", "created_at", "status"),
    ),
    "customFieldDefinitions.list": Listing(
        {"ids": shapes.uuids, "context": shapes.one_of(*CONTEXTS.split())}, ("label", "context")
    ),
    "paymentMethods.list": Listing(
        {"ids": shapes.uuids, "status": shapes.some_of("active", "archived")}
    ),
    "departments.list": Listing(
        {"ids": shapes.uuids, "status": shapes.some_of("active", "archived")},
        ("default_department", "name", "created_at"),
        paged=False,
    ),
    "paymentTerms.list": Listing(paged=False),
}


def checked(verb: str, body: Mapping[str, Any], rules: Rules, now: datetime) -> Query:
    """The query in a body; `Refused` names the first thing that is wrong."""
    listing = LISTINGS[verb]
    _known_keys(listing, body, rules)
    sort, descending = _sort(listing, body.get("sort"), rules)
    number, size = _page(body.get("page"), rules) if listing.paged else (1, 10**9)
    return Query(
        _filter(listing, body.get("filter"), rules, now),
        sort,
        descending,
        number,
        size,
        _includes(listing, body.get("includes"), rules),
    )


def _known_keys(listing: Listing, body: Mapping[str, Any], rules: Rules) -> None:
    known = {"includes"}
    known |= {"filter"} if listing.filters else set()
    known |= {"sort"} if listing.sorts else set()
    known |= {"page"} if listing.paged else set()
    unknown = sorted(set(body) - known)
    if unknown and rules.unknown_keys == "refuse":
        raise Refused(f"{unknown[0]} is not expected")


def _filter(listing: Listing, given: Any, rules: Rules, now: datetime) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Refused("filter must be an object")
    kept = {}
    for name, value in given.items():
        if name not in listing.filters:
            if rules.unknown_filters == "refuse":
                raise Refused(f"{name} is not expected in filter")
            continue
        listing.filters[name](name, value, rules)
        if name not in rules.ignored_filters:
            kept[name] = value
    since = kept.get("updated_since")
    if since and rules.refuse_future_since and datetime.fromisoformat(since) > now:
        raise Refused("updated_since must be in the past")
    return kept


def _sort(listing: Listing, given: Any, rules: Rules) -> tuple[str | None, bool]:
    if given is None or not listing.sorts:
        return (listing.sorts[0] if listing.sorts else None), listing.default_order == "desc"
    if not isinstance(given, list) or len(given) != 1:
        raise Refused("sort must be an array of one item")
    item = shapes.shape(
        {"field": shapes.one_of(*listing.sorts)}, {"order": shapes.one_of("asc", "desc")}
    )
    item("sort", given[0], rules)
    return given[0]["field"], given[0].get("order", listing.default_order) == "desc"


def _page(given: Any, rules: Rules) -> tuple[int, int]:
    if given is None:
        return 1, rules.default_page_size
    if not isinstance(given, dict) or set(given) - {"size", "number"}:
        raise Refused("page must be an object of size and number")
    number, size = given.get("number", 1), given.get("size", rules.default_page_size)
    if not _counts(number) or number < 1:
        raise Refused("number must be at least 1")
    if not _counts(size) or not 1 <= size <= rules.max_page_size:
        raise Refused(f"size must be between 1 and {rules.max_page_size}")
    return number, size


def _counts(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _includes(listing: Listing, given: Any, rules: Rules) -> set[str]:
    if given is None:
        return set()
    if not isinstance(given, str):
        raise Refused("includes must be a string")
    asked = {word.strip() for word in given.split(",")}
    known = {*listing.includes, "pagination"}
    if asked - known and rules.unknown_keys == "refuse":
        raise Refused(f"includes must be in {{{', '.join(sorted(known))}}}")
    return asked & known
