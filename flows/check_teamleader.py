"""Guide 2, 3: what ``check`` asks of Teamleader: access, departments, scopes, fields, numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

from connectors.errors import Trouble
from connectors.ledger.ledger import Ledger
from connectors.teamleader.records import Department
from flows.connect import ACCOUNT
from flows.connection import Connection
from flows.finding import Books, Finding
from flows.run import DEPARTMENTS

SKEW = timedelta(seconds=60)
API_VERSION = "2023-09-26"
USABLE_FIELDS = ("single_select", "multi_select", "single_line", "integer", "number")


def access(connection: Connection, books: Books) -> Iterator[Finding]:  # noqa: ARG001 - a Probe
    """Who gave access, to the right account, in the known version, with the clock in step."""
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


def departments(connection: Connection, books: Books) -> Iterator[Finding]:
    """The departments that there are, and those that the settings name."""
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


def scopes(connection: Connection, books: Books) -> Iterator[Finding]:
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


def fields(connection: Connection, books: Books) -> Iterator[Finding]:
    """The custom fields that name a profile are there and of a type that can."""
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


def payment_methods(connection: Connection, books: Books) -> Iterator[Finding]:  # noqa: ARG001
    """The payment methods of the settings are active ones."""
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


def clashes(connection: Connection, books: Books) -> Iterator[Finding]:
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
