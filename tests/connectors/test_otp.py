"""The one-time password of keys with enhanced security."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.errors import SettingsWrong
from connectors.http import Http
from connectors.twikey.session import TwikeySession, one_time_password
from tests.connectors.twikey_fakes import API_KEY, BASE, PRIVATE_KEY, FakeClock, FakeStore


@pytest.mark.parametrize(
    ("unix_time", "password"),
    [
        (59, 71059752),
        (1111111109, 35676188),
        (1234567890, 31916118),
        (1700000000, 73960534),
        (1767225600, 18904790),
        (1767225840, 905546),
    ],
)
def test_the_password_is_the_one_of_the_reference(unix_time: int, password: int) -> None:
    """Every vector of API reference 1.4 comes out, the six-digit one included."""
    at = datetime.fromtimestamp(unix_time, UTC)
    assert one_time_password(PRIVATE_KEY, at) == password


def test_a_password_lasts_half_a_minute() -> None:
    """The counter changes with the half minute, not before."""
    start = datetime(2026, 7, 1, 8, 0, 0, tzinfo=UTC)
    first = one_time_password(PRIVATE_KEY, start)
    assert one_time_password(PRIVATE_KEY, start.replace(second=29)) == first
    assert one_time_password(PRIVATE_KEY, start.replace(second=30)) != first


def test_a_private_key_that_is_not_hexadecimal_is_found_at_once() -> None:
    """The sentence names the setting and does not quote the key."""
    clock = FakeClock()
    http = Http("Twikey", BASE, clock=clock)
    with pytest.raises(SettingsWrong) as found:
        TwikeySession(http, FakeStore(), api_key=API_KEY, private_key="secret!", clock=clock)
    assert "TWIKEY_PRIVATE_KEY" in str(found.value)
    assert "secret!" not in str(found.value)
