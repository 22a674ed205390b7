"""What is in docs/deploy can be used as it stands: files that fit together, commands that run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.arguments import all_verbs
from flows.secrets import Secrets
from tests.flows.office import Office, environment_of

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "docs" / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
CRONTAB = (DEPLOY / "crontab.example").read_text(encoding="utf-8")
PROGRAM = "/opt/teamleader-twikey/.venv/bin/teamleader-twikey"
SERVICE_KEYS = {
    "image", "build", "restart", "init", "environment", "volumes", "healthcheck", "entrypoint",
    "command", "ports", "depends_on", "stop_grace_period", "env_file",
}  # fmt: skip


def run_with(office: Office, script: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell against an office, with the program of this checkout."""
    program = shlex.join([sys.executable, "-m", "flows.cli"])
    environment = {**environment_of(office), "PROGRAM": program, "PATH": "/usr/bin:/bin"}
    environment.pop("PREFECT_API_URL", None)
    return subprocess.run(
        ["/bin/sh", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


# ---- cron and systemd


def cron_lines() -> list[str]:
    """Return the commands of the crontab, as cron hands them to the shell."""
    lines = [one for one in CRONTAB.splitlines() if re.match(r"[*\d]", one)]
    assert all(re.match(r"(\S+ ){5}", one) for one in lines)
    assert not any("%" in one for one in lines)  # cron would end the line there
    return [one.split(maxsplit=5)[5] for one in lines]


def commands() -> Iterator[list[str]]:
    """Yield the arguments of every command line of ours in the crontab and the services."""
    for line in cron_lines():
        yield shlex.split(line.partition("$PROGRAM")[2].partition("2>&1")[0])
    for unit in UNITS:
        for found in re.findall(r"^ExecStart=(.+)$", unit.read_text(), re.M):
            program, *arguments = shlex.split(found)
            assert program == PROGRAM
            yield arguments


def test_every_scheduled_command_can_be_typed_and_runs(office: Office) -> None:
    """The command lines of crontab and units do their work on the sandbox."""
    office.sandbox.books.book()
    office.imports(days=30)
    found = list(commands())
    assert sorted(found) == sorted([["import"], ["follow-up", "--scheduled"]] * 2)
    for arguments in found:
        assert all_verbs().parse_args(arguments).verb == arguments[0]
        assert office.run(*arguments).code == 0


def test_cron_is_silent_when_all_is_well_and_speaks_when_not(office: Office) -> None:
    """Exit codes 0, 2 and 3 are no mail from cron; 1 is, with the sentence and the cure."""
    office.sandbox.books.book(currency="USD")
    first, follow_up = cron_lines()
    log = "logger() { cat > /dev/null; }; "
    office.imports(days=30)
    for line in (first, follow_up):
        done = run_with(office, log + line)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    (office.home / "config.toml").unlink()
    failed = run_with(office, log + first)
    assert failed.returncode == 1
    assert "teamleader-twikey init" in failed.stdout


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_takes_the_units_and_knows_when_they_run(tmp_path: Path) -> None:
    """The units verify, and each timer has a next run; only the program is elsewhere."""
    assert {unit.suffix for unit in UNITS} == {".service", ".timer"}
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    files = [str(tmp_path / unit.name) for unit in UNITS]
    said = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *files],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (said.returncode, said.stderr) == (0, "")
    for unit in UNITS:
        for when in re.findall(r"^OnCalendar=(.+)$", unit.read_text(), re.M):
            subprocess.run(
                ["systemd-analyze", "calendar", when], capture_output=True, timeout=60, check=True
            )


# ---- containers


def instructions(name: str) -> list[str]:
    """Return the instructions of one kind in the Dockerfile, continued lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{name}\s+(.+)$", joined, re.M)


def test_the_image_is_made_of_what_is_there() -> None:
    """Every file that is copied exists, and nothing that the wheel needs is left out."""
    copied = [one.split() for one in instructions("COPY") if not one.startswith("--from")]
    sources = {source for *found, _ in copied for source in found}
    assert all((ROOT / source).exists() for source in sources)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert {
        *packages,
        "pyproject.toml",
        "requirements.lock",
        project["project"]["readme"],
    } <= sources


def test_the_image_stops_at_once_and_is_nobody_special() -> None:
    """Exec form, so that TERM arrives; its own user; a command that exists."""
    (entry,), (command,) = instructions("ENTRYPOINT"), instructions("CMD")
    assert yaml.safe_load(entry) == ["teamleader-twikey"]
    assert all_verbs().parse_args(yaml.safe_load(command)).verb == "status"
    assert instructions("USER") == ["job"]
    assert "SECRET" not in DOCKERFILE + " ".join(instructions("ENV"))


def test_the_services_fit_together() -> None:
    """Known keys only, volumes and conditions that exist, no secret in the file."""
    services = COMPOSE["services"]
    assert set(services) == {"database", "server", "deploy", "worker"}
    for service in services.values():
        assert set(service) <= SERVICE_KEYS
        assert service["restart"] in ("unless-stopped", "no")
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[needed]
        assert service.get("entrypoint", ["x"])[0] in ("x", "prefect", "sh")
    assert "/api/ready" in str(services["server"]["healthcheck"])
    build = services["worker"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()


def test_the_example_names_every_variable_that_is_asked_for() -> None:
    """What compose wants is in the example, and the program knows all the rest."""
    given = re.findall(r"^(\w+)=$", (DEPLOY / ".env.example").read_text(), re.M)
    asked = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    assert asked <= set(given)
    assert {name.lower() for name in set(given) - asked} <= set(Secrets.model_fields)


# ---- the versions


def test_prefect_comes_with_what_it_works_with() -> None:
    """Newer FastAPI keeps its server from starting, newer SQLAlchemy its scheduler."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert any(one.startswith("sqlalchemy") and one.endswith("<2.1") for one in wanted)
    assert any(one.startswith("fastapi") and "<0.151" in one for one in wanted)
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "requirements.lock").read_text(), re.M))
    assert locked["SQLAlchemy"].startswith("2.0.")


def test_the_version_is_printed(office: Office) -> None:
    """Part 4: `--version` says which version is installed, with exit code 0."""
    done = office.run("--version")
    assert done.code == 0
    assert re.fullmatch(r"teamleader-twikey (\d+\.\d+\.\d+\S*|\(not installed.*\))\n", done.out)
