"""Mails: which summaries left, what each named, and which may have left (decisions 5).

A mail is its own intent: ``sending`` is committed before the server is called, with everything that
the mail names, and its outcome after it. A mail counts as told when it was sent, or when its
outcome is open and it was already the repetition of one whose outcome was open: so an item may be
repeated once after a crash, and never knowingly.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from connectors.ledger.records import MailRow, Named
from connectors.ledger.runs import text
from connectors.ledger.store import Store

COLUMNS = ", ".join(MailRow._fields)
COUNTS = "(m.state = 'sent' OR (m.state IN ('sending', 'unknown') AND m.repeats))"


class NewMail(NamedTuple):
    """A mail as it is entered: the runs it covers, ``figures`` to compare with tomorrow."""

    kind: str
    after_run: int
    up_to_run: int
    subject: str
    message_id: str
    repeats: bool
    figures: dict[str, Any]


class Mails:
    """The summaries by mail."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, mail: NewMail, named: Iterable[Named], now: datetime) -> int:
        """Commit the intent to send a mail, with what it names; return its number."""
        with self._store.atomic():
            self._store.write(
                "INSERT INTO mails (kind, after_run, up_to_run, subject, message_id, repeats,"
                " figures, state, at) VALUES (?, ?, ?, ?, ?, ?, ?, 'sending', ?)",
                (*mail[:6], json.dumps(mail.figures), text(now)),
            )
            number = int(self._store.one("SELECT last_insert_rowid()")[0])
            self._store.write_all(
                "INSERT OR REPLACE INTO mailed (mail_id, key, label, fingerprint)"
                " VALUES (?, ?, ?, ?)",
                [(number, one.key, one.label, one.fingerprint) for one in named],
            )
        return number

    def ended(self, number: int, state: str, now: datetime, answer: str | None = None) -> None:
        """Record how a mail ended: sent, failed (certainly not) or unknown."""
        self._store.write(
            "UPDATE mails SET state=?, ended_at=?, answer=? WHERE id=?",
            (state, text(now), answer, number),
        )

    def last_told(self) -> MailRow | None:
        """Return the newest mail that counts as told."""
        row = self._store.tuples(
            f"SELECT {COLUMNS} FROM mails m WHERE {COUNTS} ORDER BY id DESC LIMIT 1"
        )
        return MailRow(*row[0]) if row else None

    def tried_since_told(self) -> list[MailRow]:
        """Return the attempts after it, oldest first: none of them counts."""
        rows = self._store.tuples(
            f"SELECT {COLUMNS} FROM mails WHERE id > (SELECT coalesce(max(m.id), 0) FROM mails m"
            f" WHERE {COUNTS}) ORDER BY id"
        )
        return [MailRow(*row) for row in rows]

    def last(self) -> MailRow | None:
        """Return the newest mail, whatever became of it."""
        row = self._store.tuples(f"SELECT {COLUMNS} FROM mails ORDER BY id DESC LIMIT 1")
        return MailRow(*row[0]) if row else None

    def told(self) -> list[tuple[str, str, str, str]]:
        """Return what was ever named: (key, label, fingerprint, when last), by the last mail.

        By the number of the mail, not by its time: a clock may have been set back.
        """
        return self._store.tuples(
            "SELECT key, label, fingerprint, at FROM (SELECT d.key, d.label, d.fingerprint, m.at,"
            f" max(m.id) AS last FROM mailed d JOIN mails m ON m.id = d.mail_id WHERE {COUNTS}"
            " GROUP BY d.key, d.fingerprint) ORDER BY last"
        )

    def figures_before(self, instant: datetime) -> dict[str, Any] | None:
        """Return the figures of the newest told mail before an instant, or None."""
        row = self._store.first(
            f"SELECT m.figures FROM mails m WHERE {COUNTS} AND m.at < ? ORDER BY m.id DESC LIMIT 1",
            (text(instant),),
        )
        return json.loads(row["figures"]) if row else None
