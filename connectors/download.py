"""Fetch a rendered PDF from the link that Teamleader hands out (API reference 5).

The link leads to a host that nobody promised, so nothing is trusted: no header of ours goes along,
only https to public addresses is spoken (every redirect is checked anew, and the address that is
checked is the one that is connected to), and size and time are bounded. Links are secrets: no
sentence quotes one.
"""

from __future__ import annotations

import hashlib
import ipaddress
import socket
import threading
from dataclasses import dataclass, field
from time import monotonic
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError as TransportError

from connectors.errors import Refused
from connectors.line import Line, Resolve
from connectors.timeouts import DOCUMENT, Timeouts

MOST_BYTES = 10_000_000
MOST_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
LINK_IS_DEAD = (401, 403, 404, 410)
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotDownloaded(Refused):
    """A PDF could not be had this time; ``code`` is a key of ``mappings.documents.WAITING``."""

    advice: ClassVar[str] = "Nothing to do: it is tried again by itself, later each time."

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A PDF in memory (at most 10 MB) and the SHA-256 of its bytes in hexadecimal."""

    content: bytes = field(repr=False)
    sha256: str


def resolved(host: str, port: int) -> list[str]:
    """Return every address that a host name, or any spelling of an address, stands for."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Downloads:
    """Fetches PDFs; safe to use from several threads, each with connections of its own.

    ``timeouts`` bound each document, redirects included. ``loopback`` is for a sandbox: when the
    API itself is on a loopback address its documents may be there too, and only there plain http is
    spoken.
    """

    def __init__(
        self,
        *,
        loopback: bool = False,
        most_bytes: int = MOST_BYTES,
        timeouts: Timeouts = DOCUMENT,
        resolve: Resolve = resolved,
    ) -> None:
        self._loopback = loopback
        self._most_bytes = most_bytes
        self._timeouts = timeouts
        self._resolve = resolve
        self._mine = threading.local()
        self._lines: list[Line] = []

    def close(self) -> None:
        """Give the sockets back."""
        for line in self._lines:
            line.close()

    def __enter__(self) -> Downloads:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def fetch(self, url: str) -> Fetched:
        """Return the PDF behind a link; raises ``NotDownloaded`` with a code for everything else.

        Codes: PDF_ADDRESS (not a place to fetch from), PDF_LINK_EXPIRED, PDF_UNREACHABLE, PDF_SLOW,
        PDF_TOO_LARGE, PDF_EMPTY, PDF_NOT_A_PDF.
        """
        line = self._line()
        with line.cut_after(self._timeouts.whole):
            try:
                return self._follow(line, url)
            except (requests.RequestException, TransportError, OSError) as error:
                raise self._broken(line, error) from None
            except ValueError:  # a name that no name server would be asked for, half an IPv6 one
                raise NotDownloaded("PDF_ADDRESS", "its link is no address") from None

    def _line(self) -> Line:
        if not hasattr(self._mine, "line"):
            self._mine.line = Line(self._addresses, self._timeouts)
            self._lines.append(self._mine.line)
        line: Line = self._mine.line
        return line

    def _broken(self, line: Line, error: BaseException) -> NotDownloaded:
        if line.was_cut:
            return self._too_slow()
        return NotDownloaded(
            "PDF_UNREACHABLE", f"the connection to its host failed ({type(error).__name__})"
        )

    def _too_slow(self) -> NotDownloaded:
        seconds = self._timeouts.whole
        return NotDownloaded("PDF_SLOW", f"it did not arrive within {seconds:.0f} seconds")

    # ---- where to

    def _follow(self, line: Line, url: str) -> Fetched:
        """Follow at most three redirects, each to a place that is allowed in itself."""
        before = ""
        for _ in range(MOST_REDIRECTS + 1):
            self._check(url, before)
            with line.get(url, self._addresses) as response:
                if response.status_code not in REDIRECTS:
                    return self._read(line, response)
                before, url = url, urljoin(url, response.headers.get("Location", ""))
        raise NotDownloaded("PDF_ADDRESS", f"its link redirects more than {MOST_REDIRECTS} times")

    def _check(self, url: str, before: str) -> None:
        """Refuse what is not https to a host; plain http is for a sandbox on loopback."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise NotDownloaded("PDF_ADDRESS", "its link is no address") from None
        if parts.username is not None or parts.password is not None:
            raise NotDownloaded("PDF_ADDRESS", "its link carries a user name")
        if not host or port == 0:
            raise NotDownloaded("PDF_ADDRESS", "its link names no host")
        plain = parts.scheme == "http"
        if plain and before.startswith("https:"):
            raise NotDownloaded("PDF_ADDRESS", "its link leads from https to http")
        if not (parts.scheme == "https" or (plain and self._only_loopback(host, port or 80))):
            raise NotDownloaded("PDF_ADDRESS", "its link is not https")

    def _only_loopback(self, host: str, port: int) -> bool:
        if not self._loopback:
            return False
        try:
            return all(_address(one).is_loopback for one in self._resolve(host, port))
        except OSError:
            return False

    def _addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host; refuses when any of them is not for everybody."""
        found = self._resolve(host, port)
        if not found or not all(self._allowed(_address(one)) for one in found):
            raise NotDownloaded("PDF_ADDRESS", "its link leads to an address that is not public")
        return found

    def _allowed(self, address: Address) -> bool:
        if address.is_loopback:
            return self._loopback
        return address.is_global and not address.is_multicast and not address.is_reserved

    # ---- what came

    def _read(self, line: Line, response: requests.Response) -> Fetched:
        if response.status_code in LINK_IS_DEAD:
            raise NotDownloaded("PDF_LINK_EXPIRED", f"its host answered {response.status_code}")
        if response.status_code != requests.codes.ok:
            raise NotDownloaded("PDF_UNREACHABLE", f"its host answered {response.status_code}")
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > self._most_bytes:
            raise self._too_large()
        content, digest = bytearray(), hashlib.sha256()
        ends = monotonic() + self._timeouts.whole
        while chunk := response.raw.read1(64 * 1024, decode_content=False):
            content += chunk
            digest.update(chunk)
            if len(content) > self._most_bytes:
                raise self._too_large()
            if not _may_be_pdf(content):
                raise NotDownloaded("PDF_NOT_A_PDF", "what came is not a PDF")
            if line.was_cut or monotonic() > ends:
                raise self._too_slow()
        self._require_whole(line, content, announced)
        return Fetched(bytes(content), digest.hexdigest())

    def _require_whole(self, line: Line, content: bytearray, announced: str) -> None:
        if line.was_cut:
            raise self._too_slow()
        if announced.isdigit() and len(content) < int(announced):
            raise NotDownloaded("PDF_UNREACHABLE", "only a part of it came")
        if not content:
            raise NotDownloaded("PDF_EMPTY", "what came is empty")
        if len(content) < len(b"%PDF-"):
            raise NotDownloaded("PDF_NOT_A_PDF", "what came is not a PDF")

    def _too_large(self) -> NotDownloaded:
        return NotDownloaded(
            "PDF_TOO_LARGE", f"it is larger than {self._most_bytes // 1_000_000} MB"
        )


def _may_be_pdf(content: bytearray) -> bool:
    return content[:5] == b"%PDF-"[: len(content[:5])]


def _address(text: str) -> Address:
    """Return an address, or the IPv4 address that an IPv6 one only wraps."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
