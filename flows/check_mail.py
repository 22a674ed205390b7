"""Guide 5: look whether the mail server is there, encrypted, and accepts the login."""

from __future__ import annotations

from typing import Literal

from connectors.errors import MailNotSent, OutcomeUnknown
from flows.connection import Connection
from flows.mail import send_test
from flows.mail_settings import Outgoing, outgoing, why_off

State = Literal["ok", "warns", "fails"]
Said = tuple[State, str, str]


def probe_mail(connection: Connection, *, send: bool = False) -> Said:
    """Return state, sentence and cure: connect and log in; with ``send`` mail a test."""
    mail, secrets = connection.settings.mail, connection.secrets
    out = outgoing(mail, secrets)
    if out is None:
        off = f"Off: {why_off(mail, secrets)}."
        if (send or mail.to or secrets.smtp_host) and mail.when != "off":
            return ("warns", off, "Set SMTP_HOST in .env, and `to` under [mail] in config.toml.")
        return "warns" if send else "ok", off, "Set `when` under [mail]." if send else ""
    try:
        return _sent(connection, out) if send else ("ok", f"{out.server.probe(out.sender)}.", "")
    except (MailNotSent, OutcomeUnknown) as trouble:
        return "fails", f"{trouble}.", MailNotSent.advice


def _sent(connection: Connection, out: Outgoing) -> Said:
    refused = send_test(connection, out)
    if refused:
        told = "; ".join(f"{who}: {why}" for who, why in refused.items())
        return "warns", f"Sent, but not to everybody ({told}).", "Correct `to` under [mail]."
    return "ok", f"A test mail left for {', '.join(out.to)}.", ""
