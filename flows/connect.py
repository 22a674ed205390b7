"""Guide 2: the consent. The browser goes to Teamleader and comes back here with a code."""

from __future__ import annotations

import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from connectors.errors import ConsentRefused, OtherAccount
from connectors.ledger.runs import text
from connectors.teamleader.auth import Tokens
from connectors.teamleader.consent import Consent, consent_link, new_state
from connectors.teamleader.records import User
from flows.by_hand import CONNECTED
from flows.connection import Connection
from flows.screen import Screen

WAIT_SECONDS = 300.0
ACCOUNT = "teamleader account"


class Waiting:
    """A token store in memory: a new pair is proven before it replaces the old one."""

    def __init__(self) -> None:
        self.tokens: Tokens | None = None

    def read_tokens(self) -> Tokens | None:
        """Return the pair."""
        return self.tokens

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else has this store."""
        yield

    def write_tokens(self, tokens: Tokens) -> None:
        """Keep the pair."""
        self.tokens = tokens


def connect(connection: Connection, screen: Screen, *, browser: bool) -> int:
    """Ask for consent, prove the new access, refuse another account, and only then store it."""
    connection.ledger.facts.read(ACCOUNT)  # a home that cannot be written is told before consent
    state = new_state()
    integration = connection.integration
    link = consent_link(connection.secrets.teamleader_auth_url, integration, state)
    with Consent(integration.redirect_uri, state) as consent:
        screen.line("Open this link, sign in as a Teamleader administrator and accept:")
        screen.line(f"\n  {link}\n")
        screen.machine({"link": link})
        screen.flush()
        if browser:
            webbrowser.open(link)
        code = consent.wait(WAIT_SECONDS)
    fresh = Waiting()
    access = connection.access_with(fresh)
    access.connect(code)
    user = connection.teamleader_with(access).me()
    _same_account(connection, user)
    _keep(connection, fresh, user)
    screen.line(f"Connected to Teamleader account {user.account_id} as {user.name}.")
    _ask_settings(connection, screen)
    return 0


def _same_account(connection: Connection, user: User) -> None:
    """Refuse to mix two accounts in one ledger (API reference 7: the tenant key)."""
    known = connection.ledger.facts.read(ACCOUNT)
    if known not in (None, user.account_id):
        raise OtherAccount(
            f"This ledger belongs to Teamleader account {known}, the consent came from"
            f" {user.account_id}; the access was not stored"
        )


def _keep(connection: Connection, fresh: Waiting, user: User) -> None:
    if fresh.tokens is None:
        raise ConsentRefused("The consent brought no tokens")
    with connection.vault.exclusive():
        connection.vault.write_tokens(replace(fresh.tokens, account_id=user.account_id))
    connection.ledger.facts.write(ACCOUNT, user.account_id)
    connection.ledger.facts.write(CONNECTED, text(connection.clock.now()))
    connection.ledger.journal.add(
        None, connection.clock.now(), "teamleader", "connected", user=user.name
    )


def _ask_settings(connection: Connection, screen: Screen) -> None:
    """Show the two settings of the guide's screen and where they are changed."""
    settings = connection.settings
    screen.line(f"  profile for new customers: {settings.new_customer_profile}")
    screen.line(f"  automatic import: {'on' if settings.automatic else 'off'}")
    screen.line(f"Both are in {connection.home / 'config.toml'}.")
    screen.line("Next: `teamleader-twikey check`.")
