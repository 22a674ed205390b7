"""Fixtures that every test may use."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.flows.office import Office
from tests.in_memory import use_memory
from tests.sandbox.server import Sandbox

# Started in the background of a shell without job control, Ctrl-C is ignored, here and by every
# program that the tests start; those that are to be stopped by it are started as from a terminal.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

use_memory()

# The longest files, in seconds of one core: begun first, so that no core idles at the end.
LONGEST = (
    "test_follow_up_property", "test_payments_killed", "test_killed", "test_matrix",
    "test_processes", "test_faults", "test_demo", "_weeks",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; all others stay in their order."""
    items.sort(key=lambda item: not any(item.path.stem.endswith(name) for name in LONGEST))


def pytest_collection_finish() -> None:
    """Let the collector pass over what stays, and come less often: a fifth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture
def open_office(tmp_path: Path) -> Iterator[Callable[..., Office]]:
    """Open offices on sandboxes of their own: ``open_office(invoices=0, **rules)``."""
    with ExitStack() as stack:

        def open_one(invoices: int = 0, *, connected: bool = True, **options: Any) -> Office:
            sandbox = stack.enter_context(Sandbox(invoices=invoices, **options))
            home = tmp_path / f"home-{len(list(tmp_path.iterdir()))}"
            home.mkdir(mode=0o700)
            office = Office(sandbox, home)
            if connected:
                office.grant()
            return office

        yield open_one


@pytest.fixture
def office(open_office: Callable[..., Office]) -> Office:
    """Open an office with empty books, connected."""
    return open_office()
