"""Guide 12: customers follow from Teamleader to Twikey, by schedule or by hand, one way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flows.customers import CustomersReport, CustomersRequest, follow_customers
from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    MORNING,
    at,
    book_100,
    creates,
    known,
    run,
    said,
    set_up,
    twikey_customers,
    writes,
)

OTHER = "7f3a09e1-a005-0d4c-8674-5eb981ecd2c4"
LISTS = ["/companies.list", "/contacts.list"]


def follow(office: Office, **request: Any) -> CustomersReport:
    """Let customers follow, in this process."""
    with office.connection() as connection:
        return follow_customers(connection, CustomersRequest(**request))


def later(office: Office, **span: float) -> None:
    """Let time pass on both sides, with an access that was kept alive."""
    moment = office.clock.now() + timedelta(**span)
    at(office, moment)
    office.grant()


def moved(office: Office, **changes: Any) -> Office:
    """Let the common customer be known, then change in Teamleader a few minutes later."""
    known(office)
    later(office, minutes=5)
    office.sandbox.books.edit_customer(CUSTOMER, **changes)
    later(office, minutes=10)
    return office


def patches(office: Office) -> list[dict[str, str]]:
    """Return the parameters of the customer updates that Twikey got."""
    found = office.calls("twikey", "/creditor/customer/")
    return [dict(call.request.query) for call in found if call.method == "PATCH"]


def story(office: Office, subject: str = CUSTOMER) -> list[str]:
    """Return what happened to a customer."""
    with office.ledger() as ledger:
        return [event["what"] for event in ledger.journal.of(subject)]


CHANGES: dict[str, Any] = {
    "email": "new@klant.example",
    "invoicing_email": "boek@klant.example",
    "address": ("Nieuwstraat 9", "1000", "Brussel", "BE"),
}
TOLD = {
    "email": "new@klant.example",
    "address": "Nieuwstraat 9",
    "zip": "1000",
    "city": "Brussel",
}


@pytest.mark.parametrize("how", ["import", "customers"])
def test_changes_follow_by_schedule_without_an_invoice(november: Office, how: str) -> None:
    """A50: street, e-mail and invoicing e-mail changed; the schedule brings them, once."""
    moved(november, **CHANGES)
    verbs = {"import": ("import",), "customers": ("customers", "--scheduled")}
    outcome = run(november, *verbs[how])
    assert outcome.code == 0
    assert patches(november) == [TOLD]
    assert creates(november) == []
    assert twikey_customers(november)[CUSTOMER]["address"] == "Nieuwstraat 9"
    assert "boek@klant.example" in said(outcome)
    november.forget_calls()
    later(november, minutes=15)
    assert run(november, *verbs[how]).code == 0
    assert patches(november) == []


def test_a_changed_invoicing_address_is_in_copy_of_the_next_invoice(november: Office) -> None:
    """A50: Twikey's customer has no copy over the API, so the next invoices carry it."""
    moved(november, **CHANGES)
    november.imports()
    book_100(november)
    november.imports()
    (sent,) = [c.request.json() for c in creates(november)]
    assert sent["cc"] == "boek@klant.example"


def test_by_hand_it_works_where_automatic_is_off(november: Office) -> None:
    """A51: automatic off, `customers` by hand is the same; the schedule alone does nothing."""
    moved(november, **CHANGES)
    set_up(november, "automatic = false")
    november.forget_calls()
    for verb in (("customers", "--scheduled"), ("import",)):
        outcome = run(november, *verb)
        assert outcome.code == 0
        assert "automatic" in said(outcome)
    assert november.calls("teamleader") == november.calls("twikey") == []
    outcome = run(november, "customers", "--json")
    assert (outcome.code, outcome.json["told"]) == (0, 1)
    (told,) = outcome.json["updated"]
    assert (told["id"], told["name"]) == (CUSTOMER, "Klant NV")
    assert told["fields"] == sorted(TOLD)
    assert patches(november) == [TOLD]


def test_nothing_is_ever_written_to_teamleader(november: Office) -> None:
    """A52: a name typed in Twikey stays there until Teamleader's own next change wins."""
    known(november)
    november.sandbox.twikey.actions["edit_customer"](CUSTOMER, companyName="Typed in Twikey")
    later(november, minutes=5)
    for every in (False, True):
        follow(november, every=every)
    november.imports()
    assert twikey_customers(november)[CUSTOMER]["companyName"] == "Typed in Twikey"
    november.sandbox.books.edit_customer(CUSTOMER, name="Klant en Zonen NV")
    later(november, minutes=5)
    follow(november)
    assert twikey_customers(november)[CUSTOMER]["companyName"] == "Klant en Zonen NV"
    assert writes(november, "teamleader") == []


def test_only_customers_that_twikey_has_are_told(november: Office) -> None:
    """Guide 12: a changed customer without an invoice is nobody in Twikey."""
    moved(november)
    stranger = november.sandbox.books.new_customer("contact")
    later(november, minutes=1)
    report = follow(november)
    assert (report.told, report.outcome) == (0, "clean")
    assert patches(november) == []
    assert set(twikey_customers(november)) == {CUSTOMER}
    assert story(november, stranger) == []


def test_a_quiet_run_is_one_call_per_list(november: Office) -> None:
    """Guide 12: nothing changed costs two calls to Teamleader and none to Twikey."""
    known(november)
    follow(november)
    for _ in range(2):
        later(november, minutes=15)
        november.forget_calls()
        report = follow(november)
        assert [c.path for c in november.calls("teamleader")] == LISTS
        assert november.calls("twikey") == []
        assert report.calls == {"Teamleader": 2, "Twikey": 0}
        assert report.headline() == "nothing to update"


def test_all_are_read_by_the_hundred_and_compared(november: Office) -> None:
    """Guide 12: --all reads every customer anew, by ids, and tells only what differs."""
    books = november.sandbox.books
    customers = [books.new_customer("contact" if n % 2 else "company") for n in range(250)]
    for customer in customers:
        books.book(customer=customer, date="2024-11-01")
    november.imports(days=30)
    later(november, hours=1)
    assert follow(november).told == 0
    books.edit_customer(customers[3], touch=False, email="quiet@voorbeeld.example")
    november.forget_calls()
    assert follow(november).told == 0
    november.forget_calls()
    report = follow(november, every=True)
    assert report.told == 1
    assert patches(november) == [{"email": "quiet@voorbeeld.example"}]
    asked = [c.parameters["filter"].get("ids", []) for c in november.calls("teamleader")]
    assert sorted(map(len, asked)) == [0, 0, 25, 25, 100, 100]


def test_a_watermark_moves_only_when_its_list_ended_well(november: Office) -> None:
    """C21: no right to contacts: companies follow and move on, contacts wait with theirs."""
    contact = november.sandbox.books.new_customer("contact")
    moved(november, email="new@klant.example")
    november.sandbox.books.book(customer=contact, date="2024-11-01")
    november.imports(days=30)
    later(november, minutes=5)
    november.sandbox.books.edit_customer(CUSTOMER, email="newer@klant.example")
    november.sandbox.books.edit_customer(contact, email="person@voorbeeld.example")
    november.sandbox.world.rules.change({"forbidden": ("contacts.list",)})
    later(november, minutes=1)
    with november.ledger() as ledger:
        before = ledger.watermarks.read("contacts")
    outcome = run(november, "customers")
    assert outcome.code == 1
    assert "contacts.list" in said(outcome)
    assert twikey_customers(november)[CUSTOMER]["email"] == "newer@klant.example"
    with november.ledger() as ledger:
        companies = ledger.watermarks.read("companies")
        assert ledger.watermarks.read("contacts") == before is not None
        assert companies is not None and companies > before
    november.sandbox.world.rules.change({"forbidden": ()})
    later(november, hours=20)
    run(november, "customers")
    assert twikey_customers(november)[contact]["email"] == "person@voorbeeld.example"


def test_what_cannot_follow_is_told_once(november: Office) -> None:
    """Guide 12: an emptied street and a VAT number stay in Twikey, and a person is told."""
    moved(november, address=None, vat_number="BE0403019261")
    outcome = run(november, "customers")
    assert patches(november) == []
    assert "change by hand in Twikey: street, postal code, city, country, VAT number" in said(
        outcome
    )
    assert "changed in Teamleader" in story(november)
    assert "by hand in Twikey" not in said(run(november, "customers", "--all"))


def refusing(office: Office, times: int = 1) -> None:
    """Let Twikey refuse updates of customers."""
    office.sandbox.world.fault(
        "status", path="/customer/", method="PATCH", status=400, times=times,
        headers={"ApiErrorCode": "err_invalid_email", "ApiError": "Invalid"},
    )  # fmt: skip


def alerts(office: Office) -> list[str]:
    """Return the codes of what a person is to look at about the common customer."""
    with office.ledger() as ledger:
        return [row["code"] for row in ledger.alerts.open() if row["booking_id"] == CUSTOMER]


@pytest.mark.parametrize("verb", [("customers", "--scheduled"), ("import",)])
def test_an_update_that_twikey_refuses_stays_told_and_is_tried_daily(
    november: Office, verb: tuple[str, ...]
) -> None:
    """C28, A50: refused once: exit code 2 and an alert until it is taken; tried once a day."""
    moved(november, **CHANGES)
    refusing(november)
    outcome = run(november, *verb)
    assert (outcome.code, len(patches(november))) == (2, 1)
    assert "not updated in Twikey" in said(outcome)
    for minutes in (15, 600):
        later(november, minutes=minutes)
        outcome = run(november, *verb)
        assert (outcome.code, len(patches(november))) == (2, 1)
        assert "CUSTOMER_NOT_UPDATED" in said(run(november, "status"))
    later(november, hours=13)
    assert run(november, *verb).code == 0
    assert twikey_customers(november)[CUSTOMER]["address"] == "Nieuwstraat 9"
    assert alerts(november) == []


def test_a_refused_update_goes_at_once_when_a_person_asks(november: Office) -> None:
    """C28: `customers` by hand tries it now; what a person changed in Twikey is said so."""
    moved(november, email="new@klant.example")
    refusing(november, times=2)
    assert run(november, "customers").code == 2
    assert run(november, "customers").code == 2
    assert alerts(november) == ["CUSTOMER_NOT_UPDATED"]
    assert run(november, "customers").code == 0
    assert twikey_customers(november)[CUSTOMER]["email"] == "new@klant.example"
    later(november, minutes=5)
    november.sandbox.books.edit_customer(CUSTOMER, email="newer@klant.example")
    later(november, minutes=5)
    refusing(november)
    assert run(november, "customers").code == 2
    assert run(november, "retry", CUSTOMER, "--confirm").code == 0
    assert (run(november, "customers").code, alerts(november)) == (0, [])


def test_a_refused_update_that_is_over_settles_itself(november: Office) -> None:
    """C28: Teamleader says again what Twikey was told before, so nothing is left to tell."""
    moved(november, email="new@klant.example")
    refusing(november)
    run(november, "import")
    november.sandbox.books.edit_customer(CUSTOMER, email="ap@klant.example")
    later(november, minutes=15)
    november.forget_calls()
    assert run(november, "import").code == 0
    assert (alerts(november), patches(november)) == ([], [])


def test_a_lost_answer_is_told_again(november: Office) -> None:
    """P4: setting the same twice is harmless, so the next run sets it again."""
    moved(november, email="new@klant.example")
    november.sandbox.world.fault("reset_after", path="/customer/", method="PATCH")
    first = follow(november)
    november.sandbox.world.faults.clear()
    later(november, minutes=10)
    assert follow(november).told == 1
    assert twikey_customers(november)[CUSTOMER]["email"] == "new@klant.example"
    assert follow(november).told == 0
    assert first.outcome == "clean"


@pytest.mark.parametrize("listed", [False, True])
def test_a_deactivated_customer_is_told_and_keeps_following(november: Office, listed: bool) -> None:
    """Guide 12: deactivated in Teamleader: told once, nothing is removed in Twikey."""
    november.sandbox.world.rules.change({"lists_deactivated": listed})
    moved(november, status="deactivated", email="new@klant.example")
    outcome = run(november, "customers", "--all")
    assert outcome.code == 0
    assert "Klant NV" in said(outcome) and "deactivated in Teamleader" in said(outcome)
    assert twikey_customers(november)[CUSTOMER]["email"] == "new@klant.example"
    assert story(november).count("deactivated in Teamleader") == 1
    assert "deactivated" not in said(run(november, "customers", "--all"))


def test_a_customer_that_twikey_does_not_know_any_more_is_told(november: Office) -> None:
    """Guide 4: nothing of it stands there: renamed or deleted, so a person is asked."""
    moved(november, email="new@klant.example")
    november.sandbox.twikey.actions["delete_invoice"]("2024 / 99")
    books = november.sandbox.twikey.books
    customer = books.customer_by_number(CUSTOMER)
    assert customer is not None
    books.customer_keys.pop(CUSTOMER)
    report = follow(november)
    assert (report.outcome, report.told) == ("held", 0)
    assert alerts(november) == ["CUSTOMER_NOT_FOUND"]


def test_customers_that_only_twikey_has_shown_are_brought_up_to_date(november: Office) -> None:
    """Guide 12: brought there by another importer; --all finds them, as company or contact."""
    known(november)
    contact = november.sandbox.books.new_customer("contact", mobile="0499 12 34 45")
    later(november, hours=1)
    november.imports()
    for place, number in enumerate((contact, "by-hand", OTHER)):
        november.sandbox.twikey.actions["enter_by_hand"](
            f"X {place}", 10, customer={"customerNumber": number, "companyName": "Old"}
        )
    november.imports()
    later(november, minutes=5)
    report = follow(november, every=True)
    assert (report.told, report.gone, report.outcome) == (1, 0, "clean")
    found = twikey_customers(november)[contact]
    assert (found["lastname"], found["mobile"]) == (
        november.sandbox.books.customers[contact].last_name,
        "+32499123445",
    )


def test_a_name_cannot_play_with_the_terminal(november: Office) -> None:
    """Decisions 10: text from outside is stripped of control characters before it is shown."""
    moved(november, name="Klant\x1b[31m NV\x07", status="deactivated", email="new@klant.example")
    outcome = run(november, "customers", "--all")
    assert outcome.code == 0
    assert "\x1b" not in outcome.out and "\x07" not in outcome.out


def test_one_run_at_a_time(november: Office) -> None:
    """Decisions 5: another run of this connection is at work: exit code 3, nothing is asked."""
    known(november)
    with november.ledger() as ledger, ledger.lock.held("import", november.clock.now()):
        assert run(november, "customers").code == 3
    assert november.calls("teamleader") == []


def test_a_twikey_that_does_not_answer_is_left_alone(november: Office) -> None:
    """P4: three updates without an answer in a row, then the rest waits for the next run."""
    books = november.sandbox.books
    customers = [books.new_customer() for _ in range(6)]
    for customer in customers:
        books.book(customer=customer, date="2024-11-01")
    november.imports(days=30)
    for customer in customers:
        books.edit_customer(customer, language="fr")
    later(november, minutes=5)
    november.sandbox.world.fault("reset_before", path="/customer/", method="PATCH")
    outcome = run(november, "customers")
    assert outcome.code == 1
    assert "without an answer" in said(outcome)
    november.sandbox.world.faults.clear()
    later(november, minutes=5)
    assert run(november, "customers", "--json").json["told"] == 6


def test_a_first_import_comes_first(november: Office) -> None:
    """Guide 4: with an empty ledger there is nobody to update; the sentence says what to do."""
    outcome = run(november, "customers")
    assert outcome.code == 1
    assert "import --days 30" in said(outcome)
    assert run(november, "customers", "--all", "--json").json["read"] == 0


def test_all_and_scheduled_exclude_each_other(november: Office) -> None:
    """Decisions 10: wrong usage is one sentence and exit code 64."""
    outcome = run(november, "customers", "--all", "--scheduled")
    assert outcome.code == 64
    assert outcome.err.count("\n") == 1


def test_the_morning_is_where_it_was_left(november: Office) -> None:
    """A50: a customer changed while no run was at work for a weekend follows on Monday."""
    known(november)
    at(november, MORNING + timedelta(hours=5))
    november.sandbox.books.edit_customer(CUSTOMER, language="fr")
    at(november, MORNING + timedelta(days=3))
    november.grant()
    november.imports()
    assert patches(november) == [{"l": "fr"}]
