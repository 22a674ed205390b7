"""Complaints about answers that were lost or lied, end to end (acceptance 3).

Parametrised over what an unknown id looks like at Twikey, and how a bulk says no.
"""

from __future__ import annotations

import pytest

from tests.flows.office import CONFIG, Office
from tests.flows.sights import OpenOffice, booked, creates, held, pass_time

UNKNOWN = pytest.mark.parametrize("unknown", ["400", "404", "empty"])
SIZES = pytest.mark.parametrize("count", [1, 12], ids=["single", "bulk"])
PATIENT = CONFIG.replace("settle_after_seconds = 0", "settle_after_seconds = 300")


# ---- C19: the answer that was lost


@UNKNOWN
@SIZES
@pytest.mark.parametrize("kind", ["reset_after", "status_after", "truncate", "html"])
def test_a_create_whose_answer_was_lost_is_looked_up(
    open_office: OpenOffice, unknown: str, count: int, kind: str
) -> None:
    """C19: not sent again before the wait, looked up after it, and sent again only if not there."""
    office = open_office(twikey_unknown_invoice=unknown)
    office.configure(PATIENT)
    books = office.sandbox.books
    ids = [books.book(amount=10_000 + n) for n in range(count)]
    office.sandbox.world.fault(
        kind, service="twikey", method="POST", path="/invoice", times=1, handled=kind != "html"
    )
    report = office.imports(days=30)
    assert (report.held, report.exit_code) == (count, 2)
    assert {row["reason"] for row in held(office).values()} == {"UNSETTLED"}
    assert office.imports().held == count
    assert len(creates(office)) == 1
    pass_time(office, minutes=6)
    office.imports()
    assert len(creates(office)) == (2 if kind == "html" else 1)
    assert not held(office)
    assert {i["id"] for i in office.twikey_invoices().values()} == set(ids)
    customers = office.sandbox.twikey.dump()["customers"]
    assert [(c["ct"]) for c in customers] == [1420]


@SIZES
def test_a_create_that_arrives_late_is_not_sent_again(office: Office, count: int) -> None:
    """C19: applied two minutes after its answer was lost: found after the wait, sent once."""
    office.configure(PATIENT)
    for n in range(count):
        office.sandbox.books.book(amount=10_000 + n)
    office.sandbox.world.fault(
        "late", service="twikey", method="POST", path="/invoice", times=1, seconds=120
    )
    office.imports(days=30)
    pass_time(office, minutes=1)
    office.imports()
    assert not office.twikey_invoices()
    pass_time(office, minutes=5)
    assert office.imports().exit_code == 0
    assert len(creates(office)) == 1
    assert len(office.twikey_invoices()) == count


# ---- C24: refused is not done


@pytest.mark.parametrize("text", ["code", "message"])
@SIZES
def test_a_success_with_an_error_in_it_is_a_refusal(
    open_office: OpenOffice, count: int, text: str
) -> None:
    """C24: 200 with an error header, or a bulk row that is not OK, is recorded as refused."""
    office = open_office(twikey_bulk_error_text=text, twikey_zero_amount="refuse")
    books = office.sandbox.books
    ids = [books.book(amount=10_000 + n) for n in range(count)]
    wrong = office.sandbox.world.fault(
        "error_header", service="twikey", method="POST", path="/invoice", content=ids[0]
    )
    report = office.imports(days=30)
    assert (report.sent, report.held, report.exit_code) == (count - 1, 1, 2)
    assert held(office)[ids[0]]["reason"] == "REFUSED"
    assert "err_internal" in str(held(office)[ids[0]]["detail"])
    assert booked(office, ids[0]) not in office.twikey_invoices()
    wrong.times = 0
    pass_time(office, hours=1)
    assert office.imports().exit_code == 0
    assert len(office.twikey_invoices()) == count


@UNKNOWN
@pytest.mark.parametrize("text", ["code", "message"])
def test_a_bulk_of_which_nothing_was_taken_tells_every_reason(
    open_office: OpenOffice, text: str, unknown: str
) -> None:
    """C24: a batch without a single success is no success, and its members learn why."""
    office = open_office(
        twikey_bulk_error_text=text, twikey_sepa_only=True, twikey_unknown_invoice=unknown
    )
    for n in range(12):
        office.sandbox.books.book(amount=10_000 + n, reference="betaal \u20ac")
    office.imports(days=30)
    assert not office.twikey_invoices()
    assert len(held(office)) == 12
    pass_time(office, hours=1)
    office.imports()
    assert {row["reason"] for row in held(office).values()} == {"REFUSED"}
    assert "sepachars" in str(held(office))
    office.sandbox.world.rules.twikey_sepa_only = False
    pass_time(office, days=1)
    assert office.imports().exit_code == 0
    assert len(office.twikey_invoices()) == 12
