"""From Twikey's feeds to events of money (Twikey reference 2.7, 3.5).

The payment feed tells immutable events, each with its id. Where an account has no such feed, the
invoice feed's last payment stands in: one event per invoice and last payment seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from connectors.ledger.records import NewMoney

if TYPE_CHECKING:  # its module needs pydantic, which an idle run does not pay for
    from connectors.twikey.records import PaymentEvent

KEYS = ("paymentId", "transactionE2e", "linkId")
SEEN_KEYS = {"id": "paymentId", "e2e": "transactionE2e", "link": "linkId"}
SEEN = "seen:"  # how the ids of events begin that the invoice feed stands in for


def event_of(event: PaymentEvent, zone: ZoneInfo) -> NewMoney:
    """Return an event as the ledger keeps it; raises ValueError for a time that is none."""
    key = key_of(event.details)
    return NewMoney(
        event.event_id,
        event.invoice_id.lower() if event.invoice_id else None,
        event.event_type,
        _happened(event.event_type, key, event.occurred_at, zone),
        abs(event.amount_cents),
        event.currency,
        event.source,
        key,
        json.dumps(event.details),
        json.dumps(event.error) if event.error else None,
    )


def moment(text: str, zone: ZoneInfo, *, ends: bool = False) -> str:
    """Write an instant of Twikey's in UTC with milliseconds; a bare day is midnight in ``zone``.

    With ``ends`` a bare day is its last moment. Raises ValueError for anything else.
    """
    found, bare = datetime.fromisoformat(text.strip()), len(text.strip()) == len("2026-09-14")
    if bare and ends:
        found = found.replace(hour=23, minute=59, second=59, microsecond=999_000)
    if found.tzinfo is None:
        found = found.replace(tzinfo=zone if bare else UTC)
    return found.astimezone(UTC).isoformat(timespec="milliseconds")


def _happened(kind: str, key: str | None, text: str, zone: ZoneInfo) -> str:
    """Return when an event happened; a bare day is the whole day for a failure that names its own.

    So it is never older than the payment of that day which it takes back.
    """
    return moment(text, zone, ends=kind == "payment_failure" and key is not None)


def key_of(details: Mapping[str, object]) -> str | None:
    """Return what names a payment, so that its failure is recognised: payment, e2e or link."""
    for name in KEYS:
        if details.get(name) not in (None, ""):
            return f"{name}:{details[name]}"
    return None


def bank_code(error: str | None) -> str:
    """Return the bank's reason in short: ``MD06 refund_by_debtor``; empty when none is told."""
    found = json.loads(error) if error else {}
    parts = (found.get("externalCode"), found.get("code"))
    return " ".join(str(part) for part in parts if part)


# ---- where there is no payment feed


def seen_event(
    invoice_id: str,
    state: str | None,
    open_cents: int,
    amount_cents: int,
    last: Mapping[str, object],
    zone: ZoneInfo,
) -> NewMoney | None:
    """Return the event that an invoice's last payment stands for, or None when it tells none.

    The invoice feed gives no amount: a payment counts when the invoice is paid, with what was still
    open (``open_cents``), or with the whole amount when nothing was (a double payment).
    """
    action = last.get("action")
    settled = state in ("PAID", "ARCHIVED")
    if not (action == "payment_fail" or (action == "payment" and settled)):
        return None
    kind = "payment" if action == "payment" else "payment_failure"
    details = {SEEN_KEYS.get(name, name): value for name, value in last.items()}
    key = key_of(details)
    try:
        happened = _happened(kind, key, str(last.get("date") or ""), zone)
    except ValueError:
        return None
    fingerprint = json.dumps([invoice_id, action, last.get("date"), key])
    return NewMoney(
        SEEN + sha256(fingerprint.encode()).hexdigest()[:24],
        invoice_id,
        kind,
        happened,
        open_cents if open_cents > 0 else amount_cents,
        "EUR",
        str(last["method"]) if last.get("method") else None,
        key,
        json.dumps(details),
        json.dumps({"externalCode": last.get("rc")}) if action == "payment_fail" else None,
    )


def told_before(
    new: NewMoney, known: Iterable[tuple[str, str, str, str | None, str]], zone: ZoneInfo
) -> bool:
    """Tell whether the other feed already told this event.

    ``known`` rows are (event id, invoice id, type, key, occurred at). The key decides; where one of
    the two has none, the day does.
    """
    for event, invoice, kind, key, happened in known:
        if invoice != new.invoice_id or kind != new.type:
            continue
        if event.startswith(SEEN) == new.event_id.startswith(SEEN):
            continue
        if key and new.key:
            if key == new.key:
                return True
        elif _day(happened, zone) == _day(new.occurred_at, zone):
            return True
    return False


def _day(text: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(text).astimezone(zone).date().isoformat()
