"""Intents of writes that set something: safe to repeat, since they say what is, not what to add."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from secrets import token_hex

from connectors.ledger.runs import text
from connectors.ledger.store import Store


class Intents:
    """What is committed before such a write leaves, and what became of it (reliability P2)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, kind: str, subject: str, run_id: int, now: datetime) -> str:
        """Commit the intent of a write that sets something; return its name."""
        (op,) = self.begin_all(kind, [subject], run_id, now)
        return op

    def begin_all(
        self, kind: str, subjects: Sequence[str], run_id: int, now: datetime
    ) -> list[str]:
        """Commit the intents of writes that set something, together; return their names."""
        at = text(now)
        ops = [f"{kind}:{subject}:{run_id}:{token_hex(4)}" for subject in subjects]
        self._store.write_all(
            "INSERT OR REPLACE INTO intents (op, kind, subject, state, run_id, at, not_before)"
            " VALUES (?, ?, ?, 'intent', ?, ?, ?)",
            [(op, kind, s, run_id, at, at) for op, s in zip(ops, subjects, strict=True)],
        )
        return ops

    def finish(self, op: str, state: str, answer: str | None, now: datetime) -> None:
        """Record the outcome of a write that sets something."""
        self._store.write(
            "UPDATE intents SET state=?, answer=?, ended_at=? WHERE op=?",
            (state, answer, text(now), op),
        )

    def close_repeatable(self, now: datetime) -> None:
        """Close intents of writes that set something: what they set is still marked as to do.

        Not the reset of a customer number, which nothing else remembers: it is looked up.
        """
        self._store.write(
            "UPDATE intents SET state='superseded', ended_at=?"
            " WHERE kind NOT IN ('create', 'rename')"
            " AND state IN ('intent', 'unknown')",
            (text(now),),
        )
