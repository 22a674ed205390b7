"""Guide 2 and 3: `check` probes everything before money moves, and says the cure for each."""

from __future__ import annotations

import pytest

from connectors.errors import ProfileMissing
from flows.check import check
from flows.finding import Finding
from flows.run import silently
from mappings.reasons import REASONS, sentence_of
from tests.flows.office import Office
from tests.flows.scenes import (
    OpenOffice,
    book_100,
    creates,
    in_november,
    option,
    profile_of,
    run,
    set_up,
    with_field,
    writes,
)

SOMEWHERE = "aaaaaaaa-bbbb-0ccc-8ddd-eeeeeeeeeeee"


def probe(office: Office) -> list[Finding]:
    """Run every probe; whatever is not well must come with a cure."""
    with office.connection() as connection:
        findings = check(connection, silently)
    for finding in findings:
        assert finding.sentence.endswith("."), finding
        assert (finding.state == "ok") == (finding.cure == ""), finding
    return findings


def found(office: Office, probe_name: str, state: str = "ok") -> Finding:
    """Return the one finding of a probe that is in a state."""
    ours = [f for f in probe(office) if f.probe == probe_name and f.state == state]
    assert len(ours) == 1, ours
    return ours[0]


# ---- all is well


def test_the_first_check_names_the_next_step(office: Office) -> None:
    """Guide 4: a plan of the first import, until there has been one; not while something fails."""
    step = "Next: `teamleader-twikey import --days 30 --dry-run`."
    assert run(office, "check").out.rstrip().endswith(step)
    office.sandbox.books.book(number="2026 / 1")
    assert office.imports(days=30, yes=True).sent == 1
    assert step not in run(office, "check").out


def test_a_good_connection_has_nothing_to_say(office: Office) -> None:
    """Guide 2: with everything in order every probe is ok, and nothing is written anywhere."""
    findings = probe(office)
    assert {finding.state for finding in findings} == {"ok"}
    assert {finding.probe for finding in findings} >= {
        "settings", "strict mode", "ledger", "Teamleader access", "clock", "Teamleader limit",
        "Teamleader departments", "scope invoices", "scope credit notes", "scope companies",
        "scope contacts", "invoice field", "subscription field", "Twikey profile",
        "number clashes", "Twikey access", "another importer",
    }  # fmt: skip
    assert writes(office, "teamleader") == []
    assert writes(office, "twikey") == []
    assert run(office, "check").code == 0


def test_check_tells_machines_the_same(office: Office) -> None:
    """Guide 2: --json gives every finding with its state, its sentence and its cure."""
    shown = run(office, "check", "--json").json
    assert {tuple(sorted(finding)) for finding in shown} == {("cure", "probe", "sentence", "state")}
    assert len(shown) == len(probe(office))


# ---- A04: at least one profile


def test_no_profile_at_all_is_refused_by_name(office: Office) -> None:
    """A04: without a profile neither check nor a run starts, and the setting is named."""
    office.configure("strict_mode = true\n")
    for verb in (["check"], ["import", "--days", "30"]):
        done = run(office, *verb)
        assert done.code == 1
        assert "new_customer_profile is missing" in done.err
    assert office.calls("teamleader") == []


def test_a_profile_that_twikey_does_not_have_is_refused(office: Office) -> None:
    """A04: profile 1499 is not in Twikey: check fails, a run imports nothing, both name it."""
    set_up(office, "new_customer_profile = 1499")
    office.sandbox.books.book()
    failing = found(office, "Twikey profile", "fails")
    assert "1499 (new_customer_profile)" in failing.sentence
    outcome = run(office, "check")
    assert (outcome.code, "Next:" in outcome.out) == (1, False)
    with pytest.raises(ProfileMissing) as refused:
        office.imports(days=30)
    assert "new_customer_profile" in str(refused.value)
    assert creates(office) == []


def test_once_the_profile_is_right_the_import_goes_on(office: Office) -> None:
    """A04: the refused run lost nothing; after the correction everything arrives."""
    set_up(office, "new_customer_profile = 1499")
    office.sandbox.books.book()
    assert run(office, "import", "--days", "30", "--yes").code == 1
    set_up(office)
    assert office.imports(days=30).sent == 1


def test_a_declared_profile_that_is_not_there_is_named(office: Office) -> None:
    """A04: a profile that only [profiles] names is looked for too."""
    set_up(office, tables='[profiles.1498]\ncurrency = "USD"')
    assert "1498 (profiles.1498)" in found(office, "Twikey profile", "fails").sentence


# ---- A05: payment options


def test_a_profile_without_payment_option_is_a_warning(office: Office) -> None:
    """A05: customers could not pay on a profile without any option: warned, exit code 2."""
    office.sandbox.twikey.actions["set_profile"](1420, methods=[])
    finding = found(office, "Twikey profile", "warns")
    assert "customers could not pay" in finding.sentence
    assert "payment provider" in finding.cure
    assert run(office, "check").code == 2


# ---- A06, A07: strict mode


@pytest.mark.parametrize(
    ("line", "said"),
    [("strict_mode = false", "Declared as off"), ("# strict_mode", "Not declared")],
)
def test_strict_mode_is_explained_unless_declared_on(office: Office, line: str, said: str) -> None:
    """A06: not declared as on, check explains the setting and who may change it."""
    office.configure(f"new_customer_profile = 1420\n{line}\n")
    finding = found(office, "strict mode", "warns")
    assert said in finding.sentence
    assert "booked invoices and credit notes can't be edited" in finding.cure
    assert "administrator" in finding.cure
    assert run(office, "check").code == 2


def test_a_status_clash_has_its_reason_and_check_warns_of_it(office: Office) -> None:
    """A07: the reason for a clash exists with both statuses and the cure; check foretells it."""
    reason = REASONS["STRICT_MODE"]
    assert reason.kind == "held"
    assert "strict mode on" in reason.advice
    assert "closes by itself once both sides agree" in reason.advice
    shown = sentence_of("STRICT_MODE", "paid in Teamleader, booked in Twikey")
    assert "paid in Teamleader, booked in Twikey" in shown
    set_up(office, "strict_mode = false")
    assert "writing payments back fail" in found(office, "strict mode", "warns").sentence


# ---- A18: simple and advanced mode


def test_simple_mode_ignores_fields_even_when_filled(open_office: OpenOffice) -> None:
    """A18: without [custom_fields] a filled field changes nothing and costs no call."""
    office = in_november(open_office)
    book_100(office, field_value=option(office, "1421"))
    assert office.imports(days=30).sent == 1
    assert profile_of(office) == 1420
    assert office.calls("teamleader", "/invoices.info") == []


@pytest.mark.parametrize("context", ["invoice", "subscription"])
def test_check_lists_the_fields_by_name_and_type(office: Office, context: str) -> None:
    """A18: in simple mode check shows the fields of both contexts: name, type and id."""
    definition = next(d for d in office.sandbox.books.definitions if d["context"] == context)
    listed = found(office, f"{context} field").sentence
    assert f'"{definition["label"]}" ({definition["type"]}) = {definition["id"]}' in listed
    assert "Domiciliëring" not in listed


def test_a_listed_id_switches_advanced_mode_on(open_office: OpenOffice) -> None:
    """A18: the id that check listed, put in the settings, is what the import then follows."""
    office = in_november(open_office)
    field = with_field(office)
    assert found(office, "invoice field").sentence == '"Twikey invoices" (single_select).'
    book_100(office, field_value=option(office, "1421"))
    assert office.imports(days=30).sent == 1
    assert profile_of(office) == 1421
    assert field in (office.home / "config.toml").read_text()


@pytest.mark.parametrize("wrong", ["of nothing", "of companies", "of subscriptions"])
def test_a_field_of_another_context_fails(office: Office, wrong: str) -> None:
    """A18: an id that is no usable field of invoices is refused by check, with the way out."""
    contexts = {"of companies": "company", "of subscriptions": "subscription"}
    chosen = next(
        (d["id"] for d in office.sandbox.books.definitions if d["context"] == contexts.get(wrong)),
        SOMEWHERE,
    )
    set_up(office, tables=f'[custom_fields]\ninvoice = "{chosen}"')
    assert "custom_fields.invoice" in found(office, "invoice field", "fails").sentence


def test_an_option_that_is_no_profile_of_twikey_fails(office: Office) -> None:
    """A18: the choices of the field are looked up in Twikey before anyone can choose them."""
    with_field(office)
    options = office.sandbox.books.definitions[0]["configuration"]["options"]
    options.append({"id": SOMEWHERE, "value": "1499"})
    assert '1499 (an option of "Twikey invoices")' in found(
        office, "Twikey profile", "fails"
    ).sentence  # fmt: skip
