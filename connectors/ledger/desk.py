"""What people ask the ledger: what is held, what is to be taken up again, and how a run adds up."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.ledger.bookings import SIGNED, marks
from connectors.ledger.runs import Event, Journal, text
from connectors.ledger.store import Store

WAITING = "('held', 'sending')"
OWN_PROFILE = "customer's own"


@dataclass(frozen=True)
class Tally:
    """How the bookings of one run add up: ``read = sent + known + skipped + held``.

    ``adopted`` is the part of ``known`` that was found standing in Twikey in this run. Reasons
    count bookings; ``sent_cents`` is euro cents. In a dry run ``sent`` is what would be sent.
    """

    read: int = 0
    sent: int = 0
    known: int = 0
    skipped: int = 0
    held: int = 0
    adopted: int = 0
    sent_cents: int = 0
    customers: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Load:
    """What a run is about to create at the most: bookings, euro cents, the oldest date."""

    bookings: int
    cents: int
    oldest: str | None


class Desk:
    """The questions of accountant and operator."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    # ---- held

    def held(self, names: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Return what waits, oldest first; ``names`` are reasons, numbers or ids (all if none)."""
        where, values = _named(names)
        rows = self._store.rows(
            "SELECT id, kind, number, twikey_number, invoicee_name, currency,"
            f" {SIGNED.format('')} AS payable_cents, coalesce(reason, 'UNSETTLED') AS reason,"
            " detail, held_at, tries, next_try_at,"
            f" web_url, stage FROM bookings WHERE stage IN {WAITING} {where}"
            " ORDER BY first_seen_at, number, id",
            values,
        )
        return [dict(row) for row in rows]

    def release(
        self, names: Sequence[str], now: datetime, by: str, *, confirm: bool = False
    ) -> list[str]:
        """Let held bookings be decided anew in the next run; return their numbers."""
        where, values = _named(names)
        with self._store.atomic():
            rows = self._store.tuples(
                f"SELECT id, coalesce(number, id) FROM bookings WHERE stage='held' {where}"
                " ORDER BY number",
                values,
            )
            self._store.write_all(
                "UPDATE bookings SET next_try_at=?, confirmed = confirmed OR ? WHERE id=?",
                [(text(now), confirm, row[0]) for row in rows],
            )
            events: list[Event] = [
                (row[0], "released", {"by": by, "confirmed": confirm}) for row in rows
            ]
            self._journal.add_all(None, now, events)
        return [row[1] for row in rows]

    def is_confirmed(self, booking_id: str) -> bool:
        """Tell whether a person has looked at a booking and lets it go."""
        row = self._store.first("SELECT confirmed FROM bookings WHERE id=?", (booking_id,))
        return bool(row and row["confirmed"])

    def take_up_again(self, run_id: int, now: datetime) -> list[tuple[str, str]]:
        """Put held bookings whose time has come back to be decided; return (id, kind).

        With them what a stopped run left undecided. All are to be read anew, details too, because
        what was corrected, paid or deleted meanwhile may not move ``updated_at``.
        """
        with self._store.atomic():
            rows = self._store.tuples(
                "SELECT id, kind FROM bookings WHERE id NOT LIKE 'unreadable:%' AND"
                " ((stage='held' AND next_try_at <= ?) OR (stage='seen' AND read_run IS NOT ?))"
                " ORDER BY number, id",
                (text(now), run_id),
            )
            self._store.write_all(
                "UPDATE bookings SET stage='seen', detail_run=NULL, source_problem=NULL,"
                " source_detail=NULL, read_run=? WHERE id=?",
                [(run_id, row[0]) for row in rows],
            )
            self._store.write(
                "UPDATE bookings SET read_run=? WHERE id LIKE 'unreadable:%' AND stage='seen'",
                (run_id,),
            )
        return rows

    def take_back(self, run_id: int, began: datetime) -> None:
        """Forget what a run entered and decided nothing about: it will be listed again."""
        self._store.write(
            "DELETE FROM bookings WHERE stage='seen' AND read_run=? AND first_seen_at >= ?"
            " AND attempts=0 AND tries=0",
            (run_id, text(began)),
        )

    def leave(self, run_id: int, began: datetime) -> int:
        """Put back what a run only took up again from an earlier one; return how many."""
        return self._store.write(
            "UPDATE bookings SET read_run=NULL WHERE stage='seen' AND read_run=?"
            " AND first_seen_at < ? AND tries=0",
            (run_id, text(began)),
        )

    # ---- adding up

    def load(self, run_id: int, older_than: str, prefixes: Mapping[str, str]) -> tuple[Load, int]:
        """Return what a run is about to create, and how many of it are dated before a day.

        Counts its undecided open invoices that neither id nor number (with the prefix of its
        department) shows in Twikey already.
        """
        row = self._store.one(
            "SELECT count(*), coalesce(sum(b.due_cents), 0), min(b.issued_on),"
            " coalesce(sum(b.issued_on < ?), 0) FROM bookings b"
            " LEFT JOIN json_each(?) p ON p.key = b.department_id"
            " WHERE b.stage='seen' AND b.read_run=? AND b.kind='invoice' AND b.paid=0"
            " AND b.due_cents > 0"
            " AND NOT EXISTS (SELECT 1 FROM twikey_invoices i WHERE i.id = b.id)"
            " AND NOT EXISTS (SELECT 1 FROM twikey_invoices n"
            " WHERE n.number = coalesce(p.value, '') || b.number)",
            (older_than, json.dumps(dict(prefixes)), run_id),
        )
        return Load(row[0], row[1], row[2]), int(row[3])

    def ever_sent(self) -> bool:
        """Tell whether any booking ever crossed from this ledger."""
        return (
            self._store.first("SELECT 1 FROM bookings WHERE stage IN ('sent', 'sending') LIMIT 1")
            is not None
        )

    def tally(self, run_id: int) -> Tally:
        """Add up one run over everything it read or took up again."""
        counts: dict[str, int] = {}
        reasons: dict[str, int] = {}
        cents = 0
        for stage, reason, mine, adopted, count, amount in self._store.tuples(
            "SELECT stage, reason, sent_run IS ? AS mine, adopted, count(*), sum(amount_cents)"
            " FROM bookings WHERE read_run=? GROUP BY 1, 2, 3, 4",
            (run_id, run_id),
        ):
            bucket = _bucket(stage, mine=bool(mine), adopted=bool(adopted))
            counts[bucket] = counts.get(bucket, 0) + count
            if mine and adopted:
                counts["adopted"] = counts.get("adopted", 0) + count
            if bucket in ("skipped", "held"):
                name = reason or "UNSETTLED"
                reasons[name] = reasons.get(name, 0) + count
            elif bucket == "sent":
                cents += amount or 0
        read = sum(counts.get(each, 0) for each in ("sent", "known", "skipped", "held"))
        return Tally(
            read=read,
            sent_cents=cents,
            reasons=reasons,
            customers=self._customers(run_id),
            **counts,
        )

    def _customers(self, run_id: int) -> int:
        row = self._store.one(
            "SELECT count(DISTINCT customer_id) FROM bookings WHERE sent_run=? AND NOT adopted"
            " AND twikey_customer='new'",
            (run_id,),
        )
        return int(row[0])

    def profiles(self, run_id: int) -> dict[str, int]:
        """Return how many bookings of a run went (or would go) to each profile."""
        rows = self._store.tuples(
            "SELECT coalesce(ct, ?), count(*) FROM bookings"
            " WHERE sent_run=? AND NOT adopted GROUP BY 1 ORDER BY 2 DESC",
            (OWN_PROFILE, run_id),
        )
        return dict(rows)

    def to_be_mailed(self, run_id: int) -> dict[str, int]:
        """Return how many invoices of a run that can be mailed go (or would go) to each profile."""
        rows = self._store.tuples(
            "SELECT coalesce(ct, ?), count(*) FROM bookings WHERE sent_run=? AND NOT adopted"
            " AND kind='invoice' AND NOT instr(coalesce(notices, ''), 'NO_EMAIL')"
            " GROUP BY 1 ORDER BY 2 DESC",
            (OWN_PROFILE, run_id),
        )
        return dict(rows)

    def stages(self) -> dict[str, int]:
        """Return how many bookings stand at each stage."""
        rows = self._store.tuples("SELECT stage, count(*) FROM bookings GROUP BY stage")
        return dict(rows)

    def notices(self, run_id: int) -> dict[str, int]:
        """Return how many bookings sent in a run carry each notice.

        DUE_AT_ONCE counts each subscription once, in the run that tells of it (acceptance A45).
        """
        found: dict[str, int] = {}
        for notices, subscribed, count in self._store.tuples(
            "SELECT notices, subscription_id NOT NULL, count(*) FROM bookings WHERE sent_run=?"
            " AND notices NOT NULL GROUP BY 1, 2",
            (run_id,),
        ):
            for code in filter(None, notices.split(",")):
                if not (code == "DUE_AT_ONCE" and subscribed):
                    found[code] = found.get(code, 0) + count
        told = self._store.one("SELECT count(*) FROM told_due_at_once WHERE run_id=?", (run_id,))[0]
        if told:
            found["DUE_AT_ONCE"] = found.get("DUE_AT_ONCE", 0) + int(told)
        return found

    def noticed(self, run_id: int, code: str) -> list[dict[str, Any]]:
        """Return the bookings that a run sent with a notice, by number."""
        rows = self._store.rows(
            "SELECT id, kind, number, twikey_number, invoicee_name, amount_cents, currency,"
            " related_id, web_url, url FROM bookings WHERE sent_run=? AND instr(notices, ?)"
            " ORDER BY number, id",
            (run_id, code),
        )
        return [dict(row) for row in rows]


def _bucket(stage: str, *, mine: bool, adopted: bool) -> str:
    if stage == "sent":
        return "sent" if mine and not adopted else "known"
    if stage == "planned":
        return "sent"
    if stage in ("skipped", "undone"):
        return "skipped"
    return "known" if stage in ("closed", "removing") else "held"


def _named(names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    if not names:
        return "", ()
    places = marks(len(names))
    clause = (
        f"AND (coalesce(reason, 'UNSETTLED') IN ({places}) OR number IN ({places})"
        f" OR twikey_number IN ({places}) OR id IN ({places}))"
    )
    return clause, tuple(names) * 4
