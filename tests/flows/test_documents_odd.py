"""Guide 6 under odd answers: a PDF in trouble waits with its reason and holds nobody up."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from connectors.errors import ServiceUnavailable
from tests.flows.following import alerts, puts
from tests.flows.office import Office
from tests.flows.test_documents import attach, imported, later, row_of, standing

TITLE_LIKE = "2026 / 9'\"; -- <b>&\u202eé€"


@pytest.mark.parametrize(
    "link",
    [
        "https://a..b/",
        "https://[",
        "https://[::zz]/",
        "https://\x00/",
        f"https://{'a' * 70}.com/",
        "https://a%2e.b/",
        "https:///x",
        "http://example.com/x.pdf",
        "https://169.254.169.254/latest",
        "//elsewhere/x.pdf",
        "file:///etc/passwd",
        "https://1.1.1.1\\@127.0.0.1/",
    ],
)
def test_a_link_that_leads_nowhere_waits(link: str, office: Office) -> None:
    """C39: a link to no place at all, or to the inside: it waits, and the others go on."""
    odd, _ = imported(office, 2)
    body = {"data": {"location": link, "expires": "2030-01-01T00:00:00+00:00"}}
    office.sandbox.world.fault(
        "status", service="teamleader", path="invoices.download", content=odd, status=200,
        headers={"Content-Type": "application/json"}, body=json.dumps(body),
    )  # fmt: skip
    report = attach(office)
    assert (report.attached, report.waiting) == (1, 1)
    assert row_of(office, odd)["reason"] in ("PDF_ADDRESS", "PDF_NOT_READY", "PDF_UNREACHABLE")
    office.sandbox.world.faults.clear()
    later(office)
    assert attach(office).attached == 1


@pytest.mark.parametrize("place", ["https://[", "https://[::zz]/", "https://a..b/", "http://[::1"])
def test_a_redirect_that_leads_nowhere_waits(place: str, office: Office) -> None:
    """C39: a redirect to no place at all waits with its reason."""
    odd, _ = imported(office, 2)
    office.sandbox.world.fault(
        "status", service="teamleader", path="^/doc/", times=1, status=302,
        headers={"Location": place},
    )  # fmt: skip
    report = attach(office)
    assert (report.attached, report.reasons) == (1, {"PDF_ADDRESS": 1})
    later(office)
    assert attach(office).attached == 1
    assert standing(office, odd)["pdfs"] == 1


def test_one_odd_answer_about_a_pdf_holds_up_nobody_else(office: Office) -> None:
    """C19: Twikey answers a web page when it is asked for one PDF: others go on, this one later."""
    lost, _ = imported(office, 2)
    office.sandbox.world.fault(
        "reset_after", service="twikey", method="PUT", path=f"/{lost}$", times=1
    )
    assert (attach(office).unknown, attach(office).found) == (1, 1)
    third, fourth = imported(office, 2)
    office.sandbox.world.fault(
        "reset_after", service="twikey", method="PUT", path=f"/{third}$", times=1
    )
    office.sandbox.world.fault("html", service="twikey", method="GET", path=f"/{third}/pdf$")
    assert attach(office).unknown == 1
    fifth = imported(office, 1)[0]
    assert attach(office).attached == 1
    assert row_of(office, third)["state"] == "sending"
    office.sandbox.world.faults.clear()
    later(office)
    office.clock.shift += timedelta(days=1)
    assert attach(office).found == 1
    assert [standing(office, each)["pdfs"] for each in (third, fourth, fifth)] == [1, 1, 1]


def test_three_odd_answers_about_pdfs_stop_the_run(office: Office) -> None:
    """C19: a Twikey that answers web pages only is not asked about every PDF."""
    imported(office, 5)
    office.sandbox.world.fault("reset_after", service="twikey", method="PUT")
    with pytest.raises(ServiceUnavailable):
        attach(office)
    office.sandbox.world.faults.clear()
    office.sandbox.world.fault("html", service="twikey", method="GET", path="/pdf$")
    office.forget_calls()
    with pytest.raises(ServiceUnavailable, match="3 times in a row"):
        attach(office)
    assert len(office.calls("twikey", "/creditor/invoice/")) == 3
    office.sandbox.world.faults.clear()
    later(office)
    office.clock.shift += timedelta(days=1)
    report = attach(office)
    assert (report.found, report.attached) == (3, 2)


def test_a_pdf_attached_by_hand_after_a_refusal_is_found(office: Office) -> None:
    """A33: refused, then attached by a person in Twikey: asked again, no second one is put."""
    (booking,) = imported(office)
    office.sandbox.world.rules.change({"twikey_pdf_limit": 10})
    assert attach(office).refused == 1
    office.sandbox.world.rules.change({"twikey_pdf_limit": 10_000_000})
    office.sandbox.twikey.books.invoices[booking].pdf = "JVBERi0="
    before = len(puts(office))
    assert attach(office, booking).found == 1
    assert len(puts(office)) == before
    assert alerts(office) == []
    assert row_of(office, booking)["state"] == "attached"


def test_odd_signs_in_a_number_reach_twikey_unchanged(office: Office) -> None:
    """A34: quotes, tags and marks in a number: its PDF is attached, by that number too."""
    booking = office.sandbox.books.book(number=TITLE_LIKE)
    office.imports(days=30)
    later(office)
    assert attach(office, TITLE_LIKE).attached == 1
    (put,) = puts(office)
    assert TITLE_LIKE.replace("\u202e", "") in put.parameters["title"]  # no direction marks
    assert standing(office, booking)["pdfs"] == 1


def test_two_bookings_of_one_number_both_get_their_pdf(office: Office) -> None:
    """A34: an invoice and a credit note asked for by one name: each gets its own, once."""
    (invoice,) = imported(office)
    number = next(iter(office.twikey_invoices()))
    note = office.sandbox.books.credit(invoice, 1000, number=number)
    office.imports(days=30, credit_notes=True)
    later(office)
    assert attach(office, number).attached == 2
    assert [standing(office, each)["pdfs"] for each in (invoice, note)] == [1, 1]
    assert attach(office, number).left_alone >= 1
    assert len(puts(office)) == 2
