"""What the tests of the import look at on either side, and how time goes by for both."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from connectors.ledger.vault import Vault
from connectors.teamleader.auth import Tokens
from flows.settings import LEDGER_NAME
from tests.flows.office import Office

OpenOffice = Callable[..., Office]


def days_ago(office: Office, days: int) -> str:
    """Return the date so many days before the books' today."""
    return (office.sandbox.books.today() - timedelta(days=days)).isoformat()


def pass_time(office: Office, **span: float) -> None:
    """Let time go by on both sides, and give the access that a job would have kept alive."""
    office.clock.shift += timedelta(**span)
    office.sandbox.world.advance(timedelta(**span).total_seconds())
    office.grant()


def watermark(office: Office, resource: str = "invoices") -> datetime | None:
    """Return up to where a resource was read."""
    with office.ledger() as ledger:
        return ledger.watermarks.read(resource)


def stored_tokens(office: Office) -> Tokens:
    """Return the pair that is stored now."""
    vault = Vault(office.home / LEDGER_NAME)
    try:
        tokens = vault.read_tokens()
        assert tokens is not None
        return tokens
    finally:
        vault.close()


def numbers(office: Office) -> list[str]:
    """Return the numbers that stand in Twikey, in order."""
    return sorted(office.twikey_invoices())


def booked(office: Office, booking: str) -> str:
    """Return the number of an invoice in Teamleader."""
    return str(office.sandbox.books.invoice(booking).number)


def held(office: Office) -> dict[str, dict[str, Any]]:
    """Return what waits in the ledger, by Teamleader id."""
    with office.ledger() as ledger:
        return {row["id"]: row for row in ledger.desk.held()}


def creates(office: Office) -> list[Any]:
    """Return the creates that left, single and bulk, as the sandbox saw them."""
    paths = ("/creditor/invoice", "/creditor/invoice/bulk")
    calls = office.calls("twikey")
    return [call for call in calls if call.method == "POST" and call.path in paths]
