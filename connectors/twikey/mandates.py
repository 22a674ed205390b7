"""Mandates: looked up, and moved to the customer whose they are (API reference 5)."""

from __future__ import annotations

from typing import Any

from connectors.errors import CallRefused, UnexpectedAnswer
from connectors.http import Answer
from connectors.twikey.answers import MandateDetail
from connectors.twikey.calls import Calls, json_of, not_found, require_no_content
from connectors.twikey.parse import fault_of

UNKNOWN_MANDATE = frozenset({"err_no_contract", "err_not_found"})
NOT_SIGNED = "err_invalid_state"


def detail(calls: Calls, number: str) -> MandateDetail | None:
    """Do what ``Twikey.mandate`` promises."""
    what = f"the details of mandate {number}"
    answer = calls.read(
        "/mandate/detail", what=what, params=[("mndtId", number), ("force", "true")], budgeted=True
    )
    fault = fault_of(answer)
    if not_found(answer) or (fault is not None and fault.code in UNKNOWN_MANDATE):
        return None
    try:
        return _mandate(json_of(answer, what), answer, number)
    except CallRefused as refusal:
        if refusal.code != NOT_SIGNED:
            raise
        return MandateDetail(number, None, None, None, signed=False)


def link(calls: Calls, number: str, customer_number: str) -> None:
    """Do what ``Twikey.link_mandate`` promises."""
    what = f"the link of mandate {number}"
    form = {"mndtId": number, "customerNumber": customer_number}
    answer = calls.write("POST", "/mandate/update", what=what, repeatable=True, form=form)
    require_no_content(answer, what)


def _mandate(found: Any, answer: Answer, asked: str) -> MandateDetail:
    """Read a mandate message; its number is Twikey's own spelling (API reference 5.3)."""
    mandate = found.get("Mndt") if isinstance(found, dict) else None
    if not isinstance(mandate, dict):
        raise UnexpectedAnswer(f"Twikey's answer about mandate {asked} holds no mandate")
    debtor = _inner(mandate, "Dbtr")
    state = answer.headers.get("X-STATE", "").strip().upper()
    return MandateDetail(
        number=_line(mandate.get("MndtId")) or asked,
        customer_number=_line(_inner(debtor, "CtctDtls").get("Othr")),
        holder=_line(debtor.get("Nm")),
        iban=_line(mandate.get("DbtrAcct")),
        signed=state in ("", "SIGNED"),
    )


def _inner(found: dict[str, Any], key: str) -> dict[str, Any]:
    inner = found.get(key)
    return inner if isinstance(inner, dict) else {}


def _line(value: object) -> str | None:
    """Return a text or a number as text, None for nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return (value.strip() or None) if isinstance(value, str) else None
