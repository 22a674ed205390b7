"""Every alert about a booking that crossed: its money, its invitation, its fate on both sides.

An alert stays open until its cause is gone and then settles by itself. What is held for a clash
with Teamleader's status (STRICT_MODE) is in ``reasons``.
"""

from __future__ import annotations

from mappings.reason import Reason

MONEY = (
    Reason(
        "PAID_ELSEWHERE_IN_PROGRESS",
        "alert",
        "It is paid in Teamleader and will be collected although paid: {detail}.",
        "Take the collection out of Twikey's batch before it leaves, or pay it back afterwards; it "
        "settles by itself when Twikey's collection has ended.",
        "decisions 7; complaint C5",
    ),
    Reason(
        "OVERPAID",
        "alert",
        "More came in through Twikey than Teamleader has due: {detail}.",
        "Pay the rest back in Twikey (the refund settles it), or allocate it to another invoice "
        "and say so: `teamleader-twikey retry NUMBER --confirm`.",
        "decisions 7; Teamleader API reference 4.1",
    ),
    Reason(
        "DOUBLE_PAYMENT",
        "alert",
        "It was paid twice through Twikey, and is registered once: {detail}.",
        "Pay one of the two back in Twikey (the refund settles it), or allocate it to another "
        "invoice and say so: `teamleader-twikey retry NUMBER --confirm`.",
        "decisions 7; Twikey API reference 2.7",
    ),
    Reason(
        "PARTIAL_REFUND",
        "alert",
        "Twikey paid back what is no whole payment: {detail}.",
        "Correct the payments in Teamleader by hand (the API can only remove whole payments), then "
        "say so: `teamleader-twikey retry NUMBER --confirm`.",
        "decisions 7; Teamleader API reference 4.2",
    ),
    Reason(
        "PAYMENT_HELD",
        "alert",
        "A payment cannot be registered in Teamleader: {detail}.",
        "Register it by hand in Teamleader, then say so: `teamleader-twikey retry NUMBER "
        "--confirm`.",
        "Teamleader API reference 10-U4",
    ),
    Reason(
        "PAYMENT_UNREADABLE",
        "alert",
        "An event of Twikey's payment feed cannot be read: {detail}.",
        "Look the payment up in Twikey, register it by hand in Teamleader, then say so with the "
        "event's name: `teamleader-twikey retry EVENT --confirm`. Please report it.",
        "Twikey API reference 3.5",
    ),
    Reason(
        "MONEY_WAITS",
        "alert",
        "Its money waits, because it cannot be read: {detail}.",
        "Correct what the sentence names, or give the integration the right to read it; it is "
        "tried again by each follow-up and settles by itself.",
        "decisions 7; Teamleader API reference 3.2",
    ),
    Reason(
        "REVERSAL_HELD",
        "alert",
        "Its payment failed, but payments stand in Teamleader, and it may be among them: {detail}.",
        "Remove the failed payment in Teamleader by hand and keep the others: that settles it. If "
        "it is not among them, say so: `teamleader-twikey retry NUMBER --confirm`.",
        "decisions 7; complaint C7",
    ),
    Reason(
        "NOT_PUT_BACK",
        "alert",
        "A payment that had to be removed with another could not be put back: {detail}.",
        "Register it by hand in Teamleader with that amount and date; until then it is retried.",
        "decisions 7; Teamleader API reference 4.2",
    ),
)

STATES = (
    Reason(
        "MANUAL_RESET",
        "alert",
        "It was set back in Twikey although no payment failed: {detail}.",
        "Decide which side is right: set it to paid in Twikey again, or remove the payment in "
        "Teamleader; either settles it.",
        "decisions 7; guide 8",
    ),
    Reason(
        "FAILURE_NOT_TOLD",
        "alert",
        "Twikey shows a failed payment that its payment feed has not told for a day: {detail}.",
        "Look at the payment in Twikey; if it failed, remove it by hand in Teamleader. Until then "
        "it is not set to paid in Twikey, whoever pays it in Teamleader.",
        "Twikey API reference 10-37; complaint C7",
    ),
    Reason(
        "DUE_AGAIN",
        "alert",
        "It is paid in Twikey, but due in Teamleader: {detail}.",
        "Register the payment again in Teamleader if it was removed by mistake, or set it back to "
        "booked in Twikey if it is to be collected after all.",
        "decisions 7",
    ),
    Reason(
        "ARCHIVED_IN_TWIKEY",
        "alert",
        "It was archived in Twikey, but is not settled in Teamleader: {detail}.",
        "Set it back to booked in Twikey if it is to be collected, or settle it in Teamleader.",
        "Twikey API reference 2.8, 10-20",
    ),
    Reason(
        "CREDITED",
        "alert",
        "Nothing is due in Teamleader any more, because it was credited by {detail}.",
        "Set it to paid or archive it in Twikey, so that it is not collected; while it is in "
        "progress, take it out of the batch first.",
        "Teamleader API reference 10-U6; complaint C11",
    ),
    Reason(
        "PARTLY_CREDITED",
        "alert",
        "A part was credited after it had been sent, and Twikey asks the whole: {detail}.",
        "Stop the collection in Twikey and ask the customer for the rest in another way, or let it "
        "be collected and pay the credited part back; it settles by itself either way.",
        "Twikey API reference 2.9; complaint C11",
    ),
    Reason(
        "PARTLY_PAID",
        "alert",
        "A part was paid in Teamleader after it had been sent, and Twikey asks the whole: "
        "{detail}.",
        "Stop the collection in Twikey and ask the customer for the rest in another way, or let it "
        "be collected and pay the part back; it settles by itself either way.",
        "decisions 7; Twikey API reference 2.9",
    ),
    Reason(
        "CREDITED_AFTER_PAYMENT",
        "alert",
        "It was credited after it was paid, and this is to be paid back or allocated: {detail}.",
        "Pay it back in Twikey, or allocate it to another invoice and set the credit note to paid "
        "in Teamleader; either settles it.",
        "guide 11; complaint C9",
    ),
    Reason(
        "AMOUNT_CHANGED",
        "alert",
        "Its amount was changed after booking: {detail}.",
        "Twikey cannot change an amount: book a credit note over the difference, or delete it in "
        "Twikey and run `teamleader-twikey import --number NUMBER`, which creates it anew.",
        "Twikey API reference 2.9; complaint C33",
    ),
    Reason(
        "DATE_NOT_TAKEN",
        "alert",
        "Twikey did not take its new due date: {detail}.",
        "Change the due date in Twikey by hand if it matters.",
        "Twikey API reference 2.9",
    ),
    Reason(
        "TITLE_NOT_TAKEN",
        "alert",
        "Twikey did not take its new title: {detail}.",
        "Change the title in Twikey by hand if it matters.",
        "Twikey API reference 2.9; complaint C33",
    ),
    Reason(
        "CUSTOMER_MERGED",
        "alert",
        "Open invoices are another customer's in Teamleader than in Twikey: {detail}.",
        "They stay with their customer in Twikey, and nothing is created again. If the two were "
        "merged, move the mandate in Twikey too before the next invoice.",
        "Teamleader API reference 10-U8; complaint C27",
    ),
    Reason(
        "DELETED_IN_TEAMLEADER",
        "alert",
        "It was deleted in Teamleader: {detail}.",
        "Delete it in Twikey too, or book it again in Teamleader; a payment must be paid back.",
        "Teamleader API reference 3.2",
    ),
    Reason(
        "GONE_IN_TWIKEY",
        "alert",
        "It is no longer in Twikey: {detail}.",
        "Deleted on purpose: `teamleader-twikey retry NUMBER --confirm`. By mistake: "
        "`teamleader-twikey import --number NUMBER` creates it anew. It settles by itself when "
        "nothing is due any more.",
        "Twikey API reference 10-20",
    ),
)

DELIVERY = (
    Reason(
        "PDF_REFUSED",
        "alert",
        "Twikey does not take its PDF: {detail}.",
        "Attach the PDF by hand in Twikey, then run `teamleader-twikey follow-up --pdfs NUMBER`.",
        "Twikey API reference 2.9, 10-7",
    ),
    Reason(
        "INVITATION_UNDELIVERED",
        "alert",
        "Its invitation did not reach the customer: {detail}.",
        "Correct the customer's address in Teamleader, then run `teamleader-twikey invite NUMBER "
        "--again`: Twikey is told the new address first.",
        "guide 7; Twikey API reference 2.12",
    ),
    Reason(
        "INVITATION_UNKNOWN",
        "alert",
        "Whether its invitation left is not known: {detail}.",
        "Look at its events in Twikey; if none left: `teamleader-twikey invite NUMBER --again`.",
        "decisions 5, 6",
    ),
)

CUSTOMERS = (
    Reason(
        "CUSTOMER_DELETED",
        "alert",
        "Teamleader no longer has this customer, and invoices are open in Twikey: {detail}.",
        "Nothing was moved. If it was merged, new invoices come under the other customer: move the "
        "mandate to that one in Twikey. It settles by itself when nothing is open any more.",
        "guide 4; complaint C27; Teamleader API reference 10-U8",
    ),
    Reason(
        "CUSTOMER_RENAMED",
        "alert",
        "Its customer number was changed in Twikey and cannot be set back: {detail}.",
        "Give it the Teamleader id as customer number in Twikey again, "
        "then run `teamleader-twikey customers`.",
        "guide 4; Twikey API reference 4.1",
    ),
    Reason(
        "CUSTOMER_NOT_UPDATED",
        "alert",
        "What changed of this customer in Teamleader is not taken by Twikey: {detail}.",
        "Correct in Teamleader what Twikey refuses, then run `teamleader-twikey customers`; it is "
        "also tried once a day. Changed by hand in Twikey: `teamleader-twikey retry ID --confirm`.",
        "guide 12; Twikey API reference 4.1; complaint C28",
    ),
    Reason(
        "CUSTOMER_NOT_FOUND",
        "alert",
        "Twikey has no customer under this Teamleader id any more: number changed, or customer "
        "deleted in Twikey? {detail}.",
        "Number changed: give it the Teamleader id as customer number in Twikey again, then run "
        "`teamleader-twikey customers`. Deleted there: `teamleader-twikey retry ID --confirm`, "
        "then its next invoice brings it anew.",
        "guide 4; Twikey API reference 4.1",
    ),
)

WATCH = (
    Reason(
        "NOT_YET_IN_TWIKEY",
        "alert",
        "It is booked, nothing keeps it from Twikey, and it is not there: {detail}.",
        "See with `teamleader-twikey status` what stopped the last runs, put that right, then run "
        "`teamleader-twikey import`; it settles by itself when the invoice has arrived.",
        "acceptance A30; guide 1",
    ),
    Reason(
        "BEHIND",
        "alert",
        "What was booked since may not be in Twikey: {detail}.",
        "See that the schedule runs (cron, systemd or Prefect) and what stopped the last runs, or "
        "run `teamleader-twikey import`; it settles with the next import that ends well.",
        "acceptance A30, B13; guide 1",
    ),
)

ALERTS = (*MONEY, *STATES, *DELIVERY, *CUSTOMERS, *WATCH)
