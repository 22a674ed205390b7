"""What can go wrong with a call, and which call of a run is which kind."""

from __future__ import annotations

import re
from typing import Any

from tests.sandbox.world import Call

HTML = "<html><body><h1>Bad gateway</h1></body></html>"
SLOW_DOWN = {
    "x-ratelimit-limit": "200",
    "x-ratelimit-remaining": "0",
    "X-Rate-Limit-Retry-After-Seconds": "30",
    "Retry-After": "30",
}
FAULTS: dict[str, dict[str, Any]] = {
    "reset before": {"kind": "reset_before"},
    "reset after": {"kind": "reset_after"},
    "late": {"kind": "late"},
    "hang": {"kind": "hang", "seconds": 5.0},
    "drip": {"kind": "drip", "seconds": 3.0},
    "429": {"kind": "status", "status": 429, "body": ""},
    "429 with headers": {"kind": "status", "status": 429, "headers": SLOW_DOWN},
    "500": {"kind": "status", "status": 500},
    "500 after": {"kind": "status_after", "status": 500},
    "502 with HTML": {"kind": "status", "status": 502, "body": HTML},
    "truncated": {"kind": "truncate"},
    "invalid JSON": {"kind": "bad_json"},
    "wrong type": {"kind": "wrong_type"},
    "error header": {"kind": "error_header"},
    "empty": {"kind": "empty"},
    "HTML": {"kind": "html"},
}
BURST = 3  # calls in a row that are told to slow down
FOR_GOOD = 10_000  # calls: more than any run makes
ONE = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}(?=/|$)|(?<=/doc)/[^/]+|(?<=/customer)/[^/]+")
CARRIED = ("pdf", "status", "amount", "date")  # what tells one change of an invoice from another


def kind_of(call: Call) -> str:
    """Return what a call is: its service, method and path, whichever booking it is about."""
    path = ONE.sub("/ID", call.path.removeprefix("/creditor")) or "/"
    kind = f"{call.service.title()} {call.method} {path}"
    if call.method != "PUT":
        return kind
    asked = call.parameters or {}
    return f"{kind} ({next((name for name in CARRIED if name in asked), 'other')})"


def places(calls: list[Call]) -> dict[str, int]:
    """Return how often each kind of call was made, in the order of their first time."""
    counts: dict[str, int] = {}
    for call in calls:
        counts[kind_of(call)] = counts.get(kind_of(call), 0) + 1
    return counts


def writes(kind: str) -> bool:
    """Tell whether a kind of call changes something that anybody cares for."""
    service, method, path = kind.split()[:3]
    if service == "Twikey":
        return method != "GET" and path != "/"
    return path.endswith(("Payment", "Payments", "access_token"))


def positions(times: int) -> dict[str, int]:
    """Return which calls of a kind are spoilt, counted from 1: the first, middle and last one."""
    found = {"first": 1, "middle": (times + 1) // 2, "last": times}
    return {name: at for name, at in found.items() if name == "first" or at > 1} if times else {}
