"""What can be saved of the old ledger, and what of it a new one takes as it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.ledger.ledger import Ledger
from connectors.ledger.salvage import TABLES, Broken, Row, broken_ledger

AT_ONCE = (
    "facts", "runs", "events", "undone", "invitations", "deliveries", "documents", "marked_paid",
    "alerts", "mandate_links", "told_due_at_once", "mails", "watermarks",
)  # fmt: skip
PASSING = ("last sweep",)  # facts that are true for an hour only


@dataclass
class Saved:
    """The old ledger, as far as it can be believed: rows by table.

    ``damage`` says what is wrong with the file, None where it is lost or sound. ``used`` tells
    whether anything ever crossed with it. ``source`` is the file it was read from, ``story`` what
    was wrong with that one, where it was put aside before.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    damage: str | None = None
    lost: bool = False
    version: int = 0
    access: list[Row] = field(default_factory=list)
    source: Path | None = None
    story: str | None = None

    @property
    def sound(self) -> bool:
        """Tell whether the file is there and whole."""
        return not self.lost and self.damage is None

    @property
    def used(self) -> bool:
        """Tell whether anything was ever imported with it."""
        return bool(self.rows.get("bookings") or self.rows.get("watermarks"))

    def of(self, table: str) -> list[Row]:
        """Return the rows of a table."""
        return self.rows.get(table, [])

    def stages(self) -> dict[str, str]:
        """Return at which stage the old ledger had each booking."""
        return {row["id"]: row["stage"] for row in self.of("bookings")}

    def told_of(self) -> set[str]:
        """Return the ids of bookings (and others) that the old journal or an intent names."""
        intents = {part for row in self.of("intents") for part in str(row["op"]).split(":")}
        return intents | {row["subject"] for row in self.of("events")}

    def watermark(self) -> str | None:
        """Return up to when invoices had been read whole (UTC text)."""
        found = [row["at"] for row in self.of("watermarks") if row["resource"] == "invoices"]
        return found[0] if found else None


def read_saved(path: Path, beside: Path, pointer: str) -> Saved:
    """Read the old ledger, and what an earlier rebuild left ``beside`` it of the access.

    A new, empty ledger may name in the fact ``pointer`` the file that it stands for.
    """
    found = _read(path)
    if beside.exists():
        found.access = newest_access(found.access, _read(beside).access)
    names = [row["value"] for row in found.of("facts") if row["name"] == pointer]
    if names and not found.used and (path.parent / names[0]).is_file():
        older = _read(path.parent / names[0])
        older.story = older.damage
        older.access, older.damage, older.version = found.access, found.damage, found.version
        return older
    return found


def _read(path: Path) -> Saved:
    if not path.exists() or path.stat().st_size == 0:
        return Saved(lost=True)
    with broken_ledger(path) as broken:
        saved = Saved(damage=broken.damage(), version=broken.version(), source=path)
        for table in TABLES:
            saved.rows[table] = broken.rows(table)
        saved.unread = _missed(broken, saved)
    if saved.damage is None and saved.unread:
        saved.damage = f"it cannot be read whole: {', '.join(sorted(saved.unread))}"
    saved.access = saved.rows.pop("access")
    return saved


def _missed(broken: Broken, saved: Saved) -> set[str]:
    """Return the tables with losses; an older ledger need not have all of them."""
    return {table for table in broken.unread if saved.rows[table] or not broken.lacks(table)}


def newest_access(one: Sequence[Row], other: Sequence[Row]) -> list[Row]:
    """Return each token and session as it was last: a renewed one makes the older worthless."""
    found: dict[str, Row] = {}
    for row in (*one, *other):
        known = found.get(row["name"])
        if known is None or _made(row) > _made(known):
            found[row["name"]] = row
    return list(found.values())


def _made(row: Row) -> str:
    value: Any = json.loads(row["value"])
    if not isinstance(value, dict):
        return ""
    return str(value.get("rotated_at") or value.get("opened_at") or value.get("until") or "")


def put_back(ledger: Ledger, saved: Saved) -> dict[str, int]:
    """Enter what needs no comparison; return how many rows of which table."""
    put: dict[str, int] = {}
    for table in AT_ONCE:
        rows = saved.of(table)
        if table == "facts":
            rows = [row for row in rows if row["name"] not in PASSING and _believable(row)]
        if rows:
            put[table] = ledger.rebuilding.put_back(table, rows)
    return put


def _believable(fact: Row) -> bool:
    """Tell whether a fact that stops every run when it is wrong looks right."""
    if fact["name"] != "twikey account":
        return not fact["name"].startswith("to be rebuilt")
    return str(fact["value"]).removeprefix("beta ").isdigit()
