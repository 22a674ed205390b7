"""A sandbox at a frozen noon with a plain `requests` session, for the sandbox's own tests."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from tests.sandbox import credentials
from tests.sandbox.server import Sandbox

NOON = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)
TODAY = date(2026, 9, 14)
BOOKED = ["outstanding", "matched"]


class Desk:
    """A sandbox at a frozen noon, with a session that holds a token."""

    def __init__(self, **settings: Any) -> None:
        self.sandbox = Sandbox(**{"invoices": 60, "today": TODAY, **settings})
        self.world, self.books = self.sandbox.world, self.sandbox.books
        self.world.freeze(NOON)
        self.rules = self.world.rules
        self.session = requests.Session()
        self.session.trust_env = False
        self.pair: dict[str, Any] = {}

    def __enter__(self) -> "Desk":
        self.sandbox.start()
        self.pair = self.sandbox.grant()
        return self

    def __exit__(self, *exception: object) -> None:
        self.session.close()
        self.sandbox.stop()
        assert self.world.errors == []

    def ask(self, verb: str, body: Any = None, **headers: str) -> requests.Response:
        """One API call; no body is an empty object."""
        return self.session.post(
            f"{self.sandbox.teamleader_url}/{verb}",
            json={} if body is None else body,
            headers={
                "Authorization": f"Bearer {self.pair['access_token']}",
                "X-Api-Version": "2023-09-26",
                **headers,
            },
            timeout=5,
        )

    def found(self, verb: str, **body: Any) -> list[dict[str, Any]]:
        """The rows of a list call that must succeed."""
        response = self.ask(verb, body)
        assert response.status_code == 200, response.text
        rows: list[dict[str, Any]] = response.json()["data"]
        return rows

    def info(self, invoice: str) -> dict[str, Any]:
        """One invoice by `invoices.info`."""
        shown: dict[str, Any] = self.ask("invoices.info", {"id": invoice}).json()["data"]
        return shown

    def pay(self, invoice: str, amount: float = 121, **changes: Any) -> requests.Response:
        """Register a payment an hour ago."""
        payment = {"amount": amount, "currency": "EUR"}
        body = {"id": invoice, "payment": payment, "paid_at": "2026-09-14T11:00:07+00:00"}
        return self.ask("invoices.registerPayment", {**body, **changes})

    def token(self, **form: str) -> requests.Response:
        """A call to the token endpoint, as a form."""
        keys = {
            "client_id": credentials.TEAMLEADER_CLIENT_ID,
            "client_secret": credentials.TEAMLEADER_CLIENT_SECRET,
        }
        address = f"{self.sandbox.auth_url}/oauth2/access_token"
        return self.session.post(address, data={**keys, **form}, timeout=5)

    def refresh(self, token: str) -> requests.Response:
        """Spend a refresh token."""
        return self.token(grant_type="refresh_token", refresh_token=token)

    def consent(self, **changes: str) -> requests.Response:
        """Open the consent page."""
        query = {
            "client_id": credentials.TEAMLEADER_CLIENT_ID,
            "response_type": "code",
            "redirect_uri": credentials.TEAMLEADER_REDIRECT_URI,
            "state": "s-1",
            **changes,
        }
        address = f"{self.sandbox.auth_url}/oauth2/authorize"
        return self.session.get(address, params=query, allow_redirects=False, timeout=5)

    def back(self, **changes: str) -> dict[str, list[str]]:
        """What the redirect address is called with."""
        response = self.consent(**changes)
        assert response.status_code == 302
        return parse_qs(urlsplit(response.headers["Location"]).query)
