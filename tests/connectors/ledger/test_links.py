"""The one-to-one link: numbers that Twikey shows otherwise, and who took a deleted one's place."""

from __future__ import annotations

from datetime import timedelta

from connectors.ledger.customers import snapshot
from connectors.ledger.ledger import Ledger
from tests.connectors.fakes import NOW
from tests.connectors.ledger.sample import booking, customer, enter, events, send, sight

ID = "2d8309e1-a005-0d4c-8674-5eb981ecd2c3"
LATER = NOW + timedelta(minutes=5)


def crossed(ledger: Ledger, *names: str, customer_id: str = "c1") -> None:
    """Let bookings of one customer cross."""
    ledger.customers.read([customer(customer_id)], 1, NOW)
    enter(ledger, *(booking(name, customer_id=customer_id) for name in names))
    send(ledger, *names, profile=None)


def test_the_newest_sight_of_an_invoice_of_ours_decides(ledger: Ledger) -> None:
    """A21: an older sight, or an invoice of somebody else, proves nothing."""
    crossed(ledger, "b1", "b2")
    ledger.feed.invoices_seen([sight("b1", customer_number="ABC")], 1, NOW)
    assert ledger.links.shown_otherwise(["c1", "c2"]) == ["c1"]
    ledger.feed.invoices_seen([sight("x1", customer_number="XYZ")], 2, LATER)
    assert ledger.links.shown_otherwise(["c1"]) == ["c1"]
    ledger.feed.invoices_seen([sight("b2", customer_number="c1")], 3, LATER)
    assert ledger.links.shown_otherwise(["c1"]) == []


def test_an_id_of_teamleaders_is_no_changed_number(ledger: Ledger) -> None:
    """C27: it may be a merge that a person made in Twikey."""
    crossed(ledger, "b1")
    ledger.feed.invoices_seen([sight("b1", customer_number=ID)], 1, NOW)
    assert ledger.links.shown_otherwise(["c1"]) == []


def test_an_invoice_belongs_to_the_customer_it_was_sent_for(ledger: Ledger) -> None:
    """C27: another customer in Teamleader does not make Twikey's number a changed one."""
    crossed(ledger, "b1")
    ledger.customers.read([customer("c2")], 1, NOW)
    enter(ledger, booking("b1", customer_id="c2"), run=2)
    ledger.feed.invoices_seen([sight("b1", customer_number="c1")], 1, NOW)
    assert ledger.links.shown_otherwise(["c1", "c2"]) == []
    links = ledger.links
    assert (links.newest_invoices("c1"), links.newest_invoices("c2")) == (["b1"], [])
    (proposed,) = ledger.links.successors("c1")
    assert (proposed["id"], proposed["why"]) == ("c2", "its invoices name it now")


def test_a_reset_is_remembered_until_its_end_is_known(ledger: Ledger) -> None:
    """A21: with the other number, through a crash and a lost answer; told once."""
    crossed(ledger, "b1")
    ledger.feed.invoices_seen([sight("b1", customer_number="ABC")], 1, NOW)
    op = ledger.links.resetting("c1", "ABC", 1, NOW, LATER)
    ledger.links.lost(op)
    ledger.intents.close_repeatable(NOW)
    (left,) = ledger.links.open_resets()
    assert (left.customer_id, left.was) == ("c1", "ABC")
    ledger.links.has_number_again("c1", "ABC", 2, LATER)
    assert ledger.links.open_resets() == []
    assert ledger.links.shown_otherwise(["c1"]) == []
    assert events(ledger, "c1") == ["customer number reset"]


def test_who_took_a_deleted_ones_place(ledger: Ledger) -> None:
    """C27: the same numbers however written, or the same name and address; best first, once."""
    crossed(ledger, "b1")
    ledger.customers.read(
        [
            customer("c1", vat_number="BE 0403.019.261", email="a@b.be"),
            customer("c2", vat_number="BE0403019261", company_name="Groep"),
            customer("c3", email="A@B.be"),
            customer("c4", email="a@b.be", company_name="Somebody else"),
            customer("c5", vat_number="BE0403019261", type="contact"),
        ],
        2, NOW,
    )  # fmt: skip
    assert ledger.customers.gone("c1", "company", 2, NOW)
    assert [one["id"] for one in ledger.links.successors("c1")] == ["c2", "c3"]
    assert not ledger.customers.gone("c1", "company", 3, NOW)
    assert ledger.links.open_invoices("c1") == ["2026 / b1"]
    assert ledger.links.successors("nobody") == []


def test_blank_numbers_are_nobodys(ledger: Ledger) -> None:
    """C29: customers without VAT number and e-mail are not each other's successors."""
    ledger.customers.read([customer("c1"), customer("c2")], 1, NOW)
    ledger.customers.gone("c1", "company", 2, NOW)
    assert ledger.links.successors("c1") == []


def test_of_a_customer_found_in_twikey_only_what_changes_is_told(ledger: Ledger) -> None:
    """Guide 12: what Teamleader said before the change is taken for what Twikey was told."""
    ledger.feed.invoices_seen([sight("t1", customer_number="c1")], 1, NOW)
    ledger.customers.read([customer("c1")], 1, NOW)
    ledger.customers.read([customer("c1", email="a@b.be")], 2, NOW)
    assert ledger.customers.changed("", 10) == [
        (customer("c1", email="a@b.be"), snapshot(customer("c1")))
    ]


def test_which_customers_are_read(ledger: Ledger) -> None:
    """Guide 12: all but those that are gone, with those that only Twikey's feed has shown."""
    crossed(ledger, "b1")
    ledger.customers.read([customer("c2", type="contact"), customer("c3")], 1, NOW)
    ledger.customers.gone("c3", "company", 1, NOW)
    shown = [sight("t1", customer_number=ID), sight("t2", customer_number="by-hand")]
    ledger.feed.invoices_seen(shown, 1, NOW)
    lists = ledger.customer_lists
    assert lists.to_read() == {"company": ["c1"], "contact": ["c2"], "either": [ID]}
    some = lists.to_read(with_open_bookings=True)
    assert some == {"company": ["c1"], "contact": [], "either": []}
    ledger.feed.invoices_seen([sight("b1", state="PAID")], 2, NOW)
    assert lists.to_read(with_open_bookings=True)["company"] == []
    assert lists.shown([ID, "c9"]) == {ID}
