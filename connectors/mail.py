"""One way out for mail: a message to a mail server, encrypted, bounded in time, said in sentences.

Three ends are told apart, as for every write (decisions 5): taken over by the server, certainly not
(``MailNotSent``), and unknown (``OutcomeUnknown``: the text left, and no answer came).
Nothing here ever quotes the password, whatever the server answers.
"""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from connectors.errors import MailNotSent, OutcomeUnknown

TAKEN = (250, 251)
REFUSALS = (400, 599)
FAILURES = (OSError, smtplib.SMTPException, ValueError)  # a TLS failure is an OSError


class _Bounded:
    """A conversation that is cut when its time is over, wherever it waits."""

    was_cut = False
    sock: socket.socket | None = None
    timer: threading.Timer | None = None

    def __init__(self, *where: Any, deadline: float, **options: Any) -> None:
        self.deadline = deadline
        super().__init__(*where, **options)

    def connect(self, *where: Any, **options: Any) -> tuple[int, bytes]:
        """Start the clock, then connect."""
        self.timer = threading.Timer(self.deadline, self.cut)
        self.timer.daemon = True
        self.timer.start()
        try:
            answer: tuple[int, bytes] = super().connect(*where, **options)  # type: ignore[misc]  # of smtplib
        except FAILURES:
            self.close()
            if not self.was_cut:
                raise
        if self.was_cut:
            self.close()
            raise TimeoutError  # whatever came until then is half a greeting
        return answer

    def cut(self) -> None:
        """Shut the line."""
        self.was_cut = True
        if self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop the clock and give the socket back."""
        if self.timer is not None:
            self.timer.cancel()
        super().close()  # type: ignore[misc]  # of smtplib


class _Plain(_Bounded, smtplib.SMTP):
    """Begins in the open: loopback, or STARTTLS before anything is said."""


class _Wrapped(_Bounded, smtplib.SMTP_SSL):
    """Encrypted from the first byte."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed over. ``tls`` is starttls, tls or none (loopback only).

    ``timeout`` bounds each wait and ``deadline`` the whole conversation, in seconds. Certificates
    are checked against this machine's authorities (``SSL_CERT_FILE`` names others).
    """

    host: str
    port: int
    tls: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 15.0
    deadline: float = 60.0

    def probe(self, sender: str) -> str:
        """Connect and log in, send nothing; return in words how that went."""
        with self._session(sender) as smtp:
            seen = smtp.sock.version() if isinstance(smtp.sock, ssl.SSLSocket) else None
        login = f"accepts the login of {self.user}" if self.user else "asks for no login"
        return f"{self.host}:{self.port} answers ({seen or 'not encrypted, loopback'}) and {login}"

    def send(self, sender: str, recipients: Sequence[str], message: bytes) -> dict[str, str]:
        """Hand a message over; return the recipients that the server refused, with its words.

        Raises ``MailNotSent`` when it certainly was not taken, ``OutcomeUnknown`` when it may
        have been.
        """
        with self._session(sender) as smtp:
            self._expect(smtp.mail(sender), f"does not take mail from {sender}")
            refused = {}
            for recipient in recipients:
                code, answer = smtp.rcpt(recipient)
                if code not in TAKEN:
                    refused[recipient] = self._quoted(code, answer)
            if len(refused) == len(recipients):
                told = "; ".join(f"{who}: {why}" for who, why in refused.items())
                raise MailNotSent(f"{self} refused every recipient ({told})")
            self._hand_over(smtp, message)
        return refused

    def __str__(self) -> str:
        return f"The mail server {self.host}:{self.port}"

    def _hand_over(self, smtp: smtplib.SMTP, message: bytes) -> None:
        """Give the text; from its first byte on a lost answer leaves the outcome open."""
        try:
            answer = smtp.data(message)
        except smtplib.SMTPDataError as refused:
            why = self._quoted(refused.smtp_code, refused.smtp_error)
            raise MailNotSent(f"{self} did not take the mail: {why}") from None
        except FAILURES as lost:
            why = self._why(lost, smtp)
            raise OutcomeUnknown(f"{self} {why} after the mail was handed over") from None
        if not REFUSALS[0] <= answer[0] <= REFUSALS[1] and answer[0] not in TAKEN:
            said = self._quoted(*answer)
            raise OutcomeUnknown(f"{self} answered {said} after the mail was handed over")
        self._expect(answer, "did not take the mail")

    def _expect(self, answer: tuple[int, bytes], otherwise: str) -> None:
        if answer[0] not in TAKEN:
            raise MailNotSent(f"{self} {otherwise}: {self._quoted(*answer)}")

    @contextmanager
    def _session(self, sender: str) -> Iterator[smtplib.SMTP]:
        smtp = None
        try:
            smtp = self._greeted(sender.partition("@")[2])
            self._secured(smtp)
            yield smtp
            with suppress(*FAILURES):
                smtp.quit()
        except FAILURES as failure:
            raise MailNotSent(f"{self} {self._why(failure, smtp)}") from None
        finally:
            if smtp is not None:
                smtp.close()

    def _greeted(self, domain: str) -> smtplib.SMTP:
        """Connect and say hello, by the sender's domain: looking our own up may take for ever."""
        options: dict[str, Any] = {
            "local_hostname": domain, "timeout": self.timeout, "deadline": self.deadline,
        }  # fmt: skip
        if self.tls == "tls":
            context = ssl.create_default_context()
            return _Wrapped(self.host, self.port, context=context, **options)
        return _Plain(self.host, self.port, **options)

    def _secured(self, smtp: smtplib.SMTP) -> None:
        smtp.ehlo_or_helo_if_needed()
        if self.tls == "starttls":
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo()
        if self.user:
            smtp.login(self.user, self.password)

    # ---- in words

    def _why(self, failure: Exception, smtp: smtplib.SMTP | None) -> str:
        """Say what went wrong, so that it can follow the server's name."""
        if isinstance(smtp, _Bounded) and smtp.was_cut:
            return f"took longer than {self.deadline:.0f} s"
        if "timed out" in str(failure):  # smtplib hides a time-out in a disconnection
            failure = TimeoutError()
        if isinstance(failure, smtplib.SMTPAuthenticationError):
            return f"refused the login of {self.user}: {self._answer(failure)}"
        if isinstance(failure, smtplib.SMTPResponseException):
            return f"answered {self._answer(failure)}"
        if isinstance(failure, ssl.SSLCertVerificationError):
            return f"shows a certificate that is not trusted: {failure.verify_message}"
        sentences = [sentence for kind, sentence in SAID if isinstance(failure, kind)]
        otherwise = f"cannot be reached: {getattr(failure, 'strerror', None) or 'no connection'}"
        return [*sentences, otherwise][0].replace("{tls}", self.tls)

    def _answer(self, failure: smtplib.SMTPResponseException) -> str:
        return self._quoted(failure.smtp_code, failure.smtp_error)

    def _quoted(self, code: int, answer: bytes | str) -> str:
        """Quote an answer on one line, without the password in any of the ways it is sent."""
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        for secret in self._secrets():
            text = text.replace(secret, "***")
        shown = "".join(letter if letter.isprintable() else " " for letter in text)
        return f"{code} {' '.join(shown.split())[:200]}".strip()

    def _secrets(self) -> list[str]:
        if not self.password:
            return []
        raw = [self.password, f"\0{self.user}\0{self.password}", f"{self.user}\0{self.password}"]
        coded = [base64.b64encode(one.encode()).decode() for one in raw]
        return [*coded, self.password]


SAID: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPNotSupportedError, "does not offer what SMTP_TLS or SMTP_USER needs (TLS, login)"),
    (smtplib.SMTPServerDisconnected, "hung up"),
    (socket.gaierror, "cannot be found"),
    (TimeoutError, "did not answer in time"),
    (ConnectionRefusedError, "does not answer (connection refused)"),
    (ssl.SSLError, "does not speak TLS as SMTP_TLS = {tls} asks"),
    (UnicodeError, "cannot be used: its name or the login has letters that mail cannot carry"),
)
