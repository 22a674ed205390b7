"""A program run as a process of its own on its own core, and what the kernel says it cost."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = {CORES[0]}, {CORES[-1]}
WELCOME = (0, 2)  # exit codes of our verbs that mean the work was done


@dataclass(frozen=True)
class Cost:
    """CPU is user plus system seconds, ``rss_mb`` the peak of memory."""

    cpu: float
    wall: float
    rss_mb: float
    out: str = ""


def python(*arguments: str) -> list[str]:
    """Return the command that runs this interpreter."""
    return [sys.executable, *arguments]


def start(
    command: Sequence[str], environment: Mapping[str, str], cores: set[int] = CLIENT_CORE
) -> subprocess.Popen[str]:
    """Start a program in the root of the repository, on the given cores."""
    clean = {**os.environ, **environment}
    for name in ("PYTHONDONTWRITEBYTECODE", "PREFECT_API_URL", "HTTP_PROXY", "http_proxy"):
        clean.pop(name, None)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # what is started inherits it
    try:
        return subprocess.Popen(
            command, env=clean, cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
    finally:
        os.sched_setaffinity(0, before)


def finish(process: subprocess.Popen[str], began: float) -> Cost:
    """Wait for a program and return what it cost; raises ``RuntimeError`` when it failed."""
    assert process.stdout is not None
    with process.stdout:
        out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in WELCOME:
        raise RuntimeError(f"exit code {process.returncode} of {process.args!r}:\n{out[-3000:]}")
    wall = time.perf_counter() - began
    return Cost(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, out)


def run(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a program to its end."""
    began = time.perf_counter()
    return finish(start(command, environment), began)


def interleaved(rounds: int, **programs: Callable[[], Cost]) -> dict[str, list[Cost]]:
    """Run every program once a round, one after the other, so that a busy spell meets them all."""
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            costs[name].append(program())
    return costs


def median_cpu(costs: Sequence[Cost]) -> float:
    """Return the median CPU seconds."""
    return statistics.median(cost.cpu for cost in costs)


def median_wall(costs: Sequence[Cost]) -> float:
    """Return the median wall-clock seconds."""
    return statistics.median(cost.wall for cost in costs)


def spread(costs: Sequence[Cost]) -> str:
    """Write a median with its extremes: 1.24 s [1.20-1.31]."""
    every = [cost.cpu for cost in costs]
    return f"{statistics.median(every):.2f} s [{min(every):.2f}-{max(every):.2f}]"
