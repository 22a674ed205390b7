"""The import in processes of its own, killed for real between any two calls or commits.

``Program`` talks with one process that has imported the product and forks a child per run: a fork
costs milliseconds, a new interpreter a second. A *point* is the moment before a request leaves,
after its answer came, or before something is committed; at the wanted one the child sends itself
SIGKILL. Nothing else can happen between two points that another process or a service could see.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "PRAGMA USER_VERSION=")


@dataclass(frozen=True)
class Ending:
    """How a run ended: killed at a point, with a report, or with a trouble; all points it passed.

    ``bug`` is a traceback that no run may ever end with.
    """

    killed_at: str | None = None
    points: list[str] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    trouble: str | None = None
    sentence: str = ""
    advice: str = ""
    bug: str | None = None


@dataclass(frozen=True)
class Job:
    """An import, or an undo: in which home and environment, and what is asked of it."""

    home: Path
    environment: Mapping[str, str]
    request: Mapping[str, Any]
    verb: str = "import"


class Program:
    """The program, run as often as wanted in a process of its own; use it with ``with``."""

    def __init__(self) -> None:
        self._helper = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.killing"],
            cwd=ROOT, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Program:
        """Return the program itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the helper."""
        self._helper.communicate()

    def imports(self, job: Job, times: int = 1) -> list[Ending]:
        """Run an import so often, one after the other in one child."""
        return self._run(_command(job, times=times))

    def killed(self, job: Job, point: int) -> Ending:
        """Run an import that is killed at its so-manieth point, if it has so many."""
        return self._run(_command(job, kill_at=point))[0]

    def warms_up(self, job: Job) -> None:
        """Run an import in the helper itself, so that no child pays for what is done only once."""
        self._run(_command(job, kill_at=0))

    def opens(self, home: Path, kill_at: int | None = None) -> Ending:
        """Create the ledger in ``home``, killed at a point or not."""
        return self._run(_command(Job(home, {}, {}), job="open", kill_at=kill_at))[0]

    def _run(self, command: dict[str, Any]) -> list[Ending]:
        assert self._helper.stdin is not None
        assert self._helper.stdout is not None
        self._helper.stdin.write(json.dumps(command) + "\n")
        self._helper.stdin.flush()
        endings = [Ending(**each) for each in json.loads(self._helper.stdout.readline())]
        for ending in endings:
            assert ending.bug is None, ending.bug
        return endings


def _command(job: Job, /, **more: Any) -> dict[str, Any]:
    told = {"home": str(job.home), "environment": dict(job.environment), "request": job.request}
    return {"job": job.verb, "times": 1, "kill_at": None, **told, **more}


# ---- the helper process


class Points:
    """Counts the points a run passes; ``last`` is the one it does not survive, from 1."""

    def __init__(self, last: int | None, out: int) -> None:
        self._last = last
        self._out = out
        self.passed: list[str] = []

    def reach(self, point: str) -> None:
        """Pass a point, or die there."""
        self.passed.append(point)
        if len(self.passed) == self._last:
            ending = {"killed_at": point, "points": self.passed}
            os.write(self._out, json.dumps([ending]).encode())
            os.kill(os.getpid(), signal.SIGKILL)


def watch(points: Points) -> None:
    """Let every request and every commit of this process be a point."""
    from requests.adapters import HTTPAdapter

    send, connect = HTTPAdapter.send, sqlite3.connect

    def sending(adapter: HTTPAdapter, request: Any, *rest: Any, **options: Any) -> Any:
        what = f"{request.method} {urlsplit(request.url).path}"
        points.reach(f"before {what}")
        answer = send(adapter, request, *rest, **options)
        points.reach(f"after {what}")
        return answer

    def connecting(*rest: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*rest, **options)
        connection.set_trace_callback(lambda sql: committing(connection, sql))
        return connection

    def committing(connection: sqlite3.Connection, sql: str) -> None:
        """A write outside of a transaction commits by itself."""
        words = sql.lstrip().upper()
        if words.startswith("COMMIT"):
            points.reach("commit")
        elif words.startswith(WRITES) and not connection.in_transaction:
            points.reach(f"commit of {' '.join(sql.split()[:3])}")

    HTTPAdapter.send = sending  # type: ignore[assignment]  # only this process is watched
    sqlite3.connect = connecting  # type: ignore[assignment]


def import_in(command: Mapping[str, Any]) -> dict[str, Any]:
    """Run the import as the command line would; return its report or its trouble."""
    from connectors.errors import Trouble
    from flows.connection import Connection
    from flows.import_booked import ImportRequest, import_booked
    from flows.settings import HOME_VARIABLE
    from tests.flows.office import QuickClock

    environment = {**os.environ, **command["environment"], HOME_VARIABLE: command["home"]}
    try:
        with Connection.from_environment(environment, clock=QuickClock()) as connection:
            request = ImportRequest(**{"yes": True, **command["request"]})
            report = import_booked(connection, request)
    except Trouble as trouble:
        return {
            "trouble": type(trouble).__name__, "sentence": str(trouble), "advice": trouble.advice
        }  # fmt: skip
    return {"report": {**vars(report), "tie_out": report.tie_out()}}


def undo_in(command: Mapping[str, Any]) -> dict[str, Any]:
    """Take an import back as the command line would; return its report or its trouble."""
    from connectors.errors import Trouble
    from flows.connection import Connection
    from flows.settings import HOME_VARIABLE
    from flows.undo import UndoRequest, undo
    from tests.flows.office import QuickClock

    environment = {**os.environ, **command["environment"], HOME_VARIABLE: command["home"]}
    try:
        with Connection.from_environment(environment, clock=QuickClock()) as connection:
            report = undo(connection, UndoRequest(**{"yes": True, **command["request"]}))
    except Trouble as trouble:
        return {
            "trouble": type(trouble).__name__, "sentence": str(trouble), "advice": trouble.advice
        }  # fmt: skip
    return {"report": {**vars(report), "undone": None}}


def open_in(command: Mapping[str, Any]) -> dict[str, Any]:
    """Open the ledger and close it again."""
    from connectors.ledger.store import Store
    from flows.settings import LEDGER_NAME

    Store(Path(command["home"]) / LEDGER_NAME).close()
    return {}


JOBS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "import": import_in,
    "undo": undo_in,
    "open": open_in,
}


def child(command: Mapping[str, Any], out: int) -> None:
    """Do one job and write how it ended; may not return at all."""
    points = Points(command["kill_at"], out)
    watch(points)
    endings = []
    for _ in range(command["times"]):
        points.passed = []
        try:
            ending = JOBS[command["job"]](command)
        except BaseException:  # noqa: BLE001 - told to the test, which fails with it
            ending = {"bug": traceback.format_exc()}
        endings.append({**ending, "points": points.passed})
    with os.fdopen(out, "w") as writer:
        json.dump(endings, writer, default=str)


def fork(command: Mapping[str, Any]) -> str:
    """Do one job in a child; return what it wrote."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            child(command, writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as reader:
        written = reader.read()
    _, status = os.waitpid(pid, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert killed == ("killed_at" in written), f"the child ended with {status}"
    return written


def warm_up(command: Mapping[str, Any]) -> str:
    """Do one job without a child, and let what it leaves in memory be shared by all children."""
    ending = JOBS[command["job"]](command)
    gc.collect()
    gc.freeze()
    return json.dumps([ending], default=str)


def main() -> None:
    """Serve commands, one JSON line each, until there are no more."""
    for module in ("flows.tell_customers", "flows.work", "tests.flows.office"):
        importlib.import_module(module)  # once, before any fork
    for line in sys.stdin:
        command = json.loads(line)
        print(warm_up(command) if command["kill_at"] == 0 else fork(command), flush=True)


if __name__ == "__main__":
    main()
