"""The sandbox without a wire: what ``requests`` would send is answered by a function call.

Everything above the socket is the real program: sessions, retries, limits, time-outs, reading.
Only ``HTTPAdapter.send`` is replaced, the one place through which every request of it leaves, those
for documents included. What goes wrong on the way raises what the transport raises, and takes as
long as it would, on a clock that nobody waits for.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import IncompleteRead, ProtocolError

from tests.sandbox.messages import Headers, Request, Response
from tests.sandbox.server import Sandbox
from tests.sandbox.wire import spoilt
from tests.sandbox.world import Call, Fault, World

HOSTS = {"127.0.0.1:1": "teamleader", "127.0.0.1:2": "twikey"}
LINGERS = 100.0  # seconds after which a late request is handled: less than the wait W


class WorldClock:
    """The world's clock for the program; waiting moves it and takes no time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.shift = timedelta()  # where an office would move its clock: here there is one clock

    def now(self) -> datetime:
        """Return the world's time, UTC."""
        return self._world.now()

    def monotonic(self) -> float:
        """Return the world's time in seconds."""
        return (self.now() - datetime(2020, 1, 1, tzinfo=UTC)).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self._world.advance(seconds)


class NoWire:
    """Answers what leaves ``requests`` from a sandbox that is not listening."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.world = sandbox.world
        self._services: dict[str, Any] = {
            "teamleader": sandbox.teamleader,
            "twikey": sandbox.twikey,
        }
        self._lock = threading.RLock()
        sandbox.teamleader_url = sandbox.auth_url = "http://127.0.0.1:1"
        sandbox.twikey_url = "http://127.0.0.1:2/creditor"

    def adapter(self) -> Any:
        """Return what takes the place of ``HTTPAdapter.send``."""

        def send(
            adapter: HTTPAdapter,
            request: requests.PreparedRequest,
            stream: bool = False,
            timeout: tuple[float, float] = (0.0, 0.0),
            **options: Any,
        ) -> requests.Response:
            with self._lock:
                return self._answer(request, timeout[1])

        return send

    def _answer(self, sent: requests.PreparedRequest, patience: float) -> requests.Response:
        request = _read(sent)
        service = HOSTS[request.headers["host"]]
        self.world.catch_up()
        call = Call(service, request, self.world.now())
        self.world.journal.append(call)
        fault = self.world.spoil(service, request)
        if fault is None:
            return self._answered(self._handled(call), sent)
        call.fault = fault.kind
        return self._spoiled(call, fault, sent, patience)

    def _handled(self, call: Call) -> Response:
        response: Response = self._services[call.service].handle(call.request)
        call.result, call.authorised = response.status, response.authorised
        return response

    def _spoiled(
        self, call: Call, fault: Fault, sent: requests.PreparedRequest, patience: float
    ) -> requests.Response:
        if fault.kind == "late":
            self.world.later(LINGERS, lambda: self._handled(call))
        response = self._handled(call) if fault.reaches_service else Response()
        if fault.kind in ("reset_before", "reset_after", "late"):
            error = ConnectionResetError(104, "Connection reset by peer")
            raise requests.exceptions.ConnectionError(ProtocolError("Connection aborted.", error))
        if fault.kind == "hang":
            self.world.advance(patience)
            raise requests.exceptions.ReadTimeout("Read timed out.")
        if fault.kind in ("truncate", "drip"):
            return self._answered(response, sent, fault)
        return self._answered(spoilt(fault, response), sent)

    def _answered(
        self, response: Response, sent: requests.PreparedRequest, fault: Fault | None = None
    ) -> requests.Response:
        headers, content = response.rendered()
        date = format_datetime(self.world.now().replace(microsecond=0), usegmt=True)
        answer = requests.Response()
        answer.status_code = response.status
        answer.headers = CaseInsensitiveDict(
            {"Date": date, "Content-Length": str(len(content)), **headers}
        )
        answer.raw = _Body(content, fault, self.world)
        answer.request, answer.url = sent, str(sent.url)
        return answer


class _Body:
    """The body of an answer as the transport hands it out: whole, half, or a byte at a time."""

    def __init__(self, content: bytes, fault: Fault | None, world: World) -> None:
        self._left = content
        self._world = world
        self._drips = fault is not None and fault.kind == "drip"
        self._breaks = fault is not None and fault.kind == "truncate" and content != b""
        if self._breaks:
            self._left = content[: len(content) // 2]

    def read1(self, amount: int, *, decode_content: bool) -> bytes:
        """Return what has arrived."""
        if self._drips:
            self._world.advance(15)
            amount = 1
        piece, self._left = self._left[:amount], self._left[amount:]
        if not piece and self._breaks:
            raise ProtocolError("Connection broken", IncompleteRead(0, 1))
        return piece

    def release_conn(self) -> None:
        """Give nothing back: there is no connection."""

    def close(self) -> None:
        """Close nothing."""


def _read(sent: requests.PreparedRequest) -> Request:
    """Return a request as the wire would parse it."""
    parts = urlsplit(sent.url or "")
    headers = Headers([(str(name), str(value)) for name, value in sent.headers.items()])
    headers["host"] = parts.netloc
    content = sent.body or b""
    body = content.encode() if isinstance(content, str) else bytes(content)
    query = parse_qsl(str(parts.query), keep_blank_values=True)
    return Request(sent.method or "", unquote(str(parts.path)), query, headers, body)
