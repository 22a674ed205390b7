"""Every reason why a booking is skipped or held, and every notice, each with its advice.

Skipped: left out by rule, nothing to do. Held: waits for a person, nothing is lost and nothing is
sent. Notice: it crosses, and there is something to know. Alerts, about what has crossed, are in
``alerts``. The report, the command line and
``docs/operating.md`` all speak from this table (decisions 2; guide 5).
"""

from __future__ import annotations

from mappings.alerts import ALERTS
from mappings.reason import AND_RETRY, NOTHING, Kind, Reason

__all__ = ["REASONS", "Kind", "Reason", "advice_of", "sentence_of"]

SKIPPED = (
    Reason(
        "ZERO",
        "skipped",
        "Its amount is zero: there is nothing to collect.",
        NOTHING,
        "decisions 3; API reference 3.3",
    ),
    Reason(
        "ALREADY_PAID",
        "skipped",
        "It is already paid in Teamleader.",
        NOTHING,
        "decisions 3; API reference 3.2",
    ),
    Reason(
        "NEGATIVE",
        "skipped",
        "It is an invoice with a negative amount, which cannot be collected.",
        "If money is to go back, book a credit note in Teamleader: that is imported.",
        "decisions 3; API reference 3.3",
    ),
    Reason(
        "NOT_BOOKED",
        "skipped",
        "It is not booked: its status is {detail}.",
        "Book it in Teamleader; the next run imports it.",
        "guide 1; decisions 3",
    ),
    Reason(
        "OTHER_DEPARTMENT",
        "skipped",
        "Its department ({detail}) is not one of those to import.",
        "To import it, add the department to `departments` in config.toml.",
        "decisions 9",
    ),
    Reason(
        "DELETED_IN_SOURCE",
        "skipped",
        "It was deleted in Teamleader, so it is no longer followed.",
        "If Twikey still has it, remove it there.",
        "API reference 3.2",
    ),
    Reason(
        "UNDONE",
        "skipped",
        "It was removed from Twikey with its import ({detail}) and stays away.",
        "To have it imported again: `teamleader-twikey undo --forget NUMBER`, then import.",
        "guide 4, 10; decisions 5",
    ),
)

HELD = (
    Reason(
        "UNREADABLE",
        "held",
        "What Teamleader gives for it cannot be used: {detail}.",
        f"Open it in Teamleader and correct what is named, {AND_RETRY}",
        "decisions 2",
    ),
    Reason(
        "AMOUNTS_DISAGREE",
        "held",
        "Its amounts do not add up: {detail}.",
        f"Look at its total and its payments in Teamleader and correct them, {AND_RETRY}",
        "decisions 3; API reference 3.3",
    ),
    Reason(
        "CURRENCY",
        "held",
        "It is in {detail}: Twikey would take the figure as another currency.",
        "Send it yourself, or declare a profile for that currency under [profiles] in config.toml.",
        "decisions 3; API reference 10-30",
    ),
    Reason(
        "NUMBER_MISSING",
        "held",
        "It has no number.",
        f"See in Teamleader whether it is really booked, {AND_RETRY}",
        "API reference 2.2",
    ),
    Reason(
        "NUMBER_TOO_LONG",
        "held",
        "Its number is longer than the 50 characters that Twikey takes: {detail}.",
        "Shorten the department's prefix in config.toml, or the number series in Teamleader.",
        "API reference 2.2, 13",
    ),
    Reason(
        "NUMBER_TAKEN",
        "held",
        "Its number is already used by {detail}.",
        "Twikey wants every number once: give one of the two departments a prefix under "
        f"[number_prefix] in config.toml, {AND_RETRY}",
        "API reference 2.5, 9.4",
    ),
    Reason(
        "NUMBER_REUSED",
        "held",
        "Its number belonged to {detail}, which was deleted in Teamleader.",
        "Remove the earlier one in Twikey if it stands there, then release this one by hand: "
        "`teamleader-twikey retry NUMBER --confirm`.",
        "API reference 3.2; decisions 3",
    ),
    Reason(
        "AFTER_REBUILD",
        "held",
        "It is not in Twikey, and the rebuilt ledger does not know whether it was left out.",
        "Let those go that should be there: `teamleader-twikey retry NUMBER`; leave the others.",
        "decisions 3",
    ),
    Reason(
        "DIFFERS",
        "held",
        "Twikey already has it, but not the same: {detail}.",
        f"Compare the two and correct or remove the one in Twikey, {AND_RETRY}",
        "API reference 2.5",
    ),
    Reason(
        "DATE_MISSING",
        "held",
        "It has no usable invoice date ({detail}).",
        f"Correct the date in Teamleader, {AND_RETRY}",
        "API reference 2.2",
    ),
    Reason(
        "DUE_DATE_MISSING",
        "held",
        "It has no usable due date ({detail}).",
        f"Give it a payment term in Teamleader, {AND_RETRY}",
        "API reference 2.2",
    ),
    Reason(
        "CUSTOMER_MISSING",
        "held",
        "It names no customer.",
        f"Choose a contact or a company for it in Teamleader, {AND_RETRY}",
        "guide 4; API reference 3.1",
    ),
    Reason(
        "CUSTOMER_GONE",
        "held",
        "Teamleader no longer has its customer ({detail}).",
        "If the customer was merged into another, choose that one on the invoice, " + AND_RETRY,
        "guide 4; API reference 10-U8",
    ),
    Reason(
        "CUSTOMER_UNKNOWN",
        "held",
        "Twikey has no customer under its Teamleader id any more: number changed, or customer "
        "deleted in Twikey? {detail}.",
        "Number changed: give the customer the Teamleader id as customer number in Twikey again, "
        f"{AND_RETRY} Deleted there: `teamleader-twikey retry NUMBER --confirm` brings it anew.",
        "guide 4; API reference 2.4",
    ),
    Reason(
        "PROFILE_UNKNOWN",
        "held",
        "Its profile cannot be used: {detail}.",
        f"Correct the custom field in Teamleader, or make the profile in Twikey, {AND_RETRY}",
        "guide 3.3; decisions 4",
    ),
    Reason(
        "PROFILE_AMBIGUOUS",
        "held",
        "Its custom field holds more than one profile: {detail}.",
        f"Choose one in Teamleader, {AND_RETRY}",
        "guide 3.3; decisions 4",
    ),
    Reason(
        "REFUSED",
        "held",
        "Twikey refused it: {detail}.",
        f"Correct what Twikey names, {AND_RETRY}",
        "decisions 5; API reference 1.10",
    ),
    Reason(
        "UNSETTLED",
        "held",
        "It was sent, but the answer was lost: it may or may not have arrived.",
        "Nothing to do: a later run looks it up before anything is sent again.",
        "decisions 5",
    ),
    Reason(
        "STRICT_MODE",
        "held",
        "Teamleader refused the status, because it was changed there: {detail}.",
        "Set it right in Teamleader and switch strict mode on (Settings, invoices: booked "
        "invoices cannot be edited); it closes by itself once both sides agree.",
        "guide 2",
    ),
)

NOTICES = (
    Reason(
        "NO_EMAIL",
        "notice",
        "Its customer has no e-mail address: no invitation can reach them.",
        "Add an address to the customer in Teamleader.",
        "guide 7; API reference 10-36",
    ),
    Reason(
        "EMAIL_UNUSABLE",
        "notice",
        "An e-mail address was left out, because it cannot be one or is longer than 70 characters.",
        "Correct the customer's address in Teamleader.",
        "API reference 2.3, 13",
    ),
    Reason(
        "SEVERAL_EMAILS",
        "notice",
        "The e-mail field holds several addresses: the first is used, the others are in copy.",
        "Keep one address in the field in Teamleader if that is not what you want.",
        "API reference 2.3",
    ),
    Reason(
        "DUE_AT_ONCE",
        "notice",
        "It falls due on the day it was issued, so it will expire and may be reminded soon.",
        "Set the payment term of the invoice or its subscription above 0 days.",
        "guide 9",
    ),
    Reason(
        "OVERDUE",
        "notice",
        "Its due date has passed already: it will expire, and may be reminded, at once.",
        "Stop reminders in the Twikey profile first if the customer should not get one now.",
        "guide 9; API reference 2.2",
    ),
    Reason(
        "SHORTENED",
        "notice",
        "A name, an address or the payment message was cut to the length that Twikey takes.",
        NOTHING,
        "API reference 2.2, 2.3, 13",
    ),
    Reason(
        "ON_HOLD_IN_TEAMLEADER",
        "notice",
        "Its reminders are paused in Teamleader; Twikey does not know that.",
        "Pause it in Twikey too if it should not be collected now.",
        "API reference 3.1, 10-U35",
    ),
    Reason(
        "ADOPTED",
        "notice",
        "Twikey already had it, the same to the cent: it is followed from now on.",
        NOTHING,
        "guide 5; API reference 2.5",
    ),
    Reason(
        "PARENT_MISSING",
        "notice",
        "Its invoice is not at Twikey, so the credit note stands there by itself.",
        "Match the two by hand in Twikey if the invoice is there under another number.",
        "guide 11; API reference 2.13",
    ),
)

REASONS = {reason.code: reason for reason in (*SKIPPED, *HELD, *NOTICES, *ALERTS)}


def sentence_of(code: str, detail: str | None = None) -> str:
    """Say a reason in one sentence; an unknown code is said as it is."""
    reason = REASONS.get(code)
    if reason is None:
        return f"{code}: {detail}." if detail else f"{code}."
    return reason.sentence.replace("{detail}", (detail or "").rstrip(". ") or "not told")


def advice_of(code: str) -> str:
    """Say what to do about a reason; an unknown code has the advice that is always right."""
    reason = REASONS.get(code)
    return reason.advice if reason else f"Compare it in Teamleader and Twikey, {AND_RETRY}"
