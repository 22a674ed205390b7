"""A bare poll with nothing new: requests and sqlite3, five calls, one commit."""

import json
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import requests

FILE = "bare.db"
LISTS = ("invoices", "creditNotes", "companies", "contacts")


def main() -> None:
    """Ask both services what is new, keep it and the watermark."""
    database = sqlite3.connect(Path(os.environ["BENCH_FOLDER"]) / FILE)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE IF NOT EXISTS rows (id PRIMARY KEY, body)")
    database.execute("CREATE TABLE IF NOT EXISTS state (name PRIMARY KEY, value)")
    state = dict(database.execute("SELECT name, value FROM state").fetchall())
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    teamleader = requests.Session()
    teamleader.headers["Authorization"] = f"Bearer {os.environ['BENCH_TOKEN']}"
    teamleader.headers["X-Api-Version"] = "2023-09-26"
    found = []
    for name in LISTS:
        asked = {"filter": {"updated_since": state.get("since", now)}}
        body = {**asked, "page": {"size": 100, "number": 1}}
        answer = teamleader.post(f"{os.environ['TEAMLEADER_API_URL']}/{name}.list", json=body)
        found += answer.json()["data"]
    twikey = requests.Session()
    session = state.get("session") or _log_in(twikey)
    headers = {"Authorization": session, "X-RESUME-AFTER": state.get("position", "0")}
    page = twikey.get(f"{os.environ['TWIKEY_API_URL']}/invoice", headers=headers)
    position = page.headers.get("X-LAST", headers["X-RESUME-AFTER"])
    page.json()
    with database:
        rows = [(row["id"], json.dumps(row)) for row in found]
        database.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", rows)
        kept = {"since": now, "session": session, "position": position}
        database.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", kept.items())
    database.close()


def _log_in(twikey: requests.Session) -> str:
    form = {"apiToken": os.environ["TWIKEY_API_KEY"]}
    return str(twikey.post(os.environ["TWIKEY_API_URL"], data=form).headers["Authorization"])


if __name__ == "__main__":
    main()
