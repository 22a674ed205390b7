"""An office: a sandbox with both services, a home with settings, and the program, run for real."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.clock import SystemClock
from connectors.ledger.ledger import Ledger
from connectors.ledger.vault import Vault
from connectors.teamleader.auth import Tokens
from flows.connection import Connection
from flows.import_booked import ImportRequest, import_booked
from flows.report import ImportReport
from flows.secrets import read_secrets
from flows.settings import LEDGER_NAME, read_settings
from tests.sandbox.server import Sandbox

CONFIG = """\
new_customer_profile = 1420
strict_mode = true
settle_after_seconds = 0
[profiles.1420]
invitation = "off"
"""


class QuickClock(SystemClock):
    """The real clock, but waiting takes no time; ``shift`` moves the wall clock."""

    def __init__(self) -> None:
        self.shift = timedelta()
        self.waited = 0.0

    def now(self) -> datetime:
        """Return the shifted wall clock."""
        return datetime.now(UTC) + self.shift

    def monotonic(self) -> float:
        """Return the host's clock, ahead by what was waited."""
        return super().monotonic() + self.waited

    def sleep(self, seconds: float) -> None:
        """Wait without waiting."""
        self.waited += seconds


@dataclass
class Outcome:
    """What a verb of the command line did: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed as JSON."""
        return json.loads(self.out)


class Office:
    """One company's books, its Twikey account, and a connection between them."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self.home = home
        self.clock = QuickClock()
        self.notes: list[str] = []
        self.environment = {**sandbox.environment(), "TEAMLEADER_TWIKEY_HOME": str(home)}
        self.configure(CONFIG)

    def configure(self, text: str) -> None:
        """Write the settings."""
        (self.home / "config.toml").write_text(text, encoding="utf-8")

    def grant(self, *, expires_in: float = 3600) -> None:
        """Store an access to Teamleader as a consent would."""
        pair = self.sandbox.grant()
        now = self.clock.now()
        vault = Vault(self.home / LEDGER_NAME)
        with vault.exclusive():
            vault.write_tokens(
                Tokens(
                    pair["access_token"],
                    pair["refresh_token"],
                    now + timedelta(seconds=expires_in),
                    now,
                )
            )
        vault.close()

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """Open the connection as the program does."""
        settings = read_settings(self.home / "config.toml")
        secrets = read_secrets(self.environment)
        with Connection(self.home, settings, secrets, clock=self.clock) as opened:
            yield opened

    def imports(self, **request: Any) -> ImportReport:
        """Run an import in this process, with ``yes`` unless said otherwise."""
        with self.connection() as connection:
            return import_booked(connection, ImportRequest(**{"yes": True, **request}))

    def run(self, *arguments: str) -> Outcome:
        """Run the command line in this process; what it prints is kept."""
        from flows import cli

        out, err = io.StringIO(), io.StringIO()
        patch = pytest.MonkeyPatch()
        for name, value in self.environment.items():
            patch.setenv(name, value)
        patch.delenv("PREFECT_API_URL", raising=False)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = cli.main(list(arguments))
        finally:
            patch.undo()
        return Outcome(code, out.getvalue(), err.getvalue())

    @contextlib.contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Open the ledger to look."""
        ledger = Ledger(self.home / LEDGER_NAME)
        try:
            yield ledger
        finally:
            ledger.close()

    # ---- what both sides show

    def twikey_invoices(self) -> dict[str, dict[str, Any]]:
        """Return what stands in Twikey, by number."""
        return {i["number"]: i for i in self.sandbox.twikey.dump()["invoices"]}

    def calls(self, service: str, path: str = "") -> list[Any]:
        """Return the calls a service has seen whose path starts so."""
        return [
            c for c in self.sandbox.world.journal
            if c.service == service and c.path.startswith(path)
        ]  # fmt: skip

    def forget_calls(self) -> None:
        """Start counting anew."""
        self.sandbox.world.journal.clear()


def environment_of(office: Office) -> dict[str, str]:
    """Return the environment for a process of its own."""
    return {**os.environ, **office.environment}
