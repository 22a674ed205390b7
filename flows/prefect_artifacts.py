"""Publishing what a run shows: after the ledger is committed, and never at the run's expense.

Prefect's own helpers wait more than a minute for a server that died, and then fail the run. Here
each call has seconds, the first failure ends the publishing, and a run whose work is done ends well
(decisions 1: every guarantee holds with no Prefect process alive).
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from flows.connection import Connection
from flows.health import health
from flows.views import Artifact, View
from mappings.markdown import masked

SECONDS = 5.0  # for one call
AT_MOST = 15.0  # for all of a run's pages together
UNREACHABLE = (httpx.HTTPError, PrefectException, RuntimeError, OSError, ValueError)
log = logging.getLogger(__name__)


@contextmanager
def quick_client(seconds: float = SECONDS) -> Iterator[SyncPrefectClient]:
    """Open a client of Prefect's API that gives up after seconds instead of minutes."""
    with (
        temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}),
        get_client(sync_client=True, httpx_settings={"timeout": seconds}) as client,
    ):
        yield client


def publish(connection: Connection, view: Callable[[], View]) -> None:
    """Publish the health of a connection and what a run shows; log what fails, raise nothing."""
    try:
        shown = view()
        pages = [_health(connection), *shown.artifacts]
    except Exception:  # a page never fails a run that is done
        log.warning("The pages of this run could not be made", exc_info=True)
        return
    began = time.monotonic()
    try:
        with quick_client() as client:
            if shown.name is not None and flow_run.id is not None:
                client.update_flow_run(UUID(flow_run.id), name=masked(shown.name)[:200])
            for page in pages:
                if time.monotonic() - began > AT_MOST:
                    log.warning("Prefect is too slow: the page %s was left out", page.key)
                    continue
                _publish(client, connection.name, page)
    except UNREACHABLE as error:
        log.warning("The pages of this run were not published: %s", type(error).__name__)


def _health(connection: Connection) -> Artifact:
    return Artifact("health", "Does it run, is it behind, what needs you?", health(connection))


def _publish(client: SyncPrefectClient, connection: str, page: Artifact) -> None:
    key = key_of(page.key, connection)
    body = page.body if isinstance(page.body, str) else json.dumps(page.body)
    if page.standing and _is_published(client, key, body, empty=page.empty):
        return
    kind = "markdown" if isinstance(page.body, str) else "table"
    run = UUID(flow_run.id) if flow_run.id else None
    client.create_artifact(
        ArtifactCreate(key=key, type=kind, description=page.description, data=body, flow_run_id=run)
    )


def _is_published(client: SyncPrefectClient, key: str, body: str, *, empty: bool) -> bool:
    """Tell whether the newest version says the same; nothing to say was never published."""
    newest = client.read_artifacts(
        artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=[key])),
        sort=ArtifactSort.UPDATED_DESC,
        limit=1,
    )
    return newest[0].data == body if newest else empty


def key_of(key: str, connection: str) -> str:
    """Return an artifact's key, with the connection's name when it is not the default one."""
    if connection == "default":
        return key
    return f"{key}-{re.sub('[^a-z0-9]+', '-', connection.lower()).strip('-')}"


class ProgressBar:
    """A progress artifact of a long run: few updates, and none after the first failure."""

    MOST = 60

    def __init__(self) -> None:
        self._id: UUID | None = None
        self._broken = False
        self._next = 0.0
        self._pause = 2.0
        self._left = self.MOST

    def __call__(self, said: str, percent: float) -> None:
        """Show how far a step has come, if it is time to."""
        now = time.monotonic()
        if self._broken or self._left == 0 or (now < self._next and percent < 100):
            return
        self._left -= 1
        self._next, self._pause = now + self._pause, min(self._pause * 1.15, 60.0)
        try:
            self._show(said, percent)
        except UNREACHABLE as error:
            self._broken = True
            log.warning("Progress is shown no longer: %s", type(error).__name__)

    def _show(self, said: str, percent: float) -> None:
        with quick_client() as client:
            if self._id is not None:
                client.update_artifact(self._id, ArtifactUpdate(data=percent, description=said))
                return
            run = UUID(flow_run.id) if flow_run.id else None
            new = ArtifactCreate(
                key="progress", type="progress", description=said, data=percent, flow_run_id=run
            )
            self._id = client.create_artifact(new).id
