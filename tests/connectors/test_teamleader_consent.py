"""The consent goes out with a state and comes back on this machine only (reference 1.5)."""

from __future__ import annotations

from http.client import HTTPConnection
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.errors import (
    ConsentRefused,
    SettingsWrong,
)
from connectors.teamleader.auth import Integration
from connectors.teamleader.consent import Consent, consent_link, new_state, parse_callback

URL = "https://focus.example.com"
INTEGRATION = Integration("client-1", "canary-secret", "http://localhost:8765/callback")


def test_the_link_asks_for_consent_without_a_scope() -> None:
    """A01: the consent link carries client, redirect address and state, and no scope."""
    link = consent_link(URL, INTEGRATION, "st4te")
    assert link.startswith(f"{URL}/oauth2/authorize?")
    assert parse_qs(urlsplit(link).query) == {
        "client_id": ["client-1"],
        "response_type": ["code"],
        "redirect_uri": ["http://localhost:8765/callback"],
        "state": ["st4te"],
    }


def test_no_two_states_are_alike() -> None:
    """The state cannot be guessed."""
    states = {new_state() for _ in range(50)}
    assert len(states) == 50
    assert min(map(len, states)) >= 40


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:8765/callback?code=def50&state=st4te",
        "  http://localhost:8765/callback?state=st4te&code=\n def50 \n",
        "code=def50&state=st4te",
        "/callback?code=def50&state=st4te#top",
        "http://localhost:8765/callback?code=%64ef50&state=st4te",
    ],
)
def test_the_code_is_read_from_a_pasted_address(address: str) -> None:
    """A01: whole addresses, broken lines, bare queries and escaped codes are read."""
    assert parse_callback(address, "st4te") == "def50"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://x/callback?error=access_denied&state=st4te", "access_denied"),
        ("http://x/callback?error=access_denied", "access_denied"),
        ("http://x/callback?code=def50&state=other", "another state"),
        ("http://x/callback?code=def50", "another state"),
        ("http://x/callback?code=def50&state=st4te&state=st4te", "another state"),
        ("http://x/callback?code=def50&state=st%C3%A9", "another state"),
        ("http://x/callback?state=st4te", "no code"),
        ("http://x/callback?code=&state=st4te", "no code"),
        ("", "another state"),
        ("?" + "a=1&" * 60, "cannot be read"),
    ],
)
def test_a_refused_or_forged_consent_gives_nothing(address: str, reason: str) -> None:
    """A02: a denial, another state or no code at all is refused with the reason."""
    with pytest.raises(ConsentRefused, match=reason):
        parse_callback(address, "st4te")


def visit(port: int, path: str) -> tuple[int, str]:
    """Open a page of the listener as a browser would."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    page = answer.read().decode()
    connection.close()
    return answer.status, page


def test_the_listener_hands_over_the_code() -> None:
    """A01: the browser comes back, reads a friendly page, and the code is ours."""
    with Consent("http://127.0.0.1:0/callback", "st4te") as consent:
        assert visit(consent.port, "/favicon.ico")[0] == 404
        status, page = visit(consent.port, "/callback?code=def50&state=st4te")
        assert (status, "Thank you" in page, "def50" in page) == (200, True, False)
        assert consent.wait(5) == "def50"


@pytest.mark.parametrize("query", ["error=access_denied", "code=def50&state=forged"])
def test_the_listener_shows_a_refusal(query: str) -> None:
    """A02: denial and forgery end the wait with the reason; the page echoes nothing."""
    with Consent("http://127.0.0.1:0/callback", "st4te") as consent:
        status, page = visit(consent.port, f"/callback?{query}")
        assert (status, "Nothing was stored" in page, "forged" in page) == (400, True, False)
        with pytest.raises(ConsentRefused):
            consent.wait(5)


def test_the_listener_gives_up_in_a_clear_sentence() -> None:
    """Nobody comes: the wait ends by itself."""
    with (
        Consent("http://127.0.0.1:0/callback", "st4te") as consent,
        pytest.raises(ConsentRefused, match="Nobody gave the consent within 0 seconds"),
    ):
        consent.wait(0)


def test_a_browser_that_only_opens_a_connection_holds_nobody_up() -> None:
    """Browsers open idle connections ahead; the real request is served all the same."""
    with Consent("http://127.0.0.1:0/callback", "st4te") as consent:
        idle = HTTPConnection("127.0.0.1", consent.port, timeout=5)
        idle.connect()
        assert visit(consent.port, "/callback?code=def50&state=st4te")[0] == 200
        idle.close()


@pytest.mark.parametrize(
    "address",
    ["https://localhost:8765/callback", "http://etl.example.be/callback", "http://localhost:x/c"],
)
def test_the_listener_opens_on_this_machine_only(address: str) -> None:
    """A redirect address elsewhere cannot be listened on, and the sentence says what to do."""
    with pytest.raises(SettingsWrong, match="TEAMLEADER_REDIRECT_URI"):
        Consent(address, "st4te")


def test_a_taken_port_is_said() -> None:
    """Another program on the port is a sentence, not a traceback."""
    with (
        Consent("http://127.0.0.1:0/callback", "a") as first,
        pytest.raises(SettingsWrong, match="another program"),
    ):
        Consent(f"http://127.0.0.1:{first.port}/callback", "b")
