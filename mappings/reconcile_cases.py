"""Every case in which a booking or an invoice can be when both sides are compared (acceptance B4).

A case says why a document is in its bucket and what to do about it; the report, the CSV file and
``docs/operating.md`` speak from this table. Which case holds is decided in ``mappings.reconcile``.
"""

from __future__ import annotations

from typing import NamedTuple


class Bucket(NamedTuple):
    """One bucket: what it means, and whether what is in it differs (a person must look)."""

    meaning: str
    differs: bool


BUCKETS = {
    "matched": Bucket("settled on both sides, to the cent", differs=False),
    "waiting payment": Bucket("on both sides, open on both, with its PDF", differs=False),
    "waiting PDF": Bucket("on both sides, open on both, its PDF still to come", differs=False),
    "next run": Bucket("on its way: the next scheduled run does it", differs=False),
    "skipped by rule": Bucket("left out of the import by rule", differs=False),
    "undone": Bucket("taken back by `undo`, stays away", differs=False),
    "before the first import": Bucket("older than what was ever imported here", differs=False),
    "held": Bucket("waits for a person before it is sent", differs=True),
    "in flight": Bucket("a write whose answer was lost, to be looked up", differs=True),
    "not linked": Bucket("on both sides, but this ledger did not bring it", differs=True),
    "amount differs": Bucket("on both sides, with two amounts or currencies", differs=True),
    "status differs": Bucket("on both sides, paid or credited on one of them only", differs=True),
    "only in Teamleader": Bucket("booked, and never brought to Twikey", differs=True),
    "only in Twikey": Bucket("in Twikey, and nothing in Teamleader belongs to it", differs=True),
    "deleted in Teamleader": Bucket("in Twikey; its booking was deleted", differs=True),
    "deleted in Twikey": Bucket("booked and brought to Twikey; deleted there", differs=True),
    "double in Twikey": Bucket("stands in Twikey a second time", differs=True),
}
"""In the order in which they are shown: what agrees, then what differs."""


class Case(NamedTuple):
    """Why a document is in its bucket (``{detail}`` stands for the facts), and what to do.

    ``ask`` says that Twikey is asked for it once more before it is told.
    """

    bucket: str
    sentence: str
    advice: str = "Nothing to do."
    ask: bool = False


FOLLOW_UP = "Run `teamleader-twikey follow-up`; if it stays so, see `teamleader-twikey status`."
IMPORT = "Import it: `teamleader-twikey import --since DATE --until DATE`."

CASES = {
    # ---- on both sides
    "LOST_ANSWER": Case(
        "in flight", "A write of it has no known answer yet.",
        "Nothing to do: a later run looks it up before anything is repeated.",
    ),
    "BACK_AGAIN": Case(
        "status differs", "It was taken back by `undo`, and stands in Twikey all the same.",
        "Remove it in Twikey, or let it be followed again: `teamleader-twikey undo --forget"
        " NUMBER`, then import it.", ask=True,
    ),
    "HELD": Case(
        "held", "{detail}", "See `teamleader-twikey held`, which says what to do about each.",
    ),
    "NOT_LINKED": Case(
        "not linked", "Twikey has it under its id, and this ledger does not know that it crossed.",
        IMPORT + " It is adopted, not sent again.", ask=True,
    ),
    "AMOUNT": Case(
        "amount differs", "{detail}",
        "Correct it in Teamleader, or book a credit note: an amount in Twikey cannot be changed.",
        ask=True,
    ),
    "UNBOOKED": Case(
        "status differs", "It is no longer booked in Teamleader: its status is {detail}.",
        "Book it again, or remove it in Twikey.", ask=True,
    ),
    "MONEY": Case(
        "status differs", "Settled on both sides, but money is open: {detail}.",
        "See `teamleader-twikey status`, which says what to do about each.",
    ),
    "MATCHED": Case("matched", "Both sides agree."),
    "PAID_HERE": Case(
        "status differs", "Paid in Teamleader, not in Twikey: {detail}.", FOLLOW_UP, ask=True,
    ),
    "PAYMENT_COMES": Case(
        "next run", "Its money is still being written to Teamleader: {detail}.",
        "Nothing to do: the next follow-up does it.",
    ),
    "PAID_THERE": Case(
        "status differs", "Paid in Twikey, not in Teamleader: {detail}.", FOLLOW_UP, ask=True,
    ),
    "ARCHIVED": Case(
        "status differs", "Archived in Twikey, open in Teamleader: {detail}.",
        "It is not collected any more: register its payment in Teamleader, or credit it.",
        ask=True,
    ),
    "PARTLY": Case(
        "status differs", "Paid or credited to another extent on one side: {detail}.",
        FOLLOW_UP + " It names what Twikey asks too much (PARTLY_PAID, PARTLY_CREDITED).",
        ask=True,
    ),
    "PREPAID": Case(
        "waiting payment",
        "It was in Twikey already; what was told there as paid before is not known: {detail}.",
        "Compare once what Twikey asks with what is due.",
    ),
    "NO_PDF": Case(
        "waiting PDF", "Its PDF is not attached yet{detail}.",
        "Nothing to do: it is tried again by itself (`teamleader-twikey follow-up --pdfs NUMBER`).",
    ),
    "OPEN": Case("waiting payment", "Both sides agree; it is not paid yet."),
    # ---- in Teamleader alone
    "UNDONE": Case(
        "undone", "It was removed from Twikey with its import and stays away{detail}.",
        "To have it again: `teamleader-twikey undo --forget NUMBER`, then import it.",
    ),
    "GONE_THERE": Case(
        "deleted in Twikey", "It was in Twikey, and Twikey no longer has it.",
        "It is not sent again by itself. If it is still to be collected, credit it in Teamleader"
        " and book it anew.", ask=True,
    ),
    "SKIPPED": Case("skipped by rule", "{detail}"),
    "BY_HAND": Case(
        "skipped by rule", "Credit notes come by themselves only where automatic is on.",
        "To bring them: `teamleader-twikey import --since DATE --until DATE --credit-notes`.",
    ),
    "SEEN": Case(
        "next run", "It was read, and nothing was decided about it yet.",
        "Nothing to do: the next scheduled import decides about it.",
    ),
    "NEWS": Case(
        "next run", "It is newer than the last import.",
        "Nothing to do: the next scheduled import brings it.",
    ),
    "OLDER": Case(
        "before the first import", "It is older than all that was ever imported with this ledger.",
        IMPORT + " Only if that is wanted.",
    ),
    "MISSED": Case("only in Teamleader", "No import has ever seen it{detail}.", IMPORT),
    # ---- in Twikey alone
    "GONE_HERE": Case(
        "deleted in Teamleader", "Twikey shows it as {detail}; Teamleader no longer has it.",
        "If it is not to be collected, remove it in Twikey.", ask=True,
    ),
    "DOUBLE": Case(
        "double in Twikey", "Twikey has {detail} already, under another id.",
        "Remove one of the two in Twikey before it is collected twice.", ask=True,
    ),
    "STRANGER": Case(
        "only in Twikey", "No booking belongs to it; Twikey shows it as {detail}.",
        "If it was entered by hand on purpose, nothing to do; otherwise remove it in Twikey.",
        ask=True,
    ),
}  # fmt: skip
"""By code. Codes are of this comparison only; those of ``mappings.reasons`` come as ``detail``."""


def sentence_of(code: str, detail: str | None) -> str:
    """Say why a document is in its bucket."""
    return CASES[code].sentence.replace("{detail}", detail or "")
