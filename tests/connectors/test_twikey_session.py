"""The session: one login for all processes, and never one more than needed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
import requests
import responses

from connectors.errors import KeyRefused, NotPermitted, ServiceUnavailable, Throttled
from connectors.http import Http, NotSent
from connectors.twikey.client import Twikey
from connectors.twikey.session import Session, TwikeySession, root_of
from tests.connectors.twikey_fakes import (
    API_KEY,
    BASE,
    INVOICE,
    INVOICE_ID,
    OTHER_TOKEN,
    PRIVATE_KEY,
    TOKEN,
    FakeClock,
    FakeStore,
    FakeTwikey,
    new_invoice,
    session,
)

EMPTY_FEED: dict[str, list[object]] = {"Invoices": []}


@pytest.fixture
def twikey() -> Iterator[FakeTwikey]:
    """Return a client without any session."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        yield FakeTwikey(mock)


def logins(twikey: FakeTwikey) -> int:
    """Count the logins that left."""
    return sum(1 for request in twikey.requests if request.url.rstrip("/") == BASE)


def test_a_login_is_stored_for_everybody_and_sent_bare(twikey: FakeTwikey) -> None:
    """The token, merchant, time and key's fingerprint are kept; calls carry the bare token."""
    twikey.login()
    twikey.answer("GET", "/invoice", EMPTY_FEED)
    twikey.client.invoice_feed(0)
    login, feed = twikey.requests
    assert parse_qs(login.body) == {"apiToken": [API_KEY]}
    assert feed.headers["Authorization"] == TOKEN
    stored = twikey.store.session
    assert stored is not None
    assert (stored.token, stored.merchant_id) == (TOKEN, "4711")
    assert stored.opened_at == twikey.clock.now()
    assert len(stored.key_fingerprint) == 16


def test_a_token_only_in_the_body_is_taken(twikey: FakeTwikey) -> None:
    """Header first, else body (API reference 1.3)."""
    twikey.answer("POST", "", {"Authorization": TOKEN})
    assert twikey.session.current()[0].token == TOKEN


def test_a_stored_session_needs_no_login(twikey: FakeTwikey) -> None:
    """A poll with a kept session is one call, and takes no lock."""
    twikey.store.session = session(twikey.clock, hours_old=22.9)
    twikey.answer("GET", "/invoice", EMPTY_FEED)
    twikey.client.invoice_feed(0)
    assert (len(twikey.requests), twikey.store.entered) == (1, 0)


@pytest.mark.parametrize("hours_old", [23.0, 25.0, 49.0, -24.0])
def test_a_session_of_23_hours_is_dropped(twikey: FakeTwikey, hours_old: float) -> None:
    """Whole days count too, and a session from the future was written by a wrong clock."""
    twikey.store.session = session(twikey.clock, hours_old=hours_old)
    twikey.login(OTHER_TOKEN)
    assert twikey.session.current()[0].token == OTHER_TOKEN


def test_a_session_of_another_key_is_dropped(twikey: FakeTwikey) -> None:
    """After the API key changed, the old key's session is not used."""
    twikey.store.session = Session(TOKEN, "4711", twikey.clock.now(), "another-key")
    twikey.login(OTHER_TOKEN)
    assert twikey.session.current()[0].token == OTHER_TOKEN


def test_a_401_means_one_login_and_the_call_again(twikey: FakeTwikey) -> None:
    """C2: the call is repeated once with the new token, also a create (it was refused unread)."""
    twikey.store.session = session(twikey.clock)
    twikey.answer("POST", "/invoice", {"message": "Not logged in"}, 401)
    twikey.login(OTHER_TOKEN)
    twikey.answer("POST", "/invoice", INVOICE)
    assert twikey.client.create_invoice(new_invoice()).id == INVOICE_ID
    assert [request.headers.get("Authorization") for request in twikey.requests] == [
        TOKEN,
        None,
        OTHER_TOKEN,
    ]


@pytest.mark.parametrize("status", [200, 400])
def test_err_no_login_counts_as_a_401(twikey: FakeTwikey, status: int) -> None:
    """The code alone says that the session is gone, whatever the status (reference 1.6)."""
    twikey.store.session = session(twikey.clock)
    twikey.answer("GET", "/invoice", {"code": "err_no_login"}, status)
    twikey.login(OTHER_TOKEN)
    twikey.answer("GET", "/invoice", EMPTY_FEED)
    assert twikey.client.invoice_feed(0).items == []


def test_another_process_s_login_is_used(twikey: FakeTwikey) -> None:
    """C3: whoever waits for the lock finds the new session and does not log in again."""
    twikey.store.session = session(twikey.clock)
    twikey.store.before_reading = [session(twikey.clock, OTHER_TOKEN)]
    twikey.answer("GET", "/invoice", {"message": "Not logged in"}, 401)
    twikey.answer("GET", "/invoice", EMPTY_FEED)
    twikey.client.invoice_feed(0)
    assert logins(twikey) == 0


def test_a_dead_session_of_another_process_is_replaced_by_one_login(twikey: FakeTwikey) -> None:
    """Both known tokens are refused: still only one login leaves."""
    twikey.store.session = session(twikey.clock)
    twikey.store.before_reading = [session(twikey.clock, OTHER_TOKEN)]
    twikey.answer("GET", "/invoice", {}, 401)
    twikey.answer("GET", "/invoice", {}, 401)
    twikey.login("22222222-fresh")
    twikey.answer("GET", "/invoice", EMPTY_FEED)
    twikey.client.invoice_feed(0)
    assert logins(twikey) == 1


@pytest.mark.parametrize(
    ("body", "error"),
    [({"message": "Not logged in"}, NotPermitted), ({"code": "err_no_login"}, KeyRefused)],
)
def test_a_401_right_after_a_login_stops_the_run(
    twikey: FakeTwikey, body: dict[str, str], error: type[Exception]
) -> None:
    """Logging in again cannot help, and would get the key blocked."""
    twikey.login()
    twikey.answer("GET", "/invoice", body, 401)
    with pytest.raises(error):
        twikey.client.invoice_feed(0)
    assert logins(twikey) == 1


def test_a_key_without_the_right_is_not_logged_in_again(twikey: FakeTwikey) -> None:
    """err_not_authorised is about rights, not about the session (reference 1.6)."""
    twikey.store.session = session(twikey.clock)
    twikey.answer("GET", "/invoice", {"code": "err_not_authorised"}, 401)
    with pytest.raises(NotPermitted):
        twikey.client.invoice_feed(0)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, '{"code": "err_no_login", "message": "x"}', {"ApiErrorCode": "err_no_login"}),
        (200, "{}", {}),
        (200, "", {}),
        (200, "<html>sign in here</html>", {}),
        (200, '{"Authorization": 7}', {}),
        (200, '{"Authorization": "a b\\nc d e f g"}', {}),
        (204, "", {}),
        (403, "[]", {}),
    ],
)
def test_any_answer_without_a_token_is_a_refused_key(
    twikey: FakeTwikey, status: int, body: str, headers: dict[str, str]
) -> None:
    """Whatever the status: no token, no session (reference 1.3); nothing secret is said."""
    twikey.answer("POST", "", body, status, **headers)
    with pytest.raises(KeyRefused) as found:
        twikey.session.current()
    assert API_KEY not in str(found.value)
    assert str(status) in str(found.value)
    assert twikey.store.session is None


def test_a_short_throttle_is_waited_for_once(twikey: FakeTwikey) -> None:
    """Up to 5 seconds are waited, outside of the lock, and then it works."""
    twikey.answer("POST", "", None, 429, X_Rate_Limit_Retry_After_Seconds="4")
    twikey.login()
    assert twikey.session.current()[0].token == TOKEN
    assert twikey.clock.waits == [4]
    assert (twikey.store.entered, twikey.store.pause) == (2, None)


def test_a_second_throttle_ends_the_run(twikey: FakeTwikey) -> None:
    """Only one repetition, however short the second wait would be; the pause is kept."""
    for _ in range(2):
        twikey.answer("POST", "", None, 429, X_Rate_Limit_Retry_After_Seconds="3")
    with pytest.raises(Throttled):
        twikey.session.current()
    assert twikey.store.pause == twikey.clock.now() + timedelta(seconds=3)


def test_a_long_throttle_is_kept_for_the_next_runs(twikey: FakeTwikey) -> None:
    """No other login leaves before the time that Twikey named, in any process."""
    twikey.answer("POST", "", None, 429, X_Rate_Limit_Retry_After_Seconds="1009")
    with pytest.raises(Throttled) as found:
        twikey.session.current()
    assert found.value.until == twikey.clock.now() + timedelta(seconds=1009)
    assert "08:16:49" in str(found.value)
    again = TwikeySession(twikey.http, twikey.store, api_key=API_KEY, clock=twikey.clock)
    twikey.clock.time += timedelta(seconds=1000)
    with pytest.raises(Throttled):
        again.current()
    assert logins(twikey) == 1
    twikey.clock.time += timedelta(seconds=10)
    twikey.login()
    assert again.current()[0].token == TOKEN
    assert twikey.store.pause is None


def test_a_throttled_login_forgets_the_dead_session(twikey: FakeTwikey) -> None:
    """The next run does not waste a call on a token that answered 401."""
    twikey.store.session = session(twikey.clock)
    twikey.answer("GET", "/invoice", {}, 401)
    twikey.answer("POST", "", None, 429, X_Rate_Limit_Retry_After_Seconds="900")
    with pytest.raises(Throttled):
        twikey.client.invoice_feed(0)
    assert twikey.store.session is None


def test_a_failed_login_is_not_hammered(twikey: FakeTwikey) -> None:
    """Each attempt counts: an error of the server ends it, and a write was certainly not sent."""
    twikey.answer("POST", "", "oops", 500)
    with pytest.raises(NotSent):
        twikey.client.create_invoice(new_invoice())
    assert logins(twikey) == 1


def test_a_login_that_never_left_is_tried_once_more(twikey: FakeTwikey) -> None:
    """No connection means no attempt at Twikey's side."""
    twikey.answer("POST", "", requests.ConnectTimeout())
    twikey.login()
    assert twikey.session.current()[0].token == TOKEN


def test_a_lost_login_is_not_repeated(twikey: FakeTwikey) -> None:
    """A login that left may have counted."""
    twikey.answer("POST", "", requests.ReadTimeout())
    with pytest.raises(ServiceUnavailable):
        twikey.session.current()
    assert logins(twikey) == 1


def test_each_attempt_has_a_one_time_password_of_its_own(twikey: FakeTwikey) -> None:
    """A repeated login after the half minute carries the next password, as a plain integer."""
    twikey.clock.time = twikey.clock.time.replace(second=28)
    keyed = TwikeySession(
        twikey.http, twikey.store, api_key=API_KEY, private_key=PRIVATE_KEY, clock=twikey.clock
    )
    twikey.answer("POST", "", None, 429, X_Rate_Limit_Retry_After_Seconds="4")
    twikey.login()
    keyed.current()
    first, second = (parse_qs(request.body)["otp"] for request in twikey.requests)
    assert first != second
    assert first[0] == str(int(first[0]))


def test_nothing_secret_is_shown_or_logged(
    twikey: FakeTwikey, caplog: pytest.LogCaptureFixture
) -> None:
    """The session hides its token, and the log names neither token nor key."""
    caplog.set_level(logging.DEBUG)
    twikey.login()
    twikey.answer("GET", "/invoice", EMPTY_FEED)
    twikey.client.invoice_feed(0)
    assert TOKEN not in repr(twikey.store.session)
    assert TOKEN not in caplog.text
    assert API_KEY not in caplog.text


def test_the_address_may_come_without_creditor() -> None:
    """Half of Twikey's tools take the address without it (reference 1.1)."""
    clock = FakeClock()
    http = Http("Twikey", "https://acme.twikey.test/api/", clock=clock)
    assert root_of(http) == "/creditor"
    store = FakeStore(session(clock))
    client = Twikey(http, TwikeySession(http, store, api_key=API_KEY, clock=clock))
    with responses.RequestsMock() as mock:
        mock.get("https://acme.twikey.test/api/creditor/invoice", json=EMPTY_FEED)
        assert client.invoice_feed(0).items == []
