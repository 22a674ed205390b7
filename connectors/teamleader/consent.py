"""The operator's consent: the link that asks for it, and the browser's way back (reference 1.5).

The state that leaves with the link must come back with the code, compared in constant time. The
listener opens on loopback only, serves one path, and writes nothing into any log.
"""

from __future__ import annotations

import hmac
import queue
import secrets
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from connectors.errors import ConsentRefused, SettingsWrong
from connectors.teamleader.auth import Integration

AUTHORIZE_PATH = "/oauth2/authorize"
LOOPBACK = {"localhost": "127.0.0.1", "127.0.0.1": "127.0.0.1", "::1": "::1"}
READ_SECONDS = 10
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}}
</style></head><body><h1>{title}</h1><p>{words}</p></body></html>
"""
THANKS = PAGE.format(
    title="Thank you",
    words="The consent has arrived. You can close this page: the rest happens in the terminal.",
)
SORRY = PAGE.format(
    title="That did not work", words="Nothing was stored. The terminal says why and what to do."
)
NOTHING_HERE = PAGE.format(title="Nothing here", words="This address only waits for a consent.")


def new_state() -> str:
    """Return an unguessable state for one consent."""
    return secrets.token_urlsafe(32)


def consent_link(auth_url: str, integration: Integration, state: str) -> str:
    """Return the address where the operator consents.

    Without a scope: the scopes are those ticked on the Marketplace, and naming them is an error.
    """
    question = {
        "client_id": integration.client_id,
        "response_type": "code",
        "redirect_uri": integration.redirect_uri,
        "state": state,
    }
    return f"{auth_url.rstrip('/')}{AUTHORIZE_PATH}?{urlencode(question)}"


def parse_callback(address: str, state: str) -> str:
    """Return the code from the address that the browser came back to, listened for or pasted.

    Raises ``ConsentRefused`` when consent was denied, the state is not ours or no code is there.
    """
    pasted = "".join(address.split())
    query = pasted.split("?", 1)[-1].split("#", 1)[0]
    try:
        found = parse_qs(query, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise ConsentRefused("The address that came back cannot be read") from None
    if "error" in found:
        raise ConsentRefused(f"The consent was not given ({_plain(found['error'][0])})")
    states, codes = found.get("state", []), found.get("code", [])
    if len(states) != 1 or not hmac.compare_digest(states[0].encode(), state.encode()):
        raise ConsentRefused(
            "The address carries another state than the one that was sent: it belongs to another "
            "attempt, or somebody forged it"
        )
    if len(codes) != 1 or not codes[0]:
        raise ConsentRefused("The address carries no code")
    return codes[0]


def _plain(error: str) -> str:
    return "".join(letter for letter in error if letter.isalnum() or letter in " _-.")[:80]


class Consent:
    """Listens on the redirect address for one browser; use as a context manager.

    Listening starts at once, so that the link may be shown next. Raises ``SettingsWrong`` when the
    redirect address is not on this machine or its port is taken.
    """

    def __init__(self, redirect_uri: str, state: str) -> None:
        parts = urlsplit(redirect_uri)
        host = LOOPBACK.get(parts.hostname or "")
        if parts.scheme != "http" or host is None:
            raise SettingsWrong(
                [
                    "TEAMLEADER_REDIRECT_URI is not on this machine: register a redirect address "
                    "such as http://localhost:8765/callback on the Marketplace and name it there"
                ]
            )
        self._answers: queue.SimpleQueue[str | ConsentRefused] = queue.SimpleQueue()
        callback = _callback(parts.path or "/", state, self._answers)
        kind = _Listener6 if ":" in host else _Listener
        try:
            self._server = kind((host, 80 if parts.port is None else parts.port), callback)
        except (OSError, ValueError) as error:
            raise SettingsWrong(
                [
                    f"nothing can listen on TEAMLEADER_REDIRECT_URI ({error}); "
                    "another program may use its port"
                ]
            ) from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def wait(self, seconds: float) -> str:
        """Return the code; raises ``ConsentRefused`` when it is denied, forged or does not come."""
        try:
            found = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise ConsentRefused(f"Nobody gave the consent within {seconds:.0f} seconds") from None
        if isinstance(found, ConsentRefused):
            raise found
        return found

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Listener(ThreadingHTTPServer):
    """One thread per connection, because browsers open idle ones ahead of the real one."""

    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        """Bind without looking this machine up in the DNS, which may take seconds."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about a browser that hangs up."""


class _Listener6(_Listener):
    address_family = socket.AF_INET6


def _callback(
    path: str, state: str, answers: queue.SimpleQueue[str | ConsentRefused]
) -> type[BaseHTTPRequestHandler]:
    """Return a request handler that knows the one path and the one state."""

    class Callback(BaseHTTPRequestHandler):
        timeout = READ_SECONDS

        def do_GET(self) -> None:
            """Take the code from the redirect address; anything else is not here."""
            if urlsplit(self.path).path != path:
                self._say(404, NOTHING_HERE)
                return
            found: str | ConsentRefused
            try:
                found = parse_callback(self.path, state)
            except ConsentRefused as refused:
                found = refused
            fine = isinstance(found, str)
            self._say(200 if fine else 400, THANKS if fine else SORRY)
            answers.put(found)

        def _say(self, status: int, page: str) -> None:
            body = page.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing: the path holds the code."""

    return Callback
