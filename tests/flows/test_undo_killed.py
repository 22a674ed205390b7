"""A22: kill -9 at every call and commit of an undo, again: both sides as if it had not happened."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from flows.settings import LEDGER_NAME
from tests.flows.both_sides import both_sides, differences
from tests.flows.killing import Ending, Job, Program
from tests.flows.office import Office


class Bench:
    """A prepared office, put back before every kill; ``calm`` is what a whole undo leaves."""

    def __init__(
        self, office: Office, request: dict[str, Any], program: Program, home: Path
    ) -> None:
        self.office, self.program, self.home = office, program, home
        self.prepared = home.with_name("prepared")
        self.undo = Job(home, office.environment, request, "undo")
        self.imports = Job(home, office.environment, {})
        shutil.copytree(office.home, self.prepared)
        office.sandbox.control.remember("prepared")
        self.back()
        program.warms_up(self.undo)
        self.back()
        (whole,) = program.imports(self.undo)
        self.points = whole.points
        self.calm = self.sides()

    def back(self) -> None:
        """Put both sides back to what was prepared."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.prepared, self.home)
        self.office.sandbox.control.restore("prepared")

    def sides(self) -> dict[str, Any]:
        """Return both sides, with the removals that are still open and the tombstones."""
        with closing(sqlite3.connect(self.home / LEDGER_NAME)) as ledger:
            undone = ledger.execute(
                "SELECT booking_id, state, undone_run FROM undone WHERE state <> 'back' ORDER BY 1"
            ).fetchall()
        return {**both_sides(self.office.sandbox, self.home), "undone": undone}

    def recovers(self, story: str) -> None:
        """Undo again, then import by schedule: the same end, and nothing is left to do."""
        again, once_more = self.program.imports(self.undo, times=2)
        assert (again.trouble, once_more.trouble) == (None, None), story
        assert removals(once_more) == [], story
        assert differences(self.sides(), self.calm) == [], story
        (scheduled,) = self.program.imports(self.imports)
        assert scheduled.report["sent"] == 0, story
        assert [p for p in scheduled.points if p.startswith("before POST /creditor/inv")] == [], (
            story
        )
        assert self.office.sandbox.world.errors == []


def removals(ending: Ending) -> list[str]:
    """Return the deletions that a run asked for."""
    return [point for point in ending.points if point.startswith("before DELETE")]


@pytest.fixture
def bench(office: Office) -> Iterator[Bench]:
    """Import six: a pair with a credit note, one paid, one adopted, one gone, one plain."""
    books, act = office.sandbox.books, office.sandbox.twikey.actions
    known = books.new_customer()
    books.book(customer=known)
    office.imports(days=30)
    parent, paid, gone, _ = (books.book(customer=known) for _ in range(4))
    books.credit(parent, 3_000)
    adopted = books.invoice(books.book(customer=known))
    act["enter_by_hand"](
        adopted.number, adopted.payable / 100, customerByRef=known, date=adopted.date
    )
    report = office.imports(days=30)
    assert (report.sent, report.adopted) == (5, 1)
    act["pay_link"](paid)
    act["delete_invoice"](gone)
    with Program() as program, TemporaryDirectory() as at:
        yield Bench(office, {"run": str(report.run_id)}, program, Path(at) / "home")


def test_an_undo_that_is_killed_anywhere_is_finished_by_the_next(bench: Bench) -> None:
    """A22, K1: killed at every point, done again: the same removed, the same kept, none back."""
    assert len(removals(Ending(points=bench.points))) == 3
    for point in itertools.count(1):
        bench.back()
        ending = bench.program.killed(bench.undo, point)
        if ending.killed_at is None:
            break
        bench.recovers(f"killed at point {point}, {ending.killed_at}")
    assert point - 1 == len(bench.points) >= 40


def test_an_import_after_a_killed_undo_settles_it(bench: Bench) -> None:
    """A22: whatever run comes next looks up the removal that was left open, and sends nothing."""
    for point, name in enumerate(bench.points, start=1):
        if "DELETE" not in name and not name.endswith("commit"):
            continue
        bench.back()
        killed = bench.program.killed(bench.undo, point)
        (scheduled,) = bench.program.imports(bench.imports)
        assert (scheduled.trouble, scheduled.report["sent"]) == (None, 0), killed.killed_at
        with closing(sqlite3.connect(bench.home / LEDGER_NAME)) as ledger:
            left = ledger.execute("SELECT 1 FROM bookings WHERE stage='removing'").fetchall()
            there = {row[0] for row in ledger.execute("SELECT id FROM bookings WHERE stage='sent'")}
        assert left == [], killed.killed_at
        standing = {i["ref"] for i in bench.office.sandbox.twikey.dump()["invoices"] if i["ref"]}
        assert standing <= there, killed.killed_at
