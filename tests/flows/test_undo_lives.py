"""A22: answers lost while an import is taken back, and the next life of what was removed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.ledger.records import NewMoney
from tests.flows.office import Office
from tests.flows.scenes import said
from tests.flows.taking_back import backfilled, deletes, kept, number, quiet, standing, take_back

# ---- answers that were lost, and what stands there after all


@pytest.mark.parametrize("fault", ["lost_after", "reset_before"])
def test_a_lost_answer_is_looked_up_and_never_repeated_unseen(office: Office, fault: str) -> None:
    """A22: whether it left is looked up in a later run; the removal itself is sent once."""
    ids = backfilled(office)
    lost = "reset_after" if fault == "lost_after" else fault
    office.sandbox.world.fault(lost, service="twikey", method="DELETE", path=ids[1], nth=1)
    done = take_back(office)
    assert (done.code, kept(done)) == (2, {number(office, ids[1]): "LOST"})
    assert len([c for c in deletes(office) if c.path.endswith(ids[1])]) <= 1
    office.imports()
    gone = fault == "lost_after"
    with office.ledger() as ledger:
        stage = ledger.bookings.find(ids[1])[0]["stage"]
    assert stage == ("undone" if gone else "sent")
    again = take_back(office, name="1")
    assert (again.code, again.json["removed"]) == (0, 0 if gone else 1)
    assert standing(office) == set()
    quiet(office)


def test_removals_without_an_answer_stop_the_run(office: Office) -> None:
    """A22: three lost answers in a row end the run with its cure; nothing is asked for twice."""
    backfilled(office, 5)
    office.sandbox.world.fault("reset_after", service="twikey", method="DELETE", path="/invoice/")
    stopped = take_back(office)
    assert stopped.code == 1
    assert stopped.json["error"] == "ServiceUnavailable"
    office.sandbox.world.faults.clear()
    assert take_back(office, name="1").code == 0
    assert standing(office) == set()


@pytest.mark.parametrize("answer", ["400", "404", "empty"])
def test_what_left_by_somebodys_hand_counts_as_gone(
    open_office: Callable[..., Office], answer: str
) -> None:
    """A22: however Twikey says that it knows an invoice no more, it stays away and is no alert."""
    office = open_office(twikey_unknown_invoice=answer)
    ids = backfilled(office)
    office.sandbox.twikey.actions["delete_invoice"](ids[0])
    done = take_back(office)
    assert (done.code, done.json["removed"], done.json["gone"]) == (0, 3, 1)
    quiet(office)


def test_what_a_broken_import_left_unsent_is_set_aside(office: Office) -> None:
    """A22: what was read and not sent before a crash does not come by the next schedule either."""
    office.sandbox.books.book()
    office.imports(days=30)
    ids = [office.sandbox.books.book() for _ in range(4)]
    office.sandbox.world.fault(
        "status", service="twikey", method="POST", path="/invoice$", nth=3, status=403,
        headers={"ApiErrorCode": "err_not_authorised", "ApiError": "Not authorised"},
    )  # fmt: skip
    broken = office.run("import", "--days", "30", "--yes")
    assert broken.code == 1
    office.sandbox.world.faults.clear()
    office.forget_calls()
    done = take_back(office)
    assert (done.code, done.json["removed"], done.json["set_aside"]) == (0, 2, 2)
    quiet(office)
    assert office.run("undo", "--forget", "last", "--json").json["lifted"] == sorted(
        number(office, each) for each in ids
    )
    assert office.imports().sent == 4


# ---- the next life


@pytest.mark.parametrize("count", [2, 12])
def test_a_spent_id_is_replaced_and_leads_back(
    open_office: Callable[..., Office], count: int
) -> None:
    """A22: where Twikey does not take a deleted id again, another one carries our reference."""
    office = open_office(twikey_deleted_id="refuse", twikey_detail_limit=None)
    ids = backfilled(office, count)
    for _ in range(2):
        assert take_back(office).code == 0
        office.run("undo", "--forget", "last")
        report = office.imports()
        assert (report.sent, report.held) == (count, 0)
        rows = office.twikey_invoices().values()
        assert {row["ref"] for row in rows} == set(ids)
        assert not {row["id"] for row in rows} & set(ids)
    quiet_one = ids[0]
    there = next(r for r in office.twikey_invoices().values() if r["ref"] == quiet_one)
    office.sandbox.twikey.actions["pay_link"](there["id"])
    office.run("follow-up", "--payments")
    assert office.sandbox.books.invoice(quiet_one).due == 0


def test_a_lost_answer_under_another_id_is_found_again(open_office: Callable[..., Office]) -> None:
    """A22: killed or lost while it is created under its other id: found, not created twice."""
    office = open_office(twikey_deleted_id="refuse")
    (booking,) = backfilled(office, 1)
    take_back(office)
    office.run("undo", "--forget", "last")
    office.sandbox.world.fault(
        "reset_after", service="twikey", method="POST", path="/invoice$", nth=2
    )
    assert office.imports().held == 1
    report = office.imports()
    assert report.held == 0
    (row,) = office.twikey_invoices().values()
    assert row["ref"] == booking
    with office.ledger() as ledger:
        found = ledger.bookings.find(booking)[0]
    assert (found["stage"], found["twikey_id"], found["adopted"]) == ("sent", row["id"], 0)


def test_an_echo_of_the_earlier_life_is_not_adopted(office: Office) -> None:
    """A22: should the feed still show what was deleted, it is looked up and made again."""
    (booking,) = backfilled(office, 1)
    echo = office.sandbox.twikey.books.invoices[booking]
    with office.connection() as connection:
        shown = connection.twikey.invoice(booking)
    assert shown is not None and echo is not None
    take_back(office)
    with office.ledger() as ledger:
        ledger.feed.invoices_seen([shown], None, office.clock.now())
    quiet(office)
    office.run("undo", "--forget", "last")
    assert office.imports().sent == 1
    assert standing(office) == {booking}


def test_the_money_of_an_earlier_life_does_not_touch_the_next(office: Office) -> None:
    """A22: paid and bounced, removed, imported again: only the new payment is registered."""
    customer = office.sandbox.books.new_customer()
    office.sandbox.books.book(customer=customer)
    office.imports(days=30)
    office.sandbox.twikey.actions["sign_mandate"](customer)
    booking = office.sandbox.books.book(customer=customer)
    second = office.imports()
    for action in ("pay_debit", "refuse"):
        office.sandbox.twikey.actions[action](booking)
        office.run("follow-up", "--payments")
    invoice = office.sandbox.books.invoice
    assert invoice(booking).payments == ()
    done = take_back(office, name=str(second.run_id))
    assert (done.code, done.json["removed"]) == (0, 1), said(done)
    office.run("undo", "--forget", "last")
    office.imports()
    office.run("follow-up")
    assert invoice(booking).payments == ()
    office.sandbox.twikey.actions["pay_debit"](booking)
    office.run("follow-up", "--payments")
    assert len(invoice(booking).payments) == 1
    assert office.run("status", "--json").json["alerts"] == []


def test_what_was_paid_and_then_deleted_by_hand_is_still_followed(office: Office) -> None:
    """A22, B7: gone in Twikey with a registered payment: kept, so that a bounce is still undone."""
    (booking,) = backfilled(office, 1)
    office.sandbox.twikey.actions["pay_link"](booking)
    office.run("follow-up", "--payments")
    office.sandbox.twikey.actions["delete_invoice"](booking)
    done = take_back(office)
    assert (done.code, kept(done)) == (2, {number(office, booking): "REGISTERED"})


def test_money_that_comes_after_all_is_registered(office: Office) -> None:
    """A22, B7: told of a payment after the removal, Teamleader learns of it; nothing comes back."""
    (booking,) = backfilled(office, 1)
    take_back(office)
    paid = NewMoney(
        "evt_late", booking, "payment", "2026-11-22T08:00:00.000Z", 12_100, "EUR", "payment_link",
        "link:1", "{}", None,
    )  # fmt: skip
    with office.ledger() as ledger:
        ledger.payments.read([paid], None, office.clock.now())
    office.run("follow-up", "--payments")
    assert office.sandbox.books.invoice(booking).paid
    assert office.run("undo", "--forget", "last").code == 0
    report = office.imports()
    assert (report.sent, report.reasons) == (0, {"ALREADY_PAID": 1})


def test_a_create_that_only_seems_done_is_held(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A22: should Twikey answer a deleted id with 200 and have nothing, that is seen and held."""
    (booking,) = backfilled(office, 1)
    take_back(office)
    office.run("undo", "--forget", "last")
    with monkeypatch.context() as patch:
        patch.setattr(office.sandbox.twikey.books, "add_invoice", lambda invoice: None)
        patch.setattr(office.sandbox.twikey.feeds, "noticed", lambda *_, **__: None)
        assert office.imports().reasons == {"DIFFERS": 1}
    assert office.run("retry").code == 0
    assert standing(office) == {booking}
