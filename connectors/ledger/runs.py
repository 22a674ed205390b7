"""Runs, watermarks, facts, and the journey: what happened to each thing, in order, for ever."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.ledger.store import Store

NOTED = "noted by a run"
Event = tuple[str, str, dict[str, object] | None]


def text(instant: datetime) -> str:
    """Write an instant the one way the ledger keeps it: UTC with offset, whole seconds."""
    return instant.astimezone(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class RunRow:
    """One run: instants are UTC text, ``counts`` what its report counted."""

    id: int
    flow: str
    started_by: str | None
    started_at: str
    ended_at: str | None
    outcome: str | None
    message: str | None
    counts: dict[str, Any]


class Runs:
    """The run book."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def start(
        self, flow: str, now: datetime, started_by: str, parameters: Mapping[str, object]
    ) -> int:
        """Enter a run and return its number; one that never ended was killed, the lock tells so."""
        with self._store.atomic():
            self._store.write(
                "UPDATE runs SET ended_at=?, outcome='killed' WHERE ended_at IS NULL", (text(now),)
            )
            self._store.write(
                "INSERT INTO runs (flow, started_by, started_at, parameters) VALUES (?, ?, ?, ?)",
                (flow, started_by, text(now), json.dumps(parameters)),
            )
            return int(self._store.one("SELECT last_insert_rowid()")[0])

    def end(
        self, run_id: int, now: datetime, outcome: str, message: str, counts: Mapping[str, object]
    ) -> None:
        """Close a run: ``outcome`` is clean, held, stopped or failed."""
        self._store.write(
            "UPDATE runs SET ended_at=?, outcome=?, message=?, counts=? WHERE id=?",
            (text(now), outcome, message, json.dumps(counts), run_id),
        )

    def last(self, count: int = 10, flow: str | None = None) -> list[RunRow]:
        """Return the newest runs first."""
        rows = self._store.rows(
            "SELECT * FROM runs WHERE flow = coalesce(?, flow) ORDER BY id DESC LIMIT ?",
            (flow, count),
        )
        return [
            RunRow(
                r["id"], r["flow"], r["started_by"], r["started_at"], r["ended_at"],
                r["outcome"], r["message"], json.loads(r["counts"] or "{}"),
            )
            for r in rows
        ]  # fmt: skip


class Watermarks:
    """Up to which instant each resource has been seen whole (decisions 5)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, resource: str) -> datetime | None:
        """Return the watermark of a resource, or None when it was never read whole."""
        row = self._store.first("SELECT at FROM watermarks WHERE resource=?", (resource,))
        return datetime.fromisoformat(row["at"]) if row else None

    def move(self, resource: str, at: datetime, run_id: int) -> None:
        """Move it, never backwards."""
        self._store.write(
            "INSERT INTO watermarks (resource, at, run_id) VALUES (?, ?, ?) ON CONFLICT (resource) "
            "DO UPDATE SET at=excluded.at, run_id=excluded.run_id WHERE excluded.at > at",
            (resource, text(at), run_id),
        )


class Facts:
    """Small things to remember: the account, when a profile was last seen, choices made."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, name: str) -> str | None:
        """Return a fact, or None."""
        row = self._store.first("SELECT value FROM facts WHERE name=?", (name,))
        return str(row["value"]) if row else None

    def named(self, beginning: str) -> dict[str, str]:
        """Return the facts whose name begins so, by the rest of the name."""
        rows = self._store.tuples(
            "SELECT substr(name, ?), value FROM facts WHERE substr(name, 1, ?) = ?",
            (len(beginning) + 1, len(beginning), beginning),
        )
        return dict(rows)

    def write(self, name: str, value: str) -> None:
        """Remember a fact."""
        self._store.write("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (name, value))


class Journal:
    """The journey of everything, append-only; a subject is a Teamleader or Twikey id, or a run."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(
        self, run_id: int | None, now: datetime, subject: str, what: str, **facts: object
    ) -> None:
        """Write one event."""
        self.add_all(run_id, now, [(subject, what, facts)])

    def add_all(self, run_id: int | None, now: datetime, events: Iterable[Event]) -> None:
        """Write events: (subject, what happened, facts)."""
        at = text(now)
        self._store.write_all(
            "INSERT INTO events (at, run_id, subject, what, facts) VALUES (?, ?, ?, ?, ?)",
            [
                (at, run_id, subject, what, json.dumps(facts) if facts else None)
                for subject, what, facts in events
            ],
        )

    def note(
        self, run_id: int, now: datetime, notes: Iterable[str], asking: Collection[str]
    ) -> None:
        """Keep what a run noted, for the summary; ``asking`` are those that ask for a person."""
        self.add_all(
            run_id,
            now,
            [(f"run {run_id}", NOTED, {"note": one, "asks": one in asking}) for one in notes],
        )

    def of(self, subject: str) -> list[dict[str, Any]]:
        """Return the events of one subject, oldest first."""
        rows = self._store.rows(
            "SELECT seq, at, run_id, what, facts FROM events WHERE subject=? ORDER BY seq",
            (subject,),
        )
        return [
            {
                "at": r["at"],
                "run": r["run_id"],
                "what": r["what"],
                "facts": json.loads(r["facts"] or "{}"),
            }
            for r in rows
        ]
