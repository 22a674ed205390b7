"""A ledger put back from a backup, as docs/operating.md tells: nothing twice, nothing lost."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from flows.follow_up import FollowUpRequest, follow_up
from flows.settings import LEDGER_NAME
from tests.flows.office import Office


def back_up(office: Office) -> None:
    """Make a whole copy while the ledger may be in use, as ``sqlite3 .backup`` does."""
    with (
        closing(sqlite3.connect(office.home / LEDGER_NAME)) as ledger,
        closing(sqlite3.connect(office.home / "ledger-copy.db")) as copy,
    ):
        ledger.backup(copy)


def put_back(office: Office) -> None:
    """Put the copy in the place of the ledger."""
    for suffix in ("-wal", "-shm"):
        (office.home / f"{LEDGER_NAME}{suffix}").unlink(missing_ok=True)
    (office.home / "ledger-copy.db").replace(office.home / LEDGER_NAME)


def follow(office: Office) -> int:
    """Write payments back; return how many were registered."""
    with office.connection() as connection:
        report = follow_up(connection, FollowUpRequest())
    assert report.payments is not None
    return report.payments.registered


def payments(office: Office, invoice: str) -> int:
    """Return how many payments Teamleader shows on an invoice."""
    with office.connection() as connection:
        return len(connection.teamleader.invoice(invoice).payments)


def test_a_ledger_put_back_sends_and_registers_nothing_twice(office: Office) -> None:
    """Decisions 5: a copy of yesterday: what crossed since is adopted, what was paid stays once."""
    first = office.sandbox.books.book(number="2026 / 11")
    office.imports(days=30)
    back_up(office)
    office.sandbox.books.book()
    assert office.imports().sent == 1
    office.sandbox.twikey.actions["pay_link"]("2026 / 11")
    assert follow(office) == 1
    put_back(office)
    office.grant()  # connect
    report = office.imports(days=30)
    assert (report.sent, report.adopted) == (0, 1)
    assert follow(office) == 0
    assert payments(office, first) == 1
    assert len(office.twikey_invoices()) == 2
    assert office.run("status", "--json").json["unsettled"] == 0
