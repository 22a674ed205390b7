"""A ledger that is being rebuilt: what was saved goes in, what stands in Twikey is known again.

Whatever stands there under a Teamleader id crossed once, whatever the old ledger would have said
of it (decisions 3). Nothing that is entered here lets anybody be mailed or anything be sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from connectors.ledger.bookings import marks
from connectors.ledger.crossing import Crossings
from connectors.ledger.feed import GONE
from connectors.ledger.payments import placed
from connectors.ledger.records import REST
from connectors.ledger.runs import text
from connectors.ledger.store import Store
from connectors.ledger.tombstones import bury

SOME = 500
HOW = "found again in Twikey after the loss of the ledger"
MISSED = f"(stage = 'sent' AND coalesce(twikey_state, '') = '{GONE}')"
Row = Mapping[str, Any]


class Standing(NamedTuple):
    """A booking and the invoice that stands for it in Twikey; cents are signed."""

    booking_id: str
    twikey_id: str
    number: str | None
    cents: int
    ct: str | None
    due_on: str | None
    customer: str | None
    state: str | None


class Unplaced(NamedTuple):
    """An event that brought money, of a booking with none registered yet."""

    event_id: str
    booking_id: str


class Rebuilding:
    """The writes and questions of a rebuild."""

    def __init__(self, store: Store, crossings: Crossings) -> None:
        self._store = store
        self._crossings = crossings

    # ---- what was saved

    def put_back(self, table: str, rows: Sequence[Row]) -> int:
        """Enter saved rows of a table whose place is free; return how many."""
        there = {row[1] for row in self._store.tuples(f"PRAGMA table_info({table})")}
        put = 0
        with self._store.atomic():
            for row in rows:
                names = [name for name in row if name in there]
                put += self._store.write(
                    f"INSERT OR IGNORE INTO {table} ({', '.join(map(_quoted, names))})"
                    f" VALUES ({marks(len(names))})",
                    [row[name] for name in names],
                )
        return put

    def put_back_events(self, rows: Iterable[Row], known: Iterable[str]) -> None:
        """Enter saved payment events that the feed no longer tells, of bookings that are known."""
        known = set(known)
        mine = [
            {name: value for name, value in row.items() if name != "seq"}
            for row in rows
            if row["booking_id"] in known
        ]
        self.put_back("payment_events", mine)
        dismissed = [(row["note"], row["event_id"]) for row in mine if row["state"] == "dismissed"]
        self._store.write_all(
            "UPDATE payment_events SET state='dismissed', note=? WHERE event_id=?", dismissed
        )

    def put_back_registrations(self, rows: Iterable[Row]) -> int:
        """Enter saved registrations whose event is known as theirs; return how many stand."""
        fitting = [
            row
            for row in rows
            if self._store.first(
                "SELECT 1 FROM payment_events WHERE event_id=? AND booking_id=?",
                (row["event_id"], row["booking_id"]),
            )
        ]
        with self._store.atomic():
            self.put_back("registrations", fitting)
            done = [row for row in fitting if row["state"] == "done"]
            for row in done:
                placed(self._store, row["booking_id"], row["event_id"].partition(REST)[0])
        return len(done)

    def told_before(self, customers: Iterable[Row]) -> None:
        """Put back what Twikey was told last of customers: only differences are told again."""
        self._store.write_all(
            "UPDATE customers SET sent=?, changed=1 WHERE id=? AND known",
            [(row["sent"], row["id"]) for row in customers if row.get("sent")],
        )

    def stay_away(self, undone: Iterable[Row]) -> list[str]:
        """Put up the tombstones of what was taken back; return the bookings that stay away."""
        kept = [
            row["booking_id"]
            for row in undone
            if row["state"] in ("gone", "never") and row.get("lifted_at") is None
        ]
        buried = []
        for each in dict.fromkeys(kept):
            found = self._store.first("SELECT stage FROM bookings WHERE id=?", (each,))
            if found is not None and found["stage"] == "seen":
                bury(self._store, each, "taken back before the ledger was rebuilt")
                buried.append(each)
        return buried

    # ---- what stands in Twikey

    def not_listed(self) -> list[str]:
        """Return ids and references of Twikey's invoices that no booking has yet, in order."""
        rows = self._store.tuples(
            "SELECT DISTINCT key FROM (SELECT id AS key FROM twikey_invoices UNION"
            " SELECT ref FROM twikey_invoices) WHERE length(key) = 36 AND key GLOB '*-*-*-*-*'"
            " AND key NOT IN (SELECT id FROM bookings) ORDER BY key"
        )
        return [row[0] for row in rows]

    def standing(self) -> list[Standing]:
        """Return the undecided bookings that stand in Twikey: under their id, else by reference."""
        rows = self._store.tuples(
            "SELECT b.id, t.id, t.number, coalesce(t.amount_cents, b.payable_cents), t.ct,"
            " t.due_on, t.customer_number, t.state, t.id = b.id AS own FROM bookings b"
            " JOIN twikey_invoices t ON t.id = b.id OR t.ref = b.id WHERE b.stage = 'seen'"
            " ORDER BY b.number, b.id, own DESC, t.seen_at DESC, t.id"
        )
        found: dict[str, Standing] = {}
        for row in rows:
            found.setdefault(row[0], Standing(*row[:-1]))
        return list(found.values())

    def adopt(
        self, found: Sequence[Standing], run_id: int, now: datetime, *, how: str = HOW
    ) -> None:
        """Record that bookings crossed to Twikey; nobody is ever invited for them by itself."""
        for start in range(0, len(found), SOME):
            some = found[start : start + SOME]
            with self._store.atomic():
                self._store.write_all(
                    "UPDATE bookings SET twikey_number=?, amount_cents=?, ct=?, silent=1,"
                    " told_due_on=?, told_customer = (SELECT id FROM customers WHERE id=?)"
                    " WHERE id=?",
                    [
                        (one.number, one.cents, one.ct, one.due_on, one.customer, one.booking_id)
                        for one in some
                    ],
                )
                self._crossings.sent(
                    [(one.booking_id, one.twikey_id, None, one.state) for one in some],
                    run_id, now, adopted=True, how=how,
                )  # fmt: skip

    def silence(self) -> None:
        """Let nobody be invited by itself for what crossed before the rebuild."""
        self._store.write("UPDATE bookings SET silent=1 WHERE stage IN ('sent', 'closed')")

    def remember(self, bookings: Iterable[Row]) -> None:
        """Put back of what crossed what only the old ledger knew.

        That is what Twikey was told as paid beforehand, and whether and when this program sent it:
        of what it merely found there nobody can tell what is asked too much.
        """
        self._store.write_all(
            "UPDATE bookings SET prepaid_cents=?, first_seen_at=coalesce(?, first_seen_at),"
            " adopted=iif(?, 0, adopted), sent_at=coalesce(?, sent_at),"
            " sent_run=iif(?, (SELECT id FROM runs WHERE id=?), sent_run)"
            " WHERE id=? AND stage='sent' AND payable_cents=?",
            [
                (row.get("prepaid_cents") or 0, row.get("first_seen_at"), ours, row.get("sent_at"),
                 ours, row.get("sent_run"), row["id"], row["payable_cents"])
                for row in bookings
                for ours in [_sent_by_us(row)]
            ],
        )  # fmt: skip

    # ---- what does not

    def undecided(self) -> list[tuple[str, str | None]]:
        """Return what is yet to be decided: (id, the day it was issued)."""
        return self._store.tuples("SELECT id, issued_on FROM bookings WHERE stage='seen'")

    def first_day(self) -> str | None:
        """Return the earliest day on which anything that stands in Twikey was issued."""
        row = self._store.one("SELECT min(issued_on) FROM bookings WHERE stage='sent'")
        return str(row[0]) if row[0] is not None else None

    def forget(self, ids: Sequence[str]) -> None:
        """Forget bookings that nobody ever asked for; a list brings them back when asked."""
        self._store.write_all("DELETE FROM bookings WHERE id=?", [(each,) for each in ids])

    def leave_to_the_next(self, ids: Sequence[str], run_id: int) -> None:
        """Leave bookings to the next import, which reads and decides them anew."""
        self._store.write_all(
            "UPDATE bookings SET decided_run=? WHERE id=? AND stage='seen'",
            [(run_id, each) for each in ids],
        )

    def touched_since(self, ids: Sequence[str], after: str) -> set[str]:
        """Return those of some bookings that Teamleader touched after an instant (UTC text)."""
        wanted = set(ids)
        rows = self._store.tuples(
            "SELECT id FROM bookings WHERE stage='seen' AND julianday(updated_at) >= julianday(?)",
            (after,),
        )
        return {row[0] for row in rows if row[0] in wanted}

    # ---- money

    def unplaced(self) -> list[Unplaced]:
        """Return payments of invoices with none of them registered, by booking, oldest first."""
        rows = self._store.tuples(
            "SELECT e.event_id, e.booking_id FROM payment_events e JOIN bookings b"
            " ON b.id = e.booking_id WHERE e.type = 'payment' AND e.state = 'new'"
            " AND b.kind = 'invoice' AND b.stage = 'sent'"
            " AND NOT EXISTS (SELECT 1 FROM registrations r WHERE r.event_id = e.event_id)"
            " ORDER BY b.number, b.id, e.occurred_at, e.seq"
        )
        return [Unplaced(*row) for row in rows]

    def sent(self) -> set[str]:
        """Return the ids of what stands in Twikey."""
        return {row[0] for row in self._store.tuples("SELECT id FROM bookings WHERE stage='sent'")}

    def counts(self) -> dict[str, int]:
        """Return how many bookings are at each stage, and how many customers Twikey has.

        ``missed`` are those that crossed and that Twikey has no more; they do not count as sent.
        """
        rows = self._store.tuples(
            f"SELECT iif({MISSED}, 'missed', stage), count(*) FROM bookings GROUP BY 1"
        )
        found: dict[str, int] = dict(rows)
        found["customers"] = int(self._store.one("SELECT count(*) FROM customers WHERE known")[0])
        return found

    def cents_sent(self) -> int:
        """Return the sum of what stands in Twikey; a credit note counts less."""
        row = self._store.one("SELECT coalesce(sum(amount_cents), 0) FROM bookings"
                              f" WHERE stage='sent' AND NOT {MISSED}")  # fmt: skip
        return int(row[0])

    def access_of(self, other: Rebuilding) -> None:
        """Take over the access that another ledger holds."""
        rows = other._store.tuples("SELECT name, value FROM access")
        self._store.write_all("INSERT OR REPLACE INTO access (name, value) VALUES (?, ?)", rows)

    def settle_into_file(self, now: datetime) -> None:
        """Write the log into the file, so that the file alone is the whole ledger."""
        self._store.write("DELETE FROM holder")
        self._store.write(
            "INSERT OR REPLACE INTO facts (name, value) VALUES ('ledger made', ?)", (text(now),)
        )
        self._store.one("PRAGMA wal_checkpoint(TRUNCATE)")


def _sent_by_us(booking: Row) -> bool:
    sent = booking["stage"] == "sent" and booking.get("sent_at") is not None
    return sent and not booking.get("adopted")


def _quoted(name: str) -> str:
    return f'"{name}"'
