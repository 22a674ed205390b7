"""HTTP/1.1 on loopback for one sandbox service: keep-alive, one write per answer, faults.

A service is a function from `Request` to `Response`. The wire parses, asks the world whether
something has to go wrong, calls the service under the world's lock, journals, and answers.
"""

import functools
import select
import socket
import struct
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext, suppress
from email.utils import format_datetime
from http import HTTPStatus
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.sandbox.messages import JSON, Headers, Request, Response
from tests.sandbox.world import Call, Fault, World

__all__ = ["JSON", "Headers", "Request", "Response", "Wire", "spoilt"]

_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
_LIMIT = 64 * 1024 * 1024  # bytes of a request's body
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset


class _Server(ThreadingTCPServer):
    """One thread per connection; stopping closes what is still open."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, wire: "Wire", port: int) -> None:
        self.wire = wire
        self.connections: set[socket.socket] = set()
        self.threads: list[Thread] = []
        super().__init__(("127.0.0.1", port), _Connection)

    def accept_until_closed(self) -> None:
        """Accept connections until the listening socket is shut."""
        while True:
            try:
                connection, address = self.get_request()
            except OSError:
                return
            self.threads = [thread for thread in self.threads if thread.is_alive()]
            thread = Thread(
                target=self.process_request_thread, args=(connection, address), daemon=True
            )
            self.threads.append(thread)
            thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep the traceback of a broken connection thread where a test can see it."""
        self.wire.world.errors.append(traceback.format_exc())


class Wire:
    """One service on one port of 127.0.0.1; a quiet one knows no faults and no journal."""

    def __init__(
        self,
        name: str,
        handler: Callable[[Request], Response],
        world: World,
        *,
        quiet: bool = False,
    ) -> None:
        self.name = name
        self.handler = handler
        self.world = world
        self.quiet = quiet
        self.url = ""
        self._server: _Server | None = None
        self._acceptor: Thread | None = None
        self._date = (0, "")

    def start(self, port: int = 0) -> str:
        """Listen (0 is any free port) and return the address without a trailing slash."""
        self.world.closing.clear()
        server = self._server = _Server(self, port)
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self._acceptor = Thread(target=server.accept_until_closed, daemon=True)
        self._acceptor.start()
        return self.url

    def stop(self) -> None:
        """Stop listening, cut the open connections, wait for the threads."""
        server, acceptor = self._server, self._acceptor
        if server is None or acceptor is None:
            return
        self.world.closing.set()
        with suppress(OSError):
            server.socket.shutdown(socket.SHUT_RDWR)
        acceptor.join(5)
        for connection in list(server.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in server.threads:
            thread.join(5)
        server.server_close()
        self._server = self._acceptor = None

    def date(self) -> str:
        """The world's time as a Date header, formatted once a second."""
        now = self.world.now()
        second = int(now.timestamp())
        if self._date[0] != second:
            self._date = (second, format_datetime(now.replace(microsecond=0), usegmt=True))
        return self._date[1]

    def answer(self, request: Request, fault: Fault | None, call: Call | None) -> Response:
        """Let the service handle the request (under the lock) and note what it answered."""
        with nullcontext() if fault and fault.unlocked else self.world.lock:
            try:
                response = self.handler(request)
            except Exception:  # noqa: BLE001 - a bug of the sandbox must be seen by the test
                self.world.errors.append(traceback.format_exc())
                response = Response(500, {}, traceback.format_exc())
        if call is not None:
            call.result, call.authorised = response.status, response.authorised
        return response


class _Connection(StreamRequestHandler):
    """The requests of one kept-alive connection, one after the other."""

    server: _Server
    disable_nagle_algorithm = True
    connection: socket.socket

    def setup(self) -> None:
        """Register the connection so that stopping can cut it."""
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        """Forget the connection."""
        self.server.connections.discard(self.connection)
        with suppress(OSError):
            super().finish()

    def handle(self) -> None:
        """Answer until the client leaves or an answer ends the connection."""
        with suppress(ConnectionError, TimeoutError):
            while self._one():
                pass

    def _one(self) -> bool:
        request = self._read()
        if request is None:
            return False
        wire, world = self.server.wire, self.server.wire.world
        if wire.quiet:
            return self.send(wire.answer(request, None, None), None, keep=_keeps(request))
        with world.lock:
            world.catch_up()
            call = Call(wire.name, request, world.now())
            world.journal.append(call)
            fault = world.spoil(wire.name, request)
        if world.latency_ms:
            time.sleep(world.latency_ms / 1000)
        if fault is not None:
            call.fault = fault.kind
            return _Spoiler(self, wire, fault, call).run(request)
        return self.send(wire.answer(request, None, call), call, keep=_keeps(request))

    def _read(self) -> Request | None:
        line = self.rfile.readline(65537).decode("iso-8859-1")
        if not line.strip():
            return None
        method, _, rest = line.strip().partition(" ")
        target, _, version = rest.rpartition(" ")
        pairs = []
        while (raw := self.rfile.readline(65537)) not in (b"\r\n", b"\n", b""):
            name, _, value = raw.decode("iso-8859-1").partition(":")
            pairs.append((name.strip(), value.strip()))
        headers = Headers(pairs)
        length = str(headers.get("content-length", "0"))
        if version != "HTTP/1.1" or not length.isdigit() or "transfer-encoding" in headers:
            self.send(Response(400, {}, "bad request"), None, keep=False)
            return None
        if int(length) > _LIMIT:
            self.send(Response(413, {}, "too large"), None, keep=False)
            return None
        path, _, query = target.partition("?")
        body = self.rfile.read(int(length))
        pairs_of_query = parse_qsl(query, keep_blank_values=True)
        return Request(method, unquote(path), pairs_of_query, headers, body)

    def head(self, response: Response, *, keep: bool) -> tuple[bytes, bytes]:
        """Status line and headers, and the body, as bytes."""
        headers, raw = response.rendered()
        known = HTTPStatus(response.status).phrase
        lines = [f"HTTP/1.1 {response.status} {known}"]
        if "Date" not in headers:
            lines.append(f"Date: {self.server.wire.date()}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if response.status not in (204, 304):
            lines.append(f"Content-Length: {len(raw)}")
        if not keep:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("iso-8859-1", "replace"), raw

    def send(self, response: Response, call: Call | None, *, keep: bool) -> bool:
        """Send an answer in one write; True when the connection stays open."""
        head, raw = self.head(response, keep=keep)
        if call is not None:
            call.status = response.status
        self.connection.sendall(head if response.status in (204, 304) else head + raw)
        return keep

    def reset(self) -> None:
        """Close at once with a TCP reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.server.connections.discard(self.connection)
        self.rfile.close()
        self.connection.close()

    def wait(self, seconds: float) -> bool:
        """Wait so long; False when the client left or the server stops meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.server.wire.world.closing.is_set():
                return False
            readable, _, _ = select.select([self.connection], [], [], min(left, 0.05))
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return False
            if readable:
                time.sleep(min(left, 0.05))
        return True


class _Spoiler:
    """Applies one fault to one request."""

    def __init__(self, connection: _Connection, wire: Wire, fault: Fault, call: Call) -> None:
        self.connection, self.wire, self.fault, self.call = connection, wire, fault, call

    def run(self, request: Request) -> bool:
        """Spoil the exchange; True when the connection stays usable."""
        fault = self.fault
        if fault.kind == "delay":
            self.connection.wait(fault.seconds)
        if fault.kind == "call" and fault.action is not None:
            with self.wire.world.lock:
                fault.action(request)
        if fault.kind == "late":
            work = functools.partial(self.wire.answer, request, None, self.call)
            self.wire.world.later(fault.seconds, work)
        response = Response()
        if fault.reaches_service:
            response = self.wire.answer(request, fault, self.call)
        if fault.kind in ("reset_before", "reset_after", "late"):
            self.connection.reset()
            return False
        if fault.kind == "hang":
            if self.connection.wait(fault.seconds):
                self.connection.reset()
            return False
        if fault.kind in ("truncate", "drip"):
            return self._slow_or_short(response)
        return self.connection.send(spoilt(fault, response), self.call, keep=_keeps(request))

    def _slow_or_short(self, response: Response) -> bool:
        head, raw = self.connection.head(response, keep=False)
        self.call.status = response.status
        if self.fault.kind == "truncate":
            self.connection.connection.sendall(head + raw[: len(raw) // 2])
            return False
        pieces = max(1, min(20, len(raw)))
        step = -(-len(raw) // pieces)
        self.connection.connection.sendall(head)
        for start in range(0, len(raw), step or 1):
            if not self.connection.wait(self.fault.seconds / pieces):
                return False
            self.connection.connection.sendall(raw[start : start + step])
        return False


def spoilt(fault: Fault, response: Response) -> Response:
    """The answer that goes out in place of the true one; for kinds of fault that answer at all."""
    match fault.kind:
        case "status" | "status_after":
            status, kind = fault.status, "text/html"
            content = _HTML.format(f"{status} {HTTPStatus(status).phrase}")
        case "html":
            status, kind, content = 200, "text/html", _HTML.format("Welcome")
        case "bad_json":
            status, kind, content = 200, JSON, '{"data":[{"id":'
        case "wrong_type":
            status, kind, content = 200, JSON, '{"data":"soon"}'
        case "empty":
            status, kind, content = 200, JSON, ""
        case "error_header":
            fault.headers.setdefault("ApiErrorCode", "err_internal")
            status, kind, content = 200, JSON, "{}"
        case _:  # delay, call
            return response
    body = content if fault.body is None else fault.body
    return Response(status, {"Content-Type": kind, **fault.headers}, body)


def _keeps(request: Request) -> bool:
    return str(request.headers.get("connection", "")).lower() != "close"
