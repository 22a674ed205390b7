"""The deployments of prefect.yaml in one process, for those who want no pool and no worker.

There is one truth: schedules, parameters, limits and descriptions are read from the file that
`prefect deploy --all` reads; the wheel carries a copy of it beside this module.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import TerminationSignal
from prefect.runner import Runner
from prefect.schedules import Cron, Schedule
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
from prefect.types.entrypoint import EntrypointType

from connectors.errors import UsageWrong
from flows.prefect_command_line import require_server
from flows.screen import Screen

HERE = "http://127.0.0.1:4200/api"
FILE = "prefect.yaml"
OURS = "flows."
AT_ONCE = 5


def deployments_file() -> Path:
    """Return the file of the checkout, or the copy in the wheel."""
    beside = Path(__file__).with_name(FILE)
    return beside if beside.exists() else Path(__file__).parents[1] / FILE


def declared(path: Path) -> list[dict[str, Any]]:
    """Return the deployments of a file as they are written; ``UsageWrong`` if it cannot be read."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
        deployments = found["deployments"]
        _ = [(each["name"], each["entrypoint"]) for each in deployments]
    except OSError as error:
        raise UsageWrong(f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError):
        raise UsageWrong(f"{path} is not a file of Prefect deployments") from None
    return list(deployments)


def served(deployment: Mapping[str, Any]) -> RunnerDeployment:
    """Turn one deployment of the file into one that is served; it knows no pool."""
    module, _, name = deployment["entrypoint"].rpartition(".")
    if not module.startswith(OURS):
        raise UsageWrong(f"{deployment['name']}: {module} is not a module of this program")
    try:
        found: Flow[Any, Any] = getattr(importlib.import_module(module), name)
        limit = deployment.get("concurrency_limit")
        made = found.to_deployment(
            deployment["name"],
            description=deployment.get("description"),
            tags=deployment.get("tags"),
            parameters=deployment.get("parameters") or {},
            schedules=[scheduled(each) for each in deployment.get("schedules", [])],
            concurrency_limit=ConcurrencyLimitConfig(**limit) if limit else None,
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise UsageWrong(f"the deployment {deployment['name']} cannot be served: {error}") from None
    assert isinstance(made, RunnerDeployment)  # noqa: S101 - sync here, Prefect also types async
    return made


def scheduled(schedule: Mapping[str, Any]) -> Schedule:
    """Turn one schedule of the file into Prefect's own."""
    return Cron(
        schedule["cron"],
        timezone=schedule.get("timezone"),
        slug=schedule.get("slug"),
        parameters=schedule.get("parameters"),
    )


def serve(path: Path | None, screen: Screen) -> int:
    """Serve until Ctrl-C or SIGTERM; raises ``NoPrefectServer`` when there is none to serve on.

    What is paused in Prefect's pages stays paused, and nothing is paused on leaving.
    """
    deployments = declared(path or deployments_file())
    with temporary_settings({PREFECT_API_URL: PREFECT_API_URL.value() or HERE}):
        url = require_server()
        os.environ.update(get_current_settings().to_environment_variables(exclude_unset=True))
        chosen = [served(each) for each in deployments]
        _tell(deployments, url.removesuffix("/api"), screen)
        _run(chosen)
    return 0


def _run(chosen: list[RunnerDeployment]) -> None:
    runner = Served(pause_on_shutdown=False, limit=AT_ONCE)
    for each in chosen:
        runner.add_deployment(each)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` leaves it ignored
    with suppress(KeyboardInterrupt, TerminationSignal):
        asyncio.run(runner.start())


class Served(Runner):
    """Prefect's runner, which on SIGTERM leaves as it does on Ctrl-C: its own way is broken."""

    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        """Leave in order."""
        signal.raise_signal(signal.SIGINT)


def _tell(deployments: list[dict[str, Any]], url: str, screen: Screen) -> None:
    """Say what is served, when, and where to look."""
    width = max(len(each["name"]) for each in deployments)
    screen.machine(
        {"serving": [each["name"] for each in deployments], "pages": f"{url}/v2/dashboard"}
    )
    screen.line(f"Serving {len(deployments)} deployments; Ctrl-C ends it.")
    for each in deployments:
        times = [f"{s['cron']} ({s.get('timezone', 'UTC')})" for s in each.get("schedules", [])]
        screen.line(f"  {each['name']:{width}}  {', '.join(times) or 'by hand, with Run'}")
    screen.line(f"Pages: {url}/v2/dashboard and {url}/v2/artifacts")
    screen.flush()
