"""What stands in Twikey is known again, and what does not is left to a person or the next import.

Twikey's feed is read from its beginning. Where it does not reach back that far, what it does not
show is looked up by id. A booking that stands nowhere is not sent: nobody knows any more whether it
was left out on purpose. Only what the old ledger was about to send, or what came after its last
run, goes on by itself with the next import.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from connectors.ledger.crossing import Verdict
from connectors.ledger.rebuilding import Standing
from connectors.ledger.runs import text
from connectors.ledger.salvage import Row
from connectors.twikey.answers import TwikeyInvoice
from flows.gather import RESOURCES, complete_customers, complete_routing
from flows.gone import tell_gone
from flows.importing import in_one_go
from flows.look import PER_CALL
from flows.rebuild_saved import Saved
from flows.run import Run
from flows.settle import read_twikey

OVERLAP = timedelta(minutes=10)
ON_ITS_WAY = ("seen", "held", "skipped")
CROSSED = ("sent", "removing", "closed")
SAMPLE = 5
HELD_FOR = "AFTER_REBUILD"


def know_again(run: Run, saved: Saved, since: str) -> None:
    """Enter both sides and tell them apart; nothing is sent."""
    _complete_tombstones(run, saved)
    read_twikey(run)
    _list(run, saved, since)
    complete_customers(run, refresh=False)
    _adopt(run)
    rebuilding = run.ledger.rebuilding
    rebuilding.stay_away(saved.of("undone"))
    _look_up(run, _crossed_before(run, saved))
    _keep_what_left(run, saved)
    _look_beyond_the_feed(run)
    _forget_the_old(run, saved)
    complete_routing(run, fresh=timedelta())
    complete_customers(run, refresh=False)
    _decide(run, saved)
    rebuilding.put_back("bookings", _closed(run, saved))
    rebuilding.remember(saved.of("bookings"))
    rebuilding.told_before(saved.of("customers"))
    rebuilding.silence()
    _move_watermarks(run)


# ---- gather


def _complete_tombstones(run: Run, saved: Saved) -> None:
    """Put up anew the tombstones whose row is lost, where the booking itself still tells of one."""
    known, now = {row["booking_id"] for row in saved.of("undone")}, text(run.now())
    away = [each for each, stage in saved.stages().items() if stage == "undone"]
    rows = [
        {"booking_id": each, "twikey_id": each, "undone_run": run.id, "run_id": run.id,
         "state": "gone", "at": now, "not_before": now, "ended_at": now}
        for each in away if each not in known
    ]  # fmt: skip
    run.ledger.rebuilding.put_back("undone", rows)
    saved.rows["undone"] = [*saved.of("undone"), *rows]


def _list(run: Run, saved: Saved, since: str) -> None:
    """List the window, then whatever Twikey has beyond it, by ids."""
    teamleader, bookings, count = run.connection.teamleader, run.ledger.bookings, 0
    for listing in (teamleader.booked_invoices, teamleader.credit_notes):
        for page in listing(issued_from=since):
            bookings.listed(page, run.id, run.now())
            count += len(page.bookings)
            run.tell("reading what Teamleader booked", count, None)
    away = [row["booking_id"] for row in saved.of("undone")]
    wanted = sorted({*run.ledger.rebuilding.not_listed(), *away})
    for done in range(0, len(wanted), PER_CALL):
        some = wanted[done : done + PER_CALL]
        for listing in (teamleader.booked_invoices, teamleader.credit_notes):
            for page in listing(ids=some):
                bookings.listed(page, run.id, run.now())
        run.tell("reading what Twikey has beyond that", done + len(some), len(wanted))


def _adopt(run: Run) -> None:
    run.ledger.rebuilding.adopt(run.ledger.rebuilding.standing(), run.id, run.now())


# ---- what the feed does not show


def _crossed_before(run: Run, saved: Saved) -> list[str]:
    """Return undecided bookings of which the old ledger knew that they crossed."""
    stages = saved.stages()
    ids = [each for each, _ in run.ledger.rebuilding.undecided()]
    return [each for each in ids if stages.get(each) in (*CROSSED, "sending")]


def _look_up(run: Run, ids: Sequence[str]) -> int:
    """Look bookings up in Twikey by their id; return how many stand there."""
    found: list[TwikeyInvoice] = []
    for done, each in enumerate(ids, start=1):
        standing = run.connection.twikey.invoice(each)
        if standing is not None:
            found.append(standing)
        run.tell("looking up in Twikey what its feed does not show", done, len(ids))
    run.ledger.feed.invoices_seen(found, None, run.now())
    _adopt(run)
    return len(found)


def _keep_what_left(run: Run, saved: Saved) -> None:
    """Keep as known what crossed and was deleted in Twikey since: nobody sends that again."""
    old = {row["id"]: row for row in saved.of("bookings") if row["stage"] in ("sent", "removing")}
    left = [old[each] for each, _ in run.ledger.rebuilding.undecided() if each in old]
    run.ledger.rebuilding.adopt(
        [
            Standing(row["id"], row.get("twikey_id") or row["id"], row.get("twikey_number"),
                     row.get("amount_cents") or 0, None, None, None, row.get("twikey_state"))
            for row in left
        ],
        run.id, run.now(), how="crossed before the loss of the ledger",
    )  # fmt: skip
    for row in left:
        tell_gone(run, row["id"], f"Twikey no longer knows {row.get('twikey_id') or row['id']}")


def _look_beyond_the_feed(run: Run) -> None:
    """Look a few up that the feed does not show; where one stands, the feed does not reach back."""
    rebuilding = run.ledger.rebuilding
    found = sorted((day or "", each) for each, day in rebuilding.undecided())
    ids, first = [each for _, each in found], rebuilding.first_day()
    older = sum(1 for day, _ in found if first is not None and day < first)
    step = max(len(ids) // SAMPLE, 1)
    sample = [*ids[::step], *ids[max(older - SAMPLE, 0) : older]]
    if _look_up(run, list(dict.fromkeys(sample))):
        _look_up(run, [each for each in ids if each not in sample])


# ---- what does not stand in Twikey


def _forget_the_old(run: Run, saved: Saved) -> None:
    """Forget what is older than anything that crossed: nobody ever asked for it."""
    rebuilding, stages = run.ledger.rebuilding, saved.stages()
    first = rebuilding.first_day()
    rebuilding.forget([
        each for each, day in rebuilding.undecided()
        if each not in stages and (first is None or (day or "") < first)
    ])  # fmt: skip


def _decide(run: Run, saved: Saved) -> None:
    """Let the rules speak; what they would create is looked up, then left or held."""
    if not run.ledger.bookings.any_undecided(run.id):
        return
    with in_one_go():
        from flows.apply import record_plan
        from flows.decide import next_chunk
        from flows.work import rules_for

    rules = rules_for(run)
    while (chunk := next_chunk(run, rules)) is not None:
        plan, _ = chunk
        record_plan(run, plan)
        chosen = plan[plan["action"] == "create"]
        created = dict(zip(chosen["id"].tolist(), chosen["twikey_number"].tolist(), strict=True))
        _look_up(run, list(created))
        _leave_or_hold(run, saved, created)


def _leave_or_hold(run: Run, saved: Saved, created: dict[str, str]) -> None:
    old, ledger = {row["id"]: row for row in saved.of("bookings")}, run.ledger
    wanted = [each for each, _ in ledger.rebuilding.undecided() if each in created]
    news = _since_the_last_run(run, saved, wanted)
    left = [each for each in wanted if (_on_its_way(old[each]) if each in old else each in news)]
    ledger.rebuilding.leave_to_the_next(left, run.id)
    verdicts = [
        Verdict(each, "held", HELD_FOR, None, number=created[each])
        for each in wanted
        if each not in left
    ]
    ledger.crossings.decided(verdicts, run.id, run.now())


def _on_its_way(booking: Row) -> bool:
    """Tell whether the old ledger would have sent it by itself."""
    return booking["stage"] in ON_ITS_WAY and booking.get("reason") != HELD_FOR


def _since_the_last_run(run: Run, saved: Saved, ids: Sequence[str]) -> set[str]:
    """Return those that Teamleader touched after the old ledger had read it whole the last time.

    Not what the old ledger told of already: its row may be lost, and a create of it under way.
    """
    mark = saved.watermark()
    if mark is None:
        return set()
    after = text(datetime.fromisoformat(mark) - OVERLAP)
    return run.ledger.rebuilding.touched_since(ids, after) - saved.told_of()


def _closed(run: Run, saved: Saved) -> list[dict[str, object]]:
    """Return what the old ledger knew as deleted in Teamleader, and what Twikey still has."""
    there = set(run.ledger.rebuilding.not_listed())
    return [row for row in saved.of("bookings") if row["stage"] == "closed" and row["id"] in there]


def _move_watermarks(run: Run) -> None:
    """Let the next import go on from here: all that was listed is in the ledger."""
    began = run.connection.teamleader.server_date or run.began
    for resource in RESOURCES:
        if run.ledger.watermarks.read(resource) is None:
            run.ledger.watermarks.move(resource, began, run.id)
