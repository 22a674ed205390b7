"""A bare script that makes the calls of a first import: requests, plain Python, no ledger.

The same pages, the same customer ids, the same bulks with their polls, the same default profiles.
"""

import os
import time
from typing import Any

import requests

from tests.bench.bare_payloads import Json, in_order, payload

CHUNK = 500
PAGE = 100


class Teamleader:
    """Calls with a token."""

    def __init__(self) -> None:
        self.address = os.environ["TEAMLEADER_API_URL"]
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {os.environ['BENCH_TOKEN']}"
        self.session.headers["X-Api-Version"] = "2023-09-26"

    def call(self, method: str, body: Json) -> Any:
        """Return the answer's rows, or None where it is refused."""
        answer = self.session.post(f"{self.address}/{method}", json=body)
        return answer.json()["data"] if answer.ok else None

    def every(self, method: str, body: Json) -> list[Json]:
        """Return all pages of a list."""
        found: list[Json] = []
        for number in range(1, 1_000_000):
            page = self.call(method, {**body, "page": {"size": PAGE, "number": number}})
            found += page
            if len(page) < PAGE:
                break
        return found

    def customers(self, kind: str, plural: str, ids: set[str]) -> list[Json]:
        """Return customers by ids, and singly those that the list leaves out."""
        wanted, found = sorted(ids), []
        for start in range(0, len(wanted), PAGE):
            asked = {"filter": {"ids": wanted[start : start + PAGE]}}
            page = {"size": PAGE, "number": 1}
            found += self.call(f"{plural}.list", {**asked, "page": page})
        for missing in sorted(ids - {one["id"] for one in found}):
            one = self.call(f"{plural}.info", {"id": missing})
            if one is not None:
                typed = {each["type"]: each["address"] for each in one.get("addresses") or ()}
                found.append({"primary_address": typed.get("primary"), **one})
        return found


class Twikey:
    """Calls with a session."""

    def __init__(self) -> None:
        self.address = os.environ["TWIKEY_API_URL"]
        self.session = requests.Session()
        login = self.session.post(self.address, data={"apiToken": os.environ["TWIKEY_API_KEY"]})
        self.session.headers["Authorization"] = login.headers["Authorization"]

    def prepare(self) -> None:
        """Make the two calls that come before everything else."""
        self.session.get(f"{self.address}/invoice", headers={"X-RESUME-AFTER": "0"}).json()
        self.session.get(f"{self.address}/payment/methods", params={"ct": "1420"}).json()

    def create(self, bodies: list[Json]) -> list[str]:
        """Create in bulk and wait for the result; return the ids that were taken."""
        batch = self.session.post(f"{self.address}/invoice/bulk", json=bodies).json()["batchId"]
        while True:
            answer = self.session.get(f"{self.address}/invoice/bulk", params={"batchId": batch})
            if answer.status_code == requests.codes.ok:
                return [row["id"] for row in answer.json() if row["status"] == "OK"]
            time.sleep(0.1)

    def set_profile(self, customer: str) -> None:
        """Give a customer its default profile."""
        self.session.patch(f"{self.address}/customer/{customer}", params={"ct": "1420"})


def read(teamleader: Teamleader) -> tuple[list[Json], dict[str, Json]]:
    """Read everything from Teamleader: the rows in their order, the customers by id."""
    since = os.environ["BENCH_SINCE"]
    booked = {"status": ["outstanding", "matched"], "invoice_date_after": since}
    sort = [{"field": "invoice_number", "order": "asc"}]
    invoices = teamleader.every("invoices.list", {"filter": booked, "sort": sort})
    notes = teamleader.every("creditNotes.list", {"filter": {"credit_note_date_after": since}})
    rows = in_order(invoices, notes)
    ids: dict[str, set[str]] = {"company": set(), "contact": set()}
    for row in rows:
        customer = (row.get("invoicee") or {}).get("customer")
        if customer:
            ids[customer["type"]].add(customer["id"])
    customers = teamleader.customers("company", "companies", ids["company"])
    customers += teamleader.customers("contact", "contacts", ids["contact"])
    return rows, {one["id"]: one for one in customers}


def main() -> None:
    """Read, transform, send."""
    twikey = Twikey()
    twikey.prepare()
    rows, customers = read(Teamleader())
    new: set[str] = set()
    sent = 0
    for start in range(0, len(rows), CHUNK):
        made = [payload(row, customers, set()) for row in rows[start : start + CHUNK]]
        bodies = [body for body in made if body is not None]
        if bodies:
            sent += len(twikey.create(bodies))
            new.update(body["customer"]["customerNumber"] for body in bodies)
    for customer in sorted(new):
        twikey.set_profile(customer)
    print(f"sent {sent}")


if __name__ == "__main__":
    main()
