"""Guide 5: "a summary about the imported invoices is sent by email" (acceptance 4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flows.follow_up import FollowUpRequest, follow_up
from flows.mail_message import HELD_CSV
from tests.flows.money import on
from tests.flows.office import Office
from tests.flows.post_office import (
    TO,
    PostOffice,
    attachment,
    html_of,
    mailing,
    text_of,
)
from tests.flows.scenes import NUMBER, at, book_100, run


def follows_up(office: Office, *, by_hand: bool = False) -> list[str]:
    """Run the whole follow-up as the schedule does; return its notes."""
    with office.connection() as connection:
        return follow_up(connection, FollowUpRequest(by_hand=by_hand)).notes


def later(office: Office, **span: int) -> None:
    """Let time pass, here and at both services."""
    at(office, office.clock.now() + timedelta(**span))


def subjects(post: PostOffice) -> list[str]:
    """Return the subjects of what was mailed."""
    return [str(mail["Subject"]) for mail in post.mails]


# ---- A29: the summary of an import by hand


def test_an_import_by_hand_mails_its_numbers(mailer: Office, post: PostOffice) -> None:
    """A29: 3 new, 2 existing, 1 held: one mail with these numbers and the held reason."""
    for place in range(2):
        book_100(mailer, number=f"2024 / {90 + place}")
    mailer.imports(days=30)
    for place in range(3):
        book_100(mailer, number=f"2024 / {100 + place}")
    book_100(mailer, number="2024 / 110", currency="USD")
    post.taken.clear()
    report = mailer.imports(days=30)
    assert (report.sent, report.known, report.held, report.notes) == (3, 2, 1, [])
    (mail,) = post.mails
    said = text_of(mail)
    assert "read 6 = sent 3 + known 2 + skipped 0 + held 1" in said
    assert "2024 / 110" in said and "USD" in said and "CURRENCY" in said
    assert str(mail["Subject"]) == (
        "Teamleader->Twikey: 1 needs you, 3 sent, EUR 363.00 - Mon 4 Nov"
    )
    assert mail["To"] == ", ".join(TO)


def test_an_import_by_hand_mails_even_when_quiet(mailer: Office, post: PostOffice) -> None:
    """A29: guide 5 has no condition: nothing new is a summary too."""
    mailer.imports(days=30)
    mailer.imports(days=30)
    assert subjects(post) == ["Teamleader->Twikey: all well, nothing new - Mon 4 Nov"] * 2
    assert "read 0 = sent 0 + known 0 + skipped 0 + held 0" in text_of(post.mails[-1])


def test_a_dry_run_mails_nothing(mailer: Office, post: PostOffice) -> None:
    """A29: only what happened is told; a plan stays on the screen."""
    book_100(mailer)
    mailer.imports(days=30, dry_run=True)
    assert post.taken == []


# ---- C25: what needs a person is named once


def test_the_next_mail_names_changes_and_the_open_total(mailer: Office, post: PostOffice) -> None:
    """C25: two held at night are named with reasons and links; then only what is new."""
    mailer.imports(days=30)
    post.taken.clear()
    first = book_100(mailer, number="2024 / 101", currency="USD")
    book_100(mailer, number="2024 / 102", currency="USD")
    later(mailer, minutes=15)
    mailer.imports()
    said = text_of(post.mails[0])
    assert "2 need you" in subjects(post)[0]
    assert f"https://focus.teamleader.eu/invoice_detail.php?id={first}" in said
    assert said.count("* 2024 / ") == 2 and said.count("CURRENCY") == 2
    later(mailer, minutes=15)
    mailer.imports()
    assert len(post.taken) == 1  # nothing happened, so nothing is said

    book_100(mailer, number="2024 / 103", currency="USD")
    later(mailer, minutes=15)
    mailer.imports()
    said = text_of(post.mails[1])
    assert "3 need you" in subjects(post)[1]
    assert said.count("* 2024 / ") == 1 and "* 2024 / 103" in said
    assert "3 open in all, 1 of them new or changed." in said
    assert "Still open, not named again: 2, USD 242.00 (2 CURRENCY)." in said
    rows = attachment(post.mails[1], HELD_CSV).splitlines()
    assert [row.split(";")[0] for row in rows[1:]] == ["2024 / 101", "2024 / 102", "2024 / 103"]


def test_what_is_put_right_is_told_as_settled(mailer: Office, post: PostOffice) -> None:
    """C25: a change is also that something is over; it is said once."""
    held = book_100(mailer, currency="USD")
    mailer.imports(days=30)
    mailer.sandbox.books.edit_invoice(held, currency="EUR")
    later(mailer, hours=1)
    mailer.imports()
    assert "all well, 1 sent, EUR 121.00" in subjects(post)[-1]
    assert f"Settled since it was named: {NUMBER}." in text_of(post.mails[-1])
    mailer.imports(days=30)
    assert "Settled" not in text_of(post.mails[-1])


def test_nothing_is_named_twice_in_a_day_nor_forgotten_for_a_week(
    mailer: Office, post: PostOffice
) -> None:
    """C25: a daily mail only counts what it named before; after a week it reminds."""
    book_100(mailer, currency="USD")
    mailer.imports(days=30)
    for _ in range(8):
        later(mailer, days=1)
        mailer.imports()
    named = ["* 2024 / 100" in text_of(mail) for mail in post.mails]
    assert len(named) == 9
    assert [place for place, is_named in enumerate(named) if is_named] == [0, 7]


# ---- C26: what was left out, and why


def test_the_summary_adds_up_and_says_why(mailer: Office, post: PostOffice) -> None:
    """C26: 40 read = 30 sent + 8 skipped + 2 held, and each skip and hold lists its reason."""
    for place in range(30):
        book_100(mailer, number=f"2024 / {100 + place}")
    for place in range(8):
        amount = 0 if place < 5 else -12_100
        book_100(mailer, number=f"2024 / {200 + place}", amount=amount)
    for place in range(2):
        book_100(mailer, number=f"2024 / {300 + place}", currency="USD")
    mailer.imports(days=30)
    said = " ".join(text_of(post.mails[0]).split())
    assert "read 40 = sent 30 + known 0 + skipped 8 + held 2" in said
    assert "5 ZERO: Its amount is zero: there is nothing to collect." in said
    assert "3 NEGATIVE: It is an invoice with a negative amount" in said
    assert "2024 / 200, 2024 / 201, 2024 / 202, 2024 / 203, 2024 / 204" in said
    assert said.count("CURRENCY It is in USD") == 2
    page = html_of(post.mails[0]).replace("&nbsp;", " ")
    assert "read 40 = sent 30 + known 0 + skipped 8 + held 2" in page
    assert "2024 / 301" in page and "2024 / 205" in page


# ---- when


def test_every_scheduled_run_with_news_mails_and_no_other(mailer: Office, post: PostOffice) -> None:
    """C25: one mail per run with news, none for a quiet one within the day."""
    mailer.imports(days=30)
    post.taken.clear()
    for place in range(4):
        later(mailer, minutes=15)
        if place % 2:
            book_100(mailer, number=f"2024 / {100 + place}")
        mailer.imports()
        follows_up(mailer)
    assert ["1 sent, EUR 121.00" in one for one in subjects(post)] == [True, True]


def test_a_quiet_day_has_one_sign_of_life(mailer: Office, post: PostOffice) -> None:
    """C25: no news at all: one mail after seven o'clock each day, by the first run."""
    mailer.imports(days=30)
    post.taken.clear()
    for _ in range(24):
        later(mailer, hours=2)
        mailer.imports()
    assert subjects(post) == [
        f"Teamleader->Twikey: all well, nothing new - {day} Nov" for day in ("Tue 5", "Wed 6")
    ]
    assert {mail["Date"].datetime.hour for mail in post.mails} == {7}


@pytest.mark.parametrize(
    ("lines", "by_hand", "sent", "held", "quiet"),
    [
        (['when = "attention"'], 1, 0, 1, 0),
        (['when = "always"'], 1, 1, 1, 1),
        (['when = "off"'], 0, 0, 0, 0),
        (['heartbeat_hour = "off"'], 1, 1, 1, 0),
    ],
)
def test_the_settings_say_when(
    mailer: Office,
    post: PostOffice,
    lines: list[str],
    by_hand: int,
    sent: int,
    held: int,
    quiet: int,
) -> None:
    """Guide 5: who wants fewer mails, or more, says so; an import by hand always mails one."""
    mailing(mailer, post, *lines)
    counts = []
    for step in range(4):
        if step == 1:
            book_100(mailer)
        if step == 2:
            book_100(mailer, number="2024 / 101", currency="USD")
        later(mailer, minutes=15)
        mailer.imports(**({"days": 30} if step == 0 else {}))
        counts.append(len(post.taken))
        post.taken.clear()
    assert counts == [by_hand, sent, held, quiet]


def test_without_a_mail_server_nothing_is_mailed(mailer: Office, post: PostOffice) -> None:
    """Guide 5: off when no SMTP_HOST is set; `status` says so, and the run is as it was."""
    del mailer.environment["SMTP_HOST"]
    book_100(mailer)
    assert mailer.imports(days=30).notes == []
    assert run(mailer, "status", "--json").json["mail"]["off"] == "SMTP_HOST is not set"
    assert post.taken == []


# ---- money


def test_the_mail_tells_what_was_collected_reversed_and_waits(
    mailer: Office, post: PostOffice
) -> None:
    """C25: money by day: sent, collected, reversed, still waiting, with yesterday's."""
    book_100(mailer)
    book_100(mailer, number="2024 / 101")
    mailer.imports(days=30)
    assert "2  EUR 242.00" in _money(post, "Still waiting to be paid")
    on(mailer, "2024-11-05")
    mailer.sandbox.twikey.actions["pay_link"](NUMBER)
    follows_up(mailer)
    assert "1 collected, EUR 121.00" in subjects(post)[-1]
    assert _money(post, "Collected").split() == ["Collected", "1", "EUR", "121.00", "0"]
    assert _money(post, "Sent to Twikey").split()[-4:] == ["0", "2", "EUR", "242.00"]
    assert _money(post, "Still waiting").split()[-6:] == [
        "1",
        "EUR",
        "121.00",
        "2",
        "EUR",
        "242.00",
    ]


def _money(post: PostOffice, label: str) -> str:
    lines = text_of(post.mails[-1]).splitlines()
    return next(line for line in lines if line.strip().startswith(label))


# ---- a run that stops


def test_a_scheduled_run_that_stops_is_told_once(mailer: Office, post: PostOffice) -> None:
    """C25: a withdrawn access is mailed at once, with the cure, and not with every run."""
    mailer.imports(days=30)
    post.taken.clear()
    mailer.sandbox.teamleader.authority.revoke()
    for _ in range(3):
        later(mailer, minutes=15)
        assert run(mailer, "import").code == 1
    assert subjects(post) == ["Teamleader->Twikey: import stopped - Mon 4 Nov"]
    assert "teamleader-twikey connect" in text_of(post.mails[0])
    mailer.grant()
    book_100(mailer)
    mailer.imports()
    assert "Settled since it was named: import stopped." in text_of(post.mails[-1])
