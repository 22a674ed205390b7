"""Decisions 9: secrets and addresses come from the environment, and are never shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from connectors.errors import SettingsWrong
from flows.secrets import Secrets, read_secrets
from tests.flows.office import Office
from tests.flows.scenes import run
from tests.flows.test_settings import CANARY, problems


def wrong_secrets(environment: Mapping[str, str], dotenv: Path | None = None) -> list[str]:
    """Return what is wrong with this environment."""
    with pytest.raises(SettingsWrong) as wrong:
        read_secrets(environment, dotenv)
    return wrong.value.problems


# ---- secrets and addresses


def test_secrets_come_from_the_environment(tmp_path: Path) -> None:
    """Decisions 9: the names are fixed, and the addresses have their defaults."""
    secrets = read_secrets({"TEAMLEADER_CLIENT_ID": "an-id", "TWIKEY_API_KEY": CANARY})
    assert secrets.twikey_api_key.get_secret_value() == CANARY
    assert secrets.teamleader_redirect_uri == "http://localhost:8765/callback"
    assert secrets.teamleader_api_url == "https://api.focus.teamleader.eu"
    assert secrets.teamleader_auth_url == "https://focus.teamleader.eu"
    assert secrets.twikey_api_url == "https://api.twikey.com/creditor"
    assert secrets.missing() == ["TEAMLEADER_CLIENT_SECRET"]


def test_a_dotenv_file_will_do(tmp_path: Path) -> None:
    """Decisions 9: a .env file with comments, quotes and `export` is understood."""
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        f"# secrets\n\nexport TEAMLEADER_CLIENT_ID=an-id\nTWIKEY_API_KEY = '{CANARY}'\n"
        'TEAMLEADER_CLIENT_SECRET="s=cr=t"\nSOMETHING_ELSE=1\n'
    )
    secrets = read_secrets({}, dotenv)
    assert secrets.teamleader_client_id == "an-id"
    assert secrets.twikey_api_key.get_secret_value() == CANARY
    assert secrets.teamleader_client_secret.get_secret_value() == "s=cr=t"


def test_the_environment_wins_over_the_dotenv_file(tmp_path: Path) -> None:
    """Decisions 9: what is exported counts more than what is written down; blank is nothing."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("TEAMLEADER_CLIENT_ID=file\nTWIKEY_API_KEY=file\n")
    secrets = read_secrets({"TEAMLEADER_CLIENT_ID": "shell", "TWIKEY_API_KEY": ""}, dotenv)
    assert secrets.teamleader_client_id == "shell"
    assert secrets.twikey_api_key.get_secret_value() == "file"


def test_the_dotenv_file_beside_the_settings_is_read(office: Office) -> None:
    """Decisions 9: with nothing exported the home's .env file is enough for `check`."""
    names = ("TEAMLEADER_CLIENT_ID", "TEAMLEADER_CLIENT_SECRET", "TWIKEY_API_KEY")
    kept = {name: office.environment.pop(name) for name in names}
    assert run(office, "check").code == 1
    (office.home / ".env").write_text("".join(f"{n}={v}\n" for n, v in kept.items()))
    assert run(office, "check").code == 0


def test_missing_secrets_are_all_named(office: Office) -> None:
    """Decisions 9: every variable that is not set is told, and where it belongs."""
    for name in ("TEAMLEADER_CLIENT_ID", "TEAMLEADER_CLIENT_SECRET", "TWIKEY_API_KEY"):
        del office.environment[name]
    done = run(office, "import", "--days", "30")
    assert done.code == 1
    for name in ("TEAMLEADER_CLIENT_ID", "TEAMLEADER_CLIENT_SECRET", "TWIKEY_API_KEY", ".env"):
        assert name in done.err
    assert office.calls("teamleader") == office.calls("twikey") == []


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1:1", "127.8.8.8", "[::1]:1"])
def test_plain_http_is_for_loopback(host: str) -> None:
    """Decisions 9: the sandbox on this machine may be spoken to without TLS."""
    assert read_secrets({"TWIKEY_API_URL": f"http://{host}/creditor"}).twikey_api_url


@pytest.mark.parametrize("name", ["TEAMLEADER_API_URL", "TEAMLEADER_AUTH_URL", "TWIKEY_API_URL"])
@pytest.mark.parametrize(
    "address",
    [
        "http://api.twikey.com/creditor", "http://10.0.0.1", "http://localhost.evil.example",
        "http://127.0.0.1.evil.example", "http://0.0.0.0", "ftp://127.0.0.1", "api.twikey.com",
        "https://", "https://user:password@api.twikey.com", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_nothing_else_is_spoken_to_without_tls(name: str, address: str) -> None:
    """Decisions 9: keys never travel in the clear, whichever address is set."""
    (told,) = wrong_secrets({name: address})
    assert told.startswith(name)
    assert "password" not in told.replace("user name or password", "")


def test_wrong_addresses_are_all_told() -> None:
    """Decisions 9: three wrong addresses are three problems in one answer."""
    names = ("TEAMLEADER_API_URL", "TEAMLEADER_AUTH_URL", "TWIKEY_API_URL")
    assert len(wrong_secrets(dict.fromkeys(names, "http://example.org"))) == 3


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """Decisions 9: neither printing the settings nor an error about them shows a secret."""
    names = ("TEAMLEADER_CLIENT_SECRET", "TWIKEY_API_KEY", "TWIKEY_PRIVATE_KEY")
    secrets = read_secrets(dict.fromkeys(names, CANARY))
    assert CANARY not in f"{secrets!r} {secrets} {secrets.model_dump()} {secrets.missing()}"
    with pytest.raises(ValidationError) as wrong:
        Secrets.model_validate({"twikey_api_key": [CANARY]})
    assert CANARY not in str(wrong.value)
    told = problems(tmp_path, f'new_customer_profile = "{CANARY}"\nTWIKEY_API_KEY = "{CANARY}"')
    assert CANARY not in " ".join(told)


def test_a_secret_in_the_settings_file_is_refused_and_not_quoted(office: Office) -> None:
    """Decisions 9: never from the TOML: it is refused by its name, without its value."""
    office.configure(f'new_customer_profile = 1420\nTWIKEY_API_KEY = "{CANARY}"\n')
    done = run(office, "check")
    assert done.code == 1
    assert "TWIKEY_API_KEY" in done.err
    assert CANARY not in done.out + done.err
