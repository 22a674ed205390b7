"""A PDF from a link: what is fetched, what never is, and what never goes along."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connectors.download import MOST_BYTES, Downloads, NotDownloaded
from connectors.timeouts import Timeouts
from mappings.documents import WAITING

PDF = b"%PDF-1.7\n" + b"x" * 3000 + b"\n%%EOF\n"
Answering = Callable[[str], bytes | Iterator[bytes]]


def answer(body: bytes = PDF, status: str = "200 OK", *headers: str) -> bytes:
    """Return a whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def leading_to(location: str, status: str = "302 Found") -> bytes:
    """Return an answer that redirects."""
    return answer(b"", status, f"Location: {location}")


class Host:
    """A host on loopback that answers by path and remembers what it was sent."""

    def __init__(self) -> None:
        self.paths: dict[str, bytes | Callable[[], Iterator[bytes]]] = {}
        self.requests: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.ended = threading.Event()
        self.threads: list[threading.Thread] = []

    def url(self, path: str = "/doc?signature=secret", host: str = "127.0.0.1") -> str:
        """Return an address that leads here."""
        return f"http://{host}:{self.port}{path}"

    def serve(self) -> None:
        """Answer until closed."""
        while not self.ended.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._answer, args=(connection,), daemon=True)
            thread.start()
            self.threads.append(thread)

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            try:
                said = connection.recv(65536).decode("iso-8859-1")
                self.requests.append(said)
                path = said.split(" ")[1].partition("?")[0]
                found = self.paths.get(path, answer())
                for piece in [found] if isinstance(found, bytes) else found():
                    connection.sendall(piece)
            except (OSError, IndexError):
                return


@contextmanager
def opened() -> Iterator[Host]:
    """Run a host for the time of a block."""
    host = Host()
    thread = threading.Thread(target=host.serve, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        host.ended.set()
        host.socket.shutdown(socket.SHUT_RDWR)
        host.socket.close()
        thread.join(5)
        for each in host.threads:
            each.join(5)


@pytest.fixture
def host() -> Iterator[Host]:
    """Run a host."""
    with opened() as one:
        yield one


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> Iterator[Downloads]:
    """Open downloads of a sandbox: loopback is allowed."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Downloads(loopback=True) as one:
        yield one


def code_of(downloads: Downloads, url: str) -> str:
    """Return the code with which a fetch fails; every one of them has its words."""
    with pytest.raises(NotDownloaded) as failed:
        downloads.fetch(url)
    assert "secret" not in str(failed.value)
    assert failed.value.code in WAITING
    return failed.value.code


# ---- what is fetched


def test_a_pdf_comes_whole_with_its_hash(host: Host, downloads: Downloads) -> None:
    """A34: what stands behind the link comes byte by byte, and its SHA-256 is known."""
    fetched = downloads.fetch(host.url())
    assert fetched.content == PDF
    assert fetched.sha256 == hashlib.sha256(PDF).hexdigest()
    assert "PDF-1" not in repr(fetched)


def test_up_to_three_redirects_are_followed(host: Host, downloads: Downloads) -> None:
    """Three hops are a content network, a fourth is a maze."""
    for hop in range(4):
        host.paths[f"/{hop}"] = leading_to(f"/{hop + 1}")
    host.paths["/4"] = answer()
    assert downloads.fetch(host.url("/1")).content == PDF
    assert code_of(downloads, host.url("/0")) == "PDF_ADDRESS"


def test_no_header_of_ours_goes_along(
    host: Host, downloads: Downloads, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No Authorization header and no cookie, not even from a netrc file or across a redirect."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password canary\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    host.paths["/first"] = answer(b"", "302 Found", "Location: /second", "Set-Cookie: a=canary")
    downloads.fetch(host.url("/first"))
    assert len(host.requests) == 2
    for request in host.requests:
        assert "authorization" not in request.lower()
        assert "canary" not in request
        assert "referer" not in request.lower()


def test_two_threads_fetch_side_by_side(host: Host, downloads: Downloads) -> None:
    """Each thread has connections of its own."""
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(downloads.fetch(host.url()).content))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [PDF] * 4


# ---- where nothing is fetched

PRIVATE = (
    "127.0.0.1",
    "localhost",
    "10.0.0.8",
    "172.16.4.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0",
    "255.255.255.255",
    "224.0.0.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[fe80::1]",
    "[fd00::1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[ff02::1]",
)


@pytest.mark.parametrize("name", PRIVATE)
def test_an_address_that_is_not_public_is_never_dialled(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is spelt: loopback, link-local, private, shared, multicast, or one in disguise."""
    monkeypatch.setattr(
        socket, "create_connection", lambda *a, **k: pytest.fail("something was dialled")
    )
    with Downloads() as downloads:
        assert code_of(downloads, f"https://{name}/doc?signature=secret") == "PDF_ADDRESS"


@pytest.mark.parametrize(
    "url",
    [
        "http://cdn.teamleader.eu/doc",
        "http://127.0.0.1/doc",
        "ftp://cdn.teamleader.eu/doc",
        "file:///etc/passwd",
        "https:///doc",
        "https://user:secret@cdn.teamleader.eu/doc",
        "https://cdn.teamleader.eu:99999/doc",
        "https://[half/doc",
        "//cdn.teamleader.eu/doc",
        "doc",
        "",
    ],
)
def test_only_https_to_a_host_is_spoken(url: str) -> None:
    """Another scheme, no host, a password in the address: not a place to fetch from."""
    with Downloads(resolve=lambda host, port: ["185.3.216.1"]) as downloads:
        assert code_of(downloads, url) == "PDF_ADDRESS"


def test_a_public_name_with_one_private_address_is_refused() -> None:
    """One of several addresses is enough to be led astray."""
    with Downloads(resolve=lambda host, port: ["185.3.216.1", "10.0.0.1"]) as downloads:
        assert code_of(downloads, "https://cdn.teamleader.eu/doc") == "PDF_ADDRESS"


def test_a_name_that_changes_its_address_is_checked_where_it_is_dialled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is checked is what is connected to: the name is looked up once for both."""
    looked_up, dialled = [], []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["185.3.216.1"] if len(looked_up) == 1 else ["127.0.0.1"]

    def dial(address: tuple[str, int], timeout: float) -> socket.socket:
        dialled.append(address)
        raise OSError("no network here")

    monkeypatch.setattr(socket, "create_connection", dial)
    with Downloads(resolve=resolve) as downloads:
        assert code_of(downloads, "https://cdn.teamleader.eu/doc") == "PDF_UNREACHABLE"
    assert (looked_up, dialled) == (["cdn.teamleader.eu"], [("185.3.216.1", 443)])


@pytest.mark.parametrize(
    "place",
    [
        "https://169.254.169.254/latest",
        "http://169.254.169.254/latest",
        "https://10.0.0.1/doc",
        "http://example.com/doc",
        "https://[fd00::1]/doc",
        "ftp://127.0.0.1/doc",
        "https://me:secret@127.0.0.1/doc",
    ],
)
def test_every_redirect_is_checked_anew(place: str, host: Host, downloads: Downloads) -> None:
    """A sandbox on loopback may not lead elsewhere inside, and nobody may lead to plain http."""
    host.paths["/doc"] = leading_to(place)
    assert code_of(downloads, host.url()) == "PDF_ADDRESS"


def test_no_redirect_leads_from_https_to_http(downloads: Downloads, host: Host) -> None:
    """A downgrade is refused even where plain http is spoken."""
    with pytest.raises(NotDownloaded, match="https to http"):
        downloads._check(host.url(), "https://127.0.0.1/doc")


def test_behind_a_proxy_private_addresses_are_refused_all_the_same(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy may be used, but is not asked for what lies inside."""
    monkeypatch.setenv("HTTPS_PROXY", host.url(""))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with Downloads() as downloads:
        assert code_of(downloads, "https://169.254.169.254/doc") == "PDF_ADDRESS"
    assert host.requests == []


# ---- what comes instead of a PDF


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (answer(b"<html><body>%PDF- sign in</body></html>"), "PDF_NOT_A_PDF"),
        (answer(b"%PD"), "PDF_NOT_A_PDF"),
        (answer(b"\x1f\x8b\x08", "200 OK", "Content-Encoding: gzip"), "PDF_NOT_A_PDF"),
        (answer(b""), "PDF_EMPTY"),
        (answer(b"<Error/>", "403 Forbidden"), "PDF_LINK_EXPIRED"),
        (answer(b"", "404 Not Found"), "PDF_LINK_EXPIRED"),
        (answer(b"", "410 Gone"), "PDF_LINK_EXPIRED"),
        (answer(b"", "503 Service Unavailable"), "PDF_UNREACHABLE"),
        (answer(PDF, "206 Partial Content"), "PDF_UNREACHABLE"),
        (answer(b"", "204 No Content"), "PDF_UNREACHABLE"),
        (answer(b"", "302 Found"), "PDF_ADDRESS"),
        (answer()[:-500], "PDF_UNREACHABLE"),
        (b"nothing like HTTP\r\n\r\n", "PDF_UNREACHABLE"),
        (b"", "PDF_UNREACHABLE"),
    ],
)
def test_what_is_no_whole_pdf_is_named(
    said: bytes, code: str, host: Host, downloads: Downloads
) -> None:
    """A33: HTML, nothing, a dead link, half a file: each has its code, none is attached."""
    host.paths["/doc"] = said
    assert code_of(downloads, host.url()) == code


def test_a_host_that_is_not_there_is_unreachable(host: Host, downloads: Downloads) -> None:
    """A closed port and an unknown name are the same kind of trouble."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert code_of(downloads, f"http://127.0.0.1:{port}/doc") == "PDF_UNREACHABLE"
    with Downloads(resolve=_unknown) as nameless:
        assert code_of(nameless, "https://no.such.host.example/doc") == "PDF_UNREACHABLE"


def _unknown(host: str, port: int) -> list[str]:
    raise socket.gaierror("unknown")


def test_an_announced_size_beyond_the_limit_is_not_even_begun(
    host: Host, downloads: Downloads
) -> None:
    """The limit is 10 MB."""
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {MOST_BYTES + 1}\r\n\r\n%PDF-"
    host.paths["/doc"] = head.encode()
    assert code_of(downloads, host.url()) == "PDF_TOO_LARGE"


def test_an_endless_body_ends_at_the_limit(host: Host) -> None:
    """A body without an announced size is cut as soon as it is too large."""
    sent = []

    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n%PDF-"
        while True:
            sent.append(1)
            yield b"y" * 10_000

    host.paths["/doc"] = endless
    with Downloads(loopback=True, most_bytes=100_000) as downloads:
        assert code_of(downloads, host.url()) == "PDF_TOO_LARGE"


def _drip(head: bytes, host: Host) -> Callable[[], Iterator[bytes]]:
    def drip() -> Iterator[bytes]:
        yield head
        while not host.ended.wait(0.02):
            yield b"z"

    return drip


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n%PDF-", b"HTTP/1.1 200 OK\r\nX-Slow: "], ids=["body", "head"]
)
def test_a_drip_meets_the_deadline(head: bytes, host: Host) -> None:
    """The deadline is for the whole, so bytes that keep trickling do not stretch it."""
    host.paths["/doc"] = _drip(head, host)
    began = time.monotonic()
    with Downloads(loopback=True, timeouts=Timeouts(whole=0.2)) as downloads:
        assert code_of(downloads, host.url()) == "PDF_SLOW"
        host.paths["/doc"] = answer()
        assert downloads.fetch(host.url()).content == PDF
    assert time.monotonic() - began < 5
