"""Work through what is undecided, chunk by chunk: decide it, then carry it out."""

from __future__ import annotations

import json

from flows.apply import apply_chunk, set_default_profiles
from flows.decide import next_chunk, rules_of
from flows.import_booked import require_profile
from flows.run import DEPARTMENTS, Run


def work_through(run: Run) -> int:
    """Decide and apply every undecided booking; return how many creates left (or would leave).

    Chunks of 500 keep memory flat: 50,000 bookings are never held at once. New customers get their
    default profile between chunks, because a later invoice of theirs carries no profile any more.
    """
    settings = run.connection.settings
    names = json.loads(run.ledger.facts.read(DEPARTMENTS) or "{}")
    rules = rules_of(settings, run.connection.today().isoformat(), _options(run), names)
    left = done = 0
    checked = False
    if not run.dry_run:
        set_default_profiles(run)
    while (chunk := next_chunk(run, rules)) is not None:
        plan, customers = chunk
        if not checked and (plan["action"] == "create").any():
            require_profile(run)
            checked = True
        left += apply_chunk(run, plan, customers)
        if not run.dry_run:
            set_default_profiles(run)
        done += len(plan)
        run.tell("deciding and sending" if not run.dry_run else "deciding", done, None)
    return left


def _options(run: Run) -> dict[str, str]:
    """Return option id -> value of the configured fields (API reference 3.9)."""
    fields = run.connection.settings.custom_fields
    chosen = {"invoice": fields.invoice, "subscription": fields.subscription}
    options: dict[str, str] = {}
    for context, field_id in chosen.items():
        if field_id is not None:
            for definition in run.connection.teamleader.custom_field_definitions(context):
                if definition.id == field_id:
                    options.update(definition.options)
    return options
