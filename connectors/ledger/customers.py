"""Customers as Teamleader tells them, whether Twikey has them, and what is yet to be told there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from sqlite3 import Row
from typing import Any

from connectors.ledger.bookings import BEING_MADE, marks
from connectors.ledger.runs import Event, Journal, text
from connectors.ledger.store import Store
from connectors.teamleader.records import Customer, Subscription

COLUMNS = tuple(f.name for f in fields(Customer))
_SET = ", ".join(f"{c}=excluded.{c}" for c in COLUMNS if c != "id")
# All of it, not only updated_at, which has whole seconds: two edits may share one.
_DIFFERS = " OR ".join(f"{c} IS NOT excluded.{c}" for c in COLUMNS if c not in ("id", "web_url"))

_AS_IT_WAS = f"json_object({', '.join(f'{c!r}, customers.{c}' for c in COLUMNS)})"
DEACTIVATED, ACTIVE_AGAIN, GONE, BACK = (
    "deactivated in Teamleader",
    "active again in Teamleader",
    "not found in Teamleader",
    "found in Teamleader again",
)


class Customers:
    """The customers of the ledger."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    # ---- facts from Teamleader

    def read(self, customers: Iterable[Customer], run_id: int, now: datetime | None = None) -> None:
        """Enter or refresh customers; those Twikey has and that changed are marked.

        Where nobody knows what Twikey was told (a customer found there), what Teamleader said until
        now is taken for it. A customer that was deactivated, or that is back, is news.
        """
        customers = list(customers)
        with self._store.atomic():
            self._news(customers, run_id, now)
            self._store.write_all(
                f"INSERT INTO customers ({', '.join(COLUMNS)}, read_run) VALUES"
                f" ({marks(len(COLUMNS))}, ?) ON CONFLICT (id) DO UPDATE SET {_SET},"
                " read_run=excluded.read_run, gone=0, alias=NULL, changed = changed OR"
                f" (known AND ({_DIFFERS})), sent = CASE WHEN known AND sent IS NULL AND NOT gone"
                f" AND NOT changed AND ({_DIFFERS}) THEN {_AS_IT_WAS} ELSE sent END",
                [(*(getattr(c, name) for name in COLUMNS), run_id) for c in customers],
            )
            self._store.write(
                "UPDATE customers SET known=1, known_how='seen' WHERE NOT known AND EXISTS"
                " (SELECT 1 FROM twikey_invoices t WHERE t.customer_number = customers.id)"
                f" AND NOT {BEING_MADE} AND id IN ({marks(len(customers))})",
                [c.id for c in customers],
            )

    def _news(self, customers: Sequence[Customer], run_id: int, now: datetime | None) -> None:
        """Write into the journey who was deactivated or is back; its held bookings are due then."""
        if now is None:
            return
        found = {row["id"]: row for row in self._rows([c.id for c in customers])}
        events: list[Event] = []
        for customer in customers:
            was = found.get(customer.id)
            if was is None or not (was["known"] or was["gone"]):
                continue
            if was["gone"]:
                events.append((customer.id, BACK, None))
            elif customer.status == "deactivated" != was["status"]:
                events.append((customer.id, DEACTIVATED, None))
            elif was["status"] == "deactivated" != customer.status:
                events.append((customer.id, ACTIVE_AGAIN, None))
        self._journal.add_all(run_id, now, events)
        self._store.write_all(
            "UPDATE bookings SET next_try_at=? WHERE customer_id=? AND stage='held'"
            " AND reason='CUSTOMER_GONE'",
            [(text(now), subject) for subject, what, _ in events if what == BACK],
        )

    def _rows(self, ids: Sequence[str]) -> list[Row]:
        sql = f"SELECT id, status, known, gone FROM customers WHERE id IN ({marks(len(ids))})"
        return self._store.rows(sql, ids)

    def kept(self, ids: Sequence[str]) -> set[str]:
        """Return which of these customers the ledger has."""
        rows = self._store.tuples(f"SELECT id FROM customers WHERE id IN ({marks(len(ids))})", ids)
        return {row[0] for row in rows}

    def to_be_told(self, ids: Sequence[str] | None = None) -> None:
        """Mark customers that Twikey has (all, or these) to be compared with what it was told."""
        where = "" if ids is None else f" AND id IN ({marks(len(ids))})"
        self._store.write(
            f"UPDATE customers SET changed=1 WHERE known AND NOT gone{where}", ids or ()
        )

    def gone(
        self, customer_id: str, kind: str, run_id: int, now: datetime, detail: str | None = None
    ) -> bool:
        """Mark a customer that Teamleader no longer has, and the bookings that wait for it.

        Returns whether that is news; ``detail`` goes with the bookings.
        """
        with self._store.atomic():
            before = self._rows([customer_id])
            self._store.write(
                "INSERT INTO customers (id, type, gone, read_run) VALUES (?, ?, 1, ?)"
                " ON CONFLICT (id) DO UPDATE SET gone=1, read_run=excluded.read_run",
                (customer_id, kind, run_id),
            )
            self._problem(customer_id, "CUSTOMER_GONE", detail or f"{kind} {customer_id}")
            news = not (before and before[0]["gone"])
            if news:
                self._journal.add(run_id, now, customer_id, GONE)
        return news

    def unreadable(self, customer_id: str, why: str) -> None:
        """Mark the bookings that wait for a customer whose record cannot be used."""
        self._problem(customer_id, "UNREADABLE", why)

    def _problem(self, customer_id: str, problem: str, detail: str) -> None:
        self._store.write(
            "UPDATE bookings SET source_problem=?, source_detail=?"
            " WHERE customer_id=? AND stage='seen'",
            (problem, detail, customer_id),
        )

    def subscription(self, subscription: Subscription, field_id: str | None, at: datetime) -> None:
        """Keep a subscription's profile field and payment term."""
        value = subscription.custom_fields.get(field_id) if field_id else None
        self._store.write(
            "INSERT OR REPLACE INTO subscriptions (id, title, field, term_type, term_days, read_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                subscription.id,
                subscription.title,
                None if value is None else json.dumps(value),
                subscription.term_type,
                subscription.term_days,
                text(at),
            ),
        )

    # ---- questions

    def rows(self, ids: Iterable[str]) -> list[tuple[Any, ...]]:
        """Return customers in the columns of ``mappings.frames.CUSTOMERS``.

        One whose default profile is still to be set counts as new: its invoices name the profile.
        """
        wanted = sorted(set(ids))
        return self._store.tuples(
            f"SELECT {', '.join(COLUMNS)}, known AND profile_to_set IS NULL FROM customers"
            f" WHERE NOT gone AND id IN ({marks(len(wanted))})",
            wanted,
        )

    def count_known(self) -> int:
        """Return how many customers Twikey has from us."""
        return int(self._store.one("SELECT count(*) FROM customers WHERE known")[0])

    def changed(self, after: str, limit: int) -> list[tuple[Customer, dict[str, Any]]]:
        """Return customers Twikey has that changed, by id, each with what was last sent of it."""
        rows = self._store.rows(
            "SELECT * FROM customers WHERE changed AND known AND NOT gone AND id > ?"
            " ORDER BY id LIMIT ?",
            (after, limit),
        )
        return [
            (Customer(**{c: r[c] for c in COLUMNS}), json.loads(r["sent"] or "{}")) for r in rows
        ]

    def to_tell(self, customer_id: str) -> list[tuple[Customer, dict[str, Any]]]:
        """Return one customer as ``changed`` does, even where Twikey refused its last change."""
        row = self._store.first(
            "SELECT * FROM customers WHERE known AND NOT gone AND (changed OR sent NOT NULL)"
            " AND id=?",
            (customer_id,),
        )
        if row is None:
            return []
        sent = json.loads(row["sent"] or "{}")
        return [(Customer(**{c: row[c] for c in COLUMNS}), sent)]

    def any_to_tell(self) -> bool:
        """Tell whether Twikey is to be told anything about customers."""
        return (
            self._store.first(
                "SELECT 1 FROM customers WHERE (changed AND known AND NOT gone)"
                " OR profile_to_set <> 'refused' LIMIT 1"
            )
            is not None
        )

    def profiles_to_set(self) -> list[tuple[str, str]]:
        """Return (customer, profile) for new customers whose default profile is not set yet."""
        return self._store.tuples(
            "SELECT id, profile_to_set FROM customers WHERE profile_to_set <> 'refused' ORDER BY id"
        )

    # ---- facts about Twikey

    def described(self, customers: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Keep what a create told Twikey of each customer, to send only changes later."""
        self._store.write_all(
            "UPDATE customers SET sent=?, changed=0 WHERE id=?",
            [(json.dumps(sent), customer_id) for customer_id, sent in customers],
        )

    def updated(
        self, customer_id: str, sent: dict[str, Any], changes: dict[str, str],
        run_id: int, now: datetime, **facts: object,
    ) -> None:  # fmt: skip
        """Record that a customer in Twikey equals its source again.

        ``facts`` say what could not follow.
        """
        with self._store.atomic():
            self._store.write(
                "UPDATE customers SET sent=?, changed=0 WHERE id=?", (json.dumps(sent), customer_id)
            )
            told = {name: value for name, value in facts.items() if value}
            if changes:
                self._journal.add(
                    run_id, now, customer_id, "updated in Twikey", fields=sorted(changes), **told
                )
            elif told:
                self._journal.add(run_id, now, customer_id, "changed in Teamleader", **told)

    def unchanged(self, customers: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Record customers whose change is nothing that Twikey is to be told."""
        self._store.write_all(
            "UPDATE customers SET sent=?, changed=0 WHERE id=?",
            [(json.dumps(sent), customer_id) for customer_id, sent in customers],
        )

    def not_updated(self, customer_id: str, why: str, run_id: int, now: datetime) -> None:
        """Record that Twikey refused an update: it goes again a day later, or with a change."""
        with self._store.atomic():
            self._store.write("UPDATE customers SET changed=0 WHERE id=?", (customer_id,))
            self._journal.add(run_id, now, customer_id, "update refused", why=why)

    def last_refused(self, customer_id: str) -> str | None:
        """Return when an update of a customer was refused last, UTC text."""
        row = self._store.one(
            "SELECT max(at) FROM events WHERE subject=? AND what='update refused'", (customer_id,)
        )
        return str(row[0]) if row[0] else None

    def is_followed(self, customer_id: str) -> bool:
        """Tell whether changes of a customer go to Twikey: it is on both sides."""
        row = self._store.first(
            "SELECT 1 FROM customers WHERE known AND NOT gone AND id=?", (customer_id,)
        )
        return row is not None

    def profile_set(self, customer_id: str, profile: str, run_id: int, now: datetime) -> None:
        """Record that a new customer's default profile stands in Twikey."""
        with self._store.atomic():
            self._store.write("UPDATE customers SET profile_to_set=NULL WHERE id=?", (customer_id,))
            self._journal.add(run_id, now, customer_id, "default profile set", profile=profile)

    def profile_refused(self, customer_id: str, why: str, run_id: int, now: datetime) -> None:
        """Record that Twikey refuses a customer's default profile; it is not asked again.

        Its invoices go on naming the profile, because Twikey would choose another one.
        """
        with self._store.atomic():
            self._store.write(
                "UPDATE customers SET profile_to_set='refused' WHERE id=?", (customer_id,)
            )
            self._journal.add(run_id, now, customer_id, "default profile refused", why=why)

    def forgotten(self, customer_id: str, run_id: int, now: datetime) -> None:
        """Record that Twikey no longer has a customer: the next invoice describes it in full."""
        with self._store.atomic():
            self._store.write(
                "UPDATE customers SET known=0, changed=0, profile_to_set=NULL WHERE id=?",
                (customer_id,),
            )
            self._journal.add(run_id, now, customer_id, "no longer in Twikey")


def snapshot(customer: Customer) -> dict[str, Any]:
    """Return a customer as plain values."""
    return asdict(customer)
