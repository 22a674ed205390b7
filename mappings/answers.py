"""What Twikey's answer to a create means (API reference 2.5, decisions 5).

Whatever Twikey does with a number or an id that it already has, the answer is compared with what
was sent: our own invoice, the same invoice under another id (adopted), or a different one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # pydantic: an idle run stays without the shapes of what goes out
    from connectors.twikey.records import TwikeyInvoice

Meaning = Literal["ours", "adopted", "differs", "look closer"]


def meaning(
    answer: TwikeyInvoice,
    *,
    booking_id: str,
    number: str,
    amount_cents: int,
    issued_on: str,
    customer_id: str,
) -> tuple[Meaning, str]:
    """Return what stands in Twikey compared with what was sent, and the difference in words.

    ``look closer`` asks for the invoice with its customer included: a foreign id is adopted only
    when amount, date and customer all agree (complaint C17).
    """
    ours = answer.id.lower() == booking_id.lower()
    differences = [
        f"{name} {there} in Twikey, {here} in Teamleader"
        for name, there, here in (
            ("number", answer.number, number),
            ("amount in cents", answer.amount_cents, amount_cents),
            ("date", answer.issued_on, issued_on),
        )
        if there is not None and there != here
    ]
    if not ours and answer.customer_number not in (None, customer_id):
        differences.append(
            f"customer {answer.customer_number} in Twikey, {customer_id} in Teamleader"
        )
    if differences:
        return "differs", f"Twikey invoice {answer.id}: " + ", ".join(differences)
    if ours:
        return "ours", ""
    if answer.customer_number is None:
        return "look closer", f"Twikey invoice {answer.id} has this number"
    return "adopted", f"Twikey invoice {answer.id}"
