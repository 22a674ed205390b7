"""A running sandbox Twikey with a plain `requests` session, for the sandbox's own tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests

from tests.sandbox.twikey import Twikey
from tests.sandbox.wire import Wire
from tests.sandbox.world import World

API_KEY = "twikey-sandbox-key"
PDF = "JVBERi0xLjQKJSVFT0YK"
ALICE = {"customerNumber": "alice", "companyName": "Alice BV", "email": "ap@alice.example"}
Json = dict[str, Any]


def invoice(number: str = "2026 / 417", **fields: Any) -> Json:
    """A valid invoice of 121 euro, with some fields changed; None leaves a field out."""
    body = {
        "number": number,
        "amount": 121.0,
        "date": "2026-07-01",
        "duedate": "2026-07-31",
        "customer": ALICE,
        **fields,
    }
    return {name: value for name, value in body.items() if value is not None}


def uuid(tail: int) -> str:
    """A readable UUID."""
    return f"b9f4ad0e-6f0e-0c3b-9a0e-{tail:012d}"


class Desk:
    """One world with one Twikey on a port; logged in at the first call."""

    def __init__(self) -> None:
        self.world = World()
        self.world.freeze(datetime(2026, 7, 2, 9, 0, tzinfo=UTC))
        self.twikey = self.world.twikey = Twikey(self.world)
        self.wire = Wire("twikey", self.twikey.handle, self.world)
        self.base = self.wire.start() + "/creditor"
        self.session = requests.Session()
        self.session.trust_env = False
        self.token: str | None = None

    def close(self) -> None:
        """Give the port back; the sandbox itself must not have stumbled."""
        self.session.close()
        self.wire.stop()
        assert self.world.errors == []

    def rule(self, **switches: Any) -> None:
        """Turn switches, without their prefix."""
        self.world.rules.change({f"twikey_{name}": value for name, value in switches.items()})

    def act(self, action: str, *arguments: Any, **named: Any) -> Any:
        """Use one of the sandbox's controls."""
        return self.twikey.actions[action](*arguments, **named)

    def days(self, days: int) -> None:
        """Let days go by; the token dies of it."""
        self.world.advance(days * 86_400)
        self.token = None

    def login(self, **form: Any) -> requests.Response:
        """Ask for a token."""
        return self.session.post(self.base, data={"apiToken": API_KEY, **form}, timeout=5)

    def call(self, method: str, path: str, **settings: Any) -> requests.Response:
        """One call with a living token."""
        if self.token is None:
            self.token = self.login().headers["Authorization"]
        headers = {"Authorization": self.token, **settings.pop("headers", {})}
        return self.session.request(
            method, self.base + path, headers=headers, timeout=5, **settings
        )

    def create(self, number: str = "2026 / 417", **fields: Any) -> Json:
        """Create an invoice that must be accepted; its answer."""
        response = self.call("POST", "/invoice", json=invoice(number, **fields))
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    def details(self, id_: str) -> Json:
        """The details of an invoice with everything included."""
        query = [("include", name) for name in ("customer", "meta", "lastpayment")]
        answer: Json = self.call("GET", f"/invoice/{id_}", params=query).json()
        return answer

    def feed(self, path: str = "/invoice", **settings: Any) -> list[Json]:
        """The items of one page of a feed."""
        ((_, items),) = self.call("GET", path, **settings).json().items()
        found: list[Json] = items
        return found


@contextmanager
def open_desk() -> Iterator[Desk]:
    """A desk for the time of one test."""
    desk = Desk()
    try:
        yield desk
    finally:
        desk.close()


def refused(response: requests.Response, code: str, extra: str | None = None) -> None:
    """Assert a whole refusal: status 400, both headers, body (chapter 12, rule 4)."""
    assert response.status_code == 400, response.text
    assert response.headers["ApiErrorCode"] == code
    assert response.headers["ApiError"]
    body = response.json()
    assert body["code"] == code
    assert extra is None or body["extra"] == extra
