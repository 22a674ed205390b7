"""Where it is measured: a sandbox in a process of its own, and fresh homes that point at it."""

import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.costs import SERVER_CORE, python, start

DAYS = 60
NO_LIMIT = 1_000_000_000
CONFIG = """\
new_customer_profile = 1420
strict_mode = true
settle_after_seconds = 0
[profiles.1420]
invitation = "off"
"""


class Place:
    """A running sandbox, driven through its control page."""

    def __init__(self, addresses: Mapping[str, Any], folder: Path) -> None:
        self._control = str(addresses["control"])
        self._environment: dict[str, str] = dict(addresses["environment"])
        self._folder = folder
        self._homes = 0
        self.act("snapshot", name="new")

    def act(self, action: str, **arguments: Any) -> Any:
        """Do something on the control page and return its result."""
        asked = urllib.request.Request(  # noqa: S310 - the sandbox, on loopback
            f"{self._control}/_sandbox/{action}", json.dumps(arguments).encode(), method="POST"
        )
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - the same
            return json.loads(answer.read())["result"]

    def look(self, page: str) -> Any:
        """Return what a page of the control shows."""
        with urllib.request.urlopen(f"{self._control}/_sandbox/{page}") as answer:  # noqa: S310
            return json.loads(answer.read())

    def anew(self, *, latency_ms: float = 0.0) -> dict[str, str]:
        """Put the books back as they were; return the environment of a client with a fresh home.

        ``BENCH_TOKEN`` carries an access token for programs that have no home.
        """
        self.act("restore", name="new")
        self.act("latency", milliseconds=latency_ms)
        pair = self.act("grant")
        self._homes += 1
        home = self._folder / f"home-{self._homes}"
        home.mkdir(mode=0o700)
        (home / "config.toml").write_text(CONFIG, encoding="utf-8")
        _keep_tokens(home, pair)
        since = datetime.now(UTC).date() - timedelta(days=DAYS)
        return {
            **self._environment,
            "TEAMLEADER_TWIKEY_HOME": str(home),
            "BENCH_TOKEN": pair["access_token"],
            "BENCH_SINCE": since.isoformat(),
            "BENCH_FOLDER": str(home),
        }

    def calls(self) -> int:
        """Return how many calls both services have seen since the books were put back."""
        return int(self.look("journal?last=1")["count"])

    def counts(self) -> dict[str, int]:
        """Return the calls by service, method and path."""
        return dict(self.look("journal?last=1")["counts"])


def _keep_tokens(home: Path, pair: Mapping[str, str]) -> None:
    """Store an access to Teamleader as a consent would."""
    from connectors.ledger.vault import Vault
    from connectors.teamleader.auth import Tokens
    from flows.settings import LEDGER_NAME

    vault, now = Vault(home / LEDGER_NAME), datetime.now(UTC)
    with vault.exclusive():
        vault.write_tokens(
            Tokens(pair["access_token"], pair["refresh_token"], now + timedelta(hours=1), now)
        )
    vault.close()


@contextmanager
def place(invoices: int, **rules: float) -> Iterator[Place]:
    """Start a sandbox of so many invoices on the server's core; nothing is left behind."""
    with tempfile.TemporaryDirectory(prefix="teamleader-twikey-bench-") as name:
        folder = Path(name)
        port_file = folder / "addresses.json"
        command = python("-m", "tests.sandbox", "--invoices", str(invoices), "--days", str(DAYS))
        for rule, value in {"rate_limit": NO_LIMIT, **rules}.items():
            command += ["--rule", f"{rule}={value}"]
        server = start([*command, "--port-file", str(port_file)], {}, SERVER_CORE)
        try:
            while not port_file.exists():
                if server.poll() is not None:
                    raise RuntimeError("the sandbox did not start")
                time.sleep(0.05)
            yield Place(json.loads(port_file.read_text()), folder)
        finally:
            server.terminate()
            server.communicate()
