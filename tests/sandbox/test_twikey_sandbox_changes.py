"""The sandbox's Twikey: changing invoices, PDFs, invitations, customers and mandates.

Numbers in the names are the rules of API reference chapter 12.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox.twikey_desk import ALICE, PDF, Desk, open_desk, refused, uuid

DATES = {"date": "2026-07-01", "duedate": "2026-07-31"}


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with open_desk() as opened:
        yield opened


def put(desk: Desk, id_: str, **body: Any) -> requests.Response:
    """Change an invoice."""
    return desk.call("PUT", f"/invoice/{id_}", json=body)


def act(desk: Desk, id_: str, **form: Any) -> requests.Response:
    """Ask for an action on an invoice."""
    return desk.call("POST", f"/invoice/{id_}/action", data=form)


def in_progress(desk: Desk, number: str = "1", **fields: Any) -> str:
    """The id of an invoice that is being collected."""
    desk.create("0", manual=True)
    desk.act("sign_mandate", "alice", 1420)
    invoice = desk.create(number, ct=1420, **fields)
    assert invoice["state"] == "PENDING"
    return str(invoice["id"])


def test_rule_7_a_put_attaches_a_pdf_and_can_be_read_back(desk: Desk) -> None:
    """The bytes are recorded; before that, GET pdf is 404."""
    id_ = desk.create()["id"]
    assert desk.call("GET", f"/invoice/{id_}/pdf").status_code == 404
    assert put(desk, id_, pdf=PDF, title="New", **DATES).json()["title"] == "New"
    response = desk.call("GET", f"/invoice/{id_}/pdf")
    assert response.headers["Content-Type"] == "application/pdf"
    assert "filename=2026_417.pdf" in response.headers["Content-Disposition"]
    assert "X-Rate-Limit-Remaining" in response.headers
    stored = desk.twikey.dump()["invoices"][0]["pdf"]
    assert (response.content[:5], stored["bytes"]) == (b"%PDF-", len(response.content))
    desk.rule(second_pdf="refuse")
    refused(put(desk, id_, pdf=PDF, **DATES), "err_invalid_params", "pdf")


def test_rule_7_a_put_needs_both_dates_and_an_id_that_exists(desk: Desk) -> None:
    """Strict by default; the switch strict_put allows a partial body."""
    id_ = desk.create("INV-1")["id"]
    refused(put(desk, id_, title="x"), "err_invalid_date", "date")
    refused(put(desk, id_, title="x", date="2026-07-01"), "err_invalid_date", "duedate")
    refused(put(desk, uuid(9), **DATES), "err_not_found")
    refused(put(desk, "INV-1", **DATES), "err_not_found")
    refused(put(desk, id_, state="PAID", **DATES), "err_invalid_params", "state")
    refused(put(desk, id_, pdf="no pdf", **DATES), "err_invalid_params", "pdf")
    desk.rule(strict_put=False)
    assert put(desk, id_, title="x").json()["title"] == "x"


def test_rule_7_states_change_as_a_put_says(desk: Desk) -> None:
    """Paid is harmless when repeated, booked is a manual reset, archived is not paid."""
    id_ = desk.create()["id"]
    for state, shown in (
        ("paid", "PAID"),
        ("paid", "PAID"),
        ("booked", "BOOKED"),
        ("archived", "ARCHIVED"),
    ):
        assert put(desk, id_, state=state, **DATES).json()["state"] == shown
    refused(put(desk, id_, state="paid", **DATES), "err_invalid_state")
    assert len(desk.twikey.dump()["payments"]) == 1


def test_rule_7_while_pending_neither_state_nor_dates_change(desk: Desk) -> None:
    """A PDF may still be attached."""
    id_ = in_progress(desk)
    refused(put(desk, id_, state="paid", **DATES), "err_invalid_state")
    refused(put(desk, id_, date="2026-07-01", duedate="2026-08-31"), "err_invalid_state")
    assert put(desk, id_, pdf=PDF, **DATES).ok
    desk.rule(pdf_while_pending=False)
    refused(put(desk, id_, pdf=PDF, **DATES), "err_invalid_state")


def test_rule_8_a_delete_spares_what_is_in_progress_or_paid(desk: Desk) -> None:
    """Then the invoice is unknown and its number free again."""
    pending = in_progress(desk)
    refused(desk.call("DELETE", f"/invoice/{pending}"), "err_invalid_state")
    id_ = desk.create("2")["id"]
    assert desk.call("DELETE", f"/invoice/{id_}").status_code == 204
    refused(desk.call("GET", f"/invoice/{id_}"), "err_not_found")
    refused(desk.call("DELETE", f"/invoice/{id_}"), "err_not_found")
    assert desk.create("2", id=uuid(2))["id"] == uuid(2)
    desk.act("manual_paid", "2")
    refused(desk.call("DELETE", f"/invoice/{uuid(2)}"), "err_invalid_state")


def test_rule_9_every_invitation_is_recorded(desk: Desk) -> None:
    """Repeating one sends two; reminders count up to 4."""
    id_ = desk.create()["id"]
    for _ in range(2):
        assert act(desk, id_, type="send").status_code == 204
    for _ in range(5):
        assert act(desk, id_, type="reminder").status_code == 204
    invites = desk.twikey.dump()["invites"]
    assert [(one["type"], one["by"], one["to"]) for one in invites] == [
        ("send", "api", "ap@alice.example")
    ] * 2
    assert desk.details(id_)["meta"]["reminderLevel"] == 4


def test_rule_9_actions_are_refused_where_they_make_no_sense(desk: Desk) -> None:
    """Codes of reference 1.10 and 2.11."""
    id_ = desk.create()["id"]
    refused(act(desk, id_), "err_missing_params", "type")
    refused(act(desk, id_, type="dance"), "err_invalid_params", "type")
    refused(
        desk.call("POST", f"/invoice/{id_}/action", json={"type": "send"}), "err_missing_params"
    )
    refused(act(desk, id_, type="reoffer"), "err_no_contract")
    refused(act(desk, id_, type="refund"), "err_msg_missing")
    refused(act(desk, id_, type="refund", message="sorry"), "err_invalid_state")
    refused(act(desk, id_, type="paymentplan"), "err_missing_params", "initialAmount")
    refused(act(desk, uuid(9), type="send"), "err_not_found")
    desk.rule(email_disabled=True)
    refused(act(desk, id_, type="send"), "err_email_disabled")
    assert act(desk, id_, type="manualPayment", rsn="bank").status_code == 204
    refused(act(desk, id_, type="sms"), "err_invalid_state")
    assert act(desk, id_, type="refund", message="sorry", amount="21").status_code == 204
    assert desk.twikey.dump()["invites"] == []


def test_an_invoice_booked_before_its_mandate_is_collected_by_reoffer(desk: Desk) -> None:
    """A later mandate alone collects nothing (2.8)."""
    id_ = desk.create(ct=1420)["id"]
    desk.act("sign_mandate", "alice", 1420)
    assert desk.details(id_)["state"] == "BOOKED"
    assert act(desk, id_, type="reoffer").status_code == 204
    assert desk.details(id_)["state"] == "PENDING"
    refused(act(desk, id_, type="reoffer"), "err_transaction_invalid_action")


def test_profiles_invite_at_booking_or_when_the_pdf_arrives(desk: Desk) -> None:
    """Options A and B of reference 2.12; a second PDF invites nobody again."""
    desk.act("set_profile", 1420, send_on_booking=True)
    desk.act("set_profile", 1421, send_on_booking=True, with_pdf=True)
    desk.create("1", ct=1420)
    id_ = desk.create("2", ct=1421)["id"]
    desk.create("3", ct=1421, pdf=PDF)
    desk.create("4", ct=1422)
    assert [one["number"] for one in desk.twikey.dump()["invites"]] == ["1", "3"]
    for _ in range(2):
        assert put(desk, id_, pdf=PDF, **DATES).ok
    assert [one["number"] for one in desk.twikey.dump()["invites"]] == ["1", "2", "3"]


def test_whether_a_late_pdf_invites_is_a_switch(desk: Desk) -> None:
    """Nobody knows (10-6): never, once, or at every PDF."""
    desk.act("set_profile", 1421, send_on_booking=True, with_pdf=True)
    id_ = desk.create("1", ct=1421)["id"]
    desk.rule(invite_on_pdf=False)
    put(desk, id_, pdf=PDF, **DATES)
    assert desk.twikey.dump()["invites"] == []
    desk.rule(invite_on_pdf=True, invite_on_every_pdf=True)
    for _ in range(2):
        put(desk, id_, pdf=PDF, **DATES)
    assert len(desk.twikey.dump()["invites"]) == 2


def test_the_state_of_invitations_can_be_asked_for(desk: Desk) -> None:
    """invite_state is ok, fail or not_ok (2.12)."""
    id_ = desk.create()["id"]
    path = f"/invoice/{id_}?invite_state="
    refused(desk.call("GET", path + "ok"), "err_not_found")
    assert desk.call("GET", path + "not_ok").ok
    act(desk, id_, type="send")
    assert desk.call("GET", path + "ok").ok
    refused(desk.call("GET", path + "maybe"), "err_invalid_params")


def test_rule_13_a_customer_is_patched_by_query_only(desk: Desk) -> None:
    """204; the body is not looked at; vatno is no parameter."""
    desk.create()
    query = {"email": "new@alice.example", "address": "Veldstraat 57 & 58", "vatno": "BE1"}
    response = desk.call("PATCH", "/customer/alice", params=query, json={"city": "Gent"})
    assert (response.status_code, response.content) == (204, b"")
    (customer,) = desk.twikey.dump()["customers"]
    assert customer["email"] == "new@alice.example"
    assert customer["address"] == "Veldstraat 57 & 58"
    assert not {"city", "vatno"} & set(customer)


def test_rule_13_coc_changes_only_with_the_company_name(desk: Desk) -> None:
    """With the same name, or none, it is silently left."""
    desk.create(customer={**ALICE, "coc": "1"})
    for query, coc in (
        ({"coc": "2"}, "1"),
        ({"coc": "3", "companyName": "Alice BV"}, "1"),
        ({"coc": "4", "companyName": "Alice NV"}, "4"),
    ):
        assert desk.call("PATCH", "/customer/alice", params=query).status_code == 204
        assert desk.twikey.dump()["customers"][0]["coc"] == coc


def test_rule_13_customers_are_renamed_but_never_merged(desk: Desk) -> None:
    """Invoices stay with the renamed customer; a taken number is err_duplicate_ref."""
    id_ = desk.create()["id"]
    desk.create("2", customer={"customerNumber": "bob", "lastname": "B"})
    taken = desk.call("PATCH", "/customer/alice?customerNumber=bob")
    refused(taken, "err_duplicate_ref")
    desk.act("rename_customer", "alice", "ABC")
    refused(desk.call("PATCH", "/customer/alice?l=nl"), "err_debtor_not_found")
    assert desk.call("PATCH", "/customer/ABC?customerNumber=alice").status_code == 204
    assert desk.details(id_)["customer"]["customerNumber"] == "alice"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"country": "XX"}, "err_invalid_country"),
        ({"email": "nobody"}, "err_invalid_email"),
        ({"l": "xx"}, "err_invalid_lang"),
        ({"ct": "9998"}, "err_invalid_params"),
        ({"ct": "x"}, "err_invalid_params"),
        ({"city": "c" * 51}, "err_invalid_params"),
        ({"city": ""}, "err_invalid_params"),
    ],
)
def test_rule_13_a_wrong_parameter_changes_nothing(
    desk: Desk, query: dict[str, str], code: str
) -> None:
    """The codes that the contract lists."""
    desk.create()
    before = desk.twikey.dump()["customers"]
    answer = desk.call("PATCH", "/customer/alice", params={"firstname": "A", **query})
    refused(answer, code)
    assert desk.twikey.dump()["customers"] == before


def test_what_is_undocumented_is_off_until_switched_on(desk: Desk) -> None:
    """GET customer and GET template (10-17)."""
    desk.create(customer={**ALICE, "l": "nl", "mobile": "+32499123445"})
    assert desk.call("GET", "/customer/alice").status_code == 400
    assert desk.call("GET", "/template").status_code == 404
    desk.rule(customer_get=True, templates=True)
    shown = desk.call("GET", "/customer/alice").json()
    assert (shown["language"], shown["mobile"]) == ("nl", "32499123445")
    refused(desk.call("GET", "/customer/nobody"), "err_not_found")
    ids = [row["id"] for row in desk.call("GET", "/template").json()]
    assert ids == [1400, 1420, 1421, 1422]


def test_payment_methods_tell_whether_a_profile_exists(desk: Desk) -> None:
    """The documented way to check a ct (reference 6)."""
    rows = desk.call("GET", "/payment/methods?ct=1421").json()
    assert rows == [{"method": "paylink"}]
    refused(desk.call("GET", "/payment/methods?ct=1"), "err_no_such_ct")
    refused(desk.call("GET", "/payment/methods"), "err_missing_params", "ct")


def test_mandates_are_imported_asked_for_and_moved(desk: Desk) -> None:
    """The number comes out in capitals and is then matched exactly (5.3-5.6)."""
    form = {"ct": "1420", "method": "import", "mandateNumber": "acme1042", **ALICE}
    refused(desk.call("POST", "/sign", data={**form, "iban": "BE00"}), "err_invalid_iban")
    form["iban"] = "BE68539007547034"
    assert desk.call("POST", "/sign", data=form).json() == {"Msg": "OK", "MndtId": "ACME1042"}
    refused(desk.call("GET", "/mandate/query"), "err_missing_params")
    found = desk.call("GET", "/mandate/query?customerNumber=alice")
    assert [one["mandateNumber"] for one in found.json()["Contracts"]] == ["ACME1042"]
    assert "X-Rate-Limit-Remaining" in found.headers
    refused(desk.call("GET", "/mandate/detail?mndtId=acme1042"), "err_no_contract")
    detail = desk.call("GET", "/mandate/detail?mndtId=ACME1042")
    assert (detail.headers["X-STATE"], detail.headers["X-COLLECTABLE"]) == ("SIGNED", "true")
    assert detail.json()["Mndt"]["Dbtr"]["CtctDtls"]["Othr"] == "alice"
    desk.create("1", customer={"customerNumber": "bob", "lastname": "B"})
    moved = {"mndtId": "ACME1042", "customerNumber": "bob", "ct": "1422"}
    assert desk.call("POST", "/mandate/update", data=moved).status_code == 204
    assert desk.create("2", ct=1422, customer=None, customerByRef="bob")["state"] == "PENDING"
    by_document = desk.create("3", customer=None, customerByDocument="ACME1042")
    assert desk.details(by_document["id"])["customer"]["customerNumber"] == "bob"


def test_rule_15_a_create_can_be_stored_and_not_answered(desk: Desk) -> None:
    """The connection breaks after the invoice was stored: asking again finds it."""
    desk.call("GET", "/invoice")
    desk.world.fault("reset_after", service="twikey", path="/invoice$", times=1)
    with pytest.raises(requests.ConnectionError):
        desk.create(id=uuid(1))
    assert desk.details(uuid(1))["number"] == "2026 / 417"
    desk.rule(warn_on_create="look at this")
    assert desk.call("POST", "/invoice", json={}).status_code == 400
    warned = desk.call(
        "POST", "/invoice", json={"number": "2", "amount": 1, **DATES, "customerByRef": "alice"}
    )
    assert warned.headers["X-Warning"] == "look at this"
