"""What became of an invitation, asked by Twikey's filter on details (API reference 2.12)."""

from __future__ import annotations

from typing import Literal

from connectors.twikey.calls import Calls, json_of, not_found

Delivery = Literal["ok", "fail", "not_ok"]


def delivery_is(calls: Calls, path: str, state: Delivery) -> bool:
    """Tell whether the invitation of the invoice at ``path`` is in a state: one budgeted read.

    An invoice that Twikey does not know is in none.
    """
    what = "the delivery of an invitation"
    answer = calls.read(path, what=what, params=[("invite_state", state)], budgeted=True)
    if not_found(answer):
        return False
    json_of(answer, what)
    return True
