"""The sandbox's Teamleader punishes what the real one punishes: tokens, words, pages, payments.

"B" and a number is the point of API reference, appendix B.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.sandbox import credentials
from tests.sandbox.books import Books
from tests.sandbox.render import units
from tests.sandbox.server import Sandbox

NOON = datetime(2026, 9, 14, 12, 0, tzinfo=UTC)
TODAY = date(2026, 9, 14)
BOOKED = ["outstanding", "matched"]


class Desk:
    """A sandbox at a frozen noon, with a session that holds a token."""

    def __init__(self, **settings: Any) -> None:
        self.sandbox = Sandbox(**{"invoices": 60, "today": TODAY, **settings})
        self.world, self.books = self.sandbox.world, self.sandbox.books
        self.world.freeze(NOON)
        self.rules = self.world.rules
        self.session = requests.Session()
        self.session.trust_env = False
        self.pair: dict[str, Any] = {}

    def __enter__(self) -> "Desk":
        self.sandbox.start()
        self.pair = self.sandbox.grant()
        return self

    def __exit__(self, *exception: object) -> None:
        self.session.close()
        self.sandbox.stop()
        assert self.world.errors == []

    def ask(self, verb: str, body: Any = None, **headers: str) -> requests.Response:
        """One API call; no body is an empty object."""
        return self.session.post(
            f"{self.sandbox.teamleader_url}/{verb}",
            json={} if body is None else body,
            headers={
                "Authorization": f"Bearer {self.pair['access_token']}",
                "X-Api-Version": "2023-09-26",
                **headers,
            },
            timeout=5,
        )

    def found(self, verb: str, **body: Any) -> list[dict[str, Any]]:
        """The rows of a list call that must succeed."""
        response = self.ask(verb, body)
        assert response.status_code == 200, response.text
        rows: list[dict[str, Any]] = response.json()["data"]
        return rows

    def info(self, invoice: str) -> dict[str, Any]:
        """One invoice by `invoices.info`."""
        shown: dict[str, Any] = self.ask("invoices.info", {"id": invoice}).json()["data"]
        return shown

    def pay(self, invoice: str, amount: float = 121, **changes: Any) -> requests.Response:
        """Register a payment an hour ago."""
        payment = {"amount": amount, "currency": "EUR"}
        body = {"id": invoice, "payment": payment, "paid_at": "2026-09-14T11:00:07+00:00"}
        return self.ask("invoices.registerPayment", {**body, **changes})

    def token(self, **form: str) -> requests.Response:
        """A call to the token endpoint, as a form."""
        keys = {
            "client_id": credentials.TEAMLEADER_CLIENT_ID,
            "client_secret": credentials.TEAMLEADER_CLIENT_SECRET,
        }
        address = f"{self.sandbox.auth_url}/oauth2/access_token"
        return self.session.post(address, data={**keys, **form}, timeout=5)

    def refresh(self, token: str) -> requests.Response:
        """Spend a refresh token."""
        return self.token(grant_type="refresh_token", refresh_token=token)

    def consent(self, **changes: str) -> requests.Response:
        """Open the consent page."""
        query = {
            "client_id": credentials.TEAMLEADER_CLIENT_ID,
            "response_type": "code",
            "redirect_uri": credentials.TEAMLEADER_REDIRECT_URI,
            "state": "s-1",
            **changes,
        }
        address = f"{self.sandbox.auth_url}/oauth2/authorize"
        return self.session.get(address, params=query, allow_redirects=False, timeout=5)

    def back(self, **changes: str) -> dict[str, list[str]]:
        """What the redirect address is called with."""
        response = self.consent(**changes)
        assert response.status_code == 302
        return parse_qs(urlsplit(response.headers["Location"]).query)


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with Desk() as opened:
        yield opened


# -- consent and tokens ------------------------------------------------------------------------


def test_the_consent_page_waits_for_a_person(desk: Desk) -> None:
    """Without a choice there is a page with two links, and no redirect."""
    page = desk.consent()
    assert page.status_code == 200
    assert page.text.count("decision=") == 2


def test_allow_deny_and_forge_come_back_as_documented(desk: Desk) -> None:
    """The code with our state, access_denied, and a state that is not ours."""
    assert desk.back(auto="allow")["state"] == ["s-1"]
    assert desk.back(auto="deny") == {"error": ["access_denied"], "state": ["s-1"]}
    assert desk.back(auto="forge")["state"] != ["s-1"]


def test_a_scope_or_a_foreign_redirect_address_is_refused(desk: Desk) -> None:
    """Quirk 22, and the list of redirect addresses."""
    assert desk.consent(scope="invoices").json()["error"] == "invalid_scope"
    assert desk.consent(redirect_uri="https://evil.example/callback").status_code == 400


def test_a_code_works_once_and_for_ten_minutes(desk: Desk) -> None:
    """API reference 1.5: also with the same redirect address only."""
    here = {"redirect_uri": credentials.TEAMLEADER_REDIRECT_URI}
    grant = {"grant_type": "authorization_code", **here}
    code = desk.back(auto="allow")["code"][0]
    assert desk.token(code=code, **grant).json()["expires_in"] == 3600
    assert desk.token(code=code, **grant).status_code == 400
    late = desk.back(auto="allow")["code"][0]
    desk.world.advance(601)
    assert desk.token(code=late, **grant).status_code == 400
    other = desk.back(auto="allow")["code"][0]
    moved = {**grant, "redirect_uri": "http://localhost:1/callback"}
    assert desk.token(code=other, **moved).status_code == 400


def test_b16_a_refresh_token_works_once(desk: Desk) -> None:
    """B16: the second use is a 400 in either shape, and the old access token dies."""
    spent, access = desk.pair["refresh_token"], desk.pair["access_token"]
    desk.pair = desk.refresh(spent).json()
    assert desk.ask("users.me").status_code == 200
    assert desk.refresh(spent).json()["error"] == "invalid_grant"
    desk.rules.refresh_failure = "errors"
    assert desk.refresh(spent).json()["errors"][0]["meta"]["hint"] == "Token has been revoked"
    assert desk.ask("users.me", Authorization=f"Bearer {access}").status_code == 401


def test_b16_a_lost_refresh_answer_has_spent_the_token(desk: Desk) -> None:
    """B16: the pair was rotated although nobody heard of it."""
    desk.world.fault("reset_after", path="access_token", times=1)
    with pytest.raises(requests.ConnectionError):
        desk.refresh(desk.pair["refresh_token"])
    assert desk.refresh(desk.pair["refresh_token"]).status_code == 400


def test_b16_an_access_token_expires(desk: Desk) -> None:
    """B16: 401 from the very second, and nothing before."""
    desk.world.advance(3599)
    assert desk.ask("users.me").status_code == 200
    desk.world.advance(1)
    assert desk.ask("users.me").status_code == 401
    assert desk.world.journal[-1].authorised is False


def test_a_wrong_secret_is_401_and_json_is_accepted_too(desk: Desk) -> None:
    """The token endpoint reads forms and JSON."""
    assert desk.token(client_secret="wrong", grant_type="refresh_token").status_code == 401
    body = {
        "client_id": credentials.TEAMLEADER_CLIENT_ID,
        "client_secret": credentials.TEAMLEADER_CLIENT_SECRET,
        "grant_type": "refresh_token",
        "refresh_token": desk.pair["refresh_token"],
    }
    address = f"{desk.sandbox.auth_url}/oauth2/access_token"
    assert desk.session.post(address, json=body, timeout=5).status_code == 200


# -- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"status": "outstanding"}},
        {"filter": {"status": ["paid"]}},
        {"filter": {"statuss": ["draft"]}},
        {"filter": {"updated_since": "2026-09-01T00:00:00Z"}},
        {"filter": {"updated_since": "2026-09-01T00:00:00.5+00:00"}},
        {"filter": {"updated_since": "2026-09-01"}},
        {"filter": {"updated_since": "2026-09-14T12:00:01+00:00"}},
        {"filter": {"invoice_date_after": "2026-09-01T00:00:00+00:00"}},
        {"filter": {"invoice_date_after": "2026-02-30"}},
        {"filter": {"ids": ["417"]}},
        {"filter": {"ids": ["9F3E7A52-0C4D-0B8E-A17F-6D2C90E4B511"]}},
        {"filter": {"customer": {"id": "9f3e7a52-0c4d-0b8e-a17f-6d2c90e4b511"}}},
        {"filter": []},
        {"sort": {"field": "invoice_number"}},
        {"sort": [{"field": "updated_at", "order": "asc"}]},
        {"sort": [{"field": "invoice_number", "order": "up"}]},
        {"page": {"size": 101, "number": 1}},
        {"page": {"size": 0, "number": 1}},
        {"page": {"size": "100", "number": 1}},
        {"page": {"size": 100, "number": 0}},
        {"page": 2},
        {"includes": ["late_fees"]},
        {"includes": "custom_fields"},
        {"include": "invoicee.customer"},
    ],
)
def test_b2_b3_b4_a_wrong_word_in_a_list_call_is_a_400(desk: Desk, body: Any) -> None:
    """B2, B3, B4: sizes, unknown keys, enums and types, with a title that says which."""
    response = desk.ask("invoices.list", body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["title"]


def test_b3_unknown_keys_may_be_ignored_as_some_report(desk: Desk) -> None:
    """B3: then a misspelt filter returns everything."""
    desk.rules.change({"unknown_keys": "ignore", "unknown_filters": "ignore"})
    rows = desk.found("invoices.list", filter={"statuss": ["matched"]}, nonsense=1)
    assert {row["status"] for row in rows} > {"outstanding"}


@pytest.mark.parametrize(
    ("verb", "filters"),
    [
        ("contacts.list", {"status": ["active"]}),
        ("companies.list", {"email": "info@x.example"}),
        ("companies.list", {"email": {"email": "info@x.example"}}),
        ("subscriptions.list", {"status": "active"}),
        ("subscriptions.list", {"updated_since": "2026-09-01T00:00:00+00:00"}),
        ("creditNotes.list", {"status": ["booked"]}),
        ("customFieldDefinitions.list", {"context": "deal"}),
        ("customFieldDefinitions.list", {"context": ["invoice"]}),
        ("paymentMethods.list", {"status": "active"}),
    ],
)
def test_the_other_lists_have_their_own_words(desk: Desk, verb: str, filters: Any) -> None:
    """API reference 2.3: one string here, an array there."""
    assert desk.ask(verb, {"filter": filters}).status_code == 400


def test_only_post_with_a_json_object_is_understood(desk: Desk) -> None:
    """No GET, no form, no array, no unknown method."""
    url = f"{desk.sandbox.teamleader_url}/users.me"
    headers = {"Authorization": f"Bearer {desk.pair['access_token']}"}
    assert desk.session.get(url, headers=headers, timeout=5).status_code == 405
    assert desk.session.post(url, data={"a": "b"}, headers=headers, timeout=5).status_code == 400
    assert desk.ask("users.me", []).status_code == 400
    assert desk.ask("invoices.all").status_code == 404


def test_a_missing_scope_is_a_403(desk: Desk) -> None:
    """API reference 1.6, by resource or by method."""
    desk.rules.forbidden = ("creditNotes", "users.me")
    assert desk.ask("creditNotes.list").status_code == 403
    assert desk.ask("users.me").status_code == 403
    assert desk.ask("invoices.list").status_code == 200


def test_the_version_is_echoed_and_decides_the_options_shape(desk: Desk) -> None:
    """API reference 1.4: a client that forgets the header gets the older shape."""
    asked = {"filter": {"context": "invoice"}}
    new = desk.ask("customFieldDefinitions.list", asked)
    assert new.headers["x-api-version"] == "2023-09-26"
    options = {row["label"]: row["configuration"] for row in new.json()["data"]}
    assert [one["value"] for one in options["Twikey invoices"]["options"]] == ["1420", "1421"]
    old = desk.ask("customFieldDefinitions.list", asked, **{"X-Api-Version": "2019-01-24"})
    assert old.headers["x-api-version"] == "2022-09-15"
    shapes = {row["label"]: row["configuration"] for row in old.json()["data"]}
    assert shapes["Twikey invoices"]["options"] == ["1420", "1421"]


# -- lists -------------------------------------------------------------------------------------


def test_b1_meta_comes_only_when_asked_and_never_for_contacts(desk: Desk) -> None:
    """B1: and a switch turns it off everywhere."""
    assert "meta" not in desk.ask("invoices.list").json()
    asked = {"includes": "pagination"}
    assert desk.ask("invoices.list", asked).json()["meta"]["matches"] == 60
    assert "meta" not in desk.ask("contacts.list", asked).json()
    desk.rules.pagination_meta = False
    assert "meta" not in desk.ask("invoices.list", asked).json()


def test_b2_twenty_rows_by_default_also_with_ids(desk: Desk) -> None:
    """B2, quirk 6: the ids filter does not switch paging off."""
    ids = list(desk.books.invoices.by_id)[:50]
    assert len(desk.found("invoices.list")) == 20
    assert len(desk.found("invoices.list", filter={"ids": ids})) == 20
    assert len(desk.found("invoices.list", filter={"ids": ids}, page={"size": 100})) == 50


def test_b5_paging_is_over_the_live_set(desk: Desk) -> None:
    """B5: what leaves page one pulls the first of page two out of sight."""
    asked = {"sort": [{"field": "invoice_date", "order": "asc"}], "filter": {"status": BOOKED}}
    order = [row["id"] for row in desk.found("invoices.list", **asked, page={"size": 100})]
    first = [row["id"] for row in desk.found("invoices.list", **asked, page={"size": 10})]
    desk.books.invoices.remove(desk.books.invoice(first[0]))
    second = desk.found("invoices.list", **asked, page={"size": 10, "number": 2})
    assert order[10] not in {*first, *(row["id"] for row in second)}


def test_b6_ties_and_credit_notes_come_in_no_useful_order() -> None:
    """B6: equal dates may be shuffled; credit notes are in hash order."""
    with Desk(invoices=200, days=2) as desk:
        asked = {"sort": [{"field": "invoice_date", "order": "asc"}], "page": {"size": 100}}
        desk.rules.shuffle_ties = True
        once, again = (desk.found("invoices.list", **asked) for _ in range(2))
        assert [row["id"] for row in once] != [row["id"] for row in again]
        notes = [row["credit_note_date"] for row in desk.found("creditNotes.list")]
        assert notes
        numbers = [row["credit_note_number"] for row in desk.found("creditNotes.list")]
        assert numbers != sorted(numbers, key=lambda one: int(one.split("/")[1]))


def test_the_default_order_is_not_the_one_you_hoped_for(desk: Desk) -> None:
    """Quirk 10; and numbers sort as numbers unless the switch says as text."""
    asked = {"filter": {"status": BOOKED}, "page": {"size": 100}}
    counts = [
        int(row["invoice_number"].split("/")[1]) for row in desk.found("invoices.list", **asked)
    ]
    assert counts == sorted(counts, reverse=True)
    desk.rules.number_sort = "text"
    asked["sort"] = [{"field": "invoice_number", "order": "asc"}]
    texts = [row["invoice_number"] for row in desk.found("invoices.list", **asked)]
    assert texts == sorted(texts)
    assert texts.index("2026 / 10") < texts.index("2026 / 9")


def test_b7_updated_since_leaves_its_own_second_out_or_not(desk: Desk) -> None:
    """B7: one-second resolution, inclusive by a switch only."""
    booked = desk.books.book()
    asked = {"filter": {"updated_since": "2026-09-14T12:00:00+00:00", "ids": [booked]}}
    assert desk.found("invoices.list", **asked) == []
    desk.rules.updated_since_inclusive = True
    assert [row["id"] for row in desk.found("invoices.list", **asked)] == [booked]


def test_b7_updated_since_finds_the_same_by_index_and_by_scan() -> None:
    """B7: a narrow and a wide window agree with the books."""
    with Desk(invoices=400) as desk:
        for days in (1, 2, 30, 400):
            since = NOON - timedelta(days=days)
            asked = {"updated_since": since.isoformat(), "status": BOOKED}
            meta = desk.ask("invoices.list", {"filter": asked, "includes": "pagination"}).json()
            expected = [
                one
                for one in desk.books.invoices
                if one.updated_at > since.timestamp() and one.status != "draft"
            ]
            assert meta["meta"]["matches"] == len(expected)


def test_b8_before_is_inclusive_for_invoices_and_exclusive_for_credit_notes(desk: Desk) -> None:
    """B8, quirk 9."""
    desk.books.credit(desk.books.book())
    day = TODAY.isoformat()
    window = {"invoice_date_after": day, "invoice_date_before": day}
    assert {row["invoice_date"] for row in desk.found("invoices.list", filter=window)} == {day}
    window = {"credit_note_date_after": day, "credit_note_date_before": day}
    assert desk.found("creditNotes.list", filter=window) == []
    window["credit_note_date_before"] = "2026-09-15"
    assert desk.found("creditNotes.list", filter=window)


def test_b9_list_and_info_each_keep_something_to_themselves(desk: Desk) -> None:
    """B9: nobody can do with one of them alone."""
    only_info = {"custom_fields", "payments", "payment_term", "currency", "note"}
    row = desk.found("invoices.list")[0]
    info = desk.info(row["id"])
    assert {"subscription", "web_url"} <= set(row) - set(info)
    assert only_info <= set(info) - set(row)
    assert "email" in info["invoicee"]
    assert "email" not in row["invoicee"]


def test_b10_a_credit_note_comes_in_an_array_or_not(desk: Desk) -> None:
    """B10."""
    note = {"id": desk.books.credit(desk.books.book())}
    assert desk.ask("creditNotes.info", note).json()["data"][0]["id"] == note["id"]
    desk.rules.credit_note_info = "object"
    assert desk.ask("creditNotes.info", note).json()["data"]["id"] == note["id"]


def test_b19_what_was_deleted_is_404_alone_and_missing_in_a_list(desk: Desk) -> None:
    """B19: no word about it in the list."""
    booked = desk.books.book()
    desk.books.delete_invoice(booked)
    assert desk.ask("invoices.info", {"id": booked}).status_code == 404
    assert desk.found("invoices.list", filter={"ids": [booked]}) == []


def test_b20_money_is_a_number_in_several_spellings() -> None:
    """B20: ints, one decimal, two decimals, negative; never text."""
    assert [units(cents) for cents in (24_200, 12_150, 5, -6_050, 0, 70)] == [
        "242",
        "121.5",
        "0.05",
        "-60.5",
        "0",
        "0.70",
    ]


def test_b20_properties_may_be_hidden_and_nulls_left_out(desk: Desk) -> None:
    """B20, quirk 32."""
    desk.rules.change(
        {"hidden_properties": ("payment_reference", "vat_number"), "omit_nulls": True}
    )
    row = desk.found("invoices.list")[0]
    assert not {"payment_reference", "deal", "vat_number"} & {*row, *row["invoicee"]}


def test_b21_ids_are_not_version_4(desk: Desk) -> None:
    """B21: the version digit is 0, as in real ids."""
    assert {row["id"][14] for row in desk.found("invoices.list")} == {"0"}


def test_b22_every_so_many_calls_end_in_an_html_500(desk: Desk) -> None:
    """B22."""
    desk.rules.html_error_every = 3
    answers = [desk.ask("users.me") for _ in range(6)]
    assert [one.status_code for one in answers] == [200, 200, 500, 200, 200, 500]
    assert answers[2].headers["content-type"] == "text/html"


@pytest.mark.parametrize(
    "value", ["1421", 1421, ["1421"], None, " 1421 ", ["1420", "1421"]], ids=repr
)
def test_b23_a_field_value_comes_in_every_shape(desk: Desk, value: Any) -> None:
    """B23: and absent when nothing was ever set."""
    assert desk.info(desk.books.book(field_value=value))["custom_fields"][0]["value"] == value
    assert desk.info(desk.books.book())["custom_fields"] == []


def test_b24_two_departments_share_numbers_and_a_number_is_used_again() -> None:
    """B24: only the last of a series may go."""
    with Desk(departments=2) as desk:
        numbers = [one.number for one in desk.books.invoices if one.number]
        assert len(set(numbers)) < len(numbers)
        first, last = desk.books.book(), desk.books.book()
        with pytest.raises(ValueError, match="only the last"):
            desk.books.delete_invoice(first)
        number = desk.books.invoice(last).number
        desk.books.delete_invoice(last)
        assert desk.books.invoice(desk.books.book()).number == number


def test_lists_that_are_not_paged_refuse_a_page(desk: Desk) -> None:
    """Quirk 5: in strict mode; when ignored, page two is the same list again."""
    assert desk.ask("departments.list", {"page": {"number": 2}}).status_code == 400
    desk.rules.unknown_keys = "ignore"
    assert len(desk.found("departments.list", page={"number": 2})) == 1
    assert desk.ask("paymentTerms.list").json()["meta"]["default"]


def test_customers_come_by_ids_with_custom_fields_on_request(desk: Desk) -> None:
    """API reference 2.4: one address in the list, all of them alone."""
    company = desk.books.plain_customer()
    bare = desk.found("companies.list", filter={"ids": [company]})[0]
    full = desk.found("companies.list", filter={"ids": [company]}, includes="custom_fields")[0]
    alone = desk.ask("companies.info", {"id": company}).json()["data"]
    assert "custom_fields" not in bare
    assert full["custom_fields"]
    assert "addresses" in alone
    assert "primary_address" not in alone
    assert desk.ask("contacts.info", {"id": company}).status_code == 404


def test_a_subscription_is_found_by_its_invoice(desk: Desk) -> None:
    """API reference 2.3: the custom field is in `.info` only."""
    subscription = desk.books.new_subscription(field_value="1421")
    booked = desk.books.book(subscription=subscription)
    row = desk.found("subscriptions.list", filter={"invoice_id": booked})[0]
    assert (row["id"], "custom_fields" in row) == (subscription, False)
    info = desk.ask("subscriptions.info", {"id": subscription}).json()["data"]
    assert info["custom_fields"][0]["value"] == "1421"


# -- payments and documents --------------------------------------------------------------------


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


# -- the limit ---------------------------------------------------------------------------------


def test_b17_call_201_of_a_sliding_minute_is_refused(desk: Desk) -> None:
    """B17: three headers, no Retry-After, and reset is when the oldest leaves."""
    answers = [desk.ask("users.me") for _ in range(201)]
    assert [one.status_code for one in answers] == [200] * 200 + [429]
    assert answers[0].headers["x-ratelimit-remaining"] == "199"
    refused = answers[-1].headers
    assert refused["x-ratelimit-reset"] == "2026-09-14T14:01:00.000+0200"
    assert "retry-after" not in refused
    desk.world.advance(60)
    assert desk.ask("users.me").status_code == 200


def test_b17_the_window_may_be_scaled_and_refused_calls_may_count(desk: Desk) -> None:
    """B17: either way of counting, and the other way of writing the reset."""
    desk.rules.change({"rate_limit": 2, "rate_window_seconds": 6.0, "rate_reset_format": "seconds"})
    first = desk.ask("users.me")
    assert first.headers["x-ratelimit-reset"] == "2026-09-14T12:00:06+00:00"
    desk.world.advance(3)
    assert [desk.ask("users.me").status_code for _ in range(3)] == [200, 429, 429]
    desk.world.advance(3)
    assert desk.ask("users.me").status_code == 429
    desk.rules.rate_counts_refused = False
    desk.world.advance(6)
    assert [desk.ask("users.me").status_code for _ in range(3)] == [200, 200, 429]
    desk.world.advance(6)
    assert desk.ask("users.me").status_code == 200


# -- faults, the world, the books --------------------------------------------------------------


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
