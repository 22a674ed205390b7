"""A rebuild in the middle of things: what was on its way goes on, what is unclear waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.flows.office import CONFIG, Office
from tests.flows.sights import pass_time
from tests.flows.test_rebuild import (
    drop,
    flip,
    lose,
    money,
    rebuilt,
    truncate,
)


def day_later(office: Office) -> None:
    """Let a day pass on both sides."""
    office.clock.shift += timedelta(days=1)
    office.sandbox.world.advance(86_400)


def cents(office: Office, number: str) -> list[int]:
    """Return the payments of an invoice in Teamleader."""
    return [cents for _, cents in money(office).get(number, [])]


# ---- what was on its way


@pytest.mark.parametrize("damage", [lose, flip, drop("payment_events")])
def test_money_that_had_not_reached_teamleader_yet_comes_once(
    office: Office, damage: object
) -> None:
    """P12: paid while the ledger broke: the next follow-up registers it, and only once."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_link"]("2026 / 1")
    damage(office)  # type: ignore[operator]  # each is a function of the office
    assert rebuilt(office).json["payments"] == 0
    for _ in range(2):
        assert office.run("follow-up").code == 0
    assert len(cents(office, "2026 / 1")) == 1


@pytest.mark.parametrize("damage", [lose, truncate])
def test_a_bounce_that_was_not_written_yet_is_undone_once(office: Office, damage: object) -> None:
    """P12: registered, then refused while the ledger broke: the payment leaves Teamleader."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_card"]("2026 / 1")
    assert office.run("follow-up").code == 0
    assert len(cents(office, "2026 / 1")) == 1
    office.sandbox.twikey.actions["refuse"]("2026 / 1", "MD06")
    damage(office)  # type: ignore[operator]  # each is a function of the office
    assert rebuilt(office).json["payments"] == 1
    for _ in range(2):
        assert office.run("follow-up").code == 0
    assert cents(office, "2026 / 1") == []


def test_what_was_booked_after_the_last_run_crosses_by_itself(office: Office) -> None:
    """Decisions 5: where the watermark could be saved, nothing new waits for a person."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    day_later(office)
    office.grant()
    office.sandbox.books.book(number="2026 / 2")
    drop("bookings")(office)
    report = rebuilt(office).json
    assert (report["standing"], report["held"], report["left"]) == (1, 0, 1)
    assert office.run("import", "--json").json["sent"] == 1
    assert office.run("import", "--json").json["sent"] == 0
    assert sorted(office.twikey_invoices()) == ["2026 / 1", "2026 / 2"]


def test_without_a_watermark_what_is_not_in_twikey_waits_for_a_person(office: Office) -> None:
    """Decisions 3: nobody knows whether it was left out: held, never sent by itself, one word."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.books.book(number="2026 / 2")
    lose(office)
    done = rebuilt(office)
    assert (done.code, done.json["held"]) == (2, 1)
    for _ in range(3):
        day_later(office)
        office.grant()
        assert office.run("import", "--json").json["sent"] == 0
    (held,) = office.run("held", "--json").json
    assert held["reason"] == "AFTER_REBUILD"
    assert office.run("retry", "2026 / 2", "--json").json["sent"] == 1
    assert len(office.twikey_invoices()) == 2


def test_what_is_older_than_all_that_crossed_is_nobodys_business(office: Office) -> None:
    """Guide 5: years of invoices that were never asked for are neither held nor sent."""
    old = (office.clock.now() - timedelta(days=90)).date().isoformat()
    for _ in range(3):
        office.sandbox.books.book(date=old)
    day_later(office)
    office.grant()
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    lose(office)
    assert (rebuilt(office).json["held"], len(office.twikey_invoices())) == (0, 1)
    assert office.run("import", "--json").json["sent"] == 0


def test_a_paid_invoice_is_known_again_so_that_its_bounce_is_undone(office: Office) -> None:
    """P12: a debit may come back for thirteen months: what is paid is followed all the same."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_card"]("2026 / 1")
    assert office.run("follow-up").code == 0
    lose(office)
    assert rebuilt(office).json["standing"] == 1
    office.sandbox.twikey.actions["refuse"]("2026 / 1", "MD06")
    assert office.run("follow-up").code == 0
    assert cents(office, "2026 / 1") == []


def test_what_twikeys_feed_no_longer_tells_is_looked_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twikey reference 3.1: how far a feed reaches back is unknown; the id is asked for then."""
    for number in range(1, 4):
        office.sandbox.books.book(number=f"2026 / {number}")
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_link"]("2026 / 3")
    assert office.run("follow-up").code == 0
    lose(office)
    monkeypatch.setattr("flows.rebuild_both_sides.read_twikey", lambda _: 0)
    report = rebuilt(office).json
    assert (report["standing"], report["payments"], report["held"]) == (3, 1, 0)


# ---- what is nobody's to send


def test_what_was_deleted_in_twikey_is_not_sent_again(office: Office) -> None:
    """C27: it crossed and a person deleted it there: known after a rebuild, told, never sent."""
    office.sandbox.books.book(number="2026 / 1")
    lost = office.sandbox.books.book(number="2026 / 2")
    office.imports(days=30)
    office.sandbox.twikey.actions["delete_invoice"](lost)
    drop("registrations")(office)
    report = rebuilt(office).json
    assert (report["standing"], report["standing_cents"], report["missed"]) == (1, 12100, 1)
    assert (report["left"], report["held"]) == (0, 0)
    office.sandbox.books.edit_invoice(lost, note="touched in Teamleader")
    for _ in range(2):
        assert office.run("import", "--json").json["sent"] == 0
        assert office.run("follow-up").code in (0, 2)
    assert sorted(office.twikey_invoices()) == ["2026 / 1"]
    with office.ledger() as ledger:
        assert [alert["number"] for alert in ledger.alerts.open("GONE_IN_TWIKEY")] == ["2026 / 2"]


def test_what_waits_after_a_rebuild_waits_after_the_next_one_too(office: Office) -> None:
    """Decisions 3: a second rebuild lets nothing go that the first one left to a person."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.books.book(number="2026 / 2")
    lose(office)
    assert rebuilt(office).json["held"] == 1
    drop("registrations")(office)
    assert rebuilt(office).json["held"] == 1
    assert office.run("import", "--json").json["sent"] == 0
    assert sorted(office.twikey_invoices()) == ["2026 / 1"]


def test_a_tombstone_whose_row_is_lost_stays_and_can_be_lifted(office: Office) -> None:
    """A22: taken back by `undo`: it does not come back, until a person says so."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.books.book(number="2026 / 2")
    run = office.imports().run_id
    assert office.run("undo", str(run), "--yes").code == 0
    drop("undone")(office)
    assert rebuilt(office).json["stay_away"] == 1
    imported = office.run("import", "--json").json
    assert (imported["sent"], imported["held"]) == (0, 0)
    assert office.run("undo", "--forget", "2026 / 2").code == 0
    assert office.run("import", "--json").json["sent"] == 1


def test_what_twikey_asks_too_much_is_told_as_before(office: Office) -> None:
    """C11: paid or credited in part after it was sent: alerts and comparison outlive a rebuild."""
    paid = office.sandbox.books.book(number="2026 / 1")
    credited = office.sandbox.books.book(number="2026 / 2")
    office.imports(days=30)
    day_later(office)
    office.grant()
    office.sandbox.books.pay(paid, 1500)
    office.sandbox.books.credit(credited, 1000)
    office.imports()
    assert office.run("follow-up").code == 2
    told = [("2026 / 1", "PARTLY_PAID"), ("2026 / 2", "PARTLY_CREDITED")]
    drop("registrations")(office)
    assert rebuilt(office).json["standing"] == 3
    assert office.run("follow-up").code == 2
    with office.ledger() as ledger:
        assert sorted((one["number"], one["code"]) for one in ledger.alerts.open()) == told
    assert len(office.run("reconcile", "--json").json["differing"]) == 2


@pytest.mark.parametrize("tables", [("bookings",), ("bookings", "events")], ids=" ".join)
def test_a_create_without_an_answer_is_not_repeated_at_once(
    office: Office, tables: tuple[str, ...]
) -> None:
    """Decisions 5: it may still be applied, so a rebuild that lost its row sends nothing again."""
    office.configure(CONFIG.replace("settle_after_seconds = 0", "settle_after_seconds = 300"))
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    pass_time(office, minutes=30)
    office.sandbox.books.book(number="2026 / 2")
    office.sandbox.world.fault(
        "late", service="twikey", path="/creditor/invoice", method="POST", seconds=120, times=1
    )
    assert office.imports().held == 1
    for table in tables:
        drop(table)(office)
    assert rebuilt(office).json["held"] == 1
    office.forget_calls()
    assert office.imports().sent == 0
    posts = [one for one in office.calls("twikey", "/creditor/invoice") if one.method == "POST"]
    assert posts == []
    pass_time(office, minutes=10)
    assert office.run("retry").code == 0
    assert sorted(office.twikey_invoices()) == ["2026 / 1", "2026 / 2"]
