"""Asked for by number and no longer in Twikey: it is created anew, because a person wants it.

Twikey changes no amount, so an invoice whose amount changed is deleted there and imported again by
number; one deleted by mistake comes back the same way. Never without looking: what stands there, or
had money, a registration or a credit note, stays as it is, and the note says why (decisions 5).
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.ledger.undo import Made
from flows.odd import ODD, answered, set_aside
from flows.run import Run
from flows.standing import find_in_twikey
from mappings.guards import came_in
from mappings.money import euro
from mappings.undo import Known, keep_by_money, keep_by_state

MAY_COME_AGAIN = ("GONE_IN_TWIKEY", "AMOUNT_CHANGED")


def let_come_again(run: Run, numbers: Sequence[str], by: str) -> None:
    """Let invoices asked for by number be decided anew, where Twikey has them no more.

    Only those with an open alert that says so, or whose amount changed; the others are known.
    """
    told = {row["booking_id"] for row in run.ledger.alerts.open(*MAY_COME_AGAIN)}
    for number in numbers:
        for row in run.ledger.bookings.find(number):
            if row["id"] in told and row["number"] == number and row["stage"] == "sent":
                _look(run, run.ledger.undo.made(row["id"]), by)


def _look(run: Run, made: Made, by: str) -> None:
    """Look whether one stands in Twikey; if not, and nothing speaks against it, let it come."""
    why = _why_not(run, made)
    if why is None:
        try:
            why = _stands(run, made)
        except ODD as odd:
            set_aside(run, "Twikey", made.number, odd)
            return
        answered(run, "Twikey")
    if why is not None:
        run.notes.append(f"{made.number} is not created again: {why}")
        return
    ledger = run.ledger
    with ledger.atomic():
        ledger.undo.vanished(made, run.id, run.id, by, run.now())
        ledger.tombstones.lift([made.id], by, run.id, run.now())


def _stands(run: Run, made: Made) -> str | None:
    """Return why one is not gone from Twikey, under its id or its number, or None."""
    twikey = run.connection.twikey
    standing = twikey.invoice(made.twikey_id) or find_in_twikey(run, made.id, made.number)
    if standing is None:
        return None
    if standing.id == made.twikey_id:
        run.ledger.feed.invoices_seen([standing], None, run.now())
    kept = keep_by_state(standing.state)
    if kept is not None:
        return kept.sentence
    return f"it stands there with {euro(standing.amount_cents or 0)}; delete it in Twikey first"


def _why_not(run: Run, made: Made) -> str | None:
    """Return what the ledger knows against a second life: money, or a collection that ran."""
    payments = run.ledger.payments
    booking = run.ledger.follow.bookings([made.id])[made.id]
    if booking.twikey_state in ("PAID", "PENDING", "ARCHIVED"):
        kept = keep_by_state(booking.twikey_state)
    else:
        written = any(one.state != "removed" for one in payments.registrations([made.id])[made.id])
        kept = keep_by_money(
            Known(
                stood_before=False,
                created=True,
                settling=False,
                written=written or made.id in payments.blocked(),
                came_in_cents=came_in(payments.of([made.id])[made.id]),
                credited_by=", ".join((made.credited_by or "").splitlines()) or None,
            )
        )
    return kept.sentence if kept is not None else None
