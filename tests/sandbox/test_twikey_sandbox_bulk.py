"""The sandbox's Twikey: many invoices in one call, asked for until they are ready.

Numbers in the names are the rules of API reference chapter 12.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.twikey_desk import ALICE, Desk, invoice, open_desk, refused, uuid


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with open_desk() as opened:
        yield opened


def test_rule_10_a_batch_is_polled_until_it_is_ready(desk: Desk) -> None:
    """409 for k polls, then a row per member with its own id and OK or an error."""
    desk.rule(bulk_polls=2)
    members = [invoice("1", id=uuid(1)), invoice("2", id=uuid(2), ct=9998), invoice("3")]
    batch = desk.call("POST", "/invoice/bulk", json=members).json()["batchId"]
    answers = [desk.call("GET", "/invoice/bulk", params={"batchId": batch}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [409, 409, 200]
    assert answers[2].json()[:2] == [
        {"id": uuid(1), "status": "OK"},
        {"id": uuid(2), "status": "err_no_such_ct"},
    ]
    assert answers[2].json()[2] == {"id": desk.details("3")["id"], "status": "OK"}


def test_rule_10_a_batch_of_which_nothing_was_imported_is_not_found(desk: Desk) -> None:
    """As is an unknown batch; malformed ones are refused at once."""
    desk.rule(bulk_polls=0)
    batch = desk.call("POST", "/invoice/bulk", json=[invoice(ct=9998)]).json()["batchId"]
    for asked in (batch, uuid(5)):
        answer = desk.call("GET", "/invoice/bulk", params={"batchId": asked})
        refused(answer, "err_not_found")
    unfit: tuple[Any, ...] = ({}, [], [1], [invoice()] * 5001)
    for wrong in unfit:
        refused(desk.call("POST", "/invoice/bulk", json=wrong), "err_invalid_params")


@pytest.mark.parametrize(
    ("rule", "row"),
    [
        ("existing_id", {"id": uuid(1), "status": "OK"}),
        ("sent_id", {"id": uuid(2), "status": "OK"}),
        ("error", {"id": uuid(2), "status": "err_invalid_params"}),
    ],
)
def test_rule_10_the_row_of_a_number_that_exists(desk: Desk, rule: str, row: object) -> None:
    """Three possible rows, and never a change or a second invoice."""
    desk.rule(bulk_polls=0, bulk_existing=rule)
    first = desk.create("1", id=uuid(1))
    members = [invoice("1", id=uuid(2), amount=7), invoice("2", id=uuid(3))]
    batch = desk.call("POST", "/invoice/bulk", json=members).json()["batchId"]
    rows = desk.call("GET", "/invoice/bulk", params={"batchId": batch}).json()
    assert rows == [row, {"id": uuid(3), "status": "OK"}]
    assert desk.details(uuid(1))["amount"] == first["amount"]
    refused(desk.call("GET", "/invoice/" + uuid(2)), "err_not_found")


def test_a_batch_can_be_applied_late(desk: Desk) -> None:
    """Busy, and nothing there, until its time has come."""
    desk.rule(bulk_polls=0, bulk_seconds=30)
    batch = desk.call("POST", "/invoice/bulk", json=[invoice("1")]).json()["batchId"]
    path = f"/invoice/bulk?batchId={batch}"
    assert desk.call("GET", path).status_code == 409
    refused(desk.call("GET", "/invoice/1"), "err_not_found")
    desk.world.advance(31)
    assert desk.call("GET", "/invoice/1").ok
    assert desk.call("GET", path).json()[0]["status"] == "OK"


def test_the_bulk_sample_of_the_contract_is_accepted(desk: Desk) -> None:
    """Integer ct, manual as text, names with capitals, nl_nl."""
    desk.rule(bulk_polls=0)
    customer = {"customerNumber": "acme", "lastName": "Doe", "firstName": "John", "l": "nl_nl"}
    member = invoice("INV-1", id=uuid(1), ct=1420, manual="true", l="en", customer=customer)
    batch = desk.call("POST", "/invoice/bulk", json=[member]).json()["batchId"]
    assert desk.call("GET", f"/invoice/bulk?batchId={batch}").ok


def test_five_thousand_invoices_are_taken_within_half_a_second(desk: Desk) -> None:
    """The sandbox must not be what a measurement measures."""
    members = [
        invoice(f"2026 / {n}", id=uuid(n), customer={**ALICE, "customerNumber": f"c{n % 900}"})
        for n in range(5_000)
    ]
    desk.call("GET", "/invoice")
    used = time.process_time()
    assert desk.call("POST", "/invoice/bulk", json=members).ok
    assert time.process_time() - used < 0.5
    assert len(desk.twikey.dump()["invoices"]) == 5_000
