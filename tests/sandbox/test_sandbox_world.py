"""Faults, snapshots, books and controls of the sandbox do what they say.

"B" and a number is the point of API reference, appendix B.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox import checkdigits
from tests.sandbox.books import Books
from tests.sandbox.teamleader_desk import TODAY, Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with Desk() as opened:
        yield opened


@pytest.mark.parametrize(
    ("kind", "applied"),
    [
        ("reset_before", False),
        ("reset_after", True),
        ("hang", True),
        ("truncate", True),
        ("late", False),
    ],
)
def test_a_broken_connection_says_in_the_journal_what_happened(
    desk: Desk, kind: str, applied: bool
) -> None:
    """The client hears nothing useful; the world knows."""
    booked = desk.books.book()
    desk.world.fault(kind, path="invoices", seconds=0.05, times=1)
    with pytest.raises(requests.RequestException):
        desk.ask("invoices.info", {"id": booked})
    assert desk.world.journal[-1].applied is applied
    assert desk.info(booked)["id"] == booked


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("status", 503, "<html>"),
        ("status_after", 503, "<html>"),
        ("html", 200, "<html>"),
        ("empty", 200, ""),
        ("bad_json", 200, '{"data":[{"id":'),
        ("wrong_type", 200, '{"data":"soon"}'),
        ("error_header", 200, "{}"),
        ("drip", 200, '{"data":'),
        ("delay", 200, '{"data":'),
    ],
)
def test_a_spoilt_answer_looks_as_it_should(desk: Desk, kind: str, status: int, text: str) -> None:
    """Every kind of fault that answers something, once."""
    desk.world.fault(kind, status=503, seconds=0.02, times=1)
    answer = desk.ask("users.me")
    assert (answer.status_code, answer.text[: len(text) or 1]) == (status, text)
    assert ("ApiErrorCode" in answer.headers) is (kind == "error_header")
    assert desk.ask("users.me").json()["data"]["time_zone"] == "Europe/Brussels"


def test_a_late_write_is_applied_after_the_client_gave_up(desk: Desk) -> None:
    """The connection is long gone when the payment appears."""
    booked = desk.books.book()
    desk.world.fault("late", path="registerPayment", seconds=30, times=1)
    with pytest.raises(requests.ConnectionError):
        desk.pay(booked)
    assert desk.info(booked)["payments"] == []
    desk.world.advance(30)
    assert len(desk.info(booked)["payments"]) == 1


def test_a_fault_may_edit_the_books_between_two_pages(desk: Desk) -> None:
    """The action runs before the second list call only."""
    fault = desk.world.fault("call", path="list", nth=2, action=lambda _: desk.books.book())
    first, second = (
        desk.ask("invoices.list", {"includes": "pagination"}).json()["meta"]["matches"]
        for _ in range(2)
    )
    assert (second - first, fault.applied) == (1, 1)


def test_the_world_goes_back_to_a_snapshot(desk: Desk) -> None:
    """Books, tokens, switches and journal; and forward again, more than once."""
    before = desk.world.snapshot()
    for _ in range(2):
        desk.books.book()
        desk.rules.rate_limit = 7
        assert desk.refresh(desk.pair["refresh_token"]).status_code == 200
        desk.world.restore(before)
        assert (len(desk.books.invoices), desk.rules.rate_limit) == (60, 200)
        assert desk.world.journal == []
        assert len(desk.found("invoices.list", page={"size": 100})) == 60


def test_a_list_shows_nothing_of_a_life_before_the_snapshot(desk: Desk) -> None:
    """Pages are kept for speed; and what comes in an order of chance comes in the same again."""
    desk.rules.change({"shuffle_ties": True, "shuffle_credit_notes": True})
    first, second, *_ = desk.books.invoices
    before = desk.world.snapshot()
    seen = []
    for parent in (first, second):
        desk.world.restore(before)
        note = desk.books.credit(parent.id, 100)
        rows = {row["id"]: row for row in desk.found("creditNotes.list")}
        assert rows[note]["invoice"]["id"] == parent.id
        seen.append(
            [row["id"] for row in desk.found("invoices.list", sort=[{"field": "invoice_date"}])]
        )
    assert seen[0] == seen[1]


def test_a_misspelt_rule_or_fault_is_an_error(desk: Desk) -> None:
    """A test that turns a switch that is not there would prove nothing."""
    with pytest.raises(KeyError):
        desk.rules.change({"rate_limmit": 1})
    with pytest.raises(AttributeError):
        desk.rules.rate_limmit  # noqa: B018 - reading it is the point
    with pytest.raises(ValueError, match="no such fault"):
        desk.world.fault("explode")


def test_the_same_seed_gives_the_same_books() -> None:
    """And the odd ones are counted, few, and where `oddities` says."""
    one, other, third = (Books.make(200, 45, seed, TODAY) for seed in (1, 1, 2))
    assert [*one.invoices] == [*other.invoices] != [*third.invoices]
    assert one.invoice(one.oddities["zero"][0]).payable == 0
    assert one.invoice(one.oddities["no customer"][0]).customer_id is None
    assert {one.invoice(found).currency for found in one.oddities["usd"]} == {"USD"}
    assert Books.make(50, odd=0, today=TODAY).oddities == {}
    dates = [invoice.date for invoice in one.invoices if invoice.date]
    assert (min(dates) >= "2026-08-01", max(dates) <= "2026-09-14") == (True, True)


def test_the_control_api_does_what_a_person_would(desk: Desk) -> None:
    """Book, pay, break, look, go back; an unknown name is said, not ignored."""
    url = desk.sandbox.control_url

    def act(name: str, **arguments: Any) -> requests.Response:
        return desk.session.post(f"{url}/_sandbox/{name}", json=arguments, timeout=5)

    booked = act("book", amount=5_000).json()["result"]
    assert act("pay", invoice=booked["number"]).ok
    assert desk.info(booked["id"])["paid"] is True
    assert act("fault", kind="status", status=502, times=1).ok
    assert desk.ask("users.me").status_code == 502
    shown = desk.session.get(f"{url}/_sandbox/journal?path=users", timeout=5).json()
    assert shown["counts"] == {"teamleader POST /users.me": 1}
    assert shown["calls"][0]["fault"] == "status"
    assert act("book", amuont=1).status_code == 400
    assert act("explode").status_code == 404
    assert booked["number"] in desk.session.get(f"{url}/", timeout=5).text
    assert desk.session.get(f"{url}/_sandbox/twikey", timeout=5).json()["invoices"] == []
    assert act("reset").ok
    assert desk.world.journal == []


def test_invented_numbers_pass_their_checks() -> None:
    """A reference, an enterprise number, an IBAN and VAT numbers with right check digits."""
    assert checkdigits.structured_reference(1_234_567_890) == "+++123/4567/89002+++"
    assert checkdigits.structured_reference(97) == "+++000/0000/09797+++"
    enterprise = checkdigits.belgian_enterprise(896_230_35)
    assert 97 - int(enterprise[:8]) % 97 == int(enterprise[8:])
    iban = checkdigits.belgian_iban(123_456)
    assert int(f"{iban[4:]}1114{iban[2:4]}") % 97 == 1
    assert checkdigits.dutch_vat(123_456_789) == "NL123456789B13"
    assert checkdigits.french_vat(30_308_326) == "FR34303083265"
    assert checkdigits.german_vat(13_669_597) == "DE236695973"
