"""One page that answers at a glance: does it run, is it behind, what needs you (acceptance 4).

Made from the ledger alone, as Markdown for Prefect's artifact ``health``.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from connectors.ledger.payments import FEED
from connectors.teamleader.pace import MARGIN, WINDOW
from flows.connection import Connection
from flows.late import alerts_now
from flows.mail import mail_state
from flows.mail_words import when
from flows.views import money
from flows.wording import ago
from mappings.mails import next_start, safe_link
from mappings.markdown import escaped, link, table
from mappings.reasons import advice_of, sentence_of
from mappings.texts import need_you

FLOWS = ("import", "follow-up", "customers", "reconcile")
ENDED = {
    "clean": "well", "held": "well; something needs you", "stopped": "**stopped**",
    "failed": "**not all could be done**", "killed": "**killed**", None: "at work",
}  # fmt: skip
PDFS = {"none": "not tried yet"}
SHOWN = 20


def health(connection: Connection) -> str:
    """Return the page, its verdict first."""
    ledger = connection.ledger
    waiting = [(row, row["reason"], row["held_at"]) for row in ledger.desk.held()]
    waiting += [(row, row["code"], row["raised_at"]) for row in alerts_now(connection)]
    now = when(connection.clock.now().astimezone(connection.zone))
    parts = [
        f"# {escaped(connection.name)}: {verdict(connection, len(waiting))}",
        f"As of {now} ({escaped(connection.settings.time_zone)})",
        _waiting(connection, waiting),
        table(["flow", "last run", "ended", "next"], _flows(connection)),
        table(["", ""], _facts(connection)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def verdict(connection: Connection, waiting: int) -> str:
    """Say in a few words how the connection stands."""
    parts = [
        f"{flow} {ENDED[last[0].outcome].strip('*')}"
        for flow in FLOWS
        if (last := connection.ledger.figures.lately(flow, 1))
        and last[0].outcome in ("stopped", "failed", "killed")
    ]
    if waiting:
        parts.append(need_you(waiting))
    if connection.ledger.watermarks.read("invoices") is None:
        parts.append("nothing was imported yet")
    return "; ".join(parts) or "all well"


def _flows(connection: Connection) -> list[list[str]]:
    rows = []
    for flow in FLOWS:
        lately = connection.ledger.figures.lately(flow)
        if not lately:
            continue
        last, following = lately[0], next_start(lately)
        said = ENDED.get(last.outcome, escaped(last.outcome))
        if last.message:
            said += f": {escaped(last.message)}"
        soon = following and following > connection.clock.now()
        rows.append([
            flow, _at(connection, last.ended_at or last.started_at), said,
            _at(connection, following.isoformat()) if soon and following else "",
        ])  # fmt: skip
    return rows or [["", "never yet", "", ""]]


def _facts(connection: Connection) -> list[list[str]]:
    ledger, vault = connection.ledger, connection.vault
    tokens, session = vault.read_tokens(), vault.read_session()
    watermark = ledger.watermarks.read("invoices")
    pdfs = ledger.documents.counts()
    window = vault.state(connection.clock.monotonic(), WINDOW * MARGIN)
    left = max(window.limit - window.used, 0)
    mail = mail_state(connection)
    return [
        ["Teamleader seen up to", _since(connection, watermark)],
        ["News of payments read", _since(connection, _instant(ledger.figures.feed_read_at(FEED)))],
        ["Access to Teamleader renewed", _since(connection, tokens.rotated_at if tokens else None)],
        ["Session at Twikey opened", _since(connection, session.opened_at if session else None)],
        ["Requests left to Teamleader", f"{left} of {window.limit} in this minute"],
        ["Bookings", _counted(ledger.desk.stages())],
        ["PDFs", _counted({PDFS.get(what, what): n for what, n in pdfs.items()}) or "none yet"],
        ["Writes to be looked up", str(len(ledger.unsettled.writes()))],
        ["Automatic", "on" if connection.settings.automatic else "**off**"],
        ["Summary by mail", escaped(_mail(connection, mail))],
    ]


def _mail(connection: Connection, mail: dict[str, Any]) -> str:
    if mail["off"]:
        return f"off: {mail['off']}"
    last = _instant(mail["last_sent"])
    said = f"last sent {_since(connection, last)}" if last else "none sent yet"
    return said + (f"; the newest: {mail['problem']}" if mail["problem"] else "")


def _waiting(connection: Connection, waiting: list[tuple[dict[str, Any], str, str | None]]) -> str:
    if not waiting:
        return ""
    codes = Counter(code for _, code, _ in waiting)
    said = ", ".join(f"{count} {escaped(code)}" for code, count in codes.most_common())
    lines = ["## Needs you", f"{said}. All of them, with names, in the artifact `held-items`."]
    lines += [_item(connection, *one) for one in waiting[:SHOWN]]
    if len(waiting) > SHOWN:
        lines.append(f"... and {len(waiting) - SHOWN} more.")
    return "\n\n".join(lines[:2]) + "\n\n" + "\n".join(lines[2:])


def _item(connection: Connection, row: dict[str, Any], code: str, since: str | None) -> str:
    number = row["number"] or row["twikey_number"] or row.get("booking_id") or row.get("id")
    named = link(number, safe_link(row["web_url"]))
    amount = money(row, "payable_cents")
    began = f", since {_at(connection, since)}" if since else ""
    facts = f"{amount}{began}".removeprefix(", ")
    said = escaped(sentence_of(code, row["detail"] or ""))
    return f"- **{named}** {facts}: {said} *{escaped(advice_of(code))}*"


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {escaped(what)}" for what, count in sorted(counts.items()))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _at(connection: Connection, instant: str) -> str:
    """Write an instant short, and so that it stays on one line of a narrow column."""
    at = when(datetime.fromisoformat(instant).astimezone(connection.zone))
    return at.partition(" ")[2].replace(" ", "\N{NO-BREAK SPACE}")


def _since(connection: Connection, instant: datetime | None) -> str:
    """Write an instant with its age, the word that an operator looks for."""
    if instant is None:
        return "never yet"
    seconds = max(int((connection.clock.now() - instant).total_seconds()), 0)
    return f"{when(instant.astimezone(connection.zone))} ({ago(seconds)} ago)"
