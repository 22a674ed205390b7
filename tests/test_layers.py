"""The arrows of the layout: flows -> mappings -> connectors.*.records (decisions 1)."""

from __future__ import annotations

import ast
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.office import Office, environment_of

ROOT = Path(__file__).parents[1]
LAYERS = ("connectors", "mappings", "flows")
OURS = (*LAYERS, "tests")
RECORDS = {
    "connectors",
    "connectors.teamleader",
    "connectors.ledger",
    "connectors.ledger.records",
    "connectors.teamleader.records",
    "connectors.twikey",
    "connectors.twikey.records",
}
# A half of twikey.records that an idle poll can have without pydantic; imported through records.
BEHIND_RECORDS = {"connectors.twikey.answers"}
SHOW = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def modules(layer: str) -> list[str]:
    """Return every module of a layer by its full name."""
    found = pkgutil.walk_packages([str(ROOT / layer)], f"{layer}.")
    return [layer, *(module.name for module in found)]


def loaded_by(code: str, environment: dict[str, str] | None = None) -> set[str]:
    """Run code in a fresh Python and return the modules it loaded."""
    command = [sys.executable, "-c", f"{code}\n{SHOW}"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout.splitlines()[-1]))


def loaded_with(layer: str) -> set[str]:
    """Return what importing every module of a layer loads, at first hand or through others."""
    return loaded_by("\n".join(f"import {name}" for name in modules(layer)))


def sources(folder: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the path and the syntax of every file below a folder."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.Module) -> set[str]:
    """Return every module that a file imports, also inside its functions."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def importers_of(package: str) -> set[str]:
    """Return the files of the three layers that import a package."""
    return {
        path
        for layer in LAYERS
        for path, tree in sources(layer)
        if any(name.partition(".")[0] == package for name in imports(tree))
    }


# ---- what is loaded when it runs


def test_mappings_know_records_and_nothing_that_does() -> None:
    """Decisions 1: importing all of mappings loads records: no HTTP, no ledger, no Prefect."""
    loaded = loaded_with("mappings")
    connectors = {name for name in loaded if name.split(".")[0] == "connectors"}
    assert connectors <= RECORDS | BEHIND_RECORDS
    assert not loaded & {"requests", "urllib3", "sqlite_utils", "prefect", "flows"}


def test_connectors_know_nobody() -> None:
    """Decisions 1: importing all of connectors loads neither mappings nor flows nor Prefect."""
    loaded = loaded_with("connectors")
    assert not loaded & {"mappings", "flows", "prefect", "tests"}


def test_nobody_loads_tests_or_the_sandbox() -> None:
    """Decisions 1: the sandbox is not in the wheel, so nothing that runs may need it."""
    chosen = [name for name in modules("flows") if not name.startswith("flows.prefect_")]
    loaded = loaded_by("\n".join(f"import {name}" for name in chosen))
    assert not loaded & {"tests", "pytest", "prefect"}


def test_an_idle_poll_is_light(office: Office) -> None:
    """Decisions 1: a scheduled run without news loads neither pandas nor Prefect nor rich."""
    office.sandbox.books.book()
    office.imports(days=30)
    office.imports()  # reads from the feed what the first run itself made
    office.forget_calls()
    environment = environment_of(office)
    environment.pop("PREFECT_API_URL", None)
    code = "from flows import cli\nassert cli.main(['import', '--json']) == 0"
    loaded = loaded_by(code, environment)
    assert not loaded & {"pandas", "numpy", "prefect", "rich", "sqlite_utils"}
    assert len(office.calls("teamleader")) == 4
    assert len(office.calls("twikey")) <= 1


@pytest.mark.parametrize("verb", ["status", "held", "--help"])
def test_looking_is_light(office: Office, verb: str) -> None:
    """Decisions 1: a look at the ledger loads neither pandas nor Prefect."""
    code = f"from flows import cli\nassert cli.main(['{verb}']) == 0"
    assert not loaded_by(code, environment_of(office)) & {"pandas", "prefect"}


# ---- what is written


@pytest.mark.parametrize("layer", LAYERS)
def test_arrows_point_one_way_inside_functions_too(layer: str) -> None:
    """Decisions 1: late imports follow the arrows as well."""
    allowed = {
        "connectors": {"connectors"},
        "mappings": {"mappings", "connectors"},
        "flows": {"flows", "mappings", "connectors"},
    }[layer]
    for path, tree in sources(layer):
        ours = {name for name in imports(tree) if name.split(".")[0] in OURS}
        assert {name.split(".")[0] for name in ours} <= allowed, path
        if layer == "mappings":
            assert {name for name in ours if name.startswith("connectors")} <= RECORDS, path


def test_the_sandbox_imports_nothing_of_ours() -> None:
    """Decisions 1: a mistake in our records must not be mirrored, and hidden, by the sandbox."""
    for path, tree in sources("tests/sandbox"):
        ours = {name for name in imports(tree) if name.split(".")[0] in OURS}
        assert all(name.startswith("tests.sandbox") for name in ours), path


def test_nothing_is_imported_relatively() -> None:
    """Decisions 1: every import says its full name."""
    for layer in LAYERS:
        for path, tree in sources(layer):
            froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            assert all(node.level == 0 for node in froms), path


def test_one_place_knows_prefect() -> None:
    """Decisions 1: Prefect can be left out by leaving the modules out that carry its name."""
    assert {path for path in importers_of("prefect") if "/prefect_" not in path} == set()


def test_one_place_sends_requests() -> None:
    """Decisions 5: retries live in one layer; PDFs are fetched apart, without our tokens."""
    download = {"connectors/download.py", "connectors/line.py"}
    assert importers_of("requests") - download == {"connectors/http.py"}
    assert importers_of("urllib3") - download == {"connectors/http.py"}


def test_the_ledger_alone_knows_sql() -> None:
    """Decisions 1: nothing outside of connectors/ledger imports a database."""
    users = importers_of("sqlite3") | importers_of("sqlite_utils")
    assert users
    assert all(path.startswith("connectors/ledger/") for path in users)


@pytest.mark.parametrize("layer", ["connectors", "mappings"])
def test_the_environment_is_read_in_flows_alone(layer: str) -> None:
    """Decisions 9: what runs is told by arguments; only flows know the environment."""
    for path, tree in sources(layer):
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not names & {"environ", "getenv"}, path


@pytest.mark.parametrize("layer", ["mappings"])
def test_mappings_know_no_time_of_their_own(layer: str) -> None:
    """Decisions 1: deciding is pure: today is given, never asked of the machine."""
    for path, tree in sources(layer):
        called = {
            node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not called & {"now", "today", "utcnow", "random"}, path
        assert not imports(tree) & {"time", "random", "secrets"}, path
