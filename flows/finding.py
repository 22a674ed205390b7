"""What a probe of ``check`` finds, and what the probes know of each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from connectors.teamleader.records import Booking, Department, FieldDefinition
from flows.connection import Connection

State = Literal["ok", "warns", "fails"]


@dataclass(frozen=True)
class Finding:
    """What one probe found, and what to do about it."""

    probe: str
    state: State
    sentence: str
    cure: str = ""


@dataclass
class Books:
    """What the Teamleader probes read, for the probes that compare."""

    departments: list[Department] = field(default_factory=list)
    recent: list[Booking] = field(default_factory=list)
    fields: list[FieldDefinition] = field(default_factory=list)


Probe = Callable[[Connection, Books], Iterator[Finding]]
