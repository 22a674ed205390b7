"""Pages never cost the run: a server that is gone or silent; text that would like to be more."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from flows.views import Artifact, View
from tests.flows.office import Office
from tests.prefect.place import ROOT, Prefect, free_port

pytestmark = [pytest.mark.prefect, pytest.mark.filterwarnings("ignore")]


# The verb without what Prefect does when Python ends: it tries half a minute to send its events.
IMPORT = """
import os, sys
from flows import cli, prefect_command_line
prefect_command_line.TRIES = 0
code = cli.main(["import", "--days", "30", "--json"])
sys.stdout.flush()
os._exit(code)
"""


@contextmanager
def silent_server() -> Iterator[int]:
    """Listen, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class Between:
    """Everything that goes to a server passes here, until it is cut."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._open: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, _: object = None) -> None:
        """Let the server be dead from now on."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self._open += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while some := one.recv(65536):
                other.sendall(some)
            other.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("kind", ["gone", "silent"])
def test_a_server_that_does_not_answer_costs_seconds(
    under_prefect: Office, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decisions 1: publishing to a dead or silent server raises nothing and soon gives up."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows import prefect_artifacts

    monkeypatch.setattr(prefect_artifacts, "SECONDS", 1.0)
    with silent_server() as silent, under_prefect.connection() as connection:
        port = silent if kind == "silent" else free_port()
        began = time.monotonic()
        with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}):
            prefect_artifacts.publish(connection, View)
    assert time.monotonic() - began < 10


def test_a_page_that_cannot_be_made_does_not_fail_the_run(under_prefect: Office) -> None:
    """A bug in a page is logged; the run whose work is done ends well."""
    from flows.prefect_artifacts import publish

    def broken() -> View:
        raise ZeroDivisionError

    with under_prefect.connection() as connection:
        publish(connection, broken)


def test_a_server_that_dies_in_mid_run_costs_the_window_only(
    prefect: Prefect, office: Office
) -> None:
    """Decisions 1: the server dies while money moves: the import ends well, exit code 0."""
    office.imports(days=1)
    office.sandbox.books.book(number="2026 / 91")
    between = Between(int(prefect.settings["PREFECT_SERVER_API_PORT"]))
    office.sandbox.world.fault(
        "call", method="POST", path="^/creditor/invoice$", times=1, action=between.cut
    )
    environment = prefect.environment(office)
    environment["PREFECT_API_URL"] = f"http://127.0.0.1:{between.port}/api"
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT], cwd=ROOT, env=environment, capture_output=True,
        text=True, timeout=150, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["sent"] == 1
    assert list(office.twikey_invoices()) == ["2026 / 91"]
    assert time.monotonic() - began < 60


def test_no_server_is_one_sentence(prefect: Prefect, office: Office) -> None:
    """C31: `serve` and a verb with an API configured say that nobody answers, and the cure."""
    environment = prefect.environment(office)
    environment["PREFECT_API_URL"] = f"http://127.0.0.1:{free_port()}/api"
    for verb in (["serve"], ["import", "--days", "30"]):
        ended = subprocess.run(
            [sys.executable, "-m", "flows.cli", *verb], cwd=ROOT, env=environment,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert ended.returncode == 1
        assert "No Prefect server answers" in ended.stderr
        assert "prefect server start" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_what_stands_is_published_only_when_it_changed(
    prefect: Prefect, under_prefect: Office
) -> None:
    """Prefect's database stays small: the same work list is not published again."""
    from flows.prefect_artifacts import key_of, publish

    key = key_of("held-items", "Zweite GmbH")
    assert key == "held-items-zweite-gmbh"

    def shows(*numbers: str) -> int:
        rows = [{"number": number} for number in numbers] or [{"held": "nothing"}]
        page = Artifact("held-items", "work", rows, standing=True, empty=not numbers)
        with under_prefect.connection() as connection:
            connection.name = "Zweite GmbH"
            publish(connection, lambda: View(None, [page]))
        wanted = {"artifacts": {"key": {"any_": [key]}}}
        return len(prefect.api("artifacts/filter", wanted))

    assert [shows(), shows("1"), shows("1"), shows("1", "2"), shows(), shows()] == [
        0,
        1,
        1,
        2,
        3,
        3,
    ]


def test_text_from_outside_is_only_text(prefect: Prefect, under_prefect: Office) -> None:
    """Names that would like to be HTML, links or formats are shown as they are, mail masked."""
    from flows.prefect_flows import import_flow

    nasty = "<img src=x onerror=alert(1)> [pay](https://evil.example) jan@klant.example"
    customer = under_prefect.sandbox.books.new_customer(name=nasty)
    under_prefect.sandbox.books.book(customer=customer, currency="USD", number="2026 / |9|")
    state = import_flow(days=30, yes=True, return_state=True)
    shown = prefect.artifacts(str(state.state_details.flow_run_id))
    everything = json.dumps([each["data"] for each in shown.values()])
    assert "](https://evil.example" not in everything
    assert "https://evil.example" not in everything
    assert "jan@klant.example" not in everything
    assert "<img" not in shown["health"]["data"]
    assert "2026 / \\|9\\|" in shown["health"]["data"]


def test_progress_has_few_updates(
    prefect: Prefect, under_prefect: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long run shows how far it is; ten thousand pages are not ten thousand calls."""
    from flows import prefect_artifacts

    calls: list[float] = []
    bar = prefect_artifacts.ProgressBar()
    monkeypatch.setattr(bar, "_show", lambda said, percent: calls.append(percent))
    clock = iter(range(100_000))
    monkeypatch.setattr("flows.prefect_artifacts.time.monotonic", lambda: float(next(clock)))
    for page in range(10_000):
        bar(f"reading: {page}", page / 100)
    assert 10 < len(calls) <= prefect_artifacts.ProgressBar.MOST
