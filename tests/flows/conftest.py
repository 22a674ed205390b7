"""Fixtures of the acceptance scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.office import Office
from tests.flows.post_office import PostOffice, certificate_file, mailing, opened
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


@pytest.fixture
def post(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostOffice]:
    """Open a mail server with STARTTLS and a login, whose certificate is trusted here."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate_file(tmp_path)))
    office = PostOffice()
    controller = opened(office, folder=tmp_path)
    yield office
    controller.stop()


@pytest.fixture
def mailer(november: Office, post: PostOffice) -> Office:
    """Open an office on the common ground that mails its summaries."""
    mailing(november, post)
    return november
