"""The books of Teamleader's request window in SQL; the rules stand in ``RequestWindow``."""

from __future__ import annotations

from connectors.ledger.store import Store
from connectors.teamleader.pace import DEFAULT_LIMIT, LOST_AFTER, Told, WindowState

COUNTS = "(stamp > :now - :span OR (stamp IS NULL AND sent > :now - :lost))"
FAR_AHEAD = 6  # windows; a block later than that was written before the host was started anew


class SharedWindow:
    """Slots and limit, one short immediate transaction per call."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def reserve(self, now: float, span: float) -> tuple[int | None, float]:
        """Take a slot, or return the seconds to wait."""
        with self._store.atomic():
            self._forget(now, span)
            limit, blocked_until = self._told()
            if blocked_until is not None and blocked_until > now:
                return None, blocked_until - now
            used = self._count(COUNTS, now, span)
            if used < limit:
                self._store.write("INSERT INTO request_slots (sent) VALUES (?)", (now,))
                return int(self._store.one("SELECT last_insert_rowid()")[0]), 0.0
            return None, self._until_free(used - limit, now, span)

    def _forget(self, now: float, span: float) -> None:
        values = self._values(now, span)
        self._write(
            "DELETE FROM request_slots WHERE sent > :now + :span OR stamp > :now + :span"
            " OR (sent <= :now - :lost AND NOT coalesce(stamp > :now - :span, 0))",
            values,
        )
        self._write(
            "UPDATE request_window SET blocked_until=NULL WHERE blocked_until > :now + :far", values
        )

    def _until_free(self, surplus: int, now: float, span: float) -> float:
        """Return the seconds until one slot fewer than the limit counts."""
        row = self._store.connection.execute(
            "SELECT coalesce(stamp + :span, sent + :lost) AS ends, stamp FROM request_slots"
            f" WHERE {COUNTS} ORDER BY ends, stamp IS NULL LIMIT 1 OFFSET :surplus",
            {**self._values(now, span), "surplus": surplus},
        ).fetchone()
        wait = float(row["ends"]) - now
        return min(wait, span / 60) if row["stamp"] is None else wait

    def settle(self, slot: int, now: float, span: float, told: Told | None) -> None:
        """Stamp a slot and learn what the answer tells."""
        with self._store.atomic():
            row = self._store.first("SELECT sent FROM request_slots WHERE id=?", (slot,))
            sent = float(row["sent"]) if row else now
            self._store.write(
                "INSERT INTO request_slots (id, sent, stamp) VALUES (?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET stamp=excluded.stamp",
                (slot, sent, now),
            )
            if told is not None:
                self._learn(slot, sent, now, span, told)

    def _learn(self, slot: int, sent: float, now: float, span: float, told: Told) -> None:
        if told.limit is not None:
            self._set("limit", told.limit)
        blocked = told.refused
        if told.remaining is not None:
            limit, _ = self._told()
            blocked = self._correct(limit - told.remaining, slot, sent, now, span, told) or blocked
        if blocked:
            _, until = self._told()
            self._set("blocked_until", max(until or 0.0, now + told.blocked_for))

    def _correct(
        self, counted: int, slot: int, sent: float, now: float, span: float, told: Told
    ) -> bool:
        """Make room for what others sent on the same client id; return whether to keep still."""
        mine = f"NOT foreign_use AND id <> {int(slot)}"
        most = 1 + self._count(
            f"{mine} AND (stamp IS NULL OR stamp > :sent - :span)", now, span, sent
        )
        least = self._count(f"{mine} AND stamp <= :sent AND sent > :now - :span", now, span, sent)
        low, high = max(counted - most, 0), max(counted - least, 0)
        foreign = self._count("foreign_use AND stamp > :sent - :span", now, span, sent)
        blocked = told.remaining == 0 and low > 0
        wanted = low - 1 if blocked else min(max(foreign, low), high)
        if wanted > foreign:
            self._store.write_all(
                "INSERT INTO request_slots (sent, stamp, foreign_use) VALUES (?, ?, 1)",
                [(now, now)] * (wanted - foreign),
            )
        elif wanted < foreign:
            self._write(
                "DELETE FROM request_slots WHERE id IN (SELECT id FROM request_slots WHERE"
                " foreign_use AND stamp > :sent - :span ORDER BY stamp LIMIT :surplus)",
                {**self._values(now, span, sent), "surplus": foreign - wanted},
            )
        return blocked

    def state(self, now: float, span: float) -> WindowState:
        """Return the books as they are."""
        limit, blocked_until = self._told()
        foreign = self._count(f"foreign_use AND {COUNTS}", now, span)
        return WindowState(
            limit, self._count(COUNTS, now, span), foreign, max((blocked_until or 0.0) - now, 0.0)
        )

    # ---- small change

    def _told(self) -> tuple[int, float | None]:
        row = self._store.first('SELECT "limit", blocked_until FROM request_window')
        if row is None:
            return DEFAULT_LIMIT, None
        return row["limit"] or DEFAULT_LIMIT, row["blocked_until"]

    def _set(self, column: str, value: float) -> None:
        self._store.write(
            f'INSERT INTO request_window (only, "{column}") VALUES (1, ?)'
            f' ON CONFLICT (only) DO UPDATE SET "{column}"=excluded."{column}"',
            (value,),
        )

    def _count(self, where: str, now: float, span: float, sent: float = 0.0) -> int:
        row = self._store.connection.execute(
            f"SELECT count(*) FROM request_slots WHERE {where}", self._values(now, span, sent)
        ).fetchone()
        return int(row[0])

    def _write(self, sql: str, values: dict[str, float]) -> None:
        self._store.connection.execute(sql, values)

    @staticmethod
    def _values(now: float, span: float, sent: float = 0.0) -> dict[str, float]:
        return {
            "now": now, "span": span, "sent": sent, "lost": LOST_AFTER * span,
            "far": FAR_AHEAD * span,
        }  # fmt: skip
