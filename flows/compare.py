"""The work of a reconciliation: the frames of both sides, and the second look at what disagrees."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from connectors.errors import CallRefused, NotFound, RecordUnreadable
from connectors.ledger.runs import text
from connectors.teamleader.records import Booking, Page, Unreadable
from flows.decide import rules_of
from flows.reading import since
from flows.run import Run
from mappings.frames import frame
from mappings.guards import came_in
from mappings.reconcile import Situation, reconcile
from mappings.reconcile_frames import LEDGER, TEAMLEADER, TWIKEY
from mappings.reconcile_totals import to_ask
from mappings.rules import Rules

MOST_LOOKS = 50  # Twikey's details are rationed to about one a second (API reference 1.12)
END = "9999-12-31"
CROSSED = ("sent", "sending", "removing")


@dataclass
class Sides:
    """What was listed on both sides of a window of invoice dates, and who was asked singly.

    ``listed`` are Teamleader's records by id, ``gone`` ids that Twikey says it does not have.
    """

    since: str
    until: str | None
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    not_asked: int = 0
    teamleader: pd.DataFrame = field(default_factory=lambda: frame([], TEAMLEADER))
    twikey: pd.DataFrame = field(default_factory=lambda: frame([], TWIKEY))

    def days(self) -> tuple[str, str]:
        """Return the first and the last date."""
        return self.since, self.until or END


# ---- Teamleader


def list_teamleader(run: Run, sides: Sides) -> int:
    """List invoices and credit notes of the window anew; return how many there are."""
    teamleader, since, until = run.connection.teamleader, sides.since, sides.until
    lists = (teamleader.booked_invoices, teamleader.credit_notes)
    for listing in lists:
        for page in listing(issued_from=since, issued_to=until):
            _enter(sides, page)
            run.tell("listing what Teamleader booked", len(sides.listed), None)
    return len(sides.listed)


def _enter(sides: Sides, page: Page) -> None:
    for booking in page.bookings:
        sides.listed.setdefault(booking.id, _row(booking))
    for bad in page.unreadable:
        name = bad.id or f"unreadable:{bad.number or bad.problem}"
        while bad.id is None and name in sides.listed:
            name += "'"
        sides.listed.setdefault(name, _unreadable(name, bad))


def _row(booking: Booking) -> dict[str, Any]:
    """Return what is compared of a booking: fifty thousand of them are held at once."""
    return {name: getattr(booking, name) for name in TEAMLEADER if name != "problem"}


def _unreadable(name: str, bad: Unreadable) -> dict[str, Any]:
    return {"id": name, "kind": bad.kind, "number": bad.number, "problem": bad.problem}


def _ask_teamleader(
    run: Run, sides: Sides, known: Iterable[dict[str, Any]], shown: Container[str]
) -> None:
    """Ask by ids for what stands in Twikey and was not listed: dated otherwise, or deleted."""
    teamleader = run.connection.teamleader
    missing: dict[str, list[str]] = {"invoice": [], "credit_note": []}
    for row in known:
        each, stage = row["ledger_id"], row["stage"]
        there = stage in CROSSED or (stage != "closed" and _key(row) in shown)
        if there and each not in sides.listed and each not in sides.absent:
            missing[row["ledger_kind"]].append(each)
    lists: dict[str, Callable[..., Iterator[Page]]] = {
        "invoice": teamleader.booked_invoices, "credit_note": teamleader.credit_notes,
    }  # fmt: skip
    for kind, ids in missing.items():
        for page in lists[kind](ids=ids) if ids else ():
            _enter(sides, page)
        for lost in (each for each in ids if each not in sides.listed):
            _confirm(run, sides, lost, kind)


def _confirm(run: Run, sides: Sides, booking_id: str, kind: str) -> None:
    """Make sure that Teamleader no longer has a booking: a list may fail to show it."""
    teamleader = run.connection.teamleader
    sides.absent.add(booking_id)
    try:
        found = (
            teamleader.invoice(booking_id)
            if kind == "invoice"
            else teamleader.credit_note(booking_id)
        )
    except NotFound:
        return
    except (RecordUnreadable, CallRefused) as odd:
        why = str(odd)
    else:
        if isinstance(found, Booking):
            sides.listed[booking_id] = _row(found)
            return
        why = "Teamleader has it, and does not list it"
    sides.listed[booking_id] = {"id": booking_id, "kind": kind, "number": None, "problem": why}


# ---- the frames


def compare(run: Run, sides: Sides, every: bool) -> pd.DataFrame:  # noqa: FBT001 - a step's argument
    """Compare, ask Twikey once more for what disagrees, and compare again if that brought news."""
    rules = rules_of(run.connection.settings, run.connection.today().isoformat(), {}, {})
    situation = _situation(run)
    rows = _compared(run, sides, rules, situation)
    wanted = to_ask(rows, every=every)
    chosen = wanted if every else wanted[:MOST_LOOKS]
    sides.not_asked = len(wanted) - len(chosen)
    if sides.not_asked:
        run.notes.append(
            f"Twikey was asked for {len(chosen)} of {len(wanted)} invoices that are in doubt; for"
            " the others its feed must do (`--every` asks for all, about one a second)"
        )
    if chosen:
        _look(run, sides, chosen)
        rows = _compared(run, sides, rules, situation)
    return rows


def _look(run: Run, sides: Sides, wanted: list[str]) -> None:
    """Ask Twikey for invoices one by one, and keep what it shows."""
    for done, twikey_id in enumerate(wanted, start=1):
        standing = run.connection.twikey.invoice(twikey_id)
        sides.asked.append(twikey_id)
        if standing is not None:
            run.ledger.feed.invoices_seen([standing], None, run.now())
        else:
            sides.gone.add(twikey_id)
            run.ledger.feed.forget(twikey_id)
        run.tell("asking Twikey for what is in doubt", done, len(wanted))


def _situation(run: Run) -> Situation:
    read = run.ledger.watermarks.read
    resources = {"invoice": "invoices", "credit_note": "credit notes"}
    return Situation(
        automatic=run.connection.settings.automatic,
        read_from={
            kind: text(since(run, resource))
            for kind, resource in resources.items()
            if read("invoices") is not None
        },
        oldest=run.ledger.comparison.oldest(),
        first_import=run.ledger.comparison.first_import(),
    )


def _compared(run: Run, sides: Sides, rules: Rules, situation: Situation) -> pd.DataFrame:
    comparison = run.ledger.comparison
    known = {row["ledger_id"]: row for row in comparison.bookings(*sides.days())}
    known |= _by(comparison.bookings_of([i for i in sides.listed if i not in known]), "ledger_id")
    shown = _by(comparison.invoices(*sides.days()), "twikey_id")
    known |= _by(comparison.bookings_behind(list(shown)), "ledger_id")
    known |= _by(comparison.bookings_of([i for i in shown if i not in known]), "ledger_id")
    _ask_teamleader(run, sides, known.values(), shown)
    keys = {_key(row) for row in known.values()} | set(sides.listed)
    shown |= _by(comparison.invoices_of([key for key in keys if key not in shown]), "twikey_id")
    shown |= _known_to_us(known.values(), shown, sides)
    sides.teamleader = frame(_in_question(sides, known, shown), TEAMLEADER)
    sides.twikey = frame([_twikey(row, rules) for row in shown.values()], TWIKEY)
    ledger = frame(_ledger(run, known), LEDGER)
    return reconcile(sides.teamleader, ledger, sides.twikey, rules, situation)


def _key(row: dict[str, Any]) -> str:
    """Return the id of a booking in Twikey: another one only where the ledger knows it."""
    return str(row["twikey_key"] or row["ledger_id"])


def _by(rows: Iterable[dict[str, Any]], name: str) -> dict[str, dict[str, Any]]:
    return {row[name]: row for row in rows}


def _in_question(
    sides: Sides, known: dict[str, dict[str, Any]], shown: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return Teamleader's bookings of the window, and of other dates what an invoice belongs to."""
    first, last = sides.days()
    found = []
    for booking_id, row in sides.listed.items():
        key = known.get(booking_id, {}).get("twikey_key") or booking_id
        day = row.get("issued_on")
        if day is None or first <= day <= last or key in shown:
            found.append(row)
    return found


def _known_to_us(
    known: Iterable[dict[str, Any]], shown: dict[str, dict[str, Any]], sides: Sides
) -> dict[str, dict[str, Any]]:
    """Return what crossed and Twikey's feed never showed, as it was sent."""
    found = {}
    for row in known:
        key = _key(row)
        if row["stage"] == "sent" and key not in shown and key not in sides.gone:
            found[key] = {
                "twikey_id": key, "twikey_number": row["twikey_number"], "ref": row["ledger_id"],
                "twikey_cents": row["amount_cents"], "twikey_on": row["issued_on"],
                "twikey_state": row["twikey_state"] or "BOOKED", "twikey_url": row["url"],
                "ct": row["ct"], "sight": "ledger",
            }  # fmt: skip
    return found


def _twikey(row: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """Add the currency, which is the profile's: Twikey itself names none (decisions 3)."""
    return {**row, "twikey_currency": rules.currency_of(row["ct"])}


def _ledger(run: Run, known: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Add what came in for each booking, and whether some of it is on its way to Teamleader."""
    payments = run.ledger.payments
    moving: set[str] = set()
    if run.connection.settings.payments.write_back:
        moving = {*payments.at_work(), *payments.blocked()}
    events = payments.of([row["ledger_id"] for row in known.values() if row["stage"] == "sent"])
    return [
        {**row, "came_in_cents": came_in(events.get(each, [])), "moving": each in moving}
        for each, row in known.items()
    ]
