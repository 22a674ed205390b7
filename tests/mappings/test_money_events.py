"""From Twikey's feeds to events of money: names, instants, amounts, and who told what first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.twikey.answers import PaymentEvent
from mappings.money_events import (
    SEEN,
    bank_code,
    event_of,
    key_of,
    moment,
    seen_event,
    told_before,
)
from tests.mappings.money import ZONE

LAST = {"method": "sdd", "action": "payment", "id": 7, "date": "2026-09-10"}


def told(kind: str = "payment", **given: Any) -> PaymentEvent:
    """Return an event of the payment feed."""
    plain: dict[str, Any] = {
        "event_id": "evt", "event_type": kind, "occurred_at": "2026-09-10", "amount_cents": 500,
        "currency": "EUR", "invoice_id": "ABC", "invoice_number": None, "ref": None,
        "source": "direct_debit", "details": {"paymentId": 7}, "error": None,
    }  # fmt: skip
    return PaymentEvent(**{**plain, **given})


def test_a_payment_is_named_by_the_surest_name() -> None:
    """Reference 3.5: the payment, else the bank's own name, else the link; blanks are none."""
    every = {"linkId": 3, "transactionE2e": "E", "paymentId": 7}
    assert key_of(every) == "paymentId:7"
    assert key_of({**every, "paymentId": ""}) == "transactionE2e:E"
    assert key_of({**every, "paymentId": None, "transactionE2e": ""}) == "linkId:3"
    assert key_of({"paymentId": 0}) == "paymentId:0"
    assert key_of({"other": 1}) is None


def test_an_event_is_kept_whole() -> None:
    """Reference 3.5: positive cents, the source and all details; no invoice stays none."""
    found = event_of(told(amount_cents=-500, error={"code": "x"}), ZONE)
    assert (found.event_id, found.type, found.invoice_id) == ("evt", "payment", "abc")
    assert (found.amount_cents, found.currency, found.source) == (500, "EUR", "direct_debit")
    assert (json.loads(found.details), found.error) == ({"paymentId": 7}, '{"code": "x"}')
    bare = event_of(told(invoice_id=None), ZONE)
    assert (bare.invoice_id, bare.error) == (None, None)


def test_a_bare_day_is_midnight_in_brussels() -> None:
    """C8: a failure that names its payment ends the day, so that it follows the payment."""
    first, last = "2026-09-09T22:00:00.000+00:00", "2026-09-10T21:59:59.999+00:00"
    assert event_of(told(), ZONE).occurred_at == first
    assert event_of(told("refund"), ZONE).occurred_at == first
    assert event_of(told("payment_failure"), ZONE).occurred_at == last
    assert event_of(told("payment_failure", details={}), ZONE).occurred_at == first
    exact = told("payment_failure", occurred_at=" 2026-09-10T08:00:00.5+02:00 ")
    assert event_of(exact, ZONE).occurred_at == "2026-09-10T06:00:00.500+00:00"
    assert moment("2026-09-10T08:00:00", ZONE, ends=True) == "2026-09-10T08:00:00.000+00:00"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"externalCode": "MD06", "code": "refund"}, "MD06 refund"),
        ({"externalCode": "MD06"}, "MD06"), ({"code": "refund"}, "refund"), ({}, ""), (None, ""),
    ],
)  # fmt: skip
def test_the_banks_reason_is_told_in_short(error: dict[str, str] | None, code: str) -> None:
    """C7: the bank's code first, then Twikey's."""
    assert bank_code(json.dumps(error) if error is not None else None) == code


# ---- where there is no payment feed


@pytest.mark.parametrize(
    ("action", "state", "kind"),
    [
        ("payment", "PAID", "payment"), ("payment", "ARCHIVED", "payment"),
        ("payment", "BOOKED", None), ("payment_fail", "BOOKED", "payment_failure"),
        ("payment_fail", "PAID", "payment_failure"), ("reminder", "PAID", None),
    ],
)  # fmt: skip
def test_a_last_payment_counts_where_the_invoice_is_paid(
    action: str, state: str, kind: str | None
) -> None:
    """Decisions 7: a part of an invoice tells no amount; a failure always counts."""
    found = seen_event("b", state, 4_000, 10_000, {**LAST, "action": action}, ZONE)
    assert (found.type if found else None) == kind


@pytest.mark.parametrize(("left", "cents"), [(1, 1), (0, 10_000), (-1, 10_000)])
def test_what_was_open_is_what_was_paid(left: int, cents: int) -> None:
    """C9: with nothing open it is the whole once more."""
    found = seen_event("b", "PAID", left, 10_000, LAST, ZONE)
    assert found is not None
    assert (found.amount_cents, found.currency, found.source) == (cents, "EUR", "sdd")


def test_a_last_payment_is_one_event_however_often_it_is_seen() -> None:
    """P8: the id follows from invoice, action, day and name, and from nothing else."""
    one = seen_event("b", "PAID", 4_000, 10_000, LAST, ZONE)
    assert one is not None
    assert one.event_id == "seen:2b29da385f272b3b9e4b37ad"
    again = seen_event("b", "ARCHIVED", 0, 10_000, {**LAST, "method": "rcc"}, ZONE)
    assert again is not None
    assert again.event_id == one.event_id
    others = [
        seen_event("c", "PAID", 0, 1, LAST, ZONE),
        seen_event("b", "PAID", 0, 1, {**LAST, "id": 8}, ZONE),
        seen_event("b", "PAID", 0, 1, {**LAST, "date": "2026-09-11"}, ZONE),
        seen_event("b", "PAID", 0, 1, {**LAST, "action": "payment_fail"}, ZONE),
    ]
    assert len({one.event_id, *(other.event_id for other in others if other)}) == 5


def test_a_failure_seen_keeps_the_banks_code_and_its_names() -> None:
    """C7: as the payment feed would have told them."""
    last = {**LAST, "action": "payment_fail", "rc": "MD06", "e2e": "E", "link": 3, "method": None}
    found = seen_event("b", "BOOKED", 0, 10_000, last, ZONE)
    assert found is not None
    assert (bank_code(found.error), found.source, found.key) == ("MD06", None, "paymentId:7")
    details = json.loads(found.details)
    assert (details["transactionE2e"], details["linkId"]) == ("E", 3)
    paid = seen_event("b", "PAID", 0, 10_000, LAST, ZONE)
    assert paid is not None
    assert paid.error is None


def test_what_both_feeds_tell_is_taken_once() -> None:
    """P8: the same name is the same payment; without a name the same day is, in Brussels."""
    new = event_of(told(invoice_id="b", occurred_at="2026-09-10T10:00:00Z"), ZONE)
    seen = ("seen:1", "b", "payment", "paymentId:7", "2026-09-01T10:00:00.000+00:00")
    assert told_before(new, [seen], ZONE)
    nameless = (*seen[:3], None, "2026-09-09T22:00:00.000+00:00")
    assert told_before(new, [nameless], ZONE)
    assert told_before(new, [("seen:0", "c", *seen[2:]), (*seen[:3], "x", seen[4]), nameless], ZONE)
    for row in (
        ("evt2", *seen[1:]), ("seen:1", "c", *seen[2:]), (*seen[:2], "refund", *seen[3:]),
        (*seen[:3], "paymentId:8", new.occurred_at),
        (*seen[:3], None, "2026-09-09T21:59:59.000+00:00"),
    ):  # fmt: skip
        assert not told_before(new, [row], ZONE)
    assert SEEN == "seen:"
