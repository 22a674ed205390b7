"""Which test reaches which line: one run of the tests, watched, without any change."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

from tests.mutation.mutants import ROOT, path_of

CODE = ("mappings", "connectors", "flows", "tests/sandbox")


class Reach(NamedTuple):
    """One test: how long it took while watched, and the lines it ran of each module."""

    seconds: float
    lines: dict[str, set[int]]


class Watch:
    """A plugin of pytest that notes the lines of some modules, test by test."""

    def __init__(self, modules: list[str]) -> None:
        self._files = {str(path_of(module)): module for module in modules}
        self._lines: dict[str, set[int]] = {}
        self._passed: set[str] = set()
        self.failed: list[str] = []
        self.found: dict[str, Reach] = {}

    def _enter(self, frame: FrameType, event: str, _: Any) -> Any:
        module = self._files.get(frame.f_code.co_filename)
        if module is None:
            return None
        lines = self._lines.setdefault(module, set())

        def follow(frame: FrameType, event: str, _: Any) -> Any:
            if event == "line":
                lines.add(frame.f_lineno)
            return follow

        return follow(frame, event, None)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Watch one test with its fixtures."""
        self._lines = {}
        begun = time.monotonic()
        threading.settrace(self._enter)
        sys.settrace(self._enter)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            if item.nodeid in self._passed:
                lines = {module: set(found) for module, found in self._lines.items()}
                self.found[item.nodeid] = Reach(time.monotonic() - begun, lines)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep tests that pass: one that fails unchanged would notice everything."""
        if report.when == "call" and report.passed:
            self._passed.add(report.nodeid)
        if report.failed:
            self.failed.append(report.nodeid)


def write(watch: Watch, path: Path) -> None:
    """Write what was seen, from the child that watched."""
    plain = {
        test: [reach.seconds, {module: sorted(each) for module, each in reach.lines.items()}]
        for test, reach in watch.found.items()
    }
    path.write_text(json.dumps([plain, watch.failed]), encoding="utf-8")


# ---- kept from run to run


class Kept:
    """What was seen of each file of tests, as long as neither it nor the program changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self._files: dict[str, dict[str, Any]] = found
        code = sha256()
        for place in CODE:
            for one in sorted((ROOT / place).rglob("*.py")):
                code.update(one.read_bytes())
        self._code = code

    def _digest(self, file: str) -> str:
        both = self._code.copy()
        both.update((ROOT / file).read_bytes())
        return both.hexdigest()

    def missing(self, files: list[str]) -> list[str]:
        """Return the files whose tests have to be watched."""
        return [one for one in files if self._files.get(one, {}).get("of") != self._digest(one)]

    def add(self, files: list[str], seen: Path) -> None:
        """Take over what was seen of some files."""
        found, failed = json.loads(seen.read_text(encoding="utf-8"))
        for file in files:
            self._files[file] = {
                "of": self._digest(file),
                "tests": {test: one for test, one in found.items() if _is_of(test, file)},
                "failed": [test for test in failed if _is_of(test, file)],
            }
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps(self._files), encoding="utf-8")

    def reach(self, files: list[str]) -> tuple[dict[str, Reach], list[str]]:
        """Return what the tests of some files reach, and those that fail unchanged."""
        kept = [self._files[file] for file in files]
        found = {
            test: Reach(seconds, {module: set(each) for module, each in lines.items()})
            for one in kept
            for test, (seconds, lines) in one["tests"].items()
        }
        return found, [test for one in kept for test in one["failed"]]


def _is_of(test: str, file: str) -> bool:
    return test.partition("::")[0] == file
