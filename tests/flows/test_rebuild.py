"""A ledger lost or damaged is rebuilt: nothing twice, nothing undone, nobody mailed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from flows.settings import LEDGER_NAME
from tests.flows.inviting import JOB
from tests.flows.office import Office, Outcome
from tests.sandbox.server import Sandbox

BESIDE = ("-wal", "-shm")


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Open one lively office, kept as it is under a name; it is put back before every test."""
    home = tmp_path_factory.mktemp("lively") / "home"
    home.mkdir(mode=0o700)
    with Sandbox(
        invoices=0, rate_limit=100_000, twikey_detail_limit=None, rendering_seconds=0
    ) as sandbox:
        office = Office(sandbox, home)
        office.grant()
        live(office)
        shutil.copytree(home, home.with_name("kept"))
        sandbox.control.remember("kept")
        yield office


@pytest.fixture
def lively(once: Office) -> Office:
    """Put the lively office back to what was kept."""
    shutil.rmtree(once.home)
    shutil.copytree(once.home.with_name("kept"), once.home)
    once.sandbox.control.restore("kept")
    once.clock.shift = timedelta()
    return once


def live(office: Office) -> None:
    """Let all happen that can: paid, paid twice, bounced, taken back, invited, held, credited.

    Eleven bookings stand in Twikey; "2026 / 9" is held, "2026 / 10" was taken back by an undo.
    """
    office.configure(JOB)
    books, act = office.sandbox.books, office.sandbox.twikey.actions
    ids = {n: books.book(number=f"2026 / {n}") for n in range(1, 9)}
    books.book(number="2026 / 9", currency="USD")
    books.pay(ids[8], 100)
    assert office.imports(days=30, invite=True).sent == 8
    books.book(number="2026 / 10")
    run = office.imports().run_id
    assert office.run("undo", str(run), "--yes").code == 0
    books.credit(ids[7], 1000)
    ids[11] = books.book(number="2026 / 11")
    books.book(number="2026 / 12")
    assert office.imports().sent == 3
    act["pay_link"]("2026 / 1")
    act["double"]("2026 / 1")
    act["pay_card"]("2026 / 2")
    act["pay_card"]("2026 / 3")
    act["partial"]("2026 / 4", 10.0)
    books.pay(ids[5])
    assert office.run("follow-up").code in (0, 2)
    act["refuse"]("2026 / 3", "MD06")
    for _ in range(2):
        assert office.run("follow-up").code in (0, 2)


def money(office: Office) -> dict[str, list[tuple[int, int]]]:
    """Return all payments in Teamleader by invoice: (instant, cents)."""
    return {str(i.number): sorted(i.payments) for i in office.sandbox.books.invoices if i.payments}


def path_of(office: Office) -> Path:
    """Return the ledger's file."""
    return office.home / LEDGER_NAME


def lose(office: Office) -> None:
    """Lose the ledger and all that lies beside it; access is given anew."""
    for suffix in ("", *BESIDE):
        Path(f"{path_of(office)}{suffix}").unlink(missing_ok=True)
    office.grant()


def truncate(office: Office) -> None:
    """Cut the file in half."""
    content = path_of(office).read_bytes()
    path_of(office).write_bytes(content[: len(content) // 2])


def flip(office: Office) -> None:
    """Flip bytes in the middle of the file."""
    content = bytearray(path_of(office).read_bytes())
    middle = len(content) // 2
    content[middle : middle + 6000] = bytes(255 - one for one in content[middle : middle + 6000])
    path_of(office).write_bytes(bytes(content))


def overwrite(office: Office) -> None:
    """Write something else over the first page: it is no database any more."""
    content = path_of(office).read_bytes()
    path_of(office).write_bytes(b"not a database at all" + content[21:])


def drop(table: str) -> Callable[[Office], None]:
    """Return a way to lose one table."""

    def dropped(office: Office) -> None:
        with closing(sqlite3.connect(path_of(office))) as ledger:
            ledger.execute("PRAGMA foreign_keys=OFF")
            ledger.execute(f"DROP TABLE {table}")
            ledger.commit()

    return dropped


DAMAGES = {
    "lost": lose,
    "cut in half": truncate,
    "bytes flipped": flip,
    "no database": overwrite,
    "payments gone": drop("registrations"),
    "bookings gone": drop("bookings"),
}


def writes(office: Office) -> list[str]:
    """Return the calls since the journal was cleared that change anything on either side."""
    return [
        f"{call.method} {call.path}"
        for call in office.sandbox.world.journal
        if call.method in ("PUT", "PATCH", "DELETE")
        or (call.method == "POST" and call.path.startswith("/creditor/invoice"))
        or "registerPayment" in call.path
        or "removePayments" in call.path
    ]


def rebuilt(office: Office) -> Outcome:
    """Rebuild, giving access anew where the old one could not be read."""
    done = office.run("rebuild", "--yes", "--json")
    if done.code == 1 and "connect" in done.err + done.out:
        office.grant()
        done = office.run("rebuild", "--yes", "--json")
    return done


@pytest.mark.parametrize("damage", DAMAGES)
def test_rebuilt_an_import_and_a_follow_up_change_nothing(lively: Office, damage: str) -> None:
    """Decisions 3: whatever became of the file: nothing created, registered, undone or mailed."""
    office = lively
    there, paid = office.twikey_invoices(), money(office)
    invited = len(office.sandbox.twikey.dump()["invites"])
    DAMAGES[damage](office)
    office.forget_calls()
    done = rebuilt(office)
    assert done.code in (0, 2), done.err + done.out
    assert done.json["standing"] == len(there) == 11
    assert done.json["payments"] == 3, done.json
    imported = office.run("import", "--json")
    assert imported.json["sent"] == 0, imported.out
    for _ in range(2):
        office.clock.shift += timedelta(hours=2)
        office.sandbox.world.advance(7200)
        assert office.run("follow-up").code in (0, 2)
    assert writes(office) == []
    assert (office.twikey_invoices(), money(office)) == (there, paid)
    assert len(office.sandbox.twikey.dump()["invites"]) == invited
    assert office.sandbox.world.errors == []
