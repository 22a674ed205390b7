"""Guide 5: a summary by mail after each import by hand, after runs with news, and once a day.

The run is over when the mail is thought of: whatever happens to the mail, the run and its exit code
stay what they are, and what was to be told is told by the next run. The lock is taken again for it,
so that two runs never tell the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from connectors.errors import (
    AnotherRunAtWork,
    Halted,
    LedgerUnusable,
    MailNotSent,
    OutcomeUnknown,
    SettingsWrong,
    Trouble,
    UsageWrong,
)
from flows.connection import Connection
from flows.mail_settings import Outgoing, outgoing, why_off

if TYPE_CHECKING:
    from flows.mail_content import Summary
    from flows.mail_look import Broken
    from flows.run import Steps

STEP = "mail the summary"
NOBODY_ASKED = (AnotherRunAtWork, LedgerUnusable, SettingsWrong, UsageWrong)
log = logging.getLogger(__name__)


class Report(Protocol):
    """What the mail needs of the report of a flow."""

    @property
    def problems(self) -> list[str]:
        """What could not be done, each with its advice."""

    @property
    def notes(self) -> list[str]:
        """What else is to be said."""


R = TypeVar("R", bound=Report)


def with_summary(
    connection: Connection,
    flow: str,
    work: Callable[[], R],
    *,
    by_hand: bool,
    steps: Steps,
    dry_run: bool = False,
) -> R:
    """Do the work of a flow, then mail if it is due; what goes wrong with that is a note.

    A scheduled run that stops is told too; a person who started one sees it anyway.
    """
    out = outgoing(connection.settings.mail, connection.secrets)
    if out is None or dry_run:
        return work()
    try:
        report = work()
    except Halted as trouble:
        if not by_hand and not isinstance(trouble, NOBODY_ASKED):
            steps(STEP, _mail_stopped, connection, out, flow, trouble)
        raise
    report.notes.extend(steps(STEP, _mail_after, connection, out, flow, report.problems))
    return report


def _mail_stopped(connection: Connection, out: Outgoing, flow: str, trouble: Halted) -> None:
    from flows.mail_look import Broken

    for note in _mail(connection, out, flow, Broken.by(flow, trouble)):
        log.warning("%s", note)


def _mail_after(
    connection: Connection, out: Outgoing, flow: str, problems: Sequence[str]
) -> list[str]:
    from flows.mail_look import Broken

    broken = Broken.partly(flow, problems) if problems else None
    return _mail(connection, out, flow, broken)


def preview(connection: Connection) -> tuple[str, str, str]:
    """Return subject, text and HTML of what would be mailed now; nothing is sent or noted."""
    from flows.mail_content import summarize
    from flows.mail_html import as_html
    from flows.mail_look import look
    from flows.mail_message import HELD_CSV
    from flows.mail_text import as_text
    from flows.mail_words import subject

    summary = summarize(connection, look(connection, None, None))
    attached = [HELD_CSV] if summary.look.entries else []
    return subject(summary), as_text(summary, attached), as_html(summary, attached)


def mail_state(connection: Connection) -> dict[str, Any]:
    """Return whether mail is on, when the last one left, and what became of the newest."""
    mails = connection.ledger.mails
    told, last = mails.last_told(), mails.last()
    problem = None
    if last is not None and last.state != "sent":
        problem = last.answer or "the program was stopped while it was sent"
    elif last is not None:
        problem = last.answer
    return {
        "off": why_off(connection.settings.mail, connection.secrets),
        "last_sent": told.at if told else None,
        "problem": problem,
    }


# ---- sending


def _mail(connection: Connection, out: Outgoing, flow: str, broken: Broken | None) -> list[str]:
    try:
        with connection.ledger.lock.held("mail", connection.clock.now()):
            return _mail_if_due(connection, out, flow, broken)
    except AnotherRunAtWork:
        return []  # it tells, when it ends, what this one did
    except Trouble as trouble:
        return [f"no summary was mailed: {trouble}"]
    except Exception as bug:  # a mail never fails a run that is done
        log.warning("The summary could not be made", exc_info=True)
        return [f"no summary was mailed: {type(bug).__name__}, which is a bug; report it"]


def _mail_if_due(
    connection: Connection, out: Outgoing, flow: str, broken: Broken | None
) -> list[str]:
    from flows.mail_content import summarize
    from flows.mail_look import look
    from mappings.mails import News, due, heartbeat_due

    mail, now = connection.settings.mail, connection.clock.now()
    seen = look(connection, flow, broken)
    last = datetime.fromisoformat(seen.told.at) if seen.told else None
    news = News(seen.backfill, len(seen.sorted.named) + seen.asks, seen.crossed,
                seen.collected[0], seen.reversed[0])  # fmt: skip
    daily = heartbeat_due(last, now, connection.zone, mail.heartbeat_hour)
    kind = due(mail.when, news, heartbeat=daily)
    if kind is None:
        return []
    return _send(connection, out, summarize(connection, seen), kind)


def _send(connection: Connection, out: Outgoing, summary: Summary, kind: str) -> list[str]:
    """Commit the intent with all that the mail names, hand it over, record the outcome."""
    from connectors.ledger.mails import NewMail
    from connectors.ledger.records import Named
    from flows.mail_message import as_bytes, message_of

    mails, seen = connection.ledger.mails, summary.look
    message = message_of(connection, summary, out)
    named = [Named(item.key, item.label, item.fingerprint) for item in seen.sorted.named]
    named += [Named(one.key, one.label, "") for one in seen.sorted.settled]
    new = NewMail(kind, *seen.covered, str(message["Subject"]), str(message["Message-ID"]),
                  seen.repeats, summary.figures)  # fmt: skip
    number = mails.begin(new, named, connection.clock.now())
    try:
        refused = out.server.send(out.sender, out.to, as_bytes(message))
    except (MailNotSent, OutcomeUnknown) as lost:
        state = "failed" if isinstance(lost, MailNotSent) else "unknown"
        mails.ended(number, state, connection.clock.now(), str(lost))
        return [f"no summary was mailed: {lost}; the next run tries again"]
    told = "; ".join(f"{who} was refused: {why}" for who, why in refused.items())
    mails.ended(number, "sent", connection.clock.now(), told or None)
    return [f"the summary did not reach everybody: {told}"] if told else []


def send_test(connection: Connection, out: Outgoing) -> dict[str, str]:
    """Send a mail that only says that it arrived; return the recipients that were refused."""
    from flows.mail_message import as_bytes, blank

    now = connection.clock.now().astimezone(connection.zone)
    mail = blank(out, "Teamleader->Twikey: test mail", now)
    mail.set_content("This is the test that you asked for. The summary will come here.\n")
    return out.server.send(out.sender, out.to, as_bytes(mail))
