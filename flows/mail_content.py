"""Guide 5: what stands in a summary, gathered from the ledger alone (acceptance 4).

So it can be made by any run, also one that comes after the run whose mail was lost, and shown
without being sent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.ledger.figures import Amount
from connectors.ledger.payments import FEED
from connectors.ledger.records import MailRow, PastRun
from flows.connection import Connection
from flows.mail_look import Entry, Look
from flows.mail_words import when
from mappings.mails import days, next_start, worth_a_line
from mappings.payments import left_over
from mappings.reason import NOTHING
from mappings.reasons import advice_of, sentence_of

SHOWN = 10
FEW = 3
SCHEDULED = ("import", "follow-up", "customers")
OVERPAID = ("OVERPAID", "DOUBLE_PAYMENT")


@dataclass(frozen=True)
class Line:
    """One kind of money: how many and cents, today and yesterday (None: not known)."""

    label: str
    today: Amount
    yesterday: Amount | None
    alarming: bool = False


@dataclass(frozen=True)
class Reasoned:
    """One reason or notice with the bookings it concerns."""

    code: str
    count: int
    sentence: str
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """Everything that a mail says. ``counted`` is what stays open from earlier mails, by code."""

    connection: str
    now: datetime
    look: Look
    entries: list[Entry]
    counted: Counter[str]
    counted_cents: dict[str, int]
    money: list[Line]
    ties: list[tuple[str, str]]
    skipped: list[Reasoned]
    notices: list[Reasoned]
    freshness: list[tuple[str, str]]
    about_mail: list[str]
    figures: dict[str, Any]

    @property
    def need_you(self) -> int:
        """How many things need a person, named here or before."""
        return len(self.look.sorted.named) + len(self.look.sorted.counted)

    @property
    def noted(self) -> list[str]:
        """What runs noted, first what asks for a person."""
        sorted_out = sorted(self.look.notes, key=lambda one: not one[1])
        return [f"For you: {note}" if asks else note for note, asks in sorted_out]

    @property
    def settled(self) -> list[str]:
        """What earlier mails named and is over."""
        return [one.label for one in self.look.sorted.settled]


def summarize(connection: Connection, seen: Look) -> Summary:
    """Gather all that a mail says."""
    money, figures = _money(connection)
    counted = [seen.entries[item.key] for item in seen.sorted.counted]
    zone, span = connection.zone, (seen.covered[0] + 1, seen.covered[1])
    return Summary(
        connection=connection.name,
        now=connection.clock.now().astimezone(zone),
        look=seen,
        entries=[seen.entries[item.key] for item in seen.sorted.named],
        counted=Counter(entry.code for entry in counted),
        counted_cents=_sums(counted),
        money=money,
        ties=[(_title(connection, run), _tie(run)) for run in worth_a_line(seen.runs)],
        skipped=_skipped(connection, span),
        notices=_notices(connection, span),
        freshness=_freshness(connection),
        about_mail=_about_mail(connection, seen.told),
        figures=figures,
    )


# ---- money


def _sums(entries: list[Entry]) -> dict[str, int]:
    """Add up cents by currency."""
    sums: Counter[str] = Counter()
    for entry in entries:
        sums[entry.currency] += entry.cents or 0
    return dict(sorted(sums.items()))


def _money(connection: Connection) -> tuple[list[Line], dict[str, Any]]:
    """Return the money of today and yesterday; what stands open is compared with an older mail."""
    ledger, zone = connection.ledger, connection.zone
    yesterday, today, tomorrow = days(connection.clock.now(), zone)
    now = _moved(connection, today, tomorrow)
    then = _moved(connection, yesterday, today)
    older = ledger.mails.figures_before(today) or {}
    standing = {"overpaid": _overpaid(connection), "waiting": ledger.figures.waiting()}
    before = {name: tuple(older[name]) if name in older else None for name in standing}
    lines = [
        Line("Sent to Twikey", now["sent"], then["sent"]),
        Line("Collected", now["collected"], then["collected"]),
        Line("Reversed", now["reversed"], then["reversed"], alarming=True),
        Line("Credit notes", now["credit notes"], then["credit notes"]),
        Line("Overpaid, open now", standing["overpaid"], before["overpaid"], alarming=True),
        Line("Still waiting to be paid", standing["waiting"], before["waiting"]),
    ]
    return lines, dict(standing)


def _moved(connection: Connection, since: datetime, until: datetime) -> dict[str, Amount]:
    """Return what the runs that began in a stretch of time did."""
    figures = connection.ledger.figures
    span = figures.begun(since, until) or (1, 0)
    sent = figures.sent(*span)
    return {
        "sent": sent.get("invoice", (0, 0)),
        "credit notes": sent.get("credit_note", (0, 0)),
        "collected": figures.collected(*span),
        "reversed": figures.reversed(*span),
    }


def _overpaid(connection: Connection) -> Amount:
    """Return how many bookings got too much, and how much too much."""
    payments = connection.ledger.payments
    ids = sorted({row["booking_id"] for row in connection.ledger.alerts.open(*OVERPAID)})
    events, written = payments.of(ids), payments.registrations(ids)
    return len(ids), sum(max(left_over(events[one], written[one]), 0) for one in ids)


# ---- what was read, what was left out


def _title(connection: Connection, run: PastRun) -> str:
    name = str(run.parameters.get("name") or run.flow)
    ended = datetime.fromisoformat(run.ended_at or run.started_at).astimezone(connection.zone)
    return f"{name}, {ended:%H:%M}"


def _tie(run: PastRun) -> str:
    count = {k: run.counts.get(k, 0) for k in ("read", "sent", "known", "skipped", "held")}
    line = (
        f"read {count['read']} = sent {count['sent']} + known {count['known']}"
        f" + skipped {count['skipped']} + held {count['held']}"
    )
    adopted = run.counts.get("adopted", 0)
    return f"{line} ({adopted} of the known stood in Twikey already)" if adopted else line


def _skipped(connection: Connection, span: tuple[int, int]) -> list[Reasoned]:
    """Return why bookings were left out by rule, each once however often it was read."""
    numbers: dict[str, list[str]] = {}
    details: dict[str, dict[str, None]] = {}
    for code, number, detail in connection.ledger.figures.skipped(*span):
        numbers.setdefault(code, []).append(number)
        details.setdefault(code, {}).update({detail: None} if detail else {})
    return [
        Reasoned(code, len(found), sentence_of(code, _some(list(details[code]))),
                 tuple(found[:SHOWN]))
        for code, found in sorted(numbers.items())
    ]  # fmt: skip


def _some(details: list[str]) -> str:
    more = len(details) - FEW
    return "; ".join(details[:FEW]) + (f"; and {more} more" if more > 0 else "")


def _notices(connection: Connection, span: tuple[int, int]) -> list[Reasoned]:
    numbers: dict[str, list[str]] = {}
    for codes, number in connection.ledger.figures.notices(*span):
        for code in filter(None, codes.split(",")):
            numbers.setdefault(code, []).append(number)
    return [
        Reasoned(code, len(found), f"{sentence_of(code, '')} {_unless_nothing(advice_of(code))}",
                 tuple(found[:SHOWN]))
        for code, found in sorted(numbers.items())
    ]  # fmt: skip


def _unless_nothing(advice: str) -> str:
    return "" if advice == NOTHING else advice


# ---- how fresh it is


def _freshness(connection: Connection) -> list[tuple[str, str]]:
    ledger = connection.ledger
    lines = []
    for flow in SCHEDULED:
        lately = ledger.figures.lately(flow)
        if not lately:
            continue
        last = lately[0]
        told = f"{last.outcome or 'at work'}, {_at(connection, last.ended_at or last.started_at)}"
        following = next_start(lately)
        if following and following > connection.clock.now():
            told += f"; next about {_at(connection, following.isoformat())}"
        lines.append((flow, told))
    watermark = ledger.watermarks.read("invoices")
    seen = _at(connection, watermark.isoformat()) if watermark else "never yet"
    lines.append(("Teamleader seen up to", seen))
    read = ledger.figures.feed_read_at(FEED)
    lines.append(("last news of payments", _at(connection, read) if read else "never yet"))
    if not connection.settings.automatic:
        lines.append(("automatic import", "off: only what is started by hand runs"))
    return lines


def _at(connection: Connection, instant: str) -> str:
    return when(datetime.fromisoformat(instant).astimezone(connection.zone))


def _about_mail(connection: Connection, told: MailRow | None) -> list[str]:
    """Say what became of the mails since the last one that arrived."""
    said = []
    if told is not None and told.answer:
        at = _at(connection, told.at)
        said.append(f"The mail of {at} did not reach everybody: {told.answer}")
    for tried in connection.ledger.mails.tried_since_told()[-3:]:
        why = tried.answer or "the program was stopped while it was sent"
        may = "" if tried.state == "failed" else " (it may have arrived; this one repeats it)"
        said.append(f"The mail of {_at(connection, tried.at)} was not sent: {why}{may}")
    return said
