"""Guide 12: customers follow from Teamleader to Twikey, one way, only what changed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from connectors.errors import CallRefused, NotFound, OutcomeUnknown, ServiceUnavailable
from connectors.ledger.customers import snapshot
from connectors.teamleader.records import Customer
from flows.not_taken import settle, tell_not_found, tell_refused
from flows.one_to_one import reset_number, reset_numbers
from flows.run import Run
from mappings.customer_changes import Change, compare
from mappings.frames import CUSTOMERS, frame

PER_ROUND = 500
LOST_IN_A_ROW = 3


def tell_customers(run: Run) -> int:
    """Set what is left of default profiles, then PATCH every changed customer that Twikey has.

    Only changed and non-blank fields go; returns how many customers were told.
    """
    told = set_default_profiles(run)
    last, lost = "", 0
    while batch := run.ledger.customers.changed(last, PER_ROUND):
        for customer, before, change in _different(run, batch):
            outcome = _send(run, customer, change, first=not before)
            told += 1
            lost = lost + 1 if outcome == "unknown" else 0
            if lost == LOST_IN_A_ROW:
                run.problems.append(
                    ServiceUnavailable(
                        f"Twikey left {lost} updates in a row without an answer; the rest waits"
                    )
                )
                return told
            run.tell("updating customers in Twikey", told, None)
        last = batch[-1][0].id
    return told


def tell_one(run: Run, customer_id: str) -> str:
    """Let one customer in Twikey follow, whatever is noted of it; return how that ended.

    ``done`` where nothing differs that Twikey was told, else as ``_send`` says.
    """
    batch = run.ledger.customers.to_tell(customer_id)
    for customer, before, change in _different(run, batch) if batch else []:
        return _send(run, customer, change, first=not before)
    return "done"


def _different(
    run: Run, batch: list[tuple[Customer, dict[str, Any]]]
) -> list[tuple[Customer, dict[str, Any], Change]]:
    """Return those customers of whom Twikey is to be told something; the others are done."""
    now = [snapshot(customer) for customer, _ in batch]
    then = [
        before or {**dict.fromkeys(each), "id": each["id"], "type": each["type"]}
        for each, (_, before) in zip(now, batch, strict=True)
    ]
    found = compare(_frame(then), _frame(now))
    same = [c for c, _ in batch if c.id not in found]
    run.ledger.customers.unchanged((c.id, snapshot(c)) for c in same)
    settle(run, [c.id for c in same])
    return [(c, before, found[c.id]) for c, before in batch if c.id in found]


def _frame(customers: list[dict[str, Any]]) -> pd.DataFrame:
    return frame([{**each, "known": True} for each in customers], CUSTOMERS)


def _send(run: Run, customer: Customer, change: Change, *, first: bool) -> str:
    """Send one customer's changes; return done, refused, unknown or gone.

    Setting the same twice is harmless, so a lost answer is too. A customer that Twikey does not
    know under its number gets it back (guide 4); where nothing shows how it stands, a person is
    asked. While another one has its number, nothing is sent: that one would be told.
    """
    if reset_numbers(run, [customer.id]):
        return "gone"
    outcome = _patch(run, customer, change, first=first)
    if outcome != "not found":
        return outcome
    link = reset_number(run, customer.id)
    if link.state == "reset":
        outcome = _patch(run, customer, change, first=first)
    if outcome == "not found" and link.state in ("absent", "same"):
        tell_not_found(run, customer.id)
    return "gone" if outcome == "not found" else outcome


def _patch(run: Run, customer: Customer, change: Change, *, first: bool) -> str:
    ledger = run.ledger
    if not change.told:
        _told(run, customer, change, {}, first=first)
        return "done"
    op = ledger.intents.begin("customer", customer.id, run.id, run.now())
    try:
        left_out = run.connection.twikey.update_customer(customer.id, change.told)
    except OutcomeUnknown as lost:
        ledger.intents.finish(op, "unknown", str(lost), run.now())
        run.notes.append(f"customer {customer.id}: {lost}; told again by the next run")
        return "unknown"
    except NotFound as missing:
        ledger.intents.finish(op, "refused", str(missing), run.now())
        return "not found"
    except CallRefused as refused:
        with ledger.atomic():
            ledger.intents.finish(op, "refused", str(refused), run.now())
            tell_refused(run, customer.id, change.told, refused)
        return "refused"
    taken = {name: value for name, value in change.told.items() if name not in left_out}
    if left_out:
        refused_fields = ", ".join(sorted(left_out))
        run.ask(f"customer {customer.id}: Twikey does not take {refused_fields}")
    with ledger.atomic():
        ledger.intents.finish(op, "done", None, run.now())
        _told(run, customer, change, taken, first=first)
    return "done"


def _told(
    run: Run, customer: Customer, change: Change, taken: dict[str, str], *, first: bool
) -> None:
    """Record what follows, and what cannot: Twikey's call has no parameter for it."""
    copies = None if first else change.copies
    run.ledger.customers.updated(
        customer.id, snapshot(customer), taken, run.id, run.now(),
        stays=list(change.stays), copies=copies,
    )  # fmt: skip
    settle(run, [customer.id])
    who = f"customer {run.ledger.links.name(customer.id)} ({customer.id})"
    if change.stays:
        run.ask(f"{who}: change by hand in Twikey: {', '.join(change.stays)}")
    if copies is not None:
        whom = copies or "nobody"
        run.notes.append(f"{who}: later invoices go in copy to {whom}; open ones cannot be changed")


def set_default_profiles(run: Run) -> int:
    """Give new customers their default profile, once (guide 2; staff may change it afterwards).

    All intents are one commit, as those of a bulk; each outcome is a commit of its own.
    """
    todo = run.ledger.customers.profiles_to_set()
    ops = run.ledger.intents.begin_all("profile", [c for c, _ in todo], run.id, run.now())
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
            ledger.intents.finish(op, "refused", str(refused), run.now())
            ledger.customers.profile_refused(customer_id, str(refused), run.id, run.now())
        run.ask(f"default profile of customer {customer_id} not set: {refused}")
    except (NotFound, OutcomeUnknown) as later:
        ledger.intents.finish(op, "unknown", str(later), run.now())
        run.notes.append(f"default profile of customer {customer_id}: {later}; set again later")
        if isinstance(later, NotFound) and reset_number(run, customer_id).state == "absent":
            tell_not_found(run, customer_id)
    else:
        with ledger.atomic():
            ledger.intents.finish(op, "done", None, run.now())
            ledger.customers.profile_set(customer_id, profile, run.id, run.now())
