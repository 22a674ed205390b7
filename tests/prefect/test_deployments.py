"""prefect.yaml: only what Prefect reads, flows that exist, their parameters, times that parse."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from connectors.errors import UsageWrong

ROOT = Path(__file__).parents[2]
DEPLOYMENT_KEYS = {
    "name", "entrypoint", "description", "tags", "parameters", "concurrency_limit", "schedules",
    "work_pool",
}  # fmt: skip
ALONE = {"limit": 1, "collision_strategy": "CANCEL_NEW", "grace_period_seconds": 60}
DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text())[
    "deployments"
]
each_deployment = pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda d: str(d["name"]))


def flow_of(deployment: dict[str, Any]) -> Any:
    """Return the flow that a deployment names."""
    module, _, name = deployment["entrypoint"].rpartition(".")
    return getattr(importlib.import_module(module), name)


def test_the_file_has_only_keys_that_prefect_reads() -> None:
    """Prefect ignores a misspelt key without a word, so the keys of the file are known here."""
    whole = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    assert set(whole) == {"name", "pull", "definitions", "deployments"}
    assert whole["pull"] == []
    names = [deployment["name"] for deployment in DEPLOYMENTS]
    assert names == ["import", "backfill", "follow-up", "customers", "reconcile"]


@each_deployment
def test_a_deployment_has_only_keys_that_prefect_reads(deployment: dict[str, Any]) -> None:
    """A misspelt `schedules` would deploy happily and never run; a pool's, or a limit's, too."""
    assert DEPLOYMENT_KEYS - {"schedules"} <= set(deployment) <= DEPLOYMENT_KEYS
    assert deployment["concurrency_limit"] == ALONE
    pool = deployment["work_pool"]
    assert set(pool) == {"name", "work_queue_name", "job_variables"}
    assert set(pool["job_variables"]) == {"stream_output", "env"}
    assert pool["job_variables"]["stream_output"] is False
    assert {"teamleader", "twikey"} <= set(deployment["tags"])


@each_deployment
def test_a_schedule_parses_and_survives_being_deployed_again(deployment: dict[str, Any]) -> None:
    """With a slug and without `active`, what an operator paused stays paused."""
    from prefect.client.schemas.schedules import CronSchedule

    for schedule in deployment.get("schedules", []):
        assert set(schedule) == {"cron", "timezone", "slug"}
        assert ZoneInfo(schedule["timezone"]).key == schedule["timezone"]
        parsed = CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
        assert parsed.timezone == schedule["timezone"]
        assert re.fullmatch("[a-z-]+", schedule["slug"])


@each_deployment
def test_a_deployment_gives_parameters_that_its_flow_takes(deployment: dict[str, Any]) -> None:
    """Default parameters are the flow's own and of its types; no write is ever retried."""
    found = flow_of(deployment)
    assert found.validate_parameters({**_defaults(found), **deployment["parameters"]})
    assert found.retries in (0, None)
    assert not found.persist_result


def _defaults(found: Any) -> dict[str, Any]:
    return {name: each.get("default") for name, each in found.parameters.properties.items()}


@each_deployment
def test_every_parameter_is_explained_in_the_form(deployment: dict[str, Any]) -> None:
    """The form of the Run button says of each field what it is."""
    for name, field in flow_of(deployment).parameters.properties.items():
        assert field.get("description"), name


@each_deployment
def test_a_served_deployment_is_the_same(deployment: dict[str, Any]) -> None:
    """`serve` takes schedules, parameters and limits from the same file."""
    from flows.prefect_serve import served

    made: Any = served(deployment)
    assert made.entrypoint == deployment["entrypoint"]
    assert made.parameters == deployment["parameters"]
    assert made.concurrency_limit == 1
    assert made.concurrency_options.collision_strategy == "CANCEL_NEW"
    crons = [(s.schedule.cron, s.schedule.timezone, s.slug) for s in made.schedules or []]
    wanted = [(s["cron"], s["timezone"], s["slug"]) for s in deployment.get("schedules", [])]
    assert crons == wanted


@pytest.mark.parametrize(
    "text", ["", "deployments: 3", "deployments: [{}]", "a: [", "deployments:"]
)
def test_a_file_that_is_none_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    """Anything but a file of deployments is one sentence."""
    from flows.prefect_serve import declared

    path = tmp_path / "prefect.yaml"
    path.write_text(text)
    with pytest.raises(UsageWrong, match=r"is not a file of Prefect deployments"):
        declared(path)
    with pytest.raises(UsageWrong, match="cannot be read"):
        declared(tmp_path / "none.yaml")


def test_a_deployment_of_no_flow_is_refused_in_a_sentence() -> None:
    """An entrypoint that does not exist names its deployment."""
    from flows.prefect_serve import served

    with pytest.raises(UsageWrong, match="nightly cannot be served"):
        served({"name": "nightly", "entrypoint": "flows.nowhere.flow"})


def test_the_wheel_carries_the_deployments(tmp_path: Path) -> None:
    """`serve` works from a wheel as from a checkout: there is one truth."""
    pytest.importorskip("hatchling")
    code = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        assert opened.read("flows/prefect.yaml") == (ROOT / "prefect.yaml").read_bytes()
