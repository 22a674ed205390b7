"""Each cell: one flow, one kind of call, one fault, one place; what must hold during and after.

A run is spoilt, then clean runs follow, twenty minutes apart. The spoilt run ends with a known exit
code and, where that is 1, one sentence and its cure; no invariant is broken at that moment; after
two clean runs at the most both sides are what a calm run leaves (reliability I2, I15).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.flows.both_sides import differences
from tests.flows.office import Outcome
from tests.reliability.bench import Bench
from tests.reliability.kinds import BURST, FAULTS, FOR_GOOD, kind_of, positions, writes
from tests.reliability.sides import sides, violations
from tests.sandbox.world import Call, Fault

MOST_CLEAN_RUNS = 2
SAYING = ("error", "problems", "notes", "alerts", "remarks", "waiting")


class Stated(NamedTuple):
    """What a lying answer, or a lost one, may leave for good.

    ``leaves`` are the places of both sides that may differ then, and nothing else may; ``told``
    says that some run must have noted or alerted it.
    """

    kind: str
    faults: tuple[str, ...]
    leaves: tuple[str, ...]
    why: str
    told: bool = True
    flow: str = ""

    def is_of(self, flow: str, cell: Cell) -> bool:
        """Tell whether it is about a cell of a flow."""
        return cell.kind == self.kind and cell.fault in self.faults and self.flow in ("", flow)


STATED = (
    Stated(
        "Twikey POST /invoice/ID/action", tuple(FAULTS),
        ("/invitations", "/mails", "/alerts", "/invoices in Twikey"),
        "an invitation leaves at most once: without a plain answer a person decides",
    ),
    Stated(
        "Twikey PATCH /customer/ID", ("error header",),
        ("/customers", "/alerts", "/invoices in Twikey"),
        "a refusal is final, and told",
    ),
    Stated(
        "Twikey PATCH /customer/ID", ("wrong type", "empty", "invalid JSON"),
        ("/customers", "/invoices in Twikey"),
        "a 200 in place of the refusal that a customer is not known by that number", told=False,
    ),
    Stated(
        "Teamleader POST /invoices.info",
        ("invalid JSON", "wrong type", "error header", "empty", "HTML"),
        ("/invoices in Twikey",),
        "a credit note does not wait for its invoice, which is held; it crosses without its number",
    ),
    Stated(
        "Twikey PUT /invoice/ID (pdf)", ("error header",),
        ("/invoices in Twikey", "/documents", "/alerts"),
        "a refusal is final, and told",
    ),
    Stated(
        "Twikey GET /invoice/ID", ("empty",),
        ("/invoices in Twikey", "/marked paid", "/payment events", "/alerts", "/bookings"),
        "an empty 200 is how Twikey says that it has no such thing (API reference 2.6)",
        flow="follow-up, money",
    ),
    Stated(
        "Twikey GET /invoice/ID", ("invalid JSON", "wrong type", "error header", "HTML"),
        ("/invoices in Twikey", "/marked paid", "/payment events", "/alerts"),
        "what cannot be read is alerted, and asked for again the next day",
        flow="follow-up, money",
    ),
    Stated(
        "Twikey GET /invoice/ID", ("empty",),
        ("/customers", "/invoices in Twikey", "/deleted in Twikey", "/removed", "/bookings",
         "/alerts"),
        "an empty 200 is how Twikey says that it has no such thing (API reference 2.6)",
        told=False,
    ),
)  # fmt: skip


class Cell(NamedTuple):
    """One way in which a flow is disturbed; ``at`` counts the calls of the kind from 1."""

    kind: str
    fault: str
    place: str
    at: int
    lasting: bool

    def __str__(self) -> str:
        """Say it in a line."""
        how = "from there on" if self.lasting else "once"
        return f"{self.kind}, {self.fault}, {self.place} call (no. {self.at}), {how}"


def cells(bench: Bench) -> Iterator[Cell]:
    """Yield every cell of a flow: what it calls is what its calm run called."""
    for kind, times in bench.calls.items():
        for fault in FAULTS:
            for place, at in positions(times).items():
                for lasting in (False, True):
                    yield Cell(kind, fault, place, at, lasting)


def few(bench: Bench) -> Iterator[Cell]:
    """Yield one cell of each write with each fault, and of every fifth read, places in turn."""
    pairs: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells(bench):
        pairs.setdefault((cell.kind, cell.fault), []).append(cell)
    turn = 0
    for count, ((kind, _), choice) in enumerate(pairs.items()):
        if writes(kind) or count % 5 == 0:
            yield choice[turn % len(choice)]
            turn += 1


class OfKind(Fault):
    """A fault for the calls of one kind."""

    def __init__(self, cell: Cell) -> None:
        burst = BURST if FAULTS[cell.fault].get("status") == 429 else 1
        many = FOR_GOOD if cell.lasting else burst
        super().__init__(**FAULTS[cell.fault], nth=range(cell.at, cell.at + many))
        self.headers = dict(self.headers)
        self._kind = cell.kind

    def fires(self, service: str, request: Any) -> bool:
        """Count a match and say whether this is one to spoil."""
        if kind_of(Call(service, request, None)) != self._kind:  # type: ignore[arg-type]  # no time
            return False
        return super().fires(service, request)


def spoil(bench: Bench, cell: Cell) -> list[str]:
    """Run with one fault, then cleanly; return what is wrong, nothing when the cell holds."""
    bench.back()
    world = bench.sandbox.world
    fault = OfKind(cell)
    world.faults.append(fault)
    outcome = bench.run()
    found = [] if fault.applied else ["the fault was never met"]
    found += [*_ending(bench, outcome), *violations(bench.office)]
    left = sides(bench.office)
    if left != bench.calm[0]:
        found += _silence(bench, outcome)
        world.faults.clear()
        found += _recovery(bench, cell, outcome)
    return found + world.errors


def _ending(bench: Bench, outcome: Outcome) -> Iterator[str]:
    """Say what is wrong with how a run ended."""
    printed = outcome.out + outcome.err
    if "This is a bug" in printed or "Traceback" in printed:
        yield printed
        return
    if outcome.code not in (0, 1, 2):
        yield f"exit code {outcome.code}: {printed}"
    try:
        told = outcome.json
    except ValueError:
        yield f"no JSON: {printed}"
        return
    if outcome.code == 1 and not _told(told):
        yield f"exit code 1 without a sentence and a cure: {told}"
    parts = ("sent", "known", "skipped", "held")
    counted = all(part in told for part in ("read", *parts))
    if counted and told["read"] != sum(told[part] for part in parts):
        yield f"read is not sent + known + skipped + held: {told}"


def _told(told: dict[str, Any]) -> bool:
    if "error" in told:
        return bool(told["sentence"] and told["advice"])
    return bool(told["problems"])


def _says(outcome: Outcome) -> bool:
    told = outcome.json
    return any(told.get(name) for name in SAYING)


def _silence(bench: Bench, outcome: Outcome) -> Iterator[str]:
    """Say when a run that did less than a calm one reports exactly what a calm one reports."""
    if {**outcome.json, "calls": None} == {**bench.outcome.json, "calls": None}:
        yield "it did not do what a calm run does, and reported the same"


def _recovery(bench: Bench, cell: Cell, spoilt: Outcome) -> Iterator[str]:
    """Run cleanly until both sides are what a calm run leaves; say what still differs."""
    wrong: list[str] = []
    told = _says(spoilt)
    for after in range(1, MOST_CLEAN_RUNS + 1):
        bench.wait()
        again = bench.run()
        if again.code == 1 and again.json.get("error") == "Disconnected":
            bench.office.grant()  # a renewal that was lost on the way costs one consent (B4, P10)
            again = bench.run()
        yield from _ending(bench, again)
        yield from violations(bench.office)
        told = told or _says(again)
        wrong = differences(sides(bench.office), bench.calm[after])
        if not wrong:
            return
    stated = next((one for one in STATED if one.is_of(bench.flow.name, cell)), None)
    if stated is not None:
        if stated.told and not told:
            yield "nothing was told of it"
        wrong = [line for line in wrong if not line.startswith(stated.leaves)]
    if not wrong:
        return
    yield from wrong[:6]
    yield f"exit codes {spoilt.code}, then {again.code}"
