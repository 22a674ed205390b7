"""The plan: what to do with each booking, as one chain of the guide's rules.

Read :func:`plan` from top to bottom: that is the order in which the rules speak, and the first
reason found wins. What cannot be read is held, what is left out by rule is skipped, what Twikey has
is adopted, what needs a person is held, and the rest is created.
"""

from __future__ import annotations

import pandas as pd
from pydantic import TypeAdapter

from connectors.twikey.records import NewInvoice
from mappings.amounts import hold_disagreeing_amounts, sign_amounts, skip_by_amount
from mappings.credit_notes import relate_credit_notes
from mappings.customers import PARTS, describe, match_customers
from mappings.dates import date_bookings
from mappings.emails import address_bookings
from mappings.existing import adopt_own, compare_with_taken
from mappings.frames import PLAN, rows, text, true, values
from mappings.languages import name_in_language
from mappings.numbers import hold_clashes, hold_unusable_numbers, number_bookings
from mappings.profiles import choose_profiles, hold_currencies
from mappings.remittance import write_remittances
from mappings.rules import Rules
from mappings.sources import (
    hold_source_problems,
    hold_unreadable,
    note_on_hold,
    skip_other_departments,
    skip_unbooked,
)
from mappings.summaries import Summary, summary
from mappings.texts import fit
from mappings.verdicts import drop_idle_notices, open_verdicts

__all__ = ["Summary", "payloads", "plan", "summary"]

INVOICES = TypeAdapter(list[NewInvoice])


def plan(
    bookings: pd.DataFrame, customers: pd.DataFrame, taken: pd.DataFrame, rules: Rules
) -> pd.DataFrame:
    """Decide about every booking: BOOKINGS, CUSTOMERS and TAKEN give a frame of shape PLAN.

    The rows are those of ``bookings``, invoices before credit notes, because an invoice must be at
    Twikey before its credit note can name it. ``action`` is create, adopt, skip or hold; a skipped
    or held row has its ``reason``, with the facts in ``detail``; in an adopted row ``detail`` is
    the Twikey id. ``notices`` are codes with commas between. ``due_on`` of a credit note is its own
    date, ``related_number`` is the invoice's number where Twikey has it. Never raises for what a
    booking holds; raises ValueError when a booking is given twice.
    """
    if bookings["id"].dropna().duplicated().any():
        raise ValueError("a booking is in the frame twice")
    decided = (
        bookings.pipe(invoices_first)
        .pipe(open_verdicts)
        .pipe(number_bookings, rules)
        .pipe(sign_amounts)
        .pipe(hold_unreadable)
        .pipe(skip_unbooked)
        .pipe(skip_other_departments, rules)
        .pipe(adopt_own, taken)
        .pipe(skip_by_amount)
        .pipe(hold_source_problems)
        .pipe(hold_disagreeing_amounts)
        .pipe(hold_unusable_numbers)
        .pipe(date_bookings, rules)
        .pipe(match_customers, customers)
        .pipe(hold_clashes, rules)
        .pipe(compare_with_taken, taken, rules)
        .pipe(choose_profiles, rules)
        .pipe(hold_currencies, rules)
        .pipe(relate_credit_notes)
        .pipe(name_in_language, rules.default_locale)
        .pipe(write_remittances)
        .pipe(address_bookings)
        .pipe(note_on_hold)
        .pipe(drop_idle_notices)
    )
    label = fit(rules.campaign, 140)
    return decided.assign(campaign=text(decided, [label] * len(decided)))[list(PLAN)]


def invoices_first(bookings: pd.DataFrame) -> pd.DataFrame:
    """Put the invoices before the credit notes, each in the order given."""
    late = (bookings["kind"] == "credit_note").to_numpy(dtype=bool)
    if not late.any():
        return bookings.reset_index(drop=True)
    return pd.concat([bookings[~late], bookings[late]], ignore_index=True)


def payloads(plan: pd.DataFrame, customers: pd.DataFrame) -> list[NewInvoice]:
    """Write what is sent to Twikey for the rows to create, in the order of the plan.

    Raises pydantic's ValidationError only where a rule above has a fault.
    """
    created = plan[(plan["action"] == "create").to_numpy(dtype=bool)]
    wanted = created.loc[true(created["describe_customer"]), "customer_id"]
    described = describe(customers[customers["id"].isin(wanted)].reset_index(drop=True))
    parts = {row["id"]: row for row in rows(described)}
    names = [*SENT, "describe_customer", "customer_id", "customer_type", "invoicee_name", "email"]
    found = zip(*(values(created[name]) for name in names), strict=True)
    return INVOICES.validate_python([_payload(row, parts) for row in found])


SENT = {
    "id": "id",
    "twikey_number": "number",
    "title": "title",
    "remittance": "remittance",
    "amount_cents": "amount_cents",
    "paid_cents": "paid_cents",
    "issued_on": "date",
    "due_on": "duedate",
    "ct": "ct",
    "locale": "locale",
    "cc": "cc",
    "campaign": "campaign",
    "manual": "manual",
    "related_number": "relatedInvoiceNumber",
}
"""The plan's columns that are sent, and Twikey's names for them (Twikey API reference 2.2)."""


def _payload(row: tuple[object, ...], parts: dict[str, dict[str, object]]) -> dict[str, object]:
    """Write one invoice; a customer new to Twikey is described in full."""
    *sent, is_new, number, kind, name, email = row
    invoice = dict(zip(SENT.values(), sent, strict=True))
    invoice["ref"] = invoice["id"]
    if is_new:
        invoice["customer"] = _customer(parts[str(number)], kind, name, email)
    else:
        invoice["customerByRef"] = number
    return invoice


def _customer(
    described: dict[str, object], kind: object, name: object, email: object
) -> dict[str, object]:
    """Write one customer; without a name of its own it has the one on the invoice."""
    customer = {part: described[part] for part in PARTS}
    if not (customer["companyName"] or customer["firstname"] or customer["lastname"]):
        part, length = ("companyName", 140) if kind == "company" else ("lastname", 50)
        customer[part] = fit(name if isinstance(name, str) else None, length)
    return {**customer, "customerNumber": described["id"], "email": email}
