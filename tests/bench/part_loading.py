"""Loading about 1,000 invoices at 50 ms latency against the official client, one by one.

Twice: with customers that Twikey knows already, and with new ones, which also get their default
profile (one call each, that the official client's script leaves out).
"""

import json
from statistics import median
from typing import Any

from tests.bench.costs import python, run
from tests.bench.place import Place, place
from tests.bench.rows import Row, Say

INVOICES = 1_180  # about 1,000 of them are to be sent
LATENCY = 50.0
LOADING = ("update customers", "decide and send", "set up new customers")


def measure(say: Say, *, rounds: int, scale: float) -> list[Row]:
    """Measure the wall clock of the load alone: deciding, sending, default profiles."""
    rows = []
    with place(int(INVOICES * scale)) as here:
        _enter_customers(here, say)
        rows += _compare(here, say, "known", rounds, must=30)
    with place(int(INVOICES * scale)) as here:
        rows += _compare(here, say, "new", rounds, must=None)
    return rows


def _compare(here: Place, say: Say, customers: str, rounds: int, must: float | None) -> list[Row]:
    known = {"BENCH_KNOWN": "1"} if customers == "known" else {}
    ours = [_ours(here, say) for _ in range(rounds)]
    sent, seconds = ours[0]["sent"], median(each["load"] for each in ours)
    say(f"the official client creates {sent}, about {sent * 0.055:.0f} s ...")
    official = json.loads(_run(here, "tests.bench.official_load", known))
    every = median(each["all"] for each in ours)
    title = f"{sent:,} invoices of {customers} customers"
    note = (
        f"ours {seconds:.2f} s with {ours[0]['calls']} calls, official client"
        f" {official['seconds']:.1f} s with {official['sent']:,}; whole import {every:.2f} s"
    )
    what = f"loading {title} at {LATENCY:.0f} ms, times faster"
    ratio = official["seconds"] / seconds
    return [Row("loading", what, ratio, must=must, at_least=True, note=note)]


def _ours(here: Place, say: Say) -> dict[str, Any]:
    found = json.loads(_run(here, "tests.bench.our_steps", {}, "load"))
    seconds = found["seconds"]
    load = sum(seconds[step] for step in LOADING)
    say(f"ours sent {found['sent']} in {load:.2f} s, {found['twikey_calls']} calls to Twikey")
    return {
        "sent": found["sent"], "load": load, "all": seconds["all"], "calls": found["twikey_calls"],
    }  # fmt: skip


def _run(here: Place, module: str, extra: dict[str, str], *arguments: str) -> str:
    environment = {**here.anew(latency_ms=LATENCY), **extra}
    out = run(python("-m", module, *arguments), environment).out
    return out.strip().splitlines()[-1]


def _enter_customers(here: Place, say: Say) -> None:
    """Let Twikey know every customer already, as after years of invoices typed by hand."""
    customers = here.look("teamleader")["customers"]
    for place_, customer in enumerate(customers):
        here.act(
            "twikey/enter_by_hand", number=f"OLD-{place_}", amount=10.0,
            customer={"customerNumber": customer["id"], "companyName": "Old friend"},
        )  # fmt: skip
    here.act("snapshot", name="new")
    say(f"{len(customers)} customers are known to Twikey")
