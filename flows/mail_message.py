"""The summary as a message: plain text and HTML, the list of what is held, and honest headers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from flows.connection import Connection
from flows.layout import clean
from flows.mail_content import Summary
from flows.mail_html import as_html
from flows.mail_look import Entry
from flows.mail_settings import Outgoing
from flows.mail_text import as_text
from flows.mail_words import subject

HELD_CSV = "held.csv"
HEADER = (
    "number", "customer", "currency", "amount", "reason", "text", "advice", "since", "teamleader",
)  # fmt: skip


def message_of(connection: Connection, summary: Summary, out: Outgoing) -> EmailMessage:
    """Return the mail; it names its kind, so that no machine answers it."""
    held = list(summary.look.entries.values())
    attached = [HELD_CSV] if held else []
    mail = blank(out, subject(summary), summary.now)
    mail.set_content(as_text(summary, attached), cte="quoted-printable")
    mail.add_alternative(as_html(summary, attached), subtype="html", cte="quoted-printable")
    if held:
        mail.add_attachment(
            held_csv(held, semicolon=connection.settings.mail.semicolon),
            maintype="text",
            subtype="csv",
            filename=HELD_CSV,
            params={"charset": "utf-8"},
        )
    return mail


def as_bytes(mail: EmailMessage) -> bytes:
    """Return a mail as it travels; a subject of ordinary length stays on one line."""
    return mail.as_bytes(policy=SMTP.clone(max_line_length=200))


def blank(out: Outgoing, title: str, now: datetime) -> EmailMessage:
    """Return a mail with its headers; a line end in any of them cannot become a header."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("Teamleader to Twikey", addr_spec=out.sender)
    mail["To"] = tuple(Address(addr_spec=one) for one in out.to)
    mail["Subject"] = clean(title)
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = make_msgid(domain=out.sender.partition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    return mail


def held_csv(entries: Sequence[Entry], *, semicolon: bool) -> bytes:
    """Return what needs a person as CSV for a spreadsheet, in which no cell is a formula."""
    from mappings.csv_cells import defused

    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if semicolon else ",", lineterminator="\r\n")
    writer.writerow(HEADER)
    for one in entries:
        amount = "" if one.cents is None else f"{one.cents / 100:.2f}"
        texts = (one.number, one.customer, one.currency)
        writer.writerow(
            [*(defused(clean(text)) for text in texts), amount]
            + [defused(clean(text)) for text in (one.code, one.sentence, one.advice)]
            + [one.since.date().isoformat(), one.link or ""]
        )
    return out.getvalue().encode("utf-8-sig")
