"""Complaints about the access to Teamleader, end to end through the import (acceptance 3)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import Disconnected
from tests.flows.office import Office, environment_of
from tests.flows.sights import OpenOffice, stored_tokens

REPOSITORY = Path(__file__).parents[2]


def refreshes(office: Office) -> int:
    """Return how many pairs of tokens were asked for."""
    return len(office.calls("teamleader", "/oauth2/access_token"))


def test_an_access_that_just_ended_is_renewed_once_and_the_call_repeated(office: Office) -> None:
    """C2: one refresh, the pair stored before it is used, and the refused call made once more."""
    office.sandbox.books.book()
    office.sandbox.teamleader.authority.expire_access()
    used: list[tuple[str, str]] = []

    def note(request: Any) -> None:
        used.append((request.headers["Authorization"], stored_tokens(office).access_token))

    office.sandbox.world.fault("call", path="^/invoices.list$", nth=2, action=note)
    report = office.imports(days=30)
    lists = office.calls("teamleader", "/invoices.list")
    assert [call.status for call in lists] == [401, 200]
    assert lists[0].parameters == lists[1].parameters
    assert refreshes(office) == 1
    assert used == [
        (f"Bearer {stored_tokens(office).access_token}", stored_tokens(office).access_token)
    ]
    assert report.sent == 1


@pytest.mark.parametrize("seconds", [-1.0, 200.0])
def test_an_access_about_to_end_is_renewed_before_it_is_used(
    office: Office, seconds: float
) -> None:
    """C2: expired a second ago, or in a few minutes: one refresh and no refused call."""
    office.grant(expires_in=seconds)
    office.imports(days=30)
    assert refreshes(office) == 1
    assert all(call.status == 200 for call in office.calls("teamleader"))


def test_two_processes_with_an_expired_access_renew_it_once(office: Office) -> None:
    """C3: two processes start together with an expired token: one refresh, and both finish."""
    office.sandbox.books.book()
    office.grant(expires_in=-1)
    office.sandbox.world.fault("delay", path="access_token", seconds=0.3)
    command = [sys.executable, "-m", "flows.cli", "check", "--json"]
    both = [
        subprocess.Popen(
            command, cwd=REPOSITORY, env=environment_of(office), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]  # fmt: skip
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert refreshes(office) == 1


def test_a_newer_pair_of_somebody_else_is_used_without_an_alarm(office: Office) -> None:
    """C3: another host renewed meanwhile: the stored pair is taken, nothing is asked or told."""
    office.sandbox.books.book()
    authority = office.sandbox.teamleader.authority

    def elsewhere(request: Any) -> None:
        spent = authority.by_refresh[stored_tokens(office).refresh_token]
        spent.used = True
        office.grant()

    office.sandbox.world.fault("call", path="^/invoices.list$", nth=1, action=elsewhere)
    outcome = office.run("import", "--days", "30", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["problems"] == []
    assert [c.status for c in office.calls("teamleader", "/invoices.list")] == [401, 200]
    assert refreshes(office) == 0


@pytest.mark.parametrize("shape", ["oauth", "errors"])
def test_a_consent_taken_back_is_said_and_loses_nothing(
    open_office: OpenOffice, shape: str
) -> None:
    """C3: an access that is really dead is called so, whichever way the refusal is written."""
    office = open_office(refresh_failure=shape)
    office.sandbox.books.book()
    office.sandbox.teamleader.authority.revoke()
    with pytest.raises(Disconnected):
        office.imports(days=30)
    assert not office.twikey_invoices()
    office.grant()
    assert office.imports(days=30).sent == 1
