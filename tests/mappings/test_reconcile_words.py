"""How a reconciliation says why something is held."""

from __future__ import annotations

import pandas as pd

from mappings.reconcile_codes import held_for


def test_the_reason_of_the_ledger_comes_before_what_cannot_be_read() -> None:
    """Acceptance B4: a held booking says what a person waits for, with its facts."""
    pairs = pd.DataFrame(
        {
            "problem": [None, "no total", None, "no total"],
            "reason": ["CURRENCY", None, None, "CURRENCY"],
            "detail": ["USD", None, None, "USD"],
        },
        dtype=object,
    )
    currency, unread, nothing, both = held_for(pairs)
    assert currency == both
    assert "USD" in (currency or "")
    assert "no total" in (unread or "")
    assert unread != nothing
    assert (nothing or "").startswith((unread or "").partition(":")[0])
