"""The sandbox's Teamleader lists as the real one lists: pages, order, shapes.

"B" and a number is the point of API reference, appendix B.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.render import units
from tests.sandbox.teamleader_desk import BOOKED, NOON, TODAY, Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with Desk() as opened:
        yield opened


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
