"""A customer that Teamleader no longer has: deleted, or merged into another (complaint C27).

Its invoices stay where they are in Twikey, nothing is created anew, and whoever probably took its
place is proposed to a person. Nothing of this is done by itself: a merge moves mandates and money.
"""

from __future__ import annotations

from collections.abc import Sequence

from flows.run import Run

GONE = "CUSTOMER_DELETED"
MOST_NAMED = 5


def tell_gone(run: Run, kind: str, customer_id: str) -> None:
    """Mark a customer as gone and tell a person, with the one that may have taken its place."""
    ledger = run.ledger
    who = ledger.links.name(customer_id)
    proposed = ledger.links.successors(customer_id)
    named = f"{kind} {customer_id}{f' ({who})' if who else ''}"
    detail = named + _perhaps([f"{one['name']} ({one['id']}): {one['why']}" for one in proposed])
    with ledger.atomic():
        news = ledger.customers.gone(customer_id, kind, run.id, run.now(), detail)
        ledger.links.propose(customer_id, proposed[0]["id"] if proposed else None)
        still_open = ledger.links.open_invoices(customer_id)
        if still_open:
            what = f"{detail}; open in Twikey: {_some(still_open)}"
            ledger.alerts.alert(customer_id, GONE, what, run.id, run.now())
    if news and not still_open:
        run.notes.append(f"Teamleader no longer has {detail}")


def settle_gone(run: Run) -> None:
    """Settle what was told of customers that are back, or that have nothing open any more."""
    ledger = run.ledger
    for alert in ledger.alerts.open(GONE):
        each = alert["booking_id"]
        if not ledger.links.is_gone(each) or not ledger.links.open_invoices(each):
            ledger.alerts.settle(each, GONE, run.id, run.now())


def _perhaps(proposals: Sequence[str]) -> str:
    return f", perhaps merged into {_some(proposals, ' or ')}" if proposals else ""


def _some(names: Sequence[str], between: str = ", ") -> str:
    more = len(names) - MOST_NAMED
    return between.join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
