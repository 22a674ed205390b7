"""Paid in Teamleader by somebody else, and the way to tell Twikey breaks: it is tried again."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from connectors.errors import Trouble
from tests.flows.money import follow_up, imported
from tests.flows.scenes import NUMBER, OpenOffice

PATH = "/invoice/[0-9a-f-]{36}"
ASKED = {"kind": "status", "status": 500, "service": "twikey", "method": "GET", "path": PATH}
SLOW_DOWN = {"kind": "status", "status": 429, "service": "twikey", "method": "PUT"}
LOST = {"kind": "reset_before", "service": "twikey", "method": "PUT"}


@pytest.mark.parametrize("fault", [ASKED, SLOW_DOWN, LOST], ids=["asking", "throttled", "lost"])
def test_what_could_not_be_set_to_paid_is_tried_by_the_next_sweep(
    open_office: OpenOffice, fault: dict[str, Any]
) -> None:
    """C4: a look that a fault kept from its purpose is no look; nothing is collected meanwhile."""
    office, invoice = imported(open_office)
    office.sandbox.books.pay(invoice)
    office.sandbox.world.fault(**fault)
    with pytest.MonkeyPatch.context() as patch, suppress(Trouble):
        patch.setattr(office.clock, "sleep", lambda seconds: None)
        follow_up(office)
    assert office.twikey_invoices()[NUMBER]["state"] == "BOOKED"
    office.sandbox.world.faults.clear()
    follow_up(office)
    assert office.twikey_invoices()[NUMBER]["state"] == "PAID"
