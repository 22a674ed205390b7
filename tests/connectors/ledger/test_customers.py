"""Customers: whether Twikey has them, what it was told, and what it is still to be told."""

from __future__ import annotations

from connectors.ledger.customers import snapshot
from connectors.ledger.ledger import Ledger
from connectors.teamleader.records import Subscription
from tests.connectors.fakes import NOW
from tests.connectors.ledger.sample import booking, customer, enter, events, one, send, sight


def known(ledger: Ledger, name: str = "c1") -> bool:
    """Tell whether a customer counts as known when a booking is decided."""
    (row,) = ledger.customers.rows([name])
    return bool(row[-1])


def waiting(ledger: Ledger) -> list[str]:
    """Return the customers whose changes are to be told."""
    return [c.id for c, _ in ledger.customers.changed("", 10)]


def test_a_customer_that_came_with_its_invoice_gets_its_profile_once(ledger: Ledger) -> None:
    """Guide 2, 4: new until the default profile stands, then known; staff may change it after."""
    ledger.customers.read([customer("c1")], 1)
    enter(ledger, booking("b1"), booking("b2"))
    assert not known(ledger)
    send(ledger, "b1")
    assert ledger.customers.profiles_to_set() == [("c1", "1420")]
    assert not known(ledger)
    assert ledger.customers.any_to_tell()
    ledger.customers.profile_set("c1", "1420", 1, NOW)
    send(ledger, "b2")
    assert ledger.customers.profiles_to_set() == []
    assert known(ledger)
    assert not ledger.customers.any_to_tell()
    assert events(ledger, "c1") == ["default profile set"]


def test_a_profile_that_twikey_refuses_is_not_asked_again(ledger: Ledger) -> None:
    """Guide 3: refused once, told once; its invoices go on naming the profile."""
    ledger.customers.read([customer("c1")], 1)
    enter(ledger, booking("b1"))
    send(ledger, "b1")
    ledger.customers.profile_refused("c1", "no such profile", 1, NOW)
    assert ledger.customers.profiles_to_set() == []
    assert not ledger.customers.any_to_tell()
    assert not known(ledger)
    assert events(ledger, "c1") == ["default profile refused"]


def test_an_adopted_invoice_makes_its_customer_known_with_the_own_profile(ledger: Ledger) -> None:
    """Decisions 4: who was found in Twikey keeps the profile that staff gave there."""
    ledger.customers.read([customer("c1")], 1)
    enter(ledger, booking("b1"))
    ledger.crossings.adopted([("b1", "t1", "2026 / 1", 12100)], 1, NOW)
    assert known(ledger)
    assert ledger.customers.profiles_to_set() == []


def test_a_customer_seen_before_it_was_read_is_known_as_soon_as_it_is(ledger: Ledger) -> None:
    """P12: after the loss of a ledger the feed comes first, the customers later."""
    ledger.feed.invoices_seen([sight("t1", customer_number="c1")], 1, NOW)
    ledger.customers.read([customer("c1"), customer("c2")], 1)
    assert (known(ledger, "c1"), known(ledger, "c2")) == (True, False)


def test_only_changed_customers_that_twikey_has_are_told(ledger: Ledger) -> None:
    """Guide 12: a changed customer is marked when Twikey has it, one that is unchanged is not."""
    for name in ("c1", "c2", "c3"):
        ledger.customers.read([customer(name)], 1)
    enter(ledger, booking("b1"), booking("b2", customer_id="c2"))
    send(ledger, "b1", "b2")
    changed = {"updated_at": "2026-09-14T09:00:00+00:00", "email": "a@b.be"}
    ledger.customers.read([customer("c1", **changed), customer("c2"), customer("c3", **changed)], 2)
    ledger.customers.read([customer("c1", **changed)], 3)
    assert waiting(ledger) == ["c1"]
    ledger.customers.updated("c1", snapshot(customer("c1", **changed)), {"email": "a@b.be"}, 3, NOW)
    assert waiting(ledger) == []
    assert "updated in Twikey" in events(ledger, "c1")


def test_what_was_told_last_comes_back_with_the_change(ledger: Ledger) -> None:
    """Guide 12: only the difference is sent, so what was sent before is kept."""
    ledger.customers.read([customer("c1")], 1)
    enter(ledger, booking("b1"))
    send(ledger, "b1")
    ledger.customers.described([("c1", snapshot(customer("c1")))])
    now = customer("c1", email="new@b.be", updated_at="2026-09-15T00:00:00+00:00")
    ledger.customers.read([now], 2)
    assert ledger.customers.changed("", 10) == [(now, snapshot(customer("c1")))]
    assert ledger.customers.changed("c1", 10) == []


def test_a_refused_update_waits_for_the_next_change(ledger: Ledger) -> None:
    """Guide 12: a refusal is told once and not repeated at every run."""
    ledger.customers.read([customer("c1")], 1)
    enter(ledger, booking("b1"))
    send(ledger, "b1")
    ledger.links.has_number_again("c1", "ABC", 1, NOW)
    assert waiting(ledger) == ["c1"]
    ledger.customers.not_updated("c1", "err_invalid_params", 1, NOW)
    assert waiting(ledger) == []
    assert events(ledger, "c1") == ["customer number reset", "update refused"]


def test_a_customer_that_twikey_no_longer_has_is_new_again(ledger: Ledger) -> None:
    """Guide 4: deleted there, so the next invoice describes it in full."""
    ledger.customers.read([customer("c1")], 1)
    enter(ledger, booking("b1"))
    send(ledger, "b1", profile=None)
    assert known(ledger)
    ledger.customers.forgotten("c1", 1, NOW)
    assert not known(ledger)
    assert ledger.links.newest_invoices("c1") == ["b1"]


def test_a_customer_that_teamleader_no_longer_has_holds_its_bookings(ledger: Ledger) -> None:
    """D3: what waits for it is marked; a customer that comes back is read again."""
    enter(ledger, booking("b1"), booking("b2", customer_id="c2"))
    ledger.customers.gone("c1", "company", 1, NOW)
    assert one(ledger, "b1")["source_problem"] == "CUSTOMER_GONE"
    assert one(ledger, "b2")["source_problem"] is None
    assert ledger.customers.rows(["c1"]) == []
    ledger.customers.read([customer("c1")], 2)
    assert len(ledger.customers.rows(["c1", "c1"])) == 1


def test_which_customers_the_ledger_has_is_answered_by_id(ledger: Ledger) -> None:
    """Guide 12: of a page of changed customers only our own are looked at."""
    ledger.customers.read([customer("c1"), customer("c2")], 1)
    assert ledger.customers.kept(["c2", "c3"]) == {"c2"}
    assert ledger.links.newest_invoices("c1") == []


def test_a_subscription_keeps_its_field_as_received(ledger: Ledger) -> None:
    """Guide 3.3: the profile field of the subscription reaches the booking as JSON text."""
    enter(ledger, booking("b1", subscription_id="s1"))
    assert ledger.bookings.subscriptions_wanted(1, NOW) == ["s1"]
    told = Subscription("s1", "Onderhoud", "after_invoice_date", 30, {"f1": ["1421"]})
    ledger.customers.subscription(told, "f1", NOW)
    assert ledger.bookings.subscriptions_wanted(1, NOW) == []
    (row,) = ledger.bookings.undecided(1, 10)
    assert row[21] == '["1421"]'
