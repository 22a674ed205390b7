"""One invoice leaves Twikey, and may come again later: each write under its intent.

A removal whose answer was lost is looked up in a later run, never repeated unseen (decisions 5).
Whether the id of a deleted invoice can be used again is not documented (API reference 2.5): where
it cannot, another one is derived from it, the same each time, and the reference still leads back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from connectors.errors import CallRefused, Halted, OutcomeUnknown
from connectors.ledger.crossing import Crossing
from connectors.ledger.runs import text
from connectors.ledger.undo import Made
from connectors.twikey.answers import TwikeyInvoice
from flows.odd import ODD, answered, set_aside
from flows.run import Run
from flows.standing import held

if TYPE_CHECKING:
    from connectors.twikey.records import NewInvoice


def remove(run: Run, made: Made, undone_run: int, by: str) -> str | None:
    """Delete one invoice in Twikey; return None when it is gone, ``unknown``, or the refusal.

    Raises a ``Halted`` when nothing can be deleted now; then this one was not.
    """
    undo = run.ledger.undo
    undo.asked(made, undone_run, run.id, by, run.now(), run.not_before())
    try:
        run.connection.twikey.delete_invoice(made.twikey_id)
    except OutcomeUnknown as lost:
        undo.unknown(made.id, str(lost), run.id, run.now())
        return "unknown"
    except CallRefused as refused:
        undo.back(made.id, str(refused), run.id, run.now())
        return str(refused)
    except Halted as halt:
        undo.back(made.id, str(halt), run.id, run.now())
        raise
    undo.gone(made.id, run.id, run.now())
    return None


def settle_removals(run: Run) -> int:
    """Look up every removal whose answer was lost and whose wait is over; return how many."""
    undo = run.ledger.undo
    due = [one for one in undo.unsettled() if one.not_before <= text(run.now())]
    for done, one in enumerate(due, start=1):
        run.tell("looking up removals whose answer was lost", done, len(due))
        try:
            standing = run.connection.twikey.invoice(one.twikey_id)
        except ODD as odd:
            set_aside(run, "Twikey", one.twikey_id, odd)
            continue
        answered(run, "Twikey")
        if standing is None:
            undo.gone(one.booking_id, run.id, run.now())
            continue
        with run.ledger.atomic():
            undo.back(one.booking_id, "looked up: it is still there", run.id, run.now())
            run.ledger.feed.invoices_seen([standing], None, run.now())
    return len(due)


def stands_again(run: Run, crossing: Crossing, answer: TwikeyInvoice) -> bool:
    """Tell whether a booking that was removed before stands in Twikey again; else it is held.

    What Twikey answers to a create under a deleted id is not documented, so it is looked at.
    """
    tombstones, twikey = run.ledger.tombstones, run.connection.twikey
    if not tombstones.removed_before([crossing.id]) or twikey.invoice(answer.id) is not None:
        return True
    verdict = held(run, crossing.id, "DIFFERS", "Twikey said it was created, but has it not")
    run.ledger.crossings.refused([verdict], run.id, run.now())
    return False


def under_another_id(run: Run, invoice: NewInvoice) -> NewInvoice | None:
    """Return an invoice under the next id of a booking whose own is spent, or None.

    Only for what was removed from Twikey before and is refused under its own id.
    """
    booking_id, ledger = invoice.ref, run.ledger
    lives = ledger.tombstones.lives(booking_id)
    if not lives or invoice.id != booking_id:
        return None
    another = str(uuid5(UUID(booking_id), f"removed {lives}"))
    with ledger.atomic():
        why = "its id was used before it was removed"
        ledger.crossings.not_applied([booking_id], run.id, run.now(), why)
        ledger.tombstones.sends_as(booking_id, another)
    return invoice.model_copy(update={"id": another})


def tell_undone(run: Run, numbers: Sequence[str]) -> None:
    """Say of invoices that are asked for by number that they were taken back, and how they return.

    They are skipped as UNDONE, whoever asks: only lifting the tombstone brings them again.
    """
    for number in numbers:
        for row in run.ledger.tombstones.named(number):
            if not row["by_run"]:
                run.notes.append(
                    f"{number} was removed from Twikey on {row['at'][:10]} by {row['by']}, with"
                    f" import {row['undone_run']}: `teamleader-twikey undo --forget '{number}'`"
                    " lets it come again"
                )
