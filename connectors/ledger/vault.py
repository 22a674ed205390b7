"""Tokens, sessions and the window of requests: what every process of a connection shares.

In the ledger's file but on connections of their own, because tokens must be durable at once and
must never wait inside somebody else's transaction (decisions 5; reliability P10).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.ledger.store import Store
from connectors.ledger.window import SharedWindow
from connectors.teamleader.auth import Tokens
from connectors.teamleader.pace import Told, WindowState
from connectors.twikey.session import Session

TEAMLEADER, TWIKEY, PAUSE = "teamleader", "twikey", "twikey login pause"


class Vault:
    """The token store, session store and request window of one connection."""

    def __init__(self, path: Path) -> None:
        self._store = Store(path)
        self._counting = Store(path, synchronous="NORMAL")  # a lost stamp costs nothing
        self._window = SharedWindow(self._counting)

    def close(self) -> None:
        """Close the file."""
        self._store.close()
        self._counting.close()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep every other process out, and make what was written durable on leaving."""
        with self._store.atomic():
            yield

    # ---- Teamleader's tokens

    def read_tokens(self) -> Tokens | None:
        """Return the newest committed pair of tokens, or None before the first consent."""
        found = self._read(TEAMLEADER)
        if found is None:
            return None
        return Tokens(
            found["access_token"],
            found["refresh_token"],
            datetime.fromisoformat(found["expires_at"]),
            datetime.fromisoformat(found["rotated_at"]),
            found["account_id"],
        )

    def write_tokens(self, tokens: Tokens) -> None:
        """Replace the pair of tokens."""
        self._write(
            TEAMLEADER,
            {
                "access_token": tokens.access_token,
                "refresh_token": tokens.refresh_token,
                "expires_at": tokens.expires_at.isoformat(),
                "rotated_at": tokens.rotated_at.isoformat(),
                "account_id": tokens.account_id,
            },
        )

    # ---- Twikey's session

    def read_session(self) -> Session | None:
        """Return the session that was stored last, or None."""
        found = self._read(TWIKEY)
        if found is None:
            return None
        return Session(
            found["token"],
            found["merchant_id"],
            datetime.fromisoformat(found["opened_at"]),
            found["key_fingerprint"],
        )

    def write_session(self, session: Session | None) -> None:
        """Keep a session; None forgets it."""
        if session is None:
            self._forget(TWIKEY)
            return
        self._write(
            TWIKEY,
            {
                "token": session.token,
                "merchant_id": session.merchant_id,
                "opened_at": session.opened_at.isoformat(),
                "key_fingerprint": session.key_fingerprint,
            },
        )

    def read_login_pause(self) -> datetime | None:
        """Return the instant before which no login may be tried, or None."""
        found = self._read(PAUSE)
        return datetime.fromisoformat(found["until"]) if found else None

    def write_login_pause(self, until: datetime | None) -> None:
        """Keep the instant before which no login may be tried; None lifts the pause."""
        if until is None:
            self._forget(PAUSE)
        else:
            self._write(PAUSE, {"until": until.isoformat()})

    # ---- the window of requests

    def reserve(self, now: float, span: float) -> tuple[int | None, float]:
        """Take a slot of the window, or say how long to wait (see ``RequestWindow``)."""
        return self._window.reserve(now, span)

    def settle(self, slot: int, now: float, span: float, told: Told | None) -> None:
        """Stamp a slot with its answer and learn from the headers (see ``RequestWindow``)."""
        self._window.settle(slot, now, span, told)

    def state(self, now: float, span: float) -> WindowState:
        """Return the window's books."""
        return self._window.state(now, span)

    def _read(self, name: str) -> dict[str, Any] | None:
        row = self._store.first("SELECT value FROM access WHERE name=?", (name,))
        return json.loads(row["value"]) if row else None

    def _write(self, name: str, value: dict[str, Any]) -> None:
        self._store.write(
            "INSERT OR REPLACE INTO access (name, value) VALUES (?, ?)", (name, json.dumps(value))
        )

    def _forget(self, name: str) -> None:
        self._store.write("DELETE FROM access WHERE name=?", (name,))
