"""A rebuild in the middle of things: what was on its way goes on, what is unclear waits."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.errors import LedgerUnusable
from connectors.ledger.aside import SHARED_FIRST, SHARED_SIZE
from connectors.ledger.lock import alone
from connectors.ledger.store import SCHEMA_VERSION
from tests.connectors.ledger.test_released import FILES, older
from tests.flows.office import Office
from tests.flows.scenes import OpenOffice, program
from tests.flows.test_rebuild import (
    drop,
    flip,
    lose,
    money,
    overwrite,
    path_of,
    rebuilt,
    truncate,
    writes,
)
from tests.sandbox.world import Call


def day_later(office: Office) -> None:
    """Let a day pass on both sides."""
    office.clock.shift += timedelta(days=1)
    office.sandbox.world.advance(86_400)


def cents(office: Office, number: str) -> list[int]:
    """Return the payments of an invoice in Teamleader."""
    return [cents for _, cents in money(office).get(number, [])]


# ---- what was on its way


@pytest.mark.parametrize("damage", [lose, flip, drop("payment_events")])
def test_money_that_had_not_reached_teamleader_yet_comes_once(
    office: Office, damage: object
) -> None:
    """P12: paid while the ledger broke: the next follow-up registers it, and only once."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_link"]("2026 / 1")
    damage(office)  # type: ignore[operator]  # each is a function of the office
    assert rebuilt(office).json["payments"] == 0
    for _ in range(2):
        assert office.run("follow-up").code == 0
    assert len(cents(office, "2026 / 1")) == 1


@pytest.mark.parametrize("damage", [lose, truncate])
def test_a_bounce_that_was_not_written_yet_is_undone_once(office: Office, damage: object) -> None:
    """P12: registered, then refused while the ledger broke: the payment leaves Teamleader."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_card"]("2026 / 1")
    assert office.run("follow-up").code == 0
    assert len(cents(office, "2026 / 1")) == 1
    office.sandbox.twikey.actions["refuse"]("2026 / 1", "MD06")
    damage(office)  # type: ignore[operator]  # each is a function of the office
    assert rebuilt(office).json["payments"] == 1
    for _ in range(2):
        assert office.run("follow-up").code == 0
    assert cents(office, "2026 / 1") == []


def test_what_was_booked_after_the_last_run_crosses_by_itself(office: Office) -> None:
    """Decisions 5: where the watermark could be saved, nothing new waits for a person."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    day_later(office)
    office.grant()
    office.sandbox.books.book(number="2026 / 2")
    drop("bookings")(office)
    report = rebuilt(office).json
    assert (report["standing"], report["held"], report["left"]) == (1, 0, 1)
    assert office.run("import", "--json").json["sent"] == 1
    assert office.run("import", "--json").json["sent"] == 0
    assert sorted(office.twikey_invoices()) == ["2026 / 1", "2026 / 2"]


def test_without_a_watermark_what_is_not_in_twikey_waits_for_a_person(office: Office) -> None:
    """Decisions 3: nobody knows whether it was left out: held, never sent by itself, one word."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.books.book(number="2026 / 2")
    lose(office)
    done = rebuilt(office)
    assert (done.code, done.json["held"]) == (2, 1)
    for _ in range(3):
        day_later(office)
        office.grant()
        assert office.run("import", "--json").json["sent"] == 0
    (held,) = office.run("held", "--json").json
    assert held["reason"] == "AFTER_REBUILD"
    assert office.run("retry", "2026 / 2", "--json").json["sent"] == 1
    assert len(office.twikey_invoices()) == 2


def test_what_is_older_than_all_that_crossed_is_nobodys_business(office: Office) -> None:
    """Guide 5: years of invoices that were never asked for are neither held nor sent."""
    old = (office.clock.now() - timedelta(days=90)).date().isoformat()
    for _ in range(3):
        office.sandbox.books.book(date=old)
    day_later(office)
    office.grant()
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    lose(office)
    assert (rebuilt(office).json["held"], len(office.twikey_invoices())) == (0, 1)
    assert office.run("import", "--json").json["sent"] == 0


def test_a_paid_invoice_is_known_again_so_that_its_bounce_is_undone(office: Office) -> None:
    """P12: a debit may come back for thirteen months: what is paid is followed all the same."""
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_card"]("2026 / 1")
    assert office.run("follow-up").code == 0
    lose(office)
    assert rebuilt(office).json["standing"] == 1
    office.sandbox.twikey.actions["refuse"]("2026 / 1", "MD06")
    assert office.run("follow-up").code == 0
    assert cents(office, "2026 / 1") == []


def test_what_twikeys_feed_no_longer_tells_is_looked_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twikey reference 3.1: how far a feed reaches back is unknown; the id is asked for then."""
    for number in range(1, 4):
        office.sandbox.books.book(number=f"2026 / {number}")
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_link"]("2026 / 3")
    assert office.run("follow-up").code == 0
    lose(office)
    monkeypatch.setattr("flows.rebuild_both_sides.read_twikey", lambda _: 0)
    report = rebuilt(office).json
    assert (report["standing"], report["payments"], report["held"]) == (3, 1, 0)


# ---- the old file


@pytest.mark.parametrize("damage", [truncate, flip, overwrite, drop("runs")])
def test_every_verb_says_in_a_sentence_that_the_ledger_is_damaged(
    office: Office, damage: object
) -> None:
    """Decisions 10: found at the start of any run, told with the cure, and nothing is done."""
    office.sandbox.books.book()
    office.imports(days=30)
    damage(office)  # type: ignore[operator]  # each is a function of the office
    office.forget_calls()
    for verb in (["import", "--days", "30"], ["follow-up"]):
        done = office.run(*verb)
        assert done.code == 1
        assert "teamleader-twikey rebuild" in done.err + done.out
        assert "Traceback" not in done.err + done.out
    assert writes(office) == []


def test_nothing_is_changed_without_yes(office: Office) -> None:
    """Decisions 1: the look comes first; the damaged file is as it was, byte for byte."""
    office.sandbox.books.book()
    office.imports(days=30)
    flip(office)
    before = path_of(office).read_bytes()
    for arguments, code in ((["--dry-run"], 0), ([], 1)):
        done = office.run("rebuild", *arguments)
        assert done.code == code, done.err
        assert "would be known again" in done.out
        assert "--yes" in done.out
        assert path_of(office).read_bytes() == before
    assert office.run("rebuild", "--yes", "--dry-run").code == 64


def test_the_damaged_file_is_kept_whole(office: Office) -> None:
    """Decisions 3: evidence is never destroyed; two rebuilds keep two files."""
    office.sandbox.books.book()
    office.imports(days=30)
    for count in (1, 2):
        flip(office)
        before = path_of(office).read_bytes()
        kept = rebuilt(office).json["kept_as"]
        assert before in [p.read_bytes() for p in office.home.glob("ledger-broken-*.db")]
        assert (office.home / kept).stat().st_mode & 0o777 == 0o600
        assert len(list(office.home.glob("ledger-broken-*.db"))) >= count
    left = {p.name for p in office.home.iterdir() if "broken" not in p.name}
    assert left <= {"config.toml", "ledger.db", "ledger.lock", "ledger.db-wal", "ledger.db-shm",
                    "ledger.db.new"}  # fmt: skip


def test_a_sound_ledger_is_not_rebuilt_unless_it_is_meant(office: Office) -> None:
    """Decisions 10: a sentence and 64; with --anyway the same comes out."""
    office.sandbox.books.book()
    office.imports(days=30)
    refused = office.run("rebuild", "--yes")
    assert refused.code == 64
    assert "nothing to rebuild" in refused.err
    done = office.run("rebuild", "--yes", "--anyway", "--json")
    assert (done.code, done.json["standing"]) == (0, 1)
    assert office.run("import", "--json").json["sent"] == 0


def test_the_journeys_and_the_run_book_come_along(office: Office) -> None:
    """Decisions 3: what can be read of the old file is saved."""
    booking = office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    drop("invitations")(office)
    assert rebuilt(office).code == 0
    (story,) = office.run("journey", "2026 / 1", "--json").json["stories"]
    assert story["id"] == booking
    told = [event["what"] for event in story["events"]]
    assert "created in Twikey" in told
    assert told[-1] == "found again in Twikey after the loss of the ledger"


@pytest.mark.parametrize("dump", FILES, ids=lambda file: file.stem)
def test_a_damaged_ledger_of_an_older_version_is_rebuilt_too(office: Office, dump: Path) -> None:
    """T18: an older shape, cut off at its end, is no obstacle."""
    path_of(office).unlink()
    older(path_of(office), dump)
    content = path_of(office).read_bytes()
    path_of(office).write_bytes(content[:-4096])
    office.sandbox.books.book()
    assert rebuilt(office).code == 0
    with closing(sqlite3.connect(path_of(office))) as ledger:
        assert ledger.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_newer_ledger_is_left_to_its_program(office: Office) -> None:
    """T18: it is not damaged, only newer: one sentence, and it stays where it is."""
    with closing(sqlite3.connect(path_of(office))) as ledger:
        ledger.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    for verb in (["status"], ["import", "--days", "3"], ["rebuild", "--yes"]):
        done = office.run(*verb)
        assert done.code == 1
        assert "written by a newer version" in done.err + done.out
    assert not list(office.home.glob("*broken*"))


# ---- others at work, and being killed


def test_a_rebuild_waits_for_nobody(office: Office) -> None:
    """P0: another run, or anybody who has the file open: exit code 3, and nothing is moved."""
    office.sandbox.books.book()
    office.imports(days=30)
    flip(office)
    with alone(office.home / "ledger.lock"):
        assert office.run("rebuild", "--yes").code == 3
    assert not list(office.home.glob("*broken*"))
    assert (SHARED_FIRST, SHARED_SIZE) == (0x40000002, 510)


def test_killed_at_any_call_a_rebuild_begins_anew(open_office: OpenOffice) -> None:
    """K1: SIGKILL at each of its calls: the old file stays until the new one is whole."""
    office = open_office()
    office.sandbox.books.book(number="2026 / 1")
    office.imports(days=30)
    office.sandbox.twikey.actions["pay_link"]("2026 / 1")
    assert office.run("follow-up").code == 0
    drop("invitations")(office)
    before = path_of(office).read_bytes()
    for at in (1, 2, 4, 6):
        seen: list[Call] = []

        def kill(call: Call, seen: list[Call] = seen, at: int = at) -> None:
            seen.append(call)
            if len(seen) == at:
                started.send_signal(signal.SIGKILL)

        office.sandbox.world.fault("call", path="", times=100, action=kill)
        with program(office, "rebuild", "--yes") as started:
            started.communicate(timeout=30)
        office.sandbox.world.faults.clear()
        assert path_of(office).read_bytes() == before
    assert rebuilt(office).code == 0
    office.forget_calls()
    assert office.run("import", "--json").json["sent"] == 0
    assert office.run("follow-up").code == 0
    assert writes(office) == []


def test_a_disk_without_room_leaves_the_old_file(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: what cannot be copied is not replaced."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    office.imports(days=30)
    flip(office)
    before = path_of(office).read_bytes()
    monkeypatch.setattr("connectors.ledger.salvage.shutil.copyfile", full)
    done = office.run("rebuild", "--yes")
    assert (done.code, path_of(office).read_bytes()) == (1, before)
    said = " ".join((done.err + done.out).split())
    assert "No space left on device" in said
    assert LedgerUnusable.advice in said
