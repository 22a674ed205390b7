"""One Prefect server for all tests of this folder; the environment of a deployed run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flows.office import Office
from tests.prefect.place import POOL, Prefect, opened_prefect


@pytest.fixture(scope="session")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """Start the server, make the pool and deploy all: the order of the operating guide."""
    with opened_prefect(tmp_path_factory.mktemp("prefect")) as opened:
        opened.command("work-pool", "create", POOL, "--type", "process")
        opened.deploy()
        yield opened


@pytest.fixture
def under_prefect(
    prefect: Prefect, office: Office, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """Open an office whose environment a deployment would have, for flows in this process."""
    for name, value in {**office.environment, **prefect.settings}.items():
        monkeypatch.setenv(name, value)
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        PREFECT_LOGGING_TO_API_ENABLED,
        PREFECT_SERVER_EPHEMERAL_ENABLED,
        temporary_settings,
    )

    with temporary_settings(
        {
            PREFECT_API_URL: prefect.url,
            PREFECT_SERVER_EPHEMERAL_ENABLED: False,
            PREFECT_LOGGING_TO_API_ENABLED: False,
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        }
    ):
        yield office
