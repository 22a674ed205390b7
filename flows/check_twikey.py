"""Guide 2, 3: what ``check`` asks of Twikey: its key, its profiles, and who else imports there."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.errors import AnotherRunAtWork, ProfileMissing
from flows.connection import Connection
from flows.finding import Books, Finding
from flows.run import Run
from flows.settle import read_twikey
from mappings.texts import many


def profiles(connection: Connection, books: Books) -> Iterator[Finding]:
    """Every profile that may be used is there and has a way to pay."""
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


def other_importer(connection: Connection, books: Books) -> Iterator[Finding]:
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
            f"{many(len(foreign), 'invoice')} of the last 30 days in Twikey under other ids,"
            f" such as {foreign[0]}: another importer is or was at work.",
            "Switch off automatic import in Twikey's own Teamleader integration; what it"
            " imported is adopted, not sent again.",
        )
    else:
        yield Finding("another importer", "ok", "No sign of one.")
