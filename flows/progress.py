"""How far a step has come: a living line on a terminal, a plain one every 2 s elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

QUIET_SECONDS = 2.0


class Progress:
    """Tells how far a step has come, on standard error.

    rich is imported only for a terminal: a scheduled idle poll should not pay for it.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._last = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Show one step's progress."""
        if self._stream.isatty():
            self._draw(what, done, total)
        elif time.monotonic() - self._last > QUIET_SECONDS:
            self._stream.write(f"  {what}: {done}" + (f" of {total}\n" if total else "\n"))
            self._stream.flush()
            self._last = time.monotonic()

    def _draw(self, what: str, done: int, total: int | None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        said = f"{what}: {done}" + (f" of {total}" if total else "")
        if self._bar is None:
            columns = (SpinnerColumn(), TimeElapsedColumn(), BarColumn(bar_width=24),
                       TextColumn("{task.description}", markup=False))  # fmt: skip
            self._bar = Progress(*columns, console=Console(file=self._stream), transient=True)
            self._task = self._bar.add_task(said, total=None)
            self._bar.start()
        self._bar.update(self._task, description=said, completed=done, total=total)

    def waiting(self, seconds: float, why: str) -> None:
        """Say that a service makes us wait."""
        if seconds >= QUIET_SECONDS:
            self.close()
            self._stream.write(f"  {why}: waiting {seconds:.0f} s\n")
            self._stream.flush()

    def close(self) -> None:
        """Leave a clean line behind."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
