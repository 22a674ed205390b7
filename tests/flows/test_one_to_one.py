"""Guide 4: the one-to-one link; a customer number changed in Twikey is reset, and told."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from flows.customers import CustomersRequest, follow_customers
from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    NUMBER,
    at,
    book_100,
    creates,
    held,
    known,
    run,
    said,
    twikey_customers,
)

STRANGER = "7f3a09e1-a005-0d4c-8674-5eb981ecd2c4"
RESET = "customer number reset"


class Killed(BaseException):
    """The process died here."""


def renamed(office: Office, number: str = "ABC", *, shown: bool) -> Office:
    """Let the common customer be known and get another number in Twikey.

    ``shown``: Twikey's feed shows one of its invoices afterwards, so that the change is noticed.
    """
    known(office)
    later(office, minutes=5)
    office.sandbox.twikey.actions["rename_customer"](CUSTOMER, number)
    if shown:
        office.sandbox.twikey.actions["pay_link"]("2024 / 99")
    later(office, minutes=5)
    return office


def later(office: Office, **span: float) -> None:
    """Let time pass on both sides."""
    at(office, office.clock.now() + timedelta(**span))
    office.grant()


def resets(office: Office) -> list[object]:
    """Return the numbers that the customer had, as its journey tells."""
    with office.ledger() as ledger:
        story = ledger.journal.of(CUSTOMER)
    return [event["facts"]["was"] for event in story if event["what"] == RESET]


def alerts(office: Office) -> list[str]:
    """Return the codes of what a person is to look at."""
    with office.ledger() as ledger:
        return [row["code"] for row in ledger.alerts.open("CUSTOMER_RENAMED")]


@pytest.mark.parametrize("count", [1, 12])
def test_the_feed_shows_it_so_it_is_reset_before_anything_is_sent(
    november: Office, count: int
) -> None:
    """A21: noticed from the feed's customer: reset first, no create is refused, one customer."""
    renamed(november, shown=True)
    for place in range(count):
        book_100(november, number=f"2024 / {200 + place}")
    november.forget_calls()
    report = november.imports(days=30)
    assert (report.sent, report.held) == (count, 0)
    assert list(twikey_customers(november)) == [CUSTOMER]
    assert {row["customerNumber"] for row in november.twikey_invoices().values()} == {CUSTOMER}
    assert all(call.status == 200 for call in creates(november))
    assert resets(november) == ["ABC"]
    assert any("ABC" in note and CUSTOMER in note for note in report.notes)


def test_without_an_import_of_the_customer_its_number_stays(november: Office) -> None:
    """A21: it is reset the next time an invoice of that customer is imported, not before."""
    renamed(november, shown=True)
    november.imports()
    assert list(twikey_customers(november)) == ["ABC"]
    other = november.sandbox.books.new_customer()
    november.sandbox.books.book(customer=other, date="2024-11-01")
    november.imports()
    assert set(twikey_customers(november)) == {"ABC", other}
    assert resets(november) == []


def test_a_number_put_back_by_hand_is_left_alone(november: Office) -> None:
    """A21: the feed showed it changed, but it is right again: looked at, nothing written."""
    renamed(november, shown=True)
    november.imports()
    november.sandbox.twikey.actions["rename_customer"]("ABC", CUSTOMER)
    book_100(november)
    november.forget_calls()
    assert november.imports().sent == 1
    assert [c for c in november.calls("twikey") if c.method == "PATCH"] == []
    assert resets(november) == []


def test_a_changed_customer_that_was_renamed_gets_its_number_and_its_news(
    november: Office,
) -> None:
    """A21, A50: an update finds nobody under the number: reset, then updated, in one run."""
    renamed(november, shown=False)
    november.sandbox.books.edit_customer(CUSTOMER, email="new@klant.example")
    later(november, minutes=5)
    outcome = run(november, "customers", "--json")
    assert (outcome.code, outcome.json["told"], outcome.json["reset"]) == (0, 1, 1)
    assert twikey_customers(november)[CUSTOMER]["email"] == "new@klant.example"
    assert resets(november) == ["ABC"]


def test_a_number_that_another_customer_has_cannot_be_reset_and_is_told(november: Office) -> None:
    """A21: Twikey refuses; nothing is sent to whoever has the number, and a person is told."""
    renamed(november, shown=True)
    november.sandbox.twikey.actions["enter_by_hand"](
        "X 1", 10, customer={"customerNumber": CUSTOMER, "companyName": "Second"}
    )
    november.sandbox.books.edit_customer(CUSTOMER, email="new@klant.example")
    book_100(november)
    later(november, minutes=5)
    outcome = run(november, "import", "--json")
    assert (outcome.code, outcome.json["sent"]) == (2, 0)
    assert "CUSTOMER_RENAMED" in [row["code"] for row in outcome.json["alerts"]]
    assert held(november) == {NUMBER: "REFUSED"}
    assert alerts(november) == ["CUSTOMER_RENAMED"]
    words = said(run(november, "status"))
    assert "CUSTOMER_RENAMED" in words and "ABC" in words
    second = twikey_customers(november)[CUSTOMER]
    assert (second["companyName"], second.get("email")) == ("Second", None)
    november.sandbox.twikey.actions["rename_customer"](CUSTOMER, "SECOND")
    later(november, minutes=20)
    assert november.imports().sent == 1
    assert november.twikey_invoices()[NUMBER]["customerNumber"] == CUSTOMER
    assert alerts(november) == []
    assert set(twikey_customers(november)) == {CUSTOMER, "SECOND"}


def test_one_deleted_invoice_does_not_hide_the_changed_number(november: Office) -> None:
    """A21: the newest was deleted in Twikey: an older one shows the number; one customer."""
    known(november)
    later(november, hours=1)
    newest = book_100(november, number="2024 / 98", date="2024-11-01")
    november.imports()
    november.sandbox.twikey.actions["rename_customer"](CUSTOMER, "ABC")
    november.sandbox.twikey.actions["delete_invoice"](newest)
    later(november, hours=1)
    book_100(november)
    assert november.imports().sent == 1
    assert list(twikey_customers(november)) == [CUSTOMER]
    assert resets(november) == ["ABC"]


def undone_and_renamed(office: Office) -> None:
    """Let the only import of the customer be taken back, and its number be changed in Twikey."""
    known(office)
    assert run(office, "undo", "last", "--yes").code == 0
    office.sandbox.twikey.actions["rename_customer"](CUSTOMER, "ABC")
    later(office, hours=1)
    book_100(office)


def test_after_undo_nothing_shows_a_changed_number_so_a_person_is_asked(november: Office) -> None:
    """A21: no invoice stands there to look at: held, no second customer; the advice works."""
    undone_and_renamed(november)
    outcome = run(november, "import")
    assert (outcome.code, held(november)) == (2, {NUMBER: "CUSTOMER_UNKNOWN"})
    assert "2024 / 100" in said(outcome) and "Klant NV" in said(outcome)
    assert "--confirm" in said(outcome)
    assert list(twikey_customers(november)) == ["ABC"]
    november.sandbox.twikey.actions["rename_customer"]("ABC", CUSTOMER)
    assert run(november, "retry").code == 0
    assert list(twikey_customers(november)) == [CUSTOMER]
    assert NUMBER in november.twikey_invoices()


def test_a_customer_that_was_deleted_in_twikey_comes_anew_when_a_person_says_so(
    november: Office,
) -> None:
    """A21: told that it was deleted there, its next invoice brings the customer again."""
    undone_and_renamed(november)
    books = november.sandbox.twikey.books
    books.customer_keys.pop("ABC")
    run(november, "import")
    assert run(november, "retry", NUMBER).code == 2
    assert run(november, "retry", NUMBER, "--confirm").code == 0
    assert november.twikey_invoices()[NUMBER]["customerNumber"] == CUSTOMER
    later(november, hours=1)
    book_100(november, number="2024 / 102")
    assert november.imports().sent == 1


@pytest.mark.parametrize("deleted", [True, False])
def test_a_change_of_a_customer_that_twikey_does_not_know_is_told(
    november: Office, deleted: bool
) -> None:
    """A21, A50: nothing is forgotten: put back, it follows; deleted, a person says so."""
    undone_and_renamed(november)
    november.sandbox.books.edit_customer(CUSTOMER, email="new@klant.example")
    later(november, minutes=5)
    outcome = run(november, "customers")
    assert outcome.code == 2 and "CUSTOMER_NOT_FOUND" in said(run(november, "status"))
    if deleted:
        assert run(november, "retry", CUSTOMER, "--confirm").code == 0
    else:
        november.sandbox.twikey.actions["rename_customer"]("ABC", CUSTOMER)
        assert run(november, "customers").code == 0
        assert twikey_customers(november)[CUSTOMER]["email"] == "new@klant.example"
    assert run(november, "import").code == 0
    assert "CUSTOMER_NOT_FOUND" not in said(run(november, "status"))


def test_a_refused_reset_holds_the_invoice_and_is_told(november: Office) -> None:
    """A21: a reset that fails makes no second customer; it is tried again and settles itself."""
    renamed(november, shown=True)
    book_100(november)
    november.sandbox.world.fault(
        "status", path="/customer/ABC", method="PATCH", status=400, times=1,
        headers={"ApiErrorCode": "err_invalid_params", "ApiError": "Invalid parameter"},
    )  # fmt: skip
    november.imports()
    assert held(november) == {NUMBER: "REFUSED"}
    assert alerts(november) == ["CUSTOMER_RENAMED"]
    assert list(twikey_customers(november)) == ["ABC"]
    assert run(november, "retry", NUMBER).code == 0
    assert list(twikey_customers(november)) == [CUSTOMER]
    assert (alerts(november), resets(november)) == ([], ["ABC"])


def test_the_number_of_another_teamleader_customer_is_never_taken_away(november: Office) -> None:
    """C27: a number that is an id of Teamleader's may be a merge by hand: told, not reset."""
    renamed(november, STRANGER, shown=False)
    book_100(november)
    november.imports()
    assert held(november) == {NUMBER: "REFUSED"}
    assert alerts(november) == ["CUSTOMER_RENAMED"]
    assert list(twikey_customers(november)) == [STRANGER]


@pytest.mark.parametrize("fault", ["lost answer", "late"])
def test_a_reset_whose_answer_was_lost_is_looked_up_and_told(november: Office, fault: str) -> None:
    """A21: the journey tells of it, also when nobody heard how the reset ended."""
    renamed(november, shown=True)
    book_100(november)
    kind = "reset_after" if fault == "lost answer" else "reset_before"
    november.sandbox.world.fault(kind, path="/customer/ABC", method="PATCH", times=1)
    november.imports()
    assert NUMBER not in november.twikey_invoices()
    if fault == "late":
        november.sandbox.twikey.actions["rename_customer"]("ABC", CUSTOMER)
    later(november, minutes=20)
    november.imports()
    assert NUMBER in november.twikey_invoices()
    assert list(twikey_customers(november)) == [CUSTOMER]
    assert resets(november) == ["ABC"]


@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("verb", ["import", "customers"])
def test_a_kill_right_after_the_reset_does_not_lose_its_story(
    november: Office, monkeypatch: pytest.MonkeyPatch, verb: str, shown: bool
) -> None:
    """A21: dead between Twikey's answer and our commit: the next run tells of the reset, once."""
    renamed(november, shown=shown)
    november.sandbox.books.edit_customer(CUSTOMER, email="new@klant.example")
    if verb == "import":
        book_100(november)
    later(november, minutes=5)

    def work() -> None:
        if verb == "import":
            november.imports()
            return
        with november.connection() as connection:
            follow_customers(connection, CustomersRequest())

    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("connectors.ledger.links.Links.has_number_again", dies)
        with suppress(Killed):
            work()
    assert list(twikey_customers(november)) == [CUSTOMER]
    assert resets(november) == []
    for _ in range(2):
        later(november, minutes=5)
        work()
    assert resets(november) == ["ABC"]
    assert twikey_customers(november)[CUSTOMER]["email"] == "new@klant.example"
    assert len(november.twikey_invoices()) == (2 if verb == "import" else 1)
