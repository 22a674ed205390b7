"""What goes wrong on the way: single faults by chance, and outages that last for hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from connectors.http import Answer, NotSent, _Lost
from tests.sandbox.messages import Headers, Request

LATE = 100.0  # seconds after which a late write is applied: less than the wait W
MOODS = {"calm": (0.0, 0.0), "rough": (0.04, 0.2), "storm": (0.25, 0.4)}  # (reads, writes)
READ_FAULTS = ("cut", "cut", "500", "503", "429", "429 bare", "html", "bad json", "truncated")
WRITE_FAULTS = (
    "lost", "lost", "lost", "late", "late", "cut", "500 after", "500", "html", "bad json", "empty",
    "429", "unsent",
)  # fmt: skip
WRITES = ("registerPayment", "removePayments")
ERASES = "removePayments"  # late, it would wipe what a colleague registers meanwhile


def writes(service: str, request: Request) -> bool:
    """Tell whether a request could change something that matters."""
    if service == "teamleader":
        return request.path.endswith(WRITES)
    return service == "twikey" and request.method != "GET" and request.path != "/creditor"


class Weather:
    """Draws what happens to each exchange; ``handle`` lets the service do its part."""

    def __init__(
        self, world: Any, chance: Random, handle: Callable[[str, Request], Answer],
        figures: Counter[str],
    ) -> None:  # fmt: skip
        self._world = world
        self._chance = chance
        self._handle = handle
        self._figures = figures
        self.mood = "calm"
        self.down: dict[str, tuple[datetime, str]] = {}  # service -> (until when, how it fails)
        self.on_its_way: set[tuple[str, bytes]] = set()  # writes that will be applied late
        self.last = ""

    def clear_up(self) -> None:
        """End everything; what is late arrives."""
        self.mood = "calm"
        self.down.clear()
        self.settle()

    def settle(self) -> None:
        """Let what is late arrive."""
        if self.on_its_way:
            self._world.advance(LATE)

    def outage(self, service: str, hours: float, how: str) -> None:
        """Take a service away for hours: ``unsent``, ``503`` or ``cut``."""
        self.down[service] = (self._world.now() + timedelta(hours=hours), how)
        self._figures["outages"] += 1

    def answer(self, service: str, request: Request) -> Answer:
        """Answer one exchange, or let it fail as the weather is."""
        kind = self._drawn(service, request)
        if kind is None:
            return self._handle(service, request)
        self._figures["faults"] += 1
        self._figures[f"fault: {kind}"] += 1
        self.last = f"{kind} at {request.method} {request.path}"
        return self._spoilt(kind, service, request)

    def _drawn(self, service: str, request: Request) -> str | None:
        host = "teamleader" if service == "documents" else service
        until, how = self.down.get(host, (None, ""))
        if until is not None and self._world.now() < until:
            return how
        changes = writes(service, request)
        reads, changing = MOODS[self.mood]
        if self._chance.random() >= (changing if changes else reads):
            return None
        kind = self._chance.choice(WRITE_FAULTS if changes else READ_FAULTS)
        return "lost" if kind == "late" and request.path.endswith(ERASES) else kind

    def _spoilt(self, kind: str, service: str, request: Request) -> Answer:
        if kind in ("lost", "500 after", "bad json", "empty", "truncated"):
            self._handle(service, request)
        if kind == "late":
            self._apply_later(service, request)
        if kind == "unsent":
            raise NotSent("the service cannot be reached (refused)")
        if kind in ("lost", "late", "cut", "truncated"):
            raise _Lost("the connection broke")
        return _ANSWERS[kind]()

    def _apply_later(self, service: str, request: Request) -> None:
        what = (request.path, request.body)
        self.on_its_way.add(what)

        def arrive() -> None:
            self.on_its_way.discard(what)
            self._handle(service, request)

        self._world.later(LATE, arrive)


def _page(status: int, body: bytes = b"<html>", **headers: str) -> Callable[[], Answer]:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return lambda: Answer(status, Headers(pairs), body)


_ANSWERS = {
    "500": _page(500),
    "500 after": _page(500),
    "503": _page(503),
    "429": _page(429, Retry_After="20"),
    "429 bare": _page(429),
    "html": _page(200),
    "bad json": _page(200, b'{"data":[{"id":'),
    "empty": _page(200, b""),
}
