"""Twikey's verbs: what leaves, and what is made of the answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

import pytest
import responses

from connectors.errors import CallRefused, NotPermitted, UnexpectedAnswer
from connectors.twikey import payload
from connectors.twikey.records import BatchResult, BatchRow, NewCustomer
from tests.connectors.twikey_fakes import (
    CUSTOMER_ID,
    INVOICE,
    INVOICE_ID,
    FakeTwikey,
    new_invoice,
    query,
    session,
)

PATH = f"/invoice/{INVOICE_ID}"
BATCH = "3d775df4-c339-4c39-828f-6746b7a4c210"


@pytest.fixture
def twikey() -> Iterator[FakeTwikey]:
    """Return a client with an open session."""
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        fake = FakeTwikey(mock)
        fake.store.session = session(fake.clock)
        yield fake


# ---- creating


def test_a_create_carries_partner_and_a_key_bound_to_its_content(twikey: FakeTwikey) -> None:
    """Same content, same key; other content or another attempt, another key (reliability P2)."""
    twikey.answer("POST", "/invoice", INVOICE)
    twikey.client.create_invoice(new_invoice())
    twikey.client.create_invoice(new_invoice())
    twikey.client.create_invoice(new_invoice(), attempt=2)
    twikey.client.create_invoice(new_invoice(amount_cents=48401))
    keys = [request.headers["Idempotency-Key"] for request in twikey.requests]
    assert keys[0] == f"{INVOICE_ID}:{payload.fingerprint(new_invoice())}"
    assert keys[1] == keys[0]
    assert keys[2] == keys[0] + ":2"
    assert len(set(keys)) == 3
    assert max(map(len, keys)) <= 64
    assert twikey.requests[0].headers["X-PARTNER"] == "teamleader-twikey"
    assert twikey.requests[0].headers["Content-Type"] == "application/json"


def test_an_invoice_goes_out_whole_and_without_blanks(twikey: FakeTwikey) -> None:
    """Euro as a number, ct as text, compact UTF-8, no empty keys (reference 2.2)."""
    twikey.answer("POST", "/invoice", INVOICE)
    customer = NewCustomer(customerNumber=CUSTOMER_ID, lastname="Müller", email=None, city="")
    twikey.client.create_invoice(
        new_invoice(customer=customer, paid_cents=1050, manual=True, locale=None)
    )
    body = twikey.requests[0].body
    assert json.loads(body) == {
        "id": INVOICE_ID,
        "number": "2026 / 417",
        "title": "Factuur 2026 / 417",
        "remittance": "202600041723",
        "ref": INVOICE_ID,
        "amount": 484.0,
        "date": "2026-07-01",
        "duedate": "2026-07-31",
        "ct": "3748",
        "campaign": "teamleader-2026-07",
        "paidamount": 10.5,
        "manual": True,
        "customer": {"customerNumber": CUSTOMER_ID, "lastname": "Müller"},
    }
    assert "Müller".encode() in body
    assert b'": ' not in body


def test_a_warning_stays_with_the_invoice(twikey: FakeTwikey) -> None:
    """X-Warning on a 200 is for a person to read (reference 1.8)."""
    twikey.answer("POST", "/invoice", INVOICE, X_Warning="Mandate suspended")
    assert twikey.client.create_invoice(new_invoice()).warning == "Mandate suspended"


def test_a_bulk_is_one_array_and_answers_with_a_batch(twikey: FakeTwikey) -> None:
    """The members are the same objects as single creates (reference 2.14)."""
    twikey.answer("POST", "/invoice/bulk", {"batchId": BATCH})
    members = [new_invoice(), new_invoice(number="2026 / 418")]
    assert twikey.client.create_invoices(members) == BATCH
    assert json.loads(twikey.requests[0].body) == [payload.payload(member) for member in members]


@pytest.mark.parametrize("size", [0, 5001])
def test_a_bulk_has_limits(twikey: FakeTwikey, size: int) -> None:
    """Twikey takes at most 5,000 at once (reference 1.12)."""
    with pytest.raises(ValueError, match="1 to 5000"):
        twikey.client.create_invoices([new_invoice()] * size)


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (409, "", BatchResult("busy")),
        (409, '{"code": "err_call_in_progress"}', BatchResult("busy")),
        (400, '{"code": "err_not_found"}', BatchResult("none")),
        (404, "", BatchResult("none")),
        (200, "[]", BatchResult("done", [])),
        (
            200,
            '[{"id": "a", "status": "ok"}, {"id": "b", "status": "err_no_such_ct"},'
            ' {"id": "c"}, {"status": "OK"}, null, {"id": "d", "status": {"code": "x"}}]',
            BatchResult(
                "done",
                [
                    BatchRow("a", True, "ok"),
                    BatchRow("b", False, "err_no_such_ct"),
                    BatchRow("c", False, ""),
                    BatchRow("d", False, "{'code': 'x'}"),
                ],
            ),
        ),
    ],
)
def test_a_batch_is_busy_done_or_empty(
    twikey: FakeTwikey, status: int, body: str, result: BatchResult
) -> None:
    """Rows are read tolerantly; what is missing in them is for the caller (reference 2.14)."""
    twikey.answer("GET", "/invoice/bulk", body, status)
    assert twikey.client.batch(BATCH) == result
    assert query(twikey.requests[0]) == [("batchId", BATCH)]


@pytest.mark.parametrize("body", ["", "<html>", "{}", "7"])
def test_a_batch_answer_that_is_no_list_is_unexpected(twikey: FakeTwikey, body: str) -> None:
    """Nothing may be concluded from it, least of all that nothing was imported."""
    twikey.answer("GET", "/invoice/bulk", body)
    with pytest.raises(UnexpectedAnswer):
        twikey.client.batch(BATCH)


# ---- looking


def test_details_come_with_customer_meta_and_last_payment(twikey: FakeTwikey) -> None:
    """The includes are repeated, not joined (reference 3.1)."""
    twikey.answer("GET", PATH, INVOICE | {"customer": {"customerNumber": CUSTOMER_ID}})
    found = twikey.client.invoice(INVOICE_ID)
    assert found is not None
    assert found.customer_number == CUSTOMER_ID
    assert query(twikey.requests[0]) == [
        ("include", "customer"),
        ("include", "meta"),
        ("include", "lastpayment"),
    ]
    assert twikey.requests[0].headers["Accept-Language"] == "en"


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, ""), (404, '{"code": "err_not_found"}'), (400, '{"code": "err_not_found"}'), (200, "")],
)
def test_every_way_to_say_not_found_is_none(twikey: FakeTwikey, status: int, body: str) -> None:
    """404, 400 err_not_found and an empty 200 mean the same (reference 10-19)."""
    twikey.answer("GET", PATH, body, status)
    twikey.answer("GET", PATH + "/pdf", body, status)
    assert twikey.client.invoice(INVOICE_ID) is None
    assert twikey.client.invoice_pdf(INVOICE_ID) is None


@pytest.mark.parametrize("body", ["<html>", "[]", '{"number": "1"}', '{"id": "x", "amount": "?"}'])
def test_a_look_up_that_cannot_be_read_is_not_a_missing_invoice(
    twikey: FakeTwikey, body: str
) -> None:
    """Reading it as missing would lead to a second create."""
    twikey.answer("GET", PATH, body)
    with pytest.raises(UnexpectedAnswer):
        twikey.client.invoice(INVOICE_ID)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, "", NotPermitted),
        (400, '{"code": "err_not_authorised"}', NotPermitted),
        (400, '{"code": "err_invalid_params"}', CallRefused),
        (400, "", UnexpectedAnswer),
    ],
)
def test_a_read_that_is_refused_says_so(
    twikey: FakeTwikey, status: int, body: str, error: type[Exception]
) -> None:
    """None of these is an answer to the question."""
    twikey.answer("GET", PATH, body, status)
    with pytest.raises(error):
        twikey.client.invoice(INVOICE_ID)


@pytest.mark.parametrize("number", ["2026-417", "INV_7.b"])
def test_a_safe_number_can_be_looked_up(twikey: FakeTwikey, number: str) -> None:
    """Paths resolve numbers that need no escaping (reference 2.6)."""
    twikey.answer("GET", f"/invoice/{number}", INVOICE | {"number": number})
    found = twikey.client.invoice_by_number(number)
    assert found is not None
    assert found.number == number


def test_an_invoice_with_another_number_is_not_the_one_asked_for(twikey: FakeTwikey) -> None:
    """What the path resolved to is checked."""
    twikey.answer("GET", "/invoice/2026-417", INVOICE)
    assert twikey.client.invoice_by_number("2026-417") is None


@pytest.mark.parametrize(
    "number", ["2026 / 417", "INV#1", "a?b", "a%2Fb", "é", "", ".", "..", "bulk", "ubl", "x\n"]
)
def test_an_unsafe_number_is_not_asked_for(twikey: FakeTwikey, number: str) -> None:
    """They resolve to nothing, to another invoice, to the feed, or to a logout (reference 2.6)."""
    assert twikey.client.invoice_by_number(number) is None
    assert twikey.client.invoice(number) is None


def test_a_pdf_is_given_as_bytes(twikey: FakeTwikey) -> None:
    """Asked for as a PDF (reference 2.16)."""
    twikey.answer("GET", PATH + "/pdf", b"%PDF-1.4 ...")
    assert twikey.client.invoice_pdf(INVOICE_ID) == b"%PDF-1.4 ..."
    assert twikey.requests[0].headers["Accept"] == "application/pdf"


@pytest.mark.parametrize(("status", "body"), [(200, "<html>"), (200, "{}"), (400, "")])
def test_what_is_no_pdf_is_unexpected(twikey: FakeTwikey, status: int, body: str) -> None:
    """Neither a PDF nor the word that there is none."""
    twikey.answer("GET", PATH + "/pdf", body, status)
    with pytest.raises(UnexpectedAnswer):
        twikey.client.invoice_pdf(INVOICE_ID)


# ---- changing


def test_an_update_holds_only_what_was_asked_for(twikey: FakeTwikey) -> None:
    """Both dates always, a state never by accident (reference 2.9)."""
    twikey.answer("PUT", PATH, INVOICE)
    dates = {"date": "2026-07-01", "duedate": "2026-07-31"}
    update = partial(twikey.client.update_invoice, INVOICE_ID, date=dates["date"])
    update(duedate=dates["duedate"], title="Factuur", pdf=b"%PDF-1.4\n%%EOF\n")
    update(duedate=dates["duedate"], state="paid")
    with_pdf, paid = (json.loads(request.body) for request in twikey.requests)
    assert with_pdf == dates | {"title": "Factuur", "pdf": "JVBERi0xLjQKJSVFT0YK"}
    assert paid == dates | {"state": "paid"}


def test_a_deletion_of_what_is_gone_is_done(twikey: FakeTwikey) -> None:
    """Deleted now or before: it is not there (reference 2.10)."""
    twikey.answer("DELETE", PATH, None, 204)
    twikey.client.delete_invoice(INVOICE_ID)
    twikey.mock.replace(
        "DELETE", twikey.requests[0].url, json={"code": "err_not_found"}, status=400
    )
    twikey.client.delete_invoice(INVOICE_ID)


def test_a_deletion_of_one_in_progress_is_refused(twikey: FakeTwikey) -> None:
    """Twikey does not delete what is being collected."""
    twikey.answer("DELETE", PATH, {"code": "err_invalid_state"}, 400)
    with pytest.raises(CallRefused):
        twikey.client.delete_invoice(INVOICE_ID)


def test_an_invitation_is_one_action(twikey: FakeTwikey) -> None:
    """A form with the channel, send by default (reference 2.11)."""
    twikey.answer("POST", PATH + "/action", None, 204)
    twikey.client.invite(INVOICE_ID)
    assert twikey.requests[0].body == "type=send"


def test_an_idle_poll_pays_for_no_heavy_import() -> None:
    """The client comes without pydantic, pandas, SQLite and Prefect."""
    heavy = "{'pydantic', 'pandas', 'numpy', 'sqlite3', 'sqlite_utils', 'prefect'}"
    script = f"import sys, connectors.twikey.client; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"
