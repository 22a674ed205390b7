"""The words of the house: names that say nothing are banned, and every trouble has its cure."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.errors import Halted, Refused, Trouble
from mappings.alerts import ALERTS
from mappings.reasons import HELD, NOTICES, REASONS, SKIPPED, Reason, advice_of, sentence_of

ROOT = Path(__file__).parents[1]
LAYERS = ("connectors", "mappings", "flows")
BANNED = {"utils", "helpers", "common", "manager", "handler", "processor"}
BEGINNINGS = ("process_", "do_")
DEMANDED = {
    ("connectors/teamleader/consent.py", "do_GET"),  # what http.server calls
    ("connectors/teamleader/shapes.py", "data"),  # the key in every answer of the API
}
BASES = (Trouble, Refused, Halted)


def files() -> Iterator[Path]:
    """Yield every source file of the three layers."""
    for layer in LAYERS:
        yield from sorted((ROOT / layer).rglob("*.py"))


def bound_names(tree: ast.Module) -> set[str]:
    """Return every name that a file itself gives: functions, classes, arguments, variables."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
        elif isinstance(node, ast.alias) and node.asname:
            found.add(node.asname)
    return found


def words(name: str) -> set[str]:
    """Split a name at its underscores and capitals: ``HttpManager`` is http and manager."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)}


def is_banned(name: str) -> bool:
    """Tell whether a name is one that says nothing (style 5)."""
    plain = name.lstrip("_").lower()
    return bool(words(name) & BANNED) or plain == "data" or plain.startswith(BEGINNINGS)


def troubles() -> list[type[Trouble]]:
    """Return every class of error, also those defined beside what raises them."""
    for layer in ("connectors", "flows"):
        for module in pkgutil.walk_packages([str(ROOT / layer)], f"{layer}."):
            if not module.name.startswith("flows.prefect_"):
                importlib.import_module(module.name)
    found: list[type[Trouble]] = []
    waiting: list[type[Trouble]] = [Trouble]
    while waiting:
        waiting += (below := waiting.pop().__subclasses__())
        found += [one for one in below if one not in BASES and one not in found]
    return found


@pytest.mark.parametrize(
    ("name", "banned"),
    [
        ("HttpManager", True), ("string_utils", True), ("do_import", True), ("_data", True),
        ("process_rows", True), ("database", False), ("processed", False), ("donor", False),
        ("data_class", False), ("commonly", False), ("_handler", True), ("do_GET", True),
    ],
)  # fmt: skip
def test_the_ban_knows_what_it_bans(name: str, banned: bool) -> None:
    """Style 5: whole words count, and words that merely contain them do not."""
    assert is_banned(name) is banned


def test_no_name_says_nothing() -> None:
    """Style 5: banned names are nowhere in the three layers."""
    found = {
        (str(path.relative_to(ROOT)), name)
        for path in files()
        for name in bound_names(ast.parse(path.read_text(encoding="utf-8")))
        if is_banned(name)
    }
    assert found == DEMANDED


def test_no_file_is_named_after_nothing() -> None:
    """Style 5: nor does a file or folder carry a banned name."""
    found = {
        str(path.relative_to(ROOT))
        for path in files()
        if any(is_banned(part) for part in path.relative_to(ROOT).with_suffix("").parts)
    }
    assert found == set()


def test_every_trouble_has_its_advice() -> None:
    """Decisions 2: every class of error says in a sentence what the operator can do."""
    classes = troubles()
    assert len(classes) > 20
    for one in classes:
        assert one.advice.endswith("."), one
        assert one.advice[0].isupper(), one
        assert one.__doc__, one
        assert one.exit_code in (1, 3, 64), one


def test_every_trouble_is_refused_or_halted() -> None:
    """Decisions 5: an error sets one thing aside or stops the run; there is no third kind."""
    for one in troubles():
        assert issubclass(one, Refused) != issubclass(one, Halted), one


@pytest.mark.parametrize("reason", REASONS.values(), ids=lambda reason: reason.code)
def test_every_reason_has_its_sentence_and_advice(reason: Reason) -> None:
    """C26: each reason to skip, hold or notice says why, and what to do about it."""
    for text in (sentence_of(reason.code, "the facts"), advice_of(reason.code)):
        assert text[0].isupper()
        assert text.endswith(".")
        assert "{" not in text
    assert re.search(r"guide \d|decisions \d|API reference \d", reason.source)


def test_no_code_is_used_twice() -> None:
    """C26: a code means one thing."""
    assert len(REASONS) == len(SKIPPED) + len(HELD) + len(NOTICES) + len(ALERTS)
    kinds = ((SKIPPED, "skipped"), (HELD, "held"), (NOTICES, "notice"), (ALERTS, "alert"))
    assert all(reason.kind == kind for group, kind in kinds for reason in group)


def test_every_code_in_the_program_is_in_the_table() -> None:
    """C26: no booking can be held or skipped for a reason that nobody explains."""
    pattern = re.compile(r"[A-Z]{2,}(_[A-Z]+)+|ZERO|CURRENCY|DIFFERS|REFUSED|UNREADABLE|UNSETTLED")
    calls = {"Verdict", "give", "Finding", "Field", "source_problem", "_problem"}
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            texts = [one.value for one in given if isinstance(one, ast.Constant)]
            codes = {text for text in texts if isinstance(text, str) and pattern.fullmatch(text)}
            if name in calls:
                assert codes <= set(REASONS), f"{path.name}: {codes - set(REASONS)}"


def test_an_unknown_code_still_has_advice() -> None:
    """C26: a code of a later version is shown as it is, with advice that is always right."""
    assert sentence_of("NEW_CODE", "facts") == "NEW_CODE: facts."
    assert "retry" in advice_of("NEW_CODE")
