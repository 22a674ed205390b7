"""Guide 5: the summary tells what runs noted; a note that asks for a person is not "all well"."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.flows.office import Office
from tests.flows.post_office import PostOffice, html_of, text_of
from tests.flows.scenes import CUSTOMER, at, book_100, run


def later(office: Office, **span: int) -> None:
    """Let time pass, here and at both services, with an access that was kept alive."""
    at(office, office.clock.now() + timedelta(**span))
    office.grant()


@pytest.fixture
def quiet(mailer: Office, post: PostOffice) -> Office:
    """Open an office whose customer has crossed, and whose first mails are out of the way."""
    book_100(mailer)
    mailer.imports(days=30)
    later(mailer, minutes=15)
    mailer.imports()
    later(mailer, minutes=15)
    post.taken.clear()
    return mailer


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vat_number": "BE0428759497"}, "change by hand in Twikey: VAT number"),
        ({"email": None}, "change by hand in Twikey: e-mail address"),
        ({"status": "deactivated"}, "deactivated in Teamleader"),
    ],
)
def test_a_note_that_asks_for_a_person_is_mailed_once(
    quiet: Office, post: PostOffice, change: dict[str, Any], words: str
) -> None:
    """C25, A50: what cannot follow to Twikey is mailed by the run that saw it, once."""
    quiet.sandbox.world.rules.change({"lists_deactivated": True})
    quiet.sandbox.books.edit_customer(CUSTOMER, **change)
    later(quiet, minutes=5)
    quiet.imports()
    (mail,) = post.mails
    assert "all well" not in str(mail["Subject"]) and "1 note for you" in str(mail["Subject"])
    said = " ".join(text_of(mail).split())
    assert "For you: customer Klant NV" in said and words in said
    assert "NEEDS YOU: Nothing." not in said
    assert words in html_of(mail)
    later(quiet, minutes=15)
    quiet.imports()
    assert len(post.mails) == 1
    later(quiet, days=1)
    quiet.imports()
    assert "all well" in str(post.mails[-1]["Subject"])
    assert words not in text_of(post.mails[-1])


def test_plain_notes_come_with_the_next_mail_each_once(quiet: Office, post: PostOffice) -> None:
    """C25: a note that asks for nothing brings no mail of its own, and is told once."""
    quiet.sandbox.books.edit_customer(CUSTOMER, invoicing_email="boek@klant.example")
    later(quiet, minutes=5)
    quiet.imports()
    assert post.mails == []
    later(quiet, minutes=15)
    book_100(quiet, number="2024 / 101")
    quiet.imports()
    (mail,) = post.mails
    assert "all well, 1 sent" in str(mail["Subject"])
    assert text_of(mail).count("boek@klant.example") == 1
    assert "WHAT RUNS NOTED" in text_of(mail)


def test_a_refused_update_is_mailed(quiet: Office, post: PostOffice) -> None:
    """C28: what Twikey does not take of a customer needs a person, and the mail names it."""
    quiet.sandbox.world.fault(
        "status", path="/customer/", method="PATCH", status=400, times=1,
        headers={"ApiErrorCode": "err_invalid_email", "ApiError": "Invalid"},
    )  # fmt: skip
    quiet.sandbox.books.edit_customer(CUSTOMER, email="new@klant.example")
    later(quiet, minutes=5)
    quiet.imports()
    (mail,) = post.mails
    assert "1 needs you" in str(mail["Subject"])
    assert "CUSTOMER_NOT_UPDATED" in text_of(mail) and "Klant NV" in text_of(mail)


def test_what_was_taken_back_is_named_with_its_import(quiet: Office, post: PostOffice) -> None:
    """A22, C26: skipped with the import it left with, by whom and when."""
    run(quiet, "undo", "1", "--yes")
    later(quiet, minutes=15)
    quiet.imports(days=30)
    said = " ".join(text_of(post.mails[-1]).split())
    assert "not told" not in said
    assert "removed from Twikey with its import (import 1, 2024-11-04" in said


def test_a_sign_of_life_comes_although_automatic_is_off(quiet: Office, post: PostOffice) -> None:
    """C26: the daily mail shows that the schedule runs, also where it sends nothing."""
    text = (quiet.home / "config.toml").read_text(encoding="utf-8")
    quiet.configure("automatic = false\n" + text)
    quiet.forget_calls()
    for _ in range(4):
        later(quiet, hours=12)
        assert run(quiet, "import").code == 0
    assert [str(mail["Subject"]).partition(": ")[2] for mail in post.mails] == [
        "all well, nothing new - Tue 5 Nov", "all well, nothing new - Wed 6 Nov",
    ]  # fmt: skip
    assert quiet.calls("teamleader") == quiet.calls("twikey") == []
