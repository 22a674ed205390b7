"""Work through what is undecided, chunk by chunk: decide it, then carry it out."""

from __future__ import annotations

import json

from connectors.errors import ProfileMissing, ServiceUnavailable
from flows.apply import apply_chunk
from flows.decide import next_chunk, rules_of
from flows.run import DEPARTMENTS, Run
from mappings.rules import Rules


def work_through(run: Run) -> int:
    """Decide and apply every undecided booking; return how many creates left (or would leave).

    Chunks of 500 keep memory flat: 50,000 bookings are never held at once.
    """
    rules = rules_for(run)
    left = done = 0
    total = run.ledger.bookings.count_undecided(run.id)
    checked = False
    while (chunk := next_chunk(run, rules)) is not None:
        plan, customers = chunk
        if not checked and (plan["action"] == "create").any():
            require_profile(run)
            checked = True
        left += apply_chunk(run, plan, customers)
        done += len(plan)
        if run.in_doubt is not None:
            _leave_the_rest(run)
            break
        run.tell("deciding and sending" if not run.dry_run else "deciding", done, total)
    return left


def rules_for(run: Run) -> Rules:
    """Return the rules of today, with the department names and field options that are known."""
    settings = run.connection.settings
    names = json.loads(run.ledger.facts.read(DEPARTMENTS) or "{}")
    return rules_of(settings, run.connection.today().isoformat(), _options(run), names)


def _leave_the_rest(run: Run) -> None:
    """Stop sending to a Twikey that does not answer; the next scheduled run takes up the rest."""
    if run.ledger.bookings.any_undecided(run.id):
        run.problems.append(
            ServiceUnavailable(f"{run.in_doubt}; the rest was not sent and waits for the next run")
        )


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


def require_profile(run: Run) -> None:
    """Refuse to send anything while the configured profile is not Twikey's (guide 3, Required)."""
    profile = run.connection.settings.new_customer_profile
    fact = f"profile {profile} seen on"
    today = run.connection.today().isoformat()
    if run.ledger.facts.read(fact) == today:
        return
    try:
        run.connection.twikey.payment_methods(profile)
    except ProfileMissing:
        raise ProfileMissing(
            f"Twikey has no profile {profile}, which new_customer_profile in config.toml names"
        ) from None
    run.ledger.facts.write(fact, today)
