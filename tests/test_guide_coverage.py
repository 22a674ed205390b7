"""`docs/guide-coverage.md` is true: each test that it names exists, and no section is left out.

``python -m tests.test_guide_coverage`` says in one sentence what is missing.
"""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COVERAGE = ROOT / "docs" / "guide-coverage.md"
SECTIONS = [*map(str, range(1, 13)), "3.1", "3.2", "3.3"]
SENTENCES = 80  # the guide has no fewer
NUMBERS = [*(f"A{n:02}" for n in range(1, 53)), *(f"C{n}" for n in range(1, 41))]
WITHOUT: dict[str, str] = {}  # a scenario or complaint that no test proves -> why
LEADING = re.compile(r"(?:[A-Z]\d+(?:, | and ))*[A-Z]\d+(?=[:, ])")


@cache
def every_test() -> dict[str, str]:
    """Return every test of the repository: ``file::name`` -> docstring."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                name = f"{path.relative_to(ROOT).as_posix()}::{node.name}"
                found[name] = ast.get_docstring(node) or ""
    return found


def proved(docstring: str) -> set[str]:
    """Return the scenarios and complaints whose numbers a docstring begins with."""
    leading = LEADING.match(docstring)
    return set(re.findall(r"\w+", leading[0])) & set(NUMBERS) if leading else set()


def sentences(text: str) -> dict[str, list[str]]:
    """Return each sentence of the guide, by section and words, and the tests named under it."""
    found: dict[str, list[str]] = {}
    section = sentence = ""
    for line in text.splitlines():
        if head := re.match(r"###? (\d+(?:\.\d)?)\.? ", line):
            section, sentence = head[1], ""
        elif begun := re.match(r"- \*\*(.+?)(?:\*\*|$)", line):
            sentence = f"{section}: {begun[1]}"
            found[sentence] = []
        elif sentence and (named := re.fullmatch(r"  - `(.+)`", line)):
            found[sentence].append(named[1])
    return found


def missing(text: str) -> list[str]:
    """Return what the page lacks, each as a few words."""
    listed = sentences(text)
    there = {name.partition(":")[0] for name in listed}
    return [
        *(f"section {one}" for one in SECTIONS if one not in there),
        *(f"a test for '{name}'" for name, named in listed.items() if not named),
        *sorted({one for named in listed.values() for one in named if one not in every_test()}),
    ]


def unproved() -> list[str]:
    """Return the scenarios and complaints that begin no docstring and are no known exception."""
    begun = set[str]().union(*(proved(docstring) for docstring in every_test().values()))
    return [number for number in NUMBERS if number not in begun | set(WITHOUT)]


def verdict() -> str:
    """Return in one sentence what is missing."""
    lacks = [*missing(COVERAGE.read_text(encoding="utf-8")), *unproved()]
    if lacks:
        return f"Missing: {'; '.join(lacks)}."
    listed = sentences(COVERAGE.read_text(encoding="utf-8"))
    named = {one for names in listed.values() for one in names}
    return (
        f"Nothing is missing: {len(listed)} sentences of the guide have {len(named)} tests, and"
        f" {len(NUMBERS) - len(WITHOUT)} scenarios and complaints begin a docstring."
    )


def test_every_sentence_of_the_guide_has_its_tests() -> None:
    """Guide 1-12: all sections are there, each sentence names tests, and all of those exist."""
    text = COVERAGE.read_text(encoding="utf-8")
    assert missing(text) == []
    assert len(sentences(text)) >= SENTENCES


def test_every_scenario_and_complaint_has_its_test() -> None:
    """Acceptance: each number begins the docstring of a test, or is an exception with a reason."""
    assert unproved() == []


def test_no_exception_has_outlived_itself() -> None:
    """What a test proves by now is no exception any more; each one gives its reason."""
    begun = set[str]().union(*(proved(docstring) for docstring in every_test().values()))
    assert set(WITHOUT) <= set(NUMBERS) - begun
    assert all(len(reason) > 20 for reason in WITHOUT.values())


@pytest.mark.parametrize(
    ("docstring", "numbers"),
    [
        ("A12: one option.", {"A12"}),
        ("A31, A40: two.", {"A31", "A40"}),
        ("I14, A29: beside another list.", {"A29"}),
        ("A26, guide 10: with its section.", {"A26"}),
        ("Reference A12: another list.", set()),
        ("As in A12: not at the beginning.", set()),
    ],
)
def test_only_the_beginning_of_a_docstring_counts(docstring: str, numbers: set[str]) -> None:
    """The API reference numbers its own chapters A1 and on: those are no scenarios."""
    assert proved(docstring) == numbers


def test_what_is_missing_is_found() -> None:
    """A page without a section, with a sentence without test, or with a made-up one is told."""
    whole = COVERAGE.read_text(encoding="utf-8")
    assert "section 9" in missing(whole.replace("## 9. ", "## Nine. "))
    assert missing(whole + "\n- **Said.** Nothing.\n") == ["a test for '12: Said.'"]
    assert missing(f"{whole}  - `tests/test_x.py::test_y`\n") == ["tests/test_x.py::test_y"]


if __name__ == "__main__":
    print(verdict())
    sys.exit(verdict().startswith("Missing"))
