"""Which test reaches which line: one run of the tests, watched, without any change."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

from tests.mutation.mutants import path_of


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
            if item.nodeid in self._passed and self._lines:
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


def read(path: Path) -> tuple[dict[str, Reach], list[str]]:
    """Read what a watched run saw, and the tests that failed in it."""
    plain, failed = json.loads(path.read_text(encoding="utf-8"))
    found = {
        test: Reach(seconds, {module: set(each) for module, each in lines.items()})
        for test, (seconds, lines) in plain.items()
    }
    return found, failed
