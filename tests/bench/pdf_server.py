"""A host of large PDFs, and as much of both services as attaching them needs; it keeps nothing.

The sandbox would keep every upload in memory, and slow down with it. ``python -m
tests.bench.pdf_server PORT_FILE MEGABYTES``; ``GET /counts`` tells what came.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

PIECE = 64 * 1024
LIMITS = {"X-RateLimit-Limit": "100000000", "X-RateLimit-Remaining": "100000000"}
COUNTS = {"links": 0, "fetched": 0, "uploads": 0, "uploaded_bytes": 0}


class Host(BaseHTTPRequestHandler):
    """Hands out links, sends PDFs, swallows uploads."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        """A login to Twikey, or Teamleader's question for a link."""
        self._swallow()
        if not self.path.endswith(".download"):
            self._answer({}, {"Authorization": uuid4().hex * 2})
            return
        COUNTS["links"] += 1
        location = f"http://127.0.0.1:{self.server.server_port}/doc/{uuid4().hex}"
        self._answer({"data": {"location": location, "expires": "2099-01-01T00:00:00+00:00"}})

    def do_GET(self) -> None:
        """A PDF in pieces, or the counts."""
        if self.path == "/counts":
            self._answer(COUNTS)
            return
        COUNTS["fetched"] += 1
        left = self.server.size
        self.send_response(200)
        self.send_header("Content-Type", "application/pdf")
        self.send_header("Content-Length", str(left))
        self.end_headers()
        piece = b"%PDF-1.7\n".ljust(PIECE, b"p")
        while left:
            self.wfile.write(piece[:left])
            left -= len(piece[:left])

    def do_PUT(self) -> None:
        """An upload: counted and dropped."""
        COUNTS["uploads"] += 1
        COUNTS["uploaded_bytes"] += self._swallow()
        self._answer({"id": self.path.rpartition("/")[2], "amount": 1, "state": "BOOKED"})

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""

    def _swallow(self) -> int:
        length = left = int(self.headers.get("Content-Length", 0))
        while left:
            left -= len(self.rfile.read(min(PIECE, left)))
        return length

    def _answer(self, body: object, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        for name, value in {**LIMITS, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Server(ThreadingHTTPServer):
    """The host with the size of its PDFs in bytes."""

    daemon_threads = True
    size = 0


def main() -> None:
    """Serve until it is ended."""
    server = Server(("127.0.0.1", 0), Host)
    server.size = int(float(sys.argv[2]) * 1_000_000)
    place = Path(sys.argv[1])
    unfinished = place.with_suffix(".new")
    unfinished.write_text(str(server.server_port))
    unfinished.rename(place)
    server.serve_forever()


if __name__ == "__main__":
    main()
