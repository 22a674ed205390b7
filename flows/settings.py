"""Guide 2 and 3: everything the integration screen asks, as one frozen object (decisions 9).

Read once, from a mapping (the environment) and a TOML file; every problem found is reported
together. Secrets come from the environment or a ``.env`` file beside the TOML, never from the TOML.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from connectors.errors import SettingsWrong

HOME_VARIABLE = "TEAMLEADER_TWIKEY_HOME"
CONFIG_NAME = "config.toml"
LEDGER_NAME = "ledger.db"


def profile_number(value: object) -> str:
    """Accept a profile written as number or text; Twikey's contract allows four digits."""
    text = str(value).strip() if isinstance(value, int | str) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise ValueError("must be a Twikey profile number of at most 4 digits, such as 1420")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, IsADirectoryError) as error:
        raise ValueError("must be a time zone such as Europe/Brussels") from error
    return name


def _identifier(value: str) -> str:
    parts = value.strip().lower().split("-")
    if [len(p) for p in parts] != [8, 4, 4, 4, 12] or not all(
        c in "0123456789abcdef" for p in parts for c in p
    ):
        raise ValueError("must be an id such as 2d8309e1-a005-0d4c-8674-5eb981ecd2c3")
    return value.strip().lower()


def _mailbox(value: str) -> str:
    if not MAILBOX.fullmatch(value.strip()) or len(value.strip()) > 254:
        raise ValueError("must be an e-mail address such as books@example.com")
    return value.strip()


def _several(value: object) -> object:
    """Accept one address without brackets."""
    return [value] if isinstance(value, str) else value


def _hour(value: object) -> object:
    """Accept an hour of the day, or "off"."""
    if value is None or value == "off":
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 23:
        raise ValueError('must be an hour from 0 to 23, or "off"')
    return value


MAILBOX = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9][A-Za-z0-9.-]*", re.ASCII)
Mailbox = Annotated[str, AfterValidator(_mailbox)]
Profile = Annotated[str, BeforeValidator(profile_number)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Zone = Annotated[str, AfterValidator(_zone)]


class Frozen(BaseModel):
    """Settings never change during a run, and an unknown key is a mistake."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )


class ProfileSettings(Frozen):
    """What the operator tells about a Twikey profile, which no API tells (guide 3, 7)."""

    invitation: Literal["twikey", "job", "off"] = "twikey"
    needs_pdf: bool = True
    currency: str = Field("EUR", pattern=r"^[A-Z]{3}$")


class CustomFields(Frozen):
    """Guide 3.3 advanced mode: definition ids of the fields that carry a profile."""

    invoice: Identifier | None = None
    subscription: Identifier | None = None


class Payments(Frozen):
    """Guide 5 and 8: what is written back to Teamleader.

    ``methods`` maps Twikey's sdd, rcc, paylink, transfer and manual to Teamleader payment methods.
    """

    write_back: bool = True
    paid_elsewhere: bool = True
    reversal_with_other_payments: Literal["restore", "hold"] = "restore"
    methods: dict[str, Identifier] = {}


class Brake(Frozen):
    """A plan beyond these needs ``--yes``; 0 switches one off. ``amount`` is euro."""

    bookings: int = Field(2000, ge=0)
    amount: int = Field(1_000_000, ge=0)
    older_than_days: int = Field(60, ge=0)


class Mail(Frozen):
    """Guide 5: who gets the summary by mail, and when; off without ``to`` or SMTP_HOST.

    ``heartbeat_hour`` is an hour where the books are kept, None for "off". ``semicolon`` is how
    Belgian Excel separates the columns of the attachment.
    """

    to: Annotated[tuple[Mailbox, ...], BeforeValidator(_several)] = ()
    sender: Mailbox | None = Field(None, alias="from")
    when: Literal["news", "attention", "always", "off"] = "news"
    heartbeat_hour: Annotated[int | None, BeforeValidator(_hour)] = 7
    semicolon: bool = True


class Watch(Frozen):
    """When an alert is raised; 0 switches one off.

    ``late_after_hours``: an invoice is not in Twikey so long after it was booked (acceptance A30).
    ``quiet_after_hours`` and ``held_after_days`` go into the automations of Prefect.
    """

    late_after_hours: int = Field(1, ge=0)
    quiet_after_hours: int = Field(3, ge=0)
    held_after_days: int = Field(3, ge=0)


class Settings(Frozen):
    """The settings of one connection."""

    automatic: bool = True
    new_customer_profile: Profile
    unknown_customers: Literal["profile", "omit"] = "profile"
    time_zone: Zone = "Europe/Brussels"
    departments: tuple[Identifier, ...] = ()
    strict_mode: bool | None = None
    settle_after_seconds: int = Field(300, ge=0)
    credit_note_number: str = Field("CN{number}", pattern=r"\{number\}")
    number_prefix: dict[Identifier, str] = {}
    custom_fields: CustomFields = CustomFields()
    profiles: dict[Profile, ProfileSettings] = {}
    payments: Payments = Payments()
    brake: Brake = Brake()
    mail: Mail = Mail()
    watch: Watch = Watch()

    def profile(self, number: str) -> ProfileSettings:
        """Return what is declared of a profile, or the defaults."""
        return self.profiles.get(number, ProfileSettings())


def read_settings(path: Path) -> Settings:
    """Read the TOML file; raise ``SettingsWrong`` with every problem in it."""
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsWrong(
            [f"there is no {path}: write one with `teamleader-twikey init`"]
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsWrong([f"{path} is not valid TOML: {error}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsWrong([f"{path} cannot be read: {reason_of(error)}"]) from None
    try:
        return Settings.model_validate(written)
    except ValidationError as error:
        raise SettingsWrong(problems_of(path.name, error)) from None


def problems_of(source: str, error: ValidationError) -> list[str]:
    """Say each problem as `file: key what is wrong`, never quoting a value."""
    return [f"{source}: {_key(e['loc'])} {_sentence(e)}" for e in error.errors()]


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part != "[key]")


def _sentence(error: Any) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        return "is not a setting (misspelt?)"
    if kind == "missing":
        return "is missing"
    message: str = error["msg"].removeprefix("Value error, ")
    return message[0].lower() + message[1:]


def reason_of(error: Exception) -> str:
    """Say in a few words why a file cannot be read."""
    return getattr(error, "strerror", None) or "it is not UTF-8 text"
