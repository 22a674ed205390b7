"""The mutation check itself: small slips, the same each time, and explanations that are needed."""

from __future__ import annotations

import ast
import re

import pytest

from tests.mutation.changes import changes_of
from tests.mutation.explained import EXPLAINED, explanation
from tests.mutation.mutants import changed, mutants_of, path_of
from tests.mutation.scope import modules, share
from tests.mutation.statements import statements

MODULE = "mappings.phones"


@pytest.mark.parametrize(
    ("source", "slips"),
    [
        ("a < b", {"a <= b", "a >= b"}), ("a and b", {"a or b"}), ("not a", {"a"}),
        ("a + b", {"a - b"}), ("7", {"8"}), ("True", {"False"}), ("'CODE'", {"'CODEX'"}),
        ("'a text for people'", set()), ("{1, 2}", {"{1}", "{2}"}),
    ],
)  # fmt: skip
def test_a_slip_is_small_and_plausible(source: str, slips: set[str]) -> None:
    """Limits, signs, conditions, codes and members; never the words that people read."""
    node = ast.parse(source, mode="eval").body
    assert {change.after for change in changes_of(node)} == slips


def test_statements_slip_too() -> None:
    """What is decided in SQL is changed in SQL, one piece at a time."""
    found = {whole for *_, whole in statements("WHERE a=? AND b > 'x' LIMIT 1")}
    assert found == {
        "WHERE a=? OR b > 'x' LIMIT 1", "WHERE a<>? AND b > 'x' LIMIT 1",
        "WHERE a=? AND b >= 'x' LIMIT 1", "WHERE a=? AND b > 'X' LIMIT 1",
        "WHERE a=? AND b > 'x' LIMIT 7",
    }  # fmt: skip


def test_each_mutant_is_other_code_under_a_name_of_its_own() -> None:
    """A mutant that changed nothing would count as missed for ever."""
    mutants = mutants_of(MODULE)
    plain = ast.unparse(ast.parse(path_of(MODULE).read_text(encoding="utf-8")))
    assert len({one.key for one in mutants}) == len(mutants)
    assert all(ast.unparse(changed(MODULE, one.number)) != plain for one in mutants)


def test_money_is_sampled_most_closely() -> None:
    """Three of a module about money for two of the ledger's and one of the others."""
    names = ("mappings.guards", "connectors.ledger.payments", "mappings.mails")
    assert [share(name, 30) for name in names] == [30, 20, 10]


def test_every_explanation_is_needed() -> None:
    """An explanation whose code is gone would explain something else one day."""
    keys = [one.key for name in modules() for one in mutants_of(name)]
    for why, pattern in EXPLAINED:
        assert any(re.fullmatch(pattern, key) for key in keys), why
    assert explanation("mappings.guards.settled: comparison: a < b -> a <= b") is None
