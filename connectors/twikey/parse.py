"""Twikey's answers, read tolerantly (API reference 1.9, 2.7, 3.4, 3.5, 5.4).

Keys without value are missing, numbers come as text and the other way round, new fields appear: all
of that is normal. What is never guessed is money and identity: a record without them is unreadable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeGuard, TypeVar

from connectors.http import Answer
from connectors.twikey.answers import BatchRow, FeedPage, Mandate, PaymentEvent, TwikeyInvoice

T = TypeVar("T")
DECIMAL = re.compile(r"[+-]?\d{1,15}(\.\d{1,20})?")
HALF = re.compile(rb"\\u[dD][89a-fA-F]")  # perhaps half a character, perhaps an emoji's
MOST_CENTS = 10**15
CODES_BESIDES_ERR = frozenset({"error_system", "invalid_file", "register_address_missing"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What an answer says went wrong: machine code, offender, translated text."""

    code: str
    extra: str = ""
    message: str = ""

    def __str__(self) -> str:
        return (
            f"{self.code} ({self.extra or self.message})"
            if self.extra or self.message
            else self.code
        )


def json_in(answer: Answer) -> Any:
    """Return the JSON of an answer; a half character, which nothing can store, becomes ``?``.

    Raises ``ValueError`` when the body is no JSON.
    """
    found = answer.json()
    if not HALF.search(answer.body):
        return found
    return json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))


def fault_of(answer: Answer) -> Fault | None:
    """Return the documented fault that an answer of any status holds, or None.

    Order of trust: ``ApiErrorCode``, a code in ``ApiError``, ``code`` in the body (reference 1.8).
    """
    body = _fault_body(answer)
    code = answer.headers.get("ApiErrorCode", "").strip()
    if not re.fullmatch(r"\w{1,60}", code):
        texts = (answer.headers.get("ApiError"), body.get("code"))
        code = next((text.strip() for text in texts if _is_code(text)), "")
    if not code:
        return None
    return Fault(code, _line(body.get("extra")), _line(body.get("message")))


def _fault_body(answer: Answer) -> dict[str, Any]:
    """Return the JSON object that may hold a fault; a big good answer is not parsed for that."""
    if answer.status < 300 and b'"err' not in answer.body:
        return {}
    try:
        body = json_in(answer.shown())
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _is_code(text: object) -> TypeGuard[str]:
    if not isinstance(text, str):
        return False
    return bool(re.fullmatch(r"\s*err_\w{1,60}\s*", text)) or text in CODES_BESIDES_ERR


def _line(value: object) -> str:
    """Return a value as one short line."""
    return " ".join(str(value).split())[:120] if value not in (None, "") else ""


def cents(amount: object) -> int:
    """Return euro, a JSON number or text, as exact cents; raises ``ValueError``.

    Binary noise (``0.30000000000000004``) is the number it stands for; a real third decimal is not
    an amount of money.
    """
    text = _digits(amount)
    if not DECIMAL.fullmatch(text):
        raise ValueError("the amount is not a number")
    exact = Decimal(text) * 100
    whole = round(exact)
    if abs(exact - whole) > Decimal("0.0001") or abs(whole) >= MOST_CENTS:
        raise ValueError("the amount is not a whole number of cents")
    return whole


def _digits(amount: object) -> str:
    if isinstance(amount, str):
        return amount.strip()
    if isinstance(amount, int | float) and not isinstance(amount, bool):
        return format(Decimal(str(amount)), "f")
    return ""


def invoice(found: object, *, warning: str | None = None) -> TwikeyInvoice:
    """Return an invoice; raises ``ValueError`` without an id or with an amount that is none."""
    row = _dict(found)
    amount = row.get("amount")
    state = _text(row.get("state")) or _text(row.get("status"))
    return TwikeyInvoice(
        id=_required(row, "id"),
        number=_text(row.get("number")),
        ref=_text(row.get("ref")),
        ct=_text(row.get("ct")),
        amount_cents=None if amount is None else cents(amount),
        issued_on=_text(row.get("date")),
        due_on=_text(row.get("duedate")),
        state=state.upper() if state else None,
        url=_text(row.get("url")),
        customer_number=_text(_dict(row.get("customer")).get("customerNumber")),
        last_payment=_newest(row.get("lastpayment")),
        meta=_dict(row.get("meta")),
        warning=_line(warning) or None,
    )


def _newest(payments: object) -> dict[str, object] | None:
    """Return the element with the latest date, the first of equals (API reference 2.7)."""
    found = payments if isinstance(payments, list) else [payments]
    rows = [row for row in found if isinstance(row, dict) and row]
    return max(rows, key=lambda row: str(row.get("date") or ""), default=None)


def payment_event(found: object) -> PaymentEvent:
    """Return one event of the payment feed; raises ``ValueError`` when it cannot be booked."""
    row = _dict(found)
    origin, details = _dict(row.get("origin")), _dict(row.get("details"))
    return PaymentEvent(
        event_id=_required(row, "eventId"),
        event_type=_required(row, "eventType"),
        occurred_at=_required(row, "occurredAt"),
        amount_cents=cents(row.get("amount")),
        currency=_text(row.get("currency")) or "EUR",
        invoice_id=_text(origin.get("id")),
        invoice_number=_text(origin.get("number")),
        ref=_text(origin.get("ref")),
        source=_text(details.get("source")),
        details=details,
        error=_dict(row.get("error")) or None,
    )


def feed_items(found: list[Any], read: Callable[[object], T]) -> FeedPage[T]:
    """Return the items that can be read, and one line for each that cannot; no position yet."""
    page: FeedPage[T] = FeedPage([], None)
    for place, item in enumerate(found):
        try:
            page.items.append(read(item))
        except ValueError as problem:
            row = _dict(item)
            name = _line(row.get("eventId") or row.get("id")) or f"item {place + 1} of the page"
            page.unreadable.append(f"{name}: {problem}")
    return page


def batch_rows(found: list[Any]) -> list[BatchRow]:
    """Return the outcome of each member of a bulk; rows without an id tell nothing (2.14)."""
    rows = []
    for row in map(_dict, found):
        identity, status = _text(row.get("id")), _line(row.get("status"))
        if identity:
            rows.append(BatchRow(identity, status.upper() == "OK", status))
    return rows


def mandates(found: object) -> list[Mandate]:
    """Return the mandates of a query; those without a number are left out."""
    contracts = _dict(found).get("Contracts")
    rows = [_dict(row) for row in contracts] if isinstance(contracts, list) else []
    return [
        Mandate(
            number=number,
            state=(_text(row.get("state")) or "").upper(),
            type=_text(row.get("type")),
            iban=_text(row.get("iban")),
        )
        for row in rows
        if (number := _text(row.get("mandateNumber")))
    ]


def method_names(found: object) -> list[str]:
    """Return the payment methods that an answer of undocumented shape names, each once, in order.

    Read: a list of names or of objects with a name, an object of lists, and name-to-switch tables.
    """
    return list(dict.fromkeys(_names(found)))


def _names(found: object) -> list[str]:
    if isinstance(found, str):
        return [found] if found else []
    if isinstance(found, list):
        return [name for element in found for name in _names(element)]
    row = _dict(found)
    if row.get("active") is False or row.get("enabled") is False:
        return []
    for key in ("method", "name", "code", "type", "id"):
        if isinstance(row.get(key), str):
            return [row[key]]
    return [name for key, value in row.items() for name in _switched(key, value)]


def _switched(key: str, value: object) -> list[str]:
    """Return the names behind one entry of a table: its own when it is a switch that is on."""
    if key in {"active", "enabled"}:
        return []
    if value is True:
        return [key]
    if isinstance(value, dict) and (value.get("active") is True or value.get("enabled") is True):
        return _names(value) or [key]
    return _names(value) if isinstance(value, list | dict) else []


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    """Return text, or a number as text; None for anything else and for nothing."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _required(row: dict[str, Any], key: str) -> str:
    value = _text(row.get(key))
    if value is None:
        raise ValueError(f"it has no {key}")
    return value
