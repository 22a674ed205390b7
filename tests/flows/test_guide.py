"""The guide as tests: one per sentence of sections 1 to 5, 9, 11 and 12, in the guide's order.

What a numbered scenario proves elsewhere is not proved twice: ``ELSEWHERE`` names its test, and the
last test here sees to it that each of them exists.
"""

from __future__ import annotations

import importlib
from datetime import timedelta

import pytest

from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    MORNING,
    NUMBER,
    at,
    book_100,
    creates,
    profile_of,
    run,
    set_up,
    twikey_customers,
    with_field,
    writes,
)

ELSEWHERE = """
2    You will be redirected to Teamleader where your authorisation will be requested
     test_connect.test_the_printed_link_leads_to_a_stored_access
2    Once the authorisation is given, you can define the following settings
     test_connect.test_the_stored_access_works_and_check_shows_what_it_may_do
2    Profile to use for new customers
     test_routing.test_a_new_customer_lands_on_the_configured_profile
2    Import invoices and update customers automatically
     test_automatic.test_automatic_brings_invoices_credit_notes_and_customers
2    Only when configured with the required payment options
     test_check.test_a_profile_without_payment_option_is_a_warning
2    Activate strict mode; administrator rights are required
     test_check.test_strict_mode_is_explained_unless_declared_on
2    When not enabled the status can be changed, resulting in error
     test_check.test_a_status_clash_has_its_reason_and_check_warns_of_it
3    The link with Teamleader must be active
     test_connect.test_without_a_consent_nothing_is_asked_of_twikey
3    At least 1 profile is required
     test_check.test_a_profile_that_twikey_does_not_have_is_refused
3.1  All invoices need to be collected by direct debit
     test_routing.test_a_new_customer_lands_on_the_configured_profile
3.2  Adjust the default profile at customer level
     test_routing.test_a_customers_own_profile_wins
3.3  The invoice is then imported on the specified profile id
     test_routing.test_a_chosen_option_decides
3.3  The subscription is then imported on the specified profile id
     test_routing.test_a_subscriptions_field_decides_for_its_invoices
3.3  When you don't pass any ID, the customer's default profile is used
     test_routing.test_an_empty_field_leaves_it_to_the_customer
3.3  Toggle between simple and advanced
     test_check.test_simple_mode_ignores_fields_even_when_filled
3.3  Select the custom fields for invoices and/or subscriptions
     test_check.test_check_lists_the_fields_by_name_and_type
4    Import all invoices created in the last 30 days
     test_import.test_the_last_thirty_days_include_the_thirtieth
4    The next time an invoice is imported the customer number is reset
     test_import.test_a_changed_customer_number_is_reset
5    In case the option is on, this will happen automatically
     test_import.test_booked_at_nine_one_it_is_there_by_nine_fifteen
5    In case this option is disabled, you import manually
     test_automatic.test_what_is_started_by_hand_works
5    A summary about the imported invoices
     test_import.test_the_summary_is_shown_with_the_cure
5    Existing invoices are ignored
     test_import.test_existing_invoices_are_ignored
11   The option needs to be activated
     test_automatic.test_credit_notes_come_only_when_asked_for
"""


# ---- 1. General information


def test_1_send_all_your_booked_invoices(november: Office) -> None:
    """Guide 1: "you can immediately send all your booked invoices": each of them, whole."""
    for place in range(25):
        book_100(november, number=f"2024 / {100 + place}", amount=12_100 + place)
    assert run(november, "import", "--days", "30").code == 0
    there = november.twikey_invoices()
    assert {n: row["cents"] for n, row in there.items()} == {
        f"2024 / {100 + place}": 12_100 + place for place in range(25)
    }
    assert {(row["date"], row["duedate"]) for row in there.values()} == {
        ("2024-11-01", "2024-11-30")
    }


def test_1_paid_by_direct_debit_payment_link_or_transfer(november: Office) -> None:
    """Guide 1: "automatic collection, a payment link or even a regular transfer"."""
    book_100(november)
    november.imports(days=30)
    actions = november.sandbox.twikey.actions
    row = november.twikey_invoices()[NUMBER]
    assert row["remittance"]  # what a transfer is recognised by
    profiles = {p["ct"]: p["methods"] for p in november.sandbox.twikey.dump()["profiles"]}
    assert set(profiles[profile_of(november)]) == {"sdd", "paylink", "transfer"}
    actions["pay_transfer"](NUMBER)
    assert november.twikey_invoices()[NUMBER]["state"] == "PAID"


# ---- 2. Configuring your integration


def test_2_here_you_can_define_the_following_settings(november: Office) -> None:
    """Guide 2: a fresh settings file has both settings of the screen, explained."""
    (november.home / "config.toml").unlink()
    assert run(november, "init", "--profile", "1420").code == 0
    written = (november.home / "config.toml").read_text()
    assert "new_customer_profile = 1420" in written
    assert "automatic = true" in written
    assert run(november, "check").code == 2  # strict mode is not declared yet


# ---- 3. Integration possibilities


def test_3_2_this_customer_will_only_use_these_payment_options(november: Office) -> None:
    """Guide 3.2: most by direct debit, the exception stays an exception for every invoice."""
    exception = november.sandbox.books.new_customer()
    for number, customer in (("2024 / 1", CUSTOMER), ("2024 / 2", exception)):
        book_100(november, number=number, customer=customer)
    november.imports(days=30)
    november.sandbox.twikey.actions["set_customer_profile"](exception, 1421)
    for number, customer in (("2024 / 3", exception), ("2024 / 4", CUSTOMER),
                             ("2024 / 5", exception)):  # fmt: skip
        book_100(november, number=number, customer=customer)
    assert november.imports(days=30).sent == 3
    profiles = [profile_of(november, f"2024 / {n}") for n in (3, 4, 5)]
    assert profiles == [1421, 1420, 1421]


def test_3_3_a_text_type_provides_the_id_for_each_invoice(november: Office) -> None:
    """A13: a text field with " 1421 " is profile 1421, for that invoice alone."""
    with_field(november, kind="single_line")
    book_100(november, field_value=" 1421 ")
    book_100(november, number="2024 / 101", field_value=None)
    november.imports(days=30)
    assert (profile_of(november), profile_of(november, "2024 / 101")) == (1421, 1420)


def test_3_3_the_name_of_the_field_is_free(november: Office) -> None:
    """Guide 3.3: 'Twikey invoices' is a suggestion: the field is chosen by its id."""
    with_field(november, kind="single_line")
    november.sandbox.books.definitions[0]["label"] = "Betaalwijze"
    book_100(november, field_value="1421")
    november.imports(days=30)
    assert profile_of(november) == 1421


# ---- 4. After the configuration


def test_4_the_client_database_is_created_one_to_one(november: Office) -> None:
    """Guide 4: "a one-to-one link for every client between the two platforms"."""
    customers = [november.sandbox.books.new_customer(kind) for kind in ("company", "contact")]
    for place in range(6):
        book_100(november, number=f"2024 / {100 + place}", customer=customers[place % 2])
    november.imports(days=30)
    assert sorted(twikey_customers(november)) == sorted(customers)


def test_4_the_customer_number_is_the_customer_id_in_teamleader(november: Office) -> None:
    """Guide 4: "the customer number in Twikey is equal to the customer id in Teamleader"."""
    book_100(november)
    november.imports(days=30)
    assert november.twikey_invoices()[NUMBER]["customerNumber"] == CUSTOMER


def test_4_you_can_easily_delete_the_import_afterwards(november: Office) -> None:
    """Guide 4: what was deleted in Twikey after the import stays deleted."""
    book_100(november)
    november.imports(days=30)
    november.sandbox.twikey.actions["delete_invoice"](NUMBER)
    for request in ({}, {"days": 30}):
        assert november.imports(**request).sent == 0
    assert november.twikey_invoices() == {}


# ---- 5. Managing your invoices


def test_5_there_will_not_be_any_duplicated_invoices(november: Office) -> None:
    """Guide 5: typed in by hand before, the same invoice is adopted and not made again."""
    book_100(november)
    customer = {"customerNumber": CUSTOMER, "companyName": "Klant NV"}
    november.sandbox.twikey.actions["enter_by_hand"](
        NUMBER, 121.0, date="2024-11-01", duedate="2024-11-30", customer=customer
    )
    report = november.imports(days=30)
    assert (report.sent, report.known, report.adopted) == (0, 1, 1)
    assert creates(november) == []
    assert len(november.twikey_invoices()) == 1


# ---- 9. Subscriptions


@pytest.mark.parametrize(("due", "warned"), [("2024-11-01", True), ("2024-11-30", False)])
def test_9_not_put_the_payment_term_on_0_days(november: Office, due: str, warned: bool) -> None:
    """A45: a subscription's invoice due on its own date is sent, and the summary warns."""
    subscription = november.sandbox.books.new_subscription(CUSTOMER)
    book_100(november, subscription=subscription, due=due)
    report = november.imports(days=30)
    assert report.sent == 1
    assert ("DUE_AT_ONCE" in report.notices) is warned


def test_9_a_subscription_leads_to_an_invoice(november: Office) -> None:
    """Guide 9: what a subscription booked arrives like any other invoice."""
    subscription = november.sandbox.books.new_subscription(CUSTOMER)
    book_100(november, subscription=subscription)
    november.imports(days=30)
    assert profile_of(november) == 1420


# ---- 11. Import credit notes


def test_11_it_is_possible_to_import_credit_notes(november: Office) -> None:
    """A46: "2024/7" of EUR 30 is CN2024/7 of -30.00 on its invoice, once, however often it runs."""
    invoice = book_100(november)
    november.sandbox.books.credit(invoice, 3_000, date="2024-11-02", number="2024/7")
    for _ in range(3):
        november.imports(days=30)
    there = november.twikey_invoices()
    assert sorted(there) == [NUMBER, "CN2024/7"]
    assert there["CN2024/7"]["cents"] == -3_000
    assert there["CN2024/7"]["related"] in (NUMBER, invoice)
    assert len(creates(november)) == 2


def test_11_imported_credit_notes_always_start_with_cn(november: Office) -> None:
    """Guide 11: every credit note, also one without an invoice, carries CN before its number."""
    for number in ("2024/7", "2024/8"):
        november.sandbox.books.credit(customer=CUSTOMER, date="2024-11-02", number=number)
    assert november.imports(days=30).sent == 2
    assert sorted(november.twikey_invoices()) == ["CN2024/7", "CN2024/8"]


# ---- 12. Customer synchronization


def changed(office: Office) -> Office:
    """Let a customer cross with an invoice, then move in Teamleader."""
    book_100(office)
    office.imports(days=30)
    at(office, MORNING + timedelta(minutes=5))
    office.sandbox.books.edit_customer(
        CUSTOMER, email="new@klant.example", address=("Nieuwstraat 9", "1000", "Brussel", "BE")
    )
    at(office, MORNING + timedelta(minutes=15))
    office.forget_calls()
    return office


def test_12_customer_data_is_also_updated_a_few_minutes_later(november: Office) -> None:
    """A50: automatic on, street and e-mail follow with the next run, no invoice involved."""
    changed(november).imports()
    customer = twikey_customers(november)[CUSTOMER]
    assert customer["email"] == "new@klant.example"
    assert customer["address"] == "Nieuwstraat 9"
    assert creates(november) == []


def test_12_not_enabled_the_schedule_changes_nothing(november: Office) -> None:
    """A51: automatic off, the schedule alone changes no customer."""
    changed(november)
    set_up(november, "automatic = false")
    november.imports()
    assert twikey_customers(november)[CUSTOMER]["email"] == "ap@klant.example"


def test_12_customers_are_only_updated_from_teamleader_to_twikey(november: Office) -> None:
    """A52: a name changed in Twikey never reaches Teamleader, which is only ever read."""
    book_100(november)
    november.imports(days=30)
    november.sandbox.twikey.actions["edit_customer"](CUSTOMER, companyName="Typed in Twikey")
    november.imports()
    november.sandbox.books.edit_customer(CUSTOMER, name="Klant en Zonen NV")
    november.imports()
    assert writes(november, "teamleader") == []
    assert november.sandbox.books.customers[CUSTOMER].name == "Klant en Zonen NV"
    assert twikey_customers(november)[CUSTOMER]["companyName"] == "Klant en Zonen NV"


def test_every_sentence_proved_elsewhere_has_its_test() -> None:
    """Guide 1-12: the tests that this index names exist."""
    named = [line.split()[0] for line in ELSEWHERE.splitlines() if line.startswith("     test_")]
    assert len(named) > 20
    for name in named:
        module, _, test = name.partition(".")
        assert hasattr(importlib.import_module(f"tests.flows.{module}"), test), name
