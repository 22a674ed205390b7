"""Removals of payments in Teamleader: a durable plan, because removing one removes all.

The plan with everything that must stand again is committed before ``removePayments`` leaves; each
payment that is put back has its own commit before its call. Whoever takes up a plan reads what
stands in Teamleader first (reliability P9, decisions 7).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from connectors.ledger.payments import placed
from connectors.ledger.records import IN_PART, REST, Registration, Reversal, Survivor
from connectors.ledger.runs import Event, Journal, text
from connectors.ledger.store import Store

ALONE = "ours is not among the payments in Teamleader"


class Reversals:
    """The plans."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal

    def plan(self, booking_id: str, event_ids: Sequence[str], now: datetime) -> Reversal:
        """Enter a removal of these payments of a booking; nothing is sent yet."""
        at = text(now)
        with self._store.atomic():
            self._store.write(
                "INSERT INTO reversals (booking_id, event_ids, survivors, state, at, not_before)"
                " VALUES (?, ?, '[]', 'planned', ?, ?)",
                (booking_id, json.dumps(list(event_ids)), at, at),
            )
            new = int(self._store.one("SELECT last_insert_rowid()")[0])
        return Reversal(new, booking_id, list(event_ids), "planned", at)

    def open(self) -> list[Reversal]:
        """Return every plan that is not done, oldest first."""
        rows = self._store.tuples(
            "SELECT id, booking_id, event_ids, state, not_before, survivors FROM reversals"
            " WHERE state <> 'done' ORDER BY id"
        )
        return [
            Reversal(
                number, booking, json.loads(events), state, later,
                [Survivor(**one) for one in json.loads(survivors)],
            )
            for number, booking, events, state, later, survivors in rows
        ]  # fmt: skip

    def not_found(self, booking_id: str) -> set[str]:
        """Return the payments that were to be undone and did not stand in Teamleader as ours."""
        rows = self._store.tuples(
            "SELECT event_ids FROM reversals WHERE booking_id=? AND state='done' AND note=?",
            (booking_id, ALONE),
        )
        return {each.partition(REST)[0] for row in rows for each in json.loads(row[0])}

    def removing(self, one: Reversal, run_id: int, now: datetime, not_before: datetime) -> None:
        """Commit the intent to remove all payments, with those that must stand again."""
        one.state, one.not_before = "removing", text(not_before)
        with self._store.atomic():
            self._write(one, now)
            facts: dict[str, object] = {
                "events": one.event_ids,
                "to be put back": [asdict(each) for each in one.survivors],
            }
            self._journal.add_all(
                run_id, now, [(one.booking_id, "payments to be removed in Teamleader", facts)]
            )

    def removed(self, one: Reversal, run_id: int, now: datetime) -> None:
        """Record that the payments are gone: what was undone is undone, the others come back."""
        one.state = "restoring"
        with self._store.atomic():
            self._write(one, now)
            self._undone(one)
            told: list[Event] = [
                (one.booking_id, "payment removed in Teamleader", {"event": each})
                for each in one.event_ids
            ]
            self._journal.add_all(run_id, now, told)

    def _undone(self, one: Reversal) -> None:
        self._store.write_all(
            "UPDATE registrations SET state='removed' WHERE event_id=?",
            [(each,) for each in one.event_ids],
        )
        self._store.write_all(
            "UPDATE payment_events SET state='undone', note=NULL WHERE event_id=?",
            [(each.partition(REST)[0],) for each in one.event_ids],
        )

    def putting_back(
        self, one: Reversal, survivor: Survivor, now: datetime, not_before: datetime
    ) -> None:
        """Commit the intent to register a survivor again; ours counts with what it is now."""
        one.not_before = text(not_before)
        with self._store.atomic():
            self._write(one, now)
            if survivor.event_id is not None:
                self._store.write(
                    "UPDATE registrations SET amount_cents=? WHERE event_id=?",
                    (survivor.amount_cents, survivor.event_id),
                )
                placed(self._store, one.booking_id, survivor.event_id.partition(REST)[0])

    def no_room(self, one: Reversal, survivor: Survivor, now: datetime) -> None:
        """Give up one of our own: somebody else paid what it was for; it is looked at anew."""
        one.survivors.remove(survivor)
        part = survivor.event_id or ""
        with self._store.atomic():
            self._write(one, now)
            self._store.write("UPDATE registrations SET state='removed' WHERE event_id=?", (part,))
            placed(self._store, one.booking_id, part.partition(REST)[0])

    def put_back(self, one: Reversal, survivor: Survivor, run_id: int, now: datetime) -> None:
        """Record that a survivor stands again."""
        facts: dict[str, object] = {"cents": survivor.amount_cents, "paid_at": survivor.paid_at}
        if survivor.method_id is None:
            facts["method"] = "not known: Teamleader does not tell it"
        self._journal.add_all(
            run_id, now, [(one.booking_id, "payment put back in Teamleader", facts)]
        )

    def set(self, one: Reversal, state: str, now: datetime, note: str | None = None) -> None:
        """Put a plan in another state, with the reason."""
        one.state = state
        with self._store.atomic():
            self._write(one, now, note)

    def waits(self, one: Reversal, now: datetime, not_before: datetime) -> None:
        """Let nobody touch a plan before an instant."""
        one.not_before = text(not_before)
        self._write(one, now)

    def nothing_there(self, one: Reversal, run_id: int, now: datetime, why: str) -> None:
        """Close a plan whose payments do not stand in Teamleader: there is nothing to undo."""
        one.state = "done"
        with self._store.atomic():
            self._write(one, now, why)
            self._undone(one)
            self._again(one.booking_id)
            self._journal.add(run_id, now, one.booking_id, "nothing to undo", why=why)

    def found_again(self, one: Reversal, survivor: Survivor, paid_at: str, now: datetime) -> None:
        """Take a payment that a person registered by hand for the survivor that was wanting."""
        survivor.paid_at = paid_at
        with self._store.atomic():
            self._write(one, now)
            self._store.write(
                "UPDATE registrations SET paid_at=? WHERE event_id=?",
                (paid_at, survivor.event_id or ""),
            )

    def done(self, one: Reversal, run_id: int, now: datetime) -> None:
        """Close a plan; money that had no room before is looked at anew."""
        one.state = "done"
        with self._store.atomic():
            self._write(one, now)
            self._again(one.booking_id)
            back = len(one.survivors)
            self._journal.add(run_id, now, one.booking_id, "reversal done", put_back=back)

    def _again(self, booking_id: str) -> None:
        self._store.write(
            "UPDATE payment_events SET state='new', note=NULL WHERE booking_id=?"
            " AND type='payment' AND (state='reported' OR note=?)",
            (booking_id, IN_PART),
        )

    def _write(self, one: Reversal, now: datetime, note: str | None = None) -> None:
        self._store.write(
            "UPDATE reversals SET state=?, survivors=?, at=?, not_before=?,"
            " note=coalesce(?, note) WHERE id=?",
            (
                one.state,
                json.dumps([asdict(each) for each in one.survivors]),
                text(now),
                one.not_before,
                note,
                one.id,
            ),
        )


def still_standing(one: Reversal, registrations: Sequence[Registration]) -> list[Registration]:
    """Return the registrations that a plan is to undo."""
    return [each for each in registrations if each.event_id in one.event_ids]
