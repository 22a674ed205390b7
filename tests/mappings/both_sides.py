"""Bookings, what the ledger knows of them, and invoices in Twikey, as a reconciliation has them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from mappings.frames import frame, values
from mappings.reconcile import Situation, reconcile
from mappings.reconcile_frames import LEDGER, TEAMLEADER, TWIKEY
from mappings.reconcile_totals import untied
from mappings.rules import Rules

RULES = Rules(new_customer_profile="1420", today="2026-11-22")
SITUATION = Situation(
    read_from={"invoice": "2026-11-20T00:00:00+00:00", "credit_note": "2026-11-20T00:00:00+00:00"},
    oldest="2026-10-01",
    first_import="2026-11-01T00:00:00+00:00",
)


def booked(name: str = "a", **changes: Any) -> dict[str, Any]:
    """Return a plain open invoice of EUR 121.00 as Teamleader lists it."""
    plain = {
        "id": name, "kind": "invoice", "number": f"2026 / {name}", "status": "outstanding",
        "issued_on": "2026-11-02", "paid": False, "payable_cents": 12_100, "due_cents": 12_100,
        "currency": "EUR", "updated_at": "2026-11-02T08:00:00+00:00",
    }  # fmt: skip
    return {**plain, **changes}


def known(name: str = "a", **changes: Any) -> dict[str, Any]:
    """Return what the ledger knows of it after it crossed and its PDF was attached."""
    plain = {
        "ledger_id": name, "ledger_kind": "invoice", "stage": "sent", "prepaid_cents": 0,
        "came_in_cents": 0, "moving": False, "pdf": "attached",
    }  # fmt: skip
    return {**plain, **changes}


def standing(name: str = "a", **changes: Any) -> dict[str, Any]:
    """Return it as Twikey shows it."""
    plain = {
        "twikey_id": name, "twikey_number": f"2026 / {name}", "twikey_currency": "EUR",
        "twikey_cents": 12_100, "twikey_on": "2026-11-02", "twikey_state": "BOOKED",
        "sight": "feed",
    }  # fmt: skip
    return {**plain, **changes}


def compared(
    here: list[dict[str, Any]],
    ledger: list[dict[str, Any]],
    there: list[dict[str, Any]],
    situation: Situation = SITUATION,
    rules: Rules = RULES,
) -> pd.DataFrame:
    """Compare, and assert that both sides add up."""
    teamleader, twikey = frame(here, TEAMLEADER), frame(there, TWIKEY)
    rows = reconcile(teamleader, frame(ledger, LEDGER), twikey, rules, situation)
    assert untied(rows, teamleader, twikey) == []
    return rows


def codes(rows: pd.DataFrame) -> list[str]:
    """Return the cases, in the order of the rows."""
    return values(rows["code"])
