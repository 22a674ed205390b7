"""Guide 12: customers follow from Teamleader to Twikey, one way, only what changed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from connectors.errors import CallRefused, NotFound, OutcomeUnknown
from connectors.ledger.customers import snapshot
from connectors.teamleader.records import Customer
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
        left_out = run.connection.twikey.update_customer(customer.id, different)
    except OutcomeUnknown as lost:
        ledger.crossings.finish(op, "unknown", str(lost), run.now())
        run.notes.append(f"customer {customer.id}: {lost}; told again by the next run")
    except (CallRefused, NotFound) as refused:
        ledger.crossings.finish(op, "refused", str(refused), run.now())
        ledger.customers.not_updated(customer.id, str(refused), run.id, run.now())
        run.notes.append(f"customer {customer.id} was not updated in Twikey: {refused}")
    else:
        taken = {name: value for name, value in different.items() if name not in left_out}
        if left_out:
            refused_fields = ", ".join(sorted(left_out))
            run.notes.append(f"customer {customer.id}: Twikey does not take {refused_fields}")
        with ledger.atomic():
            ledger.crossings.finish(op, "done", None, run.now())
            ledger.customers.updated(customer.id, now, taken, run.id, run.now())


def set_default_profiles(run: Run) -> int:
    """Give new customers their default profile, once (guide 2; staff may change it afterwards).

    All intents are one commit, as those of a bulk; each outcome is a commit of its own.
    """
    todo = run.ledger.customers.profiles_to_set()
    ops = run.ledger.crossings.begin_all("profile", [c for c, _ in todo], run.id, run.now())
    for done, (op, (customer_id, profile)) in enumerate(zip(ops, todo, strict=True), start=1):
        _set_default_profile(run, op, customer_id, profile)
        run.tell("setting the default profile of new customers", done, len(todo))
    return len(todo)


def _set_default_profile(run: Run, op: str, customer_id: str, profile: str) -> None:
    """Set one customer's default profile; a lost answer is harmless, the same is set again."""
    ledger = run.ledger
    try:
        run.connection.twikey.update_customer(customer_id, {}, profile=profile)
    except CallRefused as refused:
        with ledger.atomic():
            ledger.crossings.finish(op, "refused", str(refused), run.now())
            ledger.customers.profile_refused(customer_id, str(refused), run.id, run.now())
        run.notes.append(f"default profile of customer {customer_id} not set: {refused}")
    except (NotFound, OutcomeUnknown) as later:
        ledger.crossings.finish(op, "unknown", str(later), run.now())
        run.notes.append(f"default profile of customer {customer_id}: {later}; set again later")
    else:
        with ledger.atomic():
            ledger.crossings.finish(op, "done", None, run.now())
            ledger.customers.profile_set(customer_id, profile, run.id, run.now())
