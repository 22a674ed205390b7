"""One way out: the only place that sends requests, and the only layer that repeats them.

What may be repeated is the caller's knowledge (``repeatable``), what an answer means is the
client's. Between the two stands one distinction that everything else rests on: a request that
certainly never left (``NotSent``), one that was answered (``Answer``), and one that left and was
not answered in a way we can read (``OutcomeUnknown`` for writes; reads are simply asked again).
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Protocol

import requests
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import HTTPError as TransportError

from connectors.address import check_address
from connectors.broken import in_words, never_left
from connectors.clock import Clock
from connectors.errors import OutcomeUnknown, ServiceUnavailable, Throttled, UnexpectedAnswer
from connectors.timeouts import CALL, Timeouts

log = logging.getLogger(__name__)

USER_AGENT = "teamleader-twikey/0.1 (self-run batch job)"
PARTNER = "teamleader-twikey"
MOST_NESTED = 100  # what the services say is nested 6 deep


def read_json(body: bytes) -> Any:
    """Return JSON from bytes; raises ``ValueError`` when it is none, or absurdly nested.

    What comes back can be written and shown again without meeting Python's own limit of depth.
    """
    try:
        found = json.loads(body)
    except RecursionError:
        raise ValueError("the body is nested too deep") from None
    level = [found] if body.count(b"[") + body.count(b"{") > MOST_NESTED else []
    for _ in range(MOST_NESTED):
        parts = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for inner in parts for one in inner if isinstance(one, list | dict)]
        if not level:
            return found
    raise ValueError("the body is nested too deep")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers (any case) and the whole body.

    ``token`` is what the request was authorized with; an answer that quotes it is never repeated.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    token: str = field(default="", repr=False)

    def json(self) -> Any:
        """Return the body as JSON; raises ``ValueError`` when it is not, or absurdly nested."""
        return read_json(self.body)

    def excerpt(self) -> str:
        """Return the first 200 characters on one line, for a sentence about an odd answer."""
        return " ".join(self.shown().body[:800].decode("utf-8", "replace").split())[:200]

    def shown(self) -> Answer:
        """Return this answer as it may be quoted: without the token, should the body repeat it."""
        token = self.token.encode()
        if not token or token not in self.body:
            return self
        return replace(self, body=self.body.replace(token, b"***"))


class Pace(Protocol):
    """When the next request may leave, and what the last answer teaches about that."""

    def before(self) -> None:
        """Block until one more request may leave."""

    def after(self, answer: Answer | None) -> None:
        """Learn from an answer; ``None`` when none came."""

    def wait_for(self, answer: Answer) -> float:
        """Return the seconds that a 429 asks for."""


class NotSent(ServiceUnavailable):
    """The request certainly never left this machine."""


class _Lost(Exception):
    """The request left, or may have left, and no whole answer came back."""


class Http:
    """A paced, bounded, patient session with one service.

    ``service`` names it in sentences. ``timeouts`` bound each answer, ``patience`` the seconds that
    a call spends on 429 waits.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        *,
        clock: Clock,
        pace: Pace | None = None,
        timeouts: Timeouts = CALL,
        max_bytes: int = 64 * 1024 * 1024,
        tries: int = 4,
        patience: float = 130.0,
        on_wait: Callable[[float, str], None] | None = None,
    ) -> None:
        self.service = service
        self.base_url = check_address(f"The address of {service}", base_url)
        self.clock = clock
        self.pace = pace
        self.timeouts = timeouts
        self.max_bytes = max_bytes
        self.tries = tries
        self.patience = patience
        self.on_wait = on_wait
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": USER_AGENT, "Accept": "application/json"})

    def close(self) -> None:
        """Give the sockets back."""
        self._session.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        repeatable: bool,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        form: Mapping[str, str] | None = None,
        params: list[tuple[str, str]] | None = None,
        what: str = "",
    ) -> Answer:
        """Send one request and return its answer (any status but 429 and 5xx).

        ``repeatable`` says that doing it twice is the same as doing it once. ``what`` names the
        call in sentences (default: method and path).

        Raises ``NotSent`` or ``ServiceUnavailable`` when the service cannot be had, ``Throttled``
        when it asks for more patience than a run has, ``OutcomeUnknown`` when a call that must not
        be repeated may have been applied, ``UnexpectedAnswer`` for a redirect.
        """
        what = what or f"{method} {path}"
        request = self._prepared(method, path, headers, body or form, params)
        waited = 0.0
        attempt = 0
        left = False
        while True:
            attempt += 1
            last = attempt >= self.tries
            try:
                answer = self._attempt(request, what, repeatable=repeatable, last=last)
                left = True
            except NotSent as unsent:
                if last:
                    raise (ServiceUnavailable(str(unsent)) if left else unsent) from None
                answer = None
            if answer is None:
                self._back_off(attempt)
            elif answer.status == requests.codes.too_many_requests:
                waited += self._wait_as_asked(answer, what, waited)
                attempt -= 1
            else:
                return answer

    def _prepared(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        content: bytes | Mapping[str, str] | None,
        params: list[tuple[str, str]] | None,
    ) -> requests.PreparedRequest:
        """Write the request down once for all tries; nothing is taken from a netrc file."""
        prepared = requests.PreparedRequest()
        prepared.prepare(
            method=method,
            url=self.base_url + path,
            headers={**self._session.headers, **(headers or {})},
            data=content,
            params=params,
            cookies=self._session.cookies,
        )
        return prepared

    def _attempt(
        self, request: requests.PreparedRequest, what: str, *, repeatable: bool, last: bool
    ) -> Answer | None:
        """Return an answer worth reading, or None when the same request should be tried again."""
        try:
            answer = self._once(request)
        except _Lost as lost:
            trouble = f"gave no answer to {what} ({lost})"
        else:
            if answer.status < requests.codes.multiple_choices or (
                requests.codes.bad_request <= answer.status < requests.codes.server_error
            ):
                return answer
            trouble = f"answered {answer.status} to {what}"
            if answer.status < requests.codes.bad_request and repeatable:
                raise UnexpectedAnswer(f"{self.service} answered {what} with a redirect")
        if not repeatable:
            raise OutcomeUnknown(f"{self.service} {trouble}")
        if last:
            raise ServiceUnavailable(f"{self.service} {trouble}, {self.tries} times in a row")
        return None

    def _once(self, request: requests.PreparedRequest) -> Answer:
        if self.pace is not None:
            self.pace.before()
        answer: Answer | None = None
        try:
            answer = self._exchange(request)
        finally:
            if self.pace is not None:
                self.pace.after(answer)
        return answer

    def _exchange(self, request: requests.PreparedRequest) -> Answer:
        try:
            bounds = (self.timeouts.connect, self.timeouts.read)
            response = self._session.send(
                request, timeout=bounds, allow_redirects=False, **self._environment
            )
            with response:
                return Answer(
                    response.status_code,
                    CaseInsensitiveDict(response.headers),
                    self._read(response),
                    str(request.headers.get("Authorization", "")).rpartition(" ")[2],
                )
        except requests.exceptions.ConnectionError as error:
            if never_left(error):
                raise NotSent(f"{self.service} cannot be reached ({in_words(error)})") from None
            raise _Lost(in_words(error)) from None
        except (requests.exceptions.RequestException, TransportError) as error:
            raise _Lost(in_words(error)) from None

    @cached_property
    def _environment(self) -> dict[str, Any]:
        """Proxies and certificates of the environment, looked up once: there is only one host."""
        settings = self._session.merge_environment_settings(
            self.base_url, {}, stream=True, verify=None, cert=None
        )
        return dict(settings)

    def _read(self, response: requests.Response) -> bytes:
        ends = self.clock.monotonic() + self.timeouts.whole
        chunks, size = [], 0
        # read1 returns what has arrived: an answer that drips still meets the deadline.
        while chunk := response.raw.read1(64 * 1024, decode_content=True):
            chunks.append(chunk)
            size += len(chunk)
            if size > self.max_bytes:
                raise _Lost(f"the answer is larger than {self.max_bytes // 1024 // 1024} MB")
            if self.clock.monotonic() > ends:
                raise _Lost(f"the answer took longer than {self.timeouts.whole:.0f} s")
        return b"".join(chunks)

    def _back_off(self, attempt: int) -> None:
        """Wait 1, 2, 4 ... seconds, each give or take half."""
        seconds = 2.0 ** (attempt - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, no secret
        self._sleep(seconds, f"{self.service} does not answer; trying again")

    def _wait_as_asked(self, answer: Answer, what: str, waited: float) -> float:
        seconds = self.pace.wait_for(answer) if self.pace is not None else 60.0
        if waited + seconds > self.patience:
            until = self.clock.now() + timedelta(seconds=seconds)
            raise Throttled(
                f"{self.service} allows no more calls before "
                f"{until:%Y-%m-%d %H:%M:%S} UTC ({what})",
                until,
            )
        self._sleep(seconds, f"{self.service} asks to slow down")
        return seconds

    def _sleep(self, seconds: float, why: str) -> None:
        log.info("%s: waiting %.1f s", why, seconds)
        if self.on_wait is not None:
            self.on_wait(seconds, why)
        self.clock.sleep(seconds)
