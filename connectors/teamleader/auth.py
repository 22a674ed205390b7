"""Access to Teamleader: one pair of tokens, renewed by one process at a time (API reference 1.5).

A refresh token works once and yields a new pair. So a renewal holds the store's lock from before
the pair is read again until the new pair is stored durably, and only then is the new pair used:
two processes never spend the same token, and a crash loses at most one answer on its way.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from connectors.clock import Clock
from connectors.errors import (
    ConsentRefused,
    Disconnected,
    OutcomeUnknown,
    ServiceUnavailable,
    Throttled,
    UnexpectedAnswer,
)
from connectors.http import Answer, Http
from connectors.teamleader.parse import complaint

log = logging.getLogger(__name__)

TOKEN_PATH = "/oauth2/access_token"  # noqa: S105 - a path
EARLY = timedelta(seconds=300)  # renewed this long before its end (API reference, appendix D)
LIFETIME = 3600  # seconds, only where an answer does not say
PAUSE = 5.0  # seconds before a lost renewal is asked again (reliability P10)
PRINTABLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Integration:
    """What the Marketplace gave us: id, secret, and the redirect address registered there."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str = "http://localhost:8765/callback"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A pair of tokens: ``expires_at`` and ``rotated_at`` are UTC, secrets are never shown."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    rotated_at: datetime
    account_id: str | None = None


class TokenStore(Protocol):
    """Where the pair lives; shared by every process of a connection (decisions 5)."""

    def read_tokens(self) -> Tokens | None:
        """Return the newest committed pair, read anew each time; None before the first consent."""

    def exclusive(self) -> AbstractContextManager[None]:
        """Keep every other process out until left, and make what was written durable on leaving.

        In SQL: ``BEGIN IMMEDIATE`` on entering (waiting for another holder), ``COMMIT`` on leaving,
        ``ROLLBACK`` and release when an exception passes. Must not join a transaction that is
        already open, because then leaving would not commit. Held for one token request: up to a
        few minutes in the worst case.
        """

    def write_tokens(self, tokens: Tokens) -> None:
        """Replace the pair, inside ``exclusive()`` only; until that is left the old one stands."""


class Access:
    """The access token for each call, always read from the store, renewed when it must be.

    ``http`` speaks to the authorization service and has no pace of its own.
    """

    def __init__(
        self, store: TokenStore, http: Http, integration: Integration, clock: Clock
    ) -> None:
        self._store = store
        self._http = http
        self._integration = integration
        self._clock = clock
        self._rest_until: datetime | None = None

    def connect(self, code: str) -> Tokens:
        """Trade the code of a consent for the first pair and store it.

        The code works once and is sent once. Raises ``ConsentRefused`` when it is not accepted or
        its answer is lost, ``UnexpectedAnswer`` when the answer is no pair of tokens.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._integration.redirect_uri,
        }
        asked_at = self._clock.now()
        try:
            answer = self._post(form)
        except OutcomeUnknown:
            raise ConsentRefused("Teamleader's answer to the consent was lost") from None
        if answer.status in (400, 401):
            raise ConsentRefused(f"Teamleader did not accept the consent{self._why(answer, code)}")
        tokens = _tokens(_pair(answer), asked_at, old=None)
        with self._store.exclusive():
            self._store.write_tokens(tokens)
        return tokens

    def token(self) -> str:
        """Return an access token that is good for some minutes; raises ``Disconnected``."""
        tokens = self._stored()
        now = self._clock.now()
        if tokens.expires_at - now > EARLY:
            return tokens.access_token
        still_good = tokens.expires_at > now
        if still_good and self._rest_until is not None and now < self._rest_until:
            return tokens.access_token
        try:
            return self._renew(tokens.access_token)
        except (ServiceUnavailable, Throttled):
            if not still_good:
                raise
            log.warning("Teamleader's access could not be renewed yet; the old one is used on")
            self._rest_until = now + timedelta(seconds=60)
            return tokens.access_token

    def refused(self, token: str) -> str:
        """Return another access token after the API answered 401 to this one.

        Another process may have renewed it meanwhile; if not, it is renewed once, now.
        """
        tokens = self._stored()
        if tokens.access_token != token:
            return tokens.access_token
        return self._renew(token)

    def remember_account(self, account_id: str) -> None:
        """Store which Teamleader account the access belongs to (``users.me``)."""
        with self._store.exclusive():
            self._store.write_tokens(replace(self._stored(), account_id=account_id))

    def _stored(self) -> Tokens:
        tokens = self._store.read_tokens()
        if tokens is None:
            raise Disconnected("There is no access to Teamleader yet")
        return tokens

    def _renew(self, worn: str) -> str:
        """Replace the pair whose access token is ``worn``, unless another process just did."""
        with self._store.exclusive():
            tokens = self._stored()
            if tokens.access_token == worn:
                tokens = self._refreshed(tokens)
        return tokens.access_token

    def _refreshed(self, old: Tokens) -> Tokens:
        """Spend the refresh token and store the new pair; the caller holds the lock."""
        asked_at = self._clock.now()
        answer = self._ask_twice(old.refresh_token)
        if answer.status in (400, 401):
            newer = self._stored()
            if newer.refresh_token != old.refresh_token:
                return newer
            why = self._why(answer, old.access_token, old.refresh_token)
            raise Disconnected(f"Teamleader does not renew the access{why}")
        tokens = _tokens(_pair(answer), asked_at, old)
        self._store.write_tokens(tokens)
        log.info("The access to Teamleader was renewed, valid until %s", tokens.expires_at)
        return tokens

    def _ask_twice(self, refresh_token: str) -> Answer:
        """Ask for a new pair; a lost answer is asked once more with the same token (1.5)."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        try:
            return self._post(form)
        except OutcomeUnknown:
            self._clock.sleep(PAUSE)
        try:
            return self._post(form)
        except OutcomeUnknown as lost:
            raise ServiceUnavailable(f"{lost}; the access stays as it was") from None

    def _post(self, form: Mapping[str, str]) -> Answer:
        own = self._integration
        return self._http.send(
            "POST",
            TOKEN_PATH,
            repeatable=False,
            form={"client_id": own.client_id, "client_secret": own.client_secret, **form},
            what="the request for tokens",
        )

    def _why(self, answer: Answer, *secrets: str) -> str:
        """Return what the answer says, unless it quotes a secret."""
        said = complaint(answer.body) or ""
        quoted = any(secret in said for secret in (self._integration.client_secret, *secrets))
        return f" ({said})" if said and not quoted else f" (status {answer.status})"


def _pair(answer: Answer) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.status != 200 or not isinstance(found, dict) or not _sound(found.get("access_token")):
        raise UnexpectedAnswer(
            f"Teamleader answered {answer.status} without tokens to the request for tokens"
        )
    return found


def _tokens(found: dict[str, Any], asked_at: datetime, old: Tokens | None) -> Tokens:
    """Return the new pair, its life counted from when it was asked."""
    refresh_token = found.get("refresh_token")
    if not _sound(refresh_token):
        if old is None:
            raise UnexpectedAnswer("Teamleader gave an access token without a refresh token")
        refresh_token = old.refresh_token
    seconds = found.get("expires_in")
    if type(seconds) is not int or not 0 < seconds <= 10 * 366 * 86400:
        seconds = LIFETIME
    return Tokens(
        access_token=found["access_token"],
        refresh_token=str(refresh_token),
        expires_at=asked_at + timedelta(seconds=seconds),
        rotated_at=asked_at,
        account_id=old.account_id if old is not None else None,
    )


def _sound(token: object) -> bool:
    """Tell whether this can be a token: text that is safe in a header."""
    return isinstance(token, str) and PRINTABLE.fullmatch(token) is not None
