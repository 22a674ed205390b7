"""The run book, the watermarks, the facts, and the journey that nobody can rewrite."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.ledger import Ledger
from connectors.ledger.runs import Watermarks, text
from connectors.ledger.store import Store
from tests.connectors.fakes import NOW

OFFSETS = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))
INSTANTS = st.datetimes(
    datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=OFFSETS  # noqa: DTZ001 - bounds, by day
).map(lambda instant: instant.replace(microsecond=0))  # fmt: skip


def test_a_run_is_entered_and_closed_with_its_counts(ledger: Ledger) -> None:
    """I14: what the report counted can be read again from the run book, the newest first."""
    first = ledger.runs.start("import", NOW, "schedule", {"dry_run": False})
    ledger.runs.end(first, NOW + timedelta(seconds=9), "clean", "1 sent", {"sent": 1})
    second = ledger.runs.start("customers", NOW, "Els", {})
    rows = ledger.runs.last()
    assert [row.id for row in rows] == [second, first]
    assert (rows[1].outcome, rows[1].counts, rows[1].message) == ("clean", {"sent": 1}, "1 sent")
    assert (rows[1].started_at, rows[1].ended_at) == (
        "2026-09-14T08:12:45+00:00",
        "2026-09-14T08:12:54+00:00",
    )
    assert (rows[0].ended_at, rows[0].outcome, rows[0].counts) == (None, None, {})
    assert [row.id for row in ledger.runs.last(flow="import")] == [first]
    assert [row.id for row in ledger.runs.last(1)] == [second]


def test_a_run_that_never_ended_was_killed(ledger: Ledger) -> None:
    """K1: the next one says so in the run book; what ended keeps its outcome."""
    first, second = (ledger.runs.start("import", NOW, "schedule", {}) for _ in range(2))
    ledger.runs.end(second, NOW, "clean", "", {})
    later = NOW + timedelta(hours=1)
    for _ in range(9):
        last = ledger.runs.start("import", later, "schedule", {})
    rows = {row.id: (row.outcome, row.ended_at) for row in ledger.runs.last(11)}
    assert (rows[first], rows[second]) == (("killed", text(NOW)), ("clean", text(NOW)))
    assert (rows[last - 1], rows[last]) == (("killed", text(later)), (None, None))
    assert len(ledger.runs.last()) == 10


def test_a_resource_never_read_whole_has_no_watermark(ledger: Ledger) -> None:
    """Decisions 5: each resource has its own."""
    ledger.watermarks.move("invoices", NOW, 1)
    assert ledger.watermarks.read("invoices") == NOW
    assert ledger.watermarks.read("contacts") is None


@given(st.lists(INSTANTS, min_size=1, max_size=8))
def test_a_watermark_never_moves_back(moves: list[datetime]) -> None:
    """I8: in whatever order and offset it is moved, it stands at the latest instant."""
    store = Store(":memory:")
    watermarks = Watermarks(store)
    for run, at in enumerate(moves):
        watermarks.move("invoices", at, run)
        assert watermarks.read("invoices") == max(moves[: run + 1])
    store.close()


def test_instants_are_kept_in_utc() -> None:
    """Decisions 3: whole seconds in UTC with offset, so that texts sort as instants do."""
    summer = timezone(timedelta(hours=2))
    at = datetime(2026, 9, 14, 10, 12, 45, 999, tzinfo=summer)
    assert text(at) == "2026-09-14T08:12:45+00:00"
    assert text(NOW.astimezone(UTC)) == text(NOW)


def test_facts_are_remembered_and_replaced(ledger: Ledger) -> None:
    """A fact is what was written last."""
    assert ledger.facts.read("account") is None
    ledger.facts.write("account", "1")
    ledger.facts.write("account", "2")
    assert ledger.facts.read("account") == "2"


def test_a_journey_is_told_in_order(ledger: Ledger) -> None:
    """Events of one subject come back oldest first, with run and facts."""
    ledger.journal.add(1, NOW, "b1", "held", reason="CURRENCY")
    ledger.journal.add(1, NOW, "b2", "skipped")
    ledger.journal.add(None, NOW, "b1", "released", by="Els")
    assert ledger.journal.of("b1") == [
        {"at": text(NOW), "run": 1, "what": "held", "facts": {"reason": "CURRENCY"}},
        {"at": text(NOW), "run": None, "what": "released", "facts": {"by": "Els"}},
    ]


@pytest.mark.parametrize("sql", ["UPDATE events SET what='sent'", "DELETE FROM events"])
def test_the_journey_is_append_only(tmp_path: Path, sql: str) -> None:
    """P0: not even with SQL can what happened be changed or taken out."""
    ledger = Ledger(tmp_path / "ledger.db")
    ledger.journal.add(1, NOW, "b1", "held")
    ledger.close()
    with sqlite3.connect(tmp_path / "ledger.db") as other:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            other.execute(sql)
        assert other.execute("SELECT what FROM events").fetchall() == [("held",)]
    other.close()
