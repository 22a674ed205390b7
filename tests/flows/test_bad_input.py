"""Whatever is wrong around the import: one clear sentence with its cure, and nothing is lost.

Each story breaks something, runs, mends it, and runs again: then everything is in Twikey, once.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.ledger.store import Store
from tests.flows.office import CONFIG, Office, Outcome, environment_of
from tests.flows.sights import OpenOffice

REPOSITORY = Path(__file__).parents[2]
BOOKINGS = 12
HOLES = (0, 1, 3, 10, 20, 30, 40, 50)  # pages of 4 KiB that are left when the disk is full


@pytest.fixture
def books(open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Open an office with twelve bookings, where waiting takes no time."""
    office = open_office()
    monkeypatch.setattr("flows.connection.SystemClock", lambda: office.clock)
    for n in range(BOOKINGS):
        office.sandbox.books.book(amount=10_000 + n)
    return office


def imports(office: Office, *more: str) -> Outcome:
    """Run a first import by the command line."""
    return office.run("import", "--days", "30", "--yes", "--json", *more)


def check_told(outcome: Outcome, error: str, *words: str) -> None:
    """Check that one sentence of that kind was told, with its cure, and exit code 1."""
    assert "Traceback" not in outcome.err
    assert "This is a bug" not in outcome.err, outcome.err
    assert outcome.code == 1, outcome
    assert outcome.json["error"] == error
    assert outcome.json["advice"]
    for word in words:
        assert word in outcome.json["sentence"]


def check_whole(office: Office, count: int = BOOKINGS) -> None:
    """Check that a run after the mending leaves everything in Twikey, once."""
    outcome = imports(office)
    assert outcome.code == 0, outcome
    assert len(office.twikey_invoices()) == count
    assert imports(office).json["sent"] == 0
    assert len(office.sandbox.twikey.dump()["invoices"]) == count


# ---- settings and surroundings


BAD_SETTINGS = {
    "broken TOML": ("new_customer_profile = = 1420", "SettingsWrong", "not valid TOML"),
    "unknown key": (CONFIG.replace("strict_mode", "strikt_mode"), "SettingsWrong", "strikt_mode"),
    "no profile": ("strict_mode = true", "SettingsWrong", "new_customer_profile"),
    "no number": ('new_customer_profile = "debit"', "SettingsWrong", "1420"),
    "wrong profile": (CONFIG.replace("1420", "9999", 1), "ProfileMissing", "9999"),
    "empty": ("", "SettingsWrong", "new_customer_profile"),
}


@pytest.mark.parametrize("what", BAD_SETTINGS)
def test_bad_settings_are_told_and_send_nothing(books: Office, what: str) -> None:
    """Broken TOML, an unknown key, a wrong profile: named, and nothing leaves."""
    text, error, word = BAD_SETTINGS[what]
    books.configure(text)
    check_told(imports(books), error, word)
    assert not books.twikey_invoices()
    books.configure(CONFIG)
    check_whole(books)


@pytest.mark.parametrize(
    "name", ["TEAMLEADER_CLIENT_ID", "TEAMLEADER_CLIENT_SECRET", "TWIKEY_API_KEY"]
)
def test_a_missing_credential_is_named(books: Office, name: str) -> None:
    """No credentials: the variable is named before anything is asked of anybody."""
    kept = books.environment[name]
    books.environment[name] = ""
    books.grant(expires_in=-1)
    check_told(imports(books), "SettingsWrong", name)
    assert not books.twikey_invoices()
    books.environment[name] = kept
    check_whole(books)


def test_a_wrong_key_is_told(books: Office) -> None:
    """A key that Twikey does not know: said so, by one login."""
    kept = books.environment["TWIKEY_API_KEY"]
    books.environment["TWIKEY_API_KEY"] = "no-such-key"
    check_told(imports(books), "KeyRefused", "login")
    assert len(books.calls("twikey")) == 1
    books.environment["TWIKEY_API_KEY"] = kept
    check_whole(books)


# ---- access


@pytest.mark.parametrize("shape", ["oauth", "errors"])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_revoked_access_needs_a_new_consent(books: Office, shape: str, when: str) -> None:
    """A revoked token, found at the first call or in the middle: connect again, and go on."""
    world, authority = books.sandbox.world, books.sandbox.teamleader.authority
    world.rules.refresh_failure = shape
    path = "/invoices.list" if when == "before" else "/companies.list"
    world.fault("call", path=path, times=1, action=lambda _: authority.revoke())
    check_told(imports(books), "Disconnected")
    assert not books.twikey_invoices()
    books.grant()
    check_whole(books)


@pytest.mark.parametrize("verb", [("import",), ("import", "--days", "30"), ("check",)])
def test_without_a_consent_nothing_is_asked(open_office: OpenOffice, verb: tuple[str, ...]) -> None:
    """No consent yet, or a refused one: the verb says how to give it, and asks nobody anything."""
    office = open_office(connected=False)
    outcome = office.run(*verb, "--json")
    assert outcome.code == 1
    assert "no access to Teamleader" in outcome.out
    assert "teamleader-twikey connect" in outcome.out
    assert not office.sandbox.world.journal


# ---- the way there


@pytest.mark.parametrize("name", ["TEAMLEADER_API_URL", "TEAMLEADER_AUTH_URL", "TWIKEY_API_URL"])
@pytest.mark.parametrize("where", ["nobody there", "a web page"])
def test_a_wrong_address_is_told(books: Office, name: str, where: str) -> None:
    """An unreachable host, or a portal that answers with a web page: named, and nothing is lost."""
    kept = books.environment[name]
    page = f"{books.sandbox.control_url}/_sandbox"
    books.environment[name] = "http://127.0.0.1:9" if where == "nobody there" else page
    if name == "TEAMLEADER_AUTH_URL":
        books.grant(expires_in=-1)
    outcome = imports(books)
    errors = ("NotSent", "ServiceUnavailable", "UnexpectedAnswer", "KeyRefused")
    assert outcome.json["error"] in errors, outcome.out
    check_told(outcome, outcome.json["error"], name.split("_")[0].capitalize())
    assert "network" in outcome.json["advice"] or where == "a web page"
    assert not books.twikey_invoices()
    books.environment[name] = kept
    check_whole(books)


@pytest.mark.parametrize("service", ["teamleader", "twikey"])
def test_a_web_page_in_place_of_json_is_told(books: Office, service: str) -> None:
    """HTML instead of JSON everywhere: the service is named, and the page is not taken for data."""
    page = books.sandbox.world.fault("html", service=service)
    outcome = imports(books)
    check_told(outcome, outcome.json["error"], service.capitalize())
    assert not books.twikey_invoices()
    page.times = 0
    check_whole(books)


# ---- the disk


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int | None], None]]:
    """Leave so many pages to every ledger that is opened; None gives all the space back."""
    left: list[int | None] = [None]
    opened = Store.__init__

    def opening(self: Store, *rest: Any, **options: Any) -> None:
        opened(self, *rest, **options)
        if left[0] is not None:
            (pages,) = self.connection.execute("PRAGMA page_count").fetchone()
            self.connection.execute(f"PRAGMA max_page_count={pages + left[0]}")

    monkeypatch.setattr(Store, "__init__", opening)
    yield lambda pages: left.__setitem__(0, pages)


@pytest.mark.parametrize("pages", HOLES)
def test_a_full_disk_is_told_and_doubles_nothing(
    books: Office, full_disk: Callable[[int | None], None], pages: int
) -> None:
    """Disk full, sooner or later in a run: one sentence; with space again all is there once."""
    for n in range(200):
        books.sandbox.books.book(amount=20_000 + n)
    full_disk(pages)
    outcome = imports(books)
    check_told(outcome, "LedgerUnusable", "full")
    assert "space" in outcome.json["advice"]
    full_disk(None)
    check_whole(books, BOOKINGS + 200)


@pytest.mark.parametrize("limit", [150_000, 250_000])
def test_a_full_disk_stops_a_process_with_a_sentence(books: Office, limit: int) -> None:
    """Disk full as the operating system tells it: the same, in a process of its own."""

    def no_larger_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    for _ in range(400):
        books.sandbox.books.book(date="2026-01-02")
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "import", "--since", "2026-01-01", "--yes", "--json"],
        cwd=REPOSITORY, env=environment_of(books), preexec_fn=no_larger_files,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert json.loads(done.stdout)["error"] == "LedgerUnusable"
    books.run("import", "--since", "2026-01-01", "--yes")
    assert len(books.sandbox.twikey.dump()["invoices"]) == BOOKINGS + 400


@pytest.mark.parametrize("name", ["ledger.db", "ledger.lock"])
@pytest.mark.parametrize(
    "verb", [("import", "--days", "30"), ("import", "--days", "3", "--dry-run")]
)
def test_a_home_that_cannot_be_written_is_told(
    open_office: OpenOffice, name: str, verb: tuple[str, ...]
) -> None:
    """A folder where a file of ours should be: its path is named, and nothing is asked or sent."""
    office = open_office(connected=name != "ledger.db")
    office.sandbox.books.book()
    for left in office.home.glob(f"{name}*"):
        left.unlink()
    (office.home / name).mkdir()
    check_told(office.run(*verb, "--json"), "LedgerUnusable", str(office.home / name))
    assert not office.calls("twikey")
    (office.home / name).rmdir()
    office.grant()
    assert imports(office).code == 0


def test_a_home_below_a_file_is_told(open_office: OpenOffice, tmp_path: Path) -> None:
    """A home that cannot be made at all, with settings that lie elsewhere."""
    office = open_office(connected=False)
    (tmp_path / "file").write_text("")
    office.environment["TEAMLEADER_TWIKEY_HOME"] = str(tmp_path / "file" / "home")
    config = str(office.home / "config.toml")
    for verb in (
        ("import", "--days", "3"),
        ("status",),
        ("held",),
        ("check",),
        ("connect", "--no-browser"),
    ):
        outcome = office.run(*verb, "--config", config, "--json")
        assert outcome.code == 1, outcome
        assert "This is a bug" not in outcome.err, outcome.err
        assert "file/home" in outcome.out


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for the superuser")
def test_a_read_only_home_is_told(books: Office) -> None:
    """A home without the right to write: named, and with the right again nothing is lost."""
    books.home.chmod(0o500)
    try:
        check_told(imports(books), "LedgerUnusable", str(books.home))
    finally:
        books.home.chmod(0o700)
    check_whole(books)


# ---- a second run


def test_a_second_run_at_once_is_told_and_touches_nothing(books: Office) -> None:
    """A second run while the first holds the lock: exit code 3, who it is, and no call at all."""
    with books.ledger() as ledger, ledger.lock.held("import", books.clock.now()):
        outcome = imports(books)
    assert outcome.code == outcome.json["exit_code"] == 3
    assert outcome.json["error"] == "AnotherRunAtWork"
    assert str(os.getpid()) in outcome.json["sentence"]
    assert not books.calls("twikey")
    assert not books.calls("teamleader")
    check_whole(books)
