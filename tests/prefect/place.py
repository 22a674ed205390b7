"""A Prefect of our own: a real server on a free port, its API, workers, and the command line."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.flows.office import Office, environment_of

ROOT = Path(__file__).parents[2]
POOL = "teamleader-twikey"
CALM = re.compile(r'cron: "[^"]*"')
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

T = TypeVar("T")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def until(check: Callable[[], T | None], what: str, seconds: float = 60.0) -> T:
    """Return what a check finds as soon as it finds something; fail after a deadline."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = check()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


def settings_of(home: Path, port: int) -> dict[str, str]:
    """Return the environment of everything that belongs to one Prefect."""
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
            "prefect.server.concurrency.lease_storage.filesystem"
        ),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_CLI_PROMPT": "false",
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }


class Prefect:
    """One server with its pool; use ``opened_prefect``."""

    def __init__(self, home: Path, port: int) -> None:
        self.home = home
        self.settings = settings_of(home, port)
        self.url = self.settings["PREFECT_API_URL"]

    def environment(self, office: Office | None = None) -> dict[str, str]:
        """Return the environment of a process of this Prefect, on an office's connection."""
        found = environment_of(office) if office else dict(os.environ)
        return {**found, **self.settings}

    def api(self, path: str, body: Mapping[str, Any] | None = None, method: str = "POST") -> Any:
        """Call the server's API; again where its database is busy (503)."""
        patient = Retry(total=6, status_forcelist=[503], allowed_methods=None, backoff_factor=0.2)
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=patient))
            answer = session.request(method, f"{self.url}/{path}", json=body or {}, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def is_ready(self) -> bool:
        """Tell whether the server answers."""
        with suppress(requests.RequestException):
            return requests.get(f"{self.url}/ready", timeout=5).ok
        return False

    def command(self, *arguments: str) -> str:
        """Run ``prefect`` and return what it printed."""
        ended = subprocess.run(
            [sys.executable, "-m", "prefect", *arguments], cwd=ROOT, env=self.environment(),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def deploy(self) -> None:
        """Deploy all as the guide says; then let no schedule fall into a test."""
        self.command("--no-prompt", "deploy", "--all")
        monthly = {"schedule": {"cron": "0 0 1 * *", "timezone": "Europe/Brussels"}}
        for each in self.api("deployments/filter"):
            for schedule in each["schedules"]:
                self.api(f"deployments/{each['id']}/schedules/{schedule['id']}", monthly, "PATCH")

    # ---- runs

    def deployment(self, name: str) -> dict[str, Any]:
        """Return a deployment by its flow's and its own name."""
        found: dict[str, Any] = self.api(f"deployments/name/{name}", method="GET")
        return found

    def start(self, name: str, *, hours_ago: float = 0, **parameters: Any) -> str:
        """Schedule a run of a deployment, as the scheduler or the Run button does."""
        due = datetime.now(UTC) - timedelta(hours=hours_ago)
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": due.isoformat()}}
        new = {"state": state, "parameters": parameters}
        made = self.api(f"deployments/{self.deployment(name)['id']}/create_flow_run", new)
        return str(made["id"])

    def run(self, run_id: str) -> dict[str, Any]:
        """Return a flow run."""
        found: dict[str, Any] = self.api(f"flow_runs/{run_id}", method="GET")
        return found

    def ended(self, run_id: str, seconds: float = 60.0) -> dict[str, Any]:
        """Wait for the end of a flow run and return it."""

        def over() -> dict[str, Any] | None:
            found = self.run(run_id)
            return found if found["state_type"] in ENDED else None

        return until(over, f"the end of {run_id}", seconds)

    def artifacts(self, run_id: str) -> dict[str, dict[str, Any]]:
        """Return what a run published, by key."""
        wanted = {"flow_runs": {"id": {"any_": [run_id]}}, "sort": "KEY_ASC"}
        return {each["key"]: each for each in self.api("artifacts/filter", wanted)}


@contextmanager
def opened_prefect(home: Path) -> Iterator[Prefect]:
    """Start a server and wait until it answers; the port is random, nothing stays behind."""
    found = Prefect(home, free_port())
    port = found.settings["PREFECT_SERVER_API_PORT"]
    command = ["server", "start", "--host", "127.0.0.1", "--port", port]
    with process(command, found.environment(), home / "server.log") as server:

        def ready() -> bool:
            assert server.poll() is None, (home / "server.log").read_text()
            return found.is_ready()

        until(ready, "the server's answer", 120)
        yield found


@contextmanager
def process(
    arguments: list[str], environment: Mapping[str, str], log: Path, module: str = "prefect"
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a group of its own, which is killed in the end."""
    with log.open("ab") as out:
        started = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], cwd=ROOT, env=dict(environment),
            stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGTERM)
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait(20)


def calm_file(folder: Path) -> Path:
    """Write prefect.yaml once more, with schedules that fall into no test."""
    text = (ROOT / "prefect.yaml").read_text(encoding="utf-8")
    calm = folder / "prefect.yaml"
    calm.write_text(CALM.sub('cron: "0 0 1 * *"', text), encoding="utf-8")
    return calm


@contextmanager
def working(prefect: Prefect, office: Office) -> Iterator[subprocess.Popen[bytes]]:
    """Run a worker on an office's connection."""
    command = ["worker", "start", "--pool", POOL, "--type", "process"]
    with process(command, prefect.environment(office), prefect.home / "worker.log") as worker:
        yield worker


def holder(office: Office) -> int:
    """Return the process that holds an office's lock, once one does."""

    def pid() -> int | None:
        with office.ledger() as ledger:
            found = re.search(r"process (\d+)", ledger.lock.told())
            return int(found[1]) if found and ledger.lock.is_held() else None

    return until(pid, "a run that holds the lock")
