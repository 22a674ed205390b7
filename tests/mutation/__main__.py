"""The mutation check: how many small slips in the code the tests notice.

    python -m tests.mutation                        a fixed sample of every module
    python -m tests.mutation --only netting --sample 0   all mutants of what has this in its name
    python -m tests.mutation --again                only what was missed the last time
    python -m tests.mutation --go-on                the rest of a run that was interrupted

What became of each mutant is kept in .mutation/last.json as soon as it is known. Printed: the score
of each module, and every mutant that was missed and is not explained.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.mutation import reach as reaching
from tests.mutation.asking import asked
from tests.mutation.explained import explanation
from tests.mutation.mutants import ROOT, Mutant, mutants_of
from tests.mutation.scope import all_tests, modules, share, tests_for
from tests.mutation.trial import MISSED, UNASKED, Child, run_tests, tried, verdict

LAST = ROOT / ".mutation" / "last.json"
REACH = ROOT / ".mutation" / "reach.json"
# Loaded once here, not once a mutant: nothing of what is changed, and nothing that loads it.
HEAVY = (
    "hypothesis", "jsonschema", "pandas", "pydantic", "requests", "responses", "sqlite3",
    "connectors.teamleader.records", "connectors.twikey.records", "connectors.http",
    "tests.sandbox.server",
)  # fmt: skip
KEPT_EVERY = 10
LEAST_SECONDS = 60.0  # of patience with one mutant, on a machine that has other work
TIMES_LONGER = 5.0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.mutation", description=__doc__.split("\n")[0])
    parser.add_argument("--sample", type=int, default=30, help="mutants of a module (30); 0: all")
    parser.add_argument("--seed", type=int, default=1, help="which sample (1)")
    parser.add_argument("--only", default="", help="modules with this in their name")
    parser.add_argument("--again", action="store_true", help="what was missed the last time")
    parser.add_argument("--go-on", action="store_true", help="the rest of an interrupted run")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def sampled(module: str, given: argparse.Namespace) -> list[Mutant]:
    """Return the sample of a module: the same for the same seed and code."""
    mutants = mutants_of(module)
    size = share(module, given.sample) if given.sample else len(mutants)
    if size >= len(mutants):
        return mutants
    chosen = random.Random(f"{given.seed} {module}").sample(mutants, size)
    return sorted(chosen, key=lambda mutant: mutant.number)


def chosen_mutants(given: argparse.Namespace) -> list[Mutant]:
    """Return what is tried now."""
    names = [name for name in modules() if given.only in name]
    if given.again:
        missed = {key for key, said in known().items() if said in (MISSED, UNASKED)}
        return [each for name in names for each in mutants_of(name) if each.key in missed]
    return [each for name in names for each in sampled(name, given)]


def watched(chosen: list[str]) -> dict[str, reaching.Reach]:
    """Run the tests once, unchanged, and return who reaches what; kept as long as it is true."""
    kept, files = reaching.Kept(REACH), all_tests(chosen)
    missing = kept.missing(files)
    if missing:
        with tempfile.TemporaryDirectory() as folder:
            seen = Path(folder) / "seen.json"
            _watch(missing, seen)
            kept.add(missing, seen)
    found, failed = kept.reach(files)
    for test in failed:
        print(f"fails without any change and is not asked: {test}")
    return found


def _watch(files: list[str], seen: Path) -> None:
    def work(place: Path) -> int:
        watch = reaching.Watch(modules())
        code = run_tests(files, watch, place)
        reaching.write(watch, seen)
        return code

    child = Child(work, 3600)
    while (code := child.ended()) is None:
        time.sleep(0.1)
    if code not in (0, 1) or not seen.exists():
        sys.exit(f"The tests did not run to their end (pytest's exit code {code}).")


def trials(
    mutants: list[Mutant], reach: dict[str, reaching.Reach], workers: int
) -> Iterator[tuple[Mutant, str]]:
    """Yield each mutant with what became of it."""
    waiting, busy = mutants[::-1], dict[Mutant, Child]()
    while waiting or busy:
        while waiting and len(busy) < workers:
            mutant = waiting.pop()
            places = tuple(tests_for(mutant.module))
            near = {test: seen for test, seen in reach.items() if test.startswith(places)}
            tests = asked(mutant, near)
            if not tests:
                yield mutant, UNASKED
                continue
            patience = max(LEAST_SECONDS, TIMES_LONGER * sum(reach[test].seconds for test in tests))
            busy[mutant] = tried(mutant, tests, patience)
        for mutant, code in [(one, child.ended()) for one, child in busy.items()]:
            if code is not None:
                del busy[mutant]
                yield mutant, verdict(code)
        time.sleep(0.01)


def table(said: dict[Mutant, str]) -> Iterator[str]:
    """Yield the score of each module, of each layer and of all."""
    names = list(dict.fromkeys(mutant.module for mutant in said))
    layers = list(dict.fromkeys(name.rpartition(".")[0] for name in names))
    yield f"{'module':34} {'mutants':>7} {'noticed':>7} {'explained':>9} {'open':>5} {'score':>6}"
    for name in [*names, *(f"{layer}." for layer in layers), ""]:
        mine = {
            one: found
            for one, found in said.items()
            if one.module == name or (name in ("", one.module.rpartition(".")[0] + "."))
        }
        missed = [one for one, found in mine.items() if found in (MISSED, UNASKED)]
        explained = sum(explanation(one.key) is not None for one in missed)
        noticed = len(mine) - len(missed)
        score = f"{100 * noticed / max(1, len(mine) - explained):.1f}%"
        yield (
            f"{name or 'all':34} {len(mine):7} {noticed:7} {explained:9}"
            f" {len(missed) - explained:5} {score:>6}"
        )


def known() -> dict[str, str]:
    """Return what became of the mutants tried before, by their names."""
    if not LAST.exists():
        return {}
    found: dict[str, str] = json.loads(LAST.read_text(encoding="utf-8"))
    return found


def keep(said: dict[Mutant, str]) -> None:
    """Remember what became of each mutant, for ``--again`` and ``--go-on``."""
    LAST.parent.mkdir(exist_ok=True)
    found = known() | {one.key: found for one, found in said.items()}
    fresh = LAST.with_suffix(".new")
    fresh.write_text(json.dumps(found, indent=1), encoding="utf-8")
    fresh.replace(LAST)


def follow(
    mutants: list[Mutant], reach: dict[str, reaching.Reach], workers: int
) -> dict[Mutant, str]:
    """Try the mutants, tell what was missed as it comes, keep it; return what became of each."""
    said: dict[Mutant, str] = {}
    begun = time.monotonic()
    for mutant, found in trials(mutants, reach, workers):
        said[mutant] = found
        if found in (MISSED, UNASKED) and explanation(mutant.key) is None:
            print(f"{found}: line {mutant.line}: {mutant.key}", flush=True)
        if len(said) % KEPT_EVERY == 0:
            keep(said)
        if len(said) % 100 == 0:
            seconds = time.monotonic() - begun
            print(f"... {len(said)} of {len(mutants)}, {seconds:.0f} s", flush=True)
    keep(said)
    return said


def main() -> int:
    """Try the sample, print the scores and what was missed; 1 when something is open."""
    given = arguments()
    mutants = chosen_mutants(given)
    before = known() if given.go_on else {}
    said = {one: before[one.key] for one in mutants if one.key in before}
    waiting = [one for one in mutants if one not in said]
    for name in HEAVY:
        importlib.import_module(name)
    begun = time.monotonic()
    print(f"{len(waiting)} mutants; first the tests run unchanged ...", flush=True)
    reach = watched(list(dict.fromkeys(mutant.module for mutant in waiting)))
    print(f"{len(reach)} tests, {time.monotonic() - begun:.0f} s", flush=True)
    said |= follow(waiting, reach, given.workers)
    print("\n".join(table(dict(sorted(said.items())))))
    print(f"{time.monotonic() - begun:.0f} s")
    missed = [one for one, found in said.items() if found in (MISSED, UNASKED)]
    return int(any(explanation(one.key) is None for one in missed))


if __name__ == "__main__":
    sys.exit(main())
