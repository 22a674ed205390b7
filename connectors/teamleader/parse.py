"""From the bytes of an answer to records: whole pages at once, single rows only when one is bad.

A page is validated from its bytes in one go, which is cheaper than ``json.loads`` and dictionary
access. Only when that fails is it taken apart, so that one bad row becomes ``Broken`` and its
neighbours go on. An answer that is not ``{"data": [...]}`` is never an empty page: it raises.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Generic, NamedTuple, TypeVar

from connectors.errors import RecordUnreadable, UnexpectedAnswer
from connectors.http import Answer, read_json

R = TypeVar("R")

# What a row may be: the class that reads it, imported on first need. pydantic takes 60 ms to build
# the shapes, and an idle run has nothing to read.
INVOICE = "booking_shapes.Invoice"
INVOICE_INFO = "booking_shapes.InvoiceInfo"
CREDIT_NOTE = "booking_shapes.CreditNote"
COMPANY = "customer_shapes.Company"
CONTACT = "customer_shapes.Contact"
SUBSCRIPTION = "account_shapes.SubscriptionInfo"
DEFINITION = "account_shapes.Definition"
DEPARTMENT = "account_shapes.DepartmentShape"
PAYMENT_METHOD = "account_shapes.PaymentMethodShape"
ME = "account_shapes.Me"
LINK = "account_shapes.Link"

OK = 200
SMALL = 200  # bytes: an answer this short may be an empty page, which needs no shapes
OTHER_WORDS = ("error_description", "error", "message")
ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Broken(NamedTuple):
    """A row that cannot be used: id and number where there are any, and what is wrong."""

    id: str | None
    number: str | None
    problem: str


@dataclass(slots=True)
class Rows(Generic[R]):
    """One page: its records, its broken rows, and the total that ``meta.matches`` promised."""

    rows: list[R]
    broken: list[Broken] = field(default_factory=list)
    matches: int | None = None

    def __len__(self) -> int:
        return len(self.rows) + len(self.broken)


def page(answer: Answer, shape: str, method: str) -> Rows[Any]:
    """Return the rows of a list answer as records of ``shape``, one of the names above.

    Raises ``UnexpectedAnswer`` for anything that is not a list.
    """
    if len(answer.body) < SMALL or answer.status != OK:
        found = _envelope(answer, method)
        if not found["data"]:
            return Rows([], matches=_matches(found.get("meta")))
    wanted = _shape(shape)
    listed = _shape("shapes.Listed")[wanted]
    try:
        taken = listed.model_validate_json(answer.body)
        return Rows([row.record() for row in taken.data], matches=_matches(taken.meta))
    except ValueError:
        return _one_by_one(_envelope(answer, method), wanted)


def single(answer: Answer, shape: str, method: str) -> Any:
    """Return the one object of an answer as a record; both shapes of ``creditNotes.info`` are read.

    Raises ``UnexpectedAnswer`` when there is none, ``RecordUnreadable`` when it cannot be used.
    """
    found = _parsed(answer, method).get("data")
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict):
        raise UnexpectedAnswer(f"Teamleader answered {method} without an object")
    try:
        return _record(_shape(shape), found)
    except ValueError as error:
        raise RecordUnreadable(f"Teamleader's answer to {method}: {problem(error)}") from None


def complaint(body: bytes) -> str | None:
    """Return what an error answer says, None when it is not the API that speaks (reference 1.6)."""
    try:
        found = read_json(body)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    errors = found.get("errors")
    rows = errors if isinstance(errors, list) else []
    said = [str(one["title"]) for one in rows if isinstance(one, dict) and one.get("title")]
    said += [found[key] for key in OTHER_WORDS if isinstance(found.get(key), str)][: not said]
    return " ".join("; ".join(said).split())[:300].encode(errors="replace").decode()


def problem(error: ValueError) -> str:
    """Say in one sentence which field cannot be used, without quoting what it holds."""
    details = getattr(error, "errors", None)
    if details is None:
        return str(error)
    first = details(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "its text"
    if first["type"] == "missing":
        return f"{where} is missing"
    if first["type"] == "json_invalid":
        deep = "recursion" in first["msg"]
        return "it is nested too deep" if deep else "one of its texts holds a broken character"
    return f"{where} cannot be used ({first['msg'][0].lower()}{first['msg'][1:]})"


def _shape(name: str) -> Any:
    """Return a shape by name; its module is imported on first need."""
    module, _, own = name.partition(".")
    return getattr(import_module(f"connectors.teamleader.{module}"), own)


def _parsed(answer: Answer, method: str) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.status != OK or not isinstance(found, dict):
        raise UnexpectedAnswer(
            f"Teamleader answered {method} with {answer.status} and something that is not its "
            f"JSON: {answer.excerpt()}"
        )
    return found


def _envelope(answer: Answer, method: str) -> dict[str, Any]:
    """Return a list answer as it is; an error dressed as a list is not one."""
    found = _parsed(answer, method)
    if not isinstance(found.get("data"), list) or found.get("errors"):
        raise UnexpectedAnswer(f"Teamleader answered {method} without a list of rows")
    return found


def _matches(meta: object) -> int | None:
    promised = meta.get("matches") if isinstance(meta, dict) else None
    return promised if type(promised) is int and promised >= 0 else None


def _one_by_one(found: dict[str, Any], shape: Any) -> Rows[Any]:
    page: Rows[Any] = Rows([], matches=_matches(found.get("meta")))
    for raw in found["data"]:
        try:
            page.rows.append(_record(shape, raw))
        except ValueError as error:
            page.broken.append(_broken(raw, problem(error)))
    return page


def _record(shape: Any, found: object) -> Any:
    """Return one object as a record, under the rules of JSON: half characters are no text."""
    return shape.model_validate_json(json.dumps(found)).record()


def _broken(raw: object, what: str) -> Broken:
    row = raw if isinstance(raw, dict) else {}
    known = row.get("id")
    number = row.get("invoice_number") or row.get("credit_note_number")
    return Broken(
        known.lower() if isinstance(known, str) and ID.fullmatch(known) else None,
        number.encode(errors="replace").decode() if isinstance(number, str) else None,
        what,
    )
