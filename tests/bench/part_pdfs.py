"""The peak of memory while PDFs of 5 MB are attached: ten of them, and a thousand."""

import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.costs import SERVER_CORE, Cost, python, run, start
from tests.bench.part_backfill import IMPORT
from tests.bench.place import place
from tests.bench.rows import Row, Say

FEW, MANY = 10, 1_000
MEGABYTES = 5
SPARE = 1.5  # not every booking of the sandbox crosses: some are paid, some are held


def measure(say: Say, *, rounds: int, scale: float) -> list[Row]:
    """Measure both with the same program and home; one round, memory hardly varies."""
    del rounds
    many = max(int(MANY * scale), 5 * FEW)
    with place(int((many + FEW) * SPARE)) as here, _host() as host:
        environment = here.anew()
        run(python(*IMPORT), environment)
        environment |= {"TEAMLEADER_API_URL": host, "TWIKEY_API_URL": f"{host}/creditor"}
        costs = {count: _attach(environment, count) for count in (FEW, many)}
        with urllib.request.urlopen(f"{host}/counts") as answer:  # noqa: S310 - on loopback
            came = json.loads(answer.read())
    _require(came, FEW + many)
    few, lots = costs[FEW], costs[many]
    for count, cost in costs.items():
        say(f"{count:,} PDFs: {cost.rss_mb:.0f} MB, {cost.cpu:.1f} s CPU, {cost.wall:.0f} s")
    of = f"{many:,} PDFs of {MEGABYTES} MB"
    each = many * MEGABYTES / lots.wall
    return [
        Row("pdfs", f"peak at {of} against {FEW} of them", lots.rss_mb / few.rss_mb, must=1.25),
        Row("pdfs", f"peak at {of}", lots.rss_mb, "MB", note=f"{each:.0f} MB of PDF a second"),
        Row("pdfs", f"peak at {FEW} PDFs of {MEGABYTES} MB", few.rss_mb, "MB"),
    ]


def _attach(environment: dict[str, str], count: int) -> Cost:
    """Attach so many PDFs in a process of their own."""
    cost = run(
        python("-m", "tests.bench.our_steps", "pdfs"), {**environment, "BENCH_PDFS": str(count)}
    )
    attached = json.loads(cost.out)["attached"]
    if attached != count:
        raise RuntimeError(f"{attached} of {count} PDFs were attached")
    return cost


def _require(came: dict[str, int], count: int) -> None:
    """Refuse figures of a run that did not carry every PDF, whole, once."""
    whole = count * MEGABYTES * 1_000_000 * 4 / 3
    if came["fetched"] != count or came["uploads"] != count or came["uploaded_bytes"] < whole:
        raise RuntimeError(f"{count} PDFs were expected, there came {came}")


@contextmanager
def _host() -> Iterator[str]:
    """Start the host of the PDFs on the server's core; return its address."""
    with tempfile.TemporaryDirectory(prefix="teamleader-twikey-bench-") as folder:
        port = Path(folder) / "port"
        command = python("-m", "tests.bench.pdf_server", str(port), str(MEGABYTES))
        server = start(command, {}, SERVER_CORE)
        try:
            while not port.exists():
                if server.poll() is not None:
                    raise RuntimeError("the host of the PDFs did not start")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port.read_text()}"
        finally:
            server.terminate()
            server.communicate()
