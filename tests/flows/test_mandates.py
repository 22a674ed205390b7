"""Guide 10: existing mandates are linked to Teamleader clients by customer number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.flows.following import killed_at
from tests.flows.money import follow_up, on, open_alerts, payments
from tests.flows.office import Office, Outcome
from tests.flows.scenes import (
    CUSTOMER,
    NUMBER,
    OpenOffice,
    book_100,
    in_november,
    known,
    run,
    writes,
)
from tests.sandbox.checkdigits import belgian_iban

HEADER = "customerNumber,mandateNumber,iban,signDate"
UPDATE = "/creditor/mandate/update"
OLD = "KLANT-0007"


def signed(office: Office, mandate: str, holder: str = OLD, account: int = 7) -> str:
    """Let a customer from before Teamleader have a signed mandate on 1420; return its IBAN."""
    fields = {"customerNumber": holder, "companyName": "Klant nv (old)"}
    iban = belgian_iban(account)
    office.sandbox.twikey.mandates.add(fields, 1420, mandate, iban, "KREDBEBB", "2023-05-04")
    return iban


def of(office: Office) -> dict[str, str]:
    """Return whose each mandate is in Twikey: number to customer number."""
    return {one["number"]: one["customer"] for one in office.sandbox.twikey.dump()["mandates"]}


class Desk:
    """An office with known customers, their old mandates, and a file that says whose they are."""

    def __init__(self, office: Office, folder: Path, count: int = 1) -> None:
        self.office = office
        self.path = folder / "mandates.csv"
        books = office.sandbox.books
        self.customers = [CUSTOMER, *(books.new_customer() for _ in range(count - 1))]
        for place, customer in enumerate(self.customers[1:]):
            books.book(customer=customer, date="2024-11-02", number=f"2024 / {200 + place}")
        if count > 1:
            office.imports(days=30)
        self.ibans = [signed(office, f"M{n}", f"OLD-{n}", n) for n in range(1, count + 1)]
        self.lines = [
            f"{customer},M{place},{iban},"
            for place, (customer, iban) in enumerate(
                zip(self.customers, self.ibans, strict=True), start=1
            )
        ]
        self.wanted = {f"M{n}": one for n, one in enumerate(self.customers, start=1)}
        self.write(*self.lines)
        office.forget_calls()

    def write(self, *lines: str, header: str = HEADER) -> None:
        """Write the file."""
        self.path.write_text("\n".join([header, *lines]), encoding="utf-8")

    def link(self, *options: str) -> Outcome:
        """Link by the command line, in JSON."""
        return run(self.office, "mandates", "link", str(self.path), "--json", *options)

    def check(self) -> Any:
        """Check by the command line, in JSON."""
        return run(self.office, "mandates", "check", str(self.path), "--json").json

    def updates(self) -> list[Any]:
        """Return the calls that changed a mandate."""
        return self.office.calls("twikey", UPDATE)


@pytest.fixture
def desk(open_office: OpenOffice, tmp_path: Path) -> Desk:
    """Open a desk with one customer and one mandate."""
    return Desk(known(in_november(open_office)), tmp_path)


@pytest.fixture
def three(open_office: OpenOffice, tmp_path: Path) -> Desk:
    """Open a desk with three customers and their three mandates."""
    return Desk(known(in_november(open_office)), tmp_path, 3)


# ---- A26


def test_a_linked_mandate_pays(desk: Desk) -> None:
    """A26: linked on 1420, the next invoice without ct is debited; unpaid until it is paid."""
    office = desk.office
    assert desk.link("--yes").json["linked"] == 1
    invoice = book_100(office)
    office.imports(days=30)
    (create,) = office.calls("twikey", "/creditor/invoice")[-1:]
    assert "ct" not in create.parameters
    assert office.twikey_invoices()[NUMBER]["state"] == "PENDING"
    assert office.twikey_invoices()[NUMBER]["ct"] == 1420
    follow_up(office)
    assert payments(office, invoice) == []
    assert not office.sandbox.books.invoice(invoice).paid
    on(office, "2024-11-11")
    office.sandbox.twikey.actions["pay_debit"](NUMBER)
    on(office, "2024-11-13")
    follow_up(office)
    assert payments(office, invoice) == [(12_100, "2024-11-11")]
    assert not open_alerts(office)


def test_without_the_link_nothing_is_debited(desk: Desk) -> None:
    """A26: a mandate under another customer number is nobody's; the dry run changes that not."""
    assert desk.link().json["linked"] == 1
    book_100(desk.office)
    desk.office.imports(days=30)
    assert desk.office.twikey_invoices()[NUMBER]["state"] == "BOOKED"


def test_a_mandate_that_was_uploaded_with_the_number_needs_no_link(desk: Desk) -> None:
    """A26, guide 10: the column customerNumber of Twikey's own import is enough."""
    signed(desk.office, "UPLOADED", CUSTOMER, 9)
    book_100(desk.office)
    desk.office.imports(days=30)
    assert desk.office.twikey_invoices()[NUMBER]["state"] == "PENDING"


# ---- A25: check


def test_a_good_file_is_said_to_be_good(desk: Desk) -> None:
    """A25: exit code 0; nobody is asked."""
    ended = desk.office.run("mandates", "check", str(desk.path))
    assert ended.code == 0
    assert "1 line: 1 all right" in ended.out
    assert desk.office.calls("twikey") == desk.office.calls("teamleader") == []


def test_an_edited_file_is_checked_line_by_line(three: Desk) -> None:
    """A25: unknown, empty and duplicated numbers, each with line, sentence and cure; exit 2."""
    stranger = "aaaaaaaa-bbbb-0ccc-8ddd-eeeeeeeeeeee"
    iban = three.ibans[0]
    lines = [f"{stranger},M1,{iban},", f",M2,{iban},", three.lines[2], three.lines[2]]
    three.write(*lines)
    ended = three.office.run("mandates", "check", str(three.path), "--json")
    assert ended.code == ended.json["exit_code"] == 2
    assert [(flaw["line"], flaw["code"]) for flaw in ended.json["flaws"]] == [
        (2, "NUMBER_UNKNOWN"), (3, "NUMBER_EMPTY"),
        (4, "NUMBER_TWICE"), (4, "MANDATE_NUMBER_TWICE"),
        (5, "NUMBER_TWICE"), (5, "MANDATE_NUMBER_TWICE"),
    ]  # fmt: skip
    shown = three.office.run("mandates", "check", str(three.path)).out
    assert f"line 2: No customer with the number {stranger} is known here." in shown
    assert shown.count("->") == 4


def test_control_characters_of_a_file_do_not_reach_the_terminal(desk: Desk) -> None:
    """A25: what stands in a file is shown, not obeyed."""
    desk.write(f"\x1b[31m\x1b]0;title\x07,M1,{desk.ibans[0]},")
    assert "\x1b" not in desk.office.run("mandates", "check", str(desk.path)).out


def test_a_file_of_windows_is_told_how_to_be_saved(desk: Desk) -> None:
    """A25: wrong encoding names the line and the way to save it; the rest is checked too."""
    content = "\r\n".join([HEADER + ",lastname", desk.lines[0] + ",Ren\u00e9"])
    desk.path.write_bytes(content.encode("cp1252"))
    found = desk.check()
    (flaw,) = found["flaws"]
    assert (flaw["code"], flaw["line"], found["usable"]) == ("ENCODING", 2, 1)
    assert "UTF-8" in flaw["cure"]


@pytest.mark.parametrize("name", ["nothing.csv", ".", "\x00", "-"])
def test_a_file_that_cannot_be_read_is_a_sentence(desk: Desk, name: str) -> None:
    """A25: missing, a directory, no name at all."""
    for action in ("check", "link"):
        ended = desk.office.run("mandates", action, str(desk.path.parent / name))
        assert ended.code == 64
        assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [["check"], ["link"], ["burn", "x"], ["check", "x", "--yes"], ["check", "x", "--bom"],
     ["template", "--move"], ["link", "x", "--force"], ["link", "x", "--yes", "--dry-run"]],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(office: Office, arguments: list[str]) -> None:
    """Decisions 10: wrong usage is exit code 64 and one sentence."""
    ended = office.run("mandates", *arguments)
    assert ended.code == 64
    assert len(ended.err.splitlines()) == 1


# ---- link


def test_the_plan_comes_first_and_writes_nothing(desk: Desk) -> None:
    """Guide 10: who it is now, whose it would be, and how to do it."""
    ended = desk.office.run("mandates", "link", str(desk.path))
    assert ended.code == 0
    assert f"Klant nv (old) (OLD-1) -> Klant NV ({CUSTOMER})" in " ".join(ended.out.split())
    assert "--yes" in ended.out
    assert writes(desk.office, "twikey") == []
    assert of(desk.office) == {"M1": "OLD-1"}
    with desk.office.ledger() as ledger:
        assert ledger.runs.last(1)[0].flow == "import"


def test_each_mandate_is_linked_once_under_its_intent(three: Desk) -> None:
    """Guide 10: one call each, remembered in the run book and in both journeys."""
    ended = three.link("--yes")
    assert (ended.code, ended.json["linked"], ended.json["read"]) == (0, 3, 3)
    assert of(three.office) == three.wanted
    assert [call.parameters for call in three.updates()] == [
        {"mndtId": number, "customerNumber": customer} for number, customer in three.wanted.items()
    ]
    with three.office.ledger() as ledger:
        assert ledger.runs.last(1)[0].outcome == "clean"
        assert ledger.runs.last(1)[0].counts["linked"] == 3
        (event,) = [e for e in ledger.journal.of(CUSTOMER) if e["what"] == "mandate linked"]
        assert event["facts"] == {"mandate": "M1", "was": "OLD-1"}
        assert [e["what"] for e in ledger.journal.of("M1")] == ["linked to a customer"]


def test_again_is_nothing(three: Desk) -> None:
    """Guide 10: the same command again looks and writes nothing."""
    three.link("--yes")
    three.office.forget_calls()
    again = three.link("--yes").json
    assert (again["linked"], again["known"], again["exit_code"]) == (0, 3, 0)
    assert three.updates() == []


def test_small_letters_find_the_mandate_in_capitals(desk: Desk) -> None:
    """API reference 5.3: Twikey writes numbers in capitals and matches them exactly."""
    desk.write(desk.lines[0].replace("M1", "m1"))
    assert desk.link("--yes").json["linked"] == 1
    assert of(desk.office) == desk.wanted


def test_a_bad_row_never_blocks_its_neighbour(three: Desk) -> None:
    """C26: every row is told; the good ones are linked, exit code 2."""
    lines = [
        f"{CUSTOMER},M9,{three.ibans[0]},",  # Twikey does not have it
        three.lines[1],
        f"{three.customers[2]},M3,BE00,",  # no IBAN
        f"{three.customers[2]},,,",  # the same customer, nothing filled in
    ]
    three.write(*lines[:3])
    ended = three.link("--yes")
    assert ended.code == 2
    report = ended.json
    assert (report["read"], report["linked"], report["held"]) == (3, 1, 2)
    assert {flaw["code"] for flaw in report["flaws"]} == {"NOT_AT_TWIKEY", "IBAN_MALFORMED"}
    assert of(three.office)["M2"] == three.customers[1]
    three.write(*three.lines[1:], lines[3], "garbled")
    ended = three.link("--yes")
    assert (ended.code, ended.json["linked"], ended.json["skipped"]) == (2, 1, 1)
    assert [(flaw["line"], flaw["code"]) for flaw in ended.json["flaws"]] == [(5, "CELLS")]


def test_a_refusal_is_told_and_the_next_one_goes_on(three: Desk) -> None:
    """C26: Twikey's own word for why, and exit code 2."""
    body = {"code": "err_mandate_invalid_state", "message": "only CORE"}
    three.office.sandbox.world.fault(
        "status", service="twikey", path=UPDATE, status=400, body=body, times=1
    )
    ended = three.link("--yes")
    assert (ended.code, ended.json["linked"], ended.json["held"]) == (2, 2, 1)
    assert "err_mandate_invalid_state" in ended.json["flaws"][0]["sentence"]
    assert three.link("--yes").json["linked"] == 1


def test_a_mandate_of_another_teamleader_customer_stays(three: Desk) -> None:
    """Guide 10: a debit never changes hands by a slip; --move does it."""
    three.link("--yes")
    first, second, third = three.customers
    three.write(f"{second},M1,{three.ibans[0]},")
    ended = three.link("--yes")
    assert (ended.code, ended.json["flaws"][0]["code"]) == (2, "OTHER_CUSTOMER")
    assert of(three.office)["M1"] == first
    assert three.link("--yes", "--move").json["linked"] == 1
    assert of(three.office) == {"M1": second, "M2": second, "M3": third}


@pytest.mark.parametrize("shown", [False, True])
@pytest.mark.parametrize("move", [False, True])
def test_a_mandate_of_a_customer_that_was_renamed_in_twikey_stays(
    three: Desk, shown: bool, move: bool
) -> None:
    """Guide 4, 10: its changed number does not make it somebody from before; --move does it.

    ``shown``: Twikey's feed tells whose number it is, and it has another name there; otherwise the
    name tells.
    """
    three.link("--yes")
    first, second, _ = three.customers
    actions = three.office.sandbox.twikey.actions
    actions["rename_customer"](second, "K-17")
    if shown:
        actions["edit_customer"]("K-17", companyName="Called otherwise")
        actions["pay_link"]("2024 / 200")
    three.write(f"{first},M2,{three.ibans[1]},")
    ended = three.link("--yes", *["--move"] * move)
    if move:
        assert (ended.json["linked"], of(three.office)["M2"]) == (1, first)
        return
    assert (ended.code, ended.json["flaws"][0]["code"]) == (2, "OTHER_CUSTOMER")
    assert "K-17" in ended.json["flaws"][0]["sentence"]
    assert of(three.office)["M2"] == "K-17"


def test_a_file_without_the_columns_links_nothing(desk: Desk) -> None:
    """Decisions 10: it could not do its work, and says which column is missing."""
    desk.write("a,b", header="name,number")
    ended = desk.link("--yes")
    assert ended.code == 1
    assert {flaw["column"] for flaw in ended.json["flaws"]} == {"customerNumber", "mandateNumber"}


def test_the_account_may_be_left_out_for_linking(desk: Desk) -> None:
    """API reference 5.6: only an upload needs the IBAN."""
    desk.write(f"{CUSTOMER},M1", header="customerNumber,mandateNumber")
    assert desk.link("--yes").code == 0
    assert of(desk.office) == desk.wanted


def test_another_run_at_work_is_waited_for(desk: Desk) -> None:
    """Decisions 5: one writer per connection."""
    with desk.office.ledger() as ledger, ledger.lock.held("import", desk.office.clock.now()):
        assert desk.link("--yes").code == 3
    assert desk.updates() == []


def test_a_key_of_another_account_links_nothing(desk: Desk) -> None:
    """Decisions 1: one ledger, one Twikey account: mandate numbers are not unique between two."""
    desk.office.sandbox.world.rules.change({"twikey_merchant": "999"})
    with desk.office.connection() as connection, connection.vault.exclusive():
        connection.vault.write_session(None)
    ended = desk.link("--yes")
    assert (ended.code, ended.json["error"]) == (1, "OtherAccount")
    assert desk.updates() == []


# ---- lost answers, stops, kills


def test_a_lost_answer_is_repeated_by_the_transport(desk: Desk) -> None:
    """API reference 5.6: setting the same number twice changes nothing, so it is repeated."""
    desk.office.sandbox.world.fault("reset_after", service="twikey", path=UPDATE, times=1)
    assert desk.link("--yes").json["linked"] == 1
    assert of(desk.office) == desk.wanted


def test_what_stays_unanswered_is_settled_by_looking(desk: Desk) -> None:
    """Decisions 5: told as lost; the same command finds it done and writes nothing."""
    fault = desk.office.sandbox.world.fault("reset_after", service="twikey", path=UPDATE)
    ended = desk.link("--yes")
    assert (ended.code, ended.json["lost"], ended.json["flaws"][0]["code"]) == (2, 1, "LOST")
    desk.office.sandbox.world.faults.remove(fault)
    desk.office.forget_calls()
    again = desk.link("--yes")
    assert (again.code, again.json["known"]) == (0, 1)
    assert desk.updates() == []
    with desk.office.ledger() as ledger:
        assert ledger.mandates.in_doubt(desk.office.clock.now()) == {}
        assert [e["what"] for e in ledger.journal.of("M1")] == ["linked to a customer"]


def test_a_lost_link_may_not_overtake_another(three: Desk) -> None:
    """Decisions 5: another customer waits until the lost one can no longer arrive."""
    config = three.office.home / "config.toml"
    config.write_text(
        config.read_text(encoding="utf-8").replace("after_seconds = 0", "after_seconds = 300"),
        encoding="utf-8",
    )
    second = three.customers[1]
    three.write(three.lines[0])
    fault = three.office.sandbox.world.fault("reset_before", service="twikey", path=UPDATE)
    assert three.link("--yes").json["lost"] == 1
    three.office.sandbox.world.faults.remove(fault)
    three.write(f"{second},M1,{three.ibans[0]},")
    ended = three.link("--yes")
    assert (ended.code, ended.json["flaws"][0]["code"]) == (2, "WAITS")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "flows.run.Run.now", lambda run: run.connection.clock.now().replace(year=2099)
        )
        assert three.link("--yes").json["linked"] == 1
    assert of(three.office)["M1"] == second


def test_three_lost_answers_in_a_row_stop_the_run(open_office: OpenOffice, tmp_path: Path) -> None:
    """Decisions 5: a Twikey that does not answer is left alone; the rest is not tried."""
    desk = Desk(known(in_november(open_office)), tmp_path, 5)
    fault = desk.office.sandbox.world.fault("reset_after", service="twikey", path=UPDATE)
    ended = desk.link("--yes")
    assert (ended.code, ended.json["lost"], ended.json["left"]) == (1, 3, 2)
    desk.office.sandbox.world.faults.remove(fault)
    again = desk.link("--yes").json
    assert (again["known"], again["linked"], again["exit_code"]) == (3, 2, 0)
    assert of(desk.office) == desk.wanted


def test_a_twikey_that_goes_away_half_way_leaves_the_rest(three: Desk) -> None:
    """Decisions 5: what was seen is linked or left, nothing is lost, and the cure is said."""
    for place in range(2, 12):
        three.office.sandbox.world.fault(
            "status", service="twikey", path="/mandate/detail", status=500, nth=place
        )
    ended = three.link("--yes")
    assert ended.code == 1
    assert ended.json["problems"]
    assert ended.json["read"] == ended.json["linked"] + ended.json["left"] == 3


def test_a_kill_at_any_moment_loses_and_doubles_nothing(
    open_office: OpenOffice, tmp_path: Path
) -> None:
    """K1: ended before and after every call and every statement, then run again: all linked."""
    office = known(in_november(open_office))
    desk = Desk(office, tmp_path, 2)
    prepared = office.sandbox.twikey.snapshot()
    for step in range(400):
        office.sandbox.twikey.restore(prepared)
        if not killed_at(step, lambda: desk.link("--yes")):
            break
        assert desk.link("--yes").code == 0, step
        assert of(office) == desk.wanted, step
        with office.ledger() as ledger:
            assert ledger.mandates.in_doubt(office.clock.now()) == {}, step
    assert step > 20
    assert office.sandbox.world.errors == []


def test_the_api_takes_what_twikeys_own_import_takes(desk: Desk) -> None:
    """A25: a row of the template is what Twikey's import wants (API reference 5.3, 5.8)."""
    office = desk.office
    lines = office.run("mandates", "template").out.splitlines()
    row = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    row |= {"mandateNumber": "NEW1", "iban": belgian_iban(77), "signDate": "2023-05-04"}
    environment = office.sandbox.environment()
    url = environment["TWIKEY_API_URL"]
    login = requests.post(url, data={"apiToken": environment["TWIKEY_API_KEY"]}, timeout=5)
    token = {"Authorization": login.headers["Authorization"]}
    form = {"ct": "1420", "method": "import", **{k: v for k, v in row.items() if v}}
    answer = requests.post(f"{url}/sign", data=form, headers=token, timeout=5)
    assert answer.json() == {"Msg": "OK", "MndtId": "NEW1"}
    assert of(office)["NEW1"] == CUSTOMER
