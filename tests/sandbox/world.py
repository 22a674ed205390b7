"""The world both sandbox services live in: one lock, one clock, one journal, switches and faults.

The services hold their own state; the world knows them as ``teamleader`` and ``twikey`` and can
save and restore everything at once, so that a test starts over without building books again.
"""

import copy
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, RLock
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tests.sandbox.wire import Request, Response

FAULT_KINDS = frozenset(
    {
        "reset_before",  # the connection dies, nothing was handled
        "reset_after",  # handled, then the connection dies without an answer
        "hang",  # silent for `seconds`, or until the client leaves; see `handled`
        "status",  # `status` with `headers` and `content`, nothing was handled
        "status_after",  # handled, then `status` all the same
        "truncate",  # half of the real body, then the connection closes
        "bad_json",  # handled, answered 200 with JSON that breaks off
        "html",  # 200 with an HTML page, nothing was handled
        "empty",  # handled, answered 200 without a body
        "error_header",  # 200 with an ApiErrorCode header, nothing was handled
        "wrong_type",  # handled, answered 200 with valid JSON of an unexpected shape
        "drip",  # handled, the body comes byte by byte over `seconds`
        "delay",  # `seconds` pass, then all is well
        "late",  # the connection dies at once; the service handles it `seconds` later
        "call",  # `action` runs first (insert, edit, delete between two pages), then all is well
    }
)
_HANDLED = FAULT_KINDS - {"reset_before", "status", "html", "error_header", "late"}


class Rules(dict[str, Any]):
    """The switches, read and written as attributes; a name nobody declared is an error."""

    def declare(self, defaults: Mapping[str, Any]) -> None:
        """Add switches with their defaults; a value already set by hand stays."""
        for name, value in defaults.items():
            self.setdefault(name, value)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set several switches; KeyError names the first one that was never declared."""
        for name, value in values.items():
            if name not in self:
                raise KeyError(f"no such rule: {name}")
            self[name] = value

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no such rule: {name}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self.change({name: value})


@dataclass
class Fault:
    """One thing that goes wrong, and when: every match, the nth ones, or the first `times`."""

    kind: str
    service: str | None = None  # "teamleader" or "twikey"; None is both
    method: str | None = None  # "POST", ...
    path: str = ""  # regular expression, searched in the path (no query)
    content: str = ""  # regular expression, searched in the request's body
    nth: int | Iterable[int] | None = None  # which matches, counted from 1; None is all of them
    times: int | None = None  # stop after so many applications; None is for ever
    seconds: float = 1.0  # for hang, drip and delay
    status: int = 500  # for status and status_after
    headers: dict[str, str] = field(default_factory=dict)  # added to the faulty answer
    body: str | None = None  # the faulty answer's body; None is a typical one
    handled: bool | None = None  # does the service see the request? None is what the kind says
    unlocked: bool = False  # handle this request outside the world's lock
    action: Callable[["Request"], object] | None = None  # for call
    seen: int = 0  # matches so far
    applied: int = 0  # applications so far

    def __post_init__(self) -> None:
        """Refuse an unknown kind at once: a misspelt fault would prove nothing."""
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"no such fault: {self.kind}")
        self._nth = (self.nth,) if isinstance(self.nth, int) else tuple(self.nth or ())

    @property
    def reaches_service(self) -> bool:
        """Whether the service handles the request although the answer is spoilt."""
        return self.kind in _HANDLED if self.handled is None else self.handled

    def fires(self, service: str, request: "Request") -> bool:
        """Count a match and say whether this is one to spoil."""
        if self.service not in (None, service) or self.method not in (None, request.method):
            return False
        if not re.search(self.path, request.path):
            return False
        if self.content and not re.search(self.content, request.text()):
            return False
        self.seen += 1
        if self._nth and self.seen not in self._nth:
            return False
        if self.times is not None and self.applied >= self.times:
            return False
        self.applied += 1
        return True


@dataclass
class Call:
    """One request as the journal keeps it; every one is here, also the spoilt ones."""

    service: str
    request: "Request"
    time: datetime
    status: int | None = None  # what went over the wire; None when nothing did
    result: int | None = None  # what the service itself answered; None when it was not asked
    authorised: bool | None = None  # None where a call needs no token
    fault: str | None = None

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.request.method

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.request.path

    @property
    def parameters(self) -> Any:
        """The parsed body: JSON as it is, a form as a dict, else None."""
        return self.request.parameters()

    @property
    def applied(self) -> bool:
        """Whether the service did what was asked, whatever the client got to hear."""
        return self.result is not None and self.result < 400

    def to_json(self) -> dict[str, Any]:
        """The entry as the control API shows it."""
        return {
            "service": self.service,
            "method": self.method,
            "path": self.path,
            "query": self.request.query,
            "parameters": self.parameters,
            "status": self.status,
            "authorised": self.authorised,
            "applied": self.applied,
            "fault": self.fault,
            "time": self.time.isoformat(),
        }


class Service(Protocol):
    """What the world needs of a service half.

    Optional besides: ``snapshot() -> object`` and ``restore(saved)``; without them the world
    deep-copies the attributes of the object.
    """

    actions: dict[str, Callable[..., Any]]

    def handle(self, request: "Request") -> "Response":
        """Answer one request."""
        ...

    def dump(self) -> dict[str, Any]:
        """The whole state as JSON."""
        ...


class World:
    """Everything the two services share."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.closing = Event()  # set when the servers stop, so that a hanging answer ends
        self.rules = Rules()
        self.journal: list[Call] = []
        self.faults: list[Fault] = []
        self.errors: list[str] = []  # tracebacks of the sandbox's own mistakes: must stay empty
        self.latency_ms = 0.0  # added to every answer, outside the lock
        self.teamleader: Any = None
        self.twikey: Any = None
        self._offset = timedelta(0)
        self._frozen: datetime | None = None
        self._later: list[tuple[datetime, Callable[[], object]]] = []

    def now(self) -> datetime:
        """The world's time, UTC: real plus an offset, or frozen."""
        return self._frozen or datetime.now(UTC) + self._offset

    def set_clock(self, moment: datetime) -> None:
        """Let the clock run on from this aware moment."""
        self._frozen, self._offset = None, moment - datetime.now(UTC)

    def freeze(self, moment: datetime | None = None) -> None:
        """Stop the clock at this aware moment, or where it stands."""
        self._frozen = (moment or self.now()).astimezone(UTC)

    def advance(self, seconds: float) -> datetime:
        """Move the clock, frozen or running, and return the new time."""
        if self._frozen is not None:
            self._frozen += timedelta(seconds=seconds)
        else:
            self._offset += timedelta(seconds=seconds)
        self.catch_up()
        return self.now()

    def later(self, seconds: float, work: Callable[[], object]) -> None:
        """Do something once the clock has moved so far: see `catch_up`."""
        self._later.append((self.now() + timedelta(seconds=seconds), work))

    def catch_up(self) -> None:
        """Do what has become due; called when the clock is moved and before every request."""
        if not self._later:
            return
        with self.lock:
            now = self.now()
            due = [work for moment, work in self._later if moment <= now]
            self._later = [(moment, work) for moment, work in self._later if moment > now]
            for work in due:
                work()

    def fault(self, kind: str, **settings: Any) -> Fault:
        """Add a fault and return it, so that a test can ask how often it was applied."""
        added = Fault(kind, **settings)
        self.faults.append(added)
        return added

    def spoil(self, service: str, request: "Request") -> Fault | None:
        """The fault for this request; every fault counts its match, the first one wins."""
        firing = [fault for fault in self.faults if fault.fires(service, request)]
        for later in firing[1:]:
            later.applied -= 1
        return firing[0] if firing else None

    def calls(
        self, service: str | None = None, path: str = "", *, applied: bool | None = None
    ) -> list[Call]:
        """Journal entries of a service whose path matches the regular expression."""
        return [
            call
            for call in self.journal
            if service in (None, call.service)
            and re.search(path, call.path)
            and applied in (None, call.applied)
        ]

    def snapshot(self) -> dict[str, Any]:
        """The whole world as it is now, for `restore`; restoring twice is fine."""
        with self.lock:
            return {
                "clock": (self._offset, self._frozen),
                "rules": dict(self.rules),
                "journal": list(self.journal),
                "faults": [copy.copy(fault) for fault in self.faults],
                "latency_ms": self.latency_ms,
                "services": {
                    name: self._save(service) for name, service in self._services().items()
                },
            }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Put the world back as it was at `snapshot`."""
        with self.lock:
            self._offset, self._frozen = saved["clock"]
            self._later = []
            self.rules.clear()
            self.rules.update(saved["rules"])
            self.journal[:] = saved["journal"]
            self.faults[:] = [copy.copy(fault) for fault in saved["faults"]]
            self.latency_ms = saved["latency_ms"]
            for name, service in self._services().items():
                if name in saved["services"]:
                    self._load(service, saved["services"][name])

    def _services(self) -> dict[str, Any]:
        both = {"teamleader": self.teamleader, "twikey": self.twikey}
        return {name: service for name, service in both.items() if service is not None}

    def _save(self, service: Any) -> Any:
        if hasattr(service, "snapshot"):
            return service.snapshot()
        return self._copied(vars(service), service)

    def _load(self, service: Any, saved: Any) -> None:
        if hasattr(service, "restore"):
            service.restore(saved)
            return
        vars(service).clear()
        vars(service).update(self._copied(saved, service))

    def _copied(self, state: dict[str, Any], service: Any) -> dict[str, Any]:
        stays: dict[int, Any] = {id(part): part for part in (self, self.lock, self.rules, service)}
        return copy.deepcopy(state, stays)
