"""Guide 4: a customer number that was changed in Twikey becomes the Teamleader id again.

Noticed from the customer that Twikey's feed shows with each invoice, or because Twikey does not
know the number; confirmed by looking at the customer's newest invoices; written under an intent
that remembers the other number, so that the journey tells of it whatever happens in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from connectors.errors import CallRefused, NotFound, OutcomeUnknown
from connectors.ledger.links import is_id
from connectors.ledger.runs import text
from flows.odd import ODD, answered, set_aside
from flows.run import Run

RENAMED = "CUSTOMER_RENAMED"
TAKEN = "err_duplicate_ref"


class Link(NamedTuple):
    """How it stands: ``same``, ``reset``, ``absent`` (not in Twikey), ``taken``, ``failed``.

    ``taken``: another customer in Twikey has the number. ``detail`` says why it failed.
    """

    state: Literal["same", "reset", "absent", "taken", "failed"]
    detail: str = ""


def settle_resets(run: Run) -> None:
    """Look how the resets ended that an earlier run began; what happened is told now."""
    links = run.ledger.links
    for left in links.open_resets():
        try:
            shown = _number_shown(run, left.customer_id)
        except ODD as odd:
            set_aside(run, "Twikey", f"customer {left.customer_id}", odd)
            continue
        if shown == left.customer_id:
            _has_it(run, left.customer_id, left.was)
        elif left.not_before <= text(run.now()):
            run.ledger.intents.finish(left.op, "superseded", left.was, run.now())


def reset_numbers(run: Run, customer_ids: Sequence[str]) -> dict[str, str]:
    """Reset the numbers that Twikey's feed shows otherwise, before anything is sent to them.

    Returns the customers for which that failed, each with the reason: nothing may be created for
    them, because it would go to another customer, or Twikey would make a second one.
    """
    shown = run.ledger.links.shown_otherwise(sorted(set(customer_ids)))
    links = {each: reset_number(run, each) for each in shown}
    stuck = ("failed", "taken")  # taken: it would go to whoever has the number now
    return {each: link.detail for each, link in links.items() if link.state in stuck}


def reset_number(run: Run, customer_id: str) -> Link:
    """Give a customer in Twikey its own number again, if it has another one there."""
    try:
        number = _number_shown(run, customer_id)
    except ODD as odd:  # its bookings wait; the other customers do not
        set_aside(run, "Twikey", f"customer {customer_id}", odd)
        return Link("failed", str(odd))
    if number is None:
        return Link("absent")
    if number == customer_id:
        run.ledger.alerts.settle(customer_id, RENAMED, run.id, run.now())
        return Link("same")
    if is_id(number):
        detail = f"Twikey has its invoices under {number}, the id of another customer of Teamleader"
        return _not_reset(run, customer_id, Link("failed", detail))
    return _rename(run, customer_id, number)


def _rename(run: Run, customer_id: str, number: str) -> Link:
    links = run.ledger.links
    op = links.resetting(customer_id, number, run.id, run.now(), run.not_before())
    try:
        run.connection.twikey.update_customer(number, {}, rename_to=customer_id)
    except OutcomeUnknown as lost:
        links.lost(op)
        run.notes.append(f"customer number {number} in Twikey: {lost}; looked up by a later run")
        return Link("failed", str(lost))
    except (CallRefused, NotFound) as refused:
        if isinstance(refused, NotFound) and _number_shown(run, customer_id) == customer_id:
            return _has_it(run, customer_id, number)
        run.ledger.intents.finish(op, "refused", str(refused), run.now())
        taken = isinstance(refused, CallRefused) and refused.code == TAKEN
        detail = f"it stands there as {number}; {refused}"
        return _not_reset(run, customer_id, Link("taken" if taken else "failed", detail))
    return _has_it(run, customer_id, number)


def _has_it(run: Run, customer_id: str, was: str) -> Link:
    with run.ledger.atomic():
        run.ledger.links.has_number_again(customer_id, was, run.id, run.now())
        run.ledger.alerts.settle(customer_id, RENAMED, run.id, run.now())
    _noted(run, customer_id, was)
    return Link("reset")


def _not_reset(run: Run, customer_id: str, link: Link) -> Link:
    who = run.ledger.links.name(customer_id)
    detail = f"{who}: {link.detail}" if who else link.detail
    run.ledger.alerts.alert(customer_id, RENAMED, detail, run.id, run.now())
    return link


def _noted(run: Run, customer_id: str, was: str) -> None:
    run.notes.append(f"customer number {was} in Twikey was reset to {customer_id}")


def _number_shown(run: Run, customer_id: str) -> str | None:
    """Return under which number Twikey has a customer now, by the newest invoice that stands."""
    for each in run.ledger.links.newest_invoices(customer_id):
        standing = run.connection.twikey.invoice(each)
        answered(run, "Twikey")
        if standing is not None and standing.customer_number:
            run.ledger.feed.invoices_seen([standing], None, run.now())
            return standing.customer_number
    return None
