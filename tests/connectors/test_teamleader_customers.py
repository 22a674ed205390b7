"""Customers, subscriptions and what is set up in the account (reference 3.6-3.10, 7)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import responses

from connectors.errors import FilterIgnored, RecordUnreadable
from connectors.teamleader.records import Customer, Subscription
from tests.connectors.teamleader_fakes import (
    API,
    COMPANY,
    CONTACT,
    DEFINITION,
    INVOICE,
    SUBSCRIPTION,
    PagedList,
    answers,
    asked,
    client,
    nth,
)

SINCE = datetime(2026, 9, 14, 7, 50, tzinfo=UTC)

COMPANY_ROW = {
    "id": COMPANY,
    "name": " Bakkerij De Korenbloem ",
    "status": "active",
    "vat_number": "BE0999999130",
    "national_identification_number": "0999999130",
    "emails": [
        {"type": "invoicing", "email": "facturen@korenbloem.example"},
        {"type": "primary", "email": "info@korenbloem.example"},
        {"type": "primary", "email": "second@korenbloem.example"},
    ],
    "telephones": [{"type": "phone", "number": "092980615"}],
    "primary_address": {
        "line_1": "Molenstraat 12 bus 3",
        "postal_code": "9000",
        "city": "Gent",
        "country": "BE",
        "area_level_two": None,
    },
    "language": "NL",
    "updated_at": "2026-08-30T14:20:51+00:00",
    "web_url": "https://focus.teamleader.eu/company_detail.php?id=1",
}
CONTACT_ROW = {
    "id": CONTACT,
    "first_name": "",
    "last_name": "Verhaeghe",
    "status": "active",
    "emails": [{"type": "primary", "email": "lotte@korenbloem.example"}],
    "telephones": [
        {"type": "phone", "number": "1"},
        {"type": "mobile", "number": "+32 470 12 34 56"},
    ],
    "primary_address": None,
    "national_identification_number": "85.07.30-033.28",
    "language": None,
    "updated_at": "2026-09-01T07:44:03+00:00",
}


@responses.activate
def test_companies_and_contacts_become_customers() -> None:
    """Reference A8, A9: both kinds flat, blanks gone, a person's national number left alone."""
    answers("companies.list", [COMPANY_ROW])
    answers("contacts.list", [CONTACT_ROW])
    ((company,),) = client().companies(ids=[COMPANY])
    assert asked() == {
        "filter": {"ids": [COMPANY]},
        "page": {"size": 100, "number": 1},
        "sort": [{"field": "added_at", "order": "asc"}],
    }
    ((contact,),) = client().contacts(ids=[CONTACT])
    assert company == Customer(
        id=COMPANY,
        type="company",
        status="active",
        company_name="Bakkerij De Korenbloem",
        first_name=None,
        last_name=None,
        email="info@korenbloem.example",
        invoicing_email="facturen@korenbloem.example",
        vat_number="BE0999999130",
        enterprise_number="0999999130",
        language="nl",
        street="Molenstraat 12 bus 3",
        postal_code="9000",
        city="Gent",
        country="BE",
        mobile=None,
        updated_at="2026-08-30T14:20:51+00:00",
        web_url="https://focus.teamleader.eu/company_detail.php?id=1",
    )
    assert (contact.type, contact.first_name, contact.last_name) == ("contact", None, "Verhaeghe")
    assert (contact.mobile, contact.enterprise_number) == ("+32 470 12 34 56", None)
    assert (contact.email, contact.street, contact.language) == (
        "lotte@korenbloem.example",
        None,
        None,
    )


@responses.activate
def test_changed_customers_are_paged_in_the_order_they_were_added() -> None:
    """9.6: an update does not move a customer in that order, so pages do not skip."""
    served = PagedList("contacts.list", [{"id": nth(n)} for n in range(1, 151)]).served
    found = [one.id for page in client().contacts(updated_since=SINCE) for one in page]
    assert found == [nth(n) for n in range(1, 151)]
    assert served == [1, 2]
    assert asked()["sort"] == [{"field": "added_at", "order": "asc"}]
    assert asked()["filter"] == {"updated_since": "2026-09-14T07:50:00+00:00"}


@responses.activate
def test_a_customer_that_cannot_be_read_is_named_when_asked_for_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """D2: a bad customer does not stop the others; alone it says what is wrong."""
    bad = {"id": CONTACT, "emails": "lotte@korenbloem.example"}
    answers("contacts.list", [{"id": nth(1)}, bad])
    answers("contacts.info", bad)
    (page,) = client().contacts(ids=[nth(1), CONTACT])
    assert [one.id for one in page] == [nth(1)]
    assert CONTACT in caplog.text
    with pytest.raises(RecordUnreadable, match="emails cannot be used"):
        client().contact(CONTACT)


@responses.activate
def test_the_address_of_one_company_is_the_one_the_list_shows() -> None:
    """Reference A10: ``.info`` has several addresses; the primary one is in the list as well."""
    street = {"type": "primary", "address": {"line_1": "Molenstraat 12"}}
    box = {"type": "invoicing", "address": {"line_1": "Postbus 77"}}
    answers("companies.info", {"id": COMPANY, "addresses": [box, street]})
    assert client().company(COMPANY).street == "Molenstraat 12"
    answers("contacts.info", {"id": CONTACT, "addresses": [box]})
    assert client().contact(CONTACT).street == "Postbus 77"


@responses.activate
def test_active_subscriptions_are_paged_and_bad_ones_named() -> None:
    """3.10: two pages in the order of their creation; one that cannot be read is not lost."""
    bad = {"id": SUBSCRIPTION, "title": 7}
    rows = [{"id": nth(n), "status": "active"} for n in range(1, 150)] + [bad]
    served = PagedList("subscriptions.list", rows).served
    found = list(client().active_subscriptions())
    assert [one.id for listed, _ in found for one in listed] == [nth(n) for n in range(1, 150)]
    (said,) = [one for _, broken in found for one in broken]
    assert said.startswith(f"{SUBSCRIPTION}: title cannot be used")
    assert served == [1, 2]
    assert asked()["sort"] == [{"field": "created_at", "order": "asc"}]
    assert asked()["filter"] == {"status": ["active"]}


@responses.activate
def test_a_subscription_that_is_not_active_was_not_asked_for() -> None:
    """C1: a filter that is ignored stops the look."""
    answers("subscriptions.list", [{"id": SUBSCRIPTION, "status": "deactivated"}])
    with pytest.raises(FilterIgnored, match="deactivated"):
        list(client().active_subscriptions())


@responses.activate
def test_subscriptions_are_found_by_id_and_by_invoice() -> None:
    """Reference A13, A28: the detail has term and fields, the list only says which one it is."""
    answers(
        "subscriptions.info",
        {
            "id": SUBSCRIPTION,
            "title": "Onderhoud",
            "payment_term": {"type": "after_invoice_date", "days": 30},
            "custom_fields": [{"definition": {"id": DEFINITION}, "value": None}],
        },
    )
    answers("subscriptions.list", [{"id": SUBSCRIPTION, "title": "Onderhoud"}])
    assert client().subscription(SUBSCRIPTION) == Subscription(
        SUBSCRIPTION, "Onderhoud", "after_invoice_date", 30, {DEFINITION: None}
    )
    (found,) = client().subscriptions(INVOICE)
    assert asked() == {"filter": {"invoice_id": INVOICE}, "page": {"size": 100, "number": 1}}
    assert (found.id, found.term_type, found.custom_fields) == (SUBSCRIPTION, None, {})


@pytest.mark.parametrize(
    ("configuration", "options"),
    [
        (
            {"options": [{"id": "a-1", "value": "1432"}], "extra_option_allowed": False},
            {"a-1": "1432"},
        ),
        ({"options": ["1432", "1501"]}, {"1432": "1432", "1501": "1501"}),
        ({"extra_option_allowed": True}, {}),
        ([], {}),
        (None, {}),
    ],
)
@responses.activate
def test_both_forms_of_options_are_read(configuration: object, options: dict[str, str]) -> None:
    """Reference A14: options are objects since 2023-09-26 and were plain text before."""
    row = {
        "id": DEFINITION,
        "context": "invoice",
        "type": "single_select",
        "label": "Twikey invoices",
        "configuration": configuration,
    }
    answers("customFieldDefinitions.list", [row])
    (found,) = client().custom_field_definitions("invoice")
    assert asked() == {"filter": {"context": "invoice"}, "page": {"size": 100, "number": 1}}
    assert (found.label, found.type, found.options) == ("Twikey invoices", "single_select", options)


@responses.activate
def test_definitions_are_paged() -> None:
    """Quirk 34: more definitions than a page holds are all found."""
    rows = [{"id": nth(n), "context": "invoice", "type": "url"} for n in range(1, 121)]
    PagedList("customFieldDefinitions.list", rows)
    assert len(client().custom_field_definitions("invoice")) == 120


@responses.activate
def test_departments_are_asked_once() -> None:
    """Quirk 5: this list has no pages, even when it is as long as one."""
    rows = [
        {"id": nth(n), "name": f"D{n}", "currency": "EUR", "status": "active"} for n in range(100)
    ]
    answers("departments.list", rows)
    assert len(client().departments()) == 100
    assert "page" not in asked()
    assert len(responses.calls) == 1


@responses.activate
def test_the_account_names_itself() -> None:
    """Reference A4, A18: who consented, in which account, and which payment methods there are."""
    answers(
        "users.me",
        {
            "id": nth(1),
            "account": {"type": "account", "id": nth(2)},
            "first_name": "Integratie",
            "last_name": None,
            "email": "api@voorbeeld.be",
        },
    )
    answers("paymentMethods.list", [{"id": nth(3), "name": "Twikey", "status": "active"}])
    own = client()
    assert (own.me().account_id, own.me().name) == (nth(2), "Integratie")
    assert own.payment_methods()[0].name == "Twikey"
    assert asked() == {"page": {"size": 100, "number": 1}}


@responses.activate
def test_a_download_is_a_link_that_shows_nowhere() -> None:
    """Reference A19: invoices and credit notes; the signed address is not in its representation."""
    link = {"location": "https://cdn.example.com/doc?signature=canary", "expires": None}
    answers("invoices.download", link)
    answers("creditNotes.download", link)
    own = client()
    assert own.download_invoice(INVOICE).location == link["location"]
    assert asked() == {"id": INVOICE, "format": "pdf"}
    assert "canary" not in repr(own.download_credit_note(INVOICE))
    answers("invoices.download", {"expires": None})
    responses.remove(responses.POST, f"{API}/invoices.download")
    answers("invoices.download", {"expires": None})
    with pytest.raises(RecordUnreadable, match="location is missing"):
        own.download_invoice(INVOICE)
