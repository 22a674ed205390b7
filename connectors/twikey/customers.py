"""Changing a customer, the only documented customer call (API reference 4.1)."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from connectors.errors import CallRefused, NotFound
from connectors.twikey.calls import Calls, not_found_is_said, require_no_content

CUSTOMER_FIELDS = frozenset(
    {"l", "email", "lastname", "firstname", "mobile", "address", "city", "zip", "country"}
    | {"companyName", "coc"}
)
OFTEN_REFUSED = ("companyName", "coc")

WhyLeftOut = Literal["blank", "unknown", "refused"]


def update(
    calls: Calls,
    customer_number: str,
    changes: dict[str, str],
    *,
    rename_to: str | None,
    profile: str | None,
) -> dict[str, WhyLeftOut]:
    """Do what ``Twikey.update_customer`` promises."""
    left_out = _left_out(changes)
    wanted = {name: value for name, value in changes.items() if name not in left_out}
    wanted |= {"customerNumber": rename_to} if rename_to else {}
    wanted |= {"ct": profile} if profile else {}
    if not wanted:
        return left_out
    try:
        _patch(calls, customer_number, wanted)
    except CallRefused as refusal:
        rest = {name: value for name, value in wanted.items() if name not in OFTEN_REFUSED}
        if refusal.code != "err_invalid_params" or not rest or rest == wanted:
            raise
        _patch(calls, customer_number, rest)
        left_out |= {name: "refused" for name in OFTEN_REFUSED if name in wanted}
    return left_out


def _patch(calls: Calls, customer_number: str, wanted: dict[str, str]) -> None:
    """Send one PATCH; a renaming is not repeated, its second try would not find the customer."""
    what = f"the update of customer {customer_number}"
    if not customer_number.strip("."):
        raise NotFound(f"Twikey cannot know a customer {customer_number!r}")
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in wanted.items())
    path = f"/customer/{quote(customer_number, safe='')}?{query}"
    with not_found_is_said(what):
        answer = calls.write("PATCH", path, what=what, repeatable="customerNumber" not in wanted)
    require_no_content(answer, what)


def _left_out(changes: dict[str, str]) -> dict[str, WhyLeftOut]:
    left_out: dict[str, WhyLeftOut] = {}
    for name, value in changes.items():
        if name not in CUSTOMER_FIELDS:
            left_out[name] = "unknown"
        elif not value.strip():
            left_out[name] = "blank"
    return left_out
