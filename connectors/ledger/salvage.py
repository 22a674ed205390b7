"""What can still be read of a damaged ledger, row by row; the file itself is never touched.

SQLite keeps no checksums, so a row that can be read may still be spoilt. Each is looked at before
it counts: ids that look like ids, instants that are instants, states that exist.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from connectors.errors import LedgerUnusable
from connectors.ledger import shape
from connectors.ledger.store import SCHEMA_VERSION

Row = dict[str, Any]
Fits = Callable[[Any], bool]
BESIDE = ("", "-wal", "-shm")


@contextmanager
def broken_ledger(path: Path) -> Iterator[Broken]:
    """Open a copy of a damaged (or sound) ledger to read what can be read of it.

    Raises ``LedgerUnusable`` where not even a copy of the file can be made.
    """
    with TemporaryDirectory(prefix=".rebuild-", dir=path.parent) as folder:
        copy = Path(folder) / "ledger.db"
        try:
            for suffix in BESIDE[:2]:  # its index is made anew from the log
                with suppress(FileNotFoundError):
                    shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        except OSError as error:
            raise LedgerUnusable(f"{path} cannot be copied: {error.strerror}") from error
        connection = sqlite3.connect(copy, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            yield Broken(connection)
        finally:
            connection.close()


class Broken:
    """A damaged ledger. ``unread`` are the tables of which something was lost."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.unread: set[str] = set()

    def damage(self) -> str | None:
        """Say what is wrong with the file, or None when it is sound."""
        try:
            said = str(self._connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        except sqlite3.DatabaseError as error:
            return str(error)
        if said != "ok":
            return " ".join(said.replace("***", "").split())
        lacking = [name for name in sorted(shape.TABLES) if self.lacks(name)]
        if lacking and self.version() >= SCHEMA_VERSION:
            return f"it lacks {', '.join(lacking)}"
        return None

    def version(self) -> int:
        """Return the version of the shape; 0 where it cannot be read."""
        try:
            return int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        except sqlite3.DatabaseError:
            return 0

    def lacks(self, table: str) -> bool:
        """Tell whether the file has no such table at all, and can say so."""
        try:
            found = self._connection.execute(
                "SELECT 1 FROM sqlite_master WHERE type='table' AND name=?", (table,)
            ).fetchone()
        except sqlite3.DatabaseError:
            return False
        return found is None

    def rows(self, table: str) -> list[Row]:
        """Return the rows of a table that can be read and fit, each once, in their order.

        From the front until the damage, then from the back until the damage.
        """
        found: dict[int, Row] = {}
        whole = self._read(table, "", found) or self._read(table, " ORDER BY rowid DESC", found)
        fitting = {place: row for place, row in found.items() if _fits(table, row)}
        if not whole or len(fitting) < len(found):
            self.unread.add(table)
        return [fitting[place] for place in sorted(fitting)]

    def _read(self, table: str, order: str, found: dict[int, Row]) -> bool:
        """Read until the damage; tell whether there was none."""
        try:
            for row in self._connection.execute(f"SELECT rowid AS _place, * FROM {table}{order}"):
                values = dict(row)
                found[values.pop("_place")] = values
        except (sqlite3.DatabaseError, UnicodeDecodeError, TypeError):
            return False
        return True


# ---- which rows can be believed

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WORD = re.compile(r"[\w :#./+-]{1,200}")


def _uuid(value: Any) -> bool:
    return isinstance(value, str) and _UUID.fullmatch(value) is not None


def _word(value: Any) -> bool:
    return isinstance(value, str) and _WORD.fullmatch(value) is not None


def _instant(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _cents(value: Any) -> bool:
    return isinstance(value, int) and abs(value) < 10**12


def _json(value: Any) -> bool:
    try:
        json.loads(value)
    except (TypeError, ValueError):
        return False
    return True


def _text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _or_none(fits: Fits) -> Fits:
    return lambda value: value is None or fits(value)


def _one_of(*states: str) -> Fits:
    return lambda value: value in states


_BOOKING: dict[str, Fits] = {"booking_id": _uuid}
_CHECKS: dict[str, dict[str, Fits]] = {
    "access": {"name": _text, "value": _json},
    "facts": {"name": _text, "value": _text},
    "watermarks": {"resource": _word, "at": _instant},
    "runs": {
        "id": _cents, "flow": _word, "started_at": _instant, "ended_at": _or_none(_instant),
        "parameters": _or_none(_json), "counts": _or_none(_json),
    },
    "events": {"seq": _cents, "at": _instant, "subject": _text, "what": _text,
               "facts": _or_none(_json)},
    "intents": {"op": _text, "state": _word},
    "bookings": {"id": _text, "kind": _one_of("invoice", "credit_note"), "stage": _word,
                 "prepaid_cents": _or_none(_cents), "payable_cents": _or_none(_cents),
                 "amount_cents": _or_none(_cents), "sent_at": _or_none(_instant)},
    "customers": {"id": _uuid, "sent": _or_none(_json), "profile_to_set": _or_none(_word)},
    "undone": {**_BOOKING, "twikey_id": _uuid, "at": _instant, "not_before": _instant,
               "state": _word,
               "lifted_at": _or_none(_instant)},
    "invitations": {**_BOOKING, "at": _or_none(_instant),
                    "state": _one_of("asked", "done", "refused", "unknown")},
    "deliveries": {**_BOOKING, "state": _word, "next_look_at": _or_none(_instant)},
    "documents": {**_BOOKING, "next_try_at": _or_none(_instant), "tries": _cents,
                  "state": _one_of("waiting", "sending", "attached", "refused")},
    "payment_events": {
        "event_id": _word, "booking_id": _or_none(_uuid), "type": _word, "occurred_at": _instant,
        "amount_cents": _cents, "currency": _word, "state": _word,
    },
    "registrations": {
        "event_id": _word, **_BOOKING, "amount_cents": _cents, "currency": _word,
        "paid_at": _instant, "not_before": _instant, "at": _instant,
        "state": _one_of("planned", "sending", "accepted", "done", "unknown", "removed"),
    },
    "reversals": {**_BOOKING, "event_ids": _json, "survivors": _json, "at": _instant,
                  "not_before": _instant,
                  "state": _one_of("planned", "removing", "restoring", "held", "done")},
    "marked_paid": {**_BOOKING, "at": _instant, "cents": _cents,
                    "state": _one_of("intent", "done", "over")},
    "alerts": {"booking_id": _text, "code": _word, "raised_at": _instant,
               "settled_at": _or_none(_instant)},
    "mandate_links": {"mandate": _word, "customer_id": _uuid, "at": _instant,
                      "not_before": _instant, "state": _word},
    "told_due_at_once": {"subscription_id": _uuid, "at": _instant},
    "mails": {"id": _cents, "kind": _word, "at": _instant, "state": _word, "figures": _json},
}  # fmt: skip
TABLES = tuple(_CHECKS)


def _fits(table: str, row: Row) -> bool:
    return all(fits(row.get(name)) for name, fits in _CHECKS[table].items())
