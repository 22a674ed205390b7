"""The three frames of a reconciliation, and how they are joined one to one (acceptance B4).

Teamleader's id joins a booking with what the ledger knows of it; the id in Twikey, which is the
same unless the ledger knows another one (decisions 3), joins it with its invoice.
"""

from __future__ import annotations

import pandas as pd

from mappings.amounts import sign_amounts
from mappings.frames import CENTS, FLAG, TEXT, Shape, cents, column, text, values

TEAMLEADER: Shape = {
    "id": TEXT, "kind": TEXT, "number": TEXT, "department_id": TEXT, "status": TEXT,
    "issued_on": TEXT, "paid": FLAG, "payable_cents": CENTS, "due_cents": CENTS, "currency": TEXT,
    "invoicee_name": TEXT, "updated_at": TEXT, "web_url": TEXT, "problem": TEXT,
}  # fmt: skip
"""What Teamleader lists, each id once; ``problem`` says why one cannot be read."""

LEDGER: Shape = {
    "ledger_id": TEXT, "ledger_kind": TEXT, "ledger_number": TEXT, "stage": TEXT, "reason": TEXT,
    "detail": TEXT, "twikey_key": TEXT, "prepaid_cents": CENTS, "came_in_cents": CENTS,
    "moving": FLAG, "adopted": FLAG, "pdf": TEXT, "pdf_reason": TEXT, "alerts": TEXT,
}  # fmt: skip
"""What the ledger knows, each booking once. ``twikey_key`` is its id in Twikey where it has one of
its own, ``came_in_cents`` what Twikey's payments leave standing, ``moving`` that a payment is still
being written to Teamleader, ``adopted`` that nobody knows what
Twikey was told of it as paid before."""

TWIKEY: Shape = {
    "twikey_id": TEXT, "twikey_number": TEXT, "ref": TEXT, "twikey_currency": TEXT,
    "twikey_cents": CENTS, "twikey_on": TEXT, "twikey_state": TEXT, "twikey_url": TEXT,
    "sight": TEXT, "seen_at": TEXT,
}  # fmt: skip
"""What Twikey has, each id once; ``sight`` is ``feed``, or ``ledger`` for what it never showed.
``seen_at`` is the newest sight (UTC text)."""

NOBODYS = "no invoice of its own: "
TOGETHER = {**TEAMLEADER, **LEDGER, **TWIKEY, "teamleader_cents": CENTS, "key": TEXT}


def join(teamleader: pd.DataFrame, ledger: pd.DataFrame, twikey: pd.DataFrame) -> pd.DataFrame:
    """Join the three, one to one; what stands in neither service is left out."""
    amounts = [amount or 0 for amount in values(sign_amounts(teamleader)["amount_cents"])]
    signed = teamleader.assign(teamleader_cents=cents(teamleader, amounts))
    known = signed.merge(
        ledger, how="outer", left_on="id", right_on="ledger_id", validate="one_to_one",
        indicator="of_booking",
    )  # fmt: skip
    known = known.assign(key=text(known, _keys(known)))
    joined = known.merge(
        twikey, how="outer", left_on="key", right_on="twikey_id", validate="one_to_one",
        indicator="of_invoice",
    )  # fmt: skip
    here = joined["of_booking"].isin(["left_only", "both"]).to_numpy(dtype=bool)
    there = joined["of_invoice"].isin(["right_only", "both"]).to_numpy(dtype=bool)
    whole = pd.DataFrame({name: column(values(joined[name]), TOGETHER[name]) for name in TOGETHER})
    keys = [a or b for a, b in zip(values(whole["twikey_id"]), values(whole["key"]), strict=True)]
    whole = whole.assign(here=here, there=there, key=text(whole, keys))
    return whole[here | there].reset_index(drop=True)


def _keys(known: pd.DataFrame) -> list[str]:
    """Name the invoice of each booking: its own in Twikey, else its id; nobody has another's."""
    own = values(known["twikey_key"])
    ids = [a or b for a, b in zip(values(known["id"]), values(known["ledger_id"]), strict=True)]
    taken = set(own)
    keys: list[str] = []
    used: set[str] = set()
    for place, (key, booking_id) in enumerate(zip(own, ids, strict=True)):
        wanted = key or (booking_id if booking_id not in taken else None)
        keys.append(wanted if wanted and wanted not in used else f"{NOBODYS}{place}")
        used.add(keys[-1])
    return keys
