"""The sandbox's Teamleader takes payments and hands out documents as the real one does.

"B" and a number is the point of API reference, appendix B.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.teamleader_desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with Desk() as opened:
        yield opened


def test_b11_writing_answers_204_without_a_byte(desk: Desk) -> None:
    """B11: for payments, their removal and webhooks."""
    booked = desk.books.book()
    hook = {"url": "https://etl.example.be/hook", "types": ["invoice.booked"]}
    for answer in (
        desk.pay(booked),
        desk.ask("invoices.removePayments", {"id": booked}),
        desk.ask("webhooks.register", hook),
    ):
        assert (answer.status_code, answer.content) == (204, b"")


def test_b12_two_payments_are_two_payments(desk: Desk) -> None:
    """B12: they add up; beyond what is due, and on a paid invoice, a switch decides."""
    booked = desk.books.book()
    assert desk.pay(booked, 60.5).status_code == 204
    assert desk.pay(booked, 60.51).status_code == 400
    assert desk.info(booked)["status"] == "outstanding"
    assert desk.pay(booked, 60.5).status_code == 204
    info = desk.info(booked)
    assert (info["status"], info["paid"], len(info["payments"])) == ("matched", True, 2)
    assert desk.pay(booked, 1).status_code == 400
    desk.rules.change({"pay_paid": "accept"})
    assert desk.pay(booked, 1).status_code == 204


@pytest.mark.parametrize(
    "changes",
    [
        {"paid_at": "2026-09-14"},
        {"paid_at": "2026-09-14T11:00:00Z"},
        {"paid_at": "2026-09-14T12:05:00+00:00"},
        {"payment": {"amount": {"amount": 1, "currency": "EUR"}}},
        {"payment": {"amount": "121.00", "currency": "EUR"}},
        {"payment": {"amount": 0, "currency": "EUR"}},
        {"payment": {"amount": 12.345, "currency": "EUR"}},
        {"payment": {"amount": 1, "currency": "USD"}},
        {"payment_method_id": "9f3e7a52-0c4d-0b8e-a17f-6d2c90e4b511"},
        {"payment_date": "2026-09-14"},
    ],
)
def test_a_payment_in_the_wrong_words_is_refused(desk: Desk, changes: Any) -> None:
    """API reference 4.1, quirks 24 and 43; nothing is registered."""
    booked = desk.books.book()
    assert desk.pay(booked, **changes).status_code == 400
    assert desk.info(booked)["payments"] == []


def test_b13_a_payment_is_registered_although_the_answer_is_lost(desk: Desk) -> None:
    """B13: and the journal knows."""
    booked = desk.books.book()
    desk.world.fault("reset_after", path="registerPayment", nth=1)
    with pytest.raises(requests.ConnectionError):
        desk.pay(booked)
    call = desk.world.journal[-1]
    assert (call.status, call.applied, call.fault) == (None, True, "reset_after")
    assert desk.info(booked)["paid"] is True


def test_b14_a_payment_need_not_show_in_updated_at(desk: Desk) -> None:
    """B14: unknown U2, so both are possible."""
    quiet, loud = desk.books.book(), desk.books.book()
    desk.world.advance(60)
    desk.pay(quiet)
    desk.rules.payments_touch_updated_at = True
    desk.pay(loud)
    assert desk.info(quiet)["updated_at"] == "2026-09-14T12:00:00+00:00"
    assert desk.info(loud)["updated_at"] == "2026-09-14T12:01:00+00:00"


def test_b15_removing_payments_takes_all_and_the_document_for_a_while(desk: Desk) -> None:
    """B15: also those of others."""
    booked = desk.books.book(file_at=0)
    desk.books.pay(booked, 2_100)
    desk.pay(booked, 100)
    desk.ask("invoices.removePayments", {"id": booked})
    info = desk.info(booked)
    assert (info["payments"], info["paid"], info["file"]) == ([], False, None)
    assert info["total"]["due"]["amount"] == 121
    desk.world.advance(120)
    assert desk.info(booked)["file"]


def test_a_credit_note_lowers_the_due_and_says_nothing_else(desk: Desk) -> None:
    """Unknown U6: settled by a credit note, yet not paid, unless the switch says so."""
    booked = desk.books.book()
    desk.books.credit(booked)
    info = desk.info(booked)
    assert (info["total"]["due"]["amount"], info["status"], info["paid"]) == (
        0,
        "outstanding",
        False,
    )
    desk.rules.credit_marks_paid = True
    other = desk.books.book()
    desk.books.credit(other)
    assert desk.info(other)["paid"] is True


def test_b18_a_download_link_lives_30_seconds_and_wants_no_token(desk: Desk) -> None:
    """B18: fetched at once it is a PDF."""
    asked = {"id": desk.books.book(file_at=0), "format": "pdf"}
    link = desk.ask("invoices.download", asked).json()["data"]["location"]
    assert desk.session.get(link, timeout=5).content.startswith(b"%PDF")
    headers = {"Authorization": f"Bearer {desk.pair['access_token']}"}
    assert desk.session.get(link, headers=headers, timeout=5).status_code == 400
    desk.world.advance(30)
    assert desk.session.get(link, timeout=5).status_code == 403


def test_a_document_is_not_there_at_once(desk: Desk) -> None:
    """API reference 5: `file` is null and the download is refused until it is rendered."""
    asked = {"id": desk.books.book(), "format": "pdf"}
    assert desk.ask("invoices.download", asked).status_code == 400
    desk.world.advance(120)
    assert desk.ask("invoices.download", asked).status_code == 200
    assert desk.ask("invoices.download", {**asked, "format": "doc"}).status_code == 400
