"""Mails: which count as told, which are to be repeated, and what they named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.ledger.ledger import Ledger
from connectors.ledger.mails import NewMail
from connectors.ledger.records import Named
from tests.connectors.fakes import NOW


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Open an empty ledger."""
    opened = Ledger(tmp_path / "ledger.db")
    yield opened
    opened.close()


def mail(ledger: Ledger, state: str, *, repeats: bool = False, hours: int = 0) -> int:
    """Enter a mail that names one thing, with its outcome; ``sending`` leaves it open."""
    at = NOW + timedelta(hours=hours)
    new = NewMail("news", 0, 1, "subject", "<id>", repeats, {"waiting": [hours, 0]})
    number = ledger.mails.begin(new, [Named("held:1", "1", "mark")], at)
    if state != "sending":
        ledger.mails.ended(number, state, at, "why")
    return number


@pytest.mark.parametrize(
    ("state", "repeats", "counts"),
    [
        ("sent", False, True), ("sent", True, True),
        ("failed", False, False), ("failed", True, False),
        ("unknown", False, False), ("unknown", True, True),
        ("sending", False, False), ("sending", True, True),
    ],
)  # fmt: skip
def test_which_mails_count_as_told(ledger: Ledger, state: str, repeats: bool, counts: bool) -> None:
    """C25: sent counts; an open outcome counts once it is itself the repetition of one."""
    number = mail(ledger, state, repeats=repeats)
    told = ledger.mails.last_told()
    assert (told is not None) is counts
    assert [row[0] for row in ledger.mails.told()] == (["held:1"] if counts else [])
    assert [one.id for one in ledger.mails.tried_since_told()] == ([] if counts else [number])


def test_the_newest_mail_counts_whatever_the_clock_said(ledger: Ledger) -> None:
    """C25: a clock that was set back does not make an older mail the newer one."""
    mail(ledger, "sent", hours=5)
    newest = mail(ledger, "sent", hours=1)
    told = ledger.mails.last_told()
    assert told is not None and told.id == newest
    at = ledger.mails.told()[0][3]
    assert at == (NOW + timedelta(hours=1)).isoformat(timespec="seconds")


def test_figures_are_those_of_the_last_mail_before(ledger: Ledger) -> None:
    """Acceptance 4: what stands open is compared with the last mail of a day before."""
    assert ledger.mails.figures_before(NOW) is None
    for hours, state in ((0, "sent"), (2, "failed"), (4, "sent")):
        mail(ledger, state, hours=hours)
    found = ledger.mails.figures_before(NOW + timedelta(hours=3))
    assert found == {"waiting": [0, 0]}
