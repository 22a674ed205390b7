"""The common ground of the acceptance scenarios: who the customer is, what the time is.

Profiles 1420 (direct debit) and 1421 (payment link); invoice "2024 / 100" of EUR 121.00, dated
2024-11-01, due 2024-11-30, of a company; 4 November 2024, nine o'clock in Brussels. Everybody's
clock stands there: both services' and the job's, in this process.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.ledger.vault import Vault
from connectors.teamleader.auth import Tokens
from flows.settings import LEDGER_NAME
from tests.flows.office import CONFIG, Office, Outcome, QuickClock, environment_of
from tests.sandbox.world import Call, World

ROOT = Path(__file__).parents[2]
MORNING = datetime(2024, 11, 4, 9, 0, tzinfo=ZoneInfo("Europe/Brussels"))
CUSTOMER = "2d8309e1-a005-0d4c-8674-5eb981ecd2c3"
NUMBER = "2024 / 100"

OpenOffice = Callable[..., Office]


class WalkingClock(QuickClock):
    """A clock that waiting moves on, together with the services' own clock."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def monotonic(self) -> float:
        """Return seconds that waiting adds to."""
        return super().monotonic() + self.waited

    def sleep(self, seconds: float) -> None:
        """Wait without waiting: time is later afterwards, here and there."""
        super().sleep(seconds)
        self._world.advance(seconds)
        self.shift = self._world.now() - datetime.now(UTC)


# ---- setting the stage


def at(office: Office, moment: datetime) -> Office:
    """Put the clocks of both services and of the job at a moment."""
    office.sandbox.world.set_clock(moment)
    office.clock.shift = moment - datetime.now(UTC)
    return office


def in_november(open_office: OpenOffice, **options: Any) -> Office:
    """Open an office on the common ground, connected, with its customer and no invoices yet."""
    office = at(open_office(connected=False, **options), MORNING)
    office.sandbox.books.new_customer(id=CUSTOMER, name="Klant NV", email="ap@klant.example")
    office.grant()
    return office


def book_100(office: Office, **changes: Any) -> str:
    """Book "2024 / 100" of EUR 121.00 for the common customer and return its id."""
    plain = {"number": NUMBER, "date": "2024-11-01", "due": "2024-11-30", "customer": CUSTOMER}
    return office.sandbox.books.book(**{**plain, **changes})


def known(office: Office) -> Office:
    """Let the common customer become known to Twikey, by an invoice "2024 / 99" of October."""
    book_100(office, number="2024 / 99", date="2024-10-31")
    assert office.imports(days=30).sent == 1
    office.forget_calls()
    return office


def set_up(office: Office, *lines: str, tables: str = "") -> None:
    """Write the usual settings with some lines put first and some tables put last.

    A line whose name the usual settings have replaces it there.
    """
    names = {line.partition("=")[0].strip() for line in lines}
    kept = [one for one in CONFIG.splitlines() if one.partition("=")[0].strip() not in names]
    office.configure("\n".join([*lines, *kept, tables]))


def with_field(office: Office, context: str = "invoice", *, kind: str | None = None) -> str:
    """Switch advanced mode on for the custom field of a context; return its id."""
    definition = next(d for d in office.sandbox.books.definitions if d["context"] == context)
    if kind is not None:
        definition.update(type=kind, configuration={})
    set_up(office, tables=f'[custom_fields]\n{context} = "{definition["id"]}"')
    return str(definition["id"])


def option(office: Office, value: str, context: str = "invoice") -> str:
    """Return the id of the option that a person chooses in a single-choice field."""
    definition = next(d for d in office.sandbox.books.definitions if d["context"] == context)
    options = definition["configuration"]["options"]
    return next(str(one["id"]) for one in options if one["value"] == value)


# ---- running


def run(office: Office, *arguments: str) -> Outcome:
    """Run the command line in this process on the office's clock, so that waiting costs nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("flows.connection.SystemClock", lambda: office.clock)
        return office.run(*arguments)


@contextmanager
def program(office: Office, *arguments: str, **changes: str) -> Iterator[subprocess.Popen[str]]:
    """Run the real program in a process of its own; it is ended with the block."""
    environment = {**environment_of(office), "COLUMNS": "160", **changes}
    environment.pop("PREFECT_API_URL", None)
    started = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
        started.communicate()


def free_port() -> int:
    """Return a port on which nothing listens at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# ---- looking


def said(outcome: Outcome) -> str:
    """Return everything that was printed, however the lines were folded."""
    return " ".join((outcome.out + outcome.err).split())


def tokens(office: Office) -> Tokens | None:
    """Return the stored access to Teamleader."""
    vault = Vault(office.home / LEDGER_NAME)
    try:
        return vault.read_tokens()
    finally:
        vault.close()


def creates(office: Office) -> list[Call]:
    """Return every call that could have made an invoice in Twikey, done or not."""
    wanted = ("/creditor/invoice", "/creditor/invoice/bulk")
    return [c for c in office.calls("twikey") if c.method == "POST" and c.path in wanted]


def writes(office: Office, service: str) -> list[Call]:
    """Return the calls that could have changed something at a service."""
    if service == "twikey":
        return [c for c in office.calls("twikey") if c.method != "GET" and c.path != "/creditor"]
    reading = (".list", ".info", ".me", "/oauth2/access_token", "/oauth2/authorize")
    return [c for c in office.calls("teamleader") if not c.path.endswith(reading)]


def profile_of(office: Office, number: str = NUMBER) -> int:
    """Return the profile on which an invoice stands in Twikey."""
    return int(office.twikey_invoices()[number]["ct"])


def twikey_customers(office: Office) -> dict[str, dict[str, Any]]:
    """Return Twikey's customers by customer number."""
    return {str(c["customerNumber"]): c for c in office.sandbox.twikey.dump()["customers"]}


def held(office: Office) -> dict[str, str]:
    """Return what waits for a person: number -> reason."""
    with office.ledger() as ledger:
        return {row["number"]: row["reason"] for row in ledger.desk.held()}


def no_secrets(office: Office, *texts: str) -> None:
    """Assert that no credential of this office stands in any of these texts."""
    canaries = [
        office.environment["TEAMLEADER_CLIENT_SECRET"],
        office.environment["TWIKEY_API_KEY"],
        *(getattr(tokens(office), name, None) for name in ("access_token", "refresh_token")),
    ]
    for text in texts:
        assert not [c for c in canaries if c and c in text]
