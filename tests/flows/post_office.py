"""A real mail server on this machine: with STARTTLS and a login, and with faults on demand."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.flows.office import CONFIG, Office

USER, PASSWORD = "job@books.example", "canary-p4ss-never-shown"
TO = ("books@klant.example", "boss@klant.example")


@dataclass
class PostOffice:
    """Takes mail and keeps it. ``refuse`` names recipients, ``fault`` what goes wrong at DATA.

    Faults: ``""`` none, ``refuse`` (554), ``hang`` (no answer), ``lose`` (keeps the mail, then
    hangs up), ``drop`` (hangs up before it keeps it).
    """

    authenticate: bool = True
    refuse: set[str] = field(default_factory=set)
    fault: str = ""
    taken: list[Envelope] = field(default_factory=list)
    logins: list[bool] = field(default_factory=list)
    port: int = 0

    @property
    def mails(self) -> list[EmailMessage]:
        """What was taken over, oldest first."""
        return [
            email.message_from_bytes(e.original_content or b"", policy=email.policy.default)
            for e in self.taken
        ]

    def check_login(self, server: SMTP, session: Session, *rest: Any) -> AuthResult:
        """Accept the one login."""
        given = rest[-1]
        fine = given.login == USER.encode() and given.password == PASSWORD.encode()
        self.logins.append(fine)
        return AuthResult(success=fine, handled=False)

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse the recipients that are to be refused."""
        if address in self.refuse:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take a mail over, or not."""
        if self.fault == "refuse":
            return "554 not today"
        if self.fault == "hang":
            await asyncio.sleep(3)
        if self.fault != "drop":
            self.taken.append(envelope)
        if self.fault in ("lose", "drop") and server.transport:
            server.transport.close()
        return "250 taken"


def opened(office: PostOffice, *, tls: str = "starttls", folder: Path) -> Controller:
    """Start a mail server for a post office; the caller stops it."""
    context = server_context(folder) if tls != "none" else None
    options: dict[str, Any] = {"hostname": "127.0.0.1", "port": 0, "ready_timeout": 10}
    if tls == "tls":
        options["ssl_context"] = context
    if tls == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    if office.authenticate:
        begins_open = tls == "starttls"  # it does not know that it is wrapped in TLS
        options |= {"authenticator": office.check_login, "auth_required": begins_open,
                    "auth_require_tls": begins_open}  # fmt: skip
    controller = _Anywhere(office, **options)
    controller.start()
    office.port = controller.port
    return controller


class _Anywhere(Controller):
    """A controller on a free port: it must not knock at port 0 to see whether it runs."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # of aiosmtpd


@cache
def _authority() -> tuple[bytes, bytes]:
    """Make a certificate for this machine; return it and its key as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def certificate_file(folder: Path) -> Path:
    """Write the certificate, for SSL_CERT_FILE."""
    path = folder / "mail-server.pem"
    path.write_bytes(_authority()[0])
    return path


def server_context(folder: Path) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    both = folder / "mail-server-and-key.pem"
    both.write_bytes(b"".join(_authority()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context


# ---- an office that mails


def mailing(
    office: Office, post: PostOffice, *lines: str, tls: str = "starttls", settings: str = ""
) -> None:
    """Let an office mail through a post office; ``lines`` go under [mail]."""
    to = ", ".join(f'"{one}"' for one in TO)
    mail = [f"to = [{to}]", 'from = "job@books.example"', *lines]
    office.configure("\n".join([settings, CONFIG, "[mail]", *mail, ""]))
    office.environment |= {
        "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(post.port), "SMTP_TLS": tls,
    }  # fmt: skip
    if post.authenticate:
        office.environment |= {"SMTP_USER": USER, "SMTP_PASSWORD": PASSWORD}


def text_of(mail: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html_of(mail: EmailMessage) -> str:
    """Return the HTML of a mail."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def attachment(mail: EmailMessage, name: str) -> str:
    """Return an attached text file."""
    for part in mail.iter_attachments():
        if part.get_filename() == name:
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return content.decode("utf-8-sig")
    raise AssertionError(f"no {name} in {[p.get_filename() for p in mail.iter_attachments()]}")
