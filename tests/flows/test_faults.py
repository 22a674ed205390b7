"""Every remote call of an import goes wrong in every way, at its first and at its last time.

After it one sentence and the right exit code; after the next clean run both sides are as if nothing
had happened. Time passes in between, and no test waits.
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

HTML = "<html><body><h1>Bad gateway</h1></body></html>"
SLOW_DOWN = {
    "x-ratelimit-limit": "200",
    "x-ratelimit-remaining": "0",
    "X-Rate-Limit-Retry-After-Seconds": "30",
}
WRONG: dict[str, dict[str, Any]] = {
    "reset before": {"kind": "reset_before"},
    "reset after": {"kind": "reset_after"},
    "500": {"kind": "status", "status": 500},
    "502 with HTML": {"kind": "status", "status": 502, "body": HTML},
    "500 although done": {"kind": "status_after", "status": 500},
    "429": {"kind": "status", "status": 429, "body": ""},
    "429 with headers": {"kind": "status", "status": 429, "headers": SLOW_DOWN},
    "truncated": {"kind": "truncate"},
    "bad JSON": {"kind": "bad_json"},
    "HTML": {"kind": "html"},
    "empty": {"kind": "empty"},
    "error header": {"kind": "error_header"},
    "wrong type": {"kind": "wrong_type"},
}
CALLS: dict[str, tuple[str, str, str, str]] = {
    "renew access": ("teamleader", "POST", "/oauth2/access_token$", ""),
    "invoices": ("teamleader", "POST", "/invoices.list$", ""),
    "credit notes": ("teamleader", "POST", "/creditNotes.list$", ""),
    "companies": ("teamleader", "POST", "/companies.list$", ""),
    "contacts": ("teamleader", "POST", "/contacts.list$", ""),
    "one contact": ("teamleader", "POST", "/contacts.info$", ""),
    "details": ("teamleader", "POST", "/invoices.info$", ""),
    "subscription": ("teamleader", "POST", "/subscriptions.info$", ""),
    "fields": ("teamleader", "POST", "/customFieldDefinitions.list$", ""),
    "login": ("twikey", "POST", "^/creditor$", ""),
    "feed": ("twikey", "GET", "^/creditor/invoice$", ""),
    "methods": ("twikey", "GET", "/payment/methods$", ""),
    "bulk": ("twikey", "POST", "/invoice/bulk$", ""),
    "bulk result": ("twikey", "GET", "/invoice/bulk$", ""),
    "create": ("twikey", "POST", "^/creditor/invoice$", ""),
    "look up": ("twikey", "GET", "/creditor/invoice/[0-9a-f-]{36}$", ""),
    "customer": ("twikey", "PATCH", "/customer/", ""),
}
LISTS = ("invoices", "credit notes", "companies", "contacts")
BIG = ("renew access", *LISTS, "one contact", "details", "subscription", "fields", "login", "feed",
       "methods", "bulk", "bulk result", "customer")  # fmt: skip
SMALL = ("create", "look up", "customer", "feed")
# Of a booking: how it came there, and what a later look at Twikey's feed adds.
PASSING = ("tries", "detail", "adopted", "twikey_state", "url", "source_problem")


# ---- two prepared offices


def big(office: Office) -> None:
    """Prepare a scheduled run of 14 bookings, which go in bulk, with everything to look up."""
    books = office.sandbox.books
    fields = (
        f'[custom_fields]\ninvoice = "{books.definition("invoice")}"\n'
        f'subscription = "{books.definition("subscription")}"\n'
    )
    office.configure(
        CONFIG.replace("settle_after_seconds = 0", "settle_after_seconds = 300") + fields
    )
    old = books.new_customer()
    books.book(customer=old)
    office.imports(days=30)
    office.imports()
    pass_time(office, minutes=20)
    office.grant(expires_in=-1)
    office.sandbox.twikey.actions["expire_tokens"]()
    people = [old, books.new_customer("contact"), books.new_customer(), books.new_customer()]
    ids = [books.book(amount=10_000 + n, customer=people[n % 4]) for n in range(10)]
    books.book(customer=people[1], field_value="1421")
    books.book(customer=people[2], subscription=books.new_subscription(field_value="1422"))
    gone = books.new_customer("contact")
    books.book(customer=gone)
    books.delete_customer(gone)
    books.credit(ids[0], 3_000)
    books.edit_customer(old, email="nieuw@voorbeeld.example")


def small(office: Office) -> None:
    """Prepare a scheduled run of 4 bookings, which go singly, one for a renamed customer."""
    books = office.sandbox.books
    office.configure(CONFIG.replace("settle_after_seconds = 0", "settle_after_seconds = 300"))
    old = books.new_customer()
    books.book(customer=old)
    office.imports(days=30)
    office.imports()
    pass_time(office, minutes=20)
    office.sandbox.twikey.actions["rename_customer"](old, "ABC")
    first = books.book(customer=old)
    books.credit(first, 3_000)
    for kind in ("contact", "company"):
        books.book(customer=books.new_customer(kind))


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
        self.run()
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
        service, method, path, _ = CALLS[name]
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


def spoil(bench: Bench, call: str, wrong: str, nth: int | None, *, once: bool) -> str:
    """Run with a fault at the nth time of a call (once, or from then on), then cleanly."""
    story = f"{wrong} at {call} {nth} {'once' if once else 'and after'}"
    service, method, path, _ = CALLS[call]
    bench.back()
    bench.office.sandbox.world.fault(
        **WRONG[wrong], service=service, method=method, path=path,
        nth=nth if once or nth is None else range(nth, nth + 1000),
    )  # fmt: skip
    outcome = bench.run()
    return story + check_outcome(bench, outcome, call)


def check_outcome(bench: Bench, outcome: Outcome, call: str) -> str:
    """Return what is wrong with how a spoilt run ended, and with the clean run after it."""
    wrong = []
    if "This is a bug" in outcome.err or "Traceback" in outcome.err:
        wrong.append(outcome.err)
    if outcome.code not in (0, 1, 2):
        wrong.append(f"exit code {outcome.code}")
    if outcome.code == 1 and not said(outcome):
        wrong.append(f"no sentence with a cure: {outcome.out} {outcome.err}")
    moved = {name for name, at in bench.watermarks().items() if at != bench.before[name]}
    if outcome.code == 1 and "error" in outcome.json and moved:
        wrong.append(f"stopped, but {moved} moved")
    bench.office.sandbox.world.faults.clear()
    pass_time_of(bench.office, minutes=20)
    again = bench.run()
    if again.code != bench.calm_outcome.code:
        wrong.append(f"then exit code {again.code}: {again.out} {again.err}")
    return "".join(f"\n  {line}" for line in [*wrong, *differences(bench.sides(), bench.calm)][:6])


def pass_time_of(office: Office, **span: float) -> None:
    """Let time go by on both sides; the access lives on by itself."""
    office.clock.shift += timedelta(**span)
    office.sandbox.world.advance(timedelta(**span).total_seconds())


def said(outcome: Outcome) -> bool:
    """Tell whether what went wrong is said in a sentence, with what to do."""
    told = outcome.json
    if "error" in told:
        return bool(told["sentence"] and told["advice"])
    return bool(told["problems"])


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    ("name", "call"), [("big", c) for c in BIG] + [("small", c) for c in SMALL]
)
def test_an_import_survives(benches: dict[str, Bench], name: str, call: str, wrong: str) -> None:
    """Every fault at the first and last such call, once and for good: a sentence, then the same."""
    bench = benches[name]
    last = bench.times(call)
    assert last, f"the import makes no call to {call}"
    stories = [
        spoil(bench, call, wrong, 1, once=False),
        spoil(bench, call, wrong, last, once=True),
    ]
    if last > 1:
        stories.append(spoil(bench, call, wrong, last, once=False))
    assert not [story for story in stories if "\n" in story], "\n".join(stories)
    assert not bench.office.sandbox.world.errors
