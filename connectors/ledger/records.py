"""What the ledger remembers of money, flat; nothing here does I/O, so mappings may import it.

Amounts are cents and positive, instants are UTC text with offset.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

IN_PART = "in part"  # the note of a payment of which only a part had room
DISMISSED = "dismissed"  # the state of money that a person settled elsewhere; how such notes begin
REST_BACK = f"{DISMISSED}: the rest that had no place was paid back"  # the note of both events
REST = "#rest"  # the registration of such a rest: its event's id, this, and a number


class NewMoney(NamedTuple):
    """One event as it is entered: read from Twikey's payment feed, or seen in the invoice feed.

    ``occurred_at`` has milliseconds, so that text sorts as time. ``key`` names the payment, so that
    a failure finds its own. ``details`` and ``error`` are JSON text as received.
    """

    event_id: str
    invoice_id: str | None
    type: str
    occurred_at: str
    amount_cents: int
    currency: str
    source: str | None
    key: str | None
    details: str
    error: str | None


class MoneyEvent(NamedTuple):
    """One event as it is remembered; ``seq`` is the order in which the feed told.

    States: ``new`` (to be worked on), ``waiting`` (its booking is on its way), ``registered`` (in
    Teamleader), ``undone`` (a payment that failed or went back), ``applied`` (a failure or refund
    that undid its payment), ``reported`` (real money that Teamleader has no room for), ``held``
    (waits for a person), ``dismissed`` (a person settled it), ``ignored``.
    """

    seq: int
    event_id: str
    booking_id: str
    type: str
    occurred_at: str
    amount_cents: int
    currency: str
    source: str | None
    key: str | None
    error: str | None
    state: str
    note: str | None


class Registration(NamedTuple):
    """One payment as it was, or is to be, written to Teamleader; ``paid_at`` is its marker.

    ``event_id`` is that of its event; the rest of an event that found room later has its own.
    States: ``planned``, ``sending`` (intent), ``accepted`` (answered 204), ``done`` (seen there),
    ``unknown`` (answer lost), ``removed``.
    """

    event_id: str
    booking_id: str
    amount_cents: int
    currency: str
    paid_at: str
    method_id: str | None
    state: str
    not_before: str

    @property
    def payment(self) -> str:
        """The id of the event that this is the whole or a part of."""
        return self.event_id.partition(REST)[0]


@dataclass(slots=True)
class Survivor:
    """A payment that must stand again after a removal; ``event_id`` where it is ours.

    ``method_id`` is known for ours only: the API does not give it back (decisions 7).
    """

    amount_cents: int
    currency: str
    paid_at: str
    method_id: str | None = None
    event_id: str | None = None


@dataclass(slots=True)
class Reversal:
    """The durable plan of one removal: which payments go, which must stand again.

    States: ``planned`` (nothing sent), ``removing`` (intent), ``restoring`` (removed; survivors are
    being put back), ``held``, ``done``.
    """

    id: int
    booking_id: str
    event_ids: list[str]
    state: str
    not_before: str
    survivors: list[Survivor] = field(default_factory=list)


class Followed(NamedTuple):
    """A booking that crossed, with what the guards compare. Dates are days as text.

    ``seen_at`` is the instant of our last sight of it in Twikey (UTC text).
    """

    id: str
    twikey_id: str
    kind: str
    number: str | None
    stage: str
    issued_on: str | None
    due_on: str | None
    told_due_on: str | None
    status: str | None
    paid: bool
    payable_cents: int | None
    due_cents: int | None
    amount_cents: int | None
    prepaid_cents: int
    currency: str | None
    twikey_state: str | None
    twikey_due_on: str | None
    last_payment: str | None
    adopted: bool
    sent_at: str | None
    seen_at: str | None = None


class Mark(NamedTuple):
    """What we set to paid in Twikey: ``cents`` were open there; ``echo`` is the event it caused.

    States: ``intent``, ``done``, ``over`` (due in Teamleader again, and no longer paid in Twikey).
    """

    state: str
    at: str
    cents: int
    echo: str | None


# ---- the summary by mail


class PastRun(NamedTuple):
    """One run of the run book. ``parameters`` and ``counts`` are what it entered there."""

    id: int
    flow: str
    started_at: str
    ended_at: str | None
    outcome: str | None
    message: str | None
    parameters: dict[str, Any]
    counts: dict[str, Any]


class Named(NamedTuple):
    """What a mail named: an open thing by its key, or (no fingerprint) that it is settled."""

    key: str
    label: str
    fingerprint: str


class MailRow(NamedTuple):
    """One mail. States: ``sending`` (intent), ``sent``, ``failed`` (certainly not), ``unknown``.

    It covers the runs after ``after_run`` up to ``up_to_run``; ``repeats`` says that it tells again
    what one with an open outcome may have told. ``answer`` says why, or which recipients were
    refused.
    """

    id: int
    kind: str
    after_run: int
    up_to_run: int
    state: str
    repeats: int
    at: str
    answer: str | None


class Credit(NamedTuple):
    """A credit note of an invoice that crossed: its number at Twikey, and positive cents.

    ``paid`` is Teamleader's word that the customer has the money back or that it was allocated.
    """

    id: str
    invoice_id: str
    number: str
    cents: int
    issued_on: str | None
    paid: bool
    first_seen_at: str
