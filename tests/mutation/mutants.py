"""The mutants of a module: every change of every piece of its code, in a fixed order."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.mutation.changes import Change, changes_of
from tests.mutation.statements import is_sql

ROOT = Path(__file__).parents[2]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BODIES = ("body", "orelse", "finalbody", "handlers")
# What guards the programmer, as types do: no run of the program can tell whether it is there.
SHAPE = ("frozen", "slots", "kw_only", "strict")


class Place(NamedTuple):
    """Where a node stands: in which field of which parent, function and lines."""

    parent: ast.AST
    field: str
    at: int | None
    function: str
    lines: tuple[int, int] | None  # of the statement; None: it runs when the module is loaded


class Mutant(NamedTuple):
    """One changed module: ``number`` is its rank among all the mutants of the module."""

    module: str
    number: int
    line: int
    lines: tuple[int, int] | None
    key: str  # names the mutant also after lines moved


def path_of(module: str) -> Path:
    """Return the file of a module."""
    return ROOT / f"{module.replace('.', '/')}.py"


def mutants_of(module: str) -> list[Mutant]:
    """Return every mutant of a module."""
    tree = ast.parse(path_of(module).read_text(encoding="utf-8"))
    seen: Counter[str] = Counter()
    found = []
    for number, (node, place, change) in enumerate(_all(tree)):
        name = f"{module}.{place.function}" if place.function else module
        key = f"{name}: {change.kind}: {change.before} -> {change.after}"
        seen[key] += 1
        key += f" #{seen[key]}" if seen[key] > 1 else ""
        line = getattr(node, "lineno", place.lines[0] if place.lines else 1)
        found.append(Mutant(module, number, line, place.lines, key))
    return found


def changed(module: str, number: int) -> ast.Module:
    """Return the syntax of a module with one change made."""
    tree = ast.parse(path_of(module).read_text(encoding="utf-8"))
    for rank, (_, place, change) in enumerate(_all(tree)):
        if rank == number:
            if place.at is None:
                setattr(place.parent, place.field, change.node)
            else:
                getattr(place.parent, place.field)[place.at] = change.node
            return ast.fix_missing_locations(tree)
    raise LookupError(f"{module} has no mutant {number}")


def _all(tree: ast.Module) -> Iterator[tuple[ast.AST, Place, Change]]:
    for node, place in _nodes(tree, "", None):
        for change in changes_of(node):
            yield node, place, change


def _nodes(
    node: ast.AST, function: str, lines: tuple[int, int] | None
) -> Iterator[tuple[ast.AST, Place]]:
    """Walk in order; leave out types, imports, docstrings and texts put together."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "type_comment", "names"):
            continue
        rows = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for at, child in rows:
            if not isinstance(child, ast.AST) or _is_skipped(node, child):
                continue
            inner, span = _where(child, function, lines)
            yield child, Place(node, name, at, inner, span)
            yield from _nodes(child, inner, span)


def _is_skipped(parent: ast.AST, child: ast.AST) -> bool:
    """Tell whether a node is none that a change would tell anything about."""
    if isinstance(child, ast.Import | ast.ImportFrom):
        return True
    if isinstance(child, ast.keyword) and child.arg in SHAPE:
        return True
    if isinstance(child, ast.Subscript) and ast.unparse(child.value) == "Literal":
        return True
    is_text = isinstance(child, ast.Constant) and isinstance(child.value, str)
    if is_text and isinstance(parent, ast.Expr):
        return True
    if is_text and isinstance(parent, ast.JoinedStr):
        assert isinstance(child, ast.Constant)
        return not is_sql(str(child.value))
    return isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)


def _where(
    node: ast.AST, function: str, lines: tuple[int, int] | None
) -> tuple[str, tuple[int, int] | None]:
    """Return the function and the lines to which what stands in a node belongs."""
    if isinstance(node, FUNCTIONS):
        inside = f"{function}.{node.name}" if function else node.name
        return inside, (node.body[0].lineno, node.end_lineno or node.lineno)
    if isinstance(node, ast.ClassDef):
        return (f"{function}.{node.name}" if function else node.name), None
    if lines is None or not isinstance(node, ast.stmt | ast.ExceptHandler):
        return function, lines
    inner = [
        each.lineno
        for name in BODIES
        for each in getattr(node, name, [])
        if isinstance(each, ast.stmt | ast.ExceptHandler)
    ]
    end = min(inner) - 1 if inner else node.end_lineno or node.lineno
    return function, (node.lineno, max(node.lineno, end))
