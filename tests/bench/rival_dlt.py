"""The four lists by dlt's rest_api source into SQLite, as its documentation shows it."""

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")
os.environ.setdefault("LOAD__WORKERS", "1")  # with more, SQLite is "locked"

import dlt
from dlt.sources.rest_api import rest_api_source

LISTS: dict[str, dict[str, Any]] = {
    "invoices": {"filter": {"status": ["outstanding", "matched"]},
                 "sort": [{"field": "invoice_number", "order": "asc"}]},
    "creditNotes": {},
    "companies": {},
    "contacts": {},
}  # fmt: skip


def main() -> None:
    """Extract, normalize, load."""
    folder = Path(os.environ["BENCH_FOLDER"])
    source = rest_api_source(
        {
            "client": {
                "base_url": os.environ["TEAMLEADER_API_URL"],
                "headers": {"X-Api-Version": "2023-09-26"},
                "auth": {"type": "bearer", "token": os.environ["BENCH_TOKEN"]},
                "paginator": {
                    "type": "page_number", "base_page": 1, "page_param": None,
                    "page_body_path": "page.number", "total_path": None,
                    "stop_after_empty_page": True,
                },
            },
            "resource_defaults": {"primary_key": "id", "write_disposition": "append"},
            "resources": [
                {
                    "name": name,
                    "endpoint": {
                        "path": f"{name}.list", "method": "POST", "data_selector": "data",
                        "json": {**question, "page": {"size": 100, "number": 1}},
                    },
                }
                for name, question in LISTS.items()
            ],
        }
    )  # fmt: skip
    pipeline = dlt.pipeline(
        "bench", pipelines_dir=str(folder / "dlt"), dataset_name="main",
        destination=dlt.destinations.sqlalchemy(f"sqlite:///{folder / 'dlt.db'}"),
    )  # fmt: skip
    pipeline.run(source)


if __name__ == "__main__":
    main()
