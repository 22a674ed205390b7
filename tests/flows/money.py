"""An office whose money moves: booked, imported, paid in Twikey, followed up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flows.guards import SweepReport, sweep
from flows.payments import PaymentsReport, write_back
from flows.run import at_work
from tests.flows.office import Office
from tests.flows.scenes import CUSTOMER, OpenOffice, at, book_100, in_november

__all__ = ["CUSTOMER", "follow_up", "imported", "on", "open_alerts", "payments", "story"]


def imported(open_office: OpenOffice, **rules: Any) -> tuple[Office, str]:
    """Open an office in which "2024 / 100" of EUR 121.00 was imported; return it and its id."""
    office = in_november(open_office, **rules)
    invoice = book_100(office)
    office.imports(days=30)
    office.forget_calls()
    return office, invoice


def follow_up(office: Office, *, always: bool = True) -> tuple[PaymentsReport, SweepReport]:
    """Run the payments and the guards, as a follow-up does."""
    with (
        office.connection() as connection,
        at_work(connection, "follow-up", started_by="a test", parameters={}) as run,
    ):
        report = write_back(run), sweep(run, always=always)
        run.ledger.runs.end(run.id, run.now(), "clean", report[0].headline(), {})
    office.notes = run.notes
    return report


def on(office: Office, day: str, hour: int = 10) -> Office:
    """Put all clocks at a day, ten o'clock UTC unless said otherwise."""
    return at(office, datetime.fromisoformat(f"{day}T{hour:02}:00:00").replace(tzinfo=UTC))


def payments(office: Office, invoice: str) -> list[tuple[int, str]]:
    """Return an invoice's payments in Teamleader: (cents, day), oldest first."""
    made = sorted(office.sandbox.books.invoice(invoice).payments)
    return [(cents, datetime.fromtimestamp(when, UTC).date().isoformat()) for when, cents in made]


def open_alerts(office: Office) -> dict[str, str]:
    """Return the open alerts: code -> detail."""
    with office.ledger() as ledger:
        return {row["code"]: row["detail"] for row in ledger.alerts.open()}


def story(office: Office, invoice: str) -> list[str]:
    """Return what happened to a booking, in words, in order."""
    with office.ledger() as ledger:
        return [event["what"] for event in ledger.journal.of(invoice)]
