"""What an operator sees of a run, made without Prefect: health, plan, work list, figures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.health import health
from flows.import_booked import ImportRequest, import_booked
from flows.views import MOST, Artifact, import_view, needs_you
from tests.flows.office import Office


def pages(office: Office, **request: object) -> tuple[str | None, dict[str, Artifact]]:
    """Import, and return the run's name and pages."""
    with office.connection() as connection:
        asked = ImportRequest(**{"yes": True, **request})  # type: ignore[arg-type]
        view = import_view(connection, import_booked(connection, asked))
    return view.name, {page.key: page for page in view.artifacts}


def page_of(office: Office) -> str:
    """Return the page of health as it is now."""
    with office.connection() as connection:
        return health(connection)


def test_health_says_first_what_matters(holding: Office) -> None:
    """Acceptance 4: verdict, what needs you with its link, each flow, tokens, requests left."""
    page = page_of(holding)
    assert page.startswith("# default: 1 needs you\n")
    assert "](https://focus.teamleader.eu/invoice_detail.php?id=" in page
    assert "CURRENCY" in page
    assert "| import | 4\N{NO-BREAK SPACE}Nov\N{NO-BREAK SPACE}09:" in page
    for fact in ("Teamleader seen up to", "Access to Teamleader renewed", "Session at Twikey"):
        assert f"| {fact}" in page
    assert "of 200 in this minute" in page
    assert "Klant NV" not in page


def test_health_of_a_new_connection(office: Office) -> None:
    """Nothing was imported yet: said, not hidden behind `all well`."""
    assert page_of(office).startswith("# default: nothing was imported yet\n")


def test_health_tells_of_a_run_that_stopped(holding: Office) -> None:
    """A flow whose last run could not do its work is the verdict, before what is held."""
    holding.sandbox.world.fault("status", service="teamleader", path="list", status=500)
    assert holding.run("import", "--days", "3").code == 1
    assert page_of(holding).startswith("# default: import stopped; 1 needs you\n")


def test_a_dry_run_shows_what_would_happen_to_each(holding: Office) -> None:
    """Acceptance 4: the plan names every booking, what would happen and why; no names of people."""
    holding.sandbox.books.book(number="2024 / 102")
    name, shown = pages(holding, days=30, dry_run=True)
    assert name == "import 30 days (dry run): 1 would be sent"
    plan = shown["plan"]
    assert isinstance(plan.body, list)
    assert [(row["number"], row["what"]) for row in plan.body] == [
        ("2024 / 102", "would be sent"), ("2024 / 101", "held"), ("2024 / 100", "known already"),
    ]  # fmt: skip
    assert plan.body[1]["why"] == "CURRENCY"
    assert "Klant NV" not in str(plan.body)
    assert holding.run("import", "--since", "2024-11-01", "--dry-run", "--json").json["plan"]


def test_an_idle_run_shows_no_figures(holding: Office) -> None:
    """Prefect's database stays small: without news only what stands may be published."""
    name, shown = pages(holding)
    assert (name, set(shown)) == (None, {"held-items"})
    assert shown["held-items"].standing


def test_the_work_list_names_what_to_do(holding: Office) -> None:
    """C25: number, amount, reason, advice, since when, and where to look."""
    with holding.connection() as connection:
        page = needs_you(connection.ledger)
    assert isinstance(page.body, list)
    (row,) = page.body
    assert (row["number"], row["reason"], row["amount"]) == ("2024 / 101", "CURRENCY", "USD 121.00")
    assert row["what to do"]
    assert row["since"] == "2024-11-04"
    assert row["customer"] == "Klant NV"
    assert page.description == "1 needs you"


@pytest.mark.parametrize("days", [0, 3])
def test_a_figure_is_as_old_as_it_says(holding: Office, days: int) -> None:
    """Freshness is an age, by the clock of now."""
    holding.clock.shift += timedelta(days=days)
    assert ("(3 days ago)" in page_of(holding)) == (days == 3)


def test_a_page_is_never_endless() -> None:
    """Tables stay below 500 rows; the rest is in the command line (acceptance 4)."""
    assert MOST < 500
