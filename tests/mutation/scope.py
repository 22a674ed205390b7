"""What is changed, and which tests are asked: the deciding, and the ledger's protocol."""

from __future__ import annotations

from tests.mutation.mutants import ROOT

# The protocol of the ledger: what must not be lost or done twice is decided by its SQL.
PROTOCOL = (
    "crossing", "intents", "unsettled", "window", "runs", "payments", "reversals", "lock", "undo",
    "tombstones", "invitations",
)  # fmt: skip
# Whole runs on the sandbox that ask the ledger, in-process; the killed ones are processes.
RUNS = ("import", "payments", "reversals", "undo", "invitations")
# Money and identity: sampled three times as closely as the rest of the mappings.
CLOSELY = (
    "amounts", "numbers", "bookings", "profiles", "netting", "markers", "payments", "guards",
    "rules", "verdicts", "credits", "money_events", "existing", "recognised",
)  # fmt: skip
MAPPINGS = "tests/mappings"
LEDGER = "tests/connectors/ledger"


def modules() -> list[str]:
    """Return every module that is changed."""
    found = sorted((ROOT / "mappings").glob("*.py"))
    mappings = [f"mappings.{path.stem}" for path in found if path.stem != "__init__"]
    return [*mappings, *(f"connectors.ledger.{name}" for name in PROTOCOL)]


def share(module: str, sample: int) -> int:
    """Return how many mutants of a module a sample of this size takes."""
    layer, _, name = module.rpartition(".")
    parts = 2 if layer != "mappings" else 3 if name in CLOSELY else 1
    return max(1, sample * parts // 3)


def tests_for(module: str) -> list[str]:
    """Return the files and folders of tests that are asked about a module."""
    if module.startswith("mappings."):
        return [MAPPINGS]
    return [LEDGER, *(f"tests/flows/test_{name}.py" for name in RUNS)]


def all_tests(chosen: list[str]) -> list[str]:
    """Return the files of tests for several modules, each once."""
    places = dict.fromkeys(place for module in chosen for place in tests_for(module))
    found: list[str] = []
    for place in places:
        path = ROOT / place
        files = sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
        found += [str(one.relative_to(ROOT)) for one in files]
    return found
