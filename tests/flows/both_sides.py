"""What stands on both sides after a run: everything that two ways to the same end must agree on."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from flows.settings import LEDGER_NAME
from tests.sandbox.server import Sandbox

PASSING = frozenset(
    {"created_at", "origin", "partner", "at", "campaign"}
)  # when, and in which call
BOOKINGS = (
    "id", "kind", "number", "stage", "reason", "detail", "notices", "twikey_id", "twikey_number",
    "amount_cents", "adopted", "twikey_state", "url", "tries", "source_problem", "customer_id",
)  # fmt: skip
CUSTOMERS = ("id", "type", "known", "changed", "profile_to_set", "gone", "email", "company_name")


def both_sides(sandbox: Sandbox, home: Path) -> dict[str, Any]:
    """Return Twikey's books and the ledger, less instants and which call carried what."""
    with closing(sqlite3.connect(home / LEDGER_NAME)) as ledger:
        return {**twikey_side(sandbox), **ledger_side(ledger)}


def twikey_side(sandbox: Sandbox) -> dict[str, Any]:
    """Return invoices by number with their invitations, and customers with default profiles."""
    dump = sandbox.twikey.dump()
    invoices, customers = dump["invoices"], dump["customers"]
    assert len({i["number"] for i in invoices}) == len(invoices)
    return {
        "invoices in Twikey": {i["number"]: lasting(i) for i in invoices},
        "customers in Twikey": sorted((lasting(c) for c in customers), key=str),
        "deleted in Twikey": dump["deleted"],
    }


def lasting(value: Any) -> Any:
    """Return a value without what passes."""
    if isinstance(value, dict):
        return {name: lasting(each) for name, each in value.items() if name not in PASSING}
    return [lasting(each) for each in value] if isinstance(value, list) else value


def ledger_side(ledger: sqlite3.Connection) -> dict[str, Any]:
    """Return stages, customers, how far was read, and what is still open (nothing should be)."""
    ask = ledger.execute
    return {
        "bookings": _by_id(ask(f"SELECT {', '.join(BOOKINGS)} FROM bookings")),
        "customers": _by_id(ask(f"SELECT {', '.join(CUSTOMERS)} FROM customers")),
        "seen": ask("SELECT id, number, state FROM twikey_invoices ORDER BY id").fetchall(),
        "feed": ask("SELECT feed, position FROM feeds ORDER BY feed").fetchall(),
        "watermarks": ask("SELECT resource FROM watermarks ORDER BY resource").fetchall(),
        "open intents": ask(
            "SELECT op FROM intents WHERE state IN ('intent', 'unknown')"
        ).fetchall(),
        "open bulks": ask("SELECT id FROM batches WHERE state='sent'").fetchall(),
        "holder": ask("SELECT * FROM holder").fetchall(),
    }


def _by_id(rows: sqlite3.Cursor) -> dict[str, dict[str, Any]]:
    names = [column[0] for column in rows.description]
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def without_intent(sandbox: Sandbox, home: Path) -> list[str]:
    """Return invoices of ours in Twikey that the ledger never meant to send: there must be none."""
    with closing(sqlite3.connect(home / LEDGER_NAME)) as ledger:
        meant = {row[0] for row in ledger.execute("SELECT subject FROM intents")}
    return [
        i["id"] for i in sandbox.twikey.dump()["invoices"]
        if i["origin"] != "hand" and i["id"] not in meant
    ]  # fmt: skip


def untrue(home: Path, reports: Sequence[dict[str, Any]]) -> list[str]:
    """Say where a report does not add up, or differs from what the ledger says its run did."""
    with closing(sqlite3.connect(home / LEDGER_NAME)) as ledger:
        return [line for report in reports for line in _untrue(ledger, report)]


def _untrue(ledger: sqlite3.Connection, report: dict[str, Any]) -> Iterator[str]:
    parts = sum(report[part] for part in ("sent", "known", "skipped", "held"))
    if report["read"] != parts:
        yield f"the report does not add up: {report['tie_out']}"
    for name, where in (
        ("read", "read_run=:run"),
        ("sent", "sent_run=:run AND stage='sent' AND NOT adopted"),
        ("adopted", "sent_run=:run AND stage='sent' AND adopted"),
    ):
        row = ledger.execute(
            f"SELECT count(*) FROM bookings WHERE {where}", {"run": report["run_id"]}
        ).fetchone()
        if name == "read":
            if report["read"] < row[0]:
                yield f"{row[0]} were read by the run: {report['tie_out']}"
        elif row[0] != report[name]:
            yield f"{row[0]} were {name} by the run, the report says {report[name]}"


def differences(here: Any, there: Any, where: str = "") -> list[str]:
    """Say in which places two such states differ."""
    if isinstance(here, dict) and isinstance(there, dict):
        names = [n for n in [*here, *(set(there) - set(here))] if here.get(n) != there.get(n)]
        return [
            line for n in names for line in differences(here.get(n), there.get(n), f"{where}/{n}")
        ]
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        pairs = [(i, a, b) for i, (a, b) in enumerate(zip(here, there, strict=True)) if a != b]
        return [line for i, a, b in pairs for line in differences(a, b, f"{where}/{i}")]
    return [] if here == there else [f"{where}: {here!r} instead of {there!r}"]
