"""Answers that grow: little on the wire, without end in memory. They are cut early."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from connectors.errors import ServiceUnavailable
from connectors.http import Http
from tests.connectors.fakes import FakeClock

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
MOST = 1_000_000


def bomb(size: int = 50_000_000) -> bytes:
    """Return a gzip file of zeros: a thousandth of what comes out of it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(bytes(1_000_000)) for _ in range(size // 1_000_000)]
    return b"".join([*parts, packer.flush()])


@contextmanager
def talking(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve one caller on loopback; ``speak`` says everything after the request."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(65536)
                try:
                    speak(caller)
                except OSError:
                    return  # the caller had enough

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(10)


def compressed(caller: socket.socket) -> None:
    """Say a small answer that becomes a large one."""
    content = bomb()
    length = f"Content-Encoding: gzip\r\nContent-Length: {len(content)}\r\n\r\n"
    caller.sendall(HEAD + length.encode() + content)


def compressed_twice(caller: socket.socket) -> None:
    """Say a tiny answer that becomes a small and then a large one."""
    content = gzip.compress(bomb())
    length = f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(content)}\r\n\r\n"
    caller.sendall(HEAD + length.encode() + content)


def endless(caller: socket.socket) -> None:
    """Say chunks for ever."""
    caller.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        caller.sendall(b"2000\r\n" + b"[" * 0x2000 + b"\r\n")


def long_head(caller: socket.socket) -> None:
    """Say headers for ever."""
    caller.sendall(HEAD)
    while True:
        caller.sendall(b"X-More: " + b"y" * 500 + b"\r\n")


@pytest.mark.parametrize(
    "speak",
    [compressed, compressed_twice, endless, long_head],
    ids=["gzip bomb", "gzip in gzip", "endless body", "endless head"],
)
def test_an_answer_that_grows_is_cut_before_memory_does(
    speak: Callable[[socket.socket], None],
) -> None:
    """X1: 50 MB out of 50 kB, or bytes for ever: one sentence, and some megabytes at most."""
    with talking(speak) as url:
        http = Http("Books", url, clock=FakeClock(), tries=1, max_bytes=MOST)
        tracemalloc.start()
        try:
            with pytest.raises(ServiceUnavailable, match="Books gave no answer"):
                http.send("POST", "/a", repeatable=True)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            http.close()
    assert peak < 12 * MOST
