"""No secret ever shows: canaries in every credential, everything goes wrong, all is looked through.

That is: what was printed, every log record, every exception with its causes, the
reports, the files for details, and all of the ledger but the table that keeps the access.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from flows.settings import LEDGER_NAME
from tests.flows.office import CONFIG, Office
from tests.flows.sights import OpenOffice, stored_tokens
from tests.sandbox import credentials

CLIENT_SECRET = "canary-client-secret-5d1f"
API_KEY = "canary-api-key-77aa"
PRIVATE_KEY = "c0ffee00c0ffee00c0ffee00c0ffee00"
KINDS = ("reset_after", "status", "truncate", "bad_json", "html", "empty", "error_header",
         "wrong_type")  # fmt: skip
PLACES = ("access_token", "invoices.list", "companies.list", "^/creditor$", "^/creditor/invoice$",
          "/invoice/bulk", "/customer/", "/payment/methods")  # fmt: skip
VERBS = (("import",), ("check",), ("held",), ("status",))


@pytest.fixture
def canaries(
    open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Office]:
    """Open an office whose every credential is a canary, where waiting takes no time."""
    monkeypatch.setattr(credentials, "TEAMLEADER_CLIENT_SECRET", CLIENT_SECRET)
    office = open_office(twikey_keys={API_KEY: PRIVATE_KEY})
    office.environment.update(
        TEAMLEADER_CLIENT_SECRET=CLIENT_SECRET,
        TWIKEY_API_KEY=API_KEY,
        TWIKEY_PRIVATE_KEY=PRIVATE_KEY,
    )
    office.configure(CONFIG)
    monkeypatch.setattr("flows.connection.SystemClock", lambda: office.clock)
    details = tmp_path / "details"
    details.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(details))
    for n in range(12):
        office.sandbox.books.book(amount=10_000 + n)
    yield office
    assert list(details.glob("teamleader-twikey-*.txt")) == []


def secrets_of(office: Office) -> set[str]:
    """Return every secret that there was, with all tokens and passwords that were used."""
    authority, world = office.sandbox.teamleader.authority, office.sandbox.world
    used = [call.request.headers.get("Authorization") for call in world.journal]
    passwords = [
        call.parameters["otp"] for call in office.calls("twikey") if call.path == "/creditor"
    ]
    return {
        CLIENT_SECRET, API_KEY, PRIVATE_KEY, *authority.by_access, *authority.by_refresh,
        *(one.removeprefix("Bearer ") for one in used if one),
        *(one for one in passwords if len(one) > 5),
    }  # fmt: skip


def written(office: Office) -> str:
    """Return everything in the ledger but what keeps the access."""
    with closing(sqlite3.connect(office.home / LEDGER_NAME)) as ledger:
        tables = [
            row[0] for row in ledger.execute("SELECT name FROM sqlite_schema WHERE type='table'")
        ]
        assert "access" in tables
        rows = [ledger.execute(f"SELECT * FROM {t}").fetchall() for t in tables if t != "access"]
    return str(rows)


def check_unseen(office: Office, *shown: str) -> None:
    """Check that no secret stands in any of these texts, nor in the ledger."""
    told = "\n".join([*shown, written(office)])
    seen = [secret for secret in secrets_of(office) if secret in told]
    assert not seen, [told[told.index(s) - 200 : told.index(s) + 100] for s in seen]


def everything_said(office: Office, verbs: Sequence[tuple[str, ...]] = VERBS) -> list[str]:
    """Run the verbs, and an import whose exception is looked at with all its causes."""
    shown = []
    for verb in verbs:
        for more in ((), ("--json",)):
            outcome = office.run(*verb, *more)
            shown += [outcome.out, outcome.err]
    try:
        shown.append(repr(office.imports(days=30)))
    except Exception as error:  # noqa: BLE001 - whatever it is, its text is looked at
        shown.append("".join(traceback.format_exception(error)))
        while error is not None:
            shown += [repr(error), repr(error.args)]
            error = error.__cause__ or error.__context__  # type: ignore[assignment] # walks up
    return shown


def wear_out(office: Office) -> None:
    """Let access and session end, so that every credential is used again."""
    office.grant(expires_in=-1)
    office.sandbox.twikey.actions["expire_tokens"]()


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_shows_when_calls_go_wrong(
    canaries: Office, caplog: pytest.LogCaptureFixture, place: str
) -> None:
    """Every kind of fault at one kind of call: nothing said, logged or stored holds a secret."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    for kind in KINDS:
        wear_out(canaries)
        fault = canaries.sandbox.world.fault(kind, path=place, times=2)
        outcome = canaries.run("import", "--days", "30", "--yes", "--json")
        shown += [outcome.out, outcome.err]
        fault.times = 0
    wear_out(canaries)
    shown += everything_said(canaries)
    records = [r.getMessage() + str(r.args) + str(r.exc_text) for r in caplog.records]
    assert records
    check_unseen(canaries, *shown, *records)


BODIES: dict[str, Callable[[str], str]] = {
    "json": lambda said: json.dumps({"errors": [{"title": said, "status": 400}]}),
    "twikey": lambda said: json.dumps(
        {"code": "err_name_required", "message": said, "extra": said}
    ),
    "page": lambda said: f"<html><body>{said}</body></html>",
}


def quoting(office: Office, shape: str, status: int) -> None:
    """Let every answer of both services repeat what the request was authorized with."""
    world, body = office.sandbox.world, BODIES[shape]
    session = office.calls("twikey", "/creditor/")[-1].request.headers.get("Authorization")
    everything = " ".join(sorted(secrets_of(office)))
    for service, path, said in (
        (None, "access_token|^/creditor$", everything),
        ("teamleader", "", f"Authorization: Bearer {stored_tokens(office).access_token}"),
        ("twikey", "", f"Authorization: {session}"),
    ):
        world.fault("status", service=service, path=path, body=body(said), status=status)


@pytest.mark.parametrize("status", [200, 400, 403, 404])
@pytest.mark.parametrize("shape", BODIES)
def test_a_service_that_quotes_our_secrets_is_not_quoted(
    canaries: Office, caplog: pytest.LogCaptureFixture, shape: str, status: int
) -> None:
    """An answer that repeats key, secret, password or token is never repeated by us."""
    caplog.set_level(logging.DEBUG)
    canaries.run("import", "--days", "30", "--yes")
    shown: list[str] = []
    for worn in (False, True):
        if worn:
            wear_out(canaries)
        for service in ("teamleader", "twikey"):
            quoting(canaries, shape, status)
            canaries.sandbox.world.faults[:] = [
                fault for fault in canaries.sandbox.world.faults if fault.service in (None, service)
            ]
            canaries.sandbox.books.book()
            shown += everything_said(canaries, [("check",)])
            canaries.sandbox.world.faults.clear()
    records = [r.getMessage() + str(r.args) + str(r.exc_text) for r in caplog.records]
    check_unseen(canaries, *shown, *records)
