"""Decisions 9: secrets out of Prefect's blocks work, and none is seen anywhere afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.listener import listening
from tests.flows.office import CONFIG, Office
from tests.flows.test_canaries import (
    API_KEY,
    BODIES,
    CLIENT_SECRET,
    PRIVATE_KEY,
    secrets_of,
    wear_out,
    written,
)
from tests.prefect.place import Prefect, working
from tests.sandbox import credentials

pytestmark = pytest.mark.prefect
PASSWORD, PATH = "canary-smtp-password-31bc", "canary-address-90ae"
IN_BLOCKS = {
    "TEAMLEADER_CLIENT_SECRET": CLIENT_SECRET,
    "TWIKEY_API_KEY": API_KEY,
    "TWIKEY_PRIVATE_KEY": PRIVATE_KEY,
    "SMTP_PASSWORD": PASSWORD,
}


@pytest.fixture
def secretive(
    prefect: Prefect, open_office: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """Open an office whose secrets live in Prefect's blocks, and that pings and mails."""
    monkeypatch.setattr(credentials, "TEAMLEADER_CLIENT_SECRET", CLIENT_SECRET)
    office = open_office(twikey_keys={API_KEY: PRIVATE_KEY})
    office.configure(f'{CONFIG}[mail]\nto = "books@example.com"\nfrom = "job@example.com"\n')
    with listening() as listener:
        for name in IN_BLOCKS:
            office.environment.pop(name, None)
            office.environment[f"{name}_BLOCK"] = name.lower().replace("_", "-")
        office.environment |= {
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "9", "SMTP_USER": "job@example.com",
            "TEAMLEADER_TWIKEY_PING_URL": f"{listener.url}/{PATH}",
            "TEAMLEADER_TWIKEY_WEBHOOK_URL": f"{listener.url}/{PATH}",
        }  # fmt: skip
        save_blocks(prefect)
        yield office
        assert ("GET", f"/{PATH}", "") in listener.calls


def save_blocks(prefect: Prefect) -> None:
    """Make the Secret blocks, as somebody would in Prefect's pages."""
    from prefect.blocks.system import Secret
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: prefect.url}):
        for name, value in IN_BLOCKS.items():
            block: Any = Secret(value=value)
            block.save(name.lower().replace("_", "-"), overwrite=True, _sync=True)


def kept(prefect: Prefect) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the server and its worker: the database, logs, what they stored."""
    for path in sorted(Path(prefect.home).rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes()


def test_no_secret_is_left_behind_in_prefect(prefect: Prefect, secretive: Office) -> None:
    """Decisions 9: runs with faults, then every log, state, artifact and table is looked through.

    Both services quote what a request was authorized with, to see that we do not.
    """
    sandbox = secretive.sandbox
    sandbox.books.book(number="2026 / 91")
    with working(prefect, secretive):
        first = prefect.ended(prefect.start("import/backfill", days=30, dry_run=False, yes=True))
        assert (first["state_name"], sorted(secretive.twikey_invoices())) == (
            "Completed", ["2026 / 91"],
        )  # fmt: skip
        sandbox.books.book(number="2026 / 92")
        session = secretive.calls("twikey", "/creditor/")[-1].request.headers.get("Authorization")
        quoted = BODIES["twikey"](f"Authorization: {session}")
        everything = BODIES["twikey"](" ".join(sorted(secrets_of(secretive))))
        refuses = sandbox.world.fault(
            "status", service="twikey", path="^/creditor/invoice", body=quoted, status=400
        )
        second = prefect.ended(prefect.start("import/import"))
        sandbox.world.faults.clear()
        wear_out(secretive)
        sandbox.world.fault("status", path="access_token", body=everything, status=403)
        third = prefect.ended(prefect.start("follow-up/follow-up"))
    assert refuses.applied
    assert third["state_type"] == "FAILED"
    assert "no summary was mailed" in str(prefect.artifacts(first["id"])) + str(first)
    secrets = {*secrets_of(secretive), PASSWORD, PATH}
    assert len(secrets) > 6
    ledger = written(secretive)
    assert [secret for secret in secrets if secret in ledger] == []
    for name, content in kept(prefect):
        seen = [secret for secret in secrets if secret.encode() in content]
        assert not seen, (name, [content[content.index(s.encode()) - 200 :][:400] for s in seen])
    shown = str([first, second, third, *(prefect.artifacts(r["id"]) for r in (first, second))])
    shown += str(prefect.api("logs/filter", {"limit": 200}))
    assert "2026 / 92" in shown
    assert [secret for secret in secrets if secret in shown] == []


def test_a_block_that_is_missing_is_named(
    prefect: Prefect, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decisions 9: which block for which variable, all of them together, and where to make it."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from connectors.errors import SettingsWrong
    from flows.secrets import read_secrets

    given = {"TWIKEY_API_KEY_BLOCK": "nowhere", "SMTP_PASSWORD_BLOCK": "neither"}
    with pytest.raises(SettingsWrong) as wrong:
        read_secrets(given)
    assert [problem.partition(" names")[0] for problem in wrong.value.problems] == [
        "TWIKEY_API_KEY_BLOCK", "SMTP_PASSWORD_BLOCK",
    ]  # fmt: skip
    assert "PREFECT_API_URL is not set" in str(wrong.value)
    with temporary_settings({PREFECT_API_URL: prefect.url}), pytest.raises(SettingsWrong) as wrong:
        read_secrets({**given, "PREFECT_API_URL": prefect.url})
    assert "Prefect has no Secret block nowhere" in wrong.value.problems[0]
    read = read_secrets({**given, "TWIKEY_API_KEY": "given", "SMTP_PASSWORD": "too"})
    assert read.twikey_api_key.get_secret_value() == "given"
