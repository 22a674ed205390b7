"""Names, notes, numbers and answers made to hurt: each is sent clean or held, none does harm.

One office holds them all, in every field that a person fills in; it is imported and followed up
once, and then everything that people, machines and spreadsheets are shown is looked at.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mappings.reasons import REASONS
from tests.flows.office import CONFIG, Office, Outcome, environment_of
from tests.flows.sights import OpenOffice
from tests.sandbox.server import Sandbox

ROOT = Path(__file__).parents[2]
TEXTS = {
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "Markdown": "[x](javascript:alert(1)) **b** | `c`\n# h",
    "ANSI": "\x1b[31m\x1b]0;owned\x07red\x1b[2J\x9b31m",
    "formula": '=HYPERLINK("http://x.example";"pay")',
    "formula behind a tab": "\t=1+1",
    "SQL": "Robert'); DROP TABLE bookings; --",
    "half a character": "Caf\ud800 \udfff",
    "10,000 letters": "x" * 10_000,
    "right to left": "\u202egnp.exe\u200f \u2066x\u2069",
    "NUL": "a\x00b",
    "emoji": "\U0001f600" * 60,
    "blank": " \t\n ",
    "format": "%s %d {0} {x} ${jndi:ldap://x.example}",
    "header": "a\r\nBcc: x@y.example",
}
NUMBERS = ("a#b?c/d%e%2F..", "../../x", "2026 / 1?x=1#y", "%00", ".", "..")
IDS = ("not-a-uuid", "..%2F..%2Fx", "2D8309E1-A005-0D4C-8674-5EB981ECD2C3'")
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
SAFE_PATH = re.compile(r"[A-Za-z0-9/_.-]*")
VIEWS = (("held",), ("status",), ("status", "--mail"), ("customers",), ("retry", "all"))


def fill(office: Office) -> None:
    """Book every text in every field, every odd number and id, and one plain invoice."""
    books = office.sandbox.books
    for text in TEXTS.values():
        company = books.new_customer(name=text, address=(text, text, text, "BE"), email=text)
        person = books.new_customer("contact", first_name=text, last_name=text)
        books.book(customer=company, note=text, attention_name=text)
        books.book(customer=person, reference=text)
        books.book(number=text)
        books.book(currency=json.dumps(text)[1:-1])
        books.book(field_value=text)
    for number in NUMBERS:
        books.book(number=number)
    for each in IDS:
        books.book(id=each)
    books.book(number="the plain one")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Open the office, where waiting takes no time."""
    with Sandbox(invoices=0) as sandbox, pytest.MonkeyPatch.context() as patch:
        sandbox.world.rules.change({"twikey_detail_limit": None})
        office = Office(sandbox, tmp_path_factory.mktemp("home"))
        office.grant()
        patch.setattr("flows.connection.SystemClock", lambda: office.clock)
        office.configure(
            CONFIG.replace('"off"', '"job"\nneeds_pdf = true')
            + f'[custom_fields]\ninvoice = "{sandbox.books.definition("invoice")}"\n'
        )
        fill(office)
        yield office
        assert not sandbox.world.errors


@pytest.fixture(scope="module")
def imported(office: Office) -> dict[str, Any]:
    """Import everything; return the report as machines see it."""
    outcome = office.run("import", "--days", "30", "--yes", "--invite", "--json")
    assert outcome.code == 2, outcome.err
    report: dict[str, Any] = outcome.json
    return report


def check_harmless(outcome: Outcome, *codes: int) -> None:
    """Check that a verb did its work, and shows nothing that acts on a terminal."""
    assert outcome.code in (codes or (0, 2)), outcome
    assert "Traceback" not in outcome.err
    assert "This is a bug" not in outcome.err, outcome.err
    for shown in (outcome.out, outcome.err):
        found = UNSEEN.search(shown)
        assert found is None, shown[max(found.start() - 80, 0) : found.end() + 20]


# ---- what is sent, and what is held


def test_every_booking_is_sent_or_held_with_one_reason(
    office: Office, imported: dict[str, Any]
) -> None:
    """X1: nothing is lost or stops its neighbours; what is held has a reason, a text, a cure."""
    count = 5 * len(TEXTS) + len(NUMBERS) + len(IDS) + 1
    assert imported["read"] == imported["sent"] + imported["held"] == count
    assert imported["problems"] == []
    assert len(office.sandbox.twikey.dump()["invoices"]) == imported["sent"] > count / 2
    assert "the plain one" in office.twikey_invoices()
    for row in imported["waiting"]:
        assert REASONS[row["reason"]].sentence
        assert REASONS[row["reason"]].advice
    assert "bug" not in str([row["detail"] for row in imported["waiting"]])


def test_what_is_sent_holds_nothing_that_acts(office: Office, imported: dict[str, Any]) -> None:
    """X1: titles, names and numbers at Twikey are clean and fit; amounts are untouched."""
    assert imported["sent"]
    sent = office.sandbox.twikey.dump()
    for invoice in sent["invoices"]:
        assert not UNSEEN.search(f"{invoice['number']}{invoice['title']}{invoice['remittance']}")
        assert len(invoice["number"]) <= 50
        assert invoice["cents"] == 12_100
    assert not UNSEEN.search(json.dumps(sent["customers"], ensure_ascii=False))


def test_no_text_of_others_becomes_part_of_an_address(
    office: Office, imported: dict[str, Any]
) -> None:
    """X1: numbers and ids with #?/% never shape the path of a call."""
    assert imported["sent"]
    for call in office.sandbox.world.journal:
        assert SAFE_PATH.fullmatch(call.path), call.path
        assert ".." not in call.path


def test_the_follow_up_works_through_all_of_it(office: Office, imported: dict[str, Any]) -> None:
    """X1: each that crossed gets its PDF and one invitation, whatever its names are."""
    office.sandbox.world.advance(700)
    office.clock.shift += timedelta(seconds=700)
    office.grant()
    check_harmless(office.run("follow-up"))
    check_harmless(office.run("follow-up"))
    for invoice in office.sandbox.twikey.dump()["invoices"]:
        assert invoice["pdfs"] == 1
    invited = [c.path for c in office.calls("twikey") if c.path.endswith("/action") and c.applied]
    assert len(invited) == len(set(invited)) == imported["sent"]


# ---- what is shown


@pytest.mark.parametrize("verb", VIEWS, ids=" ".join)
def test_no_view_lets_a_text_act(
    office: Office, imported: dict[str, Any], verb: tuple[str, ...]
) -> None:
    """X1: nothing moves the cursor, colours, reverses or floods; --json is JSON in UTF-8."""
    assert imported["held"]
    outcome = office.run(*verb)
    check_harmless(outcome)
    if "--mail" not in verb:
        assert max(len(line) for line in outcome.out.splitlines()) < 700
    told = office.run(*verb, "--json")
    assert told.code == outcome.code
    json.dumps(json.loads(told.out), ensure_ascii=False).encode()


def test_every_journey_can_be_read(office: Office, imported: dict[str, Any]) -> None:
    """X1: the story of each booking, by its id, for people and for machines."""
    assert imported["read"]
    ids = [invoice["id"] for invoice in office.sandbox.twikey.dump()["invoices"]]
    ids += [row["id"] for row in imported["waiting"]]
    for each in ids:
        check_harmless(office.run("journey", each))
    assert json.loads(office.run("journey", ids[-1], "--json").out)["bookings"]


def test_no_cell_of_the_customer_list_can_run(office: Office, imported: dict[str, Any]) -> None:
    """X1: a spreadsheet opens as many rows as there are customers, and no formula."""
    assert imported["new_customers"]
    listed = office.run("customers", "--export", "-", "--no-mandates")
    rows = list(csv.DictReader(io.StringIO(listed.out, newline="")))
    assert len(rows) == imported["new_customers"]
    for cell in (cell for row in rows for cell in row.values()):
        assert not re.match(r"\s*[=+\-@]", cell), cell


@pytest.mark.parametrize("verb", ["held", "status", "journey"])
@pytest.mark.parametrize("more", [(), ("--json",)], ids=["people", "machines"])
def test_a_terminal_without_letters_is_enough(
    office: Office, imported: dict[str, Any], verb: str, more: tuple[str, ...]
) -> None:
    """X1: where the output knows ASCII only, what it lacks is spelt out; JSON stays JSON."""
    name = [imported["waiting"][0]["id"]] if verb == "journey" else []
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", verb, *name, *more],
        cwd=ROOT, env={**environment_of(office), "PYTHONIOENCODING": "ascii"},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode in (0, 2), done.stderr) == (True, b"")
    if more:
        assert json.loads(done.stdout.decode("ascii"))


@pytest.mark.parametrize("text", ["\udcff", "a\x00", "' OR 1=1 --", "%", "*", "\u202ex", "\x1b[2J"])
@pytest.mark.parametrize(
    "verb",
    [("journey",), ("held",), ("retry",), ("invite",), ("follow-up", "--pdfs"), ("nonsense",)],
)  # fmt: skip
def test_a_name_given_by_hand_is_only_a_name(
    office: Office, imported: dict[str, Any], verb: tuple[str, ...], text: str
) -> None:
    """X1: whatever is typed finds nothing, in one line that does no harm itself."""
    assert imported["read"]
    outcome = office.run(*verb, text)
    check_harmless(outcome, 0, 64)
    assert len((outcome.out or outcome.err).splitlines()) <= 5


# ---- answers that are too much


@pytest.fixture
def quick(open_office: OpenOffice, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Open an office with three bookings, where waiting takes no time."""
    office = open_office()
    monkeypatch.setattr("flows.connection.SystemClock", lambda: office.clock)
    for _ in range(3):
        office.sandbox.books.book()
    return office


DEEP = "[" * 100_000 + "]" * 100_000
ROW = '{"id":"%08x-0c4d-0b8e-a17f-6d2c90e4b511","status":"outstanding","paid":false}'
MANY = '{"data":[' + ",".join(ROW % n for n in range(20_000)) + "]}"
TOO_MUCH = {
    "deep": ("teamleader", "/invoices.list", DEEP),
    "deep in a row": ("teamleader", "/invoices.list", f'{{"data":[{{"id":{DEEP}}}]}}'),
    "deep in a customer": ("teamleader", "/companies.list", f'{{"data":[{{"x":{DEEP}}}]}}'),
    "20,000 rows on a page": ("teamleader", "/invoices.list", MANY),
    "deep feed": ("twikey", "^/creditor/invoice$", f'{{"Invoices":{DEEP}}}'),
    "deep refusal": ("twikey", "^/creditor/invoice$", f'{{"code":"err_x","extra":{DEEP}}}'),
    "deep login": ("twikey", "^/creditor$", DEEP),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_an_answer_that_is_too_much_is_one_sentence(quick: Office, what: str) -> None:
    """X1: deep or huge JSON ends the run in a sentence, or the one row; then all crosses once."""
    service, path, text = TOO_MUCH[what]
    fault = quick.sandbox.world.fault("status", service=service, path=path, status=200, body=text)
    outcome = quick.run("import", "--days", "30", "--yes", "--json")
    assert "This is a bug" not in outcome.err, outcome.err
    assert fault.applied
    assert outcome.code in (1, 2)
    if outcome.code == 1:
        assert outcome.json["advice"]
        assert len(outcome.json["sentence"]) < 500
    fault.times = 0
    quick.sandbox.world.advance(700)
    quick.clock.shift += timedelta(seconds=700)
    quick.grant()
    for _ in range(2):
        last = quick.run("import", "--days", "30", "--yes", "--json")
    assert (last.code, len(quick.twikey_invoices())) == (0, 3), last.out


def test_half_characters_of_twikey_do_not_stop_its_feed(quick: Office) -> None:
    """X1: texts that nothing can store are kept with a question mark, the position moves on."""
    quick.imports(days=30)
    other = {"id": "7", "number": "x\ud800", "state": "\udfff", "amount": 1, "ref": "\ud800"}
    quick.sandbox.world.fault(
        "status", service="twikey", path="^/creditor/invoice$", method="GET", times=1, status=200,
        body=json.dumps({"Invoices": [other]}), headers={"X-LAST": "2"},
    )  # fmt: skip
    assert quick.imports().outcome == "clean"
    with quick.ledger() as ledger:
        assert ledger.feed.position() > 1
        assert [one.ref for one in ledger.feed.seen_under("x?")] == ["?"]


# ---- links that lead astray

LINKS = (
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:169.254.169.254]/",
    "https://[fd00:ec2::254]/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://10.0.0.1/x.pdf",
    "https://[64:ff9b::a9fe:a9fe]/",
    "http://example.com/x.pdf",
    "file:///etc/passwd",
    "https://user:secret@example.com/x.pdf",
    "javascript:alert(1)",
)


def test_a_link_that_leads_astray_is_not_followed(quick: Office) -> None:
    """X2: wherever the link of one PDF leads, it waits with PDF_ADDRESS; the others come."""
    first, *_ = [one.id for one in quick.sandbox.books.invoices]
    quick.imports(days=30)
    for link in LINKS:
        quick.sandbox.world.fault(
            "status", service="teamleader", path="invoices.download", content=first, times=1,
            status=200, body=json.dumps({"data": {"location": link, "expires": None}}),
            headers={"Content-Type": "application/json"},
        )  # fmt: skip
    for _ in LINKS:
        quick.sandbox.world.advance(90_000)
        quick.clock.shift += timedelta(seconds=90_000)
        quick.grant()
        check_harmless(quick.run("follow-up", "--pdfs", "--missing"))
        with quick.ledger() as ledger:
            row = ledger.documents.of(first)
            assert row is not None
            assert row["reason"] == "PDF_ADDRESS", row
            assert "secret" not in str(row)
    assert sum(invoice["pdfs"] for invoice in quick.sandbox.twikey.dump()["invoices"]) == 2
