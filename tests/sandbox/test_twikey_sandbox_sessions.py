"""The sandbox's Twikey: logging in, tokens, and what they are good for.

Numbers in the names are the rules of API reference chapter 12.
"""

from collections.abc import Iterator

import pytest

from tests.sandbox.twikey_desk import Desk, open_desk
from tests.sandbox.twikey_sessions import otp

SECRET = "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with open_desk() as opened:
        yield opened


def test_rule_1_a_login_answers_the_token_in_header_and_body(desk: Desk) -> None:
    """Login: header Authorization, the same in the body, and the merchant."""
    response = desk.login()
    assert response.status_code == 200
    assert response.json() == {"Authorization": response.headers["Authorization"]}
    assert response.headers["X-MERCHANT-ID"] == "4711"
    assert desk.twikey.dump()["logins"] == 1


@pytest.mark.parametrize("status", [400, 200])
def test_rule_1_a_wrong_key_is_refused_with_either_status(desk: Desk, status: int) -> None:
    """A failed login never carries a token, whatever its status."""
    desk.rule(login_failure_status=status)
    for response in (desk.login(apiToken="wrong"), desk.session.post(desk.base, json={})):
        assert response.status_code == status
        assert response.headers["ApiErrorCode"] == "err_no_login"
        assert "Authorization" not in response.headers
        assert "Authorization" not in response.json()


def test_rule_1_too_many_logins_are_answered_429_without_a_body(desk: Desk) -> None:
    """Refused attempts count too, and the window passes."""
    desk.rule(login_limit=2)
    desk.login(apiToken="wrong")
    desk.login()
    throttled = desk.login()
    assert (throttled.status_code, throttled.content) == (429, b"")
    assert throttled.headers["X-Rate-Limit-Retry-After-Seconds"] == "600"
    desk.world.advance(601)
    assert desk.login().ok


@pytest.mark.parametrize(
    ("seconds", "number"),
    [(59, 71059752), (1111111109, 35676188), (1700000000, 73960534), (1767225840, 905546)],
)
def test_rule_1_one_time_passwords_agree_with_the_vectors(seconds: int, number: int) -> None:
    """The reference's own vectors (1.4)."""
    assert otp(SECRET, seconds) == number


def test_rule_1_a_key_with_a_private_key_needs_its_otp(desk: Desk) -> None:
    """No, wrong and old codes are refused; the right one logs in."""
    desk.rule(keys={"twikey-sandbox-key": SECRET})
    now = desk.world.now().timestamp()
    assert desk.login().status_code == 400
    assert desk.login(otp=otp(SECRET, now - 90)).status_code == 400
    assert desk.login(otp=otp(SECRET, now)).status_code == 200


def test_rule_2_and_3_only_a_bare_living_token_is_let_in(desk: Desk) -> None:
    """401 has neither code nor ApiError headers; Bearer is no token."""
    token = desk.login().headers["Authorization"]
    for wrong in (None, "", "Bearer " + token, token.upper(), "other"):
        headers = {} if wrong is None else {"Authorization": wrong}
        response = desk.session.get(desk.base + "/invoice", headers=headers)
        assert response.status_code == 401
        assert response.json() == {"message": "Not logged in"}
        assert "ApiError" not in response.headers
        assert "ApiErrorCode" not in response.headers


def test_rule_2_tokens_die_by_age_by_logout_and_on_demand(desk: Desk) -> None:
    """A token lives 24 hours at most."""
    for end in ("age", "logout", "expire_tokens"):
        desk.token = None
        assert desk.call("GET", "/invoice").ok
        if end == "age":
            desk.world.advance(86_400)
        elif end == "logout":
            assert desk.call("GET", "").status_code == 204
        else:
            assert desk.act("expire_tokens") >= 1
        assert desk.call("GET", "/invoice").status_code == 401
