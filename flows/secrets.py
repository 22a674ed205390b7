"""The secrets: from the environment or a .env file, never from config.toml, never shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import (
    SecretStr,
    ValidationError,
)

from connectors.address import check_address
from connectors.errors import SettingsWrong
from flows.settings import Frozen, problems_of, reason_of


class Secrets(Frozen):
    """Addresses and credentials, from the environment only."""

    teamleader_client_id: str = ""
    teamleader_client_secret: SecretStr = SecretStr("")
    teamleader_redirect_uri: str = "http://localhost:8765/callback"
    teamleader_api_url: str = "https://api.focus.teamleader.eu"
    teamleader_auth_url: str = "https://focus.teamleader.eu"
    twikey_api_key: SecretStr = SecretStr("")
    twikey_private_key: SecretStr = SecretStr("")
    twikey_api_url: str = "https://api.twikey.com/creditor"
    smtp_host: str = ""
    smtp_port: str = ""
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: str = "starttls"
    teamleader_twikey_webhook_url: SecretStr = SecretStr("")
    teamleader_twikey_ping_url: SecretStr = SecretStr("")
    teamleader_twikey_ping_url_import: SecretStr = SecretStr("")
    teamleader_twikey_ping_url_follow_up: SecretStr = SecretStr("")

    def missing(self) -> list[str]:
        """Name the variables without which nothing can be reached."""
        wanted = {
            "TEAMLEADER_CLIENT_ID": self.teamleader_client_id,
            "TEAMLEADER_CLIENT_SECRET": self.teamleader_client_secret.get_secret_value(),
            "TWIKEY_API_KEY": self.twikey_api_key.get_secret_value(),
        }
        return [name for name, value in wanted.items() if not value]


def read_secrets(environment: Mapping[str, str], dotenv: Path | None = None) -> Secrets:
    """Read addresses and credentials; the environment wins over the ``.env`` file.

    ``NAME_BLOCK`` names the Prefect Secret block that holds NAME, where NAME itself is not given.
    """
    values: dict[str, str] = {}
    if dotenv is not None and dotenv.is_file():
        values.update(_read_dotenv(dotenv))
    names = {field.upper(): field for field in Secrets.model_fields}
    wanted = (*names, *(f"{name}_BLOCK" for name in names))
    values.update({name: environment[name] for name in wanted if environment.get(name)})
    blocks = {
        name: values[f"{name}_BLOCK"].strip()
        for name in names
        if values.get(f"{name}_BLOCK") and not values.get(name)
    }
    if blocks:
        from flows.prefect_secrets import secrets_of

        values.update(secrets_of(blocks, environment))
    try:
        secrets = Secrets.model_validate(
            {names[name]: value.strip() for name, value in values.items() if name in names}
        )
    except ValidationError as error:
        raise SettingsWrong(problems_of("the environment", error)) from None
    if problems := list(_wrong_addresses(secrets)):
        raise SettingsWrong(problems)
    return secrets


def _wrong_addresses(secrets: Secrets) -> Iterator[str]:
    """Say what is wrong with each address; one that is not given is left out."""
    for name in Secrets.model_fields:
        if "_url" not in name:
            continue
        value = getattr(secrets, name)
        address = value.get_secret_value() if isinstance(value, SecretStr) else value
        try:
            if address or not isinstance(value, SecretStr):
                check_address(name.upper(), address)
        except ValueError as error:
            yield str(error)


def _read_dotenv(path: Path) -> dict[str, str]:
    values = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong([f"{path} cannot be read: {reason_of(error)}"]) from None
    for raw in lines:
        line = raw.strip().removeprefix("export ")
        if line and not line.startswith("#") and "=" in line:
            name, _, value = line.partition("=")
            values[name.strip()] = value.strip().strip("'\"")
    return values
