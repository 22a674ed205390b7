"""Guide 2 and 3, "the link must be active": the consent, for real, and life without one."""

from __future__ import annotations

import json
import re
import stat
import threading
import webbrowser
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import requests

from connectors.errors import Disconnected
from flows.by_hand import CONNECTED
from tests.flows.office import Office, Outcome
from tests.flows.scenes import OpenOffice, free_port, no_secrets, program, run, tokens, writes
from tests.sandbox import credentials


@pytest.fixture
def newcomer(open_office: OpenOffice) -> Office:
    """Open an office without any access, whose redirect address is on a free port."""
    office = open_office(connected=False)
    address = f"http://localhost:{free_port()}/callback"
    office.environment["TEAMLEADER_REDIRECT_URI"] = address
    return office


def visit(link: str, choice: str = "Allow") -> str:
    """Follow a link as a browser without a screen does; return the last page's text."""
    with requests.Session() as browser:
        browser.trust_env = False
        page = browser.get(link, timeout=5)
        if not page.history:
            button = re.search(rf'href="(\?[^"]*)">{choice}<', page.text)
            assert button is not None, page.text
            page = browser.get(link.partition("?")[0] + unescape(button[1]), timeout=5)
        return page.text


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Stand in for the operator's browser, which follows the link; what it showed is kept."""
    shown: list[str] = []
    visitors: list[threading.Thread] = []

    def opened(link: str) -> bool:
        visitors.append(threading.Thread(target=lambda: shown.append(visit(link))))
        visitors[-1].start()
        return True

    monkeypatch.setattr(webbrowser, "open", opened)
    yield shown
    for visitor in visitors:
        visitor.join(5)


# ---- A01


def test_the_printed_link_leads_to_a_stored_access(newcomer: Office) -> None:
    """A01: the real program prints the link, the code comes back, tokens, account, settings."""
    newcomer.sandbox.world.rules.change({"consent": "ask"})
    with program(newcomer, "connect", "--no-browser") as started:
        assert started.stdout is not None
        link = next(line.strip() for line in started.stdout if "/oauth2/authorize?" in line)
        page = visit(link)
        out, err = started.communicate(timeout=20)
    assert started.returncode == 0, err
    assert "The consent has arrived" in page
    assert "scope" not in link
    assert credentials.TEAMLEADER_ACCOUNT_ID in out
    assert "profile for new customers: 1420" in out
    assert "automatic import: on" in out
    stored = tokens(newcomer)
    assert stored is not None
    assert stored.account_id == credentials.TEAMLEADER_ACCOUNT_ID
    no_secrets(newcomer, link, page, out, err)


def test_the_stored_access_works_and_check_shows_what_it_may_do(
    newcomer: Office, browser: list[str]
) -> None:
    """A01: after the consent `check` names the account and every scope that an import needs."""
    assert run(newcomer, "connect").code == 0
    checked = run(newcomer, "check", "--json")
    assert checked.code == 0
    told = {finding["probe"]: finding["sentence"] for finding in checked.json}
    assert credentials.TEAMLEADER_ACCOUNT_ID in told["Teamleader access"]
    for scope in ("invoices", "credit notes", "companies", "contacts"):
        assert told[f"scope {scope}"] == "Can be read."


def test_the_ledger_with_the_tokens_is_private(newcomer: Office, browser: list[str]) -> None:
    """A01: the file that holds the tokens belongs to its owner alone (decisions 5)."""
    assert run(newcomer, "connect").code == 0
    assert run(newcomer, "status").code == 0
    assert stat.S_IMODE((newcomer.home / "ledger.db").stat().st_mode) == 0o600


def test_the_last_consent_is_known(newcomer: Office, browser: list[str]) -> None:
    """Decisions 3: a restored ledger is connected anew; what it may have missed lies before."""
    assert run(newcomer, "connect").code == 0
    with newcomer.ledger() as ledger:
        at = datetime.fromisoformat(ledger.facts.read(CONNECTED) or "")
    assert abs(at - newcomer.clock.now()) < timedelta(minutes=1)


def test_the_consent_stands_in_the_journey(newcomer: Office, browser: list[str]) -> None:
    """A01: who connected, and when, can be read back."""
    run(newcomer, "connect")
    story = run(newcomer, "journey", "teamleader", "--json").json["stories"][0]["events"]
    assert [event["what"] for event in story] == ["connected"]


def test_the_link_for_machines_is_json(newcomer: Office, browser: list[str]) -> None:
    """A01: with --json the link is the answer, and nothing else is printed beside it."""
    done = run(newcomer, "connect", "--json")
    assert done.code == 0
    assert "/oauth2/authorize?" in json.loads(done.out)["link"]


def test_connecting_again_keeps_the_account(newcomer: Office, browser: list[str]) -> None:
    """A01: a second consent of the same account replaces the pair and nothing else."""
    run(newcomer, "connect")
    first = tokens(newcomer)
    assert run(newcomer, "connect").code == 0
    second = tokens(newcomer)
    assert first is not None
    assert second is not None
    assert first.refresh_token != second.refresh_token


# ---- A02


def refused(office: Office, **rules: object) -> Outcome:
    """Connect where the consent page answers by itself, as told; nothing may be stored."""
    before = tokens(office)
    office.sandbox.world.rules.change(rules)
    done = run(office, "connect")
    assert done.code == 1
    assert tokens(office) == before
    assert "connect` again" in done.err
    return done


@pytest.mark.parametrize("keeps_state", [True, False])
def test_a_denied_consent_stores_nothing(
    newcomer: Office, browser: list[str], keeps_state: bool
) -> None:
    """A02: with `error=access_denied` nothing is stored and the reason is shown."""
    done = refused(newcomer, consent="deny", denial_keeps_state=keeps_state)
    assert "access_denied" in done.err
    assert not writes(newcomer, "teamleader")


def test_a_forged_state_stores_nothing(newcomer: Office, browser: list[str]) -> None:
    """A02: an answer with another state is not ours: its code is never exchanged."""
    done = refused(newcomer, consent="forge")
    assert "state" in done.err
    assert not newcomer.calls("teamleader", "/oauth2/access_token")


def test_a_refused_consent_leaves_the_earlier_access_alone(
    newcomer: Office, browser: list[str]
) -> None:
    """A02: whoever was connected stays connected."""
    newcomer.grant()
    refused(newcomer, consent="deny")
    assert run(newcomer, "check").code == 0


def test_another_account_is_refused(newcomer: Office, browser: list[str]) -> None:
    """A02: one ledger belongs to one account; the consent of another one stores nothing."""
    run(newcomer, "connect")
    before = tokens(newcomer)
    newcomer.sandbox.world.rules.change({"account_id": "5f0e2d7a-1b90-0a3b-9c61-b41c2f0e7d15"})
    done = run(newcomer, "connect")
    assert done.code == 1
    assert "belongs to Teamleader account" in done.err
    assert tokens(newcomer) == before


def test_a_consent_that_nobody_gives_ends(
    newcomer: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A02: waiting for the browser has an end, and the sentence says so."""
    monkeypatch.setattr("flows.connect.WAIT_SECONDS", 0.05)
    done = run(newcomer, "connect", "--no-browser")
    assert done.code == 1
    assert "Nobody gave the consent" in done.err
    assert tokens(newcomer) is None


# ---- A03


@pytest.mark.parametrize("verb", [("import", "--days", "30"), ("import",), ("check",)])
def test_without_a_consent_nothing_is_asked_of_twikey(
    newcomer: Office, verb: tuple[str, ...]
) -> None:
    """A03: never connected, every verb stops before the first Twikey call and says the cure."""
    newcomer.sandbox.books.book()
    done = run(newcomer, *verb)
    assert done.code == 1
    assert "connect" in done.out + done.err
    assert newcomer.calls("twikey") == []


def test_a_withdrawn_consent_stops_a_run_that_has_to_renew(office: Office) -> None:
    """A03: withdrawn in Teamleader, the renewal is refused once and no Twikey call is made."""
    office.sandbox.books.book()
    office.grant(expires_in=1)
    office.sandbox.teamleader.authority.revoke()
    with pytest.raises(Disconnected) as stopped:
        office.imports(days=30)
    assert "connect" in stopped.value.advice
    assert office.calls("twikey") == []
    assert len(office.calls("teamleader", "/oauth2/access_token")) == 1


def test_a_consent_withdrawn_within_the_hour_sends_nothing(office: Office) -> None:
    """A03: a token that was still good on paper stops the run at its first use."""
    office.sandbox.books.book()
    office.sandbox.teamleader.authority.revoke()
    with pytest.raises(Disconnected):
        office.imports(days=30)
    assert writes(office, "twikey") == []
    assert office.twikey_invoices() == {}


def test_after_a_new_consent_the_next_run_goes_on(newcomer: Office, browser: list[str]) -> None:
    """A03: connect is the whole cure; the ledger and its watermark were not touched."""
    newcomer.grant()
    newcomer.sandbox.books.book()
    assert run(newcomer, "import", "--days", "30").code == 0
    newcomer.sandbox.teamleader.authority.revoke()
    newcomer.sandbox.books.book()
    stopped = run(newcomer, "import")
    assert (stopped.code, "connect" in stopped.err) == (1, True)
    newcomer.sandbox.world.rules.change({"consent": "allow"})
    assert run(newcomer, "connect").code == 0
    assert run(newcomer, "import").code == 0
    assert len(newcomer.twikey_invoices()) == 2


def test_an_access_that_ran_out_renews_itself(office: Office) -> None:
    """A03: an old access token is no lost link: one renewal, and the import goes on."""
    office.sandbox.books.book()
    office.sandbox.teamleader.authority.expire_access()
    office.grant(expires_in=-1)
    assert office.imports(days=30).sent == 1
    stored = tokens(office)
    assert stored is not None
    assert stored.expires_at > datetime.now(UTC) + timedelta(minutes=30)
    assert len(office.calls("teamleader", "/oauth2/access_token")) == 1


def test_a_taken_port_is_said_with_the_setting(newcomer: Office) -> None:
    """A01: when nothing can listen on the redirect address, the sentence names the setting."""
    newcomer.environment["TEAMLEADER_REDIRECT_URI"] = newcomer.environment["TWIKEY_API_URL"]
    done = run(newcomer, "connect", "--no-browser")
    assert done.code == 1
    assert "TEAMLEADER_REDIRECT_URI" in done.err
