"""The sandbox's Twikey: what nobody knows about the real one is a switch (reference chapter 10)."""

from collections.abc import Iterator

import pytest

from tests.sandbox.twikey_desk import ALICE, Desk, invoice, open_desk, refused, uuid


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with open_desk() as opened:
        yield opened


def test_a_misspelt_switch_or_value_is_noticed(desk: Desk) -> None:
    """A switch that does not exist would prove nothing."""
    with pytest.raises(KeyError):
        desk.rule(exsiting_number="400")
    desk.rule(existing_number="retrun")
    with pytest.raises(ValueError, match="existing_number"):
        _ = desk.twikey.rules.existing_number


def test_a_new_login_may_end_the_older_session(desk: Desk) -> None:
    """Both live by default (10-3)."""
    desk.call("GET", "/invoice")
    desk.login()
    assert desk.call("GET", "/invoice").ok
    desk.rule(login_ends_older=True)
    desk.login()
    assert desk.call("GET", "/invoice").status_code == 401


def test_creating_may_be_limited(desk: Desk) -> None:
    """The 429 comes before anything is stored (1.12)."""
    desk.rule(create_limit=1)
    desk.create("1")
    answer = desk.call("POST", "/invoice", json=invoice("2"))
    assert (answer.status_code, answer.content) == (429, b"")
    assert len(desk.twikey.dump()["invoices"]) == 1


def test_a_refused_create_may_use_its_idempotency_key_up(desk: Desk) -> None:
    """Unknown: 1.11."""
    desk.rule(idempotency_used_by_refusal=True)
    headers = {"Idempotency-Key": "tl-1"}
    for amount, status in ((None, 400), (121, 409)):
        body = invoice(amount=amount)
        assert desk.call("POST", "/invoice", json=body, headers=headers).status_code == status


def test_an_amount_of_zero_is_paid_at_once_or_refused(desk: Desk) -> None:
    """As is one that was prepaid in full (2.8)."""
    assert desk.create("1", amount=0)["state"] == "PAID"
    assert desk.create("2", paidamount=121)["state"] == "PAID"
    desk.rule(zero_amount="refuse")
    refused(desk.call("POST", "/invoice", json=invoice("3", amount=0)), "err_invalid_amount")


def test_an_overdue_invoice_may_be_expired_from_the_start(desk: Desk) -> None:
    """Reference 2.8 and 2.2 differ."""
    late = {"date": "2026-01-01", "duedate": "2026-01-31"}
    assert desk.create("1", **late)["state"] == "BOOKED"
    desk.rule(past_due_is_expired=True)
    assert desk.create("2", **late)["state"] == "EXPIRED"


def test_optional_facts_may_be_checked_more_strictly(desk: Desk) -> None:
    """Related numbers, SEPA characters, ids of deleted invoices; dates less so."""
    desk.create("1", id=uuid(1), title="Caf\u00e9 & co", relatedInvoiceNumber="none")
    desk.act("delete_invoice", "1")
    desk.rule(unknown_related="refuse", sepa_only=True, deleted_id="refuse")
    for fields, code in (
        ({"relatedInvoiceNumber": "none"}, "err_invalid_params"),
        ({"title": "Caf\u00e9"}, "err_invalid_sepachars"),
        ({"id": uuid(1)}, "err_invalid_params"),
    ):
        refused(desk.call("POST", "/invoice", json=invoice("2", **fields)), code)
    desk.rule(due_before_date="accept", name_required=False)
    desk.create("3", duedate="2026-06-30", customer={"customerNumber": "bare"})


def test_answers_may_be_written_otherwise(desk: Desk) -> None:
    """Amounts as text, status for state (10-9), other ways to say not found (10-19)."""
    desk.rule(amount_as_text=True, state_as_status=True, unknown_invoice="empty", no_pdf="400")
    answer = desk.create("1")
    assert (answer["amount"], answer["status"], "state" in answer) == ("121.00", "BOOKED", False)
    unknown = desk.call("GET", f"/invoice/{uuid(9)}")
    assert (unknown.status_code, unknown.content) == (200, b"")
    refused(desk.call("GET", f"/invoice/{answer['id']}/pdf"), "err_not_found")


def test_a_batch_may_say_less(desk: Desk) -> None:
    """Rows that are missing, and texts instead of codes (10-18)."""
    desk.rule(bulk_polls=0, bulk_rows_left_out=1, bulk_error_text="message")
    members = [invoice("1"), invoice("2", ct=9998), invoice("3", ct=9998)]
    batch = desk.call("POST", "/invoice/bulk", json=members).json()["batchId"]
    rows = desk.call("GET", "/invoice/bulk", params={"batchId": batch}).json()
    assert [row["status"] for row in rows] == ["OK", "No such ct"]


@pytest.mark.parametrize(("rule", "city"), [("clear", None), ("ignore", "Gent")])
def test_a_blank_parameter_may_clear_or_do_nothing(desk: Desk, rule: str, city: str | None) -> None:
    """Refused by default (10-16)."""
    desk.create(customer={**ALICE, "city": "Gent"})
    desk.rule(blank_parameter=rule, patch_undocumented=True)
    query = {"city": "", "vatno": "BE0745749559"}
    assert desk.call("PATCH", "/customer/alice", params=query).status_code == 204
    (customer,) = desk.twikey.dump()["customers"]
    assert (customer.get("city"), customer["vatno"]) == (city, "BE0745749559")


def test_marking_as_paid_may_stay_out_of_the_payment_feed(desk: Desk) -> None:
    """Not in any sample (3.5)."""
    desk.create("1")
    desk.rule(manual_in_payment_feed=False)
    desk.act("manual_paid", "1")
    assert desk.feed("/invoice/payment/feed") == []


def test_pdfs_have_a_largest_size(desk: Desk) -> None:
    """413 beyond the limit (10-7)."""
    desk.rule(pdf_limit=10)
    answer = desk.call("POST", "/invoice", json=invoice(pdf="JVBERi0xLjQKJSVFT0YK"))
    assert answer.status_code == 413
