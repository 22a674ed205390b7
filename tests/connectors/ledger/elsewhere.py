"""What another process does with the same ledger: a program of its own, told when to begin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[3]


class Elsewhere:
    """Another process at work; use it with ``with``. It says ``ready`` before it waits for `go`."""

    def __init__(self, verb: str, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.connectors.ledger.elsewhere", verb, *map(str, arguments)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Elsewhere:
        """Wait until it is ready."""
        assert self.says() == "ready"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """See it end."""
        self.process.communicate()

    def go(self) -> None:
        """Let it begin, or go on."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def says(self) -> str:
        """Return the next line that it says, empty when it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


def wait() -> None:
    """Say that everything is ready, and wait to be told."""
    print("ready", flush=True)
    sys.stdin.readline()


def opens(path: str) -> None:
    """Open the ledger, write to it, and say whether pandas was dragged in."""
    from connectors.ledger.runs import Facts
    from connectors.ledger.store import Store

    wait()
    store = Store(Path(path))
    Facts(store).write("opened", "yes")
    store.close()
    print("pandas" if "pandas" in sys.modules else "opened")


def holds(path: str) -> None:
    """Hold the lock of a connection until told to let go."""
    from connectors.ledger.ledger import Ledger
    from tests.connectors.fakes import NOW

    wait()
    ledger = Ledger(Path(path))
    with ledger.lock.held("import", NOW):
        print("held", flush=True)
        sys.stdin.readline()
    print("released", flush=True)


def renews(path: str, url: str, times: str) -> None:
    """Ask for an access token so often, each one worn; say how often that failed."""
    from connectors.clock import SystemClock
    from connectors.errors import Trouble
    from connectors.http import Http
    from connectors.ledger.vault import Vault
    from connectors.teamleader.auth import Access, Integration
    from tests.sandbox import credentials

    clock, vault = SystemClock(), Vault(Path(path))
    integration = Integration(
        credentials.TEAMLEADER_CLIENT_ID, credentials.TEAMLEADER_CLIENT_SECRET
    )
    access = Access(vault, Http("Teamleader", url, clock=clock), integration, clock)
    failed = 0
    wait()
    for _ in range(int(times)):
        try:
            access.token()
        except Trouble:
            failed += 1
    print(failed)


def fetches(path: str, url: str, window: str, seconds: str) -> None:
    """Make calls through the shared window for so many seconds; say how many were made."""
    from connectors.clock import SystemClock
    from connectors.http import Http
    from connectors.ledger.vault import Vault
    from connectors.teamleader.pace import SlidingWindow

    clock, vault = SystemClock(), Vault(Path(path))
    http = Http(
        "Teamleader", url, clock=clock, pace=SlidingWindow(vault, clock, seconds=float(window))
    )
    tokens = vault.read_tokens()
    assert tokens is not None
    headers = {"Authorization": f"Bearer {tokens.access_token}", "Content-Type": "application/json"}
    wait()
    made, end = 0, clock.monotonic() + float(seconds)
    while clock.monotonic() < end:
        answer = http.send("POST", "/users.me", repeatable=True, headers=headers, body=b"{}")
        made += answer.status == 200
    print(made)


if __name__ == "__main__":
    verbs: dict[str, Callable[..., None]] = {
        "opens": opens,
        "holds": holds,
        "renews": renews,
        "fetches": fetches,
    }
    verbs[sys.argv[1]](*sys.argv[2:])
