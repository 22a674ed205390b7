"""The real command line, killed at random, over and over: `make kills`.

A round is a small company's day: an import, the bank's answers, a follow-up with payments, PDFs and
invitations. Every command is a process of its own that talks HTTP with both services, and is sent
SIGKILL at a random moment until the kills of the round are used up. Then it runs undisturbed, and
both sides must equal those of a day without a single kill.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.flows.both_sides import both_sides, differences, without_intent
from tests.flows.inviting import JOB
from tests.flows.office import Office, environment_of
from tests.sandbox.server import Sandbox

ROOT = Path(__file__).parents[2]
IMPORT = ("import", "--days", "30", "--yes", "--invite")
FOLLOW_UP = ("follow-up",)
WAIT = 1  # settle_after_seconds: a write may still be applied after its answer was lost
PATIENCE = 60.0
RULES: dict[str, Any] = {"rate_limit": 100_000, "twikey_detail_limit": None, "rendering_seconds": 0}
PASSING = ("feed", "seen", "watermarks")  # how often was read, not what came of it


@dataclass
class Score:
    """What was counted over all rounds."""

    kills: int = 0
    after_a_call: int = 0
    rounds: int = 0
    runs: int = 0
    by_verb: Counter[str] = field(default_factory=Counter)
    in_doubt: int = 0
    wrong: list[str] = field(default_factory=list)


class Day:
    """One company's day, put back to its morning before every round."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.home = folder / "home"
        self.home.mkdir(mode=0o700)
        self.office = Office(sandbox, self.home)
        self.office.configure(
            JOB.replace("settle_after_seconds = 0", f"settle_after_seconds = {WAIT}")
        )
        self.numbers = [f"2026 / {n}" for n in range(1, 13)]
        self.ids = [sandbox.books.book(number=number) for number in self.numbers]
        self.office.grant()
        self.run(*IMPORT)  # the first load is behind it: from now on customers are invited
        self.later = [f"2026 / {n}" for n in range(21, 33)]
        self.ids += [sandbox.books.book(number=number) for number in self.later]
        sandbox.books.credit(self.ids[-1], 1000)
        self.in_doubt = 0
        shutil.copytree(self.home, folder / "morning")
        sandbox.control.remember("morning")

    def morning(self) -> None:
        """Put everything back to the morning."""
        shutil.rmtree(self.home)
        shutil.copytree(self.home.with_name("morning"), self.home)
        self.sandbox.control.restore("morning")

    def bank(self) -> None:
        """Let customers pay, one of them twice, a debit bounce, one invoice be paid by hand."""
        act = self.sandbox.twikey.actions
        for number in (*self.numbers[:4], *self.later[:3]):
            act["pay_link"](number)
        act["double"](self.numbers[0])
        act["pay_card"](self.numbers[5])
        self.sandbox.books.pay(self.ids[6])

    def bounce(self) -> None:
        """Let a payment that was registered fail."""
        self.sandbox.twikey.actions["refuse"](self.numbers[5], "MD06")

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the real program."""
        environment = environment_of(self.office)
        environment.pop("PREFECT_API_URL", None)
        return subprocess.Popen(
            [sys.executable, "-m", "flows.cli", *arguments],
            cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def run(self, *arguments: str) -> int:
        """Run the real program to its end; return its exit code."""
        return self.start(*arguments).wait(PATIENCE)

    def calls(self) -> int:
        """Return how many calls both services have seen."""
        return len(self.sandbox.world.journal)

    def evening(self) -> dict[str, Any]:
        """Return what stands on both sides, less what passes."""
        found = both_sides(self.sandbox, self.home)
        books, dump = self.sandbox.books, self.sandbox.twikey.dump()
        found["payments"] = {
            each: sorted(cents for _, cents in books.invoice(each).payments) for each in self.ids
        }
        for invoice in found["invoices in Twikey"].values():
            _without_instants(invoice)
        self._mails(found, dump["invites"])
        return {name: value for name, value in found.items() if name not in PASSING}

    def _mails(self, found: dict[str, Any], invites: list[dict[str, Any]]) -> None:
        """Count invitations: one each, or none where a kill left open whether it went (P6)."""
        left = Counter(str(each["invoice"]) for each in invites)
        with self.office.ledger() as ledger:
            rows = {each: ledger.invitations.of(each) for each in self.ids}
        found["mailed twice"] = [each for each, count in left.items() if count > 1]
        found["invited"] = {
            each: bool(left[each] or (row and row["state"] == "unknown"))
            for each, row in rows.items()
        }
        self.in_doubt = sum(row is not None and row["state"] == "unknown" for row in rows.values())


def _without_instants(invoice: dict[str, Any]) -> None:
    for name in ("pdf_at", "invitations", "actions"):
        invoice.pop(name, None)
    invoice["pdf"] = invoice["pdf"] is not None  # its text says what was due when it was fetched
    for payment in invoice.get("lastpayment") or []:
        payment.pop("date", None)


def one_kill(
    day: Day, arguments: tuple[str, ...], most: int, rng: random.Random
) -> tuple[bool, bool]:
    """Start a command and kill it; return (it was killed, it had called a service by then)."""
    before = day.calls()
    process = day.start(*arguments)
    if rng.random() < 0.2:
        time.sleep(rng.uniform(0.0, 1.5))
    else:
        wanted = before + rng.randint(1, max(most, 1))
        while process.poll() is None and day.calls() < wanted:
            time.sleep(0.0005)
        time.sleep(rng.uniform(0.0, 0.02))
    process.kill()
    return process.wait() == -9, day.calls() > before


def a_day(day: Day, kills: int, rng: random.Random, score: Score, most: dict[str, int]) -> None:
    """Live a day with so many kills, then let it end in peace."""
    day.morning()
    moments = Counter(rng.choice(("import", "first", "second")) for _ in range(kills))
    for name, arguments, then in (
        ("import", IMPORT, day.bank), ("first", FOLLOW_UP, day.bounce),
        ("second", FOLLOW_UP, lambda: None),
    ):  # fmt: skip
        left = moments[name]
        while left:
            killed, called = one_kill(day, arguments, most[name], rng)
            score.kills += killed
            score.after_a_call += killed and called
            score.by_verb[arguments[0]] += killed
            left -= killed
            if not killed:
                most[name] = max(most[name] - 1, 1)
            if lost := without_intent(day.sandbox, day.home):
                score.wrong.append(f"sent without an intent: {lost}")
        if moments[name]:
            time.sleep(WAIT + 0.1)
        before = day.calls()
        score.runs += _in_peace(day, arguments, score)
        if not moments[name]:
            most[name] = day.calls() - before
        then()
    if kills:
        time.sleep(WAIT + 0.1)
    for arguments in (IMPORT, FOLLOW_UP, FOLLOW_UP):
        score.runs += _in_peace(day, arguments, score)


def _in_peace(day: Day, arguments: tuple[str, ...], score: Score) -> int:
    code = day.run(*arguments)
    if code not in (0, 2):
        score.wrong.append(f"{arguments[0]} ended with {code}")
    return 1


def main(argv: list[str] | None = None) -> int:
    """Live days until so many kills are counted; print the figures, return 1 when any was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.flows.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--per-day", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(argv)
    score = kill_days(asked.kills, asked.per_day, asked.seed)
    print(
        f"{score.kills} kills in {score.rounds} days ({score.after_a_call} after a first call; "
        + ", ".join(f"{count} of {verb}" for verb, count in sorted(score.by_verb.items()))
        + f"), {score.runs} undisturbed runs, {score.in_doubt} invitations left to a person:"
        f" {len(score.wrong)} wrong"
    )
    for line in score.wrong[:20]:
        print(f"  {line}")
    if score.wrong:
        print(f"again: python -m tests.flows.kills --kills {asked.kills} --seed {asked.seed}")
    return 1 if score.wrong else 0


def kill_days(kills: int, per_day: int, seed: int) -> Score:
    """Live days until so many kills are counted."""
    rng, score = random.Random(seed), Score()
    most = dict.fromkeys(("import", "first", "second"), 1)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="kills-")))
        day = Day(stack.enter_context(Sandbox(invoices=0, **RULES)), folder)
        a_day(day, 0, rng, Score(), most)
        calm = day.evening()
        while score.kills < kills and not score.wrong:
            a_day(day, min(per_day, kills - score.kills), rng, score, dict(most))
            score.rounds += 1
            score.wrong += differences(day.evening(), calm)
            score.in_doubt += day.in_doubt
            score.wrong += [str(error) for error in day.sandbox.world.errors]
            if score.rounds % 10 == 0:
                print(f"  {score.kills} kills, {score.rounds} days", file=sys.stderr, flush=True)
    return score


if __name__ == "__main__":
    sys.exit(main())
