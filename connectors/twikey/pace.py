"""When the next call to Twikey may leave (API reference 1.8, 1.12).

Most calls are free. Some, such as an invoice's details, have a budget per minute that their answers
announce; those slow down to one a second when little of it is left, so that no 429 is ever caused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

from connectors.clock import Clock
from connectors.http import Answer

LOW = 10  # calls left in this minute, of a budget that seems to be 60
SECONDS_BETWEEN = 1.0
UNANNOUNCED_WAIT = 30.0  # the example of Twikey's own contract
LONGEST_WAIT = 86_400.0


class TwikeyPace:
    """The ``Pace`` of Twikey; calls with a budget are sent inside ``budgeted()``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._budgeted = False
        self._remaining: int | None = None
        self._last = float("-inf")

    @contextmanager
    def budgeted(self) -> Iterator[None]:
        """Mark the calls inside as belonging to the rate-limited ones (API reference 1.12)."""
        self._budgeted = True
        try:
            yield
        finally:
            self._budgeted = False

    def before(self) -> None:
        """Block until one more call may leave."""
        if self._budgeted and self._remaining is not None and self._remaining < LOW:
            wait = self._last + SECONDS_BETWEEN - self._clock.monotonic()
            if wait > 0:
                self._clock.sleep(wait)

    def after(self, answer: Answer | None) -> None:
        """Remember how much of the budget an answer leaves."""
        if not self._budgeted:
            return
        self._last = self._clock.monotonic()
        remaining = answer.headers.get("X-Rate-Limit-Remaining", "") if answer is not None else ""
        if re.fullmatch(r"\d{1,9}", remaining):
            self._remaining = int(remaining)

    def wait_for(self, answer: Answer) -> float:
        """Return the seconds (1 to a day) that a 429 asks for; 30 when it does not say."""
        for name in ("X-Rate-Limit-Retry-After-Seconds", "Retry-After"):
            seconds = self._seconds(answer.headers.get(name, "").strip())
            if seconds is not None:
                return min(max(seconds, 1.0), LONGEST_WAIT)
        return UNANNOUNCED_WAIT

    def _seconds(self, text: str) -> float | None:
        if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text):
            return float(text)
        try:
            until = parsedate_to_datetime(text)
            return (until - self._clock.now()).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
