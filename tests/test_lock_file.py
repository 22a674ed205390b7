"""The exact versions: every dependency is pinned, everything imported is there, nothing is idle.

Whether a version has a known flaw is asked by `make audit`, which needs the internet.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
Environment = dict[str, str]  # of markers: "python_version": "3.13"
LAYERS = ("connectors", "flows", "mappings")
PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.+!]+)")
# Named for their version alone, or imported through somebody who names them.
ONLY_PINNED = {"fastapi", "sqlalchemy"}
BEHIND = {"numpy": "pandas", "urllib3": "requests", "httpx": "prefect"}
INSTALLER = {"pip"}  # is there before anything else
RUN_NOT_IMPORTED = {"mypy", "pandas-stubs", "pytest-xdist", "ruff"}
APART = {"singer-sdk", "dlt"}  # rivals of the benchmark, in an environment of their own


@cache
def pins() -> dict[str, Version]:
    """Return the lock: name -> version; every line must be a pin."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").split("\n")
    found: dict[str, Version] = {}
    for line in filter(None, lines):
        pin = PIN.fullmatch(line)
        assert pin, f"not name==version: {line!r}"
        name = canonicalize_name(pin.group(1))
        assert name not in found, f"pinned twice: {name}"
        found[name] = Version(pin.group(2))
    return found


def declared() -> dict[str, list[Requirement]]:
    """Return what pyproject.toml asks for: to run, to work on it, and for other Pythons."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    asked = {"run": project["project"]["dependencies"], "work": groups["dev"]}
    asked["elsewhere"] = groups["elsewhere"]
    return {purpose: [Requirement(one) for one in all_] for purpose, all_ in asked.items()}


@cache
def imported(*folders: str) -> frozenset[str]:
    """Return the distributions that the files below some folders import."""
    names: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {one.name.split(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").split(".")[0])
    others = names - set(sys.stdlib_module_names) - {*LAYERS, "tests", "__future__"}
    whose = packages_distributions()
    return frozenset(canonicalize_name(whose.get(name, [name])[0]) for name in others) - APART


def needs(name: str, seen: set[str], where: Environment) -> Iterator[str]:
    """Yield a distribution and all that it needs somewhere, each once."""
    if name in seen:
        return
    seen.add(name)
    yield name
    try:
        found = requires(name) or []
    except PackageNotFoundError:
        return
    for one in map(Requirement, found):
        if one.marker is None or one.marker.evaluate({**where, "extra": ""}):
            yield from needs(canonicalize_name(one.name), seen, where)


def test_every_line_pins_one_version_exactly() -> None:
    """Supply chain: name==version and nothing else: no range, no address, no file, no option."""
    assert len(pins()) > 50


@pytest.mark.parametrize("purpose", ["run", "work", "elsewhere"])
def test_the_lock_holds_what_is_asked_for(purpose: str) -> None:
    """Supply chain: each direct dependency is pinned, within the range that we give it."""
    for asked in declared()[purpose]:
        version = pins().get(canonicalize_name(asked.name))
        assert version is not None, f"{asked.name} is not in the lock: `make lock`"
        assert version in asked.specifier, f"{asked.name} {version} is not {asked.specifier}"


@pytest.mark.parametrize("system", ["linux", "darwin"])
@pytest.mark.parametrize("python", ["3.11.0", "3.11.2", "3.11.3", "3.12.0", "3.13.0", "3.14.0"])
def test_the_lock_holds_what_those_need(python: str, system: str) -> None:
    """Supply chain: nothing is left to be chosen at the moment of installing, on any Python."""
    where: Environment = {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_version": python,
        "sys_platform": system,
        "platform_system": system.capitalize(),
    }
    everything = [one for purpose in declared().values() for one in purpose]
    names = [canonicalize_name(one.name) for one in everything]
    wanted = {each for name in names for each in needs(name, set(), where)}
    assert sorted(wanted - set(pins()) - INSTALLER) == []


def test_the_lock_holds_what_is_imported() -> None:
    """Supply chain: whatever any file imports comes from a pinned version."""
    assert sorted(imported(*LAYERS, "tests") - set(pins())) == []


def test_what_runs_is_asked_for_by_name() -> None:
    """Supply chain: the product imports its direct dependencies, and what stands behind them."""
    direct = {canonicalize_name(one.name) for one in declared()["run"]}
    assert sorted(imported(*LAYERS) - direct - set(BEHIND)) == []
    for name, through in BEHIND.items():
        assert name in set(needs(through, set(), {})), f"{through} no longer brings {name}"


def test_no_dependency_is_idle() -> None:
    """Supply chain: what nobody imports is not asked for."""
    asked = {why: {canonicalize_name(one.name) for one in all_} for why, all_ in declared().items()}
    assert sorted(asked["run"] - imported(*LAYERS) - ONLY_PINNED) == []
    idle = asked["work"] - imported("tests") - RUN_NOT_IMPORTED
    assert sorted(name for name in idle if not name.startswith("types-")) == []
