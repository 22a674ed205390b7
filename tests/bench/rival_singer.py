"""The four lists by a Singer tap, as the SDK's own examples write one; records go to a file."""

import os
import sys
from pathlib import Path
from typing import Any

from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BasePageNumberPaginator
from singer_sdk.streams import RESTStream

PAGE = 100
TEXT, NUMBER, FLAG, THING = th.StringType, th.NumberType, th.BooleanType, th.ObjectType()
LISTS: dict[str, tuple[dict[str, Any], list[tuple[str, Any]]]] = {
    "invoices": (
        {"filter": {"status": ["outstanding", "matched"]},
         "sort": [{"field": "invoice_number", "order": "asc"}]},
        [("invoice_number", TEXT), ("status", TEXT), ("invoice_date", TEXT), ("due_on", TEXT),
         ("paid", FLAG), ("payment_reference", TEXT), ("total", THING), ("invoicee", THING),
         ("department", THING), ("updated_at", TEXT)],
    ),
    "creditNotes": (
        {},
        [("credit_note_number", TEXT), ("status", TEXT), ("credit_note_date", TEXT),
         ("paid", FLAG), ("total", THING), ("invoice", THING), ("invoicee", THING)],
    ),
    "companies": (
        {},
        [("name", TEXT), ("status", TEXT), ("vat_number", TEXT), ("language", TEXT),
         ("emails", th.ArrayType(THING)), ("telephones", th.ArrayType(THING)),
         ("primary_address", THING), ("updated_at", TEXT)],
    ),
    "contacts": (
        {},
        [("first_name", TEXT), ("last_name", TEXT), ("status", TEXT), ("language", TEXT),
         ("emails", th.ArrayType(THING)), ("telephones", th.ArrayType(THING)),
         ("primary_address", THING), ("updated_at", TEXT)],
    ),
}  # fmt: skip


class Pages(BasePageNumberPaginator):
    """Ends on a short page."""

    def has_more(self, response: Any) -> bool:
        """Tell whether another page may follow."""
        return len(response.json()["data"]) == PAGE


class Listed(RESTStream[int]):
    """One list of Teamleader."""

    rest_method = "POST"
    records_jsonpath = "$.data[*]"
    primary_keys = ("id",)
    question: dict[str, Any]

    @property
    def url_base(self) -> str:
        """Where Teamleader is."""
        return os.environ["TEAMLEADER_API_URL"]

    @property
    def http_headers(self) -> dict[str, str]:
        """The token and the version."""
        return {
            "Authorization": f"Bearer {os.environ['BENCH_TOKEN']}",
            "X-Api-Version": "2023-09-26",
        }

    def get_new_paginator(self) -> Pages:
        """Count pages from 1."""
        return Pages(start_value=1)

    def prepare_request_payload(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        """Ask for a page."""
        del context
        return {**self.question, "page": {"size": PAGE, "number": next_page_token or 1}}


class Teamleader(Tap):
    """The tap."""

    name = "tap-teamleader"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self) -> list[Listed]:
        """Return the four lists."""
        found = []
        for name, (question, columns) in LISTS.items():
            properties = [th.Property(column, kind) for column, kind in columns]
            schema = th.PropertiesList(th.Property("id", TEXT), *properties).to_dict()
            stream = Listed(self, name=name, schema=schema, path=f"/{name}.list")
            stream.question = question
            found.append(stream)
        return found


if __name__ == "__main__":
    records = Path(os.environ["BENCH_FOLDER"]) / "records.jsonl"
    with records.open("w") as sys.stdout:  # where a target would listen
        Teamleader(config={}, parse_env_config=False).sync_all()
    sys.stdout = sys.__stdout__
