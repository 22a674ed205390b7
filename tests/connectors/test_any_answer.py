"""Whatever the services answer: a record that can be kept, or one of our own errors; never more.

The good answers come from Teamleader's contract, which lies beside the repository where it may not
be published with it, and by hand for Twikey, whose contract has no shapes for them (API reference
2.7, 2.14, 3.5, 5.4, 5.5). ``ANSWER_EXAMPLES`` sets how many spoilt answers each reader meets.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.errors import (
    CallRefused,
    FeedBroken,
    FeedBusy,
    OutcomeUnknown,
    RecordUnreadable,
    UnexpectedAnswer,
)
from connectors.http import MOST_NESTED, Answer, read_json
from connectors.ledger.ledger import Ledger
from connectors.teamleader import parse as teamleader
from connectors.teamleader.pace import server_date
from connectors.twikey import mandates
from connectors.twikey import parse as twikey
from connectors.twikey.calls import json_of, written_invoice
from connectors.twikey.feeds import feed_page
from tests.connectors.spoiling import UUID, body, schemas_of_teamleader, spoiled, whole
from tests.connectors.teamleader_fakes import invoice, nth

EXAMPLES = int(os.environ.get("ANSWER_EXAMPLES", "80"))
LISTS = {
    "invoices.list": teamleader.INVOICE,
    "creditNotes.list": teamleader.CREDIT_NOTE,
    "companies.list": teamleader.COMPANY,
    "contacts.list": teamleader.CONTACT,
    "subscriptions.list": teamleader.SUBSCRIPTION,
    "customFieldDefinitions.list": teamleader.DEFINITION,
    "departments.list": teamleader.DEPARTMENT,
    "paymentMethods.list": teamleader.PAYMENT_METHOD,
}
SINGLE = {
    "invoices.info": teamleader.INVOICE_INFO,
    "creditNotes.info": teamleader.CREDIT_NOTE,
    "companies.info": teamleader.COMPANY,
    "contacts.info": teamleader.CONTACT,
    "subscriptions.info": teamleader.SUBSCRIPTION,
    "users.me": teamleader.ME,
    "invoices.download": teamleader.LINK,
    "creditNotes.download": teamleader.LINK,
}
TWIKEY_INVOICE = {
    "id": UUID, "number": "2026 / 417", "title": "Factuur", "ref": UUID, "ct": 1988,
    "amount": 100.5, "date": "2026-07-01", "duedate": "2026-07-31", "status": "BOOKED",
    "state": "PAID", "url": "https://pay.example/x", "customer": {"customerNumber": UUID},
    "lastpayment": [{"action": "payment", "id": "7", "date": "2026-07-02"}],
    "meta": {"lastError": "MS03"},
}  # fmt: skip
EVENT = {
    "eventId": "17", "eventType": "payment", "occurredAt": "2026-07-02T10:00:00Z",
    "amount": "100.50", "currency": "EUR",
    "origin": {"object": "invoice", "id": UUID, "number": "2026 / 417", "ref": UUID},
    "details": {"source": "sdd", "mndtId": "ACME1"}, "error": {"code": "MS03", "description": "?"},
}  # fmt: skip
OURS = (UnexpectedAnswer, CallRefused, FeedBroken, FeedBusy)


def answer(found: object, status: int = 200, **headers: str) -> Answer:
    """Return an answer with a spoilt body."""
    return Answer(status, headers, body(found))


def meets(value: Any, read: Callable[[Any], object], schema: dict[str, Any] | None = None) -> None:
    """Let a reader meet a whole answer, and then as many spoilt ones as are asked for."""
    read(value)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=EXAMPLES < 1000,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(spoiled(value, schema))
    def meet(found: Any) -> None:
        read(found)

    meet()


def check_kept(*records: object) -> None:
    """Check that records can be written down: in UTF-8, and as JSON that is not nested deep."""
    for record in records:
        plain = asdict(record) if is_dataclass(record) and not isinstance(record, type) else record
        json.dumps(plain, ensure_ascii=False).encode()


# ---- Teamleader


@pytest.mark.parametrize("method", LISTS)
def test_any_page_of_teamleader_is_rows_or_an_error_of_ours(method: str) -> None:
    """T7: a key missing, null, another type, huge, NaN: rows, broken rows, or one sentence."""
    schema, shape = schemas_of_teamleader()[method], LISTS[method]

    def read(found: Any) -> None:
        try:
            page = teamleader.page(answer(found), shape, method)
        except UnexpectedAnswer:
            return
        check_kept(*page.rows, *page.broken)

    meets(whole(schema), read, schema)
    page = teamleader.page(answer(whole(schema)), shape, method)
    assert (len(page.rows), page.broken) == (1, [])


@pytest.mark.parametrize("method", SINGLE)
def test_any_object_of_teamleader_is_a_record_or_an_error_of_ours(method: str) -> None:
    """T7: the same for the answers that hold one object; and for what a refusal says."""
    schema, shape = schemas_of_teamleader()[method], SINGLE[method]

    def read(found: Any) -> None:
        try:
            check_kept(teamleader.single(answer(found), shape, method))
        except (UnexpectedAnswer, RecordUnreadable) as error:
            check_kept(str(error))
        check_kept(teamleader.complaint(body(found)))

    meets(whole(schema), read, schema)
    assert teamleader.single(answer(whole(schema)), shape, method)


def test_the_neighbours_of_a_spoilt_row_are_read() -> None:
    """T7: whatever one invoice holds, those beside it are read, and it is named by its id."""

    def read(found: Any) -> None:
        rows = [invoice(1), found, invoice(3)]
        page = teamleader.page(answer({"data": rows}), teamleader.INVOICE, "invoices.list")
        assert {nth(1), nth(3)} <= {row.id for row in page.rows}
        assert len(page) == 3

    # what is nested absurdly deep is no JSON at all: the page is refused as a whole
    meets(invoice(2), lambda found: None if b"[" * 150 in body(found) else read(found))


def test_any_complaint_of_teamleader_is_a_sentence() -> None:
    """T7: what an error answer says can be shown and kept, whatever stands in it."""
    said = {"errors": [{"code": 1, "title": "no", "status": 400}], "error": "x", "message": "y"}
    meets(said, lambda found: check_kept(teamleader.complaint(body(found))))


# ---- Twikey


def feed(key: str, read: Callable[[object], object]) -> Callable[[Any], None]:
    """Return what reads a page of a feed; what it cannot use must have its line."""

    def reading(found: Any) -> None:
        try:
            page = feed_page(Answer(200, {"X-LAST": "5"}, body(found)), "the feed", key, read)
        except OURS as error:
            check_kept(str(error))
            return
        check_kept(*page.items, *page.unreadable)

    return reading


def reader(use: Callable[[Any], object]) -> Callable[[Any], None]:
    """Return what reads the JSON of an answer as the client does."""

    def reading(found: Any) -> None:
        try:
            records = use(json_of(answer(found), "an answer"))
        except OURS as error:
            check_kept(str(error))
            return
        check_kept(*(records if isinstance(records, Sequence) else [records]))

    return reading


def written(found: Any) -> None:
    """Read the answer to a create; without an invoice its outcome is unknown."""
    try:
        check_kept(written_invoice(answer(found), "the creation"))
    except OutcomeUnknown as error:
        check_kept(str(error))


READERS: dict[str, tuple[Any, Callable[[Any], None]]] = {
    "invoice feed": ({"Invoices": [TWIKEY_INVOICE] * 2}, feed("Invoices", twikey.invoice)),
    "payment feed": ({"Payments": [EVENT] * 2}, feed("Payments", twikey.payment_event)),
    "create": (TWIKEY_INVOICE, written),
    "bulk": ([{"id": UUID, "status": "OK"}], reader(lambda found: twikey.batch_rows([found]))),
    "mandates": (
        {"Contracts": [{"mandateNumber": "A1", "state": "SIGNED", "type": "CORE", "iban": "B"}]},
        reader(twikey.mandates),
    ),
    "mandate": (
        {"Mndt": {"MndtId": "A1", "Dbtr": {"Nm": "x", "CtctDtls": {"Othr": UUID}}, "DbtrAcct": 1}},
        reader(lambda found: mandates._mandate(found, answer({}), "A1")),
    ),
    "methods": ({"methods": [{"name": "a", "active": True}]}, reader(twikey.method_names)),
    "refusal": (
        {"code": "err_x", "message": "m", "extra": "e"},
        lambda found: check_kept(str(twikey.fault_of(answer(found, 400)))),
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_any_answer_of_twikey_is_a_record_or_an_error_of_ours(name: str) -> None:
    """T7: feeds, bulks, creates, mandates, methods, refusals: read, or refused in one sentence."""
    meets(*READERS[name])


def test_a_spoilt_invoice_of_twikey_can_always_be_kept(tmp_path: Path) -> None:
    """T7: what the feed showed goes into the ledger as it is, half characters and NUL included."""
    ledger = Ledger(tmp_path / "ledger.db")

    def keep(found: Any) -> None:
        try:
            page = feed_page(answer([found]), "the feed", "Invoices", twikey.invoice)
        except OURS:
            return
        ledger.feed.invoices_seen(page.items, 7, datetime(2026, 7, 1, tzinfo=UTC))

    meets(TWIKEY_INVOICE, keep)
    ledger.close()


# ---- what both have in common


@given(st.integers(1, 1100))
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_nothing_is_read_that_could_not_be_written_again(depth: int) -> None:
    """T7: JSON of any depth is read or refused, and what is read can be shown and written."""
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        try:
            found = read_json((opening * depth + "1" + closing * depth).encode())
        except ValueError:
            assert depth > MOST_NESTED
        else:
            assert depth <= MOST_NESTED
            assert len(json.dumps(found)) >= len(str(found)) - depth


@pytest.mark.parametrize(
    "date",
    ["", "soon", "Mon, 01 Jan 0001 00:00:00 +1400", "Fri, 31 Dec 9999 23:59:59 -1400",
     "Mon, 14 Sep 2026 08:12:45 +9999", "Mon, 99 Sep 2026 08:12:45 GMT", "\xff"],
)  # fmt: skip
def test_any_date_of_the_service_is_a_date_or_none(date: str) -> None:
    """T7: a clock beyond the years is no clock, not an error."""
    found = server_date({"Date": date})
    assert found is None or found.tzinfo is UTC
