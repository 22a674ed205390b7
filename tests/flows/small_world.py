"""A whole world in one thread and no sockets: both services called directly, faults and crashes.

For tests that live thousands of lives: ``Http`` speaks to the sandbox's handlers by function call,
clocks stand still unless moved, the ledger starts as a copy of one in which three invoices were
imported. Every exchange and every commit is a numbered step at which the program can be killed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import requests

from connectors.http import Answer, Http, _Lost
from connectors.ledger.store import Store
from connectors.ledger.vault import Vault
from connectors.teamleader.auth import Tokens
from flows.connection import Connection
from flows.guards import sweep
from flows.import_booked import ImportRequest, import_booked
from flows.payments import write_back
from flows.run import Run, at_work
from flows.secrets import Secrets, read_secrets
from flows.settings import LEDGER_NAME, Settings, read_settings
from tests.sandbox import credentials
from tests.sandbox.messages import Headers, Request, Response
from tests.sandbox.server import Sandbox
from tests.sandbox.world import Call

NOON = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)
HOSTS = {"Teamleader": "http://127.0.0.1:1", "Twikey": "http://127.0.0.1:2/creditor"}
AMOUNTS = (12_100, 10_000, 1_800)  # the last one bounces by the table of amounts
CONFIG = """\
new_customer_profile = 1420
strict_mode = true
settle_after_seconds = 300
[profiles.1420]
invitation = "off"
"""
WAIT = 400.0  # seconds: longer than the wait W, and than the longest late write
LATE = 100.0


class Killed(BaseException):
    """The process died here."""


class StandingClock:
    """The world's clock; waiting moves nothing, because time is moved by the test."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def now(self) -> datetime:
        """Return the world's time."""
        moment: datetime = self._world.now()
        return moment

    def monotonic(self) -> float:
        """Return the world's time in seconds."""
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        """Wait without waiting."""


class SmallWorld:
    """Both services, a home, and the program at work in it."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="teamleader-twikey-"))
        self.sandbox = Sandbox(
            invoices=0, twikey_refund_reopens=True, token_seconds=10**8, rate_limit=10**9,
            twikey_detail_limit=None, twikey_token_seconds=1e9,
        )  # fmt: skip
        self.world, self.books = self.sandbox.world, self.sandbox.books
        self.bank = self.sandbox.twikey.bank
        self.clock = StandingClock(self.world)
        self.faults: list[str] = []  # what happens to the next writes, in order
        self.steps_left: int | None = None  # until the program is killed
        self.steps = 0
        self.own_marks: dict[str, int] = {}
        self.when_marked: Callable[[str], None] = _nobody_looks  # told as a mark of ours leaves
        self.feed_lags = False  # the payment feed does not tell its newest event yet
        self.write_back = True
        self._opened: Connection | None = None
        self._patch = pytest.MonkeyPatch()
        self._prepare()

    # ---- once

    def _prepare(self) -> None:
        self.world.freeze(NOON)
        (self.home / "config.toml").write_text(CONFIG, encoding="utf-8")
        self._patch.setattr(Http, "_exchange", self._exchange_for)
        self._patch.setattr(Store, "write", self._stepping(Store.write))
        self._patch.setattr(Store, "atomic", self._atomic_for(Store.atomic))
        self._watch_marks()
        self._grant()
        customer = self.books.new_customer(name="Klant NV")
        self.ids = [self.books.book(amount=cents, customer=customer) for cents in AMOUNTS]
        self.run(self.imports)
        self.sandbox.twikey.actions["sign_mandate"](customer)
        self._hang_up()
        shutil.copy(self.home / LEDGER_NAME, self.home / "first.db")
        self._first = self.world.snapshot()

    def _grant(self) -> None:
        pair = self.sandbox.grant()
        vault = Vault(self.home / LEDGER_NAME)
        with vault.exclusive():
            later = NOON + timedelta(days=1000)
            vault.write_tokens(Tokens(pair["access_token"], pair["refresh_token"], later, NOON))
        vault.close()

    def _watch_marks(self) -> None:
        marking = self.bank.mark_paid

        def mark_paid(invoice: Any, remark: str, *, own: bool) -> None:
            if own:
                self.own_marks[invoice.id] = self.own_marks.get(invoice.id, 0) + invoice.due_cents
            marking(invoice, remark, own=own)

        self._patch.setattr(self.bank, "mark_paid", mark_paid)

    def close(self) -> None:
        """Give everything back."""
        self._hang_up()
        self._patch.undo()
        shutil.rmtree(self.home)

    def in_twikey(self, place: int) -> Any:
        """Return one of the first invoices as it stands in Twikey."""
        return self.sandbox.twikey.books.invoice(self.ids[place])

    # ---- for each life

    def start_over(self) -> None:
        """Begin a new life: three imported invoices, nothing paid."""
        self._hang_up()
        for file in self.home.glob(LEDGER_NAME + "*"):
            file.unlink()
        shutil.copy(self.home / "first.db", self.home / LEDGER_NAME)
        self.world.restore(self._first)
        self.faults.clear()
        self.own_marks.clear()
        self.when_marked = _nobody_looks
        self.feed_lags, self.write_back = False, True
        self.steps_left = None
        self.steps = 0

    def later(self, seconds: float = WAIT) -> None:
        """Let time pass; what was late arrives."""
        self.world.advance(seconds)

    def connection(self) -> Connection:
        """Return the open connection; after a death it is opened anew, as by a new process."""
        if self._opened is None:
            settings, secrets = self._read_once
            payments = settings.payments.model_copy(update={"write_back": self.write_back})
            settings = settings.model_copy(update={"payments": payments})
            self._opened = Connection(self.home, settings, secrets, clock=self.clock)
        return self._opened

    def switch(self, *, write_back: bool) -> None:
        """Switch writing back on or off in the settings."""
        if write_back != self.write_back:
            self._hang_up()
        self.write_back = write_back

    def _hang_up(self) -> None:
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
            self._opened = None

    @cached_property
    def _read_once(self) -> tuple[Settings, Secrets]:
        environment = {
            "TEAMLEADER_CLIENT_ID": credentials.TEAMLEADER_CLIENT_ID,
            "TEAMLEADER_CLIENT_SECRET": credentials.TEAMLEADER_CLIENT_SECRET,
            "TWIKEY_API_KEY": credentials.TWIKEY_API_KEY,
            "TEAMLEADER_API_URL": HOSTS["Teamleader"],
            "TEAMLEADER_AUTH_URL": HOSTS["Teamleader"],
            "TWIKEY_API_URL": HOSTS["Twikey"],
        }
        return read_settings(self.home / "config.toml"), read_secrets(environment)

    def run(self, work: Callable[[Connection], object]) -> None:
        """Let the program work until it ends, stops or is killed."""
        try:
            work(self.connection())
        except BaseException:
            self._hang_up()
            raise
        finally:
            self.steps_left = None

    def follow_up(self, connection: Connection) -> Run:
        """Run payments and guards."""
        with at_work(connection, "follow-up", started_by="a test", parameters={}) as run:
            write_back(run)
            sweep(run, always=True)
            return run

    @staticmethod
    def imports(connection: Connection) -> object:
        """Import the last thirty days."""
        return import_booked(connection, ImportRequest(days=30, yes=True))

    # ---- exchanges, without a network

    @property
    def _exchange_for(self) -> Callable[[Http, requests.PreparedRequest], Answer]:
        def exchange(http: Http, request: requests.PreparedRequest) -> Answer:
            self._step()
            answer = self._answer(http.service.lower(), _read(request))
            self._step()
            return answer

        return exchange

    def _answer(self, service: str, request: Request) -> Answer:
        self.world.catch_up()
        call = Call(service, request, self.world.now())
        self.world.journal.append(call)
        fault = self.faults.pop(0) if self.faults and _writes(request) else None
        handler = getattr(self.sandbox, service).handle
        if request.method == "PUT" and b'"paid"' in request.body:
            self.when_marked(request.path.rpartition("/")[2])
        if self.feed_lags and request.path.endswith("/payment/feed"):
            handler = self._without_newest(handler)
        if fault == "late" and _alone_in_time(request):
            fault = "lost before"
        if fault == "lost before":
            raise _Lost("the connection broke")
        if fault == "late":
            self.world.later(LATE, lambda: handler(request))
            raise _Lost("the connection broke")
        response: Response = handler(request)
        call.result = response.status
        if fault == "lost after":
            raise _Lost("the connection broke")
        if fault == "500 after":
            return Answer(500, {}, b"<html>")
        headers, body = response.rendered()
        return Answer(response.status, Headers(list(headers.items())), body)

    def _without_newest(self, handler: Callable[[Request], Response]) -> Any:
        def handle(request: Request) -> Response:
            events = self.sandbox.twikey.books.state.payments
            newest = events[-1:]
            del events[-1:]
            try:
                return handler(request)
            finally:
                events.extend(newest)

        return handle

    # ---- steps at which the program may be killed

    def _step(self) -> None:
        self.steps += 1
        if self.steps_left is None:
            return
        self.steps_left -= 1
        if self.steps_left <= 0:
            raise Killed

    def _stepping(self, plain: Callable[..., int]) -> Callable[..., int]:
        def write(store: Store, *arguments: Any) -> int:
            if store.connection.in_transaction:
                return plain(store, *arguments)
            self._step()
            done = plain(store, *arguments)
            self._step()
            return done

        return write

    def _atomic_for(self, plain: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def atomic(store: Store) -> Iterator[None]:
            if store.connection.in_transaction:
                yield
                return
            self._step()
            with plain(store):
                yield
            self._step()

        return atomic


def _nobody_looks(invoice_id: str) -> None:
    """See a mark of ours leave, and say nothing."""


def _read(request: requests.PreparedRequest) -> Request:
    """Return a request as the wire would parse it."""
    parts = urlsplit(request.url or "")
    headers = Headers([(str(name), str(value)) for name, value in request.headers.items()])
    body = request.body or b""
    content = body.encode() if isinstance(body, str) else bytes(body)
    path = unquote(parts.path)
    return Request(request.method or "", path, parse_qsl(str(parts.query)), headers, content)


def _alone_in_time(request: Request) -> bool:
    """Tell whether a write that comes minutes late would do what nobody could set right.

    A removal takes along what a colleague registered meanwhile. Setting to paid, repeated at once,
    is done a second time: after a refund in between, its second echo is told as too much.
    """
    return request.path.endswith("removePayments") or b'"state":"paid"' in request.body


def _writes(request: Request) -> bool:
    """Tell whether a request could change something that matters here."""
    paths = ("registerPayment", "removePayments")
    return request.path.endswith(paths) or request.method in ("PUT", "PATCH")
