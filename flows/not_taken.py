"""Guide 12: what Twikey did not take of a customer is told, tried again daily, and settles itself.

Two ways it can fail: Twikey refuses a value, or it has no customer under the Teamleader id and no
invoice of it stands there that would show another number. Then nobody can tell whether the number
was changed or the customer deleted, so a person is asked (guide 4: never a second customer).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from connectors.errors import CallRefused
from connectors.ledger.dismissals import DELETED_CUSTOMER as NOT_FOUND
from flows.run import Run

NOT_UPDATED = "CUSTOMER_NOT_UPDATED"
CODES = (NOT_UPDATED, NOT_FOUND)
AGAIN_AFTER = timedelta(hours=23)  # a run that comes once a day comes a little earlier at times


def take_up_again(run: Run, *, at_once: bool = False) -> None:
    """Mark what was not taken to be told anew: once a day, or ``at_once`` when a person asks."""
    customers = run.ledger.customers
    for each in sorted(_open(run)):
        if not customers.is_followed(each):
            settle(run, [each])
            continue
        last = customers.last_refused(each)
        if at_once or last is None or run.now() - datetime.fromisoformat(last) >= AGAIN_AFTER:
            customers.to_be_told([each])


def tell_refused(run: Run, customer_id: str, told: Iterable[str], refused: CallRefused) -> None:
    """Tell that Twikey refused what changed of a customer; ``told`` are the fields that went."""
    detail = f"{called(run, customer_id)}: {', '.join(sorted(told))}: {refused}"
    _tell(run, customer_id, NOT_UPDATED, str(refused), detail)
    run.notes.append(f"customer {customer_id} was not updated in Twikey: {refused}")


def tell_not_found(run: Run, customer_id: str) -> None:
    """Tell that Twikey has nobody under a customer's id, and no invoice that says why."""
    detail = called(run, customer_id)
    _tell(run, customer_id, NOT_FOUND, "not found in Twikey", detail)
    run.notes.append(f"customer {detail} is not in Twikey under its Teamleader id")


def settle(run: Run, customer_ids: Iterable[str]) -> None:
    """Settle what was told of customers of whom Twikey has everything now."""
    for each in _open(run).intersection(customer_ids):
        for code in CODES:
            run.ledger.alerts.settle(each, code, run.id, run.now())


def called(run: Run, customer_id: str) -> str:
    """Return a customer's name with its id."""
    who = run.ledger.links.name(customer_id)
    return f"{who} ({customer_id})" if who else customer_id


def _tell(run: Run, customer_id: str, code: str, why: str, detail: str) -> None:
    ledger = run.ledger
    with ledger.atomic():
        ledger.customers.not_updated(customer_id, why, run.id, run.now())
        other = NOT_FOUND if code == NOT_UPDATED else NOT_UPDATED
        ledger.alerts.settle(customer_id, other, run.id, run.now())
        ledger.alerts.alert(customer_id, code, detail, run.id, run.now())


def _open(run: Run) -> set[str]:
    return {row["booking_id"] for row in run.ledger.alerts.open(*CODES)}
