"""One connection: a Teamleader account, a Twikey key, their settings, ledger and tokens.

Everything that a run needs hangs off it; nothing is global, so two connections can run side by side
in one process (decisions 1).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from connectors.clock import Clock, SystemClock
from connectors.errors import SettingsWrong
from connectors.http import Http
from connectors.ledger.ledger import Ledger
from connectors.ledger.vault import Vault
from connectors.teamleader.auth import Access, Integration, TokenStore
from connectors.teamleader.client import Teamleader
from connectors.teamleader.pace import SlidingWindow
from connectors.timeouts import CALL, TOKENS, Timeouts
from connectors.twikey.client import Twikey
from connectors.twikey.session import TwikeyPace, TwikeySession
from flows.mail_settings import mail_problems
from flows.secrets import Secrets, read_secrets
from flows.settings import CONFIG_NAME, HOME_VARIABLE, LEDGER_NAME, Settings, read_settings

Waiting = Callable[[float, str], None]


def home_of(environment: Mapping[str, str], name: str = "default") -> Path:
    """Return the folder of a connection: config, ledger and tokens live there."""
    given = environment.get(HOME_VARIABLE)
    if given:
        home = Path(given).expanduser()
    else:
        import platformdirs

        home = Path(platformdirs.user_data_dir("teamleader-twikey", appauthor=False))
    return home if name == "default" else home / "connections" / name


class Connection:
    """The opened connection; a context manager that gives files and sockets back."""

    def __init__(
        self,
        home: Path,
        settings: Settings,
        secrets: Secrets,
        *,
        name: str = "default",
        clock: Clock | None = None,
        on_wait: Waiting | None = None,
        timeouts: Timeouts = CALL,
    ) -> None:
        self.name = name
        self.home = home
        self.ledger_path = home / LEDGER_NAME
        self.settings = settings
        self.secrets = secrets
        self.clock: Clock = clock or SystemClock()
        self.on_wait = on_wait
        self.timeouts = timeouts  # no answer may take longer, whatever is asked
        self._open: list[Http] = []
        self._shared: Connection | None = None

    @classmethod
    def from_environment(
        cls,
        environment: Mapping[str, str] | None = None,
        *,
        config: Path | None = None,
        name: str = "default",
        clock: Clock | None = None,
        on_wait: Waiting | None = None,
        timeouts: Timeouts = CALL,
    ) -> Connection:
        """Open a connection as the environment describes it.

        Raises ``SettingsWrong`` with every problem of the file and the environment together.
        """
        environment = os.environ if environment is None else environment
        home = home_of(environment, name)
        problems: list[str] = []
        settings, secrets = None, None
        try:
            settings = read_settings(config or home / CONFIG_NAME)
        except SettingsWrong as error:
            problems += error.problems
        try:
            secrets = read_secrets(environment, home / ".env")
        except SettingsWrong as error:
            problems += error.problems
        if settings is not None and secrets is not None:
            problems += mail_problems(settings.mail, secrets)
        if settings is None or secrets is None or problems:
            raise SettingsWrong(problems)
        return cls(
            home, settings, secrets, name=name, clock=clock, on_wait=on_wait, timeouts=timeouts
        )

    def __enter__(self) -> Connection:
        """Return the connection itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close what was opened."""
        for http in self._open:
            http.close()
        self.close_files()

    def close_files(self) -> None:
        """Close the ledger and what else is in its file; it is opened anew when asked for."""
        for name in ("ledger", "vault"):
            opened = self.__dict__.pop(name, None)
            if opened is not None and not (name == "vault" and self._shared):
                opened.close()

    # ---- the parts, made when first asked for

    @cached_property
    def ledger(self) -> Ledger:
        """What crossed, what is owed, what happened."""
        return Ledger(self.ledger_path)

    @cached_property
    def vault(self) -> Vault:
        """Tokens and the window of requests, in the ledger's file."""
        return Vault(self.ledger_path)

    def access_from(self, other: Connection) -> None:
        """Share the tokens and the window of requests of another connection, which closes them."""
        self._shared = other
        self.__dict__["vault"] = other.vault

    @property
    def integration(self) -> Integration:
        """What the Marketplace gave us."""
        self._require_secrets()
        return Integration(
            self.secrets.teamleader_client_id,
            self.secrets.teamleader_client_secret.get_secret_value(),
            self.secrets.teamleader_redirect_uri,
        )

    @cached_property
    def access(self) -> Access:
        """The access to Teamleader: tokens that renew themselves."""
        return self.access_with(self.vault)

    def access_with(self, store: TokenStore) -> Access:
        """Return an access whose tokens live in ``store``."""
        http = self._http(
            Http(
                "Teamleader", self.secrets.teamleader_auth_url, clock=self.clock,
                timeouts=TOKENS.at_most(self.timeouts), tries=2,
            )
        )  # fmt: skip
        return Access(store, http, self.integration, self.clock)

    @cached_property
    def teamleader(self) -> Teamleader:
        """Teamleader's verbs."""
        return self.teamleader_with(self.access)

    def teamleader_with(self, access: Access) -> Teamleader:
        """Return Teamleader's verbs on the given access, within the shared window of requests."""
        http = Http(
            "Teamleader",
            self.secrets.teamleader_api_url,
            clock=self.clock,
            pace=SlidingWindow(self.vault, clock=self.clock, on_wait=self.on_wait),
            timeouts=self.timeouts,
            on_wait=self.on_wait,
        )
        return Teamleader(self._http(http), access)

    @cached_property
    def twikey(self) -> Twikey:
        """Twikey's verbs."""
        self._require_secrets()
        http = self._http(
            Http(
                "Twikey", self.secrets.twikey_api_url, clock=self.clock,
                pace=TwikeyPace(self.clock), timeouts=self.timeouts, on_wait=self.on_wait,
            )
        )  # fmt: skip
        session = TwikeySession(
            http,
            self.vault,
            api_key=self.secrets.twikey_api_key.get_secret_value(),
            private_key=self.secrets.twikey_private_key.get_secret_value() or None,
            clock=self.clock,
        )
        return Twikey(http, session)

    def _http(self, http: Http) -> Http:
        self._open.append(http)
        return http

    def _require_secrets(self) -> None:
        missing = self.secrets.missing()
        if missing:
            raise SettingsWrong(
                [f"{name} is not set (environment or {self.home / '.env'})" for name in missing]
            )

    @cached_property
    def zone(self) -> ZoneInfo:
        """Where the books are kept."""
        return ZoneInfo(self.settings.time_zone)

    def today(self) -> date:
        """Return the calendar day where the books are kept."""
        return self.clock.now().astimezone(self.zone).date()
