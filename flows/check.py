"""Guide 2, 3: probe everything that can be probed before money moves, and say the cure for each.

Reads only. Each probe ends in a finding: ok, warns (works, but look), or fails (will not work).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from connectors.errors import AnotherRunAtWork, Halted, ProfileMissing, Trouble
from connectors.ledger.ledger import Ledger
from connectors.teamleader.records import Booking, Department, FieldDefinition
from flows.connect import ACCOUNT
from flows.connection import Connection
from flows.run import DEPARTMENTS, Run, Tell
from flows.settle import read_twikey

State = Literal["ok", "warns", "fails"]
SKEW = timedelta(seconds=60)
API_VERSION = "2023-09-26"
USABLE_FIELDS = ("single_select", "multi_select", "single_line", "integer", "number")


@dataclass(frozen=True)
class Finding:
    """What one probe found, and what to do about it."""

    probe: str
    state: State
    sentence: str
    cure: str = ""


@dataclass
class Books:
    """What the Teamleader probes read, for the probes that compare."""

    departments: list[Department] = field(default_factory=list)
    recent: list[Booking] = field(default_factory=list)
    fields: list[FieldDefinition] = field(default_factory=list)


Probe = Callable[[Connection, Books], Iterator[Finding]]


def check(connection: Connection, tell: Tell, *, mail: bool = False) -> list[Finding]:
    """Run every probe; one that cannot be asked is a finding, not the end."""
    books = Books()
    findings: list[Finding] = []
    probes: list[tuple[str, Probe]] = [
        ("settings", _settings),
        ("ledger", _ledger),
        ("summary mail", _test_mail if mail else _mail),
        ("Teamleader access", _access),
        ("Teamleader departments", _departments),
        ("Teamleader scopes", _scopes),
        ("custom fields", _fields),
        ("payment methods", _payment_methods),
        ("Twikey profiles", _profiles),
        ("number clashes", _clashes),
        ("another importer", _other_importer),
    ]
    for done, (name, probe) in enumerate(probes, start=1):
        tell(f"checking {name}", done, len(probes))
        try:
            findings += probe(connection, books)
        except Trouble as trouble:
            findings.append(Finding(name, "fails", f"{trouble}.", trouble.advice))
            if name == "Teamleader access" and isinstance(trouble, Halted):
                break
    return findings


def _settings(connection: Connection, books: Books) -> Iterator[Finding]:  # noqa: ARG001 - a Probe
    settings = connection.settings
    mode = "on" if settings.automatic else "off (only what is started by hand runs)"
    yield Finding("settings", "ok", f"Read; automatic import is {mode}.")
    if settings.strict_mode:
        yield Finding("strict mode", "ok", "Declared as on; it cannot be read over the API.")
    else:
        said = "Declared as off" if settings.strict_mode is False else "Not declared"
        yield Finding(
            "strict mode",
            "warns",
            f"{said}: if booked invoices can be edited in Teamleader, a status changed there by"
            " hand makes writing payments back fail.",
            "In Teamleader, Settings > Preferences > Invoices, switch on: booked invoices and"
            " credit notes can't be edited (administrator rights needed); then set"
            " strict_mode = true.",
        )


def _ledger(connection: Connection, books: Books) -> Iterator[Finding]:  # noqa: ARG001 - a Probe
    waiting = len(connection.ledger.desk.held())
    connection.ledger.facts.write("last check", connection.clock.now().isoformat())
    if waiting:
        yield Finding(
            "ledger",
            "warns",
            f"{connection.ledger.path}: {waiting} held.",
            "See `teamleader-twikey held`.",
        )
    else:
        yield Finding("ledger", "ok", f"{connection.ledger.path} can be written.")


def _mail(connection: Connection, books: Books) -> Iterator[Finding]:  # noqa: ARG001 - a Probe
    from flows.check_mail import probe_mail

    yield Finding("summary mail", *probe_mail(connection))


def _test_mail(connection: Connection, books: Books) -> Iterator[Finding]:  # noqa: ARG001 - a Probe
    from flows.check_mail import probe_mail

    yield Finding("summary mail", *probe_mail(connection, send=True))


def _access(connection: Connection, books: Books) -> Iterator[Finding]:  # noqa: ARG001 - a Probe
    teamleader = connection.teamleader
    user = teamleader.me()
    known = connection.ledger.facts.read(ACCOUNT)
    if known not in (None, user.account_id):
        yield Finding(
            "Teamleader access",
            "fails",
            f"The access is to account {user.account_id}, the ledger is of {known}.",
            "Run `teamleader-twikey connect` with the account of this ledger.",
        )
    else:
        yield Finding("Teamleader access", "ok", f"As {user.name} in account {user.account_id}.")
    if teamleader.api_version_seen not in (None, API_VERSION):
        yield Finding(
            "Teamleader version",
            "warns",
            f"It answers as {teamleader.api_version_seen}, not as {API_VERSION}.",
            "Register the integration anew or report this; amounts may read differently.",
        )
    if teamleader.server_date is not None:
        skew = abs(teamleader.server_date - connection.clock.now())
        if skew > SKEW:
            yield Finding(
                "clock",
                "warns",
                f"This machine's clock is off by {skew.total_seconds():.0f} s.",
                "Switch on time synchronisation (NTP).",
            )
        else:
            yield Finding("clock", "ok", "Agrees with Teamleader's.")
    yield Finding("Teamleader limit", "ok", f"{teamleader.limit_seen or 'unknown'} calls a minute.")


def _departments(connection: Connection, books: Books) -> Iterator[Finding]:
    settings = connection.settings
    books.departments = connection.teamleader.departments()
    ids = {d.id for d in books.departments}
    remember_departments(connection.ledger, books.departments)
    names = ", ".join(f"{d.name} ({d.id})" for d in books.departments)
    yield Finding("Teamleader departments", "ok", f"{names}.")
    for setting, chosen in (
        ("departments", settings.departments),
        ("number_prefix", tuple(settings.number_prefix)),
    ):
        for unknown in set(chosen) - ids:
            yield Finding(
                "departments",
                "fails",
                f"{setting} names {unknown}, which is not there.",
                "Correct it in config.toml with an id from the list above.",
            )
    for other in books.departments:
        if other.currency not in (None, "EUR") and other.id in (settings.departments or ids):
            yield Finding(
                "currency",
                "warns",
                f"{other.name} invoices in {other.currency}.",
                "Its invoices are held unless a profile is declared for that currency.",
            )


def remember_departments(ledger: Ledger, departments: list[Department]) -> None:
    """Keep the departments' names, so that a clash can be told by name."""
    ledger.facts.write(DEPARTMENTS, json.dumps({d.id: d.name for d in departments}))


def _scopes(connection: Connection, books: Books) -> Iterator[Finding]:
    """Ask each list that an import reads; a missing scope is named by the one that fails."""
    teamleader, now = connection.teamleader, connection.clock.now()
    since = (connection.today() - timedelta(days=30)).isoformat()
    probes: dict[str, Callable[[], object]] = {
        "invoices": lambda: books.recent.extend(
            b for page in teamleader.booked_invoices(issued_from=since) for b in page.bookings
        ),
        "credit notes": lambda: list(teamleader.credit_notes(updated_since=now)),
        "companies": lambda: list(teamleader.companies(updated_since=now)),
        "contacts": lambda: list(teamleader.contacts(updated_since=now)),
    }
    for name, ask in probes.items():
        try:
            ask()
        except Trouble as trouble:
            yield Finding(f"scope {name}", "fails", f"{trouble}.", trouble.advice)
        else:
            yield Finding(f"scope {name}", "ok", "Can be read.")


def _fields(connection: Connection, books: Books) -> Iterator[Finding]:
    chosen = connection.settings.custom_fields
    for context, field_id in (("invoice", chosen.invoice), ("subscription", chosen.subscription)):
        there = connection.teamleader.custom_field_definitions(context)
        usable = [d for d in there if d.type in USABLE_FIELDS]
        if field_id is None:
            listed = "; ".join(f'"{d.label}" ({d.type}) = {d.id}' for d in usable) or "none"
            yield Finding(
                f"{context} field",
                "ok",
                f"Simple mode: not used. For advanced mode there are: {listed}.",
            )
            continue
        found = next((d for d in there if d.id == field_id), None)
        if found is None or found not in usable:
            yield Finding(
                f"{context} field",
                "fails",
                f"custom_fields.{context} names {field_id}, which is no usable field of"
                f" {context}s.",
                "Take an id from `check` without that line in config.toml.",
            )
        else:
            books.fields.append(found)
            yield Finding(f"{context} field", "ok", f'"{found.label}" ({found.type}).')


def _payment_methods(connection: Connection, books: Books) -> Iterator[Finding]:  # noqa: ARG001
    chosen = connection.settings.payments.methods
    if not chosen:
        return
    active = {m.id: m.name for m in connection.teamleader.payment_methods() if m.status == "active"}
    for method, method_id in chosen.items():
        if method_id in active:
            yield Finding("payment method", "ok", f"{method} = {active[method_id]}.")
        else:
            yield Finding(
                "payment method",
                "fails",
                f"payments.methods.{method} names {method_id}, which is not active.",
                "Take an active payment method of Teamleader, or leave the line out.",
            )


def _profiles(connection: Connection, books: Books) -> Iterator[Finding]:
    settings = connection.settings
    wanted = {settings.new_customer_profile: "new_customer_profile"}
    wanted.update({number: f"profiles.{number}" for number in settings.profiles})
    for definition in books.fields:
        for option in definition.options.values():
            wanted.setdefault(option.strip(), f'an option of "{definition.label}"')
    for profile, source in wanted.items():
        try:
            methods = connection.twikey.payment_methods(profile)
        except ProfileMissing:
            yield Finding(
                "Twikey profile",
                "fails",
                f"{profile} ({source}) is not in Twikey.",
                "Correct it; Twikey lists profiles under Settings > Profiles.",
            )
        else:
            if methods:
                yield Finding(
                    "Twikey profile", "ok", f"{profile} ({source}): {', '.join(methods)}."
                )
            else:
                yield Finding(
                    "Twikey profile",
                    "warns",
                    f"{profile} ({source}) has no payment option: customers could not pay.",
                    "Activate direct debit or a payment provider for it in Twikey.",
                )


def _clashes(connection: Connection, books: Books) -> Iterator[Finding]:
    """Two departments that use the same number cannot both be in one Twikey account (C15)."""
    prefixes, chosen = connection.settings.number_prefix, connection.settings.departments
    holders: dict[str, set[str]] = {}
    for booking in books.recent:
        department = booking.department_id or ""
        if booking.number and (not chosen or department in chosen):
            number = prefixes.get(department, "") + booking.number
            holders.setdefault(number, set()).add(department)
    clashing = sorted(number for number, departments in holders.items() if len(departments) > 1)
    if clashing:
        yield Finding(
            "number clashes",
            "warns",
            f"{len(clashing)} numbers of the last 30 days are used by two departments,"
            f" such as {clashing[0]}: the second one of each is held.",
            "Give a department a prefix under [number_prefix], or import one of them.",
        )
    else:
        yield Finding("number clashes", "ok", "None in the last 30 days.")


def _other_importer(connection: Connection, books: Books) -> Iterator[Finding]:
    """Invoices of the last days that stand in Twikey under foreign ids came by another importer."""
    try:
        with connection.ledger.lock.held("check", connection.clock.now()):
            read_twikey(Run(0, connection, connection.ledger, dry_run=False))
    except AnotherRunAtWork as busy:
        yield Finding("another importer", "ok", f"Not looked at: {busy}.")
        return
    yield Finding("Twikey access", "ok", "The key is accepted and the invoice feed can be read.")
    foreign = [
        b.number
        for b in books.recent
        if b.number and any(t.id != b.id for t in connection.ledger.feed.seen_under(b.number))
    ]
    if foreign:
        yield Finding(
            "another importer",
            "warns",
            f"{len(foreign)} invoices of the last 30 days stand in Twikey under other ids,"
            f" such as {foreign[0]}: another importer is or was at work.",
            "Switch off automatic import in Twikey's own Teamleader integration; what it"
            " imported is adopted, not sent again.",
        )
    else:
        yield Finding("another importer", "ok", "No sign of one.")
