"""The same invoices created singly and in bulk, intents and outcomes included, in milliseconds.

Prints one line of JSON: [how many, singly, in bulk] for each of ``BENCH_COUNTS``.
"""

import json
import os
import time
from statistics import median
from uuid import uuid4

from connectors.ledger.crossing import Crossing
from connectors.teamleader.records import Booking, Page
from connectors.twikey.records import NewCustomer, NewInvoice
from flows import apply
from flows.connection import Connection
from flows.run import Run, at_work

DAY = "2026-01-05"
NEVER = 1_000_000


def _both(run: Run, count: int) -> tuple[list[Crossing], list[NewInvoice]]:
    """Enter bookings; return what the ledger notes of them and what Twikey gets."""
    ids = [str(uuid4()) for _ in range(count)]
    run.ledger.bookings.listed(Page([_booking(each) for each in ids], []), run.id, run.now())
    crossings = [Crossing(each, each, 12_100, each, "1420", "new", None, True) for each in ids]
    invoices = [
        NewInvoice(
            id=each, number=each, ref=each, title="Bench", remittance="Bench", amount_cents=12_100,
            date=DAY, duedate="2026-02-05", ct="1420", locale="en",
            customer=NewCustomer(customerNumber=each, companyName="Bench"),
        )
        for each in ids
    ]  # fmt: skip
    return crossings, invoices


def _booking(each: str) -> Booking:
    blank = dict.fromkeys(Booking._fields)
    known = {"id": each, "kind": "invoice", "number": each, "issued_on": DAY, "customer_id": each}
    return Booking(**{**blank, **known})  # type: ignore[arg-type]  # most fields may stay blank


def _milliseconds(run: Run, count: int, bulk_from: int) -> float:
    crossings, invoices = _both(run, count)
    apply.BULK_FROM = bulk_from
    began = time.perf_counter()
    apply._create(run, crossings, invoices)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure every count, singly and in bulk in turn."""
    counts, rounds = json.loads(os.environ["BENCH_COUNTS"]), int(os.environ["BENCH_ROUNDS"])
    found = []
    with (
        Connection.from_environment() as connection,
        at_work(connection, "import", started_by="bench", parameters={}) as run,
    ):
        _milliseconds(run, 2, NEVER)  # the session, the connection
        for count in counts:
            pairs = [
                (_milliseconds(run, count, NEVER), _milliseconds(run, count, 1))
                for _ in range(rounds)
            ]
            singly, bulk = (round(median(times)) for times in zip(*pairs, strict=True))
            found.append([count, singly, bulk])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
