"""Every remote call of an import goes wrong on the wire, at its first and at its last time.

After it one sentence and the right exit code; after the next clean run both sides are as if nothing
had happened. Time passes in between, and no test waits. What else a call may do wrong, in every
flow, is in `tests/reliability`, without sockets.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.flows.both_sides import both_sides, differences
from tests.flows.office import CONFIG, Office, Outcome
from tests.flows.sights import pass_time, watermark
from tests.sandbox.server import Sandbox

SLOW_DOWN = {
    "x-ratelimit-limit": "200",
    "x-ratelimit-remaining": "0",
    "X-Rate-Limit-Retry-After-Seconds": "30",
}
WRONG: dict[str, dict[str, Any]] = {
    "reset before": {"kind": "reset_before"},
    "reset after": {"kind": "reset_after"},
    "429 with headers": {"kind": "status", "status": 429, "headers": SLOW_DOWN},
    "truncated": {"kind": "truncate"},
}
CALLS: dict[str, tuple[str, str, str]] = {
    "renew access": ("teamleader", "POST", "/oauth2/access_token$"),
    "invoices": ("teamleader", "POST", "/invoices.list$"),
    "credit notes": ("teamleader", "POST", "/creditNotes.list$"),
    "companies": ("teamleader", "POST", "/companies.list$"),
    "contacts": ("teamleader", "POST", "/contacts.list$"),
    "one contact": ("teamleader", "POST", "/contacts.info$"),
    "details": ("teamleader", "POST", "/invoices.info$"),
    "subscription": ("teamleader", "POST", "/subscriptions.info$"),
    "fields": ("teamleader", "POST", "/customFieldDefinitions.list$"),
    "login": ("twikey", "POST", "^/creditor$"),
    "feed": ("twikey", "GET", "^/creditor/invoice$"),
    "methods": ("twikey", "GET", "/payment/methods$"),
    "bulk": ("twikey", "POST", "/invoice/bulk$"),
    "bulk result": ("twikey", "GET", "/invoice/bulk$"),
    "create": ("twikey", "POST", "^/creditor/invoice$"),
    "look up": ("twikey", "GET", "/creditor/invoice/[0-9a-f-]{36}$"),
    "customer": ("twikey", "PATCH", "/customer/"),
}
LISTS = ("invoices", "credit notes", "companies", "contacts")
BIG = ("renew access", "invoices", "credit notes", "login", "feed", "methods", "bulk",
       "bulk result", "customer")  # fmt: skip
SMALL = ("companies", "contacts", "one contact", "details", "subscription", "fields", "create",
         "look up", "customer")  # fmt: skip
# Of a booking: how it came there, and what a later look at Twikey's feed adds.
PASSING = ("tries", "detail", "adopted", "twikey_state", "url", "source_problem")


# ---- two prepared offices


def begin(office: Office, settings: str = "") -> str:
    """Import one invoice, let a day go by, and return its customer; W is five minutes."""
    office.configure(
        CONFIG.replace("settle_after_seconds = 0", "settle_after_seconds = 300") + settings
    )
    customer = office.sandbox.books.new_customer()
    office.sandbox.books.book(customer=customer)
    office.imports(days=30)
    office.imports()
    pass_time(office, days=1)
    return customer


def big(office: Office) -> None:
    """Prepare a scheduled run of 14 bookings, which go in bulk, without access or session."""
    books = office.sandbox.books
    old = begin(office)
    people = [old, books.new_customer("contact"), books.new_customer(), books.new_customer()]
    ids = [books.book(amount=10_000 + n, customer=people[n % 4]) for n in range(13)]
    books.credit(ids[0], 3_000)
    books.edit_customer(old, email="nieuw@voorbeeld.example")
    office.grant(expires_in=-1)
    office.sandbox.twikey.actions["expire_tokens"]()


def small(office: Office) -> None:
    """Prepare a scheduled run of 5 bookings, which go singly, with everything to look up."""
    books = office.sandbox.books
    old = begin(
        office,
        f'[custom_fields]\ninvoice = "{books.definition("invoice")}"\n'
        f'subscription = "{books.definition("subscription")}"\n',
    )
    office.sandbox.twikey.actions["rename_customer"](old, "ABC")
    first = books.book(customer=old)
    books.credit(first, 3_000)
    books.book(customer=books.new_customer("contact"), field_value="1421")
    books.book(
        customer=books.new_customer(), subscription=books.new_subscription(field_value="1422")
    )
    gone = books.new_customer("contact")
    books.book(customer=gone)
    books.delete_customer(gone)


class Bench:
    """One prepared office, put back before every fault; ``calm`` is what a calm run leaves."""

    def __init__(self, office: Office, prepare: Callable[[Office], None]) -> None:
        self.office = office
        prepare(office)
        self.shift = office.clock.shift
        self.kept = office.home.with_name(office.home.name + "-kept")
        shutil.copytree(office.home, self.kept)
        office.forget_calls()
        office.sandbox.control.remember("prepared")
        self.before = self.watermarks()
        self.at_once = (self.run().code, self.sides())
        self.calls = [(c.service, c.method, c.path) for c in office.sandbox.world.journal]
        pass_time_of(office, minutes=20)
        self.calm_outcome = self.run()
        self.calm = self.sides()

    def back(self) -> None:
        """Put both sides back to what was prepared."""
        for path in self.office.home.iterdir():
            path.unlink()
        shutil.copytree(self.kept, self.office.home, dirs_exist_ok=True)
        self.office.sandbox.control.restore("prepared")
        self.office.clock.shift = self.shift

    def run(self) -> Outcome:
        """Run a scheduled import by the command line, where waiting takes no time."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("flows.connection.SystemClock", lambda: self.office.clock)
            return self.office.run("import", "--json")

    def watermarks(self) -> dict[str, Any]:
        """Return how far each list was read."""
        return {name: watermark(self.office, name) for name in LISTS}

    def sides(self) -> dict[str, Any]:
        """Return both sides, less how often something was tried."""
        found = both_sides(self.office.sandbox, self.office.home)
        for booking in found["bookings"].values():
            for name in PASSING:
                booking.pop(name)
        return {name: each for name, each in found.items() if name not in ("seen", "feed")}

    def times(self, name: str) -> int:
        """Return how often the undisturbed run makes a call."""
        service, method, path = CALLS[name]
        return sum(
            (s, m) == (service, method) and re.search(path, p) is not None for s, m, p in self.calls
        )


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Bench]]:
    """Open the two offices."""
    offices = {}
    for name, prepare in (("big", big), ("small", small)):
        sandbox = Sandbox(invoices=0).start()
        home: Path = tmp_path_factory.mktemp(name) / "home"
        home.mkdir()
        office = Office(sandbox, home)
        office.grant()
        offices[name] = Bench(office, prepare)
    yield offices
    for bench in offices.values():
        bench.office.sandbox.stop()


# ---- what must hold after any fault


def spoil(bench: Bench, call: str, wrong: str, nth: int, *, once: bool) -> str:
    """Run with a fault at the nth call (once, or for good), then cleanly; say what is wrong."""
    service, method, path = CALLS[call]
    bench.back()
    bench.office.sandbox.world.fault(
        **WRONG[wrong], service=service, method=method, path=path,
        nth=nth if once else range(nth, nth + 1000),
    )  # fmt: skip
    outcome = bench.run()
    found = [*ending(bench, outcome)]
    if (outcome.code, bench.sides()) != bench.at_once:
        found += recovery(bench, call)
    return "".join(f"\n  {'once' if once else 'for good'} from {nth}: {line}" for line in found[:6])


def ending(bench: Bench, outcome: Outcome) -> Iterator[str]:
    """Say what is wrong with how a spoilt run ended."""
    if "This is a bug" in outcome.err or "Traceback" in outcome.err:
        yield outcome.err
    if outcome.code not in (0, 1, 2):
        yield f"exit code {outcome.code}"
    if outcome.code == 1 and not said(outcome):
        yield f"no sentence with a cure: {outcome.out} {outcome.err}"
    moved = [name for name, at in bench.watermarks().items() if at != bench.before[name]]
    if outcome.code == 1 and "error" in outcome.json and moved:
        yield f"stopped, but the watermarks of {moved} moved"


def said(outcome: Outcome) -> bool:
    """Tell whether what went wrong is said in a sentence, with what to do."""
    told = outcome.json
    if "error" in told:
        return bool(told["sentence"] and told["advice"])
    return bool(told["problems"])


def recovery(bench: Bench, call: str) -> Iterator[str]:
    """Say where a clean run twenty minutes later does not lead to what a calm run leaves.

    An access whose renewal was lost on the way needs a new consent, and a run says so. A bulk at
    which Twikey is still busy when it is asked again is left to one more run.
    """
    office = bench.office
    office.sandbox.world.faults.clear()
    pass_time_of(office, minutes=20)
    office.forget_calls()
    again = bench.run()
    if call == "renew access" and again.code == 1:
        assert again.json["error"] == "Disconnected"
        office.grant()
        again = bench.run()
    if any(call.status == 409 for call in office.calls("twikey", "/creditor/invoice/bulk")):
        again = bench.run()
    if again.code != bench.calm_outcome.code:
        yield f"then exit code {again.code}: {again.out} {again.err}"
    yield from differences(bench.sides(), bench.calm)


def pass_time_of(office: Office, **span: float) -> None:
    """Let time go by on both sides; the access lives on by itself."""
    office.clock.shift += timedelta(**span)
    office.sandbox.world.advance(timedelta(**span).total_seconds())


@pytest.mark.parametrize(
    ("name", "call", "wrong"),
    [
        (name, call, wrong)
        for name, calls in (("big", BIG), ("small", SMALL))
        for call in calls
        for wrong in WRONG
    ],
)
def test_an_import_survives(benches: dict[str, Bench], name: str, call: str, wrong: str) -> None:
    """A fault at the first call of a kind for good, at the last once: a sentence, then the same."""
    bench = benches[name]
    last = bench.times(call)
    assert last, f"the import makes no call to {call}"
    story = spoil(bench, call, wrong, 1, once=False) + spoil(bench, call, wrong, last, once=True)
    assert not story, story
    assert not bench.office.sandbox.world.errors
