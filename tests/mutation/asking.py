"""Which tests are asked about one mutant: those that reach its line, the nearest first."""

from __future__ import annotations

from functools import cache

from tests.mutation.mutants import ROOT, Mutant
from tests.mutation.reach import Reach

MOST_SECONDS = 12.0  # of tests, as watched, for one mutant; at least one test is always asked
MOST_TESTS = 120


def asked(mutant: Mutant, reach: dict[str, Reach]) -> list[str]:
    """Return the tests to run, in their order; none: no test reaches the line."""
    module, name = mutant.module, f"test_{mutant.module.rpartition('.')[2]}"
    near = {test for test, seen in reach.items() if module in seen.lines}
    if mutant.lines is None:  # it runs on loading: whoever never calls a function here may notice
        tests = set(reach)
    else:
        lines = set(range(mutant.lines[0], mutant.lines[1] + 1))
        tests = {test for test in near if not lines.isdisjoint(reach[test].lines[module])}
    order = sorted(
        tests,
        key=lambda test: (
            test.startswith("tests/flows/"),  # whole runs last: they take a second each
            name not in test,
            not _names(test.partition("::")[0], module),
            test not in near,
            reach[test].seconds,
            test,
        ),
    )
    return _affordable(order, reach)


@cache
def _names(file: str, module: str) -> bool:
    """Tell whether a file of tests is about a module: it imports from it."""
    return f"from {module} import" in (ROOT / file).read_text(encoding="utf-8")


def _affordable(tests: list[str], reach: dict[str, Reach]) -> list[str]:
    """Return the tests from the first that fit into the time of one mutant."""
    chosen: list[str] = []
    spent = 0.0
    for test in tests[:MOST_TESTS]:
        seconds = reach[test].seconds
        if chosen and spent + seconds > MOST_SECONDS:
            continue
        chosen.append(test)
        spent += seconds
    return chosen
