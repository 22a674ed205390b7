"""The stage of a simulated week: both services in this process, one clock, programs that may die.

Nothing here knows what a week is. A program is one run of the product as a process of its own: it
opens a connection, works, and is closed or killed. Every exchange and every commit is a step at
which it can die; between exchanges somebody else may act.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import requests

from connectors.download import Downloads, Fetched, NotDownloaded
from connectors.http import Answer, Http, NotSent, _Lost
from connectors.ledger.ledger import Ledger
from connectors.ledger.store import Store
from connectors.ledger.vault import Vault
from connectors.teamleader.auth import Tokens
from flows import apply, documents
from flows.connection import Connection
from flows.secrets import read_secrets
from flows.settings import LEDGER_NAME, read_settings
from tests.sandbox import credentials
from tests.sandbox.messages import Headers, Request, Response
from tests.sandbox.server import Sandbox

MONDAY = datetime(2026, 9, 14, 6, 0, tzinfo=UTC)
HOSTS = {"Teamleader": "http://127.0.0.1:1", "Twikey": "http://127.0.0.1:2/creditor"}
TRAVELS = 0.2  # seconds that an exchange takes
BULK_FROM = 3  # creates that travel together: bulks happen with few bookings
ENVIRONMENT = {
    "TEAMLEADER_CLIENT_ID": credentials.TEAMLEADER_CLIENT_ID,
    "TEAMLEADER_CLIENT_SECRET": credentials.TEAMLEADER_CLIENT_SECRET,
    "TWIKEY_API_KEY": credentials.TWIKEY_API_KEY,
    "TEAMLEADER_API_URL": HOSTS["Teamleader"],
    "TEAMLEADER_AUTH_URL": HOSTS["Teamleader"],
    "TWIKEY_API_URL": HOSTS["Twikey"],
}


class Killed(BaseException):
    """The process died here."""


class Violated(AssertionError):
    """Something that must always hold does not."""


class ProgramClock:
    """What the program takes for the time; waiting moves the world's clock and costs nothing."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self.skew = timedelta()  # by which the host's wall clock is wrong

    def now(self) -> datetime:
        """Return the host's wall clock, UTC."""
        moment: datetime = self._world.now()
        return moment + self.skew

    def monotonic(self) -> float:
        """Return seconds that no step of the wall clock touches."""
        moment: datetime = self._world.now()
        return moment.timestamp()

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self._world.advance(seconds)


@dataclass
class Program:
    """One process of the product: its name, and the steps left until it is killed."""

    name: str
    steps_left: int | None = None
    steps: int = 0


class AtOnce:
    """Does at once, on this thread, what two threads would do: the order is always the same."""

    def __init__(self, workers: int) -> None:
        """Need no workers."""

    def __enter__(self) -> AtOnce:
        return self

    def __exit__(self, *exception: object) -> None:
        """Have nothing to wait for."""

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Do it now."""
        done: Future[Any] = Future()
        try:
            done.set_result(work(*arguments))
        except NotDownloaded as trouble:
            done.set_exception(trouble)
        return done


class Stage:
    """Both services, a home, and whoever runs in it; ``answer`` is set by the week."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="teamleader-twikey-"))
        self.sandbox = Sandbox(invoices=0, twikey_refund_reopens=True, twikey_feed_page_size=4)
        self.world, self.books = self.sandbox.world, self.sandbox.books
        self.twikey = self.sandbox.twikey
        self.clock = ProgramClock(self.world)
        self.running: list[Program] = []
        self.answer: Callable[[str, Request], Answer] = self.handled
        self.when_marked_paid: Callable[[Any, int], None] = lambda invoice, cents: None
        self.figures: Counter[str] = Counter()
        self.secrets = read_secrets(ENVIRONMENT)
        self.settings: Any = None
        self._eyes: sqlite3.Connection | None = None
        self._patch = pytest.MonkeyPatch()
        self._prepare()

    def _prepare(self) -> None:
        self.world.freeze(MONDAY)
        patch = self._patch.setattr
        patch(Http, "_exchange", self._exchange_for)
        patch(Store, "write", self._stepping(Store.write))
        patch(Store, "atomic", self._atomic_for(Store.atomic))
        patch(Downloads, "fetch", self._fetched)
        patch(documents, "ThreadPoolExecutor", AtOnce)
        patch(apply, "BULK_FROM", BULK_FROM)
        marking = self.twikey.bank.mark_paid

        def mark_paid(invoice: Any, remark: str, *, own: bool) -> None:
            if own:
                self.when_marked_paid(invoice, invoice.due_cents)
            marking(invoice, remark, own=own)

        patch(self.twikey.bank, "mark_paid", mark_paid)
        Ledger(self.home / LEDGER_NAME).close()
        shutil.copy(self.home / LEDGER_NAME, self.home / "empty.db")
        self._first = self.world.snapshot()

    def close(self) -> None:
        """Give everything back."""
        self._close_eyes()
        self._patch.undo()
        shutil.rmtree(self.home)

    def start_over(self, moment: datetime, config: str, **rules: Any) -> None:
        """Begin anew: empty books on both sides, an empty ledger, a fresh consent."""
        self._close_eyes()
        for file in self.home.glob(LEDGER_NAME.replace(".db", "") + ".*"):
            file.unlink()
        shutil.copy(self.home / "empty.db", self.home / LEDGER_NAME)
        (self.home / "config.toml").write_text(config, encoding="utf-8")
        self.settings = read_settings(self.home / "config.toml")
        self.world.restore(self._first)
        self.world.errors.clear()
        self.world.freeze(moment)
        self.world.rules.change(rules)
        self.clock.skew = timedelta()
        self.running.clear()
        self.answer = self.handled
        self.figures = Counter()
        self.consent()

    def consent(self) -> None:
        """Let a person give access to Teamleader (anew)."""
        pair, now = self.sandbox.grant(), self.clock.now()
        vault = Vault(self.home / LEDGER_NAME)
        with vault.exclusive():
            ends = now + timedelta(seconds=pair["expires_in"])
            vault.write_tokens(Tokens(pair["access_token"], pair["refresh_token"], ends, now))
        vault.close()

    def run(self, program: Program, work: Callable[[Connection], Any]) -> Any:
        """Let one process of the product work until it ends, stops or is killed."""
        opened = Connection(self.home, self.settings, self.secrets, clock=self.clock)
        self.running.append(program)
        try:
            return work(opened)
        finally:
            self.running.pop()
            self.figures["steps of programs"] += program.steps
            opened.__exit__(None, None, None)

    # ---- the ledger, as a bystander sees it: what is committed, no more

    def ask(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a question to the ledger."""
        if self._eyes is None:
            self._eyes = sqlite3.connect(self.home / LEDGER_NAME, isolation_level=None)
        return self._eyes.execute(question, values).fetchall()

    def _close_eyes(self) -> None:
        if self._eyes is not None:
            self._eyes.close()
            self._eyes = None

    # ---- exchanges, without a network

    @property
    def _exchange_for(self) -> Callable[[Http, requests.PreparedRequest], Answer]:
        def exchange(http: Http, request: requests.PreparedRequest) -> Answer:
            self.step()
            try:
                return self.answer(http.service.lower(), _read(request))
            finally:
                self.world.advance(TRAVELS)
                self.figures["exchanges"] += 1
                self.step()

        return exchange

    def handled(self, service: str, request: Request) -> Answer:
        """Let a service handle a request, and return its answer as it would arrive."""
        self.world.catch_up()
        half = self.sandbox.twikey if service == "twikey" else self.sandbox.teamleader
        response: Response = half.handle(request)
        headers, body = response.rendered()
        date = format_datetime(self.world.now().replace(microsecond=0), usegmt=True)
        return Answer(response.status, Headers([("Date", date), *headers.items()]), body)

    @property
    def _fetched(self) -> Callable[[Downloads, str], Fetched]:
        def fetch(downloads: Downloads, url: str) -> Fetched:
            parts = urlsplit(url)
            request = Request("GET", parts.path, parse_qsl(parts.query), Headers())
            try:
                answer = self.answer("documents", request)
            except (_Lost, NotSent):
                answer = Answer(503, {}, b"")
            if answer.status != 200 or not answer.body.startswith(b"%PDF"):
                raise NotDownloaded("PDF_UNREACHABLE", "the connection to its host failed")
            return Fetched(answer.body, sha256(answer.body).hexdigest())

        return fetch

    # ---- steps at which a program may be killed

    def step(self) -> None:
        """Count a step of whoever runs; raise ``Killed`` at its last one and ever after."""
        if not self.running:
            return
        program = self.running[-1]
        program.steps += 1
        if program.steps_left is not None:
            program.steps_left -= 1
            if program.steps_left <= 0:
                raise Killed

    def _stepping(self, plain: Callable[..., int]) -> Callable[..., int]:
        def write(store: Store, *arguments: Any) -> int:
            if store.connection.in_transaction:
                return plain(store, *arguments)
            self.step()
            done = plain(store, *arguments)
            self.step()
            return done

        return write

    def _atomic_for(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def atomic(store: Store) -> Iterator[None]:
            if store.connection.in_transaction:
                yield
                return
            self.step()
            with plain(store):
                yield
            self.step()

        return atomic


def _read(request: requests.PreparedRequest) -> Request:
    """Return a request as the wire would parse it."""
    parts = urlsplit(request.url or "")
    headers = Headers([(str(name), str(value)) for name, value in request.headers.items()])
    headers["host"] = parts.netloc
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else bytes(body)
    query = parse_qsl(str(parts.query), keep_blank_values=True)
    return Request(request.method or "", unquote(str(parts.path)), query, headers, content)
