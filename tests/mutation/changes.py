"""The changes: what a slip of the pen would make of one piece of Python.

Each change is small and plausible: a limit off by one, a comparison turned round, a condition
that always holds, a call that is left out, a code that is another. Texts for people are not
changed: tests of their own pin them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.mutation.statements import is_sql, statements

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
SUMS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


class Change(NamedTuple):
    """One change: its kind, the node that comes instead, and how both read."""

    kind: str
    node: ast.AST
    before: str
    after: str


def shown(node: ast.AST) -> str:
    """Return a node as source on one line, cut to what fits."""
    line = " ".join(ast.unparse(node).split())
    return line if len(line) <= 90 else f"{line[:87]}..."


def _change(kind: str, old: ast.AST, new: ast.AST) -> Change:
    ast.copy_location(new, old)
    return Change(kind, new, shown(old), shown(new))


def _compare(node: ast.Compare) -> Iterator[Change]:
    for at, sign in enumerate(node.ops):
        for other in COMPARISONS[type(sign)]:
            signs = [*node.ops[:at], other(), *node.ops[at + 1 :]]
            yield _change("comparison", node, ast.Compare(node.left, signs, node.comparators))


def _both(node: ast.BoolOp) -> Iterator[Change]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield _change("and/or", node, ast.BoolOp(other, node.values))
    if len(node.values) > 2:
        for at in range(len(node.values)):
            rest = [*node.values[:at], *node.values[at + 1 :]]
            yield _change("and/or", node, ast.BoolOp(node.op, rest))


def _turned(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield _change("not", node, node.operand)
    elif isinstance(node.op, ast.USub):
        yield _change("sign", node, node.operand)


def _sum(node: ast.BinOp) -> Iterator[Change]:
    other = SUMS.get(type(node.op))
    texts = [isinstance(side, ast.JoinedStr) for side in (node.left, node.right)]
    if other is not None and not any(texts):
        yield _change("sum", node, ast.BinOp(node.left, other(), node.right))


def _constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield _change("constant", node, ast.Constant(not value))
    elif isinstance(value, int):
        yield _change("constant", node, ast.Constant(value + 1))
    elif isinstance(value, str) and is_sql(value):
        for before, after, whole in statements(value):
            yield Change("SQL", ast.copy_location(ast.Constant(whole), node), before, after)
    elif isinstance(value, str) and value and " " not in value:
        yield _change("code", node, ast.Constant(f"{value}X"))


def _returned(node: ast.Return) -> Iterator[Change]:
    if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
        return
    yield _change("return", node, ast.Return(ast.Constant(None)))
    if isinstance(node.value, ast.Compare | ast.BoolOp | ast.Call):
        turned = ast.copy_location(ast.UnaryOp(ast.Not(), node.value), node.value)
        if isinstance(node.value, ast.BoolOp):
            yield _change("return", node, ast.Return(turned))


def _condition(node: ast.If | ast.IfExp | ast.While) -> Iterator[Change]:
    for value in (True, False):
        if isinstance(node, ast.While) and value:
            continue
        always = ast.copy_location(ast.Constant(value), node.test)
        new: ast.AST
        if isinstance(node, ast.IfExp):
            new = ast.IfExp(always, node.body, node.orelse)
        else:
            new = type(node)(always, node.body, node.orelse)
        before = f"if {shown(node.test)}"
        yield Change("condition", ast.copy_location(new, node), before, f"if {value}")


def _filter(node: ast.comprehension) -> Iterator[Change]:
    for at, test in enumerate(node.ifs):
        rest = [*node.ifs[:at], *node.ifs[at + 1 :]]
        new = ast.comprehension(node.target, node.iter, rest, node.is_async)
        yield Change("filter", new, f"if {shown(test)}", "no filter")


def _set(node: ast.Set) -> Iterator[Change]:
    for at in range(len(node.elts)):
        if len(node.elts) > 1:
            rest = [*node.elts[:at], *node.elts[at + 1 :]]
            yield _change("set", node, ast.Set(rest))


def _left_out(node: ast.stmt) -> Iterator[Change]:
    yield Change("left out", ast.copy_location(ast.Pass(), node), shown(node), "pass")


def _called(node: ast.Expr) -> Iterator[Change]:
    if isinstance(node.value, ast.Call):
        yield from _left_out(node)


CHANGES: dict[type[ast.AST], Callable[[Any], Iterator[Change]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _both,
    ast.UnaryOp: _turned,
    ast.BinOp: _sum,
    ast.Constant: _constant,
    ast.Return: _returned,
    ast.If: _condition,
    ast.IfExp: _condition,
    ast.While: _condition,
    ast.comprehension: _filter,
    ast.Set: _set,
    ast.Expr: _called,
    ast.AugAssign: _left_out,
    ast.Raise: _left_out,
    ast.Continue: _left_out,
    ast.Break: _left_out,
}


def changes_of(node: ast.AST) -> Iterator[Change]:
    """Yield every change of one node, always in the same order."""
    found = CHANGES.get(type(node))
    if found is not None:
        yield from found(node)
