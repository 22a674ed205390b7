"""Guide 5: what is needed to mail the summary, checked together with all other settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.address import is_loopback_address
from flows.secrets import Secrets
from flows.settings import MAILBOX, Mail

if TYPE_CHECKING:
    from connectors.mail import MailServer

PORTS = {"starttls": 587, "tls": 465, "none": 25}
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail server, who sends, and who gets the mail."""

    server: MailServer
    sender: str
    to: tuple[str, ...]


def why_off(mail: Mail, secrets: Secrets) -> str | None:
    """Say why no mail is sent; None when it is."""
    if mail.when == "off":
        return 'when = "off" under [mail]'
    if not mail.to:
        return "[mail] names no recipients (to)"
    if not secrets.smtp_host:
        return "SMTP_HOST is not set"
    return None


def outgoing(mail: Mail, secrets: Secrets) -> Outgoing | None:
    """Return how to mail, or None when it is off; the settings were found right."""
    if why_off(mail, secrets):
        return None
    from connectors.mail import MailServer  # smtplib: only when mail is on

    server = MailServer(
        host=secrets.smtp_host,
        port=int(secrets.smtp_port or PORTS[secrets.smtp_tls]),
        tls=secrets.smtp_tls,
        user=secrets.smtp_user,
        password=secrets.smtp_password.get_secret_value(),
    )
    return Outgoing(server, _sender(mail, secrets) or mail.to[0], tuple(dict.fromkeys(mail.to)))


def mail_problems(mail: Mail, secrets: Secrets) -> list[str]:
    """Say each thing that is wrong with the mail; nothing where it is off."""
    if why_off(mail, secrets):
        return []
    tls, password = secrets.smtp_tls, secrets.smtp_password.get_secret_value()
    port, host = secrets.smtp_port, secrets.smtp_host
    wrong = {
        "SMTP_HOST must be the name of a mail server, such as smtp.example.com":
            not HOST.fullmatch(host),
        "SMTP_PORT must be a number from 1 to 65535":
            bool(port) and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536),
        "SMTP_TLS must be starttls, tls or none": tls not in PORTS,
        "SMTP_TLS = none is for a mail server on this machine (a loopback address) only":
            tls == "none" and not is_loopback_address(_address(host)),
        "SMTP_USER is set but SMTP_PASSWORD is not": bool(secrets.smtp_user) and not password,
        "SMTP_PASSWORD is set but SMTP_USER is not": bool(password) and not secrets.smtp_user,
        "SMTP_USER and SMTP_PASSWORD may only have letters, digits and signs of ASCII":
            not _typable(secrets.smtp_user + password),
        "config.toml: mail.from is missing: SMTP_USER is no e-mail address that could stand there":
            _sender(mail, secrets) is None,
    }  # fmt: skip
    return [sentence for sentence, is_wrong in wrong.items() if is_wrong]


def _sender(mail: Mail, secrets: Secrets) -> str | None:
    if mail.sender:
        return mail.sender
    return secrets.smtp_user if MAILBOX.fullmatch(secrets.smtp_user) else None


def _address(host: str) -> str:
    return f"//[{host}]" if ":" in host else f"//{host}"


def _typable(text: str) -> bool:
    return text.isascii() and (text.isprintable() or not text)
