"""One way out: what is repeated, what is not, and what each silence means (decisions 5)."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
import responses

from connectors.address import check_address
from connectors.errors import (
    OutcomeUnknown,
    ServiceUnavailable,
    Throttled,
    Trouble,
    UnexpectedAnswer,
)
from connectors.http import Answer, Http, NotSent
from tests.connectors.fakes import FakeClock

URL = "https://api.example.com"


class CountingPace:
    """A pace that lets everything through and notes what it saw."""

    def __init__(self, wait: float = 7.0) -> None:
        self.wait = wait
        self.seen: list[int | None] = []
        self.started = 0

    def before(self) -> None:
        """Count a start."""
        self.started += 1

    def after(self, answer: Answer | None) -> None:
        """Note an answer's status."""
        self.seen.append(None if answer is None else answer.status)

    def wait_for(self, answer: Answer) -> float:
        """Ask for the same wait each time."""
        return self.wait


@pytest.fixture
def clock() -> FakeClock:
    """A clock that only sleeping moves."""
    return FakeClock()


@pytest.fixture
def http(clock: FakeClock) -> Http:
    """A session with a service named Books."""
    return Http("Books", URL, clock=clock)


@responses.activate
def test_an_answer_comes_back_whole(http: Http) -> None:
    """Status, headers in any case, and the body are what the service sent."""
    responses.post(f"{URL}/a", json={"data": []}, headers={"X-RateLimit-Limit": "200"})
    answer = http.send("POST", "/a", repeatable=True, body=b"{}")
    assert (answer.status, answer.json()) == (200, {"data": []})
    assert answer.headers["x-ratelimit-limit"] == "200"


@pytest.mark.parametrize("status", [201, 204, 400, 401, 403, 404, 422])
@responses.activate
def test_what_an_answer_means_is_left_to_the_client(status: int, http: Http) -> None:
    """Every status but 429, 3xx and 5xx is handed on, once."""
    responses.post(f"{URL}/a", status=status)
    assert http.send("POST", "/a", repeatable=True).status == status
    assert len(responses.calls) == 1


@responses.activate
def test_a_read_is_asked_four_times_and_waits_longer_each_time(
    http: Http, clock: FakeClock
) -> None:
    """C23: a page that stays broken raises; the waits are 1, 2 and 4 seconds, give or take half."""
    responses.post(f"{URL}/a", status=500)
    with pytest.raises(ServiceUnavailable, match="answered 500 to POST /a, 4 times in a row"):
        http.send("POST", "/a", repeatable=True)
    assert len(responses.calls) == 4
    for waited, about in zip(clock.slept, (1, 2, 4), strict=True):
        assert about * 0.5 <= waited <= about * 1.5


@responses.activate
def test_a_read_that_recovers_is_an_ordinary_answer(http: Http) -> None:
    """A read survives one broken and one lost answer."""
    responses.post(f"{URL}/a", status=502, body="<html>")
    responses.post(f"{URL}/a", body=requests.exceptions.ReadTimeout())
    responses.post(f"{URL}/a", json={"data": [1]})
    assert http.send("POST", "/a", repeatable=True).json() == {"data": [1]}


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 500},
        {"status": 503},
        {"status": 302, "headers": {"Location": "https://elsewhere.example"}},
        {"body": requests.exceptions.ReadTimeout()},
        {"body": requests.exceptions.ConnectionError("reset")},
        {"body": requests.exceptions.ChunkedEncodingError()},
    ],
)
@responses.activate
def test_a_write_without_a_readable_answer_is_unknown_and_sent_once(
    trouble: dict[str, Any], http: Http
) -> None:
    """C19: nothing that may have been applied is ever sent again."""
    responses.post(f"{URL}/pay", **trouble)
    with pytest.raises(OutcomeUnknown):
        http.send("POST", "/pay", repeatable=False)
    assert len(responses.calls) == 1


@responses.activate
def test_a_redirect_is_never_followed(http: Http) -> None:
    """A token must not travel to another host."""
    responses.get(f"{URL}/a", status=301, headers={"Location": "https://elsewhere.example/"})
    with pytest.raises(UnexpectedAnswer, match="redirect"):
        http.send("GET", "/a", repeatable=True, headers={"Authorization": "Bearer secret"})
    assert len(responses.calls) == 1


@responses.activate
def test_a_429_is_waited_out_as_the_pace_says(clock: FakeClock) -> None:
    """A 429 did nothing, so even a write is sent again after the wait."""
    pace = CountingPace()
    waits: list[float] = []
    http = Http("Books", URL, clock=clock, pace=pace, on_wait=lambda s, _: waits.append(s))
    responses.post(f"{URL}/pay", status=429)
    responses.post(f"{URL}/pay", status=204)
    assert http.send("POST", "/pay", repeatable=False).status == 204
    assert clock.slept == waits == [7.0]
    assert (pace.started, pace.seen) == (2, [429, 204])


@responses.activate
def test_patience_with_429_ends(clock: FakeClock) -> None:
    """A storm of 429 ends with the time from which calls are allowed again."""
    http = Http("Books", URL, clock=clock, pace=CountingPace(60.0))
    responses.post(f"{URL}/a", status=429)
    with pytest.raises(Throttled, match="allows no more calls before 2026-09-14") as stopped:
        http.send("POST", "/a", repeatable=True)
    assert len(responses.calls) == 3
    assert stopped.value.until is not None


@responses.activate
def test_the_pace_hears_of_lost_answers_too(clock: FakeClock) -> None:
    """Every start is followed by exactly one end."""
    pace = CountingPace()
    http = Http("Books", URL, clock=clock, pace=pace, tries=2)
    responses.post(f"{URL}/a", body=requests.exceptions.ReadTimeout())
    with pytest.raises(ServiceUnavailable):
        http.send("POST", "/a", repeatable=True)
    assert (pace.started, pace.seen) == (2, [None, None])


def test_a_refused_connection_never_left(clock: FakeClock) -> None:
    """Nothing listens there: even a write may be tried again, and says so when it gives up."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    http = Http("Books", f"http://127.0.0.1:{port}", clock=clock, tries=2)
    with pytest.raises(NotSent, match="Books cannot be reached"):
        http.send("POST", "/pay", repeatable=False)
    assert len(clock.slept) == 1


def test_a_proxy_that_is_not_there_means_that_nothing_left(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write behind an unreachable proxy is not left in doubt."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    http = Http("Books", "https://api.example.com", clock=clock, tries=1)
    with pytest.raises(NotSent):
        http.send("POST", "/pay", repeatable=False)


@contextmanager
def talking(raw: bytes, *, hang: bool = False) -> Iterator[str]:
    """Serve fixed bytes to one caller on loopback; ``hang`` keeps the connection open after."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(65536)
                caller.sendall(raw)
                while hang and caller.recv(1024):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(5)


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Content-Length: 20\r\n\r\n" + b'{"data": [',
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"hello\r\n\r\n",
        b"",
    ],
    ids=["short", "short chunk", "bad chunk", "bad gzip", "no http", "nothing"],
)
@pytest.mark.parametrize("repeatable", [True, False])
def test_an_answer_that_breaks_off_is_no_answer(
    raw: bytes, repeatable: bool, clock: FakeClock
) -> None:
    """A truncated answer is never taken for a whole one."""
    with talking(raw) as url:
        http = Http("Books", url, clock=clock, tries=1)
        with pytest.raises(ServiceUnavailable if repeatable else OutcomeUnknown):
            http.send("POST", "/a", repeatable=repeatable)
        http.close()


def test_an_answer_that_drips_meets_the_deadline() -> None:
    """The deadline holds although the service sends a byte now and then."""

    class Hurried(FakeClock):
        def monotonic(self) -> float:
            self.seconds += 200.0
            return self.seconds

    with talking(HEAD + b"Content-Length: 1000\r\n\r\nabc", hang=True) as url:
        http = Http("Books", url, clock=Hurried(), tries=1)
        with pytest.raises(ServiceUnavailable, match="took longer than 120 s"):
            http.send("POST", "/a", repeatable=True)
        http.close()


@responses.activate
def test_an_answer_without_end_is_cut(clock: FakeClock) -> None:
    """An answer larger than the cap is given up."""
    responses.get(f"{URL}/a", body=b"x" * 200_000)
    http = Http("Books", URL, clock=clock, tries=1, max_bytes=100_000)
    with pytest.raises(ServiceUnavailable, match="larger than"):
        http.send("GET", "/a", repeatable=True)


@responses.activate
def test_no_secret_enters_a_sentence(http: Http) -> None:
    """X3: neither the header nor the form shows in what is raised."""
    responses.post(f"{URL}/a", body=requests.exceptions.ConnectionError("Bearer canary"))
    for send in (
        lambda: http.send(
            "POST", "/a", repeatable=False, headers={"Authorization": "Bearer canary"}
        ),
        lambda: http.send("POST", "/a", repeatable=False, form={"secret": "canary"}),
    ):
        assert "canary" not in said_by(send)


def said_by(call: Callable[[], object]) -> str:
    """Return everything that a failing call says, causes included."""
    with pytest.raises(Trouble) as raised:
        call()
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return repr(raised.value) + str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "ftp://x",
        "https://",
        "https://user:pw@x",
        "api.example.com",
        "http://127.0.0.1.example.com",
    ],
)
def test_plain_http_is_for_loopback_only(url: str) -> None:
    """An address that would send tokens in the clear is refused."""
    with pytest.raises(ValueError, match="The address"):
        check_address("The address", url)


@pytest.mark.parametrize(
    "url", ["https://x/", "http://localhost:1", "http://127.0.0.1", "http://[::1]:8"]
)
def test_a_sound_address_loses_its_last_slash(url: str) -> None:
    """Https anywhere and http on loopback are accepted."""
    assert check_address("The address", url) == url.rstrip("/")
