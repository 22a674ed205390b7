"""The guide as tests, in the guide's order.

What a numbered scenario proves elsewhere is not proved twice: ``docs/guide-coverage.md`` goes
through the guide sentence by sentence and names the tests, wherever they are.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.flows.following import journey
from tests.flows.inviting import JOB_AT_ONCE, invitations
from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    MORNING,
    NUMBER,
    at,
    book_100,
    creates,
    held,
    profile_of,
    run,
    said,
    set_up,
    twikey_customers,
    with_field,
    writes,
)

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


@pytest.mark.parametrize(
    ("chosen", "stands", "waits"),
    [(["1421"], {NUMBER: 1421}, {}), (["1420", "1421"], {}, {NUMBER: "PROFILE_AMBIGUOUS"})],
)
def test_3_3_of_a_multiple_selection_one_is_chosen(
    november: Office, chosen: list[str], stands: dict[str, int], waits: dict[str, str]
) -> None:
    """A16: a field that takes several choices works with one; two hold the invoice."""
    with_field(november, kind="multi_select")
    book_100(november, field_value=chosen)
    november.imports(days=30)
    assert {n: int(row["ct"]) for n, row in november.twikey_invoices().items()} == stands
    assert held(november) == waits


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


def test_4_the_link_brings_the_status_back(november: Office) -> None:
    """Guide 4: "important for the update of the status", even where a number was changed."""
    invoice = book_100(november)
    november.imports(days=30)
    november.sandbox.twikey.actions["rename_customer"](CUSTOMER, "ABC")
    november.sandbox.twikey.actions["pay_link"](NUMBER)
    assert run(november, "follow-up", "--payments").code == 0
    assert november.sandbox.books.invoice(invoice).paid


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


# ---- 6. PDF


def test_6_it_shows_which_invoices_have_their_pdf(november: Office) -> None:
    """Guide 6: "PDF available: no" is a list of its own, until "Download PDF documents"."""
    invoice = book_100(november)
    november.imports(days=30)
    assert without_pdf(november) == [NUMBER]
    assert bucket(november) == "waiting PDF"
    assert run(november, "follow-up", "--pdfs").code == 0
    assert f"PDF_NOT_READY {NUMBER} 1 tried; again from 2024-11-04" in said(run(november, "status"))
    at(november, MORNING + timedelta(minutes=30))
    assert run(november, "follow-up", "--pdfs", "--missing").code == 0
    assert bucket(november) == "waiting payment"
    assert without_pdf(november) == []
    assert "PDF attached" in journey(november, invoice)


def without_pdf(office: Office) -> list[str]:
    """Return the numbers that `status` lists as still without their PDF."""
    return [row["number"] for row in run(office, "status", "--json").json["pdfs_waiting"]]


def bucket(office: Office) -> str:
    """Return the bucket of "2024 / 100" in a reconciliation."""
    seen = run(office, "reconcile", "--since", "2024-10-01", "--json").json["documents"]
    return str(next(row["bucket"] for row in seen if row["number"] == NUMBER))


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


# ---- 10. Linking existing mandates


def test_10_the_imported_invoices_can_be_sent_to_the_client(november: Office) -> None:
    """Guide 10: a first load mails nobody; afterwards a person sends what should be sent."""
    november.configure(JOB_AT_ONCE)
    for place in range(2):
        book_100(november, number=f"2024 / {100 + place}")
    november.imports(days=30)
    assert run(november, "follow-up").code == 0
    assert invitations(november) == []
    assert run(november, "invite", NUMBER).code == 0
    assert [whose for whose, _ in invitations(november)] == [
        november.twikey_invoices()[NUMBER]["id"]
    ]


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
        CUSTOMER, email="new@klant.example", address=("Nieuwstraat 9", "1000", "Brussel", "BE"),
        invoicing_email="boek@klant.example",
    )  # fmt: skip
    at(office, MORNING + timedelta(minutes=15))
    office.forget_calls()
    return office


def test_12_customer_data_is_also_updated_a_few_minutes_later(november: Office) -> None:
    """A50: street and e-mail follow with no invoice involved; later ones carry the copy."""
    report = changed(november).imports()
    customer = twikey_customers(november)[CUSTOMER]
    assert customer["email"] == "new@klant.example"
    assert customer["address"] == "Nieuwstraat 9"
    assert creates(november) == []
    assert any("boek@klant.example" in note for note in report.notes)
    book_100(november, number="2024 / 101")
    november.imports()
    (sent,) = [call.request.json() for call in creates(november)]
    assert sent["cc"] == "boek@klant.example"


def test_12_not_enabled_the_schedule_changes_nothing(november: Office) -> None:
    """A51: automatic off: the schedule changes no customer, `customers` by hand does."""
    changed(november)
    set_up(november, "automatic = false")
    november.imports()
    assert run(november, "customers", "--scheduled").code == 0
    assert twikey_customers(november)[CUSTOMER]["email"] == "ap@klant.example"
    november.grant()
    assert run(november, "customers").code == 0
    customer = twikey_customers(november)[CUSTOMER]
    assert (customer["email"], customer["address"]) == ("new@klant.example", "Nieuwstraat 9")


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
