"""What the tests of the Twikey connector share: a clock, a store, answers, and a contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import responses

from connectors.http import Answer, Http
from connectors.twikey.client import Twikey
from connectors.twikey.pace import TwikeyPace
from connectors.twikey.records import NewCustomer, NewInvoice
from connectors.twikey.session import Session, TwikeySession, key_fingerprint

BASE = "https://api.twikey.test/creditor"
API_KEY = "canary-api-key-0F3A9C41"
TOKEN = "7d0a3c52-8f1e-4b7e-9a55-3c1f0f6f2b90"
OTHER_TOKEN = "11111111-8f1e-4b7e-9a55-3c1f0f6f2b90"
INVOICE_ID = "b9f4ad0e-6f0e-5c3b-9a0e-2d3e5a1c7f10"
CUSTOMER_ID = "2d8309e1-a005-0d4c-8674-5eb981ecd2c3"
PRIVATE_KEY = "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"

INVOICE: dict[str, Any] = {
    "id": INVOICE_ID,
    "number": "2026 / 417",
    "ref": INVOICE_ID,
    "ct": 3748,
    "amount": 484.0,
    "date": "2026-07-01",
    "duedate": "2026-07-31",
    "state": "BOOKED",
    "url": "https://app.twikey.test/4711/" + INVOICE_ID,
}
PAYMENT: dict[str, Any] = {
    "eventId": "evt_kQ7mZx1Pa93Lc",
    "eventType": "payment",
    "occurredAt": "2026-08-03T05:10:19.471Z",
    "amount": 484.0,
    "currency": "EUR",
    "origin": {"object": "invoice", "id": INVOICE_ID, "number": "2026 / 417", "ref": INVOICE_ID},
    "gateway": {"id": 847, "name": "A bank", "type": "bank", "iban": None},
    "details": {"source": "direct_debit", "paymentId": 884213, "mndtId": "ACME1042"},
}


class FakeClock:
    """Time that only passes when somebody waits."""

    def __init__(self) -> None:
        self.time = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
        self.waits: list[float] = []

    def now(self) -> datetime:
        """Return the wall clock."""
        return self.time

    def monotonic(self) -> float:
        """Return seconds since 1970."""
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        """Pass the time at once."""
        self.waits.append(seconds)
        self.time += timedelta(seconds=seconds)


class FakeStore:
    """A session store that undoes what a broken block wrote, as a database would."""

    def __init__(self, session: Session | None = None) -> None:
        self.session = session
        self.pause: datetime | None = None
        self.entered = 0
        self.before_reading: list[Session] = []

    def read_session(self) -> Session | None:
        """Return the stored session."""
        return self.session

    def write_session(self, session: Session | None) -> None:
        """Store a session."""
        self.session = session

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Let another process write first when a test says so; roll back on any exception."""
        self.entered += 1
        if self.before_reading:
            self.session = self.before_reading.pop(0)
        before = self.session, self.pause
        try:
            yield
        except BaseException:
            self.session, self.pause = before
            raise

    def read_login_pause(self) -> datetime | None:
        """Return the stored pause."""
        return self.pause

    def write_login_pause(self, until: datetime | None) -> None:
        """Store a pause."""
        self.pause = until


class FakeTwikey:
    """A client with a fake clock and store, and ways to say what Twikey answers."""

    def __init__(self, mock: responses.RequestsMock, *, session: Session | None = None) -> None:
        self.mock = mock
        self.clock = FakeClock()
        self.store = FakeStore(session)
        self.pace = TwikeyPace(self.clock)
        self.http = Http("Twikey", BASE, clock=self.clock, pace=self.pace)
        self.session = TwikeySession(self.http, self.store, api_key=API_KEY, clock=self.clock)
        self.client = Twikey(self.http, self.session)

    def answer(
        self,
        method: str,
        path: str,
        body: Any = None,
        status: int = 200,
        **headers: str,
    ) -> responses.BaseResponse:
        """Say what the next such call is answered; JSON unless ``body`` is text, bytes or error."""
        plain = body is None or isinstance(body, str | bytes | Exception)
        return self.mock.add(
            method,
            BASE + path,
            body=("" if body is None else body) if plain else json.dumps(body),
            status=status,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )

    def login(self, token: str = TOKEN) -> responses.BaseResponse:
        """Say that the next login works."""
        return self.answer(
            "POST", "", {"Authorization": token}, Authorization=token, X_MERCHANT_ID="4711"
        )

    @property
    def requests(self) -> list[Any]:
        """Return the requests that left so far."""
        return [call.request for call in self.mock.calls]


def session(clock: FakeClock, token: str = TOKEN, *, hours_old: float = 1.0) -> Session:
    """Return an open session of our key."""
    return Session(
        token, "4711", clock.now() - timedelta(hours=hours_old), key_fingerprint(API_KEY)
    )


def new_invoice(**changes: Any) -> NewInvoice:
    """Return an invoice as the mappings make one."""
    values: dict[str, Any] = {
        "id": INVOICE_ID,
        "number": "2026 / 417",
        "ref": INVOICE_ID,
        "title": "Factuur 2026 / 417",
        "remittance": "202600041723",
        "amount_cents": 48400,
        "date": "2026-07-01",
        "duedate": "2026-07-31",
        "ct": "3748",
        "locale": "nl",
        "campaign": "teamleader-2026-07",
        "customer": NewCustomer(
            customerNumber=CUSTOMER_ID,
            companyName="Janssens & Zonen BV",
            email="info@janssens.example",
            coc="0745749559",
            l="nl",
            address="Veldstraat 55",
            zip="9000",
            city="Gent",
            country="BE",
        ),
    }
    return NewInvoice(**(values | changes))


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    """Return an answer as ``Http`` gives it."""
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def query(request: Any) -> list[tuple[str, str]]:
    """Return the query of a request, decoded."""
    return parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
