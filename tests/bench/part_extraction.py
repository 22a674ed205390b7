"""The lists into a store: our gather step against a Singer tap and dlt on the same data."""

from tests.bench.costs import Cost, interleaved, median_cpu, python, run, spread
from tests.bench.place import place
from tests.bench.rivals import rivals_python
from tests.bench.rows import Row, Say

INVOICES = 10_000
RIVALS = {
    "Singer tap -> JSON lines, no target": "tests.bench.rival_singer",
    "dlt rest_api -> SQLite": "tests.bench.rival_dlt",
}


def measure(say: Say, *, rounds: int, scale: float) -> list[Row]:
    """Measure the CPU of each; ours must be ahead."""
    size = int(INVOICES * scale)
    other = rivals_python(say)
    programs = {"ours": python("-m", "tests.bench.our_steps", "gather")}
    if other is not None:
        programs |= {name: [other, "-m", module] for name, module in RIVALS.items()}
    with place(size) as here:

        def once(name: str) -> Cost:
            cost = run(programs[name], here.anew())
            say(f"{name}: {cost.cpu:.2f} s CPU, {cost.rss_mb:.0f} MB, {here.calls()} calls")
            return cost

        costs = interleaved(rounds, **{name: lambda name=name: once(name) for name in programs})
    ours = median_cpu(costs["ours"])
    rows = [_cost("ours: gather into the ledger", costs["ours"])]
    for name in RIVALS:
        if name not in costs:
            rows.append(Row("extraction", name, None, must=1, note="could not be installed"))
            continue
        what = f"{size:,} invoices and all customers: {name}, CPU against ours"
        theirs = median_cpu(costs[name])
        rows.append(Row("extraction", what, theirs / ours, must=1, at_least=True))
        rows.append(_cost(name, costs[name]))
    return rows


def _cost(name: str, costs: list[Cost]) -> Row:
    memory = max(cost.rss_mb for cost in costs)
    note = f"{spread(costs)}, {memory:.0f} MB"
    return Row("extraction", name, median_cpu(costs), "s CPU", note=note)
