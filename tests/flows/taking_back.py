"""Importing, taking back, and looking at what stands: what the tests of ``undo`` share."""

from __future__ import annotations

from typing import Any

from tests.flows.office import Office, Outcome
from tests.flows.scenes import creates, run, said


def backfilled(office: Office, count: int = 3) -> list[str]:
    """Book some invoices and import them; return their ids in the order of their numbers."""
    ids = [office.sandbox.books.book() for _ in range(count)]
    assert office.imports(days=30).sent == count
    office.forget_calls()
    return ids


def number(office: Office, booking: str) -> str:
    """Return the number of an invoice."""
    return str(office.sandbox.books.invoice(booking).number)


def standing(office: Office) -> set[str]:
    """Return the ids that stand in Twikey."""
    return {row["id"] for row in office.twikey_invoices().values()}


def deletes(office: Office) -> list[Any]:
    """Return the calls that ask for a deletion."""
    return [call for call in office.calls("twikey") if call.method == "DELETE"]


def kept(outcome: Outcome) -> dict[str, str]:
    """Return what an undo kept: number -> reason."""
    return {row["number"]: row["reason"] for row in outcome.json["kept"]}


def take_back(office: Office, *arguments: str, name: str = "last") -> Outcome:
    """Take an import back, as JSON."""
    return run(office, "undo", name, "--yes", "--json", *arguments)


def quiet(office: Office) -> None:
    """Assert that nothing comes back by itself, and that nothing complains about it."""
    before = standing(office)
    for arguments in (("import",), ("import", "--days", "30"), ("retry",), ("follow-up",)):
        outcome = office.run(*arguments, "--json")
        assert outcome.code == 0, said(outcome)
    assert standing(office) == before
    assert creates(office) == []
    assert office.run("status", "--json").json["alerts"] == []
