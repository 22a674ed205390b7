"""Creating invoices one by one with Twikey's official client: what a script would do.

Reads and transforms first, then times the creates alone. Prints one line of JSON.
"""

import json
import os
import time

from twikey.client import TwikeyClient

from tests.bench.bare_backfill import Teamleader, read
from tests.bench.bare_payloads import payload


def main() -> None:
    """Create every invoice that is to be sent; the customers are known where the bench says so."""
    os.environ["NO_PROXY"] = "127.0.0.1"
    rows, customers = read(Teamleader())
    known = set(customers) if os.environ.get("BENCH_KNOWN") else set()
    bodies = [body for row in rows if (body := payload(row, customers, known)) is not None]
    client = TwikeyClient(
        os.environ["TWIKEY_API_KEY"], base_url=os.environ["TWIKEY_API_URL"], user_agent="bench"
    )
    began = time.perf_counter()
    for body in bodies:
        client.invoice.create(body)
    print(json.dumps({"sent": len(bodies), "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
