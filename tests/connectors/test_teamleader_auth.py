"""The access to Teamleader is given once, renewed by one, and never lost by us (reference 1.5)."""

from __future__ import annotations

import json
import logging
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
import responses

from connectors.errors import (
    ConsentRefused,
    Disconnected,
    ServiceUnavailable,
    UnexpectedAnswer,
)
from connectors.http import Http
from connectors.teamleader.auth import Access, Integration, Tokens
from tests.connectors.fakes import NOW, FakeClock, MemoryTokens, tokens

URL = "https://focus.example.com"
TOKEN_URL = f"{URL}/oauth2/access_token"
INTEGRATION = Integration("client-1", "canary-secret", "http://localhost:8765/callback")
GONE_OAUTH = {"error": "invalid_grant", "error_description": "The refresh token is invalid."}
GONE_ERRORS = {
    "errors": [
        {
            "code": 0,
            "title": "The refresh token is invalid.",
            "status": 400,
            "meta": {"hint": "Token has been revoked"},
        }
    ]
}


def pair(number: int, **changes: object) -> dict[str, object]:
    """Return the answer of the token endpoint with pair ``number``."""
    return {
        "token_type": "Bearer",
        "expires_in": 3600,
        "access_token": f"access-{number}",
        "refresh_token": f"refresh-{number}",
        **changes,
    }


def access(store: MemoryTokens, clock: FakeClock | None = None) -> Access:
    """Return access over a store, on the fake token endpoint."""
    clock = clock or FakeClock()
    return Access(store, Http("Teamleader", URL, clock=clock), INTEGRATION, clock)


def sent(number: int = 0) -> dict[str, str]:
    """Return the form of the n-th token request."""
    body = responses.calls[number].request.body
    text = body.decode() if isinstance(body, bytes) else str(body)
    return {key: found[0] for key, found in parse_qs(text).items()}


# ---- the first pair


@responses.activate
def test_the_code_becomes_the_first_pair() -> None:
    """A01: the code is traded once, by form, and the pair is stored."""
    responses.post(TOKEN_URL, json=pair(1))
    store = MemoryTokens()
    access(store).connect("def50")
    assert sent() == {
        "client_id": "client-1",
        "client_secret": "canary-secret",
        "grant_type": "authorization_code",
        "code": "def50",
        "redirect_uri": "http://localhost:8765/callback",
    }
    assert store.tokens == Tokens("access-1", "refresh-1", NOW + timedelta(hours=1), NOW, None)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"status": 400, "json": GONE_OAUTH}, ConsentRefused),
        ({"status": 401, "json": {"error": "invalid_client"}}, ConsentRefused),
        ({"body": requests.exceptions.ReadTimeout()}, ConsentRefused),
        ({"status": 500}, ConsentRefused),
        ({"body": "<html>welcome</html>"}, UnexpectedAnswer),
        ({"json": {"access_token": "a"}}, UnexpectedAnswer),
        ({"json": pair(1, access_token="a\r\nX: y")}, UnexpectedAnswer),
        ({"json": [1]}, UnexpectedAnswer),
        ({"status": 404}, UnexpectedAnswer),
    ],
)
@responses.activate
def test_a_code_that_is_not_accepted_stores_nothing(
    answer: dict[str, Any], error: type[Exception]
) -> None:
    """A02: whatever comes instead of a pair, the code is sent once and nothing is stored."""
    responses.post(TOKEN_URL, **answer)
    store = MemoryTokens()
    with pytest.raises(error):
        access(store).connect("def50")
    assert store.tokens is None
    assert len(responses.calls) == 1


def test_the_account_is_remembered_with_the_pair() -> None:
    """The account of ``users.me`` is stored beside the tokens."""
    store = MemoryTokens(tokens(1))
    access(store).remember_account("account-9")
    assert store.tokens is not None
    assert (store.tokens.account_id, store.tokens.access_token) == ("account-9", "access-1")


# ---- renewal


@responses.activate
def test_a_token_with_time_left_is_used_as_it_is() -> None:
    """More than five minutes left: no request leaves, and the store is read each time."""
    store = MemoryTokens(tokens(1, left=301))
    own = access(store)
    assert own.token() == "access-1"
    store.tokens = tokens(2)
    assert own.token() == "access-2"


@pytest.mark.parametrize("left", [-1, 0, 299])
@responses.activate
def test_an_expiring_token_is_renewed_once_and_stored_before_use(left: float) -> None:
    """C2: one refresh, under the lock, committed before the token is handed out."""
    responses.post(TOKEN_URL, json=pair(2))
    store = MemoryTokens(tokens(1, left=left))
    own = access(store)
    assert [own.token(), own.token()] == ["access-2", "access-2"]
    assert len(responses.calls) == 1
    assert sent()["refresh_token"] == "refresh-1"
    assert sent()["grant_type"] == "refresh_token"
    assert store.journal == ["lock", "commit", "unlock"]
    assert store.tokens == Tokens(
        "access-2", "refresh-2", NOW + timedelta(hours=1), NOW, "account-1"
    )


def test_two_processes_refresh_once() -> None:
    """C3: both find an expired token, one request leaves, both finish with the new pair."""
    store = MemoryTokens(tokens(1, left=-1))
    store.before_lock = threading.Barrier(2, timeout=5).wait
    found: list[str] = []
    with responses.RequestsMock() as service:
        service.post(TOKEN_URL, json=pair(2))
        threads = [
            threading.Thread(target=lambda: found.append(access(store).token())) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(service.calls) == 1
    assert found == ["access-2", "access-2"]
    assert store.journal == ["lock", "commit", "unlock", "lock", "unlock"]


@pytest.mark.parametrize("gone", [GONE_OAUTH, GONE_ERRORS])
@responses.activate
def test_a_newer_pair_in_the_store_wins_over_invalid_grant(gone: dict[str, object]) -> None:
    """C3: the token was spent by somebody whose newer pair is stored: that one is used."""
    store = MemoryTokens(tokens(1, left=-1))

    def spent_elsewhere(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        store.tokens = tokens(7)
        return 400, {}, json.dumps(gone)

    responses.add_callback(responses.POST, TOKEN_URL, spent_elsewhere)
    assert access(store).token() == "access-7"


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, GONE_OAUTH), (400, GONE_ERRORS), (401, {"error": "invalid_client"}), (400, "nope")],
)
@responses.activate
def test_a_dead_refresh_token_ends_in_disconnected(status: int, body: object) -> None:
    """A03: a refused renewal stops with one clear sentence, asked once, the store untouched."""
    responses.post(TOKEN_URL, status=status, json=body)
    store = MemoryTokens(tokens(1, left=-1))
    with pytest.raises(Disconnected, match="does not renew the access"):
        access(store).token()
    assert len(responses.calls) == 1
    assert store.tokens == tokens(1, left=-1)
    assert store.journal == ["lock", "unlock"]


def test_without_a_first_consent_there_is_no_access() -> None:
    """A03: nothing stored means not connected, before any request."""
    with pytest.raises(Disconnected, match="no access to Teamleader yet"):
        access(MemoryTokens()).token()


@responses.activate
def test_a_lost_renewal_is_asked_once_more_with_the_same_token() -> None:
    """Fault A1: a lost answer is asked again after five seconds, under the same lock."""
    responses.post(TOKEN_URL, body=requests.exceptions.ReadTimeout())
    responses.post(TOKEN_URL, json=pair(2))
    clock, store = FakeClock(), MemoryTokens(tokens(1, left=-1))
    assert access(store, clock).token() == "access-2"
    assert clock.slept == [5.0]
    assert sent(0) == sent(1)
    assert store.journal == ["lock", "commit", "unlock"]


@responses.activate
def test_a_renewal_lost_twice_keeps_everything_as_it_was() -> None:
    """Fault A1: two lost answers end the run with the old pair in place for the next one."""
    responses.post(TOKEN_URL, status=503)
    store = MemoryTokens(tokens(1, left=-1))
    with pytest.raises(ServiceUnavailable, match="the access stays as it was"):
        access(store).token()
    assert len(responses.calls) == 2
    assert store.tokens == tokens(1, left=-1)


@responses.activate
def test_a_renewal_lost_once_and_then_refused_needs_a_new_consent() -> None:
    """Fault A1: the answer was lost and the token is spent, so only a person can help."""
    responses.post(TOKEN_URL, body=requests.exceptions.ReadTimeout())
    responses.post(TOKEN_URL, status=400, json=GONE_OAUTH)
    with pytest.raises(Disconnected):
        access(MemoryTokens(tokens(1, left=-1))).token()


@responses.activate
def test_an_access_token_is_used_to_its_end_when_it_cannot_be_renewed_yet() -> None:
    """P10: with minutes left the run goes on, and the next try waits a minute."""
    responses.post(TOKEN_URL, status=503)
    clock, store = FakeClock(), MemoryTokens(tokens(1, left=200))
    own = access(store, clock)
    assert [own.token() for _ in range(5)] == ["access-1"] * 5
    assert len(responses.calls) == 2
    clock.seconds += 61
    assert own.token() == "access-1"
    assert len(responses.calls) == 4


@responses.activate
def test_an_odd_answer_to_a_renewal_changes_nothing() -> None:
    """N6: a portal's HTML is not a pair and not a refusal."""
    responses.post(TOKEN_URL, body="<html>please log in</html>")
    store = MemoryTokens(tokens(1, left=-1))
    with pytest.raises(UnexpectedAnswer):
        access(store).token()
    assert store.tokens == tokens(1, left=-1)


@pytest.mark.parametrize("seconds", [None, "3600", -5, True, 10**12])
@responses.activate
def test_a_new_pair_is_stored_even_without_a_sound_lifetime(seconds: object) -> None:
    """A spent refresh token must not be lost over an odd ``expires_in``."""
    responses.post(TOKEN_URL, json=pair(2, expires_in=seconds))
    store = MemoryTokens(tokens(1, left=-1))
    assert access(store).token() == "access-2"
    assert store.tokens is not None
    assert store.tokens.expires_at == NOW + timedelta(seconds=3600)


@responses.activate
def test_a_401_uses_what_another_process_stored() -> None:
    """Quirk 21: another worker has just rotated, so its token is used and no request leaves."""
    assert access(MemoryTokens(tokens(2))).refused("access-1") == "access-2"


@responses.activate
def test_a_401_on_the_newest_token_renews_it_whatever_its_clock_says() -> None:
    """C2: a token that the API refuses is renewed although it seems to have time left."""
    responses.post(TOKEN_URL, json=pair(2))
    store = MemoryTokens(tokens(1))
    assert access(store).refused("access-1") == "access-2"
    assert store.tokens is not None
    assert store.tokens.refresh_token == "refresh-2"


# ---- secrets


@responses.activate
def test_no_secret_shows_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    """X3: not in a representation, a log line or a sentence, even when the service quotes it."""
    caplog.set_level(logging.DEBUG)
    store = MemoryTokens(tokens(1, left=-1))
    responses.post(TOKEN_URL, status=400, json={"error": "bad refresh-1 for canary-secret"})
    with pytest.raises(Disconnected) as raised:
        access(store).token()
    said = caplog.text + str(raised.value) + repr(store.tokens) + repr(INTEGRATION)
    for secret in ("access-1", "refresh-1", "canary-secret"):
        assert secret not in said
