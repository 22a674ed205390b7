"""Guide 2, decisions 9: settings are read once, whole, and every problem is told at once."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from connectors.errors import SettingsWrong
from flows.config_template import config_text
from flows.connection import Connection, home_of
from flows.settings import Settings, read_settings
from tests.flows.office import Office
from tests.flows.scenes import run

ID = "2d8309e1-a005-0d4c-8674-5eb981ecd2c3"
CANARY = "canary-b8f1d0-never-shown"
DECISIONS_9 = f"""
automatic = true
new_customer_profile = 1420
unknown_customers = "profile"
time_zone = "Europe/Brussels"
departments = []
strict_mode = true
settle_after_seconds = 300
[number_prefix]
"{ID}" = "BE-"
[custom_fields]
invoice = "{ID}"
subscription = "{ID}"
[profiles.1420]
invitation = "twikey"
needs_pdf = true
currency = "EUR"
[payments]
write_back = true
paid_elsewhere = true
[payments.methods]
sdd = "{ID}"
"""


def read(tmp_path: Path, text: str | bytes) -> Settings:
    """Read settings from a file with this text."""
    path = tmp_path / "config.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_settings(path)


def problems(tmp_path: Path, text: str | bytes) -> list[str]:
    """Return what is wrong with this text."""
    with pytest.raises(SettingsWrong) as wrong:
        read(tmp_path, text)
    return wrong.value.problems


# ---- what may be set


def test_the_fixed_names_are_all_understood(tmp_path: Path) -> None:
    """Decisions 9: the settings as decided are read as they are meant."""
    settings = read(tmp_path, DECISIONS_9)
    assert settings.automatic
    assert settings.new_customer_profile == "1420"
    assert settings.number_prefix == {ID: "BE-"}
    assert settings.custom_fields.invoice == settings.custom_fields.subscription == ID
    assert settings.profile("1420").invitation == "twikey"
    assert settings.payments.methods == {"sdd": ID}


def test_one_line_is_enough(tmp_path: Path) -> None:
    """Guide 2: only the profile for new customers must be chosen, the rest has its default."""
    settings = read(tmp_path, "new_customer_profile = 1420")
    assert settings.automatic
    assert ZoneInfo(settings.time_zone) == ZoneInfo("Europe/Brussels")
    assert settings.settle_after_seconds == 300
    assert settings.strict_mode is None
    assert settings.profile("1421").needs_pdf


@pytest.mark.parametrize("written", ["1420", '"1420"', '" 1420 "'])
def test_a_profile_is_a_number_or_a_text(tmp_path: Path, written: str) -> None:
    """Guide 2: a profile may be written with or without quotes."""
    settings = read(tmp_path, f"new_customer_profile = {written}")
    assert settings.new_customer_profile == "1420"


def test_what_init_writes_can_be_read(tmp_path: Path) -> None:
    """Guide 2: the commented file of `init` is valid and leaves every default alone."""
    written = read(tmp_path, config_text(1420))
    plain = read(tmp_path, "new_customer_profile = 1420")
    assert written == plain


def test_what_init_explains_is_everything(tmp_path: Path) -> None:
    """Guide 2: every setting that exists is named in the file that `init` writes."""
    text = config_text(None)
    for name in Settings.model_fields:
        assert re.search(rf"^#? ?\[?{name}\b", text, re.MULTILINE), name


def test_settings_never_change_during_a_run(tmp_path: Path) -> None:
    """Decisions 9: read once into a frozen object."""
    settings = read(tmp_path, "new_customer_profile = 1420")
    with pytest.raises(ValidationError):
        settings.automatic = False  # type: ignore[misc]  # what must not be possible


# ---- what is wrong is told, all of it, at once


def test_all_problems_are_told_together(tmp_path: Path) -> None:
    """Decisions 9: one look is enough to correct a whole file."""
    told = problems(
        tmp_path,
        'new_customer_profile = "14x1"\nautomatik = true\ntime_zone = "Brussels"\n'
        'departments = ["BE"]\nsettle_after_seconds = -1\n[payments]\nwrite_bak = true\n'
        '[profiles.1420]\ninvitation = "mail"\n[profiles.abc]\nneeds_pdf = true\n',
    )
    assert len(told) == 8
    wanted = ("new_customer_profile", "automatik", "time_zone", "departments.0",
              "settle_after_seconds", "payments.write_bak", "profiles.1420.invitation",
              "profiles.abc")  # fmt: skip
    for name in wanted:
        assert any(f"config.toml: {name} " in one for one in told), name


def test_file_and_environment_are_told_together(office: Office) -> None:
    """Decisions 9: problems of both come in one sentence, with exit code 1 and the cure."""
    office.configure("automatik = true\n")
    office.environment["TWIKEY_API_URL"] = "http://api.twikey.example/creditor"
    done = run(office, "check")
    assert done.code == 1
    for wanted in ("new_customer_profile", "automatik", "TWIKEY_API_URL", "https://"):
        assert wanted in " ".join(done.err.split())
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("automatik = true", "automatik"),
        ("[payments]\nmethod = {}", "payments.method"),
        ("[profiles.1420]\npdf = true", "profiles.1420.pdf"),
        ("[custom_fields]\ninvoices = 'x'", "custom_fields.invoices"),
        (f"twikey_api_key = '{CANARY}'", "twikey_api_key"),
    ],
)
def test_an_unknown_key_is_a_mistake(tmp_path: Path, line: str, key: str) -> None:
    """Decisions 9: a misspelt setting is never silently ignored; secrets are no settings."""
    told = problems(tmp_path, f"new_customer_profile = 1420\n{line}")
    assert told == [f"config.toml: {key} is not a setting (misspelt?)"]


@pytest.mark.parametrize(
    "line",
    [
        'automatic = "sometimes"', "automatic = 7", "strict_mode = 'maybe'",
        "unknown_customers = 'both'", "time_zone = 'Mars/Olympus'", "time_zone = ''",
        "time_zone = 1", "departments = 'all'", "departments = [1]", "number_prefix = []",
        "settle_after_seconds = 'soon'", "settle_after_seconds = -5", "profiles = 1420",
        "credit_note_number = 'CN'", "[brake]\nbookings = -1", "[brake]\namount = 'EUR 5'",
        "[profiles.1420]\ncurrency = 'euro'", "[profiles.1420]\nneeds_pdf = 'perhaps'",
        "[custom_fields]\ninvoice = 'Twikey invoices'", "[payments.methods]\nsdd = 'bank'",
        f"[number_prefix]\n'{ID}' = 7", "[number_prefix]\nBE = 'BE-'",
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_by_its_key(tmp_path: Path, line: str) -> None:
    """Decisions 9: a value of a wrong kind is one sentence with the file and the key."""
    (told,) = problems(tmp_path, f"new_customer_profile = 1420\n{line}")
    key = re.findall(r"[a-z_]+(?= =)|(?<=\[)[a-z_]+", line)[0]
    assert told.startswith("config.toml: ")
    assert key in told
    assert "\n" not in told


@pytest.mark.parametrize("wrong", ["14x1", "", "12345", "-1", "1420.5", "[1420]", "true"])
def test_a_profile_that_cannot_be_one_is_explained(tmp_path: Path, wrong: str) -> None:
    """A04: Twikey's profiles have at most four digits, and the sentence shows one."""
    written = wrong if wrong in ("[1420]", "true", "1420.5", "-1", "12345") else f'"{wrong}"'
    (told,) = problems(tmp_path, f"new_customer_profile = {written}")
    assert "new_customer_profile" in told
    assert "1420" in told


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"new_customer_profile = ", "not valid TOML"),
        (b"a = 1\na = 2", "not valid TOML"),
        (b"\xff\xfe", "cannot be read"),
        (b"\x00", "not valid TOML"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path: Path, text: bytes, word: str) -> None:
    """Guide 2: a file that is no TOML is said to be none, with its name."""
    (told,) = problems(tmp_path, text)
    assert word in told
    assert "config.toml" in told


def test_a_missing_file_points_to_init(tmp_path: Path) -> None:
    """Guide 2: where there are no settings yet, the sentence says how to get them."""
    with pytest.raises(SettingsWrong, match="teamleader-twikey init"):
        read_settings(tmp_path / "config.toml")


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    """Guide 2: what cannot be read is a sentence too."""
    with pytest.raises(SettingsWrong, match="cannot be read"):
        read_settings(tmp_path)


# ---- where it all lives


def test_the_home_is_where_the_variable_says(tmp_path: Path) -> None:
    """Decisions 9: TEAMLEADER_TWIKEY_HOME, else the platform's folder; others below it."""
    given = {"TEAMLEADER_TWIKEY_HOME": str(tmp_path)}
    assert home_of(given) == tmp_path
    assert home_of(given, "second") == tmp_path / "connections" / "second"
    assert home_of({}).name == "teamleader-twikey"


def test_another_settings_file_can_be_named(office: Office, tmp_path: Path) -> None:
    """Decisions 9: --config FILE is read in place of the home's own."""
    elsewhere = tmp_path / "elsewhere.toml"
    elsewhere.write_text("new_customer_profile = 1421\nstrict_mode = true\n")
    shown = run(office, "check", "--json", "--config", str(elsewhere)).json
    told = [one["sentence"] for one in shown if one["probe"] == "Twikey profile"]
    assert any("1421 (new_customer_profile)" in sentence for sentence in told)


def test_two_connections_stand_side_by_side(office: Office) -> None:
    """Decisions 1: nothing is global: each connection has its own settings and its own ledger."""
    second = home_of(office.environment, "second")
    second.mkdir(parents=True)
    (second / "config.toml").write_text("new_customer_profile = 1421\nautomatic = false\n")
    with (
        Connection.from_environment(office.environment) as one,
        Connection.from_environment(office.environment, name="second") as other,
    ):
        assert one.settings.new_customer_profile == "1420"
        assert other.settings.new_customer_profile == "1421"
        assert one.ledger.path != other.ledger.path


def test_what_init_writes_for_secrets_is_private(office: Office) -> None:
    """Decisions 9: the .env file is for its owner alone."""
    (office.home / "config.toml").unlink()
    assert run(office, "init").code == 0
    assert stat.S_IMODE((office.home / ".env").stat().st_mode) == 0o600
