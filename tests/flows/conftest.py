"""Fixtures of the acceptance scenarios."""

from __future__ import annotations

import pytest

from tests.flows.office import Office
from tests.flows.scenes import OpenOffice, book_100, in_november


@pytest.fixture
def november(open_office: OpenOffice) -> Office:
    """Open an office on the common ground of the scenarios, with nothing booked yet."""
    return in_november(open_office)


@pytest.fixture
def holding(november: Office) -> Office:
    """Open an office in which "2024 / 100" crossed and "2024 / 101" is held: it is in dollars."""
    book_100(november)
    book_100(november, number="2024 / 101", currency="USD")
    november.imports(days=30)
    return november
