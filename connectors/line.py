"""A bare line to hosts that nobody vouches for: checked addresses, no credentials, can be cut.

Documents stand on hosts that Teamleader's links name (API reference 5). What is special about such
a line is here; what is fetched over it, and what it must be, is in ``connectors.download``.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from connectors.http import USER_AGENT
from connectors.timeouts import DOCUMENT, Timeouts

Resolve = Callable[[str, int], list[str]]


class Line:
    """The connections of one thread, which dial only checked addresses and can be cut."""

    def __init__(self, addresses: Resolve, timeouts: Timeouts = DOCUMENT) -> None:
        self._open: list[HTTPConnection] = []
        self._timeouts = timeouts
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Checked(addresses, self._open, timeouts.connect))
        self.was_cut = False

    def close(self) -> None:
        """Give the sockets back."""
        self._session.close()

    def get(self, url: str, addresses: Resolve) -> requests.Response:
        """Send a bare GET: prepared outside the session, no token, cookie or netrc goes along."""
        headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
        request = requests.Request("GET", url, headers=headers).prepare()
        settings: dict[str, Any] = dict(
            self._session.merge_environment_settings(url, {}, stream=True, verify=None, cert=None)
        )
        if requests.utils.select_proxy(url, settings["proxies"]):
            _check_behind_proxy(url, addresses)
        self._session.cookies.clear()
        bounds = (self._timeouts.connect, self._timeouts.read)
        return self._session.send(request, timeout=bounds, allow_redirects=False, **settings)

    @contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Shut every connection when the time is over, wherever it waits."""
        self.was_cut = False
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if self.was_cut:
                self._session.close()

    def _cut(self) -> None:
        self.was_cut = True
        for connection in list(self._open):
            sock = getattr(connection, "sock", None)
            if sock is not None:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


def _check_behind_proxy(url: str, addresses: Resolve) -> None:
    """Check what can be checked when a proxy resolves names: literal and known addresses."""
    parts = urlsplit(url)
    try:
        addresses(parts.hostname or "", parts.port or 443)
    except OSError:
        return


class _Checked(HTTPAdapter):
    """An adapter whose direct connections resolve, check and dial in one step (no rebinding)."""

    def __init__(self, addresses: Resolve, opened: list[HTTPConnection], patience: float) -> None:
        self._addresses = addresses
        self._opened = opened
        self._patience = patience
        super().__init__(pool_connections=4, pool_maxsize=1)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        addresses, opened, patience = self._addresses, self._opened, self._patience

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _dial(self, addresses, opened, patience)

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return _dial(self, addresses, opened, patience)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}


def _dial(
    connection: HTTPConnection,
    addresses: Resolve,
    opened: list[HTTPConnection],
    patience: float,
) -> socket.socket:
    """Connect to the first address that answers, of a host all of whose addresses are allowed."""
    failure: OSError = OSError("no address")
    opened[:] = [one for one in opened if one.sock is not None]
    opened.append(connection)
    port = connection.port or 443
    for address in addresses(connection.host.strip("[]"), port):
        try:
            sock = socket.create_connection((address, port), timeout=patience)
        except OSError as error:
            failure = error
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise failure
