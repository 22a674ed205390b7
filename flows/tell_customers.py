"""Guide 12: customers follow from Teamleader to Twikey, one way, only what changed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from connectors.errors import CallRefused, NotFound, OutcomeUnknown
from connectors.ledger.customers import snapshot
from connectors.teamleader.records import Customer
from flows.apply import set_default_profiles
from flows.run import Run
from mappings.customers import changes
from mappings.frames import CUSTOMERS, frame

PER_ROUND = 500


def tell_customers(run: Run) -> int:
    """Set what is left of default profiles, then PATCH every changed customer that Twikey has.

    Only changed and non-blank fields go; returns how many customers were told.
    """
    told = set_default_profiles(run)
    last = ""
    while batch := run.ledger.customers.changed(last, PER_ROUND):
        for customer, before in batch:
            _send(run, customer, before)
            told += 1
            run.tell("updating customers in Twikey", told, None)
        last = batch[-1][0].id
    return told


def _one(customer: dict[str, Any]) -> pd.DataFrame:
    return frame([{**customer, "known": True}], CUSTOMERS)


def _send(run: Run, customer: Customer, before: dict[str, Any]) -> None:
    """Send one customer's changes; setting the same twice is harmless, so a lost answer is too."""
    ledger, now = run.ledger, snapshot(customer)
    then = before or {**dict.fromkeys(now), "id": customer.id, "type": customer.type}
    different = changes(_one(then), _one(now)).get(customer.id, {})
    if not different:
        ledger.customers.updated(customer.id, now, {}, run.id, run.now())
        return
    op = ledger.crossings.begin("customer", customer.id, run.id, run.now())
    try:
        run.connection.twikey.update_customer(customer.id, different)
    except OutcomeUnknown as lost:
        ledger.crossings.finish(op, "unknown", str(lost), run.now())
        run.notes.append(f"customer {customer.id}: {lost}; told again by the next run")
    except (CallRefused, NotFound) as refused:
        ledger.crossings.finish(op, "refused", str(refused), run.now())
        ledger.customers.not_updated(customer.id, str(refused), run.id, run.now())
        run.notes.append(f"customer {customer.id} was not updated in Twikey: {refused}")
    else:
        ledger.crossings.finish(op, "done", None, run.now())
        ledger.customers.updated(customer.id, now, different, run.id, run.now())
