"""Guide 5, decisions 9: the settings of the mail, and every problem with them at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from connectors.errors import SettingsWrong
from flows.connection import Connection
from flows.mail_settings import outgoing

SMTP = {"SMTP_HOST": "smtp.example.com", "SMTP_USER": "job@example.com", "SMTP_PASSWORD": "canary"}
TO = '[mail]\nto = ["books@example.com"]\n'


def opened(tmp_path: Path, mail: str, environment: Mapping[str, str]) -> Connection:
    """Open a connection with this [mail] and this environment."""
    text = f"new_customer_profile = 1420\n{mail}"
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    found = {"TEAMLEADER_TWIKEY_HOME": str(tmp_path), **environment}
    return Connection.from_environment(found)


def problems(tmp_path: Path, mail: str, environment: Mapping[str, str]) -> list[str]:
    """Return what is wrong."""
    with pytest.raises(SettingsWrong) as wrong:
        opened(tmp_path, mail, environment)
    assert "canary" not in str(wrong.value)
    return wrong.value.problems


@pytest.mark.parametrize(("tls", "port"), [("", 587), ("starttls", 587), ("tls", 465)])
def test_the_usual_ports(tmp_path: Path, tls: str, port: int) -> None:
    """Guide 5: the port follows the encryption; the sender is the login unless said otherwise."""
    connection = opened(tmp_path, TO, {**SMTP, "SMTP_TLS": tls})
    out = outgoing(connection.settings.mail, connection.secrets)
    assert out is not None
    assert (out.server.port, out.sender, out.to) == (
        port,
        SMTP["SMTP_USER"],
        ("books@example.com",),
    )


def test_one_address_needs_no_brackets_and_none_comes_twice(tmp_path: Path) -> None:
    """Guide 5: what people write is understood."""
    mail = '[mail]\nto = "a@example.com"\nfrom = "b@example.com"\nheartbeat_hour = "off"\n'
    connection = opened(tmp_path, mail, SMTP)
    assert connection.settings.mail.to == ("a@example.com",)
    assert connection.settings.mail.heartbeat_hour is None
    twice = opened(tmp_path, '[mail]\nto = ["a@example.com", "a@example.com"]\n', SMTP)
    out = outgoing(twice.settings.mail, twice.secrets)
    assert out is not None and out.to == ("a@example.com",)


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    """Decisions 9: everything that is wrong with the mail server, in one look."""
    wrong = {
        "SMTP_HOST": "mail server", "SMTP_PORT": "70000", "SMTP_TLS": "yes",
        "SMTP_PASSWORD": "canary\u00e9",
    }  # fmt: skip
    told = " ".join(problems(tmp_path, TO, wrong))
    for name in ("SMTP_HOST must", "SMTP_PORT must", "SMTP_TLS must", "SMTP_USER is not",
                 "signs of ASCII", "mail.from is missing"):  # fmt: skip
        assert name in told


@pytest.mark.parametrize(
    ("mail", "key"),
    [
        ('to = ["books"]', "mail.to.0 must be an e-mail address"),
        ('to = ["a@b.example\\nBcc: c@d.example"]', "mail.to.0 must be"),
        ('to = ["a@b.example, c@d.example"]', "mail.to.0 must be"),
        ('to = ["Books <a@b.example>"]', "mail.to.0 must be"),
        ('from = "nobody"', "mail.from must be an e-mail address"),
        ("heartbeat_hour = 24", "mail.heartbeat_hour must be an hour from 0 to 23"),
        ("heartbeat_hour = true", "mail.heartbeat_hour must be an hour"),
        ('when = "sometimes"', "mail.when"),
        ('recipients = "a@b.example"', "mail.recipients is not a setting"),
    ],
)
def test_each_setting_is_looked_at(tmp_path: Path, mail: str, key: str) -> None:
    """Decisions 9: a mistake is named by its key."""
    assert any(key in one for one in problems(tmp_path, f"[mail]\n{mail}\n", SMTP))


@pytest.mark.parametrize(
    ("host", "is_right"),
    [("localhost", True), ("127.0.0.1", True), ("::1", True), ("smtp.example.com", False),
     ("10.0.0.5", False)],
)  # fmt: skip
def test_plain_is_for_this_machine_only(tmp_path: Path, host: str, is_right: bool) -> None:
    """Decisions 9: as http, SMTP without encryption is accepted on loopback addresses alone."""
    environment = {**SMTP, "SMTP_HOST": host, "SMTP_TLS": "none"}
    if is_right:
        opened(tmp_path, TO, environment)
    else:
        assert "loopback" in problems(tmp_path, TO, environment)[0]


@pytest.mark.parametrize(
    ("mail", "environment"),
    [("", {"SMTP_HOST": "x y", "SMTP_TLS": "?"}), (TO, {"SMTP_TLS": "?"}),
     (f'{TO}when = "off"\n', {"SMTP_HOST": "x y"})],
)  # fmt: skip
def test_where_mail_is_off_nothing_about_it_can_be_wrong(
    tmp_path: Path, mail: str, environment: dict[str, str]
) -> None:
    """Guide 5: SMTP_* of some other program on this machine stops nobody."""
    connection = opened(tmp_path, mail, environment)
    assert outgoing(connection.settings.mail, connection.secrets) is None
