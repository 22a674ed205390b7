"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.flows.office import Office
from tests.sandbox.server import Sandbox


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
