"""A ledger for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.ledger.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Open an empty ledger in a home of its own."""
    opened = Ledger(tmp_path / "home" / "ledger.db")
    yield opened
    opened.close()
