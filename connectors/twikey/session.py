"""Twikey's session: one login for all processes, kept as long as it lasts (API reference 1.3-1.6).

Logging in is what Twikey throttles hardest, and every attempt counts. So the session lives in a
store that all processes of a connection share; it is used until a call answers 401 or for 23 hours,
and whoever meets a 401 first looks whether somebody else has already logged in.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol

from connectors.clock import Clock
from connectors.errors import KeyRefused, SettingsWrong, Throttled
from connectors.http import Answer, Http, NotSent
from connectors.timeouts import LOGIN
from connectors.twikey.pace import TwikeyPace
from connectors.twikey.parse import fault_of

__all__ = [
    "Session",
    "SessionStore",
    "TwikeyPace",
    "TwikeySession",
    "key_fingerprint",
    "one_time_password",
    "root_of",
]

log = logging.getLogger(__name__)

LIFETIME = timedelta(hours=23)  # Twikey's own limit is 24 hours (API reference 1.3)
SHORT_WAIT = 5.0  # seconds that a login may wait before its one repetition (API reference 1.3)
SALT = b"own"
TOKEN = re.compile(r"[!-~]{8,512}")


@dataclass(frozen=True, slots=True)
class Session:
    """An open session: when it was opened (UTC), and the fingerprint of the key that opened it."""

    token: str = field(repr=False)
    merchant_id: str | None
    opened_at: datetime
    key_fingerprint: str


class SessionStore(Protocol):
    """Where the processes of one connection share their session."""

    def read_session(self) -> Session | None:
        """Return the session that was stored last, or None."""

    def write_session(self, session: Session | None) -> None:
        """Keep a session; None forgets it."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep other processes out of the block; writes made inside stand when it ends well."""

    def read_login_pause(self) -> datetime | None:
        """Return the instant (UTC) before which no login may be tried, or None."""

    def write_login_pause(self, until: datetime | None) -> None:
        """Keep the instant (UTC) before which no login may be tried; None lifts the pause."""


def key_fingerprint(api_key: str) -> str:
    """Return 16 hexadecimal digits that tell one API key from another and give nothing away."""
    return hashlib.sha256(api_key.encode()).hexdigest()[:16]


def one_time_password(private_key: str, at: datetime, *, salt: bytes = SALT) -> int:
    """Return the one-time password of a private key (hexadecimal) at an instant.

    Not the usual algorithm: the offset comes from byte 19 of a SHA-256 digest, and the key is a
    salt followed by the private key (API reference 1.4). Raises ``ValueError`` for a malformed key.
    """
    message = (int(at.timestamp()) // 30).to_bytes(8, "big")
    digest = hmac.digest(salt + bytes.fromhex(private_key), message, "sha256")
    offset = digest[19] & 0x0F
    value = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return value % 100_000_000


def root_of(http: Http) -> str:
    """Return what goes between the configured address and a path.

    Twikey's own tools take the address with and without ``/creditor``; so do we (reference 1.1).
    """
    return "" if http.base_url.endswith("/creditor") else "/creditor"


class TwikeySession:
    """Hands out an open session, and logs in when there is none that works.

    ``http`` lends its address; a login neither repeats nor waits as other calls do, because each
    attempt counts and needs a one-time password of its own.
    Raises ``SettingsWrong`` when the private key is not hexadecimal.
    """

    def __init__(
        self,
        http: Http,
        store: SessionStore,
        *,
        api_key: str,
        private_key: str | None = None,
        clock: Clock,
    ) -> None:
        self._http = http
        self._store = store
        self._api_key = api_key
        self._private_key = private_key
        self._clock = clock
        self._fingerprint = key_fingerprint(api_key)
        self._session: Session | None = None
        if private_key:
            _check_private_key(private_key)

    def current(self) -> tuple[Session, bool]:
        """Return a session that is worth trying, and whether it is new.

        Logs in when neither we nor the store have one.
        Raises ``KeyRefused``, ``Throttled`` or ``ServiceUnavailable``.
        """
        if not self._usable(self._session):
            self._session = self._store.read_session()
        if self._session is None or not self._usable(self._session):
            return self.renew(None)
        return self._session, False

    def renew(self, refused: str | None) -> tuple[Session, bool]:
        """Return a session other than the one with the token ``refused``, and whether it is new.

        The store is read first, since another process may have logged in (reliability P11). A
        login that is throttled for 5 seconds or less is repeated once; otherwise the pause is kept
        for every process. Raises ``KeyRefused``, ``Throttled`` or ``ServiceUnavailable``.
        """
        may_repeat = True
        while True:
            found = self._shared_or_opened(refused, may_repeat=may_repeat)
            if not isinstance(found, Throttled):
                self._session = found[0]
                return found
            if not (may_repeat and self._seconds_until(found.until) <= SHORT_WAIT):
                raise found
            may_repeat = False
            self._clock.sleep(ceil(self._seconds_until(found.until)))

    def _shared_or_opened(
        self, refused: str | None, *, may_repeat: bool
    ) -> tuple[Session, bool] | Throttled:
        """Look, log in and store, while all other processes wait.

        Being throttled is returned, not raised: an exception would undo what the block wrote.
        """
        with self._store.exclusive():
            stored = self._store.read_session()
            if stored is not None and self._usable(stored) and stored.token != refused:
                return stored, False
            self._store.write_session(None)
            opened = self._open_unless_paused()
            if isinstance(opened, Session):
                self._store.write_session(opened)
                self._store.write_login_pause(None)
                return opened, True
            if not (may_repeat and self._seconds_until(opened.until) <= SHORT_WAIT):
                self._store.write_login_pause(opened.until)
            return opened

    def _open_unless_paused(self) -> Session | Throttled:
        until = self._store.read_login_pause()
        if until is not None and self._clock.now() < until:
            return Throttled(f"Twikey allows no login before {until:%Y-%m-%d %H:%M:%S} UTC", until)
        try:
            return self._opened(self._knock())
        except Throttled as throttled:
            return throttled

    def _knock(self) -> Answer:
        """Send one login, and once more if the first certainly never left."""
        try:
            return self._post()
        except NotSent:
            self._clock.sleep(1.0)
            return self._post()

    def _post(self) -> Answer:
        http = Http(
            self._http.service, self._http.base_url,
            clock=self._clock, pace=TwikeyPace(self._clock),
            timeouts=LOGIN.at_most(self._http.timeouts), tries=1, patience=0.0,
        )  # fmt: skip
        form = {"apiToken": self._api_key}
        if self._private_key:
            password = one_time_password(self._private_key, self._clock.now())
            form["otp"] = str(password)
        try:
            return http.send("POST", root_of(http), repeatable=True, form=form, what="the login")
        finally:
            http.close()

    def _opened(self, answer: Answer) -> Session:
        token = _token_in(answer)
        if token is None:
            raise KeyRefused(_why_no_session(answer))
        log.info("Logged in to Twikey")
        return Session(
            token=token,
            merchant_id=answer.headers.get("X-MERCHANT-ID"),
            opened_at=self._clock.now(),
            key_fingerprint=self._fingerprint,
        )

    def _usable(self, session: Session | None) -> bool:
        """Tell whether a session is ours and young; one from the future has a wrong clock."""
        return (
            session is not None
            and session.key_fingerprint == self._fingerprint
            and abs(self._clock.now() - session.opened_at) < LIFETIME
        )

    def _seconds_until(self, until: datetime | None) -> float:
        if until is None:
            return float("inf")
        return max(0.0, (until - self._clock.now()).total_seconds())


def _check_private_key(private_key: str) -> None:
    try:
        bytes.fromhex(private_key)
    except ValueError:
        raise SettingsWrong(["TWIKEY_PRIVATE_KEY is not hexadecimal"]) from None


def _token_in(answer: Answer) -> str | None:
    """Return the token of a login: from the header, else from the body (API reference 1.3)."""
    token: object = answer.headers.get("Authorization")
    if not token:
        try:
            body = answer.json()
        except ValueError:
            return None
        token = body.get("Authorization") if isinstance(body, dict) else None
    return token if isinstance(token, str) and TOKEN.fullmatch(token) else None


def _why_no_session(answer: Answer) -> str:
    """Say what came instead of a session; never quotes the answer, which may repeat the key."""
    fault = fault_of(answer)
    if fault is not None:
        return f"Twikey answered the login with {answer.status} {fault.code}"
    if b"<html" in answer.body[:2000].lower():
        return (
            f"Twikey's address answered the login with {answer.status} and a web page, no session; "
            "TWIKEY_API_URL may be wrong"
        )
    return f"Twikey answered the login with {answer.status} and no session"
