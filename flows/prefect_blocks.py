"""A notification block that mails through the job's own mail server.

Prefect itself brings no block for plain SMTP. Its server finds this one by the entry point
``prefect.collections`` of the installed package, so it must be installed where the server runs.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from prefect.blocks.abstract import NotificationBlock, NotificationError
from pydantic import Field, SecretStr

from connectors.errors import MailNotSent, OutcomeUnknown
from connectors.mail import MailServer
from flows.mail_message import as_bytes, blank
from flows.mail_settings import Outgoing


class TeamleaderTwikeyMail(NotificationBlock):
    """Mails alerts of teamleader-twikey; `teamleader-twikey automations` fills it in."""

    _block_type_name = "Teamleader Twikey Mail"
    _block_type_slug = "teamleader-twikey-mail"

    host: str = Field(description="The mail server.")
    port: int = Field(description="Its port: 587 for starttls, 465 for tls.")
    tls: str = Field(description="starttls, tls, or none for a server on the same machine.")
    user: str = Field(default="", description="The login, where it wants one.")
    password: SecretStr = Field(default=SecretStr(""), description="The password to it.")
    sender: str = Field(description="Who sends.")
    to: list[str] = Field(description="Who gets the alerts.")

    @classmethod
    def of(cls, out: Outgoing) -> TeamleaderTwikeyMail:
        """Return the block for how this connection mails its summaries."""
        server = out.server
        return cls(
            host=server.host, port=server.port, tls=server.tls, user=server.user,
            password=SecretStr(server.password), sender=out.sender, to=list(out.to),
        )  # fmt: skip

    async def notify(self, body: str, subject: str | None = None) -> None:
        """Mail one alert; raises ``NotificationError`` with a sentence when it does not leave."""
        try:
            await asyncio.to_thread(self._send, subject or "Teamleader->Twikey: alert", body)
        except (MailNotSent, OutcomeUnknown) as lost:
            raise NotificationError(str(lost)) from None

    def _send(self, subject: str, body: str) -> None:
        server = MailServer(
            host=self.host, port=self.port, tls=self.tls, user=self.user,
            password=self.password.get_secret_value(),
        )  # fmt: skip
        out = Outgoing(server, self.sender, tuple(self.to))
        mail = blank(out, subject, datetime.now(UTC))
        mail.set_content(body + "\n", cte="quoted-printable")
        server.send(out.sender, out.to, as_bytes(mail))
