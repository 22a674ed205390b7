"""Acceptance 4: what the mail looks like, to people, to mail programs, and with hostile names."""

from __future__ import annotations

import re
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest

from flows.mail_message import HELD_CSV
from tests.flows.office import Office
from tests.flows.post_office import PostOffice, attachment, html_of, mailing, text_of
from tests.flows.scenes import CUSTOMER, NUMBER, book_100, run

ORDER = [
    "NEEDS YOU", "MONEY", "READ", "SKIPPED BY RULE", "SENT, AND SOMETHING TO KNOW",
    "HOW FRESH IT IS", "Attached",
]  # fmt: skip
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>\" onmouseover='x'",
    "Klant\r\nBcc: everybody@else.example\r\n\r\nHello",
    '=HYPERLINK("http://evil.example";"Open")',
    "\x1b[31mred\x07 \u202ereversed\u2066 \x00nul",
    "Café Société é 株式会社 🥐",
    "&lt;already&gt; &amp; 100%s {detail} \\n",
    "x" * 400,
]


class Page(HTMLParser):
    """Collects the elements, links and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        """Keep a text."""
        self.words.append(data)


def holding(office: Office, post: PostOffice, name: str) -> EmailMessage:
    """Import one invoice that crosses, one that is held and one skipped; return the mail."""
    office.sandbox.books.edit_customer(CUSTOMER, name=name)
    book_100(office, due="2024-11-01")
    book_100(office, number="2024 / 101", currency="USD")
    book_100(office, number="2024 / 102", amount=0)
    office.imports(days=30)
    return post.mails[-1]


def test_the_parts_come_in_their_order(mailer: Office, post: PostOffice) -> None:
    """C26: needs you, money, the line that adds up, skipped, freshness, attachments."""
    mail = holding(mailer, post, "Klant NV")
    said, page = text_of(mail), html_of(mail)
    assert [said.index(part) for part in ORDER] == sorted(said.index(part) for part in ORDER)
    titles = [part.capitalize() for part in ORDER]
    assert [page.index(f">{one}<") for one in titles] == sorted(
        page.index(f">{one}<") for one in titles
    )
    assert "1 ZERO" in said and "1 DUE_AT_ONCE" in said


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_a_name(mailer: Office, post: PostOffice, name: str) -> None:
    """C25: markup is shown, line ends and control characters are not, and no header is added."""
    mail = holding(mailer, post, name)
    assert set(mail.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted",
        "X-Auto-Response-Suppress", "MIME-Version", "Content-Type",
    }  # fmt: skip
    page, said = Page(html_of(mail)), text_of(mail)
    assert set(page.tags) <= {
        "html", "head", "meta", "title", "body", "table", "tr", "td", "div", "span", "b", "br",
        "a", "code",
    }  # fmt: skip
    assert all(link.startswith("https://focus.teamleader.eu/") for link in page.links)
    assert not [one for one in page.names if one.startswith("on")]
    for text in (said, "".join(page.words)):
        assert text.replace("\n", "").replace("\xa0", " ").isprintable()
        assert "\nBcc" not in text
    shown = " ".join(re.sub(r"[^\w<>&;%{}=(]", " ", name).split())[:30]
    assert shown.split()[0][:10] in " ".join("".join(page.words).split())


def test_letters_of_all_kinds_arrive(mailer: Office, post: PostOffice) -> None:
    """C25: UTF-8 in both forms and in the attachment, and nothing but ASCII on the wire."""
    mail = holding(mailer, post, HOSTILE[5])
    for text in (text_of(mail), html_of(mail), attachment(mail, HELD_CSV)):
        assert "Café Société é 株式会社 🥐" in text
    assert (post.taken[-1].original_content or b"").isascii()


@pytest.mark.parametrize("name", [HOSTILE[3], "+32", "@SUM(A1)", "-1+1", "\t=1"])
def test_no_cell_of_the_attachment_is_a_formula(
    mailer: Office, post: PostOffice, name: str
) -> None:
    """C25: a name that begins like a formula is text in a spreadsheet."""
    rows = attachment(holding(mailer, post, name), HELD_CSV).splitlines()
    assert len(rows) == 2
    assert rows[1].split(";")[1].lstrip('"').startswith(("'", "32"))


def test_the_attachment_may_have_commas(mailer: Office, post: PostOffice) -> None:
    """C25: not everybody has a Belgian Excel."""
    mailing(mailer, post, "semicolon = false")
    rows = attachment(holding(mailer, post, "Klant NV"), HELD_CSV).splitlines()
    assert rows[0].startswith("number,customer,currency,amount,reason")
    assert rows[1].startswith("2024 / 101,Klant NV,USD,121.00,CURRENCY,")


def test_the_headers_are_those_of_a_machine(mailer: Office, post: PostOffice) -> None:
    """C25: nobody's absence notice answers; date and id are the sender's."""
    mail = holding(mailer, post, "Klant NV")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[^@\s]+@books\.example>", mail["Message-ID"])
    assert mail["Date"].datetime.isoformat().startswith("2024-11-04T09:00")
    assert mail["Subject"] == ("Teamleader->Twikey: 1 needs you, 1 sent, EUR 121.00 - Mon 4 Nov")
    assert mail.get_content_type() == "multipart/mixed"
    first = next(iter(mail.iter_parts()))
    assert [part.get_content_type() for part in first.iter_parts()] == ["text/plain", "text/html"]


def test_the_mail_can_be_seen_without_being_sent(
    mailer: Office, post: PostOffice, tmp_path: Path
) -> None:
    """Guide 5: `status --mail` shows the next mail as text, page or JSON; nothing leaves."""
    mailer.environment |= {"SMTP_HOST": ""}
    book_100(mailer, currency="USD")
    mailer.imports(days=30)
    mailer.environment |= {"SMTP_HOST": "127.0.0.1"}
    shown = run(mailer, "status", "--mail")
    assert shown.code == 0 and "Subject: Teamleader->Twikey: 1 needs you" in shown.out
    assert NUMBER in shown.out
    page = tmp_path / "mail.html"
    assert run(mailer, "status", "--mail", str(page)).code == 0
    assert NUMBER in page.read_text(encoding="utf-8")
    assert set(run(mailer, "status", "--mail", "--json").json) == {"subject", "text", "html"}
    wrong = run(mailer, "status", "--mail", str(tmp_path / "nowhere" / "mail.html"))
    assert wrong.code == 64 and "cannot be written" in wrong.err
    assert post.taken == []
    with mailer.ledger() as ledger:
        assert ledger.mails.last() is None
