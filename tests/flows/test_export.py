"""Guide 10: "Download your customers": the list and the template as CSV files."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest

from mappings.customer_list import EXPORTED, TEMPLATE
from tests.flows.office import Office
from tests.flows.scenes import CUSTOMER, OpenOffice, in_november, known, run, said, writes


@pytest.fixture
def listing(open_office: OpenOffice) -> Office:
    """Open an office whose customer is known to Twikey, and another one that is not."""
    office = known(in_november(open_office))
    office.sandbox.books.new_customer(name="=HYPERLINK(1)", email="x@y.example")
    return office


def table(path: Path, separator: str = ",") -> list[dict[str, str]]:
    """Read a file as a spreadsheet does."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def test_the_list_has_number_name_mail_language_and_mandates(
    listing: Office, tmp_path: Path
) -> None:
    """A24: the customers that Twikey has, by their Teamleader id, with their signed mandates."""
    listing.sandbox.twikey.actions["sign_mandate"](CUSTOMER, 1420, "acme7")
    path = tmp_path / "customers.csv"
    ended = listing.run("customers", "--export", str(path), "--json")
    assert (ended.code, ended.json["customers"], ended.json["with_mandate"]) == (0, 1, 1)
    (row,) = table(path)
    assert tuple(row) == EXPORTED
    assert row["customerNumber"] == CUSTOMER
    assert (row["name"], row["email"]) == ("Klant NV", "ap@klant.example")
    assert row["language"] in ("nl", "fr", "en", "de")
    assert (row["mandate_count"], row["mandates"]) == ("1", "ACME7")
    assert not writes(listing, "twikey") and not writes(listing, "teamleader")
    assert path.stat().st_mode & 0o077 == 0


def test_without_mandates_nobody_is_asked(listing: Office, tmp_path: Path) -> None:
    """A24: the list alone needs neither service, and does not pretend that there are none."""
    path = tmp_path / "customers.csv"
    assert listing.run("customers", "--export", str(path), "--no-mandates").code == 0
    assert listing.calls("twikey") == listing.calls("teamleader") == []
    assert table(path)[0]["mandate_count"] == ""


def test_belgian_excel_gets_what_it_opens(listing: Office, tmp_path: Path) -> None:
    """Acceptance 4: semicolons and a byte order mark on request."""
    path = tmp_path / "customers.csv"
    arguments = ("customers", "--export", str(path), "--bom", "--semicolon", "--no-mandates")
    assert listing.run(*arguments).code == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbfcustomerNumber;name;")
    assert table(path, ";")[0]["name"] == "Klant NV"


def test_a_name_cannot_become_a_formula(listing: Office, tmp_path: Path) -> None:
    """A24: a customer who calls himself a formula stays a name in every spreadsheet."""
    formula = '=HYPERLINK("http://x.example";"pay")'
    other = listing.sandbox.books.new_customer(name=formula)
    listing.sandbox.books.book(customer=other, date="2024-11-02")
    listing.imports(days=30)
    path = tmp_path / "customers.csv"
    assert listing.run("customers", "--export", str(path), "--no-mandates").code == 0
    assert {row["name"] for row in table(path)} == {"Klant NV", f"'{formula}"}


def test_a_file_is_never_replaced_unasked(listing: Office, tmp_path: Path) -> None:
    """A24: an existing file stays as it is, and nobody is asked before that is known."""
    path = tmp_path / "customers.csv"
    path.write_text("mine", encoding="utf-8")
    ended = listing.run("customers", "--export", str(path))
    assert (ended.code, path.read_text(encoding="utf-8")) == (64, "mine")
    assert "--force" in ended.err
    assert listing.calls("twikey") == []
    assert listing.run("customers", "--export", str(path), "--force").code == 0
    assert table(path)
    assert [one.name for one in tmp_path.glob(".*")] == []


@pytest.mark.parametrize("place", ["missing/file.csv", ".", "/dev/null"])
def test_a_place_that_cannot_be_written_to_is_a_sentence(
    listing: Office, tmp_path: Path, place: str
) -> None:
    """A24: a directory, a device, or nowhere."""
    ended = listing.run("customers", "--export", str(tmp_path / place), "--force")
    assert ended.code == 64
    assert len(ended.err.splitlines()) == 1


def test_a_link_stays_a_link(listing: Office, tmp_path: Path) -> None:
    """A24: what is replaced is the file that it leads to."""
    path, link = tmp_path / "real.csv", tmp_path / "link.csv"
    path.touch()
    link.symlink_to(path)
    assert listing.run("mandates", "template", str(link), "--force").code == 0
    assert link.is_symlink()
    assert table(path)


def test_a_disk_that_is_full_leaves_nothing_behind(
    listing: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A24: written whole or not at all."""

    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("flows.csv_files.os.fsync", full)
    ended = listing.run("mandates", "template", str(tmp_path / "t.csv"))
    assert (ended.code, "No space left" in ended.err) == (64, True)
    assert [one for one in tmp_path.iterdir() if one.suffix == ".csv"] == []


def test_standard_output_carries_the_table_and_nothing_else(listing: Office) -> None:
    """A24: what is told to people goes to standard error then."""
    ended = listing.run("customers", "--export", "-", "--no-mandates")
    assert ended.out.splitlines()[0] == ",".join(EXPORTED)
    assert len(ended.out.splitlines()) == 2
    assert ended.err.splitlines()[0] == "1 customer written to standard output"
    assert listing.run("customers", "--export", "-", "--json").code == 64


def test_a_twikey_that_does_not_answer_leaves_the_column_open(
    listing: Office, tmp_path: Path
) -> None:
    """A24: the list is written, it says what is not known, and the exit code says so too."""
    listing.sandbox.world.fault("status", service="twikey", path="/mandate/query", status=500)
    path = tmp_path / "customers.csv"
    ended = listing.run("customers", "--export", str(path), "--json")
    assert (ended.code, ended.json["not_asked"]) == (2, 1)
    assert ended.json["notes"]
    assert table(path)[0]["mandate_count"] == ""


def test_nothing_to_list_is_a_sentence(office: Office, tmp_path: Path) -> None:
    """Guide 10: first an import, which creates the customers in Twikey."""
    ended = office.run("customers", "--export", str(tmp_path / "customers.csv"))
    assert ended.code == 1
    assert "import" in ended.err
    assert not (tmp_path / "customers.csv").exists()


@pytest.mark.parametrize("verb", [("customers", "--export"), ("mandates", "template")])
def test_after_everything_was_taken_back_the_advice_leads_on(
    november: Office, tmp_path: Path, verb: tuple[str, str]
) -> None:
    """Guide 10, A22: what stays away is let come again first; then there is a list."""
    known(november)
    run(november, "undo", "last", "--yes")
    with november.ledger() as ledger:
        ledger.customers.forgotten(CUSTOMER, 1, november.clock.now())
    path = str(tmp_path / "list.csv")
    ended = run(november, *verb, path)
    assert (ended.code, "undo --forget last" in said(ended)) == (1, True)
    assert run(november, "undo", "--forget", "last").code == 0
    assert run(november, "import", "--days", "30").code == 0
    assert run(november, *verb, path).code in (0, 2)


@pytest.mark.parametrize("options", [["--bom"], ["--semicolon"], ["--force"], ["--no-mandates"]])
def test_options_of_an_export_need_one(office: Office, options: list[str]) -> None:
    """Decisions 10: what would be ignored is refused."""
    assert office.run("customers", *options).code == 64


# ---- the template


def test_each_row_of_the_template_carries_the_teamleader_id(
    listing: Office, tmp_path: Path
) -> None:
    """A25: customerNumber is filled in; the columns are those of Twikey's own import."""
    path = tmp_path / "mandates.csv"
    ended = listing.run("mandates", "template", str(path))
    assert ended.code == 0
    assert "mandates check" in ended.out
    (row,) = table(path)
    assert tuple(row) == TEMPLATE
    assert row["customerNumber"] == CUSTOMER
    assert row["companyName"] == "Klant NV"
    assert (row["mandateNumber"], row["iban"], row["signDate"]) == ("", "", "")
    assert listing.calls("twikey") == []


def test_the_template_goes_to_standard_output_by_itself(listing: Office) -> None:
    """A25: without a file name it can be piped."""
    assert listing.run("mandates", "template").out.startswith("customerNumber,")


def test_a_list_can_be_had_while_a_run_is_at_work(listing: Office, tmp_path: Path) -> None:
    """Decisions 5: looking needs no lock."""
    with listing.ledger() as ledger, ledger.lock.held("import", listing.clock.now()):
        assert listing.run("mandates", "template", str(tmp_path / "t.csv")).code == 0


def test_every_cell_of_the_template_comes_back(listing: Office, tmp_path: Path) -> None:
    """A25: `mandates check` reads what the template wrote, whatever the customers are called."""
    for name in ("'t Hof", "@admin", "+32", 'a;b,"c"', "\uff1d1", "-- none"):
        customer = listing.sandbox.books.new_customer(name=name)
        listing.sandbox.books.book(customer=customer, date="2024-11-02")
    listing.imports(days=30)
    path = tmp_path / "t.csv"
    assert listing.run("mandates", "template", str(path), "--bom", "--semicolon").code == 0
    found: Any = listing.run("mandates", "check", str(path), "--json").json
    assert {flaw["code"] for flaw in found["flaws"]} == {"MANDATE_MISSING"}
    assert (found["separator"], found["bom"], found["lines"]) == (";", True, 7)
