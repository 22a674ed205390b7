"""Guide 2, 3: probe everything that can be probed before money moves, and say the cure for each.

Reads only. Each probe ends in a finding: ok, warns (works, but look), or fails (will not work).
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.errors import Halted, Trouble
from flows import check_teamleader as teamleader
from flows import check_twikey as twikey
from flows.connection import Connection
from flows.finding import Books, Finding, Probe
from flows.run import Tell


def check(connection: Connection, tell: Tell, *, mail: bool = False) -> list[Finding]:
    """Run every probe; one that cannot be asked is a finding, not the end."""
    books = Books()
    findings: list[Finding] = []
    probes: list[tuple[str, Probe]] = [
        ("settings", _settings),
        ("ledger", _ledger),
        ("summary mail", _test_mail if mail else _mail),
        ("Teamleader access", teamleader.access),
        ("Teamleader departments", teamleader.departments),
        ("Teamleader scopes", teamleader.scopes),
        ("custom fields", teamleader.fields),
        ("payment methods", teamleader.payment_methods),
        ("Twikey profiles", twikey.profiles),
        ("number clashes", teamleader.clashes),
        ("another importer", twikey.other_importer),
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
