"""Credit notes after the crossing: what Twikey asks too much, and what it has too much."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ledger.records import Credit, Followed, MoneyEvent
from connectors.teamleader.records import Payment
from mappings.credits import asked_too_much, figures, late, paid_in_part, to_give_back

SENT = "2024-11-04T09:00:00+00:00"
BEFORE, AFTER = "2024-11-04T08:59:58+00:00", "2024-11-05T09:00:00+00:00"


def invoice(due: int, *, prepaid: int = 0, **changes: Any) -> Followed:
    """Return an invoice of EUR 100.00 that stands in Twikey, BOOKED unless said otherwise."""
    plain: dict[str, Any] = dict.fromkeys(Followed._fields)
    plain |= {
        "id": "i", "kind": "invoice", "stage": "sent", "payable_cents": 10_000,
        "amount_cents": 10_000, "due_cents": due, "prepaid_cents": prepaid, "sent_at": SENT,
        "twikey_state": "BOOKED", "adopted": False, "paid": False,
    }  # fmt: skip
    return Followed(**{**plain, **changes})


def note(cents: int, seen: str = AFTER, number: str = "CN7", *, paid: bool = False) -> Credit:
    """Return a credit note of the invoice."""
    return Credit(number, "i", number, cents, "2024-11-05", paid, seen)


def event(cents: int, kind: str = "payment", state: str = "registered", seq: int = 1) -> MoneyEvent:
    """Return an event of Twikey's payment feed."""
    at = f"2024-11-06T10:00:{seq:02}.000+00:00"
    return MoneyEvent(
        seq, f"e{seq}", "i", kind, at, cents, "EUR", "paylink", f"k{seq}", None, state, None
    )


def test_only_what_was_not_sent_as_paid_is_late() -> None:
    """C10, C11: one that was there before and fits into the paid amount was told to Twikey."""
    assert late(invoice(8_000, prepaid=2_000), [note(2_000, BEFORE)]) == []
    assert late(invoice(8_000), [note(2_000, BEFORE)]) == [note(2_000, BEFORE)]
    assert late(invoice(6_000, prepaid=2_000), [note(2_000), note(2_000, BEFORE, "CN6")]) == [
        note(2_000)
    ]


def test_of_an_adopted_invoice_only_what_came_later_counts() -> None:
    """C18: nobody knows what was sent with an invoice that was found standing there."""
    adopted = invoice(8_000, adopted=True)
    assert late(adopted, [note(2_000, BEFORE)]) == []
    assert asked_too_much(adopted, [note(2_000, BEFORE)], []) == 0
    assert asked_too_much(adopted, [note(2_000)], []) == 2_000


def test_twikey_asks_too_much_until_the_money_has_come() -> None:
    """C9: of 100 asked 80 is due; once the 100 came in, nothing is asked any more."""
    assert asked_too_much(invoice(8_000), [note(2_000)], []) == 2_000
    assert asked_too_much(invoice(0, twikey_state="PAID"), [note(2_000)], [event(10_000)]) == 0
    assert asked_too_much(invoice(3_000), [note(2_000)], [event(5_000)]) == 2_000


def test_a_part_paid_elsewhere_is_not_taken_for_a_credit_note() -> None:
    """C11: never more is told than was credited."""
    assert asked_too_much(invoice(3_000), [note(2_000)], []) == 2_000
    assert asked_too_much(invoice(3_000), [], []) == 0


@pytest.mark.parametrize("state", ["PAID", "ARCHIVED", "GONE"])
def test_what_is_not_collected_any_more_is_not_asked(state: str) -> None:
    """C9: of an invoice that ended in Twikey nothing is asked too much."""
    ended = invoice(5_000, twikey_state=state)
    assert asked_too_much(ended, [note(2_000)], []) == 0
    assert paid_in_part(ended, [], []) == 0


def test_what_was_sent_as_paid_and_what_came_in_is_not_asked() -> None:
    """C9: of 100 less 10 sent as paid less 50 that came in, 40 are asked and 25 are due."""
    booking = invoice(2_500, prepaid=1_000)
    assert asked_too_much(booking, [note(5_000)], [event(5_000)]) == 1_500
    assert paid_in_part(booking, [], [event(5_000)]) == 1_500
    for due in (0, -300, None):
        assert asked_too_much(invoice(0, due_cents=due), [note(20_000)], []) == 10_000
        assert paid_in_part(invoice(0, due_cents=due), [], []) == 10_000


def test_a_part_that_somebody_paid_is_told_without_what_was_credited() -> None:
    """C11: 30 less is due: 20 by a credit note, 10 because somebody paid them elsewhere."""
    assert paid_in_part(invoice(7_000), [note(2_000)], []) == 1_000
    assert paid_in_part(invoice(8_000), [note(2_000)], []) == 0
    assert paid_in_part(invoice(9_999), [], []) == 1
    assert paid_in_part(invoice(10_000), [], []) == 0
    assert paid_in_part(invoice(11_000), [], []) == 0


def test_a_part_is_told_only_where_it_is_known_what_twikey_asks() -> None:
    """C18, C33: not of an adopted invoice, and not of one whose amount was changed since."""
    assert paid_in_part(invoice(7_000, adopted=True), [], []) == 0
    assert paid_in_part(invoice(7_000, payable_cents=9_000), [], []) == 0


def test_a_credit_note_of_the_very_moment_was_there_before() -> None:
    """C11: what was seen as the invoice crossed was told with it, to the last cent that fits."""
    sent = note(2_000, SENT)
    assert late(invoice(8_000, prepaid=2_000), [sent]) == []
    assert late(invoice(8_000, prepaid=1_999), [sent]) == [sent]
    assert late(invoice(8_000, prepaid=9_000, sent_at=None), [sent]) == [sent]


def test_each_credit_note_takes_its_share_of_what_was_told() -> None:
    """C11: 30 were sent as paid: the first two of 15 fit, the third was not told."""
    notes = [note(1_500, BEFORE, f"CN{number}") for number in (3, 1, 2)]
    assert late(invoice(5_500, prepaid=3_000), notes) == [notes[0]]


def test_what_came_in_before_the_credit_note_is_to_be_given_back() -> None:
    """C9: 100 registered and 20 credited leave 20, less what Twikey paid back."""
    paid = [Payment(10_000, "EUR", AFTER)]
    assert to_give_back(10_000, paid, [note(2_000)], [event(10_000)]) == 2_000
    back = event(2_000, "refund", "held", 2)
    assert to_give_back(10_000, paid, [note(2_000)], [event(10_000), back]) == 0
    assert to_give_back(10_000, [], [note(10_000)], []) == 0


def test_money_that_did_not_come_through_twikey_is_not_ours_to_give_back() -> None:
    """C9: paid by transfer in Teamleader and credited there is the accountant's affair."""
    assert to_give_back(10_000, [Payment(10_000, "EUR", AFTER)], [note(2_000)], []) == 0


def test_the_figures_change_with_everything_that_decides() -> None:
    """C9: another look is taken when a note, its being paid, the money or the due changed."""
    one = figures(invoice(8_000), [note(2_000)], [event(10_000)])
    others = [
        figures(invoice(0), [note(2_000)], [event(10_000)]),
        figures(invoice(8_000), [note(2_000, paid=True)], [event(10_000)]),
        figures(invoice(8_000), [note(2_100)], [event(10_000)]),
        figures(invoice(8_000), [note(2_000)], [event(10_000, state="undone")]),
        figures(invoice(8_000), [], [event(10_000)]),
    ]
    assert len({one, *others}) == 6


@given(
    st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 12_000)
)
def test_never_more_is_told_than_was_credited(
    due: int, prepaid: int, cents: int, came: int
) -> None:
    """C11: whatever the figures, both amounts lie between nothing and the credit note."""
    events = [event(came)] if came else []
    asked = asked_too_much(invoice(due, prepaid=prepaid), [note(cents)], events)
    back = to_give_back(10_000, [Payment(min(came, 10_000), "EUR", AFTER)], [note(cents)], events)
    assert 0 <= asked <= cents
    assert 0 <= back <= cents


def test_only_what_is_over_is_given_back() -> None:
    """C9: other people's payments count as paid; what Twikey brought is the most to give back."""
    paid = [Payment(7_000, "EUR", AFTER), Payment(3_000, "EUR", AFTER)]
    assert to_give_back(10_000, paid, [note(4_000)], [event(3_000)]) == 3_000
    assert to_give_back(12_000, paid, [note(4_000)], [event(3_000)]) == 2_000
    assert to_give_back(14_000, paid, [note(4_000)], [event(3_000)]) == 0
    done = event(2_000, "refund", "dismissed", 2)
    assert to_give_back(10_000, paid, [note(4_000)], [event(3_000), done]) == 3_000


def test_of_an_invoice_without_an_amount_nothing_is_asked() -> None:
    """C9: what is not known is not told as too much."""
    assert asked_too_much(invoice(0, amount_cents=None), [note(2_000)], []) == 0
    assert paid_in_part(invoice(0, amount_cents=None, payable_cents=None), [], []) == 0
