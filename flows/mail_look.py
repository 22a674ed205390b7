"""Guide 5: what happened since the last mail, looked at after every run, from the ledger alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.errors import Trouble
from connectors.ledger.figures import Amount
from connectors.ledger.records import MailRow, PastRun
from flows.connection import Connection
from mappings.mails import Item, Sorted, Told, fingerprint, is_backfill, safe_link, sort_out
from mappings.reason import NOTHING
from mappings.reasons import advice_of, sentence_of

RUN = "run:"
PASSES = NOTHING.rstrip(".")


@dataclass(frozen=True)
class Entry:
    """One thing that needs a person, as it is shown. ``cents`` may be unknown."""

    number: str
    customer: str
    currency: str
    cents: int | None
    code: str
    sentence: str
    advice: str
    link: str | None
    since: datetime


@dataclass(frozen=True)
class Broken:
    """A run that could not do its work, or not all of it."""

    flow: str
    code: str
    sentence: str
    advice: str
    passes: bool

    @classmethod
    def by(cls, flow: str, trouble: Trouble) -> Broken:
        """Tell what ended a run early."""
        passes = trouble.advice.startswith(PASSES)
        sentence = f"{str(trouble).rstrip('.')}."
        return cls(flow, type(trouble).__name__, sentence, trouble.advice, passes)

    @classmethod
    def partly(cls, flow: str, problems: Sequence[str]) -> Broken:
        """Tell why a run did not do all; each problem brings its advice."""
        passes = all(PASSES in problem for problem in problems)
        return cls(flow, "NOT_ALL", " ".join(problems), "", passes)


@dataclass(frozen=True)
class Look:
    """What a mail would be about: the runs it covers, what needs a person, what happened.

    ``notes`` are what runs noted, each with whether it asks for a person.
    """

    covered: tuple[int, int]
    repeats: bool
    told: MailRow | None
    runs: list[PastRun]
    sorted: Sorted
    entries: dict[str, Entry]
    sent: Amount
    collected: Amount
    reversed: Amount
    crossed: int
    backfill: bool
    notes: list[tuple[str, bool]]

    @property
    def asks(self) -> int:
        """How many notes ask for a person."""
        return sum(asks for _, asks in self.notes)


def look(connection: Connection, flow: str | None, broken: Broken | None) -> Look:
    """Look at what happened since the last mail; cheap enough for every run."""
    ledger, now = connection.ledger, connection.clock.now()
    told, tried = ledger.mails.last_told(), ledger.mails.tried_since_told()
    newest = ledger.figures.newest_run()
    first = told or (tried[0] if tried else None)
    after = newest - 1 if first is None else told.up_to_run if told else first.after_run
    runs, span = ledger.figures.runs(after, newest), (after + 1, newest)
    backfill = any(is_backfill(run) for run in runs)
    found = _open(connection, broken)
    news = sort_out((item for item, _ in found), _told(connection, flow), now, whole=backfill)
    sent = ledger.figures.sent(*span).values()
    crossed = sum(count for count, _ in sent)
    return Look(
        covered=(after, newest),
        repeats=any(mail.state != "failed" for mail in tried),
        told=told,
        runs=runs,
        sorted=news,
        entries={item.key: entry for item, entry in found},
        sent=(crossed, sum(cents for _, cents in sent)),
        collected=ledger.figures.collected(*span),
        reversed=ledger.figures.reversed(*span),
        crossed=crossed + ledger.figures.adopted(*span),
        backfill=backfill,
        notes=ledger.figures.noted(*span),
    )


# ---- what needs a person


def _open(connection: Connection, broken: Broken | None) -> list[tuple[Item, Entry]]:
    ledger = connection.ledger
    found = [_halted(connection, broken)] if broken else []
    waiting = ledger.desk.held()
    sending = ledger.figures.sending_since() if waiting else {}
    found += [_held(connection, row, sending.get(row["id"])) for row in waiting]
    return found + [_alert(row) for row in ledger.alerts.open()]


def _halted(connection: Connection, broken: Broken) -> tuple[Item, Entry]:
    now, label = connection.clock.now(), f"{broken.flow} stopped"
    if broken.code == "NOT_ALL":
        label = f"{broken.flow} incomplete"
    done = connection.ledger.figures.last_done(broken.flow)
    since = min(datetime.fromisoformat(done), now) if done else now
    mark = fingerprint(broken.code, broken.sentence if broken.code == "NOT_ALL" else "")
    item = Item(f"{RUN}{broken.flow}", label, mark, since, broken.passes)
    return item, Entry(
        label, "", "", None, broken.code, broken.sentence, broken.advice, None, since
    )


def _held(connection: Connection, row: dict[str, Any], left: str | None) -> tuple[Item, Entry]:
    label, advice = row["number"] or row["id"], advice_of(row["reason"])
    at = row["held_at"] or left
    since = datetime.fromisoformat(at) if at else connection.clock.now()
    mark = fingerprint(row["reason"], row["detail"], label, row["payable_cents"])
    item = Item(f"held:{row['id']}", label, mark, since, advice.startswith(PASSES))
    return item, _entry(row, row["reason"], label, advice, since)


def _alert(row: dict[str, Any]) -> tuple[Item, Entry]:
    label = row["number"] or row["booking_id"]
    since, code = datetime.fromisoformat(row["raised_at"]), row["code"]
    mark = fingerprint(code, row["detail"], label)
    item = Item(f"alert:{row['booking_id']}:{code}", label, mark, since)
    return item, _entry(row, code, label, advice_of(code), since)


def _entry(row: dict[str, Any], code: str, label: str, advice: str, since: datetime) -> Entry:
    return Entry(
        number=label,
        customer=row["invoicee_name"] or "",
        currency=row["currency"] or "EUR",
        cents=row["payable_cents"],
        code=code,
        sentence=sentence_of(code, row["detail"] or ""),
        advice=advice,
        link=safe_link(row["web_url"]),
        since=since,
    )


def _told(connection: Connection, flow: str | None) -> list[Told]:
    """Return what was named; that another flow's run stopped cannot be settled by this one."""
    return [
        Told(key, label, mark, datetime.fromisoformat(at))
        for key, label, mark, at in connection.ledger.mails.told()
        if not key.startswith(RUN) or key == f"{RUN}{flow}"
    ]
