"""Why a mutant that no test notices is none that a test could notice, class by class."""

from __future__ import annotations

import re

# The reason, and the names of the mutants of this class (a pattern for the whole name).
EXPLAINED: tuple[tuple[str, str], ...] = (
    (
        "``__all__`` is read by ``import *`` only, which nothing here uses",
        r"mappings\.(bookings|reasons|reconcile): code: '(\w+)' -> '\2X'( #\d+)?",
    ),
    (
        "the answer is only ever read as yes or no, and None is no",
        r".*: return: return False -> return None( #\d+)?",
    ),
    (
        "a way round for speed: without it the same frame is made by assigning nothing",
        r"mappings\.verdicts\.(give|note|adopt): condition: if not hit\.any\(\) -> if False",
    ),
    (
        "a way round for speed: of numbers that stand there once each booking keeps its own",
        r"mappings\.numbers\.hold_clashes: condition: if not crossing.* -> if False",
    ),
    (
        "a detail is made and then not put in, because its row is not hit",
        r"mappings\.verdicts\.give: condition: if yes -> if True",
    ),
    (
        "what was decided before is compared, and what comes of it changes nothing that is decided",
        r"mappings\.existing\.compare_with_taken: condition: if yes -> if True",
    ),
    (
        "pandas makes the same column of texts either way",
        r"mappings\.frames\.column: condition: if dtype == TEXT -> if False",
    ),
    (
        "the state is read only where nothing was taken back",
        r"mappings\.netting\.(_undoes|_refunded): code: 'applied' -> 'appliedX'( #\d+)?",
    ),
    (
        "every event has a number of its own, so no two are at the same place",
        r"mappings\.netting\.net: comparison: _when\(p\) < _when\(event\) -> .* <= .*",
    ),
    (
        "a payment of the very amount has been taken back some lines above",
        r"mappings\.netting\._refunded: comparison: p\.amount_cents > .* -> .* >= .*",
    ),
    (
        "the ranks are compared with each other: 3 after 1 is as 2 after 1",
        r"mappings\.netting\._how_loose: constant: 2 -> 3",
    ),
    (
        "instants are written to the millisecond, and this is a millionth",
        r"mappings\.money_events\.moment: constant: 999000 -> 999001",
    ),
    (
        "no registration is of less than a cent, so what is spare is not above nothing either way",
        r"mappings\.markers\.survivors: constant: 0 -> 1",
    ),
    (
        "an invoice without an amount has its case before anybody looks at what Twikey asks",
        r"mappings\.reconcile\._asked: constant: 0 -> 1",
    ),
    (
        "Twikey's columns have one letter (l) or three and more, so two is as good a limit",
        r"mappings\.mandate_files\._meant: constant: 1 -> 2",
    ),
    (
        "no profile is called None, so the table of profiles has none either",
        r"mappings\.rules\.Rules\.currency_of: condition: if profile -> if True",
    ),
    (
        "the country without a trunk zero has a code, so asking for the code first adds nothing",
        r"mappings\.phones\.international: and/or: code and country == .* -> country == .*",
    ),
    (
        "a number that begins with +None is no number, and is left out as one without a code is",
        r"mappings\.phones\.international: and/or: code and country != .* -> country != .*",
    ),
    (
        "one random byte more or less makes the name of an intent no less its own",
        r"connectors\.ledger\.intents\.Intents\.begin_all: constant: 4 -> 5",
    ),
    (
        "the name of an intent is random: there is none to replace or to keep",
        r"connectors\.ledger\.intents\.Intents\.begin_all: SQL: INSERT OR REPLACE .*",
    ),
    (
        "a slot of exactly that age counts no longer, whether its row is there or not",
        r"connectors\.ledger\.window\.SharedWindow\._forget: SQL: .*sent <= :now - :lost.* -> "
        r".*sent < :now - :lost.*",
    ),
    (
        "moved to where it stands it stands there, and nobody reads which run moved it",
        r"connectors\.ledger\.runs\.Watermarks\.move: SQL: .*excluded\.at > at -> .*>= at",
    ),
    (
        "how many are asked for at once changes no answer",
        r"connectors\.ledger\.tombstones: constant: 500 -> 501",
    ),
    (
        "what Teamleader does not say is not nothing: any other figure will do",
        r"connectors\.ledger\.invitations: SQL: .*due_cents, 1\).* -> .*due_cents, 7\).*",
    ),
    (
        "to SQLite a text and a name behind it are that text, by that name",
        r"connectors\.ledger\.undo: code: \"'done'\" -> \"'done'X\"( #\d+)?",
    ),
    (
        "the rows go into a set",
        r"connectors\.ledger\.unsettled\.Unsettled\.left_out: SQL: SELECT DISTINCT .*",
    ),
)


def explanation(key: str) -> str | None:
    """Return why no test can notice this mutant; None: it should be noticed."""
    found = (why for why, pattern in EXPLAINED if re.fullmatch(pattern, key))
    return next(found, None)
