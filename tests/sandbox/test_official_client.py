"""Twikey's own Python client works on the sandbox: it creates, reads and follows invoices.

Its known faults (API reference 9.5) are stepped around: no private key, a logout that ends
nothing, and no call for details, which is made with its own headers here.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from twikey.client import TwikeyClient, TwikeyError
from twikey.invoice import InvoiceFeed

from tests.sandbox.twikey_desk import API_KEY, PDF, Desk, invoice, open_desk, uuid


class Collected(InvoiceFeed):  # type: ignore[misc]  # the client is not typed
    """A feed reader of the official kind that keeps what it hears."""

    def __init__(self) -> None:
        self.positions: list[str] = []
        self.invoices: list[dict[str, Any]] = []

    def start(self, position: str, lenght: int) -> None:
        """Keep the position; the parameter's name is the client's."""
        self.positions.append(position)

    def invoice(self, invoice: dict[str, Any]) -> bool:
        """Keep the item and go on."""
        self.invoices.append(invoice)
        return False


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with open_desk() as opened:
        yield opened


@pytest.fixture
def client(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The official client, pointed at the sandbox."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return TwikeyClient(API_KEY, base_url=desk.base, user_agent="official-client-test")


def test_the_official_client_creates_and_updates_an_invoice(desk: Desk, client: Any) -> None:
    """Create, then attach a PDF, with one login."""
    created = client.invoice.create(invoice(id=uuid(1), ct=1421), origin="Test", purpose="qr")
    assert (created["id"], created["state"], created["ct"]) == (uuid(1), "BOOKED", 1421)
    changed = client.invoice.update(
        uuid(1), {"date": "2026-07-01", "duedate": "2026-08-31", "pdf": PDF}
    )
    assert changed["duedate"] == "2026-08-31"
    assert created["url"].endswith(f"/{client.merchant_id}/{uuid(1)}")
    (stored,) = desk.twikey.dump()["invoices"]
    assert (stored["partner"], stored["pdf"]["bytes"]) == ("Test", 15)
    assert desk.twikey.dump()["logins"] == 1


def test_the_official_client_reads_details(desk: Desk, client: Any) -> None:
    """With the client's own address and headers: it has no such call itself."""
    client.invoice.create(invoice(id=uuid(1)))
    url = client.instance_url(f"/invoice/{uuid(1)}?include=customer")
    details = requests.get(url, headers=client.headers(), timeout=5).json()
    assert details["customer"]["customerNumber"] == "alice"


def test_the_official_client_follows_the_invoice_feed(desk: Desk, client: Any) -> None:
    """Page by page, from where the key stands or from a position."""
    desk.rule(feed_page_size=2)
    for number in "123":
        client.invoice.create(invoice(number))
    reader = Collected()
    client.invoice.feed(reader, False, "meta", "lastpayment")
    assert [item["number"] for item in reader.invoices] == ["1", "2", "3"]
    assert all(item["customer"]["customerNumber"] == "alice" for item in reader.invoices)
    again = Collected()
    client.invoice.feed(again, reader.positions[0])
    assert [item["number"] for item in again.invoices] == ["3"]


def test_the_official_client_hears_refusals_by_their_code(desk: Desk, client: Any) -> None:
    """Its own error carries the code and the extra of the answer."""
    with pytest.raises(TwikeyError) as refusal:
        client.invoice.create(invoice(ct=9998))
    assert refusal.value.get_code() == "err_no_such_ct"
    with pytest.raises(TwikeyError) as wrong_key:
        TwikeyClient("wrong", base_url=desk.base).invoice.create(invoice())
    assert wrong_key.value.get_code() == "err_no_login"
