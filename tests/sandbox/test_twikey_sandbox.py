"""The sandbox's Twikey punishes what the real one punishes: creating and looking up.

Numbers in the names are the rules of API reference chapter 12.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.twikey_desk import ALICE, PDF, Desk, invoice, open_desk, refused, uuid


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with open_desk() as opened:
        yield opened


def test_the_answer_to_a_create_is_that_of_the_reference(desk: Desk) -> None:
    """Example E2: the resolved profile, the state and the payment page."""
    answer = desk.create(id=uuid(1), ct=1421, ref="tl-1", remittance="202600041723")
    assert answer == {
        "id": uuid(1),
        "number": "2026 / 417",
        "title": "Invoice 2026 / 417",
        "remittance": "202600041723",
        "ref": "tl-1",
        "ct": 1421,
        "amount": 121.0,
        "date": "2026-07-01",
        "duedate": "2026-07-31",
        "state": "BOOKED",
        "manual": False,
        "url": f"https://app.beta.twikey.com/4711/{uuid(1)}",
    }


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"number": None}, "err_missing_params", "number"),
    ({"number": "n" * 51}, "err_invalid_params", "number"),
    ({"number": 7}, "err_invalid_params", "number"),
    ({"amount": None}, "err_missing_params", "amount"),
    ({"amount": "121.00"}, "err_invalid_amount", "amount"),
    ({"amount": True}, "err_invalid_amount", "amount"),
    ({"amount": 1.234}, "err_invalid_amount", "amount"),
    ({"paidamount": "1"}, "err_invalid_amount", "paidamount"),
    ({"date": None}, "err_invalid_date", "date"),
    ({"date": "2026-02-30"}, "err_invalid_date", "date"),
    ({"duedate": "31/07/2026"}, "err_invalid_date", "duedate"),
    ({"duedate": "20260731"}, "err_invalid_date", "duedate"),
    ({"duedate": "2026-06-30"}, "err_invalid_date", "duedate"),
    ({"title": "t" * 141}, "err_invalid_params", "title"),
    ({"remittance": "r" * 141}, "err_invalid_params", "remittance"),
    ({"ref": 12}, "err_invalid_params", "ref"),
    ({"id": "17"}, "err_invalid_params", "id"),
    ({"id": "i" * 37}, "err_invalid_params", "id"),
    ({"ct": "14x1"}, "err_invalid_ct", "ct"),
    ({"ct": "12345"}, "err_invalid_ct", "ct"),
    ({"ct": 9998}, "err_no_such_ct", "ct"),
    ({"ct": "9998"}, "err_no_such_ct", "ct"),
    ({"locale": "xx"}, "err_invalid_lang", "locale"),
    ({"email": "one@a.example;two@a.example"}, "err_invalid_email", "email"),
    ({"cc": "one@a.example,nobody"}, "err_invalid_email", "cc"),
    ({"manual": "yes"}, "err_invalid_params", "manual"),
    ({"pdf": "data:application/pdf;base64," + PDF}, "err_invalid_params", "pdf"),
    ({"pdf": "aGVsbG8="}, "err_invalid_params", "pdf"),
    ({"pdf": PDF, "pdfUrl": "https://a.example/x.pdf"}, "err_invalid_params", "pdfUrl"),
    ({"redirectUrl": "nowhere"}, "err_invalid_params", "redirectUrl"),
    ({"customer": None}, "err_missing_params", "customer"),
    ({"customerByRef": "alice"}, "err_invalid_params", "customer"),
    ({"customer": {"companyName": "No number"}}, "err_missing_params", "customerNumber"),
    ({"customer": {"customerNumber": "new"}}, "err_name_required", "customer"),
    ({"customer": {**ALICE, "customerNumber": 5}}, "err_invalid_params", "customerNumber"),
    ({"customer": {**ALICE, "companyName": "c" * 141}}, "err_invalid_params", "companyName"),
    ({"customer": {**ALICE, "address": "a" * 71}}, "err_invalid_params", "address"),
    ({"customer": {**ALICE, "l": "nl_nl"}}, "err_invalid_params", "l"),
    ({"customer": {**ALICE, "l": "xx"}}, "err_invalid_lang", "l"),
    ({"customer": {**ALICE, "country": "XX"}}, "err_invalid_country", "country"),
    ({"customer": {**ALICE, "country": "BEL"}}, "err_invalid_params", "country"),
    ({"customer": {**ALICE, "email": "nobody"}}, "err_invalid_email", "email"),
    ({"customer": None, "customerByRef": "nobody"}, "err_debtor_not_found", "nobody"),
    ({"customer": None, "customerByDocument": "NONE"}, "err_no_contract", "NONE"),
]


@pytest.mark.parametrize(("fields", "code", "extra"), BAD)
def test_rule_4_and_5_a_wrong_field_is_refused(
    desk: Desk, fields: dict[str, Any], code: str, extra: str
) -> None:
    """Every refusal has both headers and a body, and leaves nothing behind."""
    refused(desk.call("POST", "/invoice", json=invoice(**fields)), code, extra)
    assert desk.twikey.dump()["invoices"] == []
    assert desk.twikey.dump()["customers"] == []
    assert desk.feed() == []


GOOD: list[dict[str, Any]] = [
    {"amount": -121.0, "relatedInvoiceNumber": "2026 / 1", "manual": True},
    {"manual": "true", "ct": "1420"},
    {"unknown": {"anything": 1}, "relatedInvoiceNumber": ""},
    {"date": "2019-01-01", "duedate": "2019-01-31", "paidamount": 21},
    {"customer": {"customerNumber": "bob", "firstName": "Bob", "lastName": "B", "country": "BE"}},
    {"customer": {"email": "only@mail.example", "lastname": "Mail"}},
    {"pdf": PDF, "cc": "a@a.example,b@a.example", "locale": "nl_nl"},
]


@pytest.mark.parametrize("fields", GOOD)
def test_rule_5_what_the_contract_allows_is_accepted(desk: Desk, fields: dict[str, Any]) -> None:
    """Credit notes, both spellings of names, text booleans, unknown keys, old dates."""
    assert desk.create(**fields)["state"] == "BOOKED"


def test_a_body_that_is_no_json_is_refused(desk: Desk) -> None:
    """Malformed JSON and another content type are the caller's mistakes."""
    json_type = {"Content-Type": "application/json"}
    refused(desk.call("POST", "/invoice", data="{", headers=json_type), "err_invalid_params")
    refused(desk.call("POST", "/invoice", data=invoice()), "err_invalid_params")


def test_rule_5_an_existing_number_returns_the_first_invoice_unchanged(desk: Desk) -> None:
    """A second create never changes the first, nor creates its customer."""
    first = desk.create(id=uuid(1))
    bob = {"customerNumber": "bob", "companyName": "Bob BV"}
    again = desk.create(id=uuid(2), amount=5.0, title="Other", customer=bob)
    assert again == first == desk.create(id=uuid(1), title="Other")
    dump = desk.twikey.dump()
    assert [customer["customerNumber"] for customer in dump["customers"]] == ["alice"]
    assert len(dump["invoices"]) == 1


@pytest.mark.parametrize(("rule", "status"), [("400", 400), ("409", 409)])
def test_rule_5_an_existing_number_can_be_refused(desk: Desk, rule: str, status: int) -> None:
    """The switch existing_number: for the same id and for another."""
    desk.rule(existing_number=rule)
    desk.create(id=uuid(1))
    for id_ in (uuid(1), uuid(2)):
        answer = desk.call("POST", "/invoice", json=invoice(id=id_))
        assert (answer.status_code, "ApiErrorCode" in answer.headers) == (status, True)


def test_rule_5_an_existing_id_under_another_number(desk: Desk) -> None:
    """Refused by default, or the first invoice comes back."""
    first = desk.create(id=uuid(1))
    other = invoice("2026 / 999", id=uuid(1))
    refused(desk.call("POST", "/invoice", json=other), "err_invalid_params", "id")
    desk.rule(existing_id="return")
    assert desk.call("POST", "/invoice", json=other).json() == first


def test_rule_5_the_profile_is_the_invoices_the_customers_or_the_accounts(desk: Desk) -> None:
    """An invoice's ct does not become the customer's default; PATCH ct does (4.3)."""
    assert desk.create("1", ct=1421)["ct"] == 1421
    assert desk.create("2")["ct"] == 1400
    assert desk.call("PATCH", "/customer/alice", params={"ct": 1422}).status_code == 204
    assert desk.create("3")["ct"] == 1422
    desk.act("set_customer_profile", "alice", 1420)
    assert desk.create("4", customer=None, customerByRef="alice")["ct"] == 1420
    desk.rule(ct_sets_default=True)
    desk.create("5", ct=1421, customer={"customerNumber": "bob", "lastname": "B"})
    assert desk.create("6", customer=None, customerByRef="bob")["ct"] == 1421


def test_rule_5_an_existing_customer_is_not_changed_by_an_invoice(desk: Desk) -> None:
    """Only the switch create_overwrites does that."""
    desk.create("1")
    changed = {**ALICE, "companyName": "Changed"}
    desk.create("2", customer=changed)
    assert desk.twikey.dump()["customers"][0]["companyName"] == "Alice BV"
    desk.rule(create_overwrites=True)
    desk.create("3", customer=changed)
    assert desk.twikey.dump()["customers"][0]["companyName"] == "Changed"


def test_rule_5_a_signed_mandate_on_the_same_profile_collects_at_once(desk: Desk) -> None:
    """PENDING in the create answer, unless manual, a credit note, or another profile."""
    desk.create("1")
    desk.act("sign_mandate", "alice", 1420)
    assert desk.create("2", ct=1420)["state"] == "PENDING"
    assert desk.create("3", ct=1420, manual=True)["state"] == "BOOKED"
    assert desk.create("4", ct=1421)["state"] == "BOOKED"
    assert desk.create("5", ct=1420, amount=-5)["state"] == "BOOKED"
    as_header = desk.call(
        "POST", "/invoice", json=invoice("6", ct=1420), headers={"X-MANUAL": "true"}
    )
    assert as_header.json()["state"] == "BOOKED"


def test_an_idempotency_key_works_once_a_day(desk: Desk) -> None:
    """Re-use is 409 err_duplicate_ref; a refused create does not use it up (1.11)."""
    headers = {"Idempotency-Key": "tl-1"}
    bad = desk.call("POST", "/invoice", json=invoice(amount="1"), headers=headers)
    assert bad.status_code == 400
    assert desk.call("POST", "/invoice", json=invoice(), headers=headers).ok
    again = desk.call("POST", "/invoice", json=invoice(), headers=headers)
    assert (again.status_code, again.headers["ApiErrorCode"]) == (409, "err_duplicate_ref")
    desk.rule(idempotency=False)
    assert desk.call("POST", "/invoice", json=invoice(), headers=headers).ok


def test_rule_6_invoices_are_found_by_id_or_by_a_number_safe_in_a_path(desk: Desk) -> None:
    """A number that needs escaping is answered 200 without a body."""
    id_ = desk.create("2026 / 417", id=uuid(1))["id"]
    desk.create("INV-1", id=uuid(2))
    assert desk.details(id_)["number"] == "2026 / 417"
    assert desk.details("INV-1")["id"] == uuid(2)
    for escaped in ("2026%20%2F%20417", "INV%23417"):
        response = desk.call("GET", f"/invoice/{escaped}")
        assert (response.status_code, response.content) == (200, b"")
    refused(desk.call("GET", "/invoice/" + uuid(9)), "err_not_found", uuid(9))
    desk.rule(unknown_invoice="404")
    assert desk.call("GET", "/invoice/" + uuid(9)).status_code == 404


def test_details_show_what_is_included(desk: Desk) -> None:
    """Includes are repeated, unknown ones ignored, commas no separators."""
    id_ = desk.create()["id"]
    assert desk.details(id_)["customer"]["customerNumber"] == "alice"
    assert desk.details(id_)["meta"] == {"reminderLevel": 0}
    plain = desk.call("GET", f"/invoice/{id_}?include=customer,meta&include=seq").json()
    assert not {"customer", "meta", "lastpayment"} & set(plain)


def test_rule_14_details_are_rate_limited(desk: Desk) -> None:
    """The header counts down; beyond the limit comes an empty 429, until a minute has passed."""
    desk.rule(detail_limit=2)
    id_ = desk.create()["id"]
    answers = [desk.call("GET", f"/invoice/{id_}") for _ in range(3)]
    assert [answer.headers.get("X-Rate-Limit-Remaining") for answer in answers] == ["1", "0", None]
    assert (answers[2].status_code, answers[2].content) == (429, b"")
    assert answers[2].headers["X-Rate-Limit-Retry-After-Seconds"] == "60"
    desk.world.advance(61)
    assert desk.call("GET", f"/invoice/{id_}").ok
