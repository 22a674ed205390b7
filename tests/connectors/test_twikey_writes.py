"""The outcomes of a write: done, refused, or unknown, and nothing in between."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest
import requests
import responses
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

from connectors.errors import CallRefused, NotFound, NotPermitted, OutcomeUnknown, Throttled
from connectors.http import NotSent
from connectors.twikey.client import Twikey
from tests.connectors.twikey_fakes import INVOICE, INVOICE_ID, FakeTwikey, new_invoice, session

PATH = f"/invoice/{INVOICE_ID}"
HTML = "<html><body>Please sign in</body></html>"
BROKEN = requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError()))
NO_CONNECTION = NewConnectionError(HTTPConnection("api.twikey.test"), "refused")
REFUSED_CONNECTION = requests.ConnectionError(
    MaxRetryError(HTTPConnectionPool("api.twikey.test"), "/", NO_CONNECTION)
)


def create(client: Twikey) -> object:
    """Create one invoice."""
    return client.create_invoice(new_invoice())


def create_many(client: Twikey) -> object:
    """Create one invoice in a bulk."""
    return client.create_invoices([new_invoice()])


def update(client: Twikey) -> object:
    """Attach a PDF."""
    return client.update_invoice(
        INVOICE_ID, date="2026-07-01", duedate="2026-07-31", pdf=b"%PDF-1.4"
    )


def invite(client: Twikey) -> None:
    """Invite the customer."""
    client.invite(INVOICE_ID)


def delete(client: Twikey) -> None:
    """Delete an invoice."""
    client.delete_invoice(INVOICE_ID)


def change(client: Twikey) -> object:
    """Change a customer."""
    return client.update_customer("acme", {"email": "a@b.example"})


WRITES: list[tuple[Callable[[Twikey], object], str, str]] = [
    (create, "POST", "/invoice"),
    (create_many, "POST", "/invoice/bulk"),
    (update, "PUT", PATH),
    (invite, "POST", f"{PATH}/action"),
    (delete, "DELETE", PATH),
    (change, "PATCH", "/customer/acme"),
]
WRITE = pytest.mark.parametrize(
    ("write", "method", "path"), WRITES, ids=[write.__name__ for write, _, _ in WRITES]
)


@pytest.fixture
def twikey() -> Iterator[FakeTwikey]:
    """Return a client with an open session."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        fake = FakeTwikey(mock)
        fake.store.session = session(fake.clock)
        yield fake


def test_c19_a_create_whose_answer_is_lost_is_unknown_and_left_once(twikey: FakeTwikey) -> None:
    """C19: the create timed out after it left: exactly one POST, and nobody claims to know."""
    twikey.answer("POST", "/invoice", requests.ReadTimeout("token in this text"))
    with pytest.raises(OutcomeUnknown) as found:
        create(twikey.client)
    assert len(twikey.requests) == 1
    assert "2026 / 417" in str(found.value)
    assert "token in this text" not in str(found.value)


@WRITE
@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, '{"code": "err_invalid_params", "extra": "duedate"}', {}),
        (400, "", {"ApiErrorCode": "err_invalid_params", "ApiError": "Invalid"}),
        (400, HTML, {"ApiError": "err_invalid_params"}),
        (403, '{"code": "err_invalid_params"}', {}),
        (404, '{"code": "err_invalid_state"}', {}),
        (409, '{"code": "err_duplicate_ref"}', {}),
        (400, '{"code": "err_nobody_has_heard_of"}', {}),
        (200, json.dumps(INVOICE), {"ApiErrorCode": "err_no_such_ct"}),
        (200, json.dumps(INVOICE), {"ApiError": "err_no_such_ct"}),
        (200, '{"code": "err_no_such_ct", "message": "No such template"}', {}),
        (204, "", {"ApiErrorCode": "err_no_such_ct"}),
    ],
)
def test_c24_a_documented_refusal_is_refused(
    twikey: FakeTwikey,
    write: Callable[[Twikey], object],
    method: str,
    path: str,
    status: int,
    body: str,
    headers: dict[str, str],
) -> None:
    """C24: an error is an error, also with status 200 and a good-looking body (reference 1.9)."""
    twikey.answer(method, path, body, status, **headers)
    with pytest.raises(CallRefused) as found:
        write(twikey.client)
    assert found.value.status == status
    assert found.value.code.startswith("err_")
    assert found.value.code in str(found.value)


@WRITE
def test_a_401_that_a_login_does_not_cure_stops_the_run(
    twikey: FakeTwikey, write: Callable[[Twikey], object], method: str, path: str
) -> None:
    """It was refused before it was read, twice: nothing happened, and nothing else will."""
    twikey.answer(method, path, {"message": "Not logged in"}, 401)
    twikey.login()
    with pytest.raises(NotPermitted):
        write(twikey.client)
    assert len(twikey.requests) == 3


def test_a_refusal_names_the_offender(twikey: FakeTwikey) -> None:
    """The sentence and the error carry what Twikey says is wrong."""
    body = {"code": "err_invalid_params", "message": "Invalid parameter", "extra": "duedate"}
    twikey.answer("POST", "/invoice", body, 400)
    with pytest.raises(CallRefused) as found:
        create(twikey.client)
    assert found.value.extra == "duedate"
    assert str(found.value) == (
        "Twikey refused the creation of invoice 2026 / 417: err_invalid_params (duedate)"
    )


def test_a_number_that_is_taken_is_a_refusal_with_its_code(twikey: FakeTwikey) -> None:
    """A used-up idempotency key or number is for the caller to look up (reference 1.11)."""
    twikey.answer("POST", "/invoice", {"code": "err_duplicate_ref"}, 409)
    with pytest.raises(CallRefused) as found:
        create(twikey.client)
    assert (found.value.status, found.value.code) == (409, "err_duplicate_ref")


@WRITE
@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, "", {}),
        (400, HTML, {}),
        (400, '{"code": 17}', {}),
        (400, '{"code": "bad gateway"}', {}),
        (403, HTML, {}),
        (409, "{}", {}),
        (413, "", {}),
        (400, '{"code": "error_system"}', {}),
        (200, "", {}),
        (200, HTML, {}),
        (200, '{"id": "b9f4ad0e', {}),
        (200, json.dumps(INVOICE), {"ApiError": "Something went wrong"}),
    ],
)
def test_an_answer_that_says_nothing_leaves_the_outcome_unknown(
    twikey: FakeTwikey,
    write: Callable[[Twikey], object],
    method: str,
    path: str,
    status: int,
    body: str,
    headers: dict[str, str],
) -> None:
    """Only a parsed, documented refusal is a refusal (decisions 5)."""
    twikey.answer(method, path, body, status, **headers)
    with pytest.raises(OutcomeUnknown):
        write(twikey.client)
    assert [request.method for request in twikey.requests].count(method) == 1


@WRITE
@pytest.mark.parametrize("trouble", [500, 503, 302, requests.ReadTimeout(), BROKEN])
def test_a_write_that_left_and_got_no_answer_is_unknown(
    twikey: FakeTwikey,
    write: Callable[[Twikey], object],
    method: str,
    path: str,
    trouble: Any,
) -> None:
    """Whatever is set to a value is tried again first; creates and invitations leave once."""
    status = trouble if isinstance(trouble, int) else 200
    twikey.answer(method, path, None if isinstance(trouble, int) else trouble, status)
    with pytest.raises(OutcomeUnknown):
        write(twikey.client)
    once = write is not change or trouble == 302
    assert len(twikey.requests) == (1 if once else 4)


@WRITE
def test_a_write_that_never_left_is_tried_again_and_then_not_sent(
    twikey: FakeTwikey, write: Callable[[Twikey], object], method: str, path: str
) -> None:
    """No connection: nothing happened there, and the run can say so."""
    twikey.answer(method, path, REFUSED_CONNECTION)
    with pytest.raises(NotSent):
        write(twikey.client)


@WRITE
@pytest.mark.parametrize(
    "code", ["err_not_authorised", "err_not_authorized", "err_billing_overdrawn"]
)
def test_a_key_that_may_not_stops_the_run(
    twikey: FakeTwikey, write: Callable[[Twikey], object], method: str, path: str, code: str
) -> None:
    """The next invoice would be refused the same way (reference 1.10)."""
    twikey.answer(method, path, {"code": code}, 403)
    with pytest.raises(NotPermitted) as found:
        write(twikey.client)
    assert code in str(found.value)


def test_a_create_that_met_the_rate_limit_is_sent_again(twikey: FakeTwikey) -> None:
    """A 429 comes before the work (reference 1.12), so repeating after the wait is safe."""
    twikey.answer("POST", "/invoice", None, 429, X_Rate_Limit_Retry_After_Seconds="7")
    twikey.answer("POST", "/invoice", INVOICE)
    assert twikey.client.create_invoice(new_invoice()).id == INVOICE_ID
    assert twikey.clock.waits == [7]


def test_a_longer_wait_than_a_run_has_ends_it(twikey: FakeTwikey) -> None:
    """The error names the time, and the create was not applied."""
    twikey.answer("POST", "/invoice", None, 429, Retry_After="3600")
    with pytest.raises(Throttled):
        create(twikey.client)


@pytest.mark.parametrize("write", [update, invite], ids=["update", "invite"])
def test_an_unknown_id_is_not_found(twikey: FakeTwikey, write: Callable[[Twikey], object]) -> None:
    """Deleted in Twikey on purpose: never recreated by itself (reference 10-20)."""
    method, path = next((m, p) for w, m, p in WRITES if w is write)
    twikey.answer(method, path, {"code": "err_not_found", "extra": INVOICE_ID}, 400)
    with pytest.raises(NotFound):
        write(twikey.client)


def test_a_customer_that_twikey_has_not_met_is_not_found(twikey: FakeTwikey) -> None:
    """The customer comes with the first invoice; this is no error of the sync (reference 4.1)."""
    twikey.answer("PATCH", "/customer/acme", None, 400, ApiErrorCode="err_debtor_not_found")
    with pytest.raises(NotFound):
        change(twikey.client)


@pytest.mark.parametrize("identity", ["2026 / 417", "../customer/x", "..", "", INVOICE_ID + "/pdf"])
def test_what_is_no_uuid_never_comes_into_a_path(twikey: FakeTwikey, identity: str) -> None:
    """A number in a path can hit another invoice (reference 2.6): no call leaves."""
    for write in (
        lambda: twikey.client.update_invoice(identity, date="", duedate=""),
        lambda: twikey.client.delete_invoice(identity),
        lambda: twikey.client.invite(identity),
        lambda: twikey.client.invoice_pdf(identity),
    ):
        with pytest.raises(NotFound):
            write()
    assert twikey.requests == []


OF_AN_INVOICE = pytest.mark.parametrize("write", [update, invite, delete])
SILENT = pytest.mark.parametrize("status", [404, 200])


@OF_AN_INVOICE
@SILENT
def test_an_invoice_that_cannot_be_read_either_is_not_found(
    twikey: FakeTwikey, write: Callable[[Twikey], object], status: int
) -> None:
    """A 404 or a 200 with nothing in it may be how Twikey says so (reference 10-19)."""
    method, path = next((m, p) for w, m, p in WRITES if w is write)
    twikey.answer(method, path, "", status)
    twikey.answer("GET", PATH, "", status)
    with nullcontext() if write is delete else pytest.raises(NotFound):
        write(twikey.client)
    assert [request.method for request in twikey.requests] == [method, "GET"]


@OF_AN_INVOICE
@SILENT
@pytest.mark.parametrize("looked", [(INVOICE, 200), (HTML, 400), (None, 401)])
def test_an_invoice_that_is_there_or_cannot_be_asked_for_is_not_gone(
    twikey: FakeTwikey,
    write: Callable[[Twikey], object],
    status: int,
    looked: tuple[Any, int],
) -> None:
    """A proxy's 404, or an answer that was lost on its way, says nothing about the invoice."""
    method, path = next((m, p) for w, m, p in WRITES if w is write)
    twikey.answer(method, path, "", status)
    twikey.answer("GET", PATH, *looked)
    twikey.login()
    with pytest.raises(OutcomeUnknown):
        write(twikey.client)


def test_a_bare_404_to_a_change_of_a_customer_is_not_found(twikey: FakeTwikey) -> None:
    """A customer cannot be read; the feed shows how the number stands (reference 10-19)."""
    twikey.answer("PATCH", "/customer/acme", "", 404)
    with pytest.raises(NotFound):
        change(twikey.client)


@pytest.mark.parametrize("write", [create, create_many])
def test_a_bare_404_to_a_create_is_unknown(
    twikey: FakeTwikey, write: Callable[[Twikey], object]
) -> None:
    """There is nothing yet that could be missing."""
    twikey.answer("POST", "/invoice" if write is create else "/invoice/bulk", "", 404)
    with pytest.raises(OutcomeUnknown):
        write(twikey.client)
    assert len(twikey.requests) == 1
