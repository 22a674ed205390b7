"""Mobile numbers, as Twikey wants them."""

from __future__ import annotations

import pytest

from mappings.phones import international


@pytest.mark.parametrize(
    ("number", "country", "expected"),
    [
        ("0499 12 34 45", "BE", "+32499123445"),
        ("+32 (0)499/12.34.45", "BE", "+32499123445"),
        ("0032499123445", None, "+32499123445"),
        ("06-12345678", "NL", "+31612345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("0151 23456789", "DE", "+4915123456789"),
        ("621 123 456", "LU", "+352621123456"),
        ("+44 7700 900123", "BE", "+447700900123"),
        ("0499 12 34 45", "US", None),
        ("499 12 34 45", "BE", None),
        ("0499 12 34 45 ask for Jan", "BE", None),
        ("0499", "BE", None),
        ("+0499123445", "BE", None),
        ("\u0660\u0664\u0669\u0669123445", "BE", None),
        ("", "BE", None),
        (None, None, None),
    ],
)
def test_a_number_is_international_or_left_out(
    number: str | None, country: str | None, expected: str | None
) -> None:
    """The country helps where its way of writing is certain; otherwise nothing is guessed."""
    assert international(number, country) == expected
