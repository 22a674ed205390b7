"""Decide: one chunk of bookings through the rules of the guide. Nothing is written remotely.

Imported only when there is something to decide: pandas stays out of an idle poll.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from connectors.ledger.crossing import Crossing, Verdict
from flows.gather import close_if_deleted
from flows.run import Run
from flows.settings import Settings
from flows.standing import next_try
from mappings.bookings import plan
from mappings.frames import BOOKINGS, CUSTOMERS, TAKEN, frame
from mappings.numbers import number_bookings
from mappings.rules import ProfileRule, Rules

CHUNK = 500
GONE_TRIES = 3


def rules_of(
    settings: Settings, today: str, options: dict[str, str], departments: dict[str, str]
) -> Rules:
    """Turn the settings into the values that the mappings take; ``departments`` are names."""
    return Rules(
        new_customer_profile=settings.new_customer_profile,
        unknown_customers=settings.unknown_customers,
        profiles={
            number: ProfileRule(currency=p.currency, invitation=p.invitation, needs_pdf=p.needs_pdf)
            for number, p in settings.profiles.items()
        },
        number_prefix=dict(settings.number_prefix),
        credit_note_number=settings.credit_note_number,
        departments=settings.departments,
        department_names=departments,
        invoice_field_on=settings.custom_fields.invoice is not None,
        subscription_field_on=settings.custom_fields.subscription is not None,
        options=options,
        campaign=f"teamleader-{today[:7]}",
        today=today,
    )


def next_chunk(run: Run, rules: Rules) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return the plan of the next undecided bookings and their customers, or None at the end."""
    rows = run.ledger.bookings.undecided(run.id, CHUNK)
    if not rows:
        return None
    bookings = frame(rows, BOOKINGS)
    customers = frame(
        run.ledger.customers.rows(bookings["customer_id"].dropna().tolist()), CUSTOMERS
    )
    return plan(bookings, customers, _taken(run, bookings, rules), rules), customers


def _taken(run: Run, bookings: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Return who holds the numbers and ids of a chunk, after asking whether they still exist.

    A holder in the ledger may be deleted in Teamleader, a foreign or differing one in Twikey may
    be deleted there; neither says so by itself.
    """
    ids = bookings["id"].tolist()
    numbered = number_bookings(bookings, rules)["twikey_number"]
    numbers = [n for n in numbered.tolist() if isinstance(n, str)]
    taken = frame(run.ledger.feed.taken(numbers, ids), TAKEN)
    ours = taken[(taken["holder"] == "ledger") & ~taken["gone"].astype(bool)]
    rivals = [h for h in ours["holder_id"].tolist() if h not in set(ids)]
    kinds = run.ledger.bookings.kinds(rivals)
    gone = [close_if_deleted(run, rival, kinds[rival]) for rival in rivals]
    amounts = dict(zip(ids, bookings["payable_cents"].tolist(), strict=True))
    removed = run.ledger.tombstones.removed_before(ids)
    for holder, amount in _in_twikey(taken):
        own = amounts.get(holder)
        if own is None or abs(own) != abs(amount or 0) or holder in removed:
            gone.append(_forget_if_deleted(run, holder))
    return frame(run.ledger.feed.taken(numbers, ids), TAKEN) if any(gone) else taken


def _in_twikey(taken: pd.DataFrame) -> list[tuple[str, int | None]]:
    theirs = taken[taken["holder"] == "twikey"]
    amounts = [None if pd.isna(a) else int(a) for a in theirs["amount_cents"].tolist()]
    return list(zip(theirs["holder_id"].tolist(), amounts, strict=True))


def _forget_if_deleted(run: Run, twikey_id: str) -> bool:
    """Look a stranger up in Twikey before anything is adopted from it or held for it."""
    if run.connection.twikey.invoice(twikey_id) is not None:
        return False
    run.ledger.feed.forget(twikey_id)
    return True


def crossings_of(chosen: pd.DataFrame) -> list[Crossing]:
    """Return what the ledger notes before these bookings are created."""
    columns = zip(
        chosen["id"], chosen["twikey_number"], chosen["amount_cents"], chosen["customer_id"],
        chosen["ct"], chosen["ct_source"], chosen["notices"], chosen["describe_customer"],
        strict=True,
    )  # fmt: skip
    return [
        Crossing(i, n, int(a), c, _text(ct), _text(source), _text(notices) or None, bool(described))
        for i, n, a, c, ct, source, notices, described in columns
    ]


def verdicts_of(run: Run, decided: pd.DataFrame) -> list[Verdict]:
    """Return the verdicts on bookings that are skipped or held; held ones are tried again later."""
    tries = run.ledger.bookings.tries(decided["id"].tolist())
    columns = zip(
        decided["id"], decided["action"], decided["reason"], decided["detail"],
        decided["twikey_number"], decided["notices"], strict=True,
    )  # fmt: skip
    return [
        Verdict(
            i, "held" if action == "hold" else "skipped", reason, _text(detail), _text(number),
            _text(notices) or None,
            _next_try(run, reason, tries.get(i, 0)) if action == "hold" else None,
        )
        for i, action, reason, detail, number, notices in columns
    ]  # fmt: skip


def _next_try(run: Run, reason: str, tries: int) -> datetime | None:
    """Return when a held booking is looked at again; a customer who is gone, three times only.

    After that it waits for a person, or for a change in Teamleader (complaint C28).
    """
    if reason == "CUSTOMER_GONE" and tries >= GONE_TRIES:
        return None
    return next_try(run, tries)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
