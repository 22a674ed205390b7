"""Kill -9 at every point of an import, run again: both sides equal to the uninterrupted run."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from connectors.errors import Disconnected
from flows.settings import LEDGER_NAME
from tests.flows.both_sides import both_sides, differences, untrue, without_intent
from tests.flows.killing import Ending, Job, Program
from tests.flows.office import Office

Scene = Callable[[Office], dict[str, Any]]
REFRESH = "POST /oauth2/access_token"
WRITES = ("POST /creditor/invoice", "PATCH /creditor/customer")


class Bench:
    """One prepared office, put back before every kill; ``calm`` is what a whole run leaves."""

    def __init__(self, office: Office, scene: Scene, program: Program, folder: Path) -> None:
        self.office = office
        self.program = program
        self.home = folder / "home"
        self.job = Job(self.home, office.environment, scene(office))
        self.keep("prepared", office.home)
        self.back_to("prepared")
        program.warms_up(self.job)
        self.back_to("prepared")
        runs = program.imports(self.job, times=2)
        self.calm_points = runs[0].points
        self.calm = both_sides(office.sandbox, self.home)
        assert (runs[0].report["sent"] > 0, writes(runs[1])) == (True, [])

    def keep(self, name: str, home: Path) -> None:
        """Keep both sides under a name."""
        kept = self.home.with_name(name)
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(home, kept)
        self.office.sandbox.control.remember(name)

    def back_to(self, name: str) -> None:
        """Put both sides back to what was kept."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.home.with_name(name), self.home)
        self.office.sandbox.control.restore(name)

    def kill(self, point: int) -> Ending:
        """Run an import that dies at a point."""
        ending = self.program.killed(self.job, point)
        assert without_intent(self.office.sandbox, self.home) == []
        return ending

    def recover(self, story: str) -> None:
        """Run again and once more: the books agree, and the last run has nothing to send.

        A bulk at which Twikey is still busy when it is asked again is left to one more run.
        """
        runs = self.program.imports(self.job, times=2)
        if writes(runs[-1]) and "after GET /creditor/invoice/bulk" in runs[0].points:
            runs += self.program.imports(self.job)
        assert [run.trouble for run in runs if run.trouble] == [], story
        assert writes(runs[-1]) == [], story
        assert differences(both_sides(self.office.sandbox, self.home), self.calm) == [], story
        assert untrue(self.home, [run.report for run in runs]) == [], story
        assert self.office.sandbox.world.errors == []


def writes(ending: Ending) -> list[str]:
    """Return what a run sent to Twikey that changes something there."""
    return [p for p in ending.points if p.removeprefix("before ").startswith(WRITES)]


@pytest.fixture(scope="module")
def programs() -> Iterator[list[Program]]:
    """Start two helpers, so that two points can be tried at a time."""
    with Program() as one, Program() as two:
        yield [one, two]


@pytest.fixture
def benches(
    open_office: Callable[..., Office], programs: list[Program]
) -> Iterator[Callable[[Scene], list[Bench]]]:
    """Prepare the same scene once for each helper."""
    with ExitStack() as stack:

        def prepare(scene: Scene) -> list[Bench]:
            folders = [stack.enter_context(TemporaryDirectory()) for _ in programs]
            return [
                Bench(open_office(), scene, program, Path(folder))
                for program, folder in zip(programs, folders, strict=True)
            ]

        yield prepare


def at_every_point(
    benches: list[Bench], recover: Callable[[Bench, int, Ending], None]
) -> list[str]:
    """Kill at point 1, 2, 3, ... until a run ends by itself; return the points by name."""
    points = itertools.count(1)

    def work(bench: Bench) -> list[tuple[int, str]]:
        died: list[tuple[int, str]] = []
        while True:
            point = next(points)
            bench.back_to("prepared")
            ending = bench.kill(point)
            if ending.killed_at is None:
                return died
            died.append((point, ending.killed_at))
            recover(bench, point, ending)

    with ThreadPoolExecutor(len(benches)) as pool:
        found = sorted(itertools.chain(*pool.map(work, benches)))
    names = [name for _, name in found]
    print(f"{len(names)} points", end=" ")
    assert names == benches[0].calm_points
    return names


def simply(bench: Bench, point: int, ending: Ending) -> None:
    """Run again."""
    bench.recover(f"killed at point {point}, {ending.killed_at}")


# ---- the scenes


def a_few(office: Office) -> dict[str, Any]:
    """Single creates: known, renamed and new customers, a credit note, one held, one skipped."""
    books = office.sandbox.books
    known, renamed = books.new_customer(), books.new_customer("contact")
    for customer in (known, renamed):
        books.book(customer=customer)
    office.imports(days=30)
    office.sandbox.twikey.actions["rename_customer"](renamed, "ABC")
    new = books.new_customer()
    parent = books.book(customer=new)
    for customer in (known, renamed, new):
        books.book(customer=customer, amount=7_000)
    books.credit(parent, 3_000)
    books.book(customer=known, currency="USD")
    books.book(customer=known, amount=0)
    return {"days": 30}


def a_dozen(office: Office) -> dict[str, Any]:
    """A bulk: known and new customers, one renamed and so refused, one standing there already."""
    books = office.sandbox.books
    known, renamed = books.new_customer(), books.new_customer()
    for customer in (known, renamed):
        books.book(customer=customer)
    office.imports(days=30)
    office.sandbox.twikey.actions["rename_customer"](renamed, "ABC")
    parents = [books.book(customer=books.new_customer()) for _ in range(9)]
    books.credit(parents[0], 3_000)
    for customer in (known, known, renamed):
        books.book(customer=customer)
    standing = books.invoice(books.book(customer=known))
    assert standing.number is not None
    office.sandbox.twikey.actions["enter_by_hand"](
        standing.number, standing.payable / 100, customerByRef=known, date=standing.date
    )
    return {"days": 30}


def on_schedule(office: Office) -> dict[str, Any]:
    """A scheduled run: changed customers, news of old and new ones, a held one put right."""
    books = office.sandbox.books
    moved, renewed = books.new_customer(), books.new_customer("contact")
    books.book(customer=moved)
    books.book(customer=renewed)
    held = books.book(customer=moved, currency="USD", updated_at=books.now() - 3600)
    office.imports(days=30)
    books.edit_invoice(held, currency="EUR", touch=False)
    with office.ledger() as ledger:
        assert ledger.desk.release((), office.clock.now(), "the operator")
    books.edit_customer(moved, email="nieuw@voorbeeld.example")
    books.edit_customer(renewed, last_name="Nieuwenaam")
    for customer in (moved, books.new_customer()):
        books.book(customer=customer)
    return {}


def with_worn_tokens(office: Office) -> dict[str, Any]:
    """One booking, and an access token that must be renewed first."""
    office.sandbox.books.book()
    office.grant(expires_in=0)
    return {"days": 30}


# ---- the proofs


@pytest.mark.parametrize(
    ("scene", "at_least"),
    [(a_few, 60), (a_dozen, 70), (on_schedule, 60)],
    ids=["a few", "a dozen", "on schedule"],
)
def test_a_kill_at_any_point_loses_and_doubles_nothing(
    benches: Callable[[Scene], list[Bench]], scene: Scene, at_least: int
) -> None:
    """K1: killed at every point, run again: both sides as if nothing had happened."""
    assert len(at_every_point(benches(scene), simply)) >= at_least


def test_a_kill_in_the_recovery_loses_and_doubles_nothing(
    benches: Callable[[Scene], list[Bench]],
) -> None:
    """K1: killed at every point, and the run that recovers killed too, at points spread over it."""
    recoveries = set()

    def killed_twice(bench: Bench, point: int, ending: Ending) -> None:
        if ending.points[-2:-1] and ending.points[-2].startswith("after"):
            return  # since the point before nothing has changed on either side
        bench.keep("killed", bench.home)
        for second in (1 + point * 7 % 23, 24 + point * 11 % 61):
            bench.back_to("killed")
            again = bench.kill(second)
            bench.recover(f"{ending.killed_at} ({point}), then {again.killed_at} ({second})")
            recoveries.add(again.killed_at and second)

    assert len(at_every_point(benches(a_few), killed_twice)) >= 60
    assert len(recoveries) >= 40


def test_a_kill_in_the_renewal_of_the_tokens_costs_a_consent_at_worst(
    benches: Callable[[Scene], list[Bench]],
) -> None:
    """P10: an answer lost between Teamleader and its commit costs the consent, nothing else."""
    lost = []

    def reconnected(bench: Bench, point: int, ending: Ending) -> None:
        if ending.points[-2:] == [f"after {REFRESH}", "commit"] or ending.killed_at == (
            f"after {REFRESH}"
        ):
            lost.append(ending.killed_at)
            (stopped,) = bench.program.imports(bench.job)
            assert stopped.trouble == Disconnected.__name__
            assert "`teamleader-twikey connect`" in stopped.advice
            assert writes(stopped) == []
            bench.office.grant()
            shutil.copy(bench.office.home / LEDGER_NAME, bench.home / LEDGER_NAME)
        simply(bench, point, ending)

    assert len(at_every_point(benches(with_worn_tokens), reconnected)) >= 30
    assert lost == [f"after {REFRESH}", "commit"]


def test_a_kill_while_the_ledger_is_made_leaves_one_that_opens(
    programs: list[Program], tmp_path: Path
) -> None:
    """K1, T18: killed before the migrations are committed, opened again: the same ledger."""
    whole = tmp_path / "whole"
    points = programs[0].opens(whole).points
    for point in itertools.count(1):
        home = tmp_path / f"killed-at-{point}"
        if programs[0].opens(home, kill_at=point).killed_at is None:
            break
        programs[0].opens(home)
        assert shape(home) == shape(whole), f"killed at {point}"
    assert len(points) == point - 1 >= 1


def shape(home: Path) -> list[tuple[str, ...]]:
    """Return the version and all tables, indexes and triggers of a ledger."""
    with closing(sqlite3.connect(home / LEDGER_NAME)) as ledger:
        made = ledger.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
        return [*ledger.execute("PRAGMA user_version").fetchall(), *made]
