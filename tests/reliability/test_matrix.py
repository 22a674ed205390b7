"""The fault matrix: after any fault at any call, one sentence; after a clean run, the same state.

Here each write meets each fault once and every fifth read does, at the first, middle or last call
in turn, once or from there on. Every cell is run by ``make reliability``, and over real sockets by
``make soak``.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.reliability.bench import Bench, Flow
from tests.reliability.flows import FLOWS
from tests.reliability.matrix import cells, few, spoil
from tests.reliability.table import DOCUMENT, rows_of


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_a_flow_survives(flow: Flow, tmp_path: Path) -> None:
    """No duplicate, no loss, no silence, and the next clean run leaves what a calm one leaves."""
    bench = Bench(flow, tmp_path)
    try:
        wrong = {str(cell): story for cell in few(bench) if (story := spoil(bench, cell))}
        counted = Counter(cell.kind for cell in cells(bench))
    finally:
        bench.close()
    assert not wrong, "\n".join(f"{cell}: {story[:3]}" for cell, story in wrong.items())
    told = {k: n for f, k, n in rows_of(DOCUMENT.read_text(encoding="utf-8")) if f == flow.name}
    assert told == dict(counted), "docs/reliability.md is of another program: make reliability"


def test_the_table_is_of_these_flows() -> None:
    """A flow that is no more is not in the table."""
    told = {flow for flow, _, _ in rows_of(DOCUMENT.read_text(encoding="utf-8"))}
    assert told == {flow.name for flow in FLOWS}
