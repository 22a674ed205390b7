"""Guide 9 and 3.3: subscriptions route their invoices, and must not fall due at once (A17, A45)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.following import killed_at
from tests.flows.office import Office
from tests.flows.scenes import (
    CUSTOMER,
    MORNING,
    WalkingClock,
    at,
    book_100,
    held,
    option,
    profile_of,
    run,
    said,
    set_up,
)
from tests.flows.test_routing import subscribed

CASH = ("cash", 0)
ZERO = ("after_invoice_date", 0)


@pytest.fixture
def november(november: Office) -> Office:
    """Open the office on the common ground, without the subscriptions that its books have."""
    november.sandbox.books.subscriptions.clear()
    return november


def billed(office: Office, subscription: str, number: str, **changes: Any) -> str:
    """Let a subscription book an invoice that falls due on its own date."""
    return book_100(office, number=number, subscription=subscription, due="2024-11-01", **changes)


def subscription_of(office: Office, **details: Any) -> str:
    """Make a subscription "Onderhoud" of the common customer with a term of 0 days."""
    plain = {"title": "Onderhoud", "term": ZERO}
    return office.sandbox.books.new_subscription(CUSTOMER, **{**plain, **details})


def infos(office: Office) -> int:
    """Return how many subscriptions were asked for one by one since the last count."""
    count = len(office.calls("teamleader", "/subscriptions.info"))
    office.forget_calls()
    return count


# ---- A17: routing, and what is kept of it


def test_a_subscription_is_read_once_a_day_by_the_schedule(november: Office) -> None:
    """A17: its field is kept for 24 hours, then read again, and the new one decides."""
    subscription = subscribed(november)
    book_100(november, subscription=subscription, field_value=None)
    november.imports(days=30)
    assert infos(november) == 1
    other = option(november, "1420", "subscription")
    november.sandbox.books.subscriptions[subscription].field_value = other
    at(november, MORNING + timedelta(hours=23))
    book_100(november, number="2024 / 101", subscription=subscription, field_value=None)
    november.imports()
    assert (infos(november), profile_of(november, "2024 / 101")) == (0, 1421)
    at(november, MORNING + timedelta(hours=25))
    book_100(november, number="2024 / 102", subscription=subscription, field_value=None)
    november.imports()
    assert (infos(november), profile_of(november, "2024 / 102")) == (1, 1420)


def test_by_hand_a_subscription_is_read_anew(november: Office) -> None:
    """A17: a person who has just corrected the field and imports does not wait for a day."""
    subscription = subscribed(november)
    wrong = november.sandbox.books.subscriptions[subscription]
    wrong.field_value = "1499"
    book_100(november, subscription=subscription, field_value=None)
    assert november.imports(days=30).held == 1
    assert held(november) == {"2024 / 100": "PROFILE_UNKNOWN"}
    wrong.field_value = option(november, "1421", "subscription")
    assert run(november, "retry").code == 0
    assert profile_of(november) == 1421


def test_a_subscription_that_may_not_be_read_holds_its_own_invoices(november: Office) -> None:
    """A17, C21: the scope is missing: what is not from a subscription crosses all the same."""
    subscription = subscribed(november, context_too=False)
    book_100(november, subscription=subscription)
    book_100(november, number="2024 / 101")
    november.sandbox.world.rules.change({"forbidden": ("subscriptions",)})
    report = november.imports(days=30)
    assert (report.sent, report.held, report.exit_code) == (1, 1, 1)
    assert held(november) == {"2024 / 100": "UNREADABLE"}
    november.sandbox.world.rules.change({"forbidden": ()})
    assert run(november, "retry").code == 0
    assert profile_of(november) == 1421


# ---- A45: due at once, told once per subscription


@pytest.mark.parametrize("term", [ZERO, CASH])
def test_due_at_once_is_told_once_per_subscription(november: Office, term: tuple[str, int]) -> None:
    """A45: three invoices of one subscription, twice: sent, and named once, ever."""
    subscription = subscription_of(november, term=term)
    for number in ("2024 / 100", "2024 / 101", "2024 / 102"):
        billed(november, subscription, number, term=term)
    outcome = run(november, "import", "--days", "30", "--json").json
    assert (outcome["sent"], outcome["notices"]) == (3, {"DUE_AT_ONCE": 1})
    (remark,) = outcome["remarks"]
    assert remark["code"] == "DUE_AT_ONCE"
    assert (remark["title"], remark["number"]) == ("Onderhoud", "2024 / 100")
    assert (remark["subscription_id"], remark["term_type"]) == (subscription, term[0])
    for number in ("2024 / 103", "2024 / 104"):
        billed(november, subscription, number, term=term)
        report = november.imports()
        assert (report.sent, report.notices, report.remarks) == (1, {}, [])


def test_the_summary_names_the_subscription_and_the_cure(november: Office) -> None:
    """A45: will expire and may be reminded soon; set the subscription's term above 0 days."""
    billed(november, subscription_of(november), "2024 / 100")
    billed(november, subscription_of(november, title="Hosting\x1b[2J"), "2024 / 101")
    shown = said(run(november, "import", "--days", "30"))
    assert "2 DUE_AT_ONCE" in shown
    assert "subscription Onderhoud Klant NV first seen on 2024 / 100" in shown
    assert "subscription Hosting [2J Klant NV first seen on 2024 / 101" in shown
    assert "will expire and may be reminded soon" in shown
    assert "subscription above 0 days" in shown


def test_another_invoice_due_at_once_counts_by_itself(november: Office) -> None:
    """A45: what no subscription made is counted one by one, as before."""
    billed(november, subscription_of(november), "2024 / 100")
    for number in ("2024 / 101", "2024 / 102"):
        book_100(november, number=number, due="2024-11-01")
    assert november.imports(days=30).notices == {"DUE_AT_ONCE": 3}


def test_a_dry_run_shows_it_and_does_not_use_it_up(november: Office) -> None:
    """A45: the plan names the subscription, and so does the run after it."""
    billed(november, subscription_of(november), "2024 / 100")
    assert len(november.imports(days=30, dry_run=True).remarks) == 1
    assert len(november.imports(days=30).remarks) == 1


def test_a_summary_lost_in_a_crash_is_told_by_the_next_run(november: Office) -> None:
    """A45: killed before it was told, the subscription is named by the next run that ends."""
    billed(november, subscription_of(november), "2024 / 100")
    step = 0
    while True:
        with november.ledger() as ledger:
            if ledger.bookings.find("2024 / 100") and ledger.subscriptions.untold():
                break
        assert killed_at(step, lambda: november.imports(days=30))
        step += 1
    assert [row["title"] for row in november.imports(days=30).remarks] == ["Onderhoud"]


def test_an_unreadable_subscription_is_told_by_its_id(november: Office) -> None:
    """A45: without the right to read subscriptions the notice still comes."""
    subscription = subscription_of(november)
    billed(november, subscription, "2024 / 100")
    november.sandbox.world.rules.change({"forbidden": ("subscriptions",)})
    report = november.imports(days=30)
    assert (report.exit_code, report.remarks[0]["title"]) == (0, None)
    with november.ledger() as ledger:
        assert ledger.subscriptions.untold() == []
    assert report.remarks[0]["subscription_id"] == subscription


# ---- A45: check --subscriptions


def test_check_finds_them_beforehand(november: Office) -> None:
    """A45: all active subscriptions of 0 days or cash, with customer, term and link; exit 2."""
    zero = subscription_of(november)
    subscription_of(november, title="Contant", term=CASH)
    subscription_of(november, title="Goed", term=("after_invoice_date", 30))
    subscription_of(november, title="Einde maand", term=("end_of_month", 0))
    subscription_of(november, title="Gestopt", status="deactivated")
    outcome = run(november, "check", "--subscriptions")
    assert outcome.code == 2
    shown = said(outcome)
    assert "4 active subscriptions: 2 make invoices that fall due at once" in shown
    assert "Onderhoud Klant NV 0 days https://focus.teamleader.eu/subscription_detail" in shown
    assert "Contant Klant NV cash" in shown
    for other in ("Goed", "Einde maand", "Gestopt"):
        assert other not in shown
    assert "above 0 days" in shown
    found = run(november, "check", "--subscriptions", "--json").json
    assert (found["active"], found["exit_code"]) == (4, 2)
    row = next(row for row in found["due_at_once"] if row["subscription_id"] == zero)
    assert (row["title"], row["customer"]) == ("Onderhoud", "Klant NV")
    assert (row["term_type"], row["term_days"], row["code"]) == (*ZERO, "DUE_AT_ONCE")


@pytest.mark.parametrize(("count", "many"), [(0, "subscriptions"), (1, "subscription")])
def test_check_without_any_is_clean(november: Office, count: int, many: str) -> None:
    """A45: none, or only good ones: exit code 0."""
    for _ in range(count):
        subscription_of(november, term=("after_invoice_date", 14))
    outcome = run(november, "check", "--subscriptions")
    assert outcome.code == 0
    assert f"{count} active {many}: none makes invoices" in said(outcome)


def test_check_reads_many_and_after_a_correction_only_what_was_wrong(november: Office) -> None:
    """A45: 120 subscriptions are two pages and 120 looks; corrected, one look is enough."""
    wrong = subscription_of(november)
    for _ in range(119):
        subscription_of(november, term=("after_invoice_date", 30))
    assert run(november, "check", "--subscriptions").code == 2
    assert len(november.calls("teamleader", "/subscriptions.list")) == 2
    assert infos(november) == 120
    november.sandbox.books.subscriptions[wrong].term = ("after_invoice_date", 14)
    assert run(november, "check", "--subscriptions").code == 0
    assert infos(november) == 1
    at(november, MORNING + timedelta(hours=2))
    assert run(november, "check", "--subscriptions").code == 0
    assert infos(november) == 120


def test_check_keeps_to_the_limit_of_calls(november: Office) -> None:
    """A45: more subscriptions than calls a minute: it waits, and is never refused."""
    for _ in range(250):
        subscription_of(november, term=("after_invoice_date", 30))
    november.clock = WalkingClock(november.sandbox.world)
    outcome = run(at(november, MORNING), "check", "--subscriptions")
    assert outcome.code == 0
    assert "waiting" in outcome.err
    assert {call.status for call in november.calls("teamleader")} == {200}


def test_check_without_the_right_says_how_to_get_it(november: Office) -> None:
    """A45: a missing scope is one sentence with the cure, and exit code 1."""
    november.sandbox.world.rules.change({"forbidden": ("subscriptions",)})
    outcome = run(november, "check", "--subscriptions")
    assert outcome.code == 1
    assert "subscriptions.list" in outcome.err


def test_a_subscription_that_cannot_be_read_is_named(november: Office) -> None:
    """A45: nobody can say of it, so it is on the list, and the others are told."""
    subscription_of(november)
    subscription_of(november, title="Kapot", term=("after_invoice_date", '"soon"'))
    outcome = run(november, "check", "--subscriptions", "--json")
    assert outcome.code == 2
    found = outcome.json
    assert [row["title"] for row in found["due_at_once"]] == ["Onderhoud"]
    assert found["unreadable"][0].startswith("Kapot: ")


def test_check_leaves_twikey_and_the_other_probes_alone(november: Office) -> None:
    """A45: it asks for nothing but subscriptions."""
    subscription_of(november, term=("after_invoice_date", 30))
    set_up(november)
    run(november, "check", "--subscriptions")
    assert november.calls("twikey") == []
    assert len(november.calls("teamleader")) == 2
