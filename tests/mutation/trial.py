"""One trial: a forked process loads the changed module and runs the tests that were chosen."""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tests.mutation.mutants import ROOT, Mutant, changed, path_of

QUIET = (
    "-q", "-p", "no:cacheprovider", "--hypothesis-seed=1",
    "-W", "ignore::pytest.PytestAssertRewriteWarning",  # of plugins that the parent has loaded
)  # fmt: skip
PLAIN = "tests/mappings/"  # tests of pure functions: no office, no sandbox, no fixture of ours
NOTICED, MISSED, ENDLESS, UNASKED = "noticed", "missed", "endless", "unreached"


class ChangedLoader(importlib.machinery.SourceFileLoader):
    """Loads one module from changed syntax instead of its file."""

    def __init__(self, mutant: Mutant) -> None:
        super().__init__(mutant.module, str(path_of(mutant.module)))
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        """Return the changed code."""
        tree = changed(self._mutant.module, self._mutant.number)
        return compile(tree, self.path, "exec", dont_inherit=True)


class ChangedFinder(importlib.abc.MetaPathFinder):
    """Finds the changed module before its file is found."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Answer for the one module only."""
        if fullname != self._mutant.module:
            return None
        return importlib.util.spec_from_loader(fullname, ChangedLoader(self._mutant))


class Chosen:
    """A plugin of pytest that runs the chosen tests only, in the order of the choice."""

    def __init__(self, tests: list[str]) -> None:
        self._rank = {test: rank for rank, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave the others out."""
        items[:] = [item for item in items if item.nodeid in self._rank]
        items.sort(key=lambda item: self._rank[item.nodeid])


class Child:
    """A forked process, its end awaited without blocking."""

    def __init__(self, work: Callable[[Path], int], seconds: float) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="mutation-"))
        self._until = time.monotonic() + seconds
        self._pid = os.fork()
        if self._pid == 0:
            self._live(work)

    def _live(self, work: Callable[[Path], int]) -> None:
        code = 3
        try:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(nothing, stream)
            os.environ["TMPDIR"] = tempfile.tempdir = str(self._place)
            code = work(self._place)
        finally:
            os._exit(code)

    def ended(self) -> int | None:
        """Return its exit code; -9 when its time ran out; None while it runs."""
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if pid:
            self._clear()
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() < self._until:
            return None
        self._clear()
        os.waitpid(self._pid, 0)
        return -signal.SIGKILL

    def _clear(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        shutil.rmtree(self._place, ignore_errors=True)


def run_tests(places: list[str], plugin: object, basetemp: Path, *more: str) -> int:
    """Run pytest here, in a child; return its exit code."""
    os.chdir(ROOT)
    return int(pytest.main([*QUIET, f"--basetemp={basetemp / 't'}", *more, *places], [plugin]))


def tried(mutant: Mutant, tests: list[str], seconds: float) -> Child:
    """Start the trial of one mutant."""

    def work(place: Path) -> int:
        sys.meta_path.insert(0, ChangedFinder(mutant))
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        plain = ["--noconftest"] if all(name.startswith(PLAIN) for name in files) else []
        return run_tests(files, Chosen(tests), place, "-x", *plain)

    return Child(work, seconds)


def verdict(code: int) -> str:
    """Say what an exit code tells of the mutant."""
    if code == 0:
        return MISSED
    if code == -signal.SIGKILL:
        return ENDLESS
    return UNASKED if code == pytest.ExitCode.NO_TESTS_COLLECTED else NOTICED
