"""``python -m tests.sandbox``: both services until Ctrl-C, with the environment to export."""

import argparse
import json
import signal
from pathlib import Path
from tempfile import mkdtemp
from threading import Event

from tests.sandbox.server import Sandbox


def main() -> None:
    """Start the sandbox, say where it is, serve until a signal comes."""
    asked = _arguments()
    rules = {
        name: json.loads(value) for name, _, value in (one.partition("=") for one in asked.rule)
    }
    ended = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    sandbox = Sandbox(
        asked.invoices, asked.days, asked.seed, departments=asked.departments, **rules
    )
    sandbox.world.latency_ms = asked.latency
    with sandbox:
        _announce(sandbox, asked.port_file)
        ended.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox", description=__doc__)
    parser.add_argument("--invoices", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--days", type=int, default=45, help="over how many days (default 45)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same books (default 1)")
    parser.add_argument("--departments", type=int, default=1, help="entities that invoice")
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds per answer")
    parser.add_argument("--rule", action="append", default=[], help="NAME=JSON, repeatable")
    parser.add_argument("--port-file", type=Path, help="write addresses and environment as JSON")
    return parser.parse_args()


def _announce(sandbox: Sandbox, port_file: Path | None) -> None:
    addresses = {
        "teamleader": sandbox.teamleader_url,
        "twikey": sandbox.twikey_url,
        "control": sandbox.control_url,
    }
    for name, address in addresses.items():
        what = "control (open it in a browser: pay, bounce, book)" if name == "control" else name
        print(f"# {what}: {address}")
    home = mkdtemp(prefix="teamleader-twikey-sandbox-")
    print(f"export TEAMLEADER_TWIKEY_HOME={home}  # one of its own: pretend money stays there")
    for name, value in sandbox.environment().items():
        print(f"export {name}={value}", flush=True)
    if port_file is not None:
        half = port_file.with_name(port_file.name + ".part")
        half.write_text(json.dumps({**addresses, "environment": sandbox.environment()}))
        half.replace(port_file)  # whoever waits for the file never reads half of it


if __name__ == "__main__":
    main()
