"""Bookings as Teamleader lists them: entered once, compared on every later sight.

Stages: ``seen`` (to be decided), ``sending`` (a write is open), ``sent``, ``held`` (waits for a
person or a later look), ``skipped`` (left out by rule), ``closed`` (deleted in Teamleader),
``removing`` and ``undone`` (``undo`` takes it from Twikey, and it stays away).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.ledger.runs import Event, Journal, text
from connectors.ledger.store import Store
from connectors.teamleader.records import Booking, InvoiceDetail, Page, Unreadable

COLUMNS = Booking._fields
COMPARED = tuple(c for c in COLUMNS if c not in ("id", "kind", "updated_at", "web_url"))
_POSITION = {name: place for place, name in enumerate(COLUMNS)}

DECIDED_FROM = """
  b.id, b.kind, b.number, b.department_id, b.status, b.issued_on, b.due_on, b.paid,
  b.payable_cents, b.due_cents, b.currency, b.due_currency, b.payment_reference, b.customer_type,
  b.customer_id, b.invoicee_name, b.attention_of, b.subscription_id, b.related_id,
  p.twikey_number AS related_number, b.invoice_field, s.field AS subscription_field,
  b.invoice_email, b.on_hold_since, b.confirmed, b.source_problem, b.source_detail
"""

# A customer that an open write brings into being is not known before that write is settled: only
# then does it get its default profile, and until then its invoices name the profile (decisions 4).
BEING_MADE = (
    "EXISTS (SELECT 1 FROM bookings b WHERE b.customer_id = customers.id"
    " AND b.stage='sending' AND b.twikey_customer='new')"
)


@dataclass(frozen=True)
class Listed:
    """What one page brought: numbers of bookings."""

    new: int = 0
    changed: int = 0
    same: int = 0

    def __add__(self, other: Listed) -> Listed:
        """Add up pages."""
        return Listed(self.new + other.new, self.changed + other.changed, self.same + other.same)


SIGNED = (  # cents of a row, those of a credit note with a minus; {0} is the table's prefix
    "CASE {0}kind WHEN 'credit_note' THEN -abs({0}payable_cents) ELSE {0}payable_cents END"
)


def marks(count: int) -> str:
    """Return the placeholders of an IN list."""
    return ",".join("?" * count)


class Bookings:
    """The bookings of the ledger, as their source tells them."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    # ---- facts: what a list showed

    def listed(self, page: Page, run_id: int, now: datetime, *, by_hand: bool = False) -> Listed:
        """Enter a page in one transaction; what changed is compared column by column.

        ``by_hand`` decides anew what was skipped: the settings may have changed since.
        """
        with self._store.atomic():
            known = self._known([b.id for b in page.bookings])
            new = [b for b in page.bookings if b.id not in known]
            changed = [
                (b, known[b.id]) for b in page.bookings if b.id in known and _differs(b, known)
            ]
            self._enter(new, run_id, now)
            self._update(changed, run_id, now)
            self._touch(list(known), run_id, by_hand=by_hand)
            self._set_unreadable(page.unreadable, run_id, now)
        return Listed(len(new), len(changed), len(known) - len(changed))

    def _known(self, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        sql = f"SELECT {', '.join(COLUMNS)}, stage FROM bookings WHERE id IN ({marks(len(ids))})"
        return {row[0]: row for row in self._store.tuples(sql, ids)}

    def _enter(self, new: Iterable[Booking], run_id: int, now: datetime) -> None:
        at = text(now)
        self._store.write_all(
            f"INSERT OR IGNORE INTO bookings ({', '.join(COLUMNS)}, stage, first_seen_at, read_run)"
            f" VALUES ({marks(len(COLUMNS))}, 'seen', ?, ?)",
            [(*booking, at, run_id) for booking in new],
        )

    def _update(
        self, changed: list[tuple[Booking, tuple[Any, ...]]], run_id: int, now: datetime
    ) -> None:
        """Follow the source; what had not crossed yet is decided anew, with fresh details."""
        self._store.write_all(
            f"UPDATE bookings SET {', '.join(f'{c}=?' for c in COLUMNS)},"
            " stage = CASE WHEN stage IN ('skipped', 'held') THEN 'seen' ELSE stage END,"
            " detail_run = CASE WHEN stage IN ('sent', 'closed') THEN detail_run ELSE NULL END,"
            " source_problem = NULL, source_detail = NULL WHERE id=?",
            [(*booking, booking.id) for booking, _ in changed],
        )
        events: list[Event] = [
            (booking.id, "changed in Teamleader", difference)
            for booking, old in changed
            if (difference := _difference(booking, old))
        ]
        self._journal.add_all(run_id, now, events)

    def _touch(self, ids: Iterable[str], run_id: int, *, by_hand: bool) -> None:
        again = ", stage = CASE stage WHEN 'skipped' THEN 'seen' ELSE stage END" if by_hand else ""
        self._store.write_all(
            f"UPDATE bookings SET read_run=?{again} WHERE id=?", [(run_id, each) for each in ids]
        )

    def _set_unreadable(self, records: Iterable[Unreadable], run_id: int, now: datetime) -> None:
        self._store.write_all(
            "INSERT INTO bookings (id, kind, number, stage, source_problem, source_detail,"
            " first_seen_at, read_run) VALUES (?, ?, ?, 'seen', 'UNREADABLE', ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET read_run=excluded.read_run,"
            " source_problem = CASE WHEN stage IN ('sent', 'sending', 'closed')"
            " THEN source_problem ELSE 'UNREADABLE' END, source_detail=excluded.source_detail,"
            " stage = CASE WHEN stage IN ('skipped', 'held') THEN 'seen' ELSE stage END",
            [
                (r.id or f"unreadable:{r.number or r.problem}", r.kind, r.number, r.problem,
                 text(now), run_id)
                for r in records
            ],
        )  # fmt: skip

    # ---- facts: details and problems of the source

    def detailed(self, detail: InvoiceDetail, field_id: str, run_id: int) -> None:
        """Keep what only the details tell: the profile field, the e-mail, a pause."""
        value = detail.custom_fields.get(field_id)
        self._store.write(
            "UPDATE bookings SET invoice_field=?, invoice_email=?, on_hold_since=?, detail_run=?"
            " WHERE id=?",
            (
                None if value is None else json.dumps(value),
                detail.email,
                detail.on_hold_since,
                run_id,
                detail.id,
            ),
        )

    def source_problem(self, ids: Sequence[str], problem: str, detail: str) -> None:
        """Mark bookings that their source cannot complete (customer or invoice gone)."""
        self._store.write_all(
            "UPDATE bookings SET source_problem=?, source_detail=? WHERE id=?",
            [(problem, detail, each) for each in ids],
        )

    def subscription_problem(self, subscription_id: str, run_id: int, detail: str) -> None:
        """Mark bookings whose subscription cannot be read: its field may name a profile."""
        self._store.write(
            "UPDATE bookings SET source_problem='UNREADABLE', source_detail=?"
            " WHERE subscription_id=? AND stage='seen' AND read_run=?",
            (detail, subscription_id, run_id),
        )

    def closed(self, booking_id: str, run_id: int, now: datetime) -> None:
        """Close a booking that was deleted in Teamleader; its journey and link stay."""
        with self._store.atomic():
            self._store.write(
                "UPDATE bookings SET stage='closed', reason='DELETED_IN_SOURCE' WHERE id=?",
                (booking_id,),
            )
            self._journal.add(run_id, now, booking_id, "deleted in Teamleader")

    # ---- questions

    def undecided(self, run_id: int, limit: int) -> list[tuple[Any, ...]]:
        """Return the next bookings to decide, in the columns of ``mappings.frames.BOOKINGS``.

        Only what this run itself has read: what a stopped run left may have changed since. Ordered
        by number with invoices before credit notes, so that bookings which claim the same number
        meet in one chunk and a credit note finds its invoice already sent.
        """
        return self._store.tuples(
            f"SELECT {DECIDED_FROM} FROM bookings b"
            " LEFT JOIN subscriptions s ON s.id = b.subscription_id"
            " LEFT JOIN bookings p ON p.id = b.related_id"
            " AND p.stage IN ('sent', 'sending', 'planned')"
            " WHERE b.stage='seen' AND b.read_run=? AND coalesce(b.decided_run, 0) <> ?"
            " ORDER BY b.kind DESC, b.number, b.id LIMIT ?",
            (run_id, run_id, limit),
        )

    def any_undecided(self, run_id: int) -> bool:
        """Tell whether a run has read anything that is to be decided."""
        found = self._store.first(
            "SELECT 1 FROM bookings WHERE stage='seen' AND read_run=? LIMIT 1", (run_id,)
        )
        return found is not None

    def count_undecided(self, run_id: int) -> int:
        """Return how many bookings that a run has read are still to be decided by it."""
        row = self._store.one(
            "SELECT count(*) FROM bookings WHERE stage='seen' AND read_run=?"
            " AND coalesce(decided_run, 0) <> ?",
            (run_id, run_id),
        )
        return int(row[0])

    def without_details(self, run_id: int) -> list[str]:
        """Return undecided open invoices whose details were never read, by number."""
        rows = self._store.tuples(
            "SELECT id FROM bookings WHERE stage='seen' AND kind='invoice' AND detail_run IS NULL"
            " AND paid=0 AND due_cents > 0 AND source_problem IS NULL AND read_run=?"
            " ORDER BY number, id",
            (run_id,),
        )
        return [row[0] for row in rows]

    def subscriptions_wanted(self, run_id: int, fresh_after: datetime) -> list[str]:
        """Return subscriptions of undecided invoices that were not read since ``fresh_after``."""
        rows = self._store.tuples(
            "SELECT DISTINCT b.subscription_id FROM bookings b LEFT JOIN subscriptions s"
            " ON s.id = b.subscription_id WHERE b.stage='seen' AND b.subscription_id NOT NULL"
            " AND b.read_run=? AND (coalesce(s.read_at, '') < ? OR b.tries > 0) ORDER BY 1",
            (run_id, text(fresh_after)),
        )
        return [row[0] for row in rows]

    def customers_wanted(self, run_id: int, *, refresh: bool) -> dict[str, list[str]]:
        """Return the customers of undecided bookings to read, by type ('company', 'contact').

        ``refresh`` asks for all of them once in this run, otherwise only for those never read and
        for those that were gone: they may be back.
        """
        rows = self._store.tuples(
            "SELECT DISTINCT b.customer_type, b.customer_id FROM bookings b LEFT JOIN customers c"
            " ON c.id = b.customer_id WHERE b.stage='seen' AND b.customer_id NOT NULL"
            " AND b.read_run=? AND (c.read_run IS NULL OR ((? OR c.gone) AND c.read_run <> ?))"
            " ORDER BY 1, 2",
            (run_id, refresh, run_id),
        )
        wanted: dict[str, list[str]] = {"company": [], "contact": []}
        for kind, customer in rows:
            wanted.setdefault(kind, []).append(customer)
        return wanted

    def kinds(self, ids: Sequence[str]) -> dict[str, str]:
        """Return the kind of each booking."""
        rows = self._store.tuples(
            f"SELECT id, kind FROM bookings WHERE id IN ({marks(len(ids))})", ids
        )
        return dict(rows)

    def tries(self, ids: Sequence[str]) -> dict[str, int]:
        """Return how many times each booking was held."""
        rows = self._store.tuples(
            f"SELECT id, tries FROM bookings WHERE id IN ({marks(len(ids))})", ids
        )
        return dict(rows)

    def number_sent(self, booking_id: str) -> str:
        """Return the number that a booking has in Twikey; empty where none was sent."""
        row = self._store.first("SELECT twikey_number FROM bookings WHERE id=?", (booking_id,))
        return str(row["twikey_number"] or "") if row else ""

    def find(self, name: str) -> list[dict[str, Any]]:
        """Return bookings by Teamleader id, Teamleader number or Twikey number."""
        rows = self._store.rows(
            "SELECT * FROM bookings WHERE id=? OR number=? OR twikey_number=? OR twikey_id=?"
            " ORDER BY first_seen_at, id",
            (name, name, name, name),
        )
        return [dict(row) for row in rows]


def _differs(booking: Booking, known: dict[str, tuple[Any, ...]]) -> bool:
    """Tell whether the source changed, or touched what has not crossed yet."""
    old = known[booking.id]
    if _difference(booking, old):
        return True
    return old[_POSITION["updated_at"]] != booking.updated_at and old[-1] in ("held", "skipped")


def _difference(booking: Booking, old: tuple[Any, ...]) -> dict[str, object]:
    """Return column -> [before, after] for what a person would call a change."""
    return {
        name: [old[_POSITION[name]], getattr(booking, name)]
        for name in COMPARED
        if old[_POSITION[name]] != getattr(booking, name)
    }
